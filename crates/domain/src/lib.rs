//! The only crate that decides: values and pure functions. Time and randomness come in.
//!
//! Nothing here opens a socket, a file or a clock. The ports at the end ([`ports`]) are what the
//! outside must offer; the stores implement them, the data plane and the control plane use them.

#![forbid(unsafe_code)]

mod access;
mod account;
pub mod advice;
mod alert;
pub mod attempt;
mod audit;
pub mod bound;
pub mod breaker;
mod cache;
pub mod calendar;
mod certificate;
mod change;
mod clock_watch;
mod comparison;
mod delivery;
pub mod diagnosis;
mod egress;
pub mod fault;
mod id;
mod idempotency;
mod in_place;
mod job;
mod key;
mod key_care;
mod key_rules;
mod key_upkeep;
mod leak;
pub mod ledger;
mod limit;
mod line_item;
mod model;
mod money;
mod oidc;
pub mod pace;
mod page;
mod people;
mod phone;
pub mod ports;
pub mod price;
mod project_rules;
pub mod rate;
mod refused_call;
mod report;
mod request_log;
pub mod retry;
pub mod route;
mod scope;
mod secret;
mod sign_in;
mod time;
mod tries;
mod unusual;
mod upstream;
mod usage;
pub mod x509;
mod zone;

pub use access::{Authority, Grant, OWNER_ROLE};
pub use account::{Organization, Project, Role, ServiceAccount, User};
pub use alert::{Balance, SpendAlert, Webhook, due};
pub use audit::{
    AuditActor, AuditEvents, AuditHash, AuditLine, AuditPlace, AuditQuery, AuditVerdict,
};
pub use cache::{
    AtThreshold, CACHE_POLICY, CacheEntry, CacheFigures, CacheHolding, CacheKey, CachePatch,
    CachePurge, CacheRules, CacheUse, Directives, Joiners, NearMatch, NearQuery, NearRules, Replay,
    Reuse, RouteCache, THRESHOLDS, Vector, common_words, evaluate,
};
pub use certificate::{Certificate, CertificateChange, PlacedCertificate, TrustedCertificate};
pub use change::{Actor, AuditEntry, Change};
pub use clock_watch::ClockWatch;
pub use comparison::{Comparison, ComparisonQuery};
pub use delivery::{Delivery, Message, Waiting, pause_after};
pub use egress::{
    BadProxyUrl, DIRECT, Egress, EgressBook, EgressSource, EgressUser, Proxy, ProxyAddress,
    ProxyAnswer, ProxyChoice, ProxyFailure, ProxyFigures, ProxyKind, ProxyTest, SealedEgress,
    SealedEgressBook, SessionBy, is_egress_name,
};
pub use fault::{Blame, Entry, Fault, Retry};
pub use id::{
    AlertId, AuditId, CertificateId, CredentialId, DeliveryId, GroupId, InviteId, KeyId, LeakId,
    OrganizationId, ProjectId, RequestId, RoleId, RouteId, ServiceAccountId, SessionId, UpstreamId,
    UserId, random_id,
};
pub use idempotency::{AnswerBounds, Fingerprint, IdempotencyKey, KeptAnswer};
pub use in_place::{boxed, pinned};
pub use job::{Job, JobHold, JobId, JobKind};
pub use key::{
    Key, KeyKind, KeyPolicy, KeySecret, KeyView, ModelPattern, Owner, Permission, Refusal,
    SecretHash, Suspended, Suspension,
};
pub use key_care::{
    CareChange, Handover, KeyCare, KeySeen, KeyTrait, RotationRule, SecretHandlers, SignerKeys,
    TraitKind,
};
pub use key_rules::{KeyRules, UnusualResponse};
pub use key_upkeep::{Upkeep, handover_pause, upkeep};
pub use leak::{
    Honeytoken, Leak, LeakAction, LeakReporter, LeakResponse, LeakedSecret, Trip, leak_action,
};
pub use limit::{
    LadderQuery, LimitRules, Period, PeriodKind, ScopeId, ScopeKind, SpendLimit, StandingLimit,
};
pub use line_item::CostPart;
pub use model::ModelFacts;
pub use money::{Cost, Nanos};
pub use oidc::{IdClaims, IdFault, IdProvider, IdProviderFacts, check_id};
pub use page::{Order, PageQuery, Paged};
pub use people::{
    AccessRole, Group, Invite, InviteStatus, Member, PeopleChange, Principal, ProjectGroup,
    RoleKind,
};
pub use phone::{CheckedPhone, PhoneNumber, PhonePolicy};
pub use project_rules::{
    HostedAsk, HostedTool, HostedTools, ModelMode, ModelPermissions, ProjectRule, ProjectRules,
    Retention,
};
pub use refused_call::{
    Figure, FigureUnit, RefusedCall, RefusedFilter, RefusedPage, RefusedQuery, Stage,
};
pub use report::{Bucket, BucketWidth, GroupBy, UsageFilter, UsageQuery, UsageRow};
pub use request_log::{AttemptFilter, AttemptPage, AttemptQuery, LoggedAttempt};
pub use scope::{Scope, Verb};
pub use secret::Secret;
pub use sign_in::{
    Identity, Link, LinkPurpose, PROOF_SECONDS, PasswordHash, SESSION_IDLE_SECONDS,
    SESSION_LIFE_SECONDS, Session, SignIn, SignInChange, SignUp, Totp,
};
pub use time::{Clock, Timestamp};
pub use tries::{Tries, TryRule};
pub use unusual::{
    Burst, HourUse, MOST_TRAITS, PAST_DAYS, REQUESTS_FLOOR, SPEND_FLOOR, Unusual, is_unusual_trait,
    network_of, network_words, unusual_hour,
};
pub use upstream::{ObjectKind, ObjectRecord, SealedCredential, Upstream, UpstreamSource};
pub use usage::{ImageSource, Outcome, Tokens, UsageFamily, UsageRecord};
pub use zone::{Calendar, Zone, standing};
