//! What a start goes on from.

use std::sync::Arc;

use domain::Clock;
use domain::ledger::{Batch, Covered, Imbalance, Payer, Posting, Sum};
use domain::ports::Ledger;
use tempfile::TempDir;

use super::*;

const DAY: i64 = 86_400;
const NOW: i64 = 40 * DAY;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(NOW)
    }
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), Arc::new(Still)).unwrap()
}

/// A call of one dollar's millionth on each of some days.
fn batch(number: u64, days: impl Iterator<Item = i64>) -> Batch {
    let payer = Payer {
        api_key: "key_1".into(),
        user: "user-1".into(),
        project: "proj_1".into(),
        organization: "org-1".into(),
    };
    let posting = |day: i64| Posting {
        payer: payer.clone(),
        admitted: Timestamp::from_seconds(day * DAY),
        hold: Nanos(0),
        covered: Covered::default(),
        cost: Nanos(1_000),
        reason: Reason::Settled,
        request: format!("req_{day}"),
    };
    let holder = Holder("test".to_owned());
    let at = Timestamp::from_seconds(NOW);
    Batch { lessee: holder.clone(), holder, number, at, postings: days.map(posting).collect() }
}

fn edit(dir: &TempDir, text: &str) {
    let db = Connection::open(dir.path().join("tollgate.db")).unwrap();
    assert!(db.execute(text, []).unwrap() > 0, "{text}");
}

async fn breaches(store: &Store, whole: bool) -> Vec<Imbalance> {
    store.verify_and_keep(whole, 0).await.unwrap().breaches
}

async fn kept(store: &Store) -> usize {
    store.meta(verify::KEPT).await.unwrap().map_or(0, |value| value.len())
}

/// A ledger of forty days whose sums are kept; the process that kept them is gone.
async fn kept_ledger() -> TempDir {
    let dir = TempDir::new().unwrap();
    let store = open(&dir);
    store.post(batch(1, 0..=40)).await.unwrap();
    assert_eq!((kept(&store).await, breaches(&store, true).await), (0, vec![]));
    assert!(kept(&store).await > 0);
    dir
}

const OF_PROJECT: &str = "UPDATE accounts SET posted = posted + 5 WHERE scope_kind = 'project'";

#[tokio::test]
async fn a_start_holds_every_account_that_runs_against_all_entries() {
    for period in ["period = 'total'", "period = 'month' AND start_at > 0"] {
        let dir = kept_ledger().await;
        edit(&dir, &format!("{OF_PROJECT} AND {period}"));
        let found = breaches(&open(&dir), false).await;
        let [Imbalance { sum: Sum::Entries, kept, summed, .. }] = found.as_slice() else {
            panic!("{period}: {found:?}")
        };
        assert_eq!(kept.0 - summed.0, 5);
    }
}

#[tokio::test]
async fn what_has_ended_and_what_is_old_waits_for_the_whole_look() {
    for text in [
        format!("{OF_PROJECT} AND period = 'day' AND start_at = {}", 3 * DAY),
        format!("UPDATE ledger_entries SET cost = cost + 5 WHERE day = {}", 3 * DAY),
    ] {
        let dir = kept_ledger().await;
        edit(&dir, &text);
        let store = open(&dir);
        assert_eq!(breaches(&store, false).await, [], "{text}");
        assert!(!breaches(&store, true).await.is_empty(), "{text}");
        // Nothing is kept while anything does not agree: the next start sees it at once.
        assert_eq!(kept(&store).await, 0);
        drop(store);
        assert!(!breaches(&open(&dir), false).await.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn entries_that_came_since_are_added_also_those_of_periods_that_have_ended() {
    let dir = kept_ledger().await;
    let store = open(&dir);
    store.post(batch(2, [3, 39, 40].into_iter())).await.unwrap();
    assert_eq!(breaches(&store, false).await, []);
    drop(store);
    // Kept by a look that had gone on from what was kept.
    let store = open(&dir);
    store.post(batch(3, [3, 40].into_iter())).await.unwrap();
    assert_eq!((breaches(&store, false).await, breaches(&store, true).await), (vec![], vec![]));
}

#[tokio::test]
async fn what_was_kept_in_no_known_form_is_not_gone_on_from() {
    for value in ["", "{}", r#"{"form":9,"place":41,"since":0,"accounts":[]}"#] {
        let dir = kept_ledger().await;
        edit(
            &dir,
            &format!("UPDATE meta SET value = CAST('{value}' AS BLOB) WHERE name = 'ledger_sums'"),
        );
        edit(&dir, &format!("{OF_PROJECT} AND period = 'day' AND start_at = {}", 3 * DAY));
        assert_eq!(breaches(&open(&dir), false).await.len(), 1, "{value}");
    }
}
