//! Holds the gateway's records and its ledger against the provider's true bill: tokens and money.

mod ledger;
mod prices;
/// What went on after its answer has a record for each model, and all of it is on them.
fn job_fault(bill: &Bill, records: &[&Record]) -> Option<String> {
    let name = format!("{} {} ({})", bill.method, bill.path, bill.request_id);
    if records.is_empty() {
        return Some(format!("{name}: no record, and no job is open"));
    }
    if records.iter().any(|record| record.estimated) {
        return None;
    }
    let mut sum = Tokens::default();
    for Record { tokens, .. } in records {
        sum.input += tokens.input;
        sum.cached += tokens.cached;
        sum.output += tokens.output;
        sum.reasoning += tokens.reasoning;
    }
    (sum != bill.tokens)
        .then(|| format!("{name}:\n  billed   {:?}\n  recorded {sum:?}", bill.tokens))
}

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Row};

use crate::provider::{Bill, Shared, Tokens};
use ledger::{Limit, Payer};

/// How much the books must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rigour {
    /// Every bill has its record: nothing was killed.
    pub(super) complete: bool,
    /// The provider charges by its own price list, and the gateway knows no other.
    pub(super) prices: bool,
    /// The gateway stopped cleanly just now: nothing is set aside any more.
    pub(super) stopped: bool,
}

struct Record {
    request_id: String,
    attempt: i64,
    at_ms: i64,
    payer: Payer,
    upstream: Option<String>,
    status: i64,
    estimated: bool,
    tokens: Tokens,
    /// Nano-dollars.
    cost: Option<i64>,
    /// It got another call's answer.
    joined: bool,
}

impl Record {
    /// By what the provider knows the attempt: the call's id, from the second attempt on with its
    /// number behind it.
    fn own_id(&self) -> String {
        match self.attempt {
            ..=1 => self.request_id.clone(),
            number => format!("{}-{number}", self.request_id),
        }
    }
}

/// Panics with every difference between the records, the ledger and the bill.
pub(super) fn check(data_dir: &Path, providers: &[Arc<Shared>], rigour: Rigour) {
    let path = data_dir.join("requests.db");
    let billed = providers.iter().any(|p| !p.lock().bills.is_empty());
    let must_exist = billed && rigour.complete;
    if !must_exist && !path.exists() {
        return;
    }
    let (log, records) = read(&path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()));
    let books = ledger::open(data_dir);
    let told = |e: rusqlite::Error| -> Vec<Limit> { panic!("read the limits: {e}") };
    let limits = books.as_ref().map(|db| ledger::limits(db).unwrap_or_else(told));
    let limits = limits.unwrap_or_default();
    // The built-in provider keeps no bill.
    let mut faults = match providers {
        [] => Vec::new(),
        _ => compare(&records, &open_jobs(data_dir), providers, &limits, rigour),
    };
    if let Some(db) = books.filter(|_| rigour.stopped) {
        let log = Some(&log).filter(|_| rigour.complete);
        let found = ledger::faults(&db, log, &limits);
        faults.extend(found.unwrap_or_else(|e| panic!("read the ledger: {e}")));
    }
    assert!(faults.is_empty(), "the books are wrong:\n{}", faults.join("\n"));
}

/// The provider's ids of the calls whose work goes on: their usage is still to come.
fn open_jobs(data_dir: &Path) -> Vec<String> {
    let read = || -> rusqlite::Result<Vec<String>> {
        let path = data_dir.join("tollgate.db");
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query =
            db.prepare("SELECT upstream_request FROM jobs WHERE upstream_request IS NOT NULL")?;
        query.query_map([], |row| row.get(0))?.collect()
    };
    read().unwrap_or_else(|e| panic!("read the open jobs: {e}"))
}

fn read(path: &Path) -> rusqlite::Result<(Connection, Vec<Record>)> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut query = db.prepare("SELECT * FROM requests")?;
    let records: rusqlite::Result<_> = query.query_map([], record)?.collect();
    drop(query);
    Ok((db, records?))
}

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let count = |name: &str| -> rusqlite::Result<u64> {
        Ok(row.get::<_, Option<i64>>(name)?.unwrap_or(0).unsigned_abs())
    };
    let tokens = Tokens {
        input: count("input_tokens")?,
        cached: count("input_cached_tokens")?,
        cache_write: count("input_cache_write_tokens")?,
        output: count("output_tokens")?,
        reasoning: count("output_reasoning_tokens")?,
        audio_in: count("input_audio_tokens")?,
        audio_out: count("output_audio_tokens")?,
        image_in: count("input_image_tokens")?,
        image_out: count("output_image_tokens")?,
    };
    Ok(Record {
        request_id: row.get("request_id")?,
        attempt: row.get::<_, Option<i64>>("attempt")?.unwrap_or(0),
        at_ms: row.get("at_ms")?,
        payer: [row.get("key_id")?, row.get("user_id")?, row.get("project_id")?],
        upstream: row.get("upstream_request_id")?,
        status: row.get("status")?,
        estimated: row.get::<_, Option<bool>>("estimated")?.unwrap_or(false),
        tokens,
        cost: row.get("cost_nanos")?,
        joined: row.get::<_, Option<String>>("cache")?.as_deref() == Some("joined"),
    })
}

/// Every difference. A bill whose id never left the provider is found by the call's own id.
fn compare(
    records: &[Record],
    open: &[String],
    providers: &[Arc<Shared>],
    limits: &[Limit],
    rigour: Rigour,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut by_id: HashMap<String, Vec<&Record>> = HashMap::new();
    // What others pay of a bill whose answer they got too.
    let mut shares: HashMap<String, i64> = HashMap::new();
    for record in records {
        by_id.entry(record.own_id()).or_default().push(record);
        let Some(id) = record.upstream.as_deref().filter(|id| !id.is_empty()) else { continue };
        if record.joined {
            *shares.entry(id.to_owned()).or_default() += record.cost.unwrap_or(0);
        } else {
            by_id.entry(id.to_owned()).or_default().push(record);
        }
        if !providers.iter().any(|p| p.lock().sent_ids.contains(id)) {
            let (request, attempt) = (&record.request_id, record.attempt);
            faults.push(format!("{request} attempt {attempt}: {id} was never sent"));
        }
    }
    let mut billed: Vec<&str> = Vec::new();
    for provider in providers {
        for bill in &provider.lock().bills {
            let own = bill.client_request_id.as_deref().filter(|id| id.starts_with("req_"));
            let Some(id) = Some(bill.request_id.as_str()).filter(|_| bill.id_sent).or(own) else {
                continue;
            };
            let found = by_id.get(id).map_or(&[][..], Vec::as_slice);
            billed.extend(found.iter().map(|record| record.request_id.as_str()));
            if bill.job {
                let goes_on = found.is_empty() && open.contains(&bill.request_id);
                faults.extend(job_fault(bill, found).filter(|_| rigour.complete && !goes_on));
                continue;
            }
            let shared = shares.get(&bill.request_id).copied().unwrap_or(0);
            faults.extend(fault(bill, (found, shared), limits, rigour));
        }
    }
    let unbilled = records.iter().filter(|r| !billed.contains(&r.request_id.as_str()));
    for record in unbilled.filter(|r| r.status >= 400 && !r.estimated && r.cost.is_some()) {
        faults.push(format!("{}: a refusal that nobody billed has a cost", record.request_id));
    }
    faults
}

fn fault(
    bill: &Bill,
    (records, shared): (&[&Record], i64),
    limits: &[Limit],
    rigour: Rigour,
) -> Option<String> {
    let complete = rigour.complete;
    let name = format!("{} {} ({})", bill.method, bill.path, bill.request_id);
    let [record] = records else {
        let killed = !complete && records.is_empty();
        return (!killed).then(|| format!("{name}: {} records instead of 1", records.len()));
    };
    let posted = record.cost.map(|own| own + shared);
    let price = prices::price(bill).filter(|_| rigour.prices);
    let short = price.filter(|price| posted.unwrap_or(0) < *price);
    let stood = limits.iter().any(|limit| limit.stood_over(&record.payer, record.at_ms));
    if let Some(price) = short.filter(|_| stood) {
        return Some(format!("{name}: {price} billed, {posted:?} posted under a limit"));
    }
    if record.estimated {
        let needless = complete && bill.usage_reported && bill.delivered;
        return needless.then(|| format!("{name}: estimated although the usage was delivered"));
    }
    if !bill.usage_reported {
        let told = stood && prices::by_tokens(bill).is_some_and(|picos| picos > 0);
        return told.then(|| format!("{name}: nobody told the usage, and it is not estimated"));
    }
    if record.tokens != bill.tokens {
        let (billed, recorded) = (&bill.tokens, &record.tokens);
        return Some(format!("{name}:\n  billed   {billed:?}\n  recorded {recorded:?}"));
    }
    let wrong = price.filter(|price| posted != Some(*price))?;
    Some(format!("{name}: {wrong} billed, {posted:?} posted"))
}
