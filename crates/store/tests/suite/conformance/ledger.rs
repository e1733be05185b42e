use domain::ledger::{
    AccountId, Ask, Batch, Correction, Covered, Holder, Payer, Posting, Reason, Remedy, Row,
};
use domain::{
    Calendar, Change, LimitRules, Nanos, PeriodKind, ScopeId, ScopeKind, SpendLimit, Timestamp,
};

use super::Ports;

mod report;

pub(crate) use report::*;

/// 2023-11-14, and the last second of that month.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);
const MONTH_END: Timestamp = Timestamp(1_701_388_799_000);

fn holder() -> Holder {
    Holder("node-1".into())
}

fn payer(key: &str) -> Payer {
    let [user, project, organization] = ["user-1", "proj_1", "org-1"].map(Into::into);
    Payer { api_key: key.into(), user, project, organization }
}

fn account(kind: ScopeKind, id: &str, period: PeriodKind) -> AccountId {
    AccountId { scope: ScopeId { kind, id: id.into() }, period: period.around(NOW) }
}

pub(crate) fn project() -> AccountId {
    account(ScopeKind::Project, "proj_1", PeriodKind::Month)
}

fn ask(account: &AccountId, least: i64) -> Vec<Ask> {
    vec![Ask { account: account.clone(), least: Nanos(least), open: Nanos(0) }]
}

fn posting(key: &str, hold: i64, cost: i64) -> Posting {
    Posting {
        payer: payer(key),
        admitted: NOW,
        hold: Nanos(hold),
        covered: Covered::ALL,
        cost: Nanos(cost),
        reason: Reason::Settled,
        request: format!("req_{key}"),
    }
}

fn batch(number: u64, postings: Vec<Posting>) -> Batch {
    Batch { holder: holder(), lessee: holder(), number, at: NOW, postings }
}

/// One attempt, of any hold.
pub(crate) fn batch_of(number: u64, cost: i64) -> Batch {
    batch(number, vec![posting("key_1", cost, cost)])
}

async fn limit(store: &impl Ports, account: &AccountId, amount: i64) {
    let limit = SpendLimit {
        scope: account.scope.clone(),
        period: account.period.kind,
        amount: Nanos(amount),
        rules: LimitRules::default(),
        calendar: Calendar::default(),
        updated_at: NOW,
    };
    store.apply(vec![Change::PutSpendLimit(limit)], vec![]).await.unwrap();
}

async fn grant(store: &impl Ports, account: &AccountId, least: i64) -> Option<i64> {
    let answers = store.grant(holder(), ask(account, least)).await.unwrap();
    answers[0].ok().map(|granted| granted.0)
}

async fn row(store: &impl Ports, account: &AccountId) -> Row {
    let rows = store.accounts(account.scope.clone()).await.unwrap();
    rows.into_iter().find(|(id, _)| id == account).map(|(_, row)| row).unwrap()
}

async fn balanced(store: &impl Ports) {
    assert_eq!(store.verify(true).await.unwrap().breaches, []);
}

pub(crate) async fn p1_grants_end_at_the_limit(store: &impl Ports) {
    limit(store, &project(), 1000).await;
    let mut granted = 0;
    while let Some(more) = grant(store, &project(), 30).await {
        granted += more;
    }
    assert!((971..=1000).contains(&granted), "{granted}");
    let declined = store.grant(holder(), ask(&project(), 30)).await.unwrap()[0].unwrap_err();
    assert_eq!((declined.limit.0, declined.posted.0, declined.leased.0), (1000, 0, granted));
    assert_eq!(grant(store, &project(), 1000 - granted).await, Some(1000 - granted));
    balanced(store).await;
}

pub(crate) async fn p2_a_batch_is_posted_once(store: &impl Ports) {
    limit(store, &project(), 1000).await;
    grant(store, &project(), 100).await.unwrap();
    let settled = batch(1, vec![posting("key_1", 60, 25), posting("key_2", 40, 40)]);
    for _ in 0..3 {
        store.post(settled.clone()).await.unwrap();
    }
    assert_eq!(store.last_batch(holder()).await.unwrap(), 1);
    let row = row(store, &project()).await;
    assert_eq!((row.posted, row.leased, row.overage), (Nanos(65), Nanos(35), Nanos(0)));
    balanced(store).await;
}

pub(crate) async fn every_scope_has_an_account_in_every_period(store: &impl Ports) {
    store.post(batch(1, vec![posting("key_1", 60, 25)])).await.unwrap();
    for (kind, id) in [
        (ScopeKind::ApiKey, "key_1"),
        (ScopeKind::User, "user-1"),
        (ScopeKind::Project, "proj_1"),
        (ScopeKind::Organization, "org-1"),
    ] {
        for period in PeriodKind::ALL {
            let row = row(store, &account(kind, id, period)).await;
            assert_eq!((row.posted, row.leased), (Nanos(25), Nanos(0)), "{kind:?} {period:?}");
        }
    }
    // A limit that is set now counts what was spent before.
    limit(store, &project(), 30).await;
    assert_eq!(grant(store, &project(), 6).await, None);
    assert_eq!(grant(store, &project(), 5).await, Some(5));
    balanced(store).await;
}

pub(crate) async fn case_63_a_call_belongs_to_the_month_it_was_admitted_in(store: &impl Ports) {
    let late = Posting { admitted: MONTH_END, ..posting("key_1", 10, 10) };
    let next = Posting { admitted: Timestamp(MONTH_END.0 + 1000), ..posting("key_1", 7, 7) };
    store.post(batch(1, vec![late, next])).await.unwrap();
    assert_eq!(row(store, &project()).await.posted, Nanos(10));
    let december =
        AccountId { period: PeriodKind::Month.around(Timestamp(MONTH_END.0 + 1000)), ..project() };
    assert_eq!(row(store, &december).await.posted, Nanos(7));
    balanced(store).await;
}

pub(crate) async fn case_33_overage_is_posted_and_told(store: &impl Ports) {
    limit(store, &project(), 100).await;
    grant(store, &project(), 100).await.unwrap();
    store.post(batch(1, vec![posting("key_1", 100, 130)])).await.unwrap();
    let row = row(store, &project()).await;
    assert_eq!((row.posted, row.leased, row.overage), (Nanos(130), Nanos(0), Nanos(30)));
    assert_eq!(grant(store, &project(), 1).await, None);
    balanced(store).await;
}

pub(crate) async fn case_33_overage_is_flagged_until_it_is_acknowledged(store: &impl Ports) {
    let total = async || {
        let all = store.balances(project().scope).await.unwrap();
        all.into_iter().find(|balance| balance.period.kind == PeriodKind::Total).unwrap()
    };
    store.post(batch(1, vec![posting("key_1", 100, 130)])).await.unwrap();
    assert!(total().await.is_flagged());
    let note = || vec![Change::AcknowledgeOverage(project().scope)];
    store.apply(note(), vec![]).await.unwrap();
    let noted = total().await;
    assert_eq!(
        (noted.is_flagged(), noted.overage, noted.acknowledged),
        (false, Nanos(30), Nanos(30))
    );
    // What comes later within its hold changes nothing; more overage is flagged again.
    store.post(batch(2, vec![posting("key_1", 100, 100)])).await.unwrap();
    assert!(!total().await.is_flagged());
    store.post(batch(3, vec![posting("key_2", 100, 101)])).await.unwrap();
    assert!(total().await.is_flagged());
    store.apply(note(), vec![]).await.unwrap();
    // A correction takes overage back, and what was noted of it.
    let remedy = Remedy::Entry { place: 1, amount: Nanos(-30) };
    let (why, author) = ("r".to_owned(), "key_a".to_owned());
    let correction = Correction { at: NOW, remedy, why, author };
    store.apply(vec![Change::CorrectLedger(correction)], vec![]).await.unwrap();
    assert_eq!(total().await.acknowledged, Nanos(1));
    store.post(batch(4, vec![posting("key_1", 10, 12)])).await.unwrap();
    assert!(total().await.is_flagged());
}

pub(crate) async fn case_46_orphans_are_posted_and_the_rest_comes_back(store: &impl Ports) {
    limit(store, &project(), 1000).await;
    grant(store, &project(), 100).await.unwrap();
    let orphan = Posting { reason: Reason::Orphan, ..posting("key_1", 40, 40) };
    store.post(batch(1, vec![orphan])).await.unwrap();
    store.close(holder()).await.unwrap();
    let row = row(store, &project()).await;
    assert_eq!((row.posted, row.leased), (Nanos(40), Nanos(0)));
    balanced(store).await;
}

pub(crate) async fn a_lost_nodes_lease_is_forfeited_whole(store: &impl Ports) {
    let key = account(ScopeKind::ApiKey, "key_1", PeriodKind::Total);
    limit(store, &project(), 1000).await;
    limit(store, &key, 500).await;
    grant(store, &project(), 70).await.unwrap();
    grant(store, &key, 50).await.unwrap();
    assert_eq!(store.forfeit(holder(), NOW).await.unwrap(), 2);
    assert_eq!(row(store, &project()).await.posted, Nanos(70));
    assert_eq!(row(store, &key).await.posted, Nanos(50));
    assert_eq!(store.forfeit(holder(), NOW).await.unwrap(), 0, "once");
    balanced(store).await;
}

pub(crate) async fn case_51_a_limit_in_mid_flight_adopts_what_is_open(store: &impl Ports) {
    limit(store, &project(), 50).await;
    store.adopt(holder(), vec![(project(), Nanos(80))]).await.unwrap();
    assert_eq!(grant(store, &project(), 1).await, None);
    store.post(batch(1, vec![posting("key_1", 80, 20)])).await.unwrap();
    store.give_back(holder(), vec![(project(), Nanos(1_000_000))]).await.unwrap();
    let row = row(store, &project()).await;
    assert_eq!((row.posted, row.leased), (Nanos(20), Nanos(0)), "no more than it had");
    assert_eq!(grant(store, &project(), 30).await, Some(30));
    balanced(store).await;
}
