//! Ports: what the decision-makers need from the outside. Stores implement them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::rate::RateLimits;
use crate::{
    AuditEntry, Bucket, Change, Key, KeyId, KeyKind, KeyView, ObjectKind, ObjectRecord,
    Organization, PageQuery, Paged, Project, ProjectId, ScopeId, SecretHash, ServiceAccount,
    ServiceAccountId, Timestamp, Upstream, UpstreamId, UsageQuery, UsageRecord, User,
};

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a store could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The row that the change names is not there (or no longer alive).
    NotFound,
    /// The change would break a rule of the data: a name or id that is taken.
    Conflict(String),
    /// The store cannot be reached, is full, read-only or busy. Nothing was changed.
    Unavailable(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Conflict(why) => write!(f, "conflict: {why}"),
            Self::Unavailable(why) => write!(f, "store unavailable: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

pub type StoreResult<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Finds a key by its secret's hash: the one read on the way of a call, behind a cache.
pub trait Directory: Send + Sync {
    fn find_secret(&self, hash: SecretHash) -> StoreResult<'_, Option<KeyView>>;
}

/// Who owns which object on which upstream.
pub trait Objects: Send + Sync {
    /// The owner of each object, in the order asked.
    fn owners(
        &self,
        upstream: UpstreamId,
        objects: Vec<String>,
    ) -> StoreResult<'_, Vec<Option<ProjectId>>>;

    /// Remembers, durably before it returns. The first project keeps an object.
    fn claim(&self, records: Vec<ObjectRecord>) -> StoreResult<'_, ()>;

    /// Forgets, when the upstream has deleted.
    fn forget(&self, upstream: UpstreamId, object: String) -> StoreResult<'_, ()>;

    /// How many objects of a kind a project owns on an upstream.
    fn count(
        &self,
        upstream: UpstreamId,
        project: ProjectId,
        kind: ObjectKind,
    ) -> StoreResult<'_, u64>;
}

/// Takes usage records in groups and answers reports over them.
pub trait UsageStore: Send + Sync {
    /// Writes the request log and folds into minute, hour and day rollups. After an error nothing
    /// was changed, and the same records may be written again.
    fn write(&self, records: Arc<Vec<UsageRecord>>) -> StoreResult<'_, ()>;

    /// Moves each secret's `last_used_at` forward, never back.
    fn touch(&self, uses: Vec<(SecretHash, Timestamp)>) -> StoreResult<'_, ()>;

    /// The buckets that hold calls, oldest first.
    fn report(&self, query: UsageQuery) -> StoreResult<'_, Vec<Bucket>>;
}

/// Reads and writes of the control plane.
pub trait Records: Send + Sync {
    /// Applies all changes and the audit lines in one transaction, durable when it returns.
    fn apply(&self, changes: Vec<Change>, audit: Vec<AuditEntry>) -> StoreResult<'_, ()>;

    fn organization(&self) -> StoreResult<'_, Option<Organization>>;
    /// The built-in owner: the oldest user with the owner role.
    fn owner(&self) -> StoreResult<'_, Option<User>>;
    fn user(&self, id: crate::UserId) -> StoreResult<'_, Option<User>>;

    fn project(&self, id: ProjectId) -> StoreResult<'_, Option<Project>>;
    fn projects(&self, page: PageQuery, include_archived: bool) -> StoreResult<'_, Paged<Project>>;

    fn service_account(&self, id: ServiceAccountId) -> StoreResult<'_, Option<ServiceAccount>>;
    fn service_accounts(
        &self,
        project: ProjectId,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<ServiceAccount>>;

    /// Also finds revoked keys.
    fn key(&self, id: KeyId) -> StoreResult<'_, Option<Key>>;
    /// Live keys of a project and of some kinds; without a project, those that belong to none.
    fn keys(
        &self,
        project: Option<ProjectId>,
        kinds: Vec<KeyKind>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<Key>>;

    fn upstreams(&self) -> StoreResult<'_, Vec<Upstream>>;

    /// The rate limits of a scope that are set: its own, and those by model (the name).
    fn rate_limits(&self, scope: ScopeId) -> StoreResult<'_, Vec<(Option<String>, RateLimits)>>;

    /// A small named value of the installation, such as the vault's wrapped keys.
    fn meta(&self, name: &'static str) -> StoreResult<'_, Option<Vec<u8>>>;

    /// The instant up to which everything written is in the reports; for tests and `/readyz`.
    fn ping(&self) -> StoreResult<'_, Timestamp>;
}

/// Told after a change was committed, so that no cache answers from before it.
pub trait Invalidate: Send + Sync {
    /// Forget what is cached of these secrets; an empty list means all of them.
    fn keys_changed(&self, hashes: &[SecretHash]);
    /// Upstreams were added, changed or removed.
    fn upstreams_changed(&self);
}
