//! The only crate that decides: values and pure functions. Time and randomness come in.
//!
//! Nothing here opens a socket, a file or a clock. The ports at the end ([`ports`]) are what the
//! outside must offer; the stores implement them, the data plane and the control plane use them.

#![forbid(unsafe_code)]

mod account;
mod change;
pub mod fault;
mod id;
mod key;
mod limit;
mod model;
mod money;
mod page;
pub mod ports;
pub mod price;
pub mod rate;
mod scope;
mod secret;
mod time;
mod upstream;
mod usage;

pub use account::{Organization, Project, Role, ServiceAccount, User};
pub use change::{Actor, AuditEntry, Change};
pub use fault::{Blame, Entry, Fault, Retry};
pub use id::{
    AuditId, KeyId, OrganizationId, ProjectId, RequestId, ServiceAccountId, UpstreamId, UserId,
    random_id,
};
pub use key::{
    Key, KeyKind, KeyPolicy, KeySecret, KeyView, ModelPattern, Owner, Permission, Refusal,
    SecretHash,
};
pub use limit::{LimitRules, Period, PeriodKind, ScopeId, ScopeKind, SpendLimit};
pub use model::ModelFacts;
pub use money::{Cost, Nanos, Price, cost};
pub use page::{Order, PageQuery, Paged};
pub use scope::{Scope, Verb};
pub use secret::Secret;
pub use time::{Clock, Timestamp};
pub use upstream::{ObjectKind, ObjectRecord, Upstream, UpstreamSource};
pub use usage::{
    Bucket, BucketWidth, GroupBy, Outcome, Tokens, UsageFamily, UsageFilter, UsageQuery,
    UsageRecord, UsageRow,
};
