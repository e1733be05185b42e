use domain::ports::StoreError;
use domain::{
    Calendar, Change, Delivery, LadderQuery, LimitRules, Message, Nanos, Order, PageQuery,
    PeriodKind, ScopeId, ScopeKind, SpendAlert, SpendLimit, Timestamp, Webhook,
};

use super::Ports;
use crate::support::{apply, first, furnish, key};

fn scope(kind: ScopeKind, id: &str) -> ScopeId {
    ScopeId { kind, id: id.into() }
}

fn limit(scope: &ScopeId, period: PeriodKind, amount: i64) -> SpendLimit {
    SpendLimit {
        scope: scope.clone(),
        period,
        amount: Nanos(amount),
        rules: LimitRules::default(),
        calendar: Calendar::default(),
        updated_at: Timestamp(7),
    }
}

fn alert(id: &str, scope: &ScopeId) -> SpendAlert {
    SpendAlert {
        id: id.into(),
        scope: scope.clone(),
        period: PeriodKind::Month,
        threshold: Nanos(5),
        recipients: vec!["a@example.com".into(), "\"b, c\"@example.com".into()],
        subject_prefix: Some("Tollgate".into()),
        webhook: Some(Webhook { url: "https://example.com/".into(), sealed_secret: vec![0, 255] }),
        created_at: Timestamp(3),
        fired_start: None,
    }
}

fn deliveries(id: &str, at: i64) -> Vec<Delivery> {
    let mail = Message::Email {
        to: "a@example.com".into(),
        subject: "s".into(),
        text: "t".into(),
        sealed_link: None,
    };
    let hook = Message::Webhook {
        url: "https://example.com/".into(),
        sealed_secret: vec![1, 0],
        body: "{}".into(),
    };
    let made = |name, message| Delivery {
        id: format!("msg_{id}_{name}").into(),
        message,
        created_at: Timestamp(at),
    };
    vec![made("mail", mail), made("hook", hook)]
}

pub(crate) async fn a_limit_is_one_for_a_scope_and_period(store: &impl Ports) {
    let project = scope(ScopeKind::Project, "proj_1");
    let put = |limit| vec![Change::PutSpendLimit(limit)];
    apply(store, put(limit(&project, PeriodKind::Month, 5))).await;
    apply(store, put(limit(&project, PeriodKind::Month, 9))).await;
    apply(store, put(limit(&project, PeriodKind::Day, 1))).await;
    // The same id as another kind of scope is another scope.
    apply(store, put(limit(&scope(ScopeKind::User, "proj_1"), PeriodKind::Month, 2))).await;
    let amounts = |found: Vec<SpendLimit>| found.iter().map(|l| l.amount.0).collect::<Vec<_>>();
    assert_eq!(amounts(store.spend_limits(Some(project.clone())).await.unwrap()), [1, 9]);
    assert_eq!(amounts(store.spend_limits(None).await.unwrap()), [1, 9, 2]);

    let remove = || {
        let scope = scope(ScopeKind::Project, "proj_1");
        vec![Change::RemoveSpendLimit { scope, period: PeriodKind::Month }]
    };
    apply(store, remove()).await;
    assert_eq!(store.apply(remove(), vec![]).await, Err(StoreError::NotFound));
    assert_eq!(amounts(store.spend_limits(Some(project)).await.unwrap()), [1]);
}

pub(crate) async fn the_ladder_of_limits_comes_in_parts_from_its_top(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let all = [
        (ScopeKind::Organization, "org_1", PeriodKind::Month),
        (ScopeKind::Project, "proj_0", PeriodKind::Month),
        (ScopeKind::Project, "proj_1", PeriodKind::Day),
        (ScopeKind::Project, "proj_1", PeriodKind::Month),
        (ScopeKind::User, "user-1", PeriodKind::Month),
        // Of no key that lives.
        (ScopeKind::ApiKey, "key_0", PeriodKind::Month),
        (ScopeKind::ApiKey, "key_1", PeriodKind::Day),
        (ScopeKind::ApiKey, "key_1", PeriodKind::Total),
    ];
    for (kind, id, period) in all.into_iter().rev() {
        apply(store, vec![Change::PutSpendLimit(limit(&scope(kind, id), period, 5))]).await;
    }
    let over = |project: &str| -> Vec<_> {
        let mine = |(kind, id): (ScopeKind, &str)| match kind {
            ScopeKind::Organization => true,
            ScopeKind::Project => id == project,
            ScopeKind::User => false,
            ScopeKind::ApiKey => id == "key_1",
        };
        all.into_iter().filter(|(kind, id, _)| mine((*kind, id))).collect()
    };
    for (project, wanted) in [(None, all.to_vec()), (Some("proj_1"), over("proj_1"))] {
        for part in 1..=u32::try_from(all.len()).unwrap() + 1 {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let project = project.map(Into::into);
                let query = LadderQuery { project, after: after.take(), limit: part };
                let rungs = store.ladder(query).await.unwrap();
                assert!(rungs.len() <= part as usize);
                let Some(last) = rungs.last() else { break };
                after = Some((last.scope.clone(), last.period));
                found.extend(rungs);
            }
            let found: Vec<_> =
                found.iter().map(|it| (it.scope.kind, &*it.scope.id, it.period)).collect();
            assert_eq!(found, wanted, "{project:?}, {part} at once");
        }
    }
}

pub(crate) async fn limits_come_back_as_they_went_in(store: &impl Ports) {
    let scope = scope(ScopeKind::ApiKey, "key_1");
    let rules = LimitRules {
        clamp_output: false,
        allow_unbounded: true,
        default_max_output: Some(i64::MAX.cast_unsigned()),
        elastic: true,
    };
    // Case 55: nothing passes, and the largest amount.
    let zero = SpendLimit { rules, ..limit(&scope, PeriodKind::Total, 0) };
    let largest = limit(&scope, PeriodKind::Day, i64::MAX);
    let changes = [&zero, &largest].map(|limit| Change::PutSpendLimit(limit.clone()));
    apply(store, changes.into()).await;
    assert_eq!(store.spend_limits(Some(scope.clone())).await.unwrap(), [largest, zero]);
    let negative = vec![Change::PutSpendLimit(limit(&scope, PeriodKind::Month, -1))];
    let refused = store.apply(negative, vec![]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
}

pub(crate) async fn an_alert_is_listed_changed_and_removed(store: &impl Ports) {
    let (one, other) = (scope(ScopeKind::Project, "p"), scope(ScopeKind::Organization, "p"));
    for made in [alert("alert_2", &one), alert("alert_1", &one), alert("alert_3", &other)] {
        apply(store, vec![Change::PutSpendAlert(made)]).await;
    }
    let page = store.spend_alerts(one.clone(), first(1)).await.unwrap();
    assert!(page.has_more);
    assert_eq!(page.rows, [alert("alert_2", &one)]);
    let newest = PageQuery { limit: 9, after: None, order: Order::Descending };
    let page = store.spend_alerts(one.clone(), newest).await.unwrap();
    let ids: Vec<_> = page.rows.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids, ["alert_1", "alert_2"]);
    assert_eq!(store.all_spend_alerts().await.unwrap().len(), 3);

    let changed = SpendAlert {
        threshold: Nanos(6),
        recipients: vec![],
        subject_prefix: None,
        webhook: None,
        ..alert("alert_1", &one)
    };
    apply(store, vec![Change::PutSpendAlert(changed.clone())]).await;
    assert_eq!(store.spend_alert("alert_1".into()).await.unwrap(), Some(changed));
    let remove = || vec![Change::RemoveSpendAlert("alert_1".into())];
    apply(store, remove()).await;
    assert_eq!(store.spend_alert("alert_1".into()).await.unwrap(), None);
    assert_eq!(store.apply(remove(), vec![]).await, Err(StoreError::NotFound));
}

pub(crate) async fn an_alert_fires_once_a_period(store: &impl Ports) {
    let project = scope(ScopeKind::Project, "p");
    apply(store, vec![Change::PutSpendAlert(alert("alert_1", &project))]).await;
    let fire = |start, name: &str| {
        let deliveries = deliveries(name, 10);
        vec![Change::FireAlert { id: "alert_1".into(), period_start: start, deliveries }]
    };
    let waiting = async || store.waiting_deliveries(Timestamp(10), 9).await.unwrap().len();
    apply(store, fire(100, "a")).await;
    apply(store, fire(100, "b")).await;
    // An earlier period, as a clock that went back would name it.
    apply(store, fire(50, "c")).await;
    assert_eq!(waiting().await, 2);
    assert_eq!(store.all_spend_alerts().await.unwrap()[0].fired_start, Some(100));
    apply(store, fire(101, "d")).await;
    assert_eq!(waiting().await, 4);
    apply(store, vec![Change::RemoveSpendAlert("alert_1".into())]).await;
    apply(store, fire(102, "e")).await;
    assert_eq!(waiting().await, 4);
}

pub(crate) async fn a_delivery_waits_for_its_next_try_and_ends(store: &impl Ports) {
    let project = scope(ScopeKind::Project, "p");
    let made = deliveries("a", 10);
    let fire =
        Change::FireAlert { id: "alert_1".into(), period_start: 1, deliveries: made.clone() };
    apply(store, vec![Change::PutSpendAlert(alert("alert_1", &project)), fire]).await;
    assert!(store.waiting_deliveries(Timestamp(9), 9).await.unwrap().is_empty());
    let found = store.waiting_deliveries(Timestamp(10), 1).await.unwrap();
    assert_eq!((&found[0].delivery, found[0].attempts, found.len()), (&made[0], 0, 1));

    let id = || made[0].id.clone();
    let retry = Change::RetryDelivery { id: id(), attempts: 1, next_at: Timestamp(20) };
    apply(store, vec![retry]).await;
    let found = store.waiting_deliveries(Timestamp(19), 9).await.unwrap();
    assert_eq!((found.len(), &found[0].delivery), (1, &made[1]));
    let found = store.waiting_deliveries(Timestamp(20), 9).await.unwrap();
    assert_eq!((found.len(), found[0].attempts), (2, 1));
    apply(store, vec![Change::EndDelivery(id())]).await;
    let again = store.apply(vec![Change::EndDelivery(id())], vec![]).await;
    assert_eq!(again, Err(StoreError::NotFound));
    assert_eq!(store.waiting_deliveries(Timestamp(20), 9).await.unwrap().len(), 1);
}
