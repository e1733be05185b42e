//! Holds the gateway's records against the provider's true bill.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Row};

use crate::provider::{Bill, Shared, Tokens};

struct Record {
    request_id: String,
    attempt: i64,
    upstream: Option<String>,
    estimated: bool,
    tokens: Tokens,
}

/// Panics with every difference between the records and the bill.
pub(super) fn check(data_dir: &Path, providers: &[Arc<Shared>]) {
    let path = data_dir.join("requests.db");
    let billed = providers.iter().any(|p| !p.lock().bills.is_empty());
    if !billed && !path.exists() {
        return;
    }
    let records = read(&path).unwrap_or_else(|e| panic!("read {}: {e}", path.display()));
    let open = open_jobs(data_dir).unwrap_or_else(|e| panic!("read the open jobs: {e}"));
    let faults = compare(&records, &open, providers);
    assert!(faults.is_empty(), "the books are wrong:\n{}", faults.join("\n"));
}

/// The provider's ids of the calls whose work goes on: their usage is still to come.
fn open_jobs(data_dir: &Path) -> rusqlite::Result<Vec<String>> {
    let path = data_dir.join("tollgate.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut query =
        db.prepare("SELECT upstream_request FROM jobs WHERE upstream_request IS NOT NULL")?;
    query.query_map([], |row| row.get(0))?.collect()
}

fn read(path: &Path) -> rusqlite::Result<Vec<Record>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut query = db.prepare("SELECT * FROM requests")?;
    query.query_map([], record)?.collect()
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
        upstream: row.get("upstream_request_id")?,
        estimated: row.get::<_, Option<bool>>("estimated")?.unwrap_or(false),
        tokens,
    })
}

fn compare(records: &[Record], open: &[String], providers: &[Arc<Shared>]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut by_upstream: HashMap<&str, Vec<&Record>> = HashMap::new();
    for record in records {
        let Some(id) = record.upstream.as_deref().filter(|id| !id.is_empty()) else { continue };
        by_upstream.entry(id).or_default().push(record);
        if !providers.iter().any(|p| p.lock().sent_ids.contains(id)) {
            let (request, attempt) = (&record.request_id, record.attempt);
            faults.push(format!("{request} attempt {attempt}: {id} was never sent"));
        }
    }
    for provider in providers {
        for bill in provider.lock().bills.iter().filter(|bill| bill.id_sent) {
            let found = by_upstream.get(bill.request_id.as_str()).map_or(&[][..], Vec::as_slice);
            if bill.job && found.is_empty() && open.contains(&bill.request_id) {
                continue;
            }
            faults.extend(if bill.job { job_fault(bill, found) } else { fault(bill, found) });
        }
    }
    faults
}

fn fault(bill: &Bill, records: &[&Record]) -> Option<String> {
    let name = format!("{} {} ({})", bill.method, bill.path, bill.request_id);
    let [record] = records else {
        return Some(format!("{name}: {} records instead of 1", records.len()));
    };
    if record.estimated {
        let needless = bill.usage_reported && bill.delivered;
        return needless.then(|| format!("{name}: estimated although the usage was delivered"));
    }
    let wrong = bill.usage_reported && record.tokens != bill.tokens;
    wrong.then(|| format!("{name}:\n  billed   {:?}\n  recorded {:?}", bill.tokens, record.tokens))
}

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
mod tests {
    use super::*;
    use crate::FakeProvider;

    const SCHEMA: &str = "CREATE TABLE requests (request_id TEXT, attempt INT, \
        upstream_request_id TEXT, estimated INT, input_tokens INT, input_cached_tokens INT, \
        input_cache_write_tokens INT, input_audio_tokens INT, input_image_tokens INT, \
        output_tokens INT, output_reasoning_tokens INT, output_audio_tokens INT, \
        output_image_tokens INT)";

    #[test]
    fn a_true_record_passes_and_a_false_one_does_not() {
        let provider = FakeProvider::start();
        let key = format!("Bearer {}", provider.credential());
        let body = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi there"}]}"#;
        let headers = [("Authorization", key.as_str()), ("Content-Type", "application/json")];
        let address = format!("127.0.0.1:{}", provider.port());
        let path = "/v1/chat/completions";
        super::super::client::open(&address, "POST", path, &headers, body.as_bytes())
            .unwrap()
            .collect()
            .unwrap();
        let bill = provider.bill().remove(0);
        let dir = tempfile::tempdir().unwrap();
        let db = Connection::open(dir.path().join("requests.db")).unwrap();
        db.execute(SCHEMA, []).unwrap();
        let faults =
            || compare(&read(&dir.path().join("requests.db")).unwrap(), &[], &[provider.shared()]);
        assert_eq!(faults().len(), 1);
        let insert = "INSERT INTO requests (request_id, attempt, upstream_request_id, \
            estimated, input_tokens, output_tokens) VALUES ('r', 1, ?1, 0, ?2, ?3)";
        let (input, output) = (bill.tokens.input as i64, bill.tokens.output as i64);
        db.execute(insert, (&bill.request_id, input, output)).unwrap();
        assert_eq!(faults(), Vec::<String>::new());
        db.execute("UPDATE requests SET output_tokens = 1", []).unwrap();
        assert_eq!(faults().len(), 1);
    }
}
