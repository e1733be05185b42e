//! Changes of who may do what. A list of them is applied in one transaction with its audit line.

use crate::ledger::Correction;
use crate::price::{ImportState, PriceImport, PriceRow};
use crate::rate::{Measure, RateScope};
use crate::route::Route;
use crate::{
    AlertId, AuditId, CachePatch, CareChange, CertificateChange, Delivery, DeliveryId, EgressUser,
    Key, KeyId, KeyPolicy, KeySecret, Organization, PeopleChange, PeriodKind, Project, ProjectId,
    ProjectRule, RequestId, Role, RouteId, ScopeId, SealedEgress, SecretHash, ServiceAccount,
    ServiceAccountId, SignInChange, SpendAlert, SpendLimit, Timestamp, Upstream, UpstreamId, User,
    UserId, Zone,
};

#[derive(Clone, Debug)]
pub enum Change {
    CreateOrganization(Organization),
    RenameOrganization {
        name: String,
    },
    CreateUser(User),
    CreateProject(Project),
    /// Who is in what, with which role.
    People(PeopleChange),
    /// How people sign in.
    SignIn(SignInChange),
    /// `None` leaves a field as it is; `Some(None)` clears it.
    UpdateProject {
        id: ProjectId,
        name: Option<String>,
        external_key_id: Option<Option<String>>,
    },
    ArchiveProject {
        id: ProjectId,
        at: Timestamp,
    },
    CreateServiceAccount(ServiceAccount),
    UpdateServiceAccount {
        id: ServiceAccountId,
        name: Option<String>,
        role: Option<Role>,
    },
    /// Ends the account's keys as well.
    DeleteServiceAccount {
        id: ServiceAccountId,
        at: Timestamp,
    },
    /// The key with its first secret (`key.secrets` holds exactly one).
    CreateKey(Key),
    UpdateKey {
        id: KeyId,
        name: Option<String>,
        policy: Option<KeyPolicy>,
        expires_at: Option<Option<Timestamp>>,
    },
    RevokeKey {
        id: KeyId,
        at: Timestamp,
    },
    /// Adds a secret; every older live secret of the key ends at `old_end_at` at the latest.
    RotateKey {
        id: KeyId,
        secret: KeySecret,
        old_end_at: Timestamp,
    },
    /// Ends all secrets but the newest now.
    EndOldSecrets {
        id: KeyId,
        at: Timestamp,
    },
    /// Registers a secret that the operator chose; the same hash again changes nothing.
    RegisterAdminKey(Key),
    /// Makes or replaces by id, with its credentials as they stand in it.
    PutUpstream(Upstream),
    RemoveUpstream(UpstreamId),
    /// Makes or replaces by id. One name leads to one route of a project, or of the organization.
    PutRoute(Route),
    RemoveRoute(RouteId),
    /// Makes or replaces the limit of a scope and kind of period.
    PutSpendLimit(SpendLimit),
    RemoveSpendLimit {
        scope: ScopeId,
        period: PeriodKind,
    },
    /// Sets the zone of all limits that name none of their own; the periods that they are in stay
    /// as they are.
    SetTimeZone {
        zone: Zone,
        at: Timestamp,
    },
    /// Makes or replaces by id. `fired_start` is written as it stands: clearing it arms the alert
    /// again.
    PutSpendAlert(SpendAlert),
    RemoveSpendAlert(AlertId),
    /// Marks an alert as fired in the period that begins at `period_start` (Unix seconds), and
    /// puts its messages in the outbox. Where the mark is there already, or the alert is gone,
    /// nothing happens: so an alert fires once a period, over restarts as well.
    FireAlert {
        id: AlertId,
        period_start: i64,
        deliveries: Vec<Delivery>,
    },
    /// A message has failed once more and waits for its next try.
    RetryDelivery {
        id: DeliveryId,
        attempts: u32,
        next_at: Timestamp,
    },
    /// A message has arrived, or was given up.
    EndDelivery(DeliveryId),
    /// Makes or replaces by model.
    PutPrice(PriceRow),
    RemovePrice {
        model: String,
    },
    /// Makes or replaces by state.
    PutPriceImport(PriceImport),
    /// What is not there is removed already.
    RemovePriceImport(ImportState),
    /// Makes or replaces by name, with all its proxies.
    PutEgress(SealedEgress),
    RemoveEgress {
        name: String,
    },
    /// Says which egress somebody's calls take; `None` takes the word back, also one not given.
    SetEgressUse {
        user: EgressUser,
        egress: Option<String>,
    },
    /// Sets some limits of a scope and leaves the others; `None` lifts one.
    SetRateLimits {
        scope: RateScope,
        limits: Vec<(Measure, Option<u64>)>,
        at: Timestamp,
    },
    /// Lifts all limits of a scope; it need not have any.
    ClearRateLimits(RateScope),
    /// Sets one rule of a project, or with `None` of the organization.
    SetProjectRule {
        project: Option<ProjectId>,
        rule: ProjectRule,
    },
    /// Certificates of clients, and where they are active.
    Certificate(CertificateChange),
    /// Sets what is named of a project's cache.
    SetCache {
        project: ProjectId,
        patch: CachePatch,
    },
    /// Puts something right in the ledger.
    CorrectLedger(Correction),
    /// Takes note of a scope's overage as it stands, in every period; it need not have any.
    AcknowledgeOverage(ScopeId),
    /// Leaks, rules, suspensions and hand-overs of keys.
    Care(CareChange),
    /// Sets a small named value of the installation.
    PutMeta {
        name: &'static str,
        value: Vec<u8>,
    },
}

/// Who asked for a change.
#[derive(Clone, Debug)]
pub enum Actor {
    /// An admin API key, by its id.
    AdminKey(KeyId),
    /// A person who is signed in.
    User(UserId),
    /// The process itself: first start, environment, config file.
    System,
}

/// One line of the audit log. `payload` is a JSON object and never holds a secret.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    pub id: AuditId,
    pub at: Timestamp,
    /// OpenAI's event type, such as `api_key.created`.
    pub event: &'static str,
    pub actor: Actor,
    pub project: Option<ProjectId>,
    pub payload: String,
    /// What was changed, by id.
    pub resource: Option<String>,
    pub request: Option<RequestId>,
    pub address: Option<String>,
}

impl Change {
    /// The secrets whose cached views a change makes stale; `None` means "all of them".
    #[must_use]
    pub fn new_hash(&self) -> Option<SecretHash> {
        match self {
            Self::CreateKey(key) | Self::RegisterAdminKey(key) => {
                key.secrets.first().map(|s| s.hash)
            }
            Self::RotateKey { secret, .. } => Some(secret.hash),
            _ => None,
        }
    }
}
