//! Ports: what the decision-makers need from the outside. Stores implement them.

mod accounts;
mod answers;
mod outbound;
mod prices;

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::advice::PromptCall;
use crate::ledger::{
    AccountId, AccountQuery, AccountState, Ask, Batch, Declined, EntryPage, EntryQuery, Holder,
    Imbalance, Row, Verdict,
};
use crate::price::{PriceBook, PriceImport, PriceRow, Unpriced};
use crate::rate::RateLimits;
use crate::route::Route;
use crate::{
    AccessRole, AlertId, AttemptPage, AttemptQuery, AuditEntry, AuditHash, AuditLine, AuditQuery,
    AuditVerdict, Balance, Bucket, CacheEntry, CacheFigures, CacheHolding, CacheKey, CachePurge,
    CacheRules, Certificate, CertificateId, Change, EgressBook, Grant, Group, GroupId, Invite,
    InviteId, Job, JobHold, JobId, Key, KeyId, KeyKind, KeyView, LadderQuery, LoggedAttempt,
    Member, Nanos, ObjectKind, ObjectRecord, Organization, PageQuery, Paged, PlacedCertificate,
    Principal, Project, ProjectGroup, ProjectId, ProjectRules, ProxyAddress, ProxyFigures,
    ProxyTest, RefusedCall, RefusedPage, RefusedQuery, RequestId, RoleId, ScopeId,
    SealedEgressBook, Secret, SecretHash, ServiceAccount, ServiceAccountId, SpendAlert, SpendLimit,
    StandingLimit, Timestamp, Upstream, UpstreamId, UsageQuery, UsageRecord, User, UserId, Waiting,
};

pub use accounts::{Accounts, IdentityWire, PhoneCheck, PhoneFailure, StolenPasswords};
pub use answers::{Comparisons, KeptAnswers};
pub use outbound::{Considered, Explained, Outbound, Probed, ProviderFacts};
pub use prices::PriceFormat;

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

/// Answers kept behind the memory of the process: in a file, or shared by several nodes. Whatever is
/// wrong with it, it has nothing: a call never fails for it.
pub trait AnswerStore: Send + Sync {
    /// What lies under a key, whole and as it was put there.
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Option<CacheEntry>>;
    /// Keeps an answer, by and by; where too many wait to be kept it is let go.
    fn put(&self, key: CacheKey, entry: CacheEntry);
    /// Takes entries of a project out. How many went.
    fn purge(&self, project: ProjectId, what: CachePurge) -> BoxFuture<'_, u64>;
    /// What is there of a project, or of all.
    fn holding(&self, project: Option<ProjectId>) -> BoxFuture<'_, CacheHolding>;
}

/// The answer cache as it stands in the process.
pub trait CacheDesk: Send + Sync {
    /// Of a project, or of all.
    fn figures(&self, project: Option<ProjectId>) -> BoxFuture<'_, CacheFigures>;
    /// Takes entries of a project out of every tier. How many went.
    fn purge(&self, project: ProjectId, what: CachePurge) -> BoxFuture<'_, u64>;
}

/// Takes usage records in groups, answers reports over them, and shows them one by one.
pub trait UsageStore: Send + Sync {
    /// Writes the request log and folds into minute, hour and day rollups. After an error nothing
    /// was changed, and the same records may be written again.
    fn write(&self, records: Arc<Vec<UsageRecord>>) -> StoreResult<'_, ()> {
        self.settle(records, None)
    }

    /// The same, with what the records cost posted to the ledger in one transaction. Where the
    /// batch is known already (see [`Ledger::post`]), the records are too, and nothing is changed.
    fn settle(
        &self,
        records: Arc<Vec<UsageRecord>>,
        batch: Option<Arc<Batch>>,
    ) -> StoreResult<'_, ()>;

    /// Moves each secret's `last_used_at` forward, never back.
    fn touch(&self, uses: Vec<(SecretHash, Timestamp)>) -> StoreResult<'_, ()>;

    /// The buckets that hold calls, oldest first.
    fn report(&self, query: UsageQuery) -> StoreResult<'_, Vec<Bucket>>;

    /// Logged attempts, newest first. Looks at a bounded part of the log a page, so that a page may
    /// hold fewer than asked for although older ones follow.
    fn attempts(&self, query: AttemptQuery) -> StoreResult<'_, AttemptPage>;

    /// Answered calls since `since` whose prompts are known by hashes, in the order of time: the newest
    /// `most` of them.
    fn prompt_calls(&self, since: Timestamp, most: u32) -> StoreResult<'_, Vec<PromptCall>> {
        let _ = (since, most);
        Box::pin(async { Ok(Vec::new()) })
    }

    /// All attempts of a call, first to last; none of a call that is not in the log.
    fn attempts_of(&self, request: RequestId) -> StoreResult<'_, Vec<LoggedAttempt>>;

    /// Keeps calls that were refused; of old ones only the newest.
    fn note_refused(&self, calls: Vec<RefusedCall>) -> StoreResult<'_, ()>;

    /// Such calls, newest first.
    fn refused(&self, query: RefusedQuery) -> StoreResult<'_, RefusedPage>;
}

/// Reads and writes of the control plane.
pub trait Records: Send + Sync {
    /// Applies all changes and the audit lines in one transaction, durable when it returns.
    fn apply(&self, changes: Vec<Change>, audit: Vec<AuditEntry>) -> StoreResult<'_, ()>;

    fn organization(&self) -> StoreResult<'_, Option<Organization>>;
    /// The built-in owner: the oldest user with the owner role.
    fn owner(&self) -> StoreResult<'_, Option<User>>;
    fn user(&self, id: UserId) -> StoreResult<'_, Option<User>>;

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
    /// Oldest first.
    fn routes(&self) -> StoreResult<'_, Vec<Route>>;

    /// The limits of one scope, or of all; by scope, then by kind of period.
    fn spend_limits(&self, scope: Option<ScopeId>) -> StoreResult<'_, Vec<SpendLimit>>;
    /// The organization's, then projects', users' and keys', each by id and kind of period: as many
    /// as are asked for, however many there are.
    fn ladder(&self, query: LadderQuery) -> StoreResult<'_, Vec<SpendLimit>>;

    fn spend_alert(&self, id: AlertId) -> StoreResult<'_, Option<SpendAlert>>;
    fn spend_alerts(&self, scope: ScopeId, page: PageQuery) -> StoreResult<'_, Paged<SpendAlert>>;
    /// Every alert of every scope, oldest first: for the check of what is due.
    fn all_spend_alerts(&self) -> StoreResult<'_, Vec<SpendAlert>>;
    /// The messages of the outbox whose next try is not after `now`, oldest first.
    fn waiting_deliveries(&self, now: Timestamp, limit: u32) -> StoreResult<'_, Vec<Waiting>>;

    /// The egresses that were made through the API, by name, and who takes which egress.
    fn egresses(&self) -> StoreResult<'_, SealedEgressBook>;

    /// The prices that were set through the API, by model.
    fn price_rows(&self) -> StoreResult<'_, Vec<PriceRow>>;
    /// The imported price files: one in use, one held, as far as there are.
    fn price_imports(&self) -> StoreResult<'_, Vec<PriceImport>>;
    /// The rate limits of a scope that are set: its own, and those by model (the name).
    fn rate_limits(&self, scope: ScopeId) -> StoreResult<'_, Vec<(Option<String>, RateLimits)>>;

    /// A small named value of the installation, such as the vault's wrapped keys.
    fn meta(&self, name: &'static str) -> StoreResult<'_, Option<Vec<u8>>>;

    /// What is set of a project, or with `None` of the organization; nothing set is the default.
    fn project_rules(&self, project: Option<ProjectId>) -> StoreResult<'_, ProjectRules>;

    /// What is set of a project's cache; `None` where nothing ever was.
    fn cache_rules(&self, project: ProjectId) -> StoreResult<'_, Option<CacheRules>>;

    /// Lines of the audit log, newest first.
    fn audit_lines(&self, query: AuditQuery) -> StoreResult<'_, Paged<AuditLine>>;
    /// Reads every line of the audit log and holds it against the chain. Takes long on a long log;
    /// writes go on meanwhile.
    fn verify_audit(&self, known: Option<AuditHash>) -> StoreResult<'_, AuditVerdict>;

    /// The instant up to which everything written is in the reports; for tests and `/readyz`.
    fn ping(&self) -> StoreResult<'_, Timestamp>;
}

/// Reads of the certificates that clients must show. A place is a project, or else the organization.
pub trait Certificates: Send + Sync {
    fn certificate(&self, id: CertificateId) -> StoreResult<'_, Option<Certificate>>;

    /// All of them, each with whether it is active in this place.
    fn certificates(
        &self,
        place: Option<ProjectId>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<PlacedCertificate>>;

    /// Some of them, in the order asked; those that are not there are left out.
    fn certificates_named(
        &self,
        place: Option<ProjectId>,
        ids: Vec<CertificateId>,
    ) -> StoreResult<'_, Vec<PlacedCertificate>>;

    /// The places where one is active; `None` is the organization.
    fn certificate_places(&self, id: CertificateId) -> StoreResult<'_, Vec<Option<ProjectId>>>;
}

/// Reads of people: who is in the organization and in its projects.
pub trait People: Send + Sync {
    /// Everybody in the organization; with addresses, those who have one of them.
    fn users(&self, emails: Vec<String>, page: PageQuery) -> StoreResult<'_, Paged<User>>;

    /// The people who have a built-in role of a project themselves.
    fn members(&self, project: ProjectId, page: PageQuery) -> StoreResult<'_, Paged<Member>>;
    fn member(&self, project: ProjectId, user: UserId) -> StoreResult<'_, Option<Member>>;

    fn invites(&self, page: PageQuery) -> StoreResult<'_, Paged<Invite>>;
    fn invite(&self, id: InviteId) -> StoreResult<'_, Option<Invite>>;

    /// The roles that can be given in a project, or else in the organization.
    fn roles(
        &self,
        project: Option<ProjectId>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<AccessRole>>;
    fn role(&self, project: Option<ProjectId>, id: RoleId) -> StoreResult<'_, Option<AccessRole>>;

    fn groups(&self, page: PageQuery) -> StoreResult<'_, Paged<Group>>;
    fn group(&self, id: GroupId) -> StoreResult<'_, Option<Group>>;
    fn group_users(&self, group: GroupId, page: PageQuery) -> StoreResult<'_, Paged<User>>;
    fn group_user(&self, group: GroupId, user: UserId) -> StoreResult<'_, Option<User>>;
    fn project_groups(
        &self,
        project: ProjectId,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<ProjectGroup>>;
    fn project_group(
        &self,
        project: ProjectId,
        group: GroupId,
    ) -> StoreResult<'_, Option<ProjectGroup>>;

    /// The roles that somebody was given themselves, in a project or else in the organization.
    fn assigned(
        &self,
        to: Principal,
        project: Option<ProjectId>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<AccessRole>>;
    fn assigned_role(
        &self,
        to: Principal,
        project: Option<ProjectId>,
        role: RoleId,
    ) -> StoreResult<'_, Option<AccessRole>>;

    /// What somebody's roles come to: a user's own and those of their groups, or a group's own.
    fn grants(&self, of: Principal) -> StoreResult<'_, Vec<Grant>>;
}

/// The store's side of the ledger. What a method says is done is durable when it returns; after an
/// error of a grant the share may be leased all the same, and comes back at the next start.
pub trait Ledger: Send + Sync {
    /// Leases shares of several accounts; each is granted or declined by itself.
    fn grant(
        &self,
        holder: Holder,
        asks: Vec<Ask>,
    ) -> StoreResult<'_, Vec<Result<Nanos, Declined>>>;

    /// Every limit that stands, with the period that it is in at `at`. One that its own calendar
    /// says begins now is opened first: its account has what was spent in it already, durably.
    fn limits(&self, at: Timestamp) -> StoreResult<'_, Vec<StandingLimit>>;

    /// Leases what is open in accounts that had no limit until now (case 51).
    fn adopt(&self, holder: Holder, open: Vec<(AccountId, Nanos)>) -> StoreResult<'_, ()>;

    /// Takes unused shares back; never more than the holder has.
    fn give_back(&self, holder: Holder, shares: Vec<(AccountId, Nanos)>) -> StoreResult<'_, ()>;

    /// Posts a batch, once: a number that is not above the holder's last changes nothing.
    fn post(&self, batch: Batch) -> StoreResult<'_, ()>;

    /// The number of the holder's last batch; 0 before the first.
    fn last_batch(&self, holder: Holder) -> StoreResult<'_, u64>;

    /// Takes all of a holder's shares back: it has accounted for everything.
    fn close(&self, holder: Holder) -> StoreResult<'_, ()>;

    /// Posts all of a holder's shares: nobody knows what it let through. The number of accounts.
    fn forfeit(&self, holder: Holder, at: Timestamp) -> StoreResult<'_, u64>;

    /// The accounts of a scope, newest period first, as they stand under today's limits.
    fn accounts(&self, scope: ScopeId) -> StoreResult<'_, Vec<(AccountId, Row)>>;
}

/// The ledger as operators look at it.
pub trait LedgerReport: Send + Sync {
    /// Accounts in the order of their ids.
    fn account_page(&self, query: AccountQuery) -> StoreResult<'_, Paged<AccountState>>;

    /// Entries, newest first. Looks at a bounded part of the ledger a page, so that a page may hold
    /// fewer than asked for although older ones follow.
    fn entries(&self, query: EntryQuery) -> StoreResult<'_, EntryPage>;

    /// The accounts where the sums do not agree: Σ entries ≠ posted, or Σ leases ≠ leased. Every
    /// account is looked at. `whole`: and every entry is read anew; else only those that came
    /// since the last look are, and added to what was read then.
    fn verify(&self, whole: bool) -> StoreResult<'_, Verdict>;
}

/// Work that goes on at providers, with the money that is held for it.
pub trait Jobs: Send + Sync {
    /// Remembers a job, durably before it returns, and makes the money that is held for it its own
    /// in the same transaction. The secret's last use is noted.
    fn open_job(
        &self,
        job: Job,
        hold: Option<JobHold>,
        secret: SecretHash,
        first_poll: Timestamp,
    ) -> StoreResult<'_, ()>;

    /// The open jobs whose next poll is not after `due`, the longest due first.
    fn open_jobs(&self, due: Timestamp, limit: u32) -> StoreResult<'_, Vec<Job>>;

    /// The open job of an object: of what is asked for at this target of an upstream.
    fn job_of(&self, upstream: UpstreamId, target: String) -> StoreResult<'_, Option<Job>>;

    /// Which of these are open jobs, in the order asked.
    fn are_jobs(&self, ids: Vec<JobId>) -> StoreResult<'_, Vec<bool>>;

    /// Notes one more poll, and when to come again.
    fn poll_later(&self, id: JobId, next_poll: Timestamp) -> StoreResult<'_, ()>;

    /// Posts what a job cost, frees the rest of its hold, writes its usage and forgets it: all in
    /// one transaction, and only the first time.
    fn end_job(
        &self,
        job: Job,
        records: Arc<Vec<UsageRecord>>,
        cost: Nanos,
        at: Timestamp,
    ) -> StoreResult<'_, ()>;
}

/// Told after a change was committed, so that no cache answers from before it.
pub trait Invalidate: Send + Sync {
    /// Forget what is cached of these secrets; an empty list means all of them.
    fn keys_changed(&self, hashes: &[SecretHash]);
    /// Upstreams or routes were added, changed or removed: these are all there are. Gives those
    /// that cannot be used.
    fn places_changed(&self, places: Places) -> Vec<BadPlace>;
    /// The spend limits of these scopes were set or removed.
    fn limits_changed(&self, scopes: &[ScopeId]);
    /// A price book took the place of the old one.
    fn prices_changed(&self, book: Arc<PriceBook>);
    /// These are all the honeytokens that there are.
    fn honeytokens_changed(&self, secrets: HashSet<SecretHash>);
    /// The ledger was verified; these are all accounts whose sums do not agree. Nothing is let
    /// through under their scopes until a later look finds them in order.
    fn ledger_verified(&self, breaches: &[Imbalance]);
}

/// All that calls may go to.
pub struct Places {
    /// In the order in which they stand for calls without a route; each with its credentials
    /// opened, in their order.
    pub upstreams: Vec<(Upstream, Vec<Secret>)>,
    pub routes: Vec<Route>,
}

/// An upstream that cannot be used. Says nothing of its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPlace {
    pub upstream: String,
    pub why: String,
}

impl fmt::Display for BadPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}: {}", self.upstream, self.why)
    }
}

/// Something of an upstream that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadField {
    pub field: &'static str,
    pub why: String,
    /// It is an address that only the operator's own files may name.
    pub is_address: bool,
}

/// Knows which calls had no price (case 25).
pub trait PriceGaps: Send + Sync {
    /// The models that were called without a price since the book in use came, by name.
    fn unpriced(&self) -> Vec<Unpriced>;
}

/// The proxies in use, and who takes which.
pub trait Exits: Send + Sync {
    /// Puts these in the place of all before; holds from the next call on.
    fn egresses_changed(&self, book: EgressBook);
    /// Whether the credential of a proxy, `user:password`, can be one.
    ///
    /// # Errors
    /// A sentence, without the credential.
    fn check_credential(
        &self,
        proxy: &ProxyAddress,
        credential: &Secret,
    ) -> Result<(), &'static str>;
    /// Whether a URL's host (a proxy's, or one to be fetched) may be a public one, as far as its
    /// text says. Every address is checked where it is used.
    fn may_be_public(&self, url: &str) -> bool;
    /// Every proxy in use.
    fn figures(&self) -> Vec<ProxyFigures>;
    /// Fetches a URL through each proxy of an egress; nothing where there is no such egress.
    fn test(&self, name: String, url: String) -> BoxFuture<'_, Option<Vec<ProxyTest>>>;
}

/// What scopes have spent: the ledger's answer to whoever shows it.
pub trait Balances: Send + Sync {
    /// The scope's balance in the plain period of each kind that holds now; a kind that is absent
    /// has seen nothing yet. Also, where a limit is in a period of its own calendar, that one's.
    fn balances(&self, scope: ScopeId) -> StoreResult<'_, Vec<Balance>>;
}
