use domain::ports::StoreError;
use domain::route::{MaxPrice, Reasons, Route, Share, ShareBy, Target, When};
use domain::{
    Actor, AuditEntry, Change, Organization, Role, SealedCredential, Timestamp, Upstream,
    UpstreamSource,
};

use super::Ports;
use crate::support::{account, account_key, apply, first, furnish, hash, key, project, user};

pub(crate) async fn the_organization_is_one(store: &impl Ports) {
    assert!(store.organization().await.unwrap().is_none());
    let organization =
        |id: &str| Organization { id: id.into(), name: "Ours".into(), created_at: Timestamp(5) };
    apply(store, vec![Change::CreateOrganization(organization("org-1"))]).await;
    let second = vec![Change::CreateOrganization(organization("org-2"))];
    let refused = store.apply(second, vec![]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    let found = store.organization().await.unwrap().unwrap();
    assert_eq!(
        (found.id.as_str(), &*found.name, found.created_at),
        ("org-1", "Ours", Timestamp(5))
    );
}

pub(crate) async fn the_owner_is_the_oldest_user_with_that_role(store: &impl Ports) {
    assert!(store.owner().await.unwrap().is_none());
    let users = [("user-9", Role::Member), ("user-5", Role::Owner), ("user-1", Role::Owner)];
    for (id, role) in users {
        apply(store, vec![Change::CreateUser(user(id, role))]).await;
    }
    assert_eq!(store.owner().await.unwrap().unwrap().id.as_str(), "user-5");
    let member = store.user("user-9".into()).await.unwrap().unwrap();
    assert_eq!((member.role, &*member.email), (Role::Member, "user-9@example.com"));
    assert!(store.user("user-2".into()).await.unwrap().is_none());
}

pub(crate) async fn a_project_is_changed_and_archived(store: &impl Ports) {
    furnish(store).await;
    let update = |name: Option<&str>, external_key_id| Change::UpdateProject {
        id: "proj_1".into(),
        name: name.map(str::to_owned),
        external_key_id,
    };
    apply(store, vec![update(Some("New"), Some(Some("ext".to_owned())))]).await;
    apply(store, vec![update(None, None)]).await;
    let found = store.project("proj_1".into()).await.unwrap().unwrap();
    assert_eq!((&*found.name, found.external_key_id.as_deref()), ("New", Some("ext")));
    apply(store, vec![update(None, Some(None))]).await;
    let found = store.project("proj_1".into()).await.unwrap().unwrap();
    assert_eq!((&*found.name, found.external_key_id), ("New", None));

    let archive = || vec![Change::ArchiveProject { id: "proj_1".into(), at: Timestamp(99) }];
    apply(store, archive()).await;
    let found = store.project("proj_1".into()).await.unwrap().unwrap();
    assert_eq!(found.archived_at, Some(Timestamp(99)));
    for refused in [vec![update(Some("Newer"), None)], archive()] {
        let refused = store.apply(refused, vec![]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    }
    let nowhere = vec![Change::ArchiveProject { id: "proj_9".into(), at: Timestamp(99) }];
    assert_eq!(store.apply(nowhere, vec![]).await, Err(StoreError::NotFound));
}

pub(crate) async fn the_last_project_is_not_archived(store: &impl Ports) {
    furnish(store).await;
    let archive = |id: &str| vec![Change::ArchiveProject { id: id.into(), at: Timestamp(99) }];
    apply(store, archive("proj_2")).await;
    let refused = store.apply(archive("proj_1"), vec![]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    apply(store, vec![Change::CreateProject(crate::support::project("proj_3"))]).await;
    apply(store, archive("proj_1")).await;
}

pub(crate) async fn an_archived_project_refuses_keys_and_accounts(store: &impl Ports) {
    furnish(store).await;
    let made = vec![
        Change::CreateServiceAccount(account("svc_1", "proj_1")),
        Change::CreateKey(account_key("key_1", "proj_1", "svc_1", 1)),
        Change::ArchiveProject { id: "proj_1".into(), at: Timestamp(99) },
    ];
    apply(store, made).await;
    let view = store.find_secret(hash(1)).await.unwrap().unwrap();
    assert!(view.project_archived && !view.revoked);
    assert!(store.service_account("svc_1".into()).await.unwrap().is_none());
    assert!(store.service_accounts("proj_1".into(), first(10)).await.unwrap().rows.is_empty());

    let refused = [
        Change::CreateServiceAccount(account("svc_2", "proj_1")),
        Change::UpdateServiceAccount { id: "svc_1".into(), name: None, role: None },
        Change::CreateKey(key("key_2", "proj_1", 2)),
        Change::UpdateKey { id: "key_1".into(), name: None, policy: None, expires_at: None },
        Change::RotateKey {
            id: "key_1".into(),
            secret: crate::support::secret(3),
            old_end_at: Timestamp(100),
        },
    ];
    for change in refused {
        let refused = store.apply(vec![change], vec![]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    }
    // To take away is always allowed.
    apply(store, vec![Change::RevokeKey { id: "key_1".into(), at: Timestamp(100) }]).await;
}

pub(crate) async fn a_service_account_is_changed_and_deleted(store: &impl Ports) {
    furnish(store).await;
    let made = vec![
        Change::CreateServiceAccount(account("svc_1", "proj_1")),
        Change::CreateServiceAccount(account("svc_2", "proj_1")),
        Change::CreateKey(account_key("key_1", "proj_1", "svc_1", 1)),
        Change::CreateKey(account_key("key_2", "proj_1", "svc_2", 2)),
    ];
    apply(store, made).await;
    let update = |role| Change::UpdateServiceAccount {
        id: "svc_1".into(),
        name: Some("Robot".into()),
        role: Some(role),
    };
    apply(store, vec![update(Role::Owner)]).await;
    let found = store.service_account("svc_1".into()).await.unwrap().unwrap();
    assert_eq!(
        (&*found.name, found.role, found.project.as_str()),
        ("Robot", Role::Owner, "proj_1")
    );

    let delete = || vec![Change::DeleteServiceAccount { id: "svc_1".into(), at: Timestamp(99) }];
    apply(store, delete()).await;
    assert!(store.service_account("svc_1".into()).await.unwrap().is_none());
    assert!(store.find_secret(hash(1)).await.unwrap().unwrap().revoked);
    assert!(!store.find_secret(hash(2)).await.unwrap().unwrap().revoked);
    let key = store.key("key_1".into()).await.unwrap().unwrap();
    assert_eq!(key.revoked_at, Some(Timestamp(99)));
    assert_eq!(store.apply(delete(), vec![]).await, Err(StoreError::NotFound));
    let late = vec![update(Role::Member)];
    assert_eq!(store.apply(late, vec![]).await, Err(StoreError::NotFound));
    let late = vec![Change::CreateKey(account_key("key_3", "proj_1", "svc_1", 3))];
    assert_eq!(store.apply(late, vec![]).await, Err(StoreError::NotFound));
}

pub(crate) async fn a_list_of_changes_is_all_or_nothing(store: &impl Ports) {
    furnish(store).await;
    let changes = vec![
        Change::CreateProject(project("proj_3")),
        Change::CreateKey(key("key_1", "proj_3", 1)),
        Change::RevokeKey { id: "key_9".into(), at: Timestamp(1) },
    ];
    assert_eq!(store.apply(changes, vec![]).await, Err(StoreError::NotFound));
    assert!(store.project("proj_3".into()).await.unwrap().is_none());
    assert!(store.key("key_1".into()).await.unwrap().is_none());
    assert!(store.find_secret(hash(1)).await.unwrap().is_none());
}

pub(crate) async fn audit_lines_are_in_the_same_transaction(store: &impl Ports) {
    let entry = || AuditEntry {
        id: "audit_log-1".into(),
        at: Timestamp(7),
        event: "project.created",
        actor: Actor::AdminKey("key_1".into()),
        project: Some("proj_1".into()),
        payload: r#"{"name":"x"}"#.into(),
        resource: None,
        request: Some("req_1".into()),
        address: Some("127.0.0.1".into()),
    };
    let make = |id| vec![Change::CreateProject(project(id))];
    store.apply(make("proj_1"), vec![entry()]).await.unwrap();
    // The same line again is refused, and its change with it.
    let refused = store.apply(make("proj_2"), vec![entry()]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    assert!(store.project("proj_2".into()).await.unwrap().is_none());
    let system = AuditEntry { id: "audit_log-2".into(), actor: Actor::System, ..entry() };
    store.apply(vec![], vec![AuditEntry { request: None, address: None, ..system }]).await.unwrap();
}

pub(crate) async fn upstreams_are_put_and_removed(store: &impl Ports) {
    let credential = |id: &str, weight| SealedCredential {
        id: id.into(),
        sealed: vec![0, 159, 146, 150],
        last_four: "wxyz".into(),
        weight,
        created_at: Timestamp(4),
    };
    let upstream = |id: &str, name: &str| Upstream {
        id: id.into(),
        name: name.into(),
        provider: "openai".into(),
        base_url: "https://api.openai.com/v1".into(),
        credentials: vec![credential(&format!("{id}_a"), 0), credential(&format!("{id}_b"), 3)],
        source: UpstreamSource::Environment,
        enabled: true,
        api_version: Some("preview".into()),
        headers: vec![("x-title".into(), "é \"q\"".into())],
        unowned_project: Some("proj_1".into()),
        created_at: Timestamp(3),
    };
    let put = |upstream| vec![Change::PutUpstream(upstream)];
    apply(store, put(upstream("up_2", "openai"))).await;
    apply(store, put(upstream("up_1", "other"))).await;
    let changed = Upstream {
        base_url: "http://127.0.0.1:1/v1".into(),
        credentials: vec![credential("up_2_b", 1)],
        source: UpstreamSource::Api,
        enabled: false,
        api_version: None,
        headers: Vec::new(),
        ..upstream("up_2", "openai")
    };
    apply(store, put(changed.clone())).await;
    let found = store.upstreams().await.unwrap();
    let ids: Vec<_> = found.iter().map(|u| u.id.as_str()).collect();
    assert_eq!(ids, ["up_2", "up_1"]);
    assert_eq!(found, [changed, upstream("up_1", "other")]);

    let taken = store.apply(put(upstream("up_3", "openai")), vec![]).await.unwrap_err();
    assert!(matches!(taken, StoreError::Conflict(_)), "{taken}");
    let remove = || vec![Change::RemoveUpstream("up_2".into())];
    apply(store, remove()).await;
    assert_eq!(store.apply(remove(), vec![]).await, Err(StoreError::NotFound));
    assert_eq!(store.upstreams().await.unwrap().len(), 1);
}

pub(crate) async fn routes_are_put_and_removed(store: &impl Ports) {
    let target = |model: Option<&str>, on, max_price| Target {
        model: model.map(Into::into),
        weight: 7,
        step: 2,
        on,
        max_price,
        ..Target::at("openai")
    };
    let share = Share { percent: 30, by: ShareBy::Call };
    let when = When { share: Some(share), max_input_tokens: Some(9), ..When::default() };
    let ruled = When { near_limit: Some(80), tools: Some(false), ..When::default() };
    let most = MaxPrice { input: Some(u64::MAX), output: None };
    let route = |id: &str, project: Option<&str>, model: &str| Route {
        id: id.into(),
        project: project.map(Into::into),
        model: model.into(),
        aliases: vec!["quick".into(), "fast".into()],
        targets: vec![
            target(Some("gpt-4o"), Reasons::ALL, Some(most)),
            target(None, Reasons::NONE, None),
            Target { when: Some(Box::new(when)), ..Target::at("a") },
            Target { when: Some(Box::new(ruled)), ..Target::at("b") },
            Target { shadow: Some(5), ..Target::at("c") },
        ],
        deny: false,
        deny_upstreams: vec!["other".into()],
        cache: domain::RouteCache { ttl_seconds: Some(60), ..Default::default() },
        source: UpstreamSource::File,
        created_at: Timestamp(5),
    };
    let put = |route: &Route| vec![Change::PutRoute(route.clone())];
    let first = route("route_2", None, "m");
    let denies = Route { targets: vec![], deny: true, ..route("route_1", Some("proj_1"), "m") };
    apply(store, put(&first)).await;
    apply(store, put(&denies)).await;
    assert_eq!(store.routes().await.unwrap(), [first.clone(), denies.clone()]);
    // One name leads to one route, for a project as for the organization.
    for taken in [route("route_3", None, "m"), route("route_3", Some("proj_1"), "m")] {
        let refused = store.apply(put(&taken), vec![]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
    }
    let changed = Route { source: UpstreamSource::Api, ..route("route_2", None, "other*") };
    apply(store, put(&changed)).await;
    let remove = || vec![Change::RemoveRoute("route_1".into())];
    apply(store, remove()).await;
    assert_eq!(store.apply(remove(), vec![]).await, Err(StoreError::NotFound));
    assert_eq!(store.routes().await.unwrap(), [changed]);
}

pub(crate) async fn meta_is_put_and_replaced(store: &impl Ports) {
    assert_eq!(store.meta("vault").await, Ok(None));
    let put = |name, value: &[u8]| vec![Change::PutMeta { name, value: value.to_vec() }];
    apply(store, put("vault", &[0, 255])).await;
    apply(store, put("vault", &[1, 2, 3])).await;
    assert_eq!(store.meta("vault").await, Ok(Some(vec![1, 2, 3])));
    let refused = store.apply(put("schema_version", b"7"), vec![]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
}
