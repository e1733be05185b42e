//! The only crate that changes who may do what. No HTTP here: `web` and the binary are its faces.
//!
//! Every write is a list of [`domain::Change`]s and their audit lines, applied in one transaction;
//! then the caches are told, and only then does the caller hear that it is done. So a permission,
//! a revocation or a new key holds from the next call on.
//!
//! * [`Control`]: the noun's methods are in the file of the noun.
//! * [`Author`]: who asks for a write; every write takes one.

#![forbid(unsafe_code)]

mod access;
mod admin_keys;
mod advice;
mod alert_check;
mod alerts;
mod audit_log;
mod author;
mod authority;
mod bootstrap;
mod cache;
mod calendar;
mod care;
mod certificates;
mod checkup;
mod comparisons;
mod costs;
mod cursor;
mod cursor_page;
mod declared_limits;
mod denied;
mod egress;
mod email_change;
mod groups;
mod invites;
mod keys;
mod ledger;
mod letters;
mod limits;
mod links;
mod near;
mod networks;
mod oidc;
mod organization;
mod overview;
mod own_account;
mod owner;
mod passwords;
mod people;
mod phones;
mod places;
mod prices;
mod project_rules;
mod projects;
mod rate_limits;
mod request_log;
mod resets;
mod roles;
mod rotation;
mod route_rules;
mod routes;
mod second_factor;
mod secrets;
mod service_accounts;
mod setup;
mod sign_in;
mod sign_up;
mod transact;
mod upstream_changes;
mod upstream_rotation;
mod upstreams;
mod usage;
mod why;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use domain::ledger::Verdict;
use domain::ports::{
    Accounts, Balances, CacheDesk, Certificates, Comparisons, Directory, Exits, Invalidate,
    LedgerReport, Outbound, People, PriceFormat, PriceGaps, Records, StolenPasswords, UsageStore,
};
use domain::{Clock, KeyCare, ModelFacts, PeriodKind, ScopeId, SecretHash, Tries};
use vault::Vault;

pub use access::{AdminCaller, KeyedCaller};
pub use admin_keys::AdminKeyDraft;
pub use advice::{Advice, AdviceRules};
pub use alerts::{AlertDraft, MadeAlert};
pub use author::Author;
pub use cache::CacheState;
pub use care::{
    HoneytokenDraft, LeakCheck, LeakFeedback, LeakReports, LeakStanding, MadeHoneytoken,
    MadeKeyRules, RulesPatch, SignedReport,
};
pub use certificates::{CertificateDraft, Place};
pub use checkup::{CheckupKey, Doctor};
pub use comparisons::{ComparedCall, ComparedTexts};
pub use costs::{CostLine, CostQuestion, CostReport, CostRow};
pub use cursor_page::CursorPage;
pub use declared_limits::{DeclaredLimit, DeclaredScope};
pub use denied::Attempt;
pub use egress::{EgressDraft, EgressPatch, EgressState, ProxyCredential, ProxyDraft};
pub use invites::InviteDraft;
pub use keys::{Expiry, KeyDraft, KeyPatch, MadeKey};
pub use ledger::{AccountQuestion, CorrectionDraft, LedgerAccount, MadeCorrection};
pub use letters::{KeptMail, MailServer};
pub use limits::{LimitDraft, LimitState};
pub use near::{MatchTexts, NearEvaluation, ShownMatch};
pub use networks::{Network, parse_network};
pub use oidc::{CameBack, FromProvider, ToProvider};
pub use organization::{OrganizationState, known_zone};
pub use overview::{Figures, Overview};
pub use owner::{OwnedKey, OwnerRecord};
pub use people::{MemberDraft, UserPatch, WhichUser};
pub use phones::PhoneDesk;
pub use prices::{Imported, PriceLayer, PriceQuestion, PriceRowNow, PriceState};
pub use projects::{ProjectDraft, ProjectPatch};
pub use rate_limits::{ModelRate, RateChanges, RateOwner};
pub use roles::{RoleDraft, RolePatch};
pub use routes::{DeclaredRoute, RouteDraft, RouteState};
pub use second_factor::NewFactor;
pub use secrets::last_four;
pub use service_accounts::{ServiceAccountDraft, ServiceAccountPatch};
pub use setup::{SETUP_LINK_SECONDS, SetupDraft};
pub use sign_in::{NewSession, SignedIn, Visitor};
pub use sign_up::AccountDraft;
pub use upstream_changes::{CredentialDraft, UpstreamDraft, UpstreamPatch};
pub use upstream_rotation::RotatedUpstream;
pub use upstreams::{DeclaredUpstream, Unowned, UpstreamState};
pub use usage::{UsageQuestion, UsageReport};
pub use why::{Change as WhatChangesIt, Look, LookResult, Standing, Value as StandingValue, Why};

/// What the control plane stands on.
pub struct Ports {
    pub records: Arc<dyn Records>,
    pub people: Arc<dyn People>,
    pub certificates: Arc<dyn Certificates>,
    pub accounts: Arc<dyn Accounts>,
    pub directory: Arc<dyn Directory>,
    pub usage: Arc<dyn UsageStore>,
    pub balances: Arc<dyn Balances>,
    pub ledger: Arc<dyn LedgerReport>,
    pub clock: Arc<dyn Clock>,
    pub invalidate: Arc<dyn Invalidate>,
    pub prices: Arc<dyn PriceFormat>,
    pub price_gaps: Arc<dyn PriceGaps>,
    pub outbound: Arc<dyn Outbound>,
    pub exits: Arc<dyn Exits>,
    pub care: Arc<dyn KeyCare>,
}

/// Accounts, projects, keys, limits, upstreams and reports, over the ports that keep them.
pub struct Control {
    records: Arc<dyn Records>,
    people: Arc<dyn People>,
    certificates: Arc<dyn Certificates>,
    accounts: Arc<dyn Accounts>,
    directory: Arc<dyn Directory>,
    usage: Arc<dyn UsageStore>,
    balances: Arc<dyn Balances>,
    cache: Arc<dyn CacheDesk>,
    comparisons: Arc<dyn Comparisons>,
    advice: RwLock<AdviceRules>,
    ledger: Arc<dyn LedgerReport>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    invalidate: Arc<dyn Invalidate>,
    /// The admin keys that this start was given. They need not have our format, and the API
    /// does not delete them: the next start would bring them back.
    registered: RwLock<HashSet<SecretHash>>,
    denials: denied::Denials,
    /// The limits that the config file names: nobody else changes them.
    of_file: RwLock<BTreeSet<(ScopeId, PeriodKind)>>,
    /// Whether the config file names the organization's zone.
    zone_of_file: RwLock<bool>,
    prices: prices::Desk,
    outbound: Arc<dyn Outbound>,
    places: places::Desk,
    ways: egress::Ways,
    care: care::Care,
    /// What the last look at the ledger's sums found.
    verdict: RwLock<Verdict>,
    /// What is publicly known of models; see [`Control::with_models`].
    models: Vec<&'static ModelFacts>,
    /// Whether a webhook may go to a URL; see [`Control::with_webhooks`].
    webhooks: alerts::MayGo,
    /// How often secrets of people were tried.
    tries: Mutex<Tries>,
    hashers: passwords::Hashers,
    /// See [`Control::with_stolen_passwords`].
    stolen: Option<Arc<dyn StolenPasswords>>,
    oidc: oidc::Oidc,
    phones: phones::Phones,
    /// See [`Control::reached_at`].
    base_url: OnceLock<String>,
    /// See [`Control::mails_by`].
    mail_server: OnceLock<MailServer>,
    kept_mail: Mutex<VecDeque<KeptMail>>,
}

impl Control {
    #[must_use]
    pub fn new(ports: Ports, vault: Arc<Vault>) -> Self {
        let Ports { records, directory, usage, balances, ledger, clock, invalidate, .. } = ports;
        let Ports { prices, price_gaps, outbound, exits, people, .. } = ports;
        let Ports { certificates, accounts, care, .. } = ports;
        let (registered, of_file) = (RwLock::default(), RwLock::default());
        let prices = prices::Desk::new(prices, price_gaps);
        Self {
            records,
            people,
            accounts,
            certificates,
            directory,
            usage,
            balances,
            cache: Arc::new(cache::NoCache),
            comparisons: Arc::new(comparisons::NoComparisons),
            advice: RwLock::default(),
            ledger,
            vault,
            clock,
            invalidate,
            registered,
            denials: denied::Denials::default(),
            of_file,
            zone_of_file: RwLock::default(),
            prices,
            outbound,
            places: places::Desk::default(),
            ways: egress::Ways::new(exits),
            care: care::Care::new(care),
            verdict: RwLock::default(),
            models: Vec::new(),
            webhooks: Box::new(|_| true),
            tries: Mutex::default(),
            hashers: passwords::Hashers::new(),
            stolen: None,
            oidc: oidc::Oidc::default(),
            phones: phones::Phones::default(),
            base_url: OnceLock::new(),
            mail_server: OnceLock::new(),
            kept_mail: Mutex::default(),
        }
    }

    fn is_registered(&self, hash: SecretHash) -> bool {
        self.registered.read().is_ok_and(|hashes| hashes.contains(&hash))
    }
}
