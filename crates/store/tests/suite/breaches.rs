//! Accounts whose sums do not agree. Only a hand in the file makes one, so these are of SQLite.

use std::path::Path;

use domain::ledger::{
    AccountId, BALANCES_MADE, Batch, Correction, Holder, Imbalance, Remedy, Sum, Trust, Verdict,
};
use domain::ports::{Ledger, LedgerReport, Records, StoreError};
use domain::{Change, Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};
use rusqlite::Connection;
use store::Store;

use crate::conformance::ledger::{NOW, batch_of, project};
use crate::support::fresh;

fn edit(dir: &Path, text: &str) {
    let db = Connection::open(dir.join("tollgate.db")).unwrap();
    assert!(db.execute(text, []).unwrap() > 0, "{text}");
}

async fn breaches(store: &Store, whole: bool) -> Vec<(AccountId, Sum, i64, i64)> {
    let Verdict { breaches, .. } = store.verify(whole).await.unwrap();
    let plain = |b: Imbalance| (b.account, b.sum, b.kept.0, b.summed.0);
    breaches.into_iter().map(plain).collect()
}

async fn trust(store: &Store, breach: &(AccountId, Sum, i64, i64), trust: Trust) {
    let (account, difference) = (breach.0.clone(), Nanos(breach.2 - breach.3));
    let made = store.meta(BALANCES_MADE).await.unwrap();
    let after = made.map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().unwrap()));
    let remedy = Remedy::Balance { account, difference, trust, after };
    let correction = Correction { at: NOW, remedy, why: "seen".into(), author: "key_admin".into() };
    store.apply(vec![Change::CorrectLedger(correction)], vec![]).await.unwrap();
}

const POSTED: &str = "UPDATE accounts SET posted = posted + 5
    WHERE scope_kind = 'project' AND period = 'month'";

#[tokio::test]
async fn a_changed_account_is_found_and_told_with_both_sums() {
    let (dir, store) = fresh();
    store.post(batch_of(1, 25)).await.unwrap();
    assert_eq!(breaches(&store, false).await, []);
    edit(dir.path(), POSTED);
    let expected = (project(), Sum::Entries, 30, 25);
    assert_eq!(breaches(&store, false).await, std::slice::from_ref(&expected));
    // What is posted meanwhile adds to both sides.
    store.post(batch_of(2, 10)).await.unwrap();
    assert_eq!(breaches(&store, false).await, [(project(), Sum::Entries, 40, 35)]);
    trust(&store, &expected, Trust::Entries).await;
    assert_eq!(breaches(&store, false).await, []);
    assert_eq!(breaches(&store, true).await, []);
}

#[tokio::test]
async fn the_account_may_be_right_and_the_entries_wrong() {
    let (dir, store) = fresh();
    store.post(batch_of(1, 25)).await.unwrap();
    edit(dir.path(), POSTED);
    let found = breaches(&store, true).await;
    trust(&store, &found[0], Trust::Posted).await;
    assert_eq!(breaches(&store, false).await, []);
    let rows = store.accounts(project().scope).await.unwrap();
    let month = rows.iter().find(|(id, _)| *id == project()).unwrap();
    assert_eq!(month.1.posted, Nanos(30));
}

#[tokio::test]
async fn a_changed_old_entry_is_found_by_a_whole_look() {
    let (dir, store) = fresh();
    store.post(batch_of(1, 25)).await.unwrap();
    assert_eq!(breaches(&store, false).await, []);
    edit(dir.path(), "UPDATE ledger_entries SET cost = cost - 1");
    assert_eq!(breaches(&store, false).await, [], "it was read before");
    assert_eq!(breaches(&store, true).await.len(), 12, "each account of the call");
    edit(dir.path(), "UPDATE ledger_entries SET cost = cost + 1");
    assert_eq!(breaches(&store, true).await, []);
}

#[tokio::test]
async fn leases_and_lost_accounts_are_held_against_their_sums() {
    let (dir, store) = fresh();
    let (lessee, open) = (Holder("node-1".into()), vec![(project(), Nanos(40))]);
    store.adopt(lessee, open).await.unwrap();
    edit(dir.path(), "UPDATE leases SET amount = 30");
    let found = breaches(&store, false).await;
    assert_eq!(found, [(project(), Sum::Leases, 40, 30)]);
    trust(&store, &found[0], Trust::Leases).await;
    assert_eq!(breaches(&store, false).await, []);

    store.post(batch_of(1, 25)).await.unwrap();
    edit(dir.path(), "DELETE FROM accounts WHERE scope_kind = 'user' AND period = 'total'");
    let total = PeriodKind::Total.around(Timestamp(0));
    let scope = ScopeId { kind: ScopeKind::User, id: "user-1".into() };
    let lost = AccountId { scope, period: total };
    assert_eq!(breaches(&store, false).await, [(lost, Sum::Entries, 0, 25)]);
}

#[tokio::test]
async fn later_looks_have_larger_numbers() {
    let (_dir, store) = fresh();
    let mut last = 0;
    for whole in [true, false, true, false] {
        let number = store.verify(whole).await.unwrap().number;
        assert!(number > last);
        last = number;
    }
}

#[tokio::test]
async fn a_look_goes_on_from_where_the_last_one_ended() {
    let (_dir, store) = fresh();
    for number in 1..=40 {
        let batch: Batch = batch_of(number, 3);
        store.post(batch).await.unwrap();
        if number % 7 == 0 {
            assert_eq!(breaches(&store, false).await, []);
        }
    }
    assert_eq!(breaches(&store, false).await, []);
}

#[tokio::test]
async fn of_two_who_saw_one_difference_one_puts_it_right() {
    let (dir, store) = fresh();
    store.post(batch_of(1, 25)).await.unwrap();
    edit(dir.path(), POSTED);
    let found = breaches(&store, true).await;
    let (account, difference) = (found[0].0.clone(), Nanos(5));
    let remedy = Remedy::Balance { account, difference, trust: Trust::Entries, after: 0 };
    let correction = Correction { at: NOW, remedy, why: "seen".into(), author: "key_admin".into() };
    let change = || vec![Change::CorrectLedger(correction.clone())];
    store.apply(change(), vec![]).await.unwrap();
    let again = store.apply(change(), vec![]).await.unwrap_err();
    assert!(matches!(again, StoreError::Conflict(_)), "{again}");
    assert_eq!(breaches(&store, true).await, []);
}
