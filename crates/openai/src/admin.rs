//! The Administration API: its shapes and list pages.
//!
//! Each shape is made from the domain's value and only serialises. A field that OpenAI's schema
//! requires is always written, `null` where it has no value; the fields of ours are added beside
//! them, never in their place. No shape can hold a secret but [`Revealed`].

mod access;
mod account;
mod admin_key;
mod advice;
mod audit_events;
mod audit_log;
mod cache;
mod certificate;
mod comparison;
mod costs;
mod doctor;
mod egress;
mod group;
mod key_care;
mod ledger;
mod list;
mod logged_request;
mod near;
mod organization;
mod person;
mod place;
mod price;
mod project;
mod project_key;
mod project_rules;
mod rate_limit;
mod refused_call;
mod service_account;
mod spending;
mod superset;
mod usage;
mod usage_results;

pub use access::{AssignedRole, DeletedOf, GroupRole, NextList, Role, UserRole};
pub use account::{KeptMail, KeptMails, SetupLink, SignInSettings};
pub use admin_key::AdminApiKey;
pub use advice::AdviceShape;
pub use audit_events::{document_type, is_document_type, our_events};
pub use audit_log::{AuditLog, AuditVerification};
pub use cache::{CachePurged, CacheSum, ProjectCache};
pub use certificate::{Certificate, CertificateInPlace, CertificatesToggled};
pub use comparison::{ComparisonShape, Said};
pub use costs::{CostAbout, CostsResult};
pub use doctor::{DoctorFinding, DoctorRun};
pub use egress::{Egress, EgressTest, EgressUse};
pub use group::{Group, GroupMember, GroupUser, GroupUserAdded, ProjectGroup};
pub use key_care::{Honeytoken, KeyRules, KeyRulesMade, Leak, LeakChecked, LeakLabel};
pub use ledger::{
    LedgerAccount, LedgerAcknowledgement, LedgerCorrection, LedgerEntries, LedgerVerification,
};
pub use list::{Deleted, List, Listed};
pub use logged_request::{LoggedRequest, RequestAttempts, RequestPage, parse_place, place_id};
pub use near::{NearEvaluationShape, NearMatchShape, NearTexts};
pub use organization::Organization;
pub use person::{Invite, ProjectUser, User};
pub use place::{
    Route, RouteCache, RouteTest, Upstream, UpstreamRotated, UpstreamTest, without_secrets,
};
pub use price::{Price, PriceImported, PriceList, UnpricedModel};
pub use project::{Project, RESIDENCIES};
pub use project_key::{Owner, ProjectApiKey};
pub use project_rules::{
    DataRetention, ModelPermissionsDeleted, ProjectHostedTools, ProjectModelPermissions,
};
pub use rate_limit::{ProjectRateLimit, ScopeRateLimits};
pub use refused_call::{RefusedCallShape, RefusedCalls, figure_unit};
pub use service_account::{ServiceAccount, ServiceAccountApiKey, ServiceAccountCreated};
pub use spending::{Limit, SpendAlert, SpendAlertMade, SpendLimit, SpendLimitDeleted};
pub use superset::{KeyDetail, Me, MonthUsage};
pub use usage::{CompletionsResult, UsageBucket, UsagePage};
pub use usage_results::{
    AudioSpeechesResult, AudioTranscriptionsResult, EmbeddingsResult, ImagesResult,
    ModerationsResult,
};

use serde::Serialize;

/// A shape together with the secret that was just made. The one time it is shown.
#[derive(Serialize)]
pub struct Revealed<T> {
    #[serde(flatten)]
    pub shape: T,
    pub value: String,
}
