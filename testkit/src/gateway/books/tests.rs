use rusqlite::{Connection, params};

use super::*;
use crate::FakeProvider;

const REQUESTS: &str = "CREATE TABLE requests (request_id TEXT, attempt INT, at_ms INT, \
    total_us INT, key_id TEXT, user_id TEXT, project_id TEXT, upstream_request_id TEXT, \
    status INT, estimated INT, input_tokens INT, input_cached_tokens INT, \
    input_cache_write_tokens INT, input_audio_tokens INT, input_image_tokens INT, \
    output_tokens INT, output_reasoning_tokens INT, output_audio_tokens INT, \
    output_image_tokens INT, cost_nanos INT, cache TEXT)";
const LEDGER: &str = "CREATE TABLE spend_limits (scope_kind TEXT, scope_id TEXT, period TEXT, \
    amount_nanos INT, allow_unbounded INT, updated_at INT);
    CREATE TABLE leases (holder TEXT, scope_kind TEXT, scope_id TEXT, period TEXT, start_at INT,
        amount INT);
    CREATE TABLE jobs (upstream_request TEXT);
    CREATE TABLE accounts (scope_kind TEXT, scope_id TEXT, period TEXT, start_at INT, end_at INT, \
    posted INT, leased INT, overage INT);
    CREATE TABLE ledger_entries (kind TEXT, cost INT, api_key TEXT, user TEXT, project TEXT, \
    organization TEXT, day INT, month INT, quarter INT, until INT)";

/// One call of 10 tokens to a key, its record, and books that are right.
struct Desk {
    dir: tempfile::TempDir,
    provider: FakeProvider,
    log: Connection,
    books: Connection,
    cost: i64,
}

impl Desk {
    fn new() -> Self {
        let provider = FakeProvider::start();
        let message = serde_json::json!([{"role": "user", "content": "hi there"}]);
        let body = serde_json::json!({"model": "gpt-4o", "messages": message});
        assert_eq!(provider.call("POST", "/v1/chat/completions", &body).status, 200);
        let bill = provider.bill().remove(0);
        let dir = tempfile::tempdir().unwrap();
        let log = Connection::open(dir.path().join("requests.db")).unwrap();
        log.execute(REQUESTS, []).unwrap();
        let books = Connection::open(dir.path().join("tollgate.db")).unwrap();
        books.execute_batch(LEDGER).unwrap();
        let cost = prices::price(&bill).unwrap();
        let desk = Self { dir, provider, log, books, cost };
        let insert = "INSERT INTO requests (request_id, attempt, at_ms, total_us, key_id, user_id, \
            project_id, upstream_request_id, status, estimated, input_tokens, output_tokens, \
            cost_nanos) VALUES ('r', 1, 5000, 9000, 'k', 'u', 'p', ?1, 200, 0, ?2, ?3, ?4)";
        let tokens = [bill.tokens.input, bill.tokens.output].map(u64::cast_signed);
        desk.log.execute(insert, params![bill.request_id, tokens[0], tokens[1], cost]).unwrap();
        let limit = "INSERT INTO spend_limits VALUES ('api_key', 'k', 'total', ?1, 0, 1000)";
        desk.books.execute(limit, [cost]).unwrap();
        let account = "INSERT INTO accounts VALUES ('api_key', 'k', 'total', 0, NULL, ?1, 0, 0)";
        desk.books.execute(account, [cost]).unwrap();
        let entry =
            "INSERT INTO ledger_entries VALUES ('settled', ?1, 'k', 'u', 'p', 'o', 0, 0, 0, NULL)";
        desk.books.execute(entry, [cost]).unwrap();
        desk
    }

    fn faults(&self) -> Vec<String> {
        let (log, records) = read(&self.dir.path().join("requests.db")).unwrap();
        let limits = ledger::limits(&self.books).unwrap();
        let rigour = Rigour { complete: true, prices: true, stopped: true };
        let mut faults = compare(&records, &[], &[self.provider.shared()], &limits, rigour);
        faults.extend(ledger::faults(&self.books, Some(&log), &limits).unwrap());
        faults
    }

    /// What is said once `change` was made to the log or, if it is not there, to the ledger.
    fn once(&self, change: &str) -> String {
        let db = if change.contains("requests") { &self.log } else { &self.books };
        db.execute_batch(&format!("SAVEPOINT here; {change}")).unwrap();
        // The log is read by a connection of its own.
        db.execute_batch("RELEASE here").unwrap();
        self.faults().join("\n")
    }
}

#[test]
fn true_books_pass() {
    assert_eq!(Desk::new().faults(), Vec::<String>::new());
}

#[test]
fn each_false_book_is_found() {
    for (change, said) in [
        ("UPDATE requests SET output_tokens = 1", "recorded"),
        ("UPDATE requests SET cost_nanos = cost_nanos + 1", "posted"),
        ("UPDATE requests SET cost_nanos = cost_nanos - 1", "posted under a limit"),
        ("UPDATE requests SET estimated = 1", "estimated although"),
        ("DELETE FROM requests", "0 records instead of 1"),
        ("INSERT INTO requests SELECT * FROM requests", "2 records instead of 1"),
        ("INSERT INTO leases (holder, amount) VALUES ('local', 1)", "1 leases are left"),
        ("UPDATE accounts SET leased = 1", "leased after a clean stop"),
        ("UPDATE accounts SET posted = posted + 1", "in the entries"),
        ("UPDATE ledger_entries SET cost = cost + 1", "in the entries"),
        ("UPDATE spend_limits SET amount_nanos = amount_nanos - 1", "past the limit"),
    ] {
        let said_of_it = Desk::new().once(change);
        assert!(said_of_it.contains(said), "{change}: {said_of_it}");
    }
}

#[test]
fn what_was_spent_before_a_limit_was_lowered_is_no_fault() {
    let desk = Desk::new();
    assert!(desk.cost > 1);
    assert_eq!(desk.once("UPDATE spend_limits SET amount_nanos = 1, updated_at = 60000"), "");
    assert!(desk.once("UPDATE spend_limits SET updated_at = 1000").contains("past the limit"));
    assert_eq!(desk.once("UPDATE accounts SET overage = 1"), "", "flagged");
}

/// A second record, of one who got the same answer and paid five nano-dollars of its cost.
const JOINED: &str = "INSERT INTO requests SELECT * FROM requests; \
    UPDATE requests SET request_id = 'j', attempt = 1, cache = 'joined', cost_nanos = 5, \
        input_tokens = 0, output_tokens = 0 WHERE rowid = 2;";

#[test]
fn a_bill_may_be_paid_in_parts_that_are_all_of_it() {
    let paid = "UPDATE requests SET cost_nanos = cost_nanos - 5 WHERE rowid = 1";
    assert_eq!(Desk::new().once(&format!("{JOINED} {paid}")), "");
    assert!(Desk::new().once(JOINED).contains("posted"));
    let less = "UPDATE requests SET cost_nanos = cost_nanos - 6 WHERE rowid = 1";
    assert!(Desk::new().once(&format!("{JOINED} {less}")).contains("posted under a limit"));
}
