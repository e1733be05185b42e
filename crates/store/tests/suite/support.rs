//! Short words for making things, and a store in a directory of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::ports::Records;
use domain::{
    Change, Clock, Key, KeyKind, KeyPolicy, KeySecret, ObjectKind, ObjectRecord, Order, Outcome,
    Owner, PageQuery, Project, Role, SecretHash, ServiceAccount, Timestamp, Tokens, UsageFamily,
    UsageRecord, User,
};
use store::Store;
use tempfile::TempDir;

/// A clock that steps a millisecond at each look.
pub(crate) struct Stepping(AtomicI64);

impl Clock for Stepping {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(Stepping(AtomicI64::new(1_700_000_000_000)))
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir, clock()).unwrap()
}

pub(crate) fn fresh() -> (TempDir, Store) {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    (dir, store)
}

pub(crate) fn user(id: &str, role: Role) -> User {
    User {
        id: id.into(),
        name: id.to_uppercase(),
        email: format!("{id}@example.com"),
        role,
        created_at: Timestamp(10),
        technical_level: None,
        developer_persona: None,
    }
}

pub(crate) fn project(id: &str) -> Project {
    Project {
        id: id.into(),
        name: format!("{id} name"),
        created_at: Timestamp(20),
        archived_at: None,
        external_key_id: None,
        residency: None,
    }
}

pub(crate) fn account(id: &str, project: &str) -> ServiceAccount {
    ServiceAccount {
        id: id.into(),
        project: project.into(),
        name: format!("{id} name"),
        role: Role::Member,
        created_at: Timestamp(30),
    }
}

pub(crate) fn hash(number: u64) -> SecretHash {
    let mut bytes = [0; 32];
    // Spread like a real hash, so that keys lie all over the table.
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    SecretHash(bytes)
}

pub(crate) fn secret(number: u64) -> KeySecret {
    KeySecret {
        hash: hash(number),
        display: format!("sk-tg-…{number}"),
        created_at: Timestamp(40),
        ends_at: None,
        last_used_at: None,
        leaked_at: None,
    }
}

/// A person's key in a project, with the secret of this number.
pub(crate) fn key(id: &str, project: &str, number: u64) -> Key {
    Key {
        id: id.into(),
        kind: KeyKind::Project,
        project: Some(project.into()),
        owner: Owner::User("user-1".into()),
        name: format!("{id} name"),
        policy: KeyPolicy::default(),
        created_at: Timestamp(40),
        expires_at: None,
        revoked_at: None,
        suspended: None,
        resumed_at: None,
        secrets: vec![secret(number)],
    }
}

pub(crate) fn admin_key(id: &str, number: u64) -> Key {
    Key { kind: KeyKind::Admin, project: None, ..key(id, "", number) }
}

pub(crate) fn account_key(id: &str, project: &str, account: &str, number: u64) -> Key {
    Key {
        kind: KeyKind::ServiceAccount,
        owner: Owner::ServiceAccount(account.into()),
        ..key(id, project, number)
    }
}

pub(crate) fn object(id: &str, project: &str) -> ObjectRecord {
    ObjectRecord {
        upstream: "up_1".into(),
        object: id.into(),
        kind: ObjectKind::File,
        project: project.into(),
        created_at: Timestamp(50),
    }
}

pub(crate) fn first(limit: u32) -> PageQuery {
    PageQuery { limit, after: None, order: Order::Ascending }
}

pub(crate) fn attempt(request: &str, at: Timestamp) -> UsageRecord {
    UsageRecord {
        request: request.into(),
        attempt: 1,
        at,
        operation: "createChatCompletion",
        family: UsageFamily::Completions,
        project: "proj_1".into(),
        key: "key_1".into(),
        user: "user-1".into(),
        user_label: None,
        model_asked: Some("gpt".into()),
        model_served: Some("gpt-2026".into()),
        service_tier: None,
        upstream: "up_1".into(),
        upstream_request: None,
        status: 200,
        outcome: Outcome::Completed,
        stream: false,
        batch: false,
        estimated: false,
        tokens: Tokens { input: 10, output: 5, ..Tokens::default() },
        images: 0,
        media_ms: 0,
        characters: 0,
        cost: None,
        error: None,
        queue_us: 1,
        first_byte_us: 2,
        total_us: 3,
        bytes_in: 4,
        bytes_out: 5,
        cache: None,
        saved: None,
        shadow: false,
        prints: None,
    }
}

pub(crate) async fn apply(store: &impl Records, changes: Vec<Change>) {
    store.apply(changes, vec![]).await.unwrap();
}

/// The built-in owner `user-1` and the projects `proj_1` and `proj_2`.
pub(crate) async fn furnish(store: &impl Records) {
    let changes = vec![
        Change::CreateUser(user("user-1", Role::Owner)),
        Change::CreateProject(project("proj_1")),
        Change::CreateProject(project("proj_2")),
    ];
    apply(store, changes).await;
}
