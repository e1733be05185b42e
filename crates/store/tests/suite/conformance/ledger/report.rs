//! What operators see of the ledger, and what they put right.

use domain::ledger::{
    AccountFilter, AccountQuery, AccountState, Correction, Entry, EntryKind, EntryQuery, Remedy,
};
use domain::ports::StoreError;
use domain::{BucketWidth, GroupBy, UsageFilter, UsageQuery};

use super::*;

fn of_project(period: PeriodKind) -> AccountId {
    account(ScopeKind::Project, "proj_1", period)
}

async fn state(store: &impl Ports, id: &AccountId) -> AccountState {
    let filter = AccountFilter { scope: Some(id.scope.clone()), ..AccountFilter::default() };
    let query = AccountQuery { filter, after: None, limit: 100 };
    let page = store.account_page(query).await.unwrap();
    page.rows.into_iter().find(|state| state.id == *id).unwrap()
}

async fn of_kind(store: &impl Ports, kind: EntryKind) -> Vec<Entry> {
    let query = EntryQuery { kind: Some(kind), limit: 100, ..EntryQuery::default() };
    store.entries(query).await.unwrap().rows
}

async fn place(store: &impl Ports, reason: Reason) -> i64 {
    of_kind(store, EntryKind::Reason(reason)).await[0].place
}

async fn correct(store: &impl Ports, remedy: Remedy) -> Result<(), StoreError> {
    let (why, author) = ("the provider said so".into(), "key_admin".into());
    let correction = Correction { at: NOW, remedy, why, author };
    store.apply(vec![Change::CorrectLedger(correction)], vec![]).await
}

fn reason(key: &str, reason: Reason, hold: i64, cost: i64) -> Posting {
    Posting { reason, ..posting(key, hold, cost) }
}

/// An orphan of 40, an overage of 30 in 130, and 25 in order; 100 of 1,000 leased and 70 forfeited.
async fn eventful(store: &impl Ports) {
    limit(store, &project(), 1000).await;
    grant(store, &project(), 70).await.unwrap();
    store.forfeit(holder(), NOW).await.unwrap();
    grant(store, &project(), 265).await.unwrap();
    let orphan = reason("key_1", Reason::Orphan, 40, 40);
    let postings = vec![posting("key_1", 25, 25), posting("key_2", 100, 130), orphan];
    store.post(batch(1, postings)).await.unwrap();
}

pub(crate) async fn accounts_are_walked_with_holds_and_what_is_out_of_the_ordinary(
    store: &impl Ports,
) {
    eventful(store).await;
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let query = AccountQuery { filter: AccountFilter::default(), after, limit: 2 };
        let page = store.account_page(query).await.unwrap();
        seen.extend(page.rows.iter().map(|state| state.id.clone()));
        after = page.rows.last().map(|state| state.id.clone());
        if !page.has_more {
            break;
        }
    }
    // Two keys, a user, a project and an organization, in three periods each.
    assert_eq!(seen.len(), 15);
    assert!(seen.windows(2).all(|pair| pair[0].scope.kind.as_str() <= pair[1].scope.kind.as_str()));

    let month = state(store, &project()).await;
    assert_eq!((month.row.limit, month.row.posted), (Some(Nanos(1000)), Nanos(265)));
    assert_eq!(month.holds, [(holder(), Nanos(100))]);
    assert_eq!((month.orphans, month.orphaned, month.forfeited), (1, Nanos(40), Nanos(70)));
    assert_eq!((month.row.overage, month.corrected), (Nanos(30), Nanos(0)));
    let day = state(store, &of_project(PeriodKind::Day)).await;
    assert_eq!((day.row.limit, day.forfeited, day.orphaned), (None, Nanos(0), Nanos(40)));

    let december = Timestamp(MONTH_END.0 + 1000);
    for (at, count) in [(NOW, 3), (MONTH_END, 2), (december, 1)] {
        let filter = AccountFilter {
            scope: Some(project().scope),
            at: Some(at),
            ..AccountFilter::default()
        };
        let query = AccountQuery { filter, after: None, limit: 100 };
        assert_eq!(store.account_page(query).await.unwrap().rows.len(), count);
    }
}

pub(crate) async fn entries_are_walked_newest_first_by_scope_period_and_kind(store: &impl Ports) {
    eventful(store).await;
    let ask = |query: EntryQuery| async move {
        let page = store.entries(EntryQuery { limit: 100, ..query }).await.unwrap();
        assert_eq!(page.next, None);
        page.rows.iter().map(|entry| (entry.reason, entry.cost.0)).collect::<Vec<_>>()
    };
    use Reason::{Forfeit, Orphan, Settled};
    let mut all = ask(EntryQuery::default()).await;
    assert_eq!(all.pop(), Some((Forfeit, 70)), "the oldest");
    all.sort_unstable();
    assert_eq!(all, [(Settled, 25), (Settled, 130), (Orphan, 40)]);
    let scope = |id: &str, kind| Some(ScopeId { kind, id: id.into() });
    let key = ask(EntryQuery { scope: scope("key_2", ScopeKind::ApiKey), ..Default::default() });
    assert_eq!(key.await, [(Settled, 130)]);
    for (period, forfeits) in [(PeriodKind::Month, 1), (PeriodKind::Day, 0), (PeriodKind::Total, 0)]
    {
        let period = Some(period.around(NOW));
        let scope = scope("proj_1", ScopeKind::Project);
        let found = ask(EntryQuery { scope, period, ..Default::default() }).await;
        assert_eq!((found.len(), forfeits), (3 + forfeits, forfeits));
    }
    for (kind, costs) in [
        (EntryKind::Overage, vec![130]),
        (EntryKind::Reason(Orphan), vec![40]),
        (EntryKind::Reason(Reason::Correction), vec![]),
    ] {
        let found: Vec<i64> = of_kind(store, kind).await.iter().map(|entry| entry.cost.0).collect();
        assert_eq!(found, costs);
    }
    let orphan = of_kind(store, EntryKind::Reason(Orphan)).await.remove(0);
    assert_eq!((orphan.request.as_deref(), orphan.attempts), (Some("req_key_1"), 1));
    let (mut places, mut before) = (Vec::new(), None);
    loop {
        let query = EntryQuery { before, limit: 1, ..EntryQuery::default() };
        let page = store.entries(query).await.unwrap();
        places.extend(page.rows.iter().map(|entry| entry.place));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(places.len(), 4);
    assert!(places.is_sorted_by(|a, b| a > b));
}

pub(crate) async fn an_orphan_is_taken_back_once_and_in_every_account(store: &impl Ports) {
    eventful(store).await;
    let place = place(store, Reason::Orphan).await;
    for amount in [-41, 0, 1, i64::MIN] {
        let refused = correct(store, Remedy::Entry { place, amount: Nanos(amount) }).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{amount}");
    }
    correct(store, Remedy::Entry { place, amount: Nanos(-30) }).await.unwrap();
    let again = correct(store, Remedy::Entry { place, amount: Nanos(-1) }).await.unwrap_err();
    assert_eq!(again, StoreError::Conflict("it was corrected already".into()));
    for (kind, id, posted) in [
        (ScopeKind::ApiKey, "key_1", 35),
        (ScopeKind::ApiKey, "key_2", 130),
        (ScopeKind::User, "user-1", 165),
        (ScopeKind::Organization, "org-1", 165),
    ] {
        for period in PeriodKind::ALL {
            assert_eq!(row(store, &account(kind, id, period)).await.posted, Nanos(posted));
        }
    }
    let month = state(store, &project()).await;
    assert_eq!((month.row.posted, month.corrected), (Nanos(235), Nanos(-30)));
    // The correction stands beside what it corrects, and is none to be corrected itself.
    let entry = of_kind(store, EntryKind::Reason(Reason::Correction)).await.remove(0);
    let note = entry.correction.unwrap();
    assert_eq!((note.corrects, note.why.as_str()), (Some(place), "the provider said so"));
    assert_eq!((note.author.as_str(), entry.cost), ("key_admin", Nanos(-30)));
    let orphan = of_kind(store, EntryKind::Reason(Reason::Orphan)).await.remove(0);
    assert_eq!(orphan.corrected_by, Some(entry.place));
    let of_itself = Remedy::Entry { place: entry.place, amount: Nanos(-1) };
    assert!(correct(store, of_itself).await.is_err());
    balanced(store).await;
}

pub(crate) async fn overage_is_taken_back_first(store: &impl Ports) {
    eventful(store).await;
    let place = of_kind(store, EntryKind::Overage).await[0].place;
    correct(store, Remedy::Entry { place, amount: Nanos(-50) }).await.unwrap();
    let row = row(store, &project()).await;
    assert_eq!((row.posted, row.overage), (Nanos(215), Nanos(0)));
    balanced(store).await;
}

pub(crate) async fn a_forfeit_and_an_account_alone_are_corrected_alone(store: &impl Ports) {
    eventful(store).await;
    let day = of_project(PeriodKind::Day);
    let place = place(store, Reason::Forfeit).await;
    correct(store, Remedy::Entry { place, amount: Nanos(-70) }).await.unwrap();
    assert_eq!(row(store, &project()).await.posted, Nanos(195));
    assert_eq!(row(store, &day).await.posted, Nanos(195), "no forfeit was in it");
    for amount in [-5, 7] {
        let remedy = Remedy::Account { account: day.clone(), amount: Nanos(amount) };
        correct(store, remedy).await.unwrap();
    }
    assert_eq!(row(store, &day).await.posted, Nanos(197));
    assert_eq!(row(store, &of_project(PeriodKind::Total)).await.posted, Nanos(195));
    balanced(store).await;
}

pub(crate) async fn a_correction_that_cannot_be_changes_nothing(store: &impl Ports) {
    eventful(store).await;
    let account = project();
    for (remedy, found) in [
        (Remedy::Entry { place: 999, amount: Nanos(-1) }, false),
        (Remedy::Account { account: account.clone(), amount: Nanos(0) }, true),
        (Remedy::Account { account: account.clone(), amount: Nanos(-266) }, true),
        (
            Remedy::Account {
                account: AccountId {
                    scope: ScopeId { kind: ScopeKind::Project, id: "proj_9".into() },
                    ..account.clone()
                },
                amount: Nanos(1),
            },
            false,
        ),
    ] {
        match correct(store, remedy.clone()).await.unwrap_err() {
            StoreError::Conflict(_) => assert!(found, "{remedy:?}"),
            StoreError::NotFound => assert!(!found, "{remedy:?}"),
            other @ StoreError::Unavailable(_) => panic!("{remedy:?}: {other}"),
        }
    }
    // One account has less than the entry took from it: no account is touched.
    let user = super::account(ScopeKind::User, "user-1", PeriodKind::Total);
    let less = Remedy::Account { account: user.clone(), amount: Nanos(-190) };
    correct(store, less).await.unwrap();
    let place = place(store, Reason::Orphan).await;
    assert!(correct(store, Remedy::Entry { place, amount: Nanos(-40) }).await.is_err());
    assert_eq!(row(store, &user).await.posted, Nanos(5));
    assert_eq!(row(store, &project()).await.posted, Nanos(265));
    assert_eq!(of_kind(store, EntryKind::Reason(Reason::Correction)).await.len(), 1);
    balanced(store).await;
}

pub(crate) async fn corrections_of_calls_are_in_the_costs(store: &impl Ports) {
    eventful(store).await;
    let place = place(store, Reason::Orphan).await;
    correct(store, Remedy::Entry { place, amount: Nanos(-30) }).await.unwrap();
    let alone = Remedy::Account { account: project(), amount: Nanos(-7) };
    correct(store, alone).await.unwrap();
    let day = PeriodKind::Day.around(NOW);
    for (group, key) in
        [(GroupBy::default(), None), (GroupBy { key: true, ..GroupBy::default() }, Some("key_1"))]
    {
        let query = UsageQuery {
            families: Vec::new(),
            width: BucketWidth::Day,
            start: day.start,
            end: day.end.unwrap(),
            group,
            filter: UsageFilter::default(),
        };
        let buckets = store.report(query).await.unwrap();
        let [costs] = &*buckets[0].rows else { panic!("{buckets:?}") };
        assert_eq!((costs.cost.total(), costs.estimated_cost.total()), (Nanos(-30), Nanos(-30)));
        assert_eq!((costs.key.as_deref(), costs.requests), (key, 0));
    }
}
