//! What cannot be seen through the ports: mounts, versions, and a disk that is full.

mod blocks;

use std::path::Path;
use std::sync::Arc;

use domain::ports::{Objects, Records, StoreError, UsageStore};
use domain::{
    AttemptFilter, AttemptQuery, BucketWidth, Clock, GroupBy, ObjectKind, ObjectRecord, Outcome,
    Timestamp, Tokens, UsageFamily, UsageFilter, UsageQuery, UsageRecord,
};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{Store, mounts, schema};
use crate::OpenError;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_000)
    }
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), Arc::new(Still)).unwrap()
}

fn object(number: usize) -> ObjectRecord {
    ObjectRecord {
        upstream: "up_1".into(),
        object: format!("file-{number:0>500}"),
        kind: ObjectKind::File,
        project: "proj_1".into(),
        created_at: Timestamp(number.try_into().unwrap()),
    }
}

fn attempt(number: i64) -> UsageRecord {
    UsageRecord {
        request: format!("req_{number}").into(),
        attempt: 1,
        at: Timestamp(number),
        operation: "createChatCompletion",
        family: UsageFamily::Completions,
        project: "proj_1".into(),
        key: "key_1".into(),
        user: "user-1".into(),
        user_label: Some("x".repeat(200).into()),
        model_asked: None,
        model_served: None,
        service_tier: None,
        upstream: "up_1".into(),
        upstream_request: None,
        status: 200,
        outcome: Outcome::Completed,
        stream: false,
        batch: false,
        estimated: false,
        tokens: Tokens { input: 1, ..Tokens::default() },
        images: 0,
        media_ms: 0,
        characters: 0,
        cost: None,
        error: None,
        queue_us: 0,
        first_byte_us: 0,
        total_us: 0,
        bytes_in: 0,
        bytes_out: 0,
        cache: None,
        saved: None,
        shadow: false,
        prints: None,
    }
}

async fn requests_counted(store: &Store) -> u64 {
    let query = UsageQuery {
        families: vec![UsageFamily::Completions],
        width: BucketWidth::Day,
        start: 0,
        end: 86_400,
        group: GroupBy::default(),
        filter: UsageFilter::default(),
    };
    let buckets = store.report(query).await.unwrap();
    buckets.iter().flat_map(|b| &b.rows).map(|row| row.requests).sum()
}

/// Lets the file grow by this many pages and no further: what a full disk does to SQLite.
async fn room(store: &Store, pages: i64) {
    let set = store.writer.write(move |db| {
        let now: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
        Ok(db.pragma_update_and_check(None, "max_page_count", now + pages, |_| Ok(()))?)
    });
    set.await.unwrap();
}

#[test]
fn the_deepest_and_latest_mount_holds_a_directory() {
    let mounts = "/dev/a / ext4 rw 0 0\n\
                  srv:/x /data nfs4 rw 0 0\n\
                  /dev/b /data/local xfs rw 0 0\n\
                  srv:/y /with\\040blank cifs rw 0 0\n\
                  /dev/c /twice ext4 rw 0 0\n\
                  sshfs /twice fuse.sshfs rw 0 0\n";
    let kind = |dir: &str| mounts::kind(mounts, Path::new(dir)).unwrap();
    assert_eq!(kind("/home/me"), "ext4");
    assert_eq!(kind("/data"), "nfs4");
    assert_eq!(kind("/database"), "ext4");
    assert_eq!(kind("/data/local/deep"), "xfs");
    assert_eq!(kind("/with blank/dir"), "cifs");
    assert_eq!(kind("/twice"), "fuse.sshfs");
    assert_eq!(mounts::kind("", Path::new("/home")), None);
}

#[test]
fn p29_an_old_library_is_refused_and_the_bundled_one_is_not() {
    let refused = schema::check_library("3.51.2", 3_051_002).unwrap_err();
    assert!(matches!(refused, OpenError::OldLibrary { .. }));
    assert!(refused.to_string().contains("3.51.3"));
    schema::check_library(rusqlite::version(), rusqlite::version_number()).unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_claims_keeps_what_was_claimed_and_passes() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    store.claim(vec![object(0)]).await.unwrap();
    room(&store, 2).await;
    let refused = store.claim((1..200).map(object).collect()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");

    // Nothing of the refused list is there, what was there is, and reads go on.
    let names = vec![object(0).object, object(1).object];
    let owners = store.owners("up_1".into(), names).await.unwrap();
    assert_eq!(owners, [Some("proj_1".into()), None]);
    assert_eq!(store.count("up_1".into(), "proj_1".into(), ObjectKind::File).await, Ok(1));
    store.ping().await.unwrap();

    room(&store, 10_000).await;
    store.claim((1..200).map(object).collect()).await.unwrap();
    assert_eq!(store.count("up_1".into(), "proj_1".into(), ObjectKind::File).await, Ok(200));
    store.integrity().await.unwrap();
}

#[tokio::test]
async fn one_job_that_fails_for_room_does_not_take_its_group_with_it() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    room(&store, 2).await;
    let (large, small) = tokio::join!(
        store.claim((1..200).map(object).collect()),
        store.claim(vec![ObjectRecord { object: "file-small".into(), ..object(0) }]),
    );
    assert!(matches!(large, Err(StoreError::Unavailable(_))));
    small.unwrap();
    assert_eq!(store.count("up_1".into(), "proj_1".into(), ObjectKind::File).await, Ok(1));
}

#[tokio::test]
async fn usage_that_does_not_fit_is_in_neither_file_and_can_come_again() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    // Every record its own key, so that the rollups need room.
    let batch: Vec<_> = (0..300)
        .map(|n| UsageRecord { key: format!("key_{n:0>200}").into(), ..attempt(n) })
        .collect();
    room(&store, 1).await;
    let refused = store.write(Arc::new(batch.clone())).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused}");
    assert_eq!(store.request_log_rows().await, Ok(0));
    assert_eq!(requests_counted(&store).await, 0);

    room(&store, 10_000).await;
    store.write(Arc::new(batch)).await.unwrap();
    assert_eq!(store.request_log_rows().await, Ok(300));
    assert_eq!(requests_counted(&store).await, 300);
}

#[tokio::test]
async fn a_log_that_fails_at_its_commit_keeps_its_rows_and_counts_once() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    // A deferred constraint fails at the commit and nowhere before it.
    let outside = Connection::open(dir.path().join("requests.db")).unwrap();
    outside
        .execute_batch(
            "CREATE TABLE probe (id REFERENCES meta (name) DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER spoil AFTER INSERT ON blocks
             BEGIN INSERT INTO probe VALUES ('nowhere'); END;",
        )
        .unwrap();
    store.write(Arc::new((0..3).map(attempt).collect())).await.unwrap();
    assert_eq!((store.request_log_rows().await, requests_counted(&store).await), (Ok(0), 3));
    // What follows is counted as well, and kept.
    store.write(Arc::new(vec![attempt(3)])).await.unwrap();
    assert_eq!((store.request_log_rows().await, requests_counted(&store).await), (Ok(0), 4));

    outside.execute_batch("DROP TRIGGER spoil").unwrap();
    store.write(Arc::new(vec![attempt(4)])).await.unwrap();
    assert_eq!((store.request_log_rows().await, requests_counted(&store).await), (Ok(5), 5));
    assert_eq!(store.log_backlog(), (0, 0));
}

#[tokio::test]
async fn a_logged_attempt_is_read_as_it_was_written_whatever_is_in_it() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    for (number, label) in
        ["\"", "a\\b\n\t", "\u{1}\u{7f}", "é😀\u{2028}", "[1,2]", ""].iter().enumerate()
    {
        let number = i64::try_from(number).unwrap();
        let record = UsageRecord {
            at: Timestamp(-number),
            user_label: Some((*label).into()),
            upstream_request: Some(format!("{label}{number}").into()),
            bytes_out: u64::MAX,
            stream: true,
            ..attempt(number)
        };
        let request = record.request.clone();
        store.write(Arc::new(vec![record])).await.unwrap();
        let found = store.attempts_of(request).await.unwrap();
        let [row] = found.as_slice() else { panic!("{} rows", found.len()) };
        assert_eq!(row.user_label.as_deref(), Some(*label));
        assert_eq!(row.upstream_request, Some(format!("{label}{number}")));
        assert_eq!((row.at, row.bytes_out), (Timestamp(-number), i64::MAX.unsigned_abs()));
        assert_eq!((row.stream, row.batch, row.error.as_deref()), (true, false, None));
    }
}

#[tokio::test]
async fn calls_are_found_in_whatever_blocks_they_lie() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    let made = |number: i64| UsageRecord {
        request: format!("req_{:05}", number + if number % 97 == 0 { -50 } else { 0 }).into(),
        key: format!("key_{}", if number % 5 == 0 { 5 } else { number % 23 }).into(),
        status: if number % 7 == 0 { 429 } else { 200 },
        images: u32::from(number % 11 == 0),
        ..attempt(number)
    };
    // Groups of all sizes, and a restart in the middle.
    let mut number = 0;
    let mut store = Some(store);
    for size in [1, 1, 1, 700, 3, 60, 1, 1, 1_500, 2, 64, 1] {
        if size == 60 {
            drop(store.take());
        }
        let store = store.get_or_insert_with(|| open(&dir));
        let group: Vec<_> = (number..number + size).map(made).collect();
        number += size;
        store.write(Arc::new(group)).await.unwrap();
    }
    let store = store.unwrap();
    assert_eq!(store.request_log_rows().await, Ok(number.cast_unsigned()));
    for wanted in (0..number).step_by(13).map(made) {
        let found = store.attempts_of(wanted.request.clone()).await.unwrap();
        let same = found.iter().find(|row| row.at == wanted.at).unwrap();
        assert_eq!((&*same.key, same.status), (wanted.key.as_str(), wanted.status));
        assert_eq!(same.images, u64::from(wanted.images));
    }
    let filter = AttemptFilter {
        key: Some("key_5".to_owned()),
        status: Some((200, 299)),
        ..AttemptFilter::default()
    };
    let (mut places, mut before) = (Vec::new(), None);
    loop {
        let query = AttemptQuery { filter: filter.clone(), before, limit: 37 };
        let page = store.attempts(query).await.unwrap();
        places.extend(page.rows.iter().map(|row| (row.place, row.at.0)));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..number)
        .rev()
        .map(made)
        .filter(|record| record.key.as_str() == "key_5" && record.status == 200)
        .map(|record| (record.at.0 + 1, record.at.0))
        .collect();
    assert_eq!(places, expected);
    // The view shows the same, and there are as few blocks as there may be.
    let db = Connection::open(dir.path().join("requests.db")).unwrap();
    let seen: (i64, i64, i64) = db
        .query_row(
            "SELECT COUNT(*), SUM(id - at_ms), SUM(images) FROM requests
             WHERE key_id = 'key_5' AND status = 200",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let count = i64::try_from(expected.len()).unwrap();
    let images = expected.iter().filter(|(_, number)| number % 11 == 0).count();
    assert_eq!(seen, (count, count, i64::try_from(images).unwrap()));
    let blocks = db.query_row("SELECT COUNT(*) FROM blocks", [], |row| row.get(0));
    assert_eq!(blocks, Ok(8));
}

#[tokio::test]
async fn the_log_is_made_with_larger_pages() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    store.write(Arc::new(vec![attempt(0)])).await.unwrap();
    for (name, size) in [("requests.db", 8_192), ("tollgate.db", 4_096)] {
        let db = Connection::open(dir.path().join(name)).unwrap();
        let found = db.pragma_query_value(None, "page_size", |row| row.get(0));
        assert_eq!(found, Ok(size), "{name}");
    }
}

#[tokio::test]
async fn case_117_a_log_that_is_locked_holds_up_no_sum_and_is_bounded() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    let outside = Connection::open(dir.path().join("requests.db")).unwrap();
    outside.execute_batch("BEGIN IMMEDIATE").unwrap();
    let many = |from: i64| Arc::new((from..from + 40_000).map(attempt).collect::<Vec<_>>());
    store.write(many(0)).await.unwrap();
    store.write(many(40_000)).await.unwrap();
    assert_eq!(requests_counted(&store).await, 80_000);
    assert_eq!(store.log_backlog(), (40_000, 40_000), "the oldest are lost");
    outside.execute_batch("ROLLBACK").unwrap();
    store.write(Arc::new(vec![attempt(80_000)])).await.unwrap();
    assert_eq!(store.request_log_rows().await, Ok(40_001));
}

#[tokio::test]
async fn a_defect_in_a_job_fails_that_job_alone() {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    let broken = store.writer.write(|_| panic!("a defect, on purpose")).await;
    assert!(matches!(broken, Err(StoreError::Unavailable(_))));
    let broken: Result<(), _> = store.lookups.ask(|_| panic!("a defect, on purpose")).await;
    assert!(matches!(broken, Err(StoreError::Unavailable(_))));
    store.claim(vec![object(0)]).await.unwrap();
    assert_eq!(store.count("up_1".into(), "proj_1".into(), ObjectKind::File).await, Ok(1));
}

#[tokio::test]
async fn a_full_queue_answers_at_once() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(open(&dir));
    let (free, wait) = std::sync::mpsc::sync_channel::<()>(1);
    let mut waiting = tokio::task::JoinSet::new();
    let first = Arc::clone(&store);
    waiting
        .spawn(async move { first.lookups.ask(move |_| Ok(wait.recv().map_or(1, |()| 0))).await });
    // On one runtime thread all of them queue before any answer is looked at.
    for _ in 0..1_100 {
        let store = Arc::clone(&store);
        waiting
            .spawn(async move { store.count("up_1".into(), "p".into(), ObjectKind::File).await });
    }
    let refused = waiting.join_next().await.unwrap().unwrap();
    assert_eq!(refused, Err(StoreError::Unavailable("overloaded".into())));
    free.send(()).unwrap();
    let answers = waiting.join_all().await;
    assert!(answers.iter().filter(|answer| **answer == Ok(0)).count() >= 1_024);
}
