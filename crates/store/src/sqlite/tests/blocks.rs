//! Which blocks of the log a look reads.

use std::time::{Duration, Instant};

use super::*;

const CALLS: i64 = 3_000;

/// One call in a thousand fails; keys change every hundred calls.
fn call(number: i64) -> UsageRecord {
    UsageRecord {
        request: format!("req_{number:05}").into(),
        key: format!("key_{}", number / 100).into(),
        status: if number % 1_000 == 7 { 503 } else { 200 },
        ..attempt(number)
    }
}

async fn filled(dir: &TempDir) -> Store {
    let store = open(dir);
    store.write(Arc::new((0..CALLS).map(call).collect())).await.unwrap();
    store
}

async fn found(store: &Store, filter: AttemptFilter) -> Vec<i64> {
    let query = AttemptQuery { filter, before: None, limit: 200 };
    let page = store.attempts(query).await.unwrap();
    page.rows.iter().map(|row| row.at.0).collect()
}

fn failures() -> AttemptFilter {
    AttemptFilter { status: Some((500, 599)), ..AttemptFilter::default() }
}

fn of_key(number: i64) -> AttemptFilter {
    AttemptFilter { key: Some(format!("key_{number}")), ..AttemptFilter::default() }
}

/// Calls in places that nobody can read.
fn spoil(db: &Connection, but: &str) {
    let text = format!("UPDATE blocks SET kinds = 'key_29', calls = '' WHERE NOT ({but})");
    db.execute(&text, []).unwrap();
}

#[tokio::test]
async fn a_look_reads_no_block_that_does_not_hold_what_it_looks_for() {
    let dir = TempDir::new().unwrap();
    let store = filled(&dir).await;
    let db = Connection::open(dir.path().join("requests.db")).unwrap();
    let place = |call: i64| format!("{call} + 1 BETWEEN id AND id + rows - 1");
    spoil(&db, &[7, 1_007, 2_007].map(place).join(" OR "));
    assert_eq!(found(&store, failures()).await, [2_007, 1_007, 7]);
    assert_eq!(found(&store, of_key(0)).await.len(), 100);
    let nobody = AttemptFilter { model: Some("no-such-model".into()), ..AttemptFilter::default() };
    assert!(found(&store, nobody).await.is_empty());
    // What is spoilt is told where it is read.
    let query = AttemptQuery { filter: of_key(29), before: None, limit: 10 };
    assert!(store.attempts(query).await.is_err());
}

#[tokio::test]
async fn blocks_of_an_earlier_version_are_read_and_get_their_summaries() {
    let dir = TempDir::new().unwrap();
    let store = filled(&dir).await;
    let db = Connection::open(dir.path().join("requests.db")).unwrap();
    let count = |table: &str| -> i64 {
        let text = format!("SELECT COUNT(*) FROM {table}");
        db.query_row(&text, [], |row| row.get(0)).unwrap()
    };
    // Of none, of the oldest, of one in the middle.
    let second = "(SELECT MIN(id) FROM blocks WHERE id > 1)";
    for lost in ["1 = 1".to_owned(), format!("id <> {second}"), format!("id = {second}")] {
        db.execute(&format!("DELETE FROM block_summaries WHERE {lost}"), []).unwrap();
        assert_eq!(found(&store, failures()).await, [2_007, 1_007, 7], "{lost}");
        assert_eq!(found(&store, of_key(6)).await.len(), 100, "{lost}");
    }
    db.execute("DELETE FROM block_summaries", []).unwrap();
    drop(store);
    let store = open(&dir);
    let late = Instant::now() + Duration::from_secs(20);
    while count("block_summaries") < count("blocks") {
        assert!(Instant::now() < late, "no summaries");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    spoil(&db, "id = 1");
    let first = AttemptFilter { outcome: Some(Outcome::Refused), ..AttemptFilter::default() };
    assert!(found(&store, first).await.is_empty());
    assert_eq!(found(&store, of_key(0)).await.len(), 100);
}
