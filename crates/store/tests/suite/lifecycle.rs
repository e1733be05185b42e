//! Opening, closing, and being killed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use domain::ports::{Directory, Objects, Records, UsageStore};
use domain::{
    BucketWidth, Change, Cost, GroupBy, KeyKind, Nanos, Timestamp, UsageFilter, UsageQuery,
};
use rusqlite::Connection;
use store::{OpenError, Store};
use tempfile::TempDir;

use crate::support::{apply, attempt, clock, first, fresh, furnish, hash, key, object, open};

async fn fill(store: &Store) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    store.claim(vec![object("file-1", "proj_1")]).await.unwrap();
    store.write(Arc::new(vec![attempt("req_1", Timestamp(1)); 3])).await.unwrap();
}

async fn check_filled(store: &Store) {
    assert_eq!(store.find_secret(hash(1)).await.unwrap().unwrap().id.as_str(), "key_1");
    let owners = store.owners("up_1".into(), vec!["file-1".into()]).await.unwrap();
    assert_eq!(owners, [Some("proj_1".into())]);
    assert_eq!(store.request_log_rows().await, Ok(3));
    store.integrity().await.unwrap();
}

#[tokio::test]
async fn opening_again_finds_everything() {
    let (dir, store) = fresh();
    fill(&store).await;
    drop(store);
    let left: Vec<_> = dir.path().read_dir().unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains("-wal")), "{left:?}");
    check_filled(&open(dir.path())).await;
}

#[tokio::test]
async fn a_copy_taken_while_it_ran_is_what_a_kill_leaves_and_opens_whole() {
    let (dir, store) = fresh();
    fill(&store).await;
    let copy = TempDir::new().unwrap();
    for file in dir.path().read_dir().unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    assert!(copy.path().join("tollgate.db-wal").exists());
    // A new boot has no shared memory of the old process.
    for name in ["tollgate.db-shm", "requests.db-shm"] {
        std::fs::remove_file(copy.path().join(name)).unwrap();
    }
    check_filled(&open(copy.path())).await;
}

#[tokio::test]
async fn what_is_queued_when_the_store_goes_is_written() {
    let (dir, store) = fresh();
    furnish(&store).await;
    for number in 0..100 {
        let claim = store.claim(vec![object(&format!("file-{number}"), "proj_1")]);
        // Polled once, so queued; then the caller goes away.
        let _ = tokio::time::timeout(std::time::Duration::ZERO, claim).await;
    }
    drop(store);
    let store = open(dir.path());
    let count = store.count("up_1".into(), "proj_1".into(), domain::ObjectKind::File).await;
    assert_eq!(count, Ok(100));
}

#[test]
fn case_123_a_second_open_is_refused_by_name_until_the_first_ends() {
    let (dir, store) = fresh();
    let refused = Store::open(dir.path(), clock()).err().unwrap();
    assert!(matches!(refused, OpenError::InUse { .. }));
    let name = dir.path().canonicalize().unwrap();
    assert!(refused.to_string().contains(name.to_str().unwrap()), "{refused}");
    drop(store);
    drop(open(dir.path()));
}

#[test]
fn case_124_a_newer_schema_is_refused_and_left_as_it_is() {
    for file in ["tollgate.db", "requests.db"] {
        let (dir, store) = fresh();
        drop(store);
        let path = dir.path().join(file);
        let db = Connection::open(&path).unwrap();
        db.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'", []).unwrap();
        drop(db);
        let before = std::fs::read(&path).unwrap();
        let refused = Store::open(dir.path(), clock()).err().unwrap();
        assert!(matches!(refused, OpenError::NewerSchema { found: 99, .. }), "{refused}");
        assert!(refused.to_string().contains(file));
        assert!(std::fs::read(&path).unwrap() == before);
    }
}

#[tokio::test]
async fn what_the_first_schema_counted_is_in_later_reports() {
    const ROW: &str = "INSERT INTO usage_rollup VALUES (86400, 0, 'completions', 'proj_1', ?1, ?2,
        'gpt', 0, '', 3, 1, 10, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 42)";
    let dir = TempDir::new().unwrap();
    let db = Connection::open(dir.path().join("tollgate.db")).unwrap();
    db.execute_batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)").unwrap();
    db.execute_batch(include_str!("../../src/sqlite/schema/tollgate_1.sql")).unwrap();
    db.execute("INSERT INTO meta VALUES ('schema_version', CAST('1' AS BLOB))", []).unwrap();
    for (user, key) in [("user-1", "key_1"), ("user-2", "key_2")] {
        db.execute(ROW, (user, key)).unwrap();
    }
    drop(db);
    let store = open(dir.path());
    let ask = async |group| {
        let (width, filter) = (BucketWidth::Day, UsageFilter::default());
        let query = UsageQuery { families: vec![], width, start: 0, end: 86_400, group, filter };
        store.report(query).await.unwrap().remove(0).rows
    };
    // Once by the summary, once by the rows that tell keys apart.
    let all = ask(GroupBy::default()).await;
    assert_eq!((all.len(), all[0].requests, all[0].estimated), (1, 6, 2));
    let other = Cost { other: Nanos(84), ..Cost::default() };
    assert_eq!((all[0].cost, all[0].unpriced), (other, 0));
    let keys = ask(GroupBy { key: true, ..GroupBy::default() }).await;
    assert_eq!((keys.len(), keys[1].requests, keys[1].cost.other), (2, 3, Nanos(42)));
}

#[tokio::test]
async fn a_credential_of_the_first_schema_is_the_first_of_several() {
    let dir = TempDir::new().unwrap();
    let db = Connection::open(dir.path().join("tollgate.db")).unwrap();
    db.execute_batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL)").unwrap();
    db.execute_batch(include_str!("../../src/sqlite/schema/tollgate_1.sql")).unwrap();
    db.execute("INSERT INTO meta VALUES ('schema_version', CAST('1' AS BLOB))", []).unwrap();
    for (id, sealed) in [("up_1", Some(b"sealed")), ("up_2", None)] {
        let row = "INSERT INTO upstreams (id, name, provider, base_url, sealed_credential, source,
            created_at) VALUES (?1, ?1, 'openai', 'https://a.example/v1', ?2, 'environment', 9)";
        db.execute(row, (id, sealed)).unwrap();
    }
    drop(db);
    let store = open(dir.path());
    let found = store.upstreams().await.unwrap();
    let [credential] = &found[0].credentials[..] else { panic!("one credential") };
    assert_eq!((&credential.sealed[..], credential.weight), (&b"sealed"[..], 1));
    assert!(found[0].enabled && found[1].enabled && found[1].credentials.is_empty());
}

#[test]
fn what_is_no_database_is_refused_and_left_as_it_is() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("tollgate.db");
    let text = "this is somebody's letter, and longer than a header".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let refused = Store::open(dir.path(), clock()).err().unwrap();
    assert!(matches!(refused, OpenError::Database { .. }), "{refused}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_path_that_cannot_be_a_directory_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("data");
    let refused = Store::open(&path, clock()).err().unwrap();
    assert!(matches!(refused, OpenError::Io { .. }));
    assert!(refused.to_string().contains("--data-dir"), "{refused}");
}

#[tokio::test]
async fn files_are_for_this_user_alone() {
    let outer = TempDir::new().unwrap();
    let dir = outer.path().join("made/here");
    let store = open(&dir);
    fill(&store).await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let files: Vec<_> = dir.read_dir().unwrap().map(|f| f.unwrap().path()).collect();
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_secret_s_last_use_moves_forward_only() {
    let (_dir, store) = fresh();
    furnish(&store).await;
    apply(&store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    for (at, expected) in [(50, 50), (40, 50), (60, 60)] {
        let used = vec![(hash(1), Timestamp(at)), (hash(9), Timestamp(at))];
        store.touch(used).await.unwrap();
        let listed = store.keys(Some("proj_1".into()), vec![KeyKind::Project], first(1)).await;
        let found = listed.unwrap().rows.remove(0);
        assert_eq!(found.secrets[0].last_used_at, Some(Timestamp(expected)));
    }
}
