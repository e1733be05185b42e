//! Many at once, and many in the table.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ports::{Directory, Objects, UsageStore};
use domain::{Change, ObjectKind, Timestamp};
use store::Store;
use tokio::task::JoinSet;

use crate::support::{apply, attempt, fresh, furnish, hash, key, object};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_claims_at_once_all_hold_and_a_wrong_change_fails_alone() {
    use domain::ports::{Records, StoreError};

    let (_dir, store) = fresh();
    let store = Arc::new(store);
    let mut claims = JoinSet::new();
    for number in 0..200 {
        let store = Arc::clone(&store);
        claims.spawn(async move {
            // Everybody wants the shared object, and one of their own.
            let project = format!("proj_{number}");
            let own = format!("file-{number}");
            store.claim(vec![object("shared", &project), object(&own, &project)]).await.unwrap();
            let owners = store.owners("up_1".into(), vec!["shared".into(), own]).await.unwrap();
            assert_eq!(owners[1], Some(project.into()));
            owners[0].clone().unwrap()
        });
    }
    let mut wrong = JoinSet::new();
    for number in 0..50 {
        let store = Arc::clone(&store);
        wrong.spawn(async move {
            let change = Change::RevokeKey { id: format!("key_{number}").into(), at: Timestamp(1) };
            store.apply(vec![change], vec![]).await
        });
    }
    for refused in wrong.join_all().await {
        assert_eq!(refused, Err(StoreError::NotFound));
    }
    let winners = claims.join_all().await;
    assert!(winners.windows(2).all(|pair| pair[0] == pair[1]), "the shared object changed hands");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_of_usage_at_once_are_all_counted_and_logged() {
    let (_dir, store) = fresh();
    let store = Arc::new(store);
    let mut writes = JoinSet::new();
    for number in 0..100 {
        let store = Arc::clone(&store);
        writes.spawn(async move {
            let records = vec![attempt(&format!("req_{number}"), Timestamp(number)); 20];
            store.write(Arc::new(records)).await.unwrap();
        });
    }
    writes.join_all().await;
    assert_eq!(store.request_log_rows().await, Ok(2_000));
}

async fn make_keys(store: &Store, numbers: std::ops::Range<u64>) {
    for start in numbers.clone().step_by(5_000) {
        let chunk = start..numbers.end.min(start + 5_000);
        let keys = chunk.map(|n| Change::CreateKey(key(&format!("key_{n}"), "proj_1", n)));
        apply(store, keys.collect()).await;
    }
}

/// The quickest of several rounds of look-ups all over the table.
async fn look_up(store: &Store, keys: u64) -> Duration {
    let mut best = Duration::MAX;
    for round in 0..5 {
        let start = Instant::now();
        for n in 0..500 {
            let wanted = (n * 7_919 + round) % keys;
            let found = store.find_secret(hash(wanted)).await.unwrap().unwrap();
            assert_eq!(found.id.as_str(), format!("key_{wanted}"));
        }
        best = best.min(start.elapsed());
    }
    best
}

#[tokio::test]
async fn a_look_up_among_a_hundred_thousand_keys_costs_what_it_costs_among_a_thousand() {
    let (_dir, store) = fresh();
    furnish(&store).await;
    make_keys(&store, 0..1_000).await;
    let few = look_up(&store, 1_000).await;
    make_keys(&store, 1_000..100_000).await;
    let many = look_up(&store, 100_000).await;
    assert!(many < few * 5, "{few:?} for 500 of 1,000, {many:?} for 500 of 100,000");
    assert_eq!(store.count("up_1".into(), "proj_1".into(), ObjectKind::File).await, Ok(0));
}
