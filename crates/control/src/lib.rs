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
mod checkup;
mod comparisons;
mod costs;
mod cursor;
mod cursor_page;
mod declared_limits;
mod egress;
mod groups;
mod invites;
mod keys;
mod ledger;
mod limits;
mod networks;
mod organization;
mod owner;
mod people;
mod places;
mod prices;
mod project_rules;
mod projects;
mod rate_limits;
mod request_log;
mod roles;
mod rotation;
mod route_rules;
mod routes;
mod secrets;
mod service_accounts;
mod transact;
mod upstream_changes;
mod upstreams;
mod usage;

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, RwLock};

use domain::ledger::Verdict;
use domain::ports::{
    Balances, CacheDesk, Comparisons, Directory, Exits, Invalidate, LedgerReport, Outbound, People,
    PriceFormat, PriceGaps, Records, UsageStore,
};
use domain::{Clock, ModelFacts, PeriodKind, ScopeId, SecretHash};
use vault::Vault;

pub use access::AdminCaller;
pub use admin_keys::AdminKeyDraft;
pub use advice::{Advice, AdviceRules};
pub use alerts::{AlertDraft, MadeAlert};
pub use author::Author;
pub use cache::CacheState;
pub use checkup::{CheckupKey, Doctor};
pub use comparisons::{ComparedCall, ComparedTexts};
pub use costs::{CostLine, CostQuestion, CostReport, CostRow};
pub use cursor_page::CursorPage;
pub use declared_limits::{DeclaredLimit, DeclaredScope};
pub use egress::{EgressDraft, EgressPatch, EgressState, ProxyCredential, ProxyDraft};
pub use invites::InviteDraft;
pub use keys::{Expiry, KeyDraft, KeyPatch, MadeKey};
pub use ledger::{AccountQuestion, CorrectionDraft, LedgerAccount, MadeCorrection};
pub use limits::{LimitDraft, LimitState};
pub use networks::{Network, parse_network};
pub use organization::{OrganizationState, known_zone};
pub use owner::{OwnedKey, OwnerRecord};
pub use people::{MemberDraft, UserPatch, WhichUser};
pub use prices::{Imported, PriceState};
pub use projects::{ProjectDraft, ProjectPatch};
pub use rate_limits::{ModelRate, RateChanges, RateOwner};
pub use roles::{RoleDraft, RolePatch};
pub use routes::{DeclaredRoute, RouteDraft, RouteState};
pub use service_accounts::{ServiceAccountDraft, ServiceAccountPatch};
pub use upstream_changes::{CredentialDraft, UpstreamDraft, UpstreamPatch};
pub use upstreams::{DeclaredUpstream, Unowned, UpstreamState};
pub use usage::{UsageQuestion, UsageReport};

/// What the control plane stands on.
pub struct Ports {
    pub records: Arc<dyn Records>,
    pub people: Arc<dyn People>,
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
}

/// Accounts, projects, keys, limits, upstreams and reports, over the ports that keep them.
pub struct Control {
    records: Arc<dyn Records>,
    people: Arc<dyn People>,
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
    /// The limits that the config file names: nobody else changes them.
    of_file: RwLock<BTreeSet<(ScopeId, PeriodKind)>>,
    /// Whether the config file names the organization's zone.
    zone_of_file: RwLock<bool>,
    prices: prices::Desk,
    outbound: Arc<dyn Outbound>,
    places: places::Desk,
    ways: egress::Ways,
    /// What the last look at the ledger's sums found.
    verdict: RwLock<Verdict>,
    /// What is publicly known of models; see [`Control::with_models`].
    models: Vec<&'static ModelFacts>,
    /// Whether a webhook may go to a URL; see [`Control::with_webhooks`].
    webhooks: alerts::MayGo,
    /// Whether mail leaves this house; see [`Control::with_mail`].
    mail: bool,
}

impl Control {
    #[must_use]
    pub fn new(ports: Ports, vault: Arc<Vault>) -> Self {
        let Ports { records, directory, usage, balances, ledger, clock, invalidate, .. } = ports;
        let Ports { prices, price_gaps, outbound, exits, people, .. } = ports;
        let (registered, of_file) = (RwLock::default(), RwLock::default());
        let prices = prices::Desk::new(prices, price_gaps);
        Self {
            records,
            people,
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
            of_file,
            zone_of_file: RwLock::default(),
            prices,
            outbound,
            places: places::Desk::default(),
            ways: egress::Ways::new(exits),
            verdict: RwLock::default(),
            models: Vec::new(),
            webhooks: Box::new(|_| true),
            mail: false,
        }
    }

    fn is_registered(&self, hash: SecretHash) -> bool {
        self.registered.read().is_ok_and(|hashes| hashes.contains(&hash))
    }
}
