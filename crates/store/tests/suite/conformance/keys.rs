use domain::ports::StoreError;
use domain::{Change, Key, KeyKind, KeyPolicy, ModelPattern, Owner, Permission, Timestamp};

use super::Ports;
use crate::support::{
    account, account_key, admin_key, apply, first, furnish, hash, key, secret, user,
};

fn strict() -> KeyPolicy {
    KeyPolicy {
        permission: Permission::Restricted(vec!["api.chat.request".into(), "un\"known".into()]),
        models: Some(vec![ModelPattern("gpt-4*".into()), ModelPattern("o3".into())]),
        networks: Some(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/16".parse().unwrap()]),
    }
}

pub(crate) async fn a_key_comes_back_as_it_went_in(store: &impl Ports) {
    furnish(store).await;
    let policies = [
        KeyPolicy::default(),
        KeyPolicy { permission: Permission::ReadOnly, ..KeyPolicy::default() },
        KeyPolicy { models: Some(vec![]), networks: Some(vec![]), ..KeyPolicy::default() },
        strict(),
    ];
    for (n, policy) in (1..).zip(policies) {
        let id = format!("key_{n}");
        let made = Key { policy, expires_at: Some(Timestamp(77)), ..key(&id, "proj_1", n) };
        apply(store, vec![Change::CreateKey(made.clone())]).await;
        let found = store.key(id.into()).await.unwrap().unwrap();
        assert_eq!(format!("{found:?}"), format!("{made:?}"));
    }
    assert!(store.key("key_9".into()).await.unwrap().is_none());
}

pub(crate) async fn a_secret_is_found_with_all_that_admission_needs(store: &impl Ports) {
    furnish(store).await;
    assert!(store.find_secret(hash(1)).await.unwrap().is_none());
    let made =
        Key { policy: strict(), expires_at: Some(Timestamp(88)), ..key("key_1", "proj_1", 1) };
    let changes = vec![
        Change::CreateServiceAccount(account("svc_1", "proj_2")),
        Change::CreateKey(made),
        Change::CreateKey(account_key("key_2", "proj_2", "svc_1", 2)),
        Change::CreateKey(admin_key("key_3", 3)),
    ];
    apply(store, changes).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert_eq!((view.id.as_str(), view.kind), ("key_1", KeyKind::Project));
    assert_eq!((view.project, view.owner), (Some("proj_1".into()), Owner::User("user-1".into())));
    assert_eq!((view.policy, view.expires_at), (strict(), Some(Timestamp(88))));
    assert_eq!((view.secret_ends_at, view.revoked, view.project_archived), (None, false, false));
    let view = store.find_secret(hash(2)).await.unwrap().unwrap();
    assert_eq!(view.owner, Owner::ServiceAccount("svc_1".into()));
    let view = store.find_secret(hash(3)).await.unwrap().unwrap();
    assert_eq!((view.kind, view.project), (KeyKind::Admin, None));
}

pub(crate) async fn a_taken_id_or_secret_is_a_conflict(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let taken = [
        Change::CreateKey(key("key_1", "proj_1", 2)),
        Change::CreateKey(key("key_2", "proj_1", 1)),
        Change::CreateUser(user("user-1", domain::Role::Owner)),
        Change::CreateKey(Key { secrets: vec![], ..key("key_3", "proj_1", 3) }),
        Change::CreateKey(Key { project: None, ..key("key_3", "proj_1", 3) }),
    ];
    for change in taken {
        let refused = store.apply(vec![change], vec![]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    }
    assert_eq!(store.find_secret(hash(1)).await.unwrap().unwrap().id.as_str(), "key_1");
    assert!(store.key("key_2".into()).await.unwrap().is_none());
}

pub(crate) async fn a_key_needs_its_owner_and_project(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateServiceAccount(account("svc_1", "proj_1"))]).await;
    let nobody = Key { owner: Owner::User("user-9".into()), ..key("key_1", "proj_1", 1) };
    for made in [key("key_1", "proj_9", 1), nobody, account_key("key_1", "proj_1", "svc_9", 1)] {
        let refused = store.apply(vec![Change::CreateKey(made)], vec![]).await;
        assert_eq!(refused, Err(StoreError::NotFound));
    }
    let elsewhere = Change::CreateKey(account_key("key_1", "proj_2", "svc_1", 1));
    let refused = store.apply(vec![elsewhere], vec![]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
}

pub(crate) async fn a_key_is_updated_field_by_field(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let update = |name: Option<&str>, policy, expires_at| {
        let name = name.map(str::to_owned);
        vec![Change::UpdateKey { id: "key_1".into(), name, policy, expires_at }]
    };
    apply(store, update(Some("New"), None, None)).await;
    apply(store, update(None, Some(strict()), None)).await;
    apply(store, update(None, None, Some(Some(Timestamp(66))))).await;
    let found = store.key("key_1".into()).await.unwrap().unwrap();
    assert_eq!((&*found.name, found.policy), ("New", strict()));
    assert_eq!(found.expires_at, Some(Timestamp(66)));
    apply(store, update(None, Some(KeyPolicy::default()), Some(None))).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert_eq!((view.policy, view.expires_at), (KeyPolicy::default(), None));
}

pub(crate) async fn a_revoked_key_is_found_not_listed_and_not_changed(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let revoke = || Change::RevokeKey { id: "key_1".into(), at: Timestamp(55) };
    apply(store, vec![revoke()]).await;
    assert!(store.find_secret(hash(1)).await.unwrap().unwrap().revoked);
    let found = store.key("key_1".into()).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(Timestamp(55)));
    let listed = store.keys(Some("proj_1".into()), vec![KeyKind::Project], first(10)).await;
    assert!(listed.unwrap().rows.is_empty());
    let late = [
        revoke(),
        Change::UpdateKey { id: "key_1".into(), name: None, policy: None, expires_at: None },
        Change::RotateKey { id: "key_1".into(), secret: secret(2), old_end_at: Timestamp(1) },
        Change::EndOldSecrets { id: "key_1".into(), at: Timestamp(1) },
    ];
    for change in late {
        assert_eq!(store.apply(vec![change], vec![]).await, Err(StoreError::NotFound));
    }
}

async fn ends(store: &impl Ports, number: u64) -> Option<Timestamp> {
    store.find_secret(hash(number)).await.unwrap().unwrap().secret_ends_at
}

pub(crate) async fn a_rotation_ends_the_older_secrets_at_the_latest(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    // All secrets are of the same millisecond: only the order of their coming tells them apart.
    let rotate = |number, at| {
        let (id, secret) = ("key_1".into(), secret(number));
        vec![Change::RotateKey { id, secret, old_end_at: Timestamp(at) }]
    };
    apply(store, rotate(2, 500)).await;
    assert_eq!((ends(store, 1).await, ends(store, 2).await), (Some(Timestamp(500)), None));
    apply(store, rotate(3, 900)).await;
    assert_eq!(ends(store, 1).await, Some(Timestamp(500)));
    assert_eq!((ends(store, 2).await, ends(store, 3).await), (Some(Timestamp(900)), None));
    let found = store.key("key_1".into()).await.unwrap().unwrap();
    let order: Vec<_> = found.secrets.iter().map(|s| s.hash).collect();
    assert_eq!(order, [hash(3), hash(2), hash(1)]);
    let refused = store.apply(rotate(1, 900), vec![]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
}

pub(crate) async fn old_secrets_end_and_the_newest_stays(store: &impl Ports) {
    furnish(store).await;
    apply(store, vec![Change::CreateKey(key("key_1", "proj_1", 1))]).await;
    let end = |at| vec![Change::EndOldSecrets { id: "key_1".into(), at: Timestamp(at) }];
    apply(store, end(10)).await;
    assert_eq!(ends(store, 1).await, None);
    let (id, old_end_at) = ("key_1".into(), Timestamp(500));
    apply(store, vec![Change::RotateKey { id, secret: secret(2), old_end_at }]).await;
    apply(store, end(100)).await;
    assert_eq!((ends(store, 1).await, ends(store, 2).await), (Some(Timestamp(100)), None));
    apply(store, end(200)).await;
    assert_eq!(ends(store, 1).await, Some(Timestamp(100)));
}

pub(crate) async fn an_admin_key_is_registered_again_and_lives_again(store: &impl Ports) {
    furnish(store).await;
    let register = |id, number| vec![Change::RegisterAdminKey(admin_key(id, number))];
    apply(store, register("key_1", 1)).await;
    apply(store, register("key_2", 1)).await;
    assert!(store.key("key_2".into()).await.unwrap().is_none());
    let listed = store.keys(None, vec![KeyKind::Admin], first(10)).await.unwrap();
    assert_eq!(listed.rows.len(), 1);

    let (id, old_end_at) = ("key_1".into(), Timestamp(5));
    let rotate = Change::RotateKey { id, secret: secret(2), old_end_at };
    let revoke = Change::RevokeKey { id: "key_1".into(), at: Timestamp(6) };
    apply(store, vec![rotate, revoke]).await;
    apply(store, register("key_3", 1)).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert_eq!((view.id.as_str(), view.revoked, view.secret_ends_at), ("key_1", false, None));

    apply(store, vec![Change::CreateKey(key("key_4", "proj_1", 4))]).await;
    for wrong in [register("key_5", 4), vec![Change::RegisterAdminKey(key("key_6", "proj_1", 6))]] {
        let refused = store.apply(wrong, vec![]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    }
}
