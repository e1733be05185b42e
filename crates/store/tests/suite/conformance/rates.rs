use domain::ports::StoreError;
use domain::rate::{Measure, RateLimits, RateScope, UNLIMITED};
use domain::{Change, ScopeId, ScopeKind, Timestamp};

use super::Ports;
use crate::support::{apply, furnish, hash, key};

use Measure::{Concurrent, RequestsPerMinute, TokensPerMinute};

fn set(scope: RateScope, limits: &[(Measure, Option<u64>)]) -> Vec<Change> {
    vec![Change::SetRateLimits { scope, limits: limits.to_vec(), at: Timestamp(60) }]
}

fn project(id: &str) -> ScopeId {
    ScopeId { kind: ScopeKind::Project, id: id.into() }
}

pub(crate) async fn limits_are_set_one_by_one_and_lifted(store: &impl Ports) {
    furnish(store).await;
    let own = RateScope::project(&"proj_1".into());
    let model = |name: &str| RateScope::model(&"proj_1".into(), name);
    let most = i64::MAX.unsigned_abs();
    apply(store, set(model("o3"), &[(RequestsPerMinute, Some(0)), (TokensPerMinute, Some(most))]))
        .await;
    apply(store, set(own.clone(), &[(Concurrent, Some(4))])).await;
    apply(store, set(model("gpt-4o"), &[(RequestsPerMinute, Some(7))])).await;
    apply(store, set(model("o3"), &[(RequestsPerMinute, Some(5))])).await;
    let limits = RateLimits::default();
    assert_eq!(
        store.rate_limits(project("proj_1")).await.unwrap(),
        [
            (None, limits.with(Concurrent, 4)),
            (Some("gpt-4o".to_owned()), limits.with(RequestsPerMinute, 7)),
            (Some("o3".to_owned()), limits.with(RequestsPerMinute, 5).with(TokensPerMinute, most)),
        ]
    );
    assert!(store.rate_limits(project("proj_2")).await.unwrap().is_empty());
    let lifted = [(RequestsPerMinute, None), (TokensPerMinute, Some(UNLIMITED))];
    apply(store, set(model("o3"), &lifted)).await;
    apply(store, vec![Change::ClearRateLimits(own.clone())]).await;
    apply(store, vec![Change::ClearRateLimits(own)]).await;
    let left = store.rate_limits(project("proj_1")).await.unwrap();
    assert_eq!(left, [(Some("gpt-4o".to_owned()), limits.with(RequestsPerMinute, 7))]);
}

pub(crate) async fn a_secret_comes_with_the_limits_that_its_calls_meet(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    apply(store, vec![Change::CreateKey(key("key_2", "proj_2", 2))]).await;
    let rates = async |number| store.find_secret(hash(number)).await.unwrap().unwrap().rates;
    assert!(rates(1).await.is_none() && rates(2).await.is_none());
    apply(store, set(RateScope::key(&"key_1".into()), &[(RequestsPerMinute, Some(3))])).await;
    apply(store, set(RateScope::model(&"proj_1".into(), "o3"), &[(Concurrent, Some(1))])).await;
    let found = rates(1).await.unwrap();
    assert_eq!(found.key.get(RequestsPerMinute), Some(3));
    assert_eq!(found.project.model("o3").unwrap().1.get(Concurrent), Some(1));
    assert!(found.project.all.is_empty());
    assert!(rates(2).await.is_none());
}

pub(crate) async fn limits_need_a_live_scope(store: &impl Ports) {
    furnish(store).await;
    let refused =
        async |scope| store.apply(set(scope, &[(Concurrent, Some(1))]), vec![]).await.unwrap_err();
    assert_eq!(refused(RateScope::key(&"key_9".into())).await, StoreError::NotFound);
    assert_eq!(refused(RateScope::project(&"proj_9".into())).await, StoreError::NotFound);
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let end = Change::RevokeKey { id: "key_1".into(), at: Timestamp(70) };
    apply(store, vec![end]).await;
    assert_eq!(refused(RateScope::key(&"key_1".into())).await, StoreError::NotFound);
    apply(store, vec![Change::ArchiveProject { id: "proj_1".into(), at: Timestamp(70) }]).await;
    let archived = refused(RateScope::project(&"proj_1".into())).await;
    assert!(matches!(archived, StoreError::Conflict(_)), "{archived}");
    let user = ScopeId { kind: ScopeKind::User, id: "user-1".into() };
    let user = refused(RateScope { scope: user, model: None }).await;
    assert!(matches!(user, StoreError::Conflict(_)), "{user}");
}
