//! The ledger as it stands on the disk after a clean stop, held against itself, against the
//! request log, and against the limits.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row, params};

/// A spend limit as it stands.
pub(super) struct Limit {
    kind: String,
    id: String,
    period: String,
    amount: i64,
    unbounded: bool,
    /// Milliseconds since the epoch.
    set_at: i64,
}

/// An account and what is written down of it elsewhere. Nano-dollars.
struct Account {
    kind: String,
    id: String,
    period: String,
    start: i64,
    end: Option<i64>,
    posted: i64,
    leased: i64,
    overage: i64,
}

/// Who a call counted against: key, user, project.
pub(super) type Payer = [String; 3];

impl Limit {
    /// Whether it stood over a call when that was admitted.
    pub(super) fn stood_over(&self, payer: &Payer, at_ms: i64) -> bool {
        let [key, user, project] = payer;
        let is_in = match self.kind.as_str() {
            "api_key" => *key == self.id,
            "user" => *user == self.id,
            "project" => *project == self.id,
            _ => true,
        };
        is_in && !self.unbounded && self.set_at < at_ms
    }
}

pub(super) fn open(data_dir: &Path) -> Option<Connection> {
    let path = data_dir.join("tollgate.db");
    path.exists().then(|| {
        let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        db.unwrap_or_else(|e| panic!("open {}: {e}", path.display()))
    })
}

pub(super) fn limits(db: &Connection) -> rusqlite::Result<Vec<Limit>> {
    let text = "SELECT scope_kind, scope_id, period, amount_nanos, allow_unbounded, updated_at \
        FROM spend_limits";
    let limit = |row: &Row<'_>| {
        Ok(Limit {
            kind: row.get(0)?,
            id: row.get(1)?,
            period: row.get(2)?,
            amount: row.get(3)?,
            unbounded: row.get(4)?,
            set_at: row.get(5)?,
        })
    };
    db.prepare(text)?.query_map([], limit)?.collect()
}

/// Every way in which the ledger is wrong. `log` is the request log, where it must be complete.
pub(super) fn faults(
    db: &Connection,
    log: Option<&Connection>,
    limits: &[Limit],
) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    // A job's hold outlives every process.
    let left = "SELECT COUNT(*) FROM leases WHERE amount > 0 AND holder NOT LIKE 'job:%'";
    let left: i64 = db.query_row(left, [], |r| r.get(0))?;
    if left > 0 {
        faults.push(format!("{left} leases are left after a clean stop"));
    }
    for account in accounts(db)? {
        let Account { kind, id, period, start, posted, leased, overage, .. } = &account;
        let name = format!("{kind} {id}, {period} from {start}");
        let entries = entries(db, &account, "1 = 1")?;
        if entries != *posted {
            faults.push(format!("{name}: {posted} posted, {entries} in the entries"));
        }
        let of_jobs = of_jobs(db, &account)?;
        if *leased != of_jobs {
            faults.push(format!(
                "{name}: {leased} leased after a clean stop, {of_jobs} of it by jobs"
            ));
        }
        let Some(log) = log else { continue };
        let logged = logged(log, &account)?;
        let attempts = self::entries(db, &account, "kind NOT IN ('forfeit', 'correction')")?;
        if logged != attempts {
            faults.push(format!("{name}: {attempts} posted, {logged} in the request log"));
        }
        let base = period.trim_end_matches("_own");
        let of = |l: &&Limit| (&l.kind, &l.id, l.period.as_str()) == (kind, id, base);
        // Of two that share time, the limit is on the one of its own calendar.
        if base == period && has_own(db, &account)? {
            continue;
        }
        let Some(limit) = limits.iter().find(of).filter(|_| *overage == 0) else { continue };
        let most = limit.amount.max(before(log, &account, limit.set_at)?);
        let late = in_flight(log, &account, limit.set_at)?;
        if !limit.unbounded && *posted > most + late {
            faults.push(format!("{name}: {posted} posted, past the limit of {}", limit.amount));
        }
    }
    Ok(faults)
}

fn of_jobs(db: &Connection, account: &Account) -> rusqlite::Result<i64> {
    let text = "SELECT COALESCE(SUM(amount), 0) FROM leases WHERE holder LIKE 'job:%' \
        AND scope_kind = ?1 AND scope_id = ?2 AND period = ?3 AND start_at = ?4";
    let Account { kind, id, period, start, .. } = account;
    db.query_row(text, params![kind, id, period, start], |row| row.get(0))
}

fn accounts(db: &Connection) -> rusqlite::Result<Vec<Account>> {
    let account = |row: &Row<'_>| {
        Ok(Account {
            kind: row.get(0)?,
            id: row.get(1)?,
            period: row.get(2)?,
            start: row.get(3)?,
            end: row.get(4)?,
            posted: row.get(5)?,
            leased: row.get(6)?,
            overage: row.get(7)?,
        })
    };
    let text = "SELECT scope_kind, scope_id, period, start_at, end_at, posted, leased, overage \
        FROM accounts";
    db.prepare(text)?.query_map([], account)?.collect()
}

/// The sum of an account's entries that meet a condition. A forfeited share names its own scope and period only.
fn entries(db: &Connection, account: &Account, and: &str) -> rusqlite::Result<i64> {
    let column = match account.kind.as_str() {
        kind @ ("api_key" | "user" | "project" | "organization") => kind,
        other => panic!("an account of a {other}"),
    };
    let period = match account.period.as_str() {
        "day" => "day = ?2 AND until IS NULL",
        "month" => "month = ?2 AND until IS NULL",
        // What came before its first line is in that line.
        "day_own" | "month_own" => {
            return entries_of_own(db, account, (column, and));
        }
        _ => "(kind NOT IN ('forfeit', 'carried') OR day < 0 AND month < 0) AND ?2 = ?2",
    };
    let text = format!(
        "SELECT COALESCE(SUM(cost), 0) FROM ledger_entries WHERE {column} = ?1 AND {period} \
         AND {and}"
    );
    db.query_row(&text, params![account.id, account.start], |row| row.get(0))
}

fn entries_of_own(
    db: &Connection,
    account: &Account,
    (column, and): (&str, &str),
) -> rusqlite::Result<i64> {
    let start = account.period.trim_end_matches("_own");
    let alone = format!("{start} = ?2 AND until = ?3");
    let text = format!(
        "SELECT COALESCE(SUM(cost), 0) FROM ledger_entries WHERE {column} = ?1 AND {and} \
         AND ({alone} OR quarter >= ?2 AND quarter < ?3 AND rowid > \
         (SELECT MIN(rowid) FROM ledger_entries WHERE {column} = ?1 AND {alone}))"
    );
    db.query_row(&text, params![account.id, account.start, account.end], |row| row.get(0))
}

/// Whether the scope has an account of a limit's own calendar that shares time with this one.
fn has_own(db: &Connection, account: &Account) -> rusqlite::Result<bool> {
    let text = "SELECT COUNT(*) FROM accounts WHERE scope_kind = ?1 AND scope_id = ?2 \
        AND period = ?3 || '_own' AND start_at < ?4 AND end_at > ?5";
    let Account { kind, id, period, start, end, .. } = account;
    let of = params![kind, id, period, end.unwrap_or(i64::MAX), start];
    db.query_row(text, of, |row| row.get::<_, i64>(0)).map(|count| count > 0)
}

/// The sum of an account's calls in the request log that meet a condition.
fn sum(log: &Connection, account: &Account, and: &str, set_at: i64) -> rusqlite::Result<i64> {
    let of_scope = match account.kind.as_str() {
        "api_key" => "key_id = ?1",
        "user" => "user_id = ?1",
        "project" => "project_id = ?1",
        _ => "?1 = ?1",
    };
    let text = format!(
        "SELECT COALESCE(SUM(cost_nanos), 0) FROM requests WHERE {of_scope} \
         AND at_ms >= ?2 AND at_ms < ?3 AND {and}"
    );
    let ms = |seconds: i64| seconds.saturating_mul(1000);
    let (from, to) = (ms(account.start), account.end.map_or(i64::MAX, ms));
    log.query_row(&text, params![account.id, from, to, set_at], |row| row.get(0))
}

fn logged(log: &Connection, account: &Account) -> rusqlite::Result<i64> {
    sum(log, account, "?4 = ?4", 0)
}

/// What had been admitted when the limit was set: it may have been lowered.
fn before(log: &Connection, account: &Account, set_at: i64) -> rusqlite::Result<i64> {
    sum(log, account, "at_ms <= ?4", set_at)
}

/// What was in flight when the limit was set: it may have been let in without one.
fn in_flight(log: &Connection, account: &Account, set_at: i64) -> rusqlite::Result<i64> {
    sum(log, account, "at_ms <= ?4 AND at_ms + total_us / 1000 + 1000 >= ?4", set_at)
}
