//! The ports in memory, for the tests of `control` and `web`: what a store promises, in maps.

#[path = "accounts.rs"]
mod accounts;
#[path = "people.rs"]
mod people;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use control::{Control, Ports};
use domain::ledger::{
    AccountQuery, AccountState, Correction, Entry, EntryPage, EntryQuery, Imbalance, Remedy,
    Verdict,
};
use domain::ports::{
    BadField, BadPlace, Balances, BoxFuture, Directory, Exits, Explained, Invalidate, LedgerReport,
    Outbound, Places, PriceGaps, Probed, ProviderFacts, Records, StoreError, StoreResult,
    UsageStore,
};
use domain::price::{ImportState, PriceBook, PriceImport, PriceRow, Unpriced};
use domain::rate::{Measure, RateLimits, RateScope};
use domain::route::Route;
use domain::{
    AlertId, AttemptPage, AttemptQuery, AuditEntry, AuditHash, AuditLine, AuditQuery, AuditVerdict,
    Balance, Bucket, CareChange, Change, Clock, Delivery, EgressBook, Handover, Honeytoken, Key,
    KeyCare, KeyId, KeyKind, KeyRules, KeyTrait, KeyView, LadderQuery, Leak, LoggedAttempt,
    ModelFacts, Order, Organization, PageQuery, Paged, Project, ProjectId, ProjectRules,
    ProxyAddress, ProxyFigures, ProxyTest, RefusedCall, RefusedPage, RefusedQuery, RequestId,
    ScopeId, ScopeKind, SealedEgressBook, Secret, SecretHash, ServiceAccount, ServiceAccountId,
    Session, SpendAlert, SpendLimit, Suspended, Timestamp, Upstream, UpstreamId, UsageQuery,
    UsageRecord, User, UserId, Waiting,
};
use vault::{MasterKey, Vault};

/// Noon of 2026-03-15, UTC.
pub(crate) const NOON: i64 = 1_773_576_000;

const fn model(name: &'static str, mode: &'static str) -> ModelFacts {
    ModelFacts { name, mode, max_input: 0, max_output: 0 }
}

static MODELS: [ModelFacts; 4] = [
    model("dall-e-3", "image_generation"),
    model("ft:gpt-4o", "chat"),
    model("gpt-4o", "chat"),
    model("whisper-1", "audio_transcription"),
];

#[derive(Default)]
pub(crate) struct State {
    pub(crate) organization: Option<Organization>,
    pub(crate) users: Vec<User>,
    /// Of the first user, whatever the browser shows.
    pub(crate) session: Option<Session>,
    pub(crate) projects: Vec<Project>,
    pub(crate) accounts: Vec<ServiceAccount>,
    pub(crate) keys: Vec<Key>,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) routes: Vec<Route>,
    /// The names of the upstreams in use, with how many credentials each has.
    pub(crate) in_use: Vec<(String, usize)>,
    pub(crate) routes_in_use: Vec<Route>,
    pub(crate) limits: Vec<SpendLimit>,
    pub(crate) alerts: Vec<SpendAlert>,
    pub(crate) outbox: Vec<Waiting>,
    pub(crate) balances: BTreeMap<ScopeId, Vec<Balance>>,
    pub(crate) meta: BTreeMap<&'static str, Vec<u8>>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) rates: Vec<(RateScope, RateLimits)>,
    /// By project; the organization has none.
    pub(crate) rules: BTreeMap<Option<ProjectId>, ProjectRules>,
    pub(crate) cache: BTreeMap<ProjectId, domain::CacheRules>,
    /// Bucket start to row; every report is answered from it.
    pub(crate) usage: BTreeMap<i64, domain::UsageRow>,
    pub(crate) questions: Vec<UsageQuery>,
    /// The request log, oldest first.
    pub(crate) attempts: Vec<LoggedAttempt>,
    pub(crate) refused: Vec<RefusedCall>,
    pub(crate) attempt_queries: Vec<AttemptQuery>,
    pub(crate) invalidated: Vec<Vec<SecretHash>>,
    pub(crate) limits_told: Vec<ScopeId>,
    pub(crate) prices: BTreeMap<String, PriceRow>,
    pub(crate) price_imports: BTreeMap<ImportState, PriceImport>,
    /// The book that the data plane was given last.
    pub(crate) book: Option<Arc<PriceBook>>,
    pub(crate) egresses: SealedEgressBook,
    /// What the data plane was given last, without its secrets.
    pub(crate) ways: Vec<(String, usize)>,
    pub(crate) unpriced: Vec<Unpriced>,
    pub(crate) ledger: Vec<AccountState>,
    /// Oldest first.
    pub(crate) entries: Vec<Entry>,
    pub(crate) entry_queries: Vec<EntryQuery>,
    pub(crate) account_queries: Vec<AccountQuery>,
    pub(crate) corrections: Vec<Correction>,
    /// What the next look at the ledger finds.
    pub(crate) breaches: Vec<Imbalance>,
    /// How many looks there were, and whether each was a whole one.
    pub(crate) looks: Vec<bool>,
    /// What the data plane was told to stop.
    pub(crate) stopped: Vec<Imbalance>,
    pub(crate) key_rules: BTreeMap<Option<ProjectId>, KeyRules>,
    pub(crate) leaks: Vec<Leak>,
    pub(crate) honeytokens: Vec<Honeytoken>,
    /// The marks of what was told once.
    pub(crate) told: BTreeSet<String>,
    pub(crate) handovers: Vec<Handover>,
    pub(crate) traits: Vec<KeyTrait>,
}

#[derive(Default)]
pub(crate) struct World {
    state: Mutex<State>,
    pub(crate) down: AtomicBool,
    pub(crate) lookups: AtomicUsize,
    pub upstream_changes: AtomicUsize,
    now: AtomicI64,
}

impl World {
    /// An empty installation, and the control plane over it.
    pub(crate) fn new() -> (Arc<Self>, Arc<Control>) {
        let world = Arc::new(Self::default());
        world.now.store(NOON * 1000, Ordering::SeqCst);
        let master = MasterKey::from_secret(&Secret::from("q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp"));
        let (vault, _) = Vault::create(&master.ok().unwrap());
        let ports = Ports {
            records: world.clone(),
            people: world.clone(),
            certificates: world.clone(),
            accounts: world.clone(),
            directory: world.clone(),
            usage: world.clone(),
            balances: world.clone(),
            ledger: world.clone(),
            clock: world.clone(),
            invalidate: world.clone(),
            prices: Arc::new(providers::prices::FieldFormat),
            price_gaps: world.clone(),
            outbound: world.clone(),
            exits: world.clone(),
            care: world.clone(),
        };
        let control = Control::new(ports, Arc::new(vault));
        let public = |url: &str| !url.contains("//10.");
        (world, Arc::new(control.with_models(&MODELS).with_webhooks(public)))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) fn events(&self) -> Vec<&'static str> {
        self.state().audit.iter().map(|entry| entry.event).collect()
    }

    fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut State) -> Result<T, StoreError>,
    ) -> StoreResult<'_, T> {
        let answer = if self.down.load(Ordering::SeqCst) {
            Err(StoreError::Unavailable("disk /secret/path is full".into()))
        } else {
            read(&mut self.state())
        };
        Box::pin(std::future::ready(answer))
    }
}

/// Runs a future whose every await is ready at once, as the maps' are.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a future of the fake store waits"),
    }
}

impl State {
    fn apply(&mut self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::CreateOrganization(it) => self.organization = Some(it),
            Change::RenameOrganization { name } => {
                self.organization.as_mut().unwrap().name = name;
            }
            Change::CreateUser(it) => self.users.push(it),
            Change::CreateProject(it) => self.projects.push(it),
            Change::UpdateProject { id, name, external_key_id } => {
                let it = find(&mut self.projects, |p| p.id == id && p.archived_at.is_none())?;
                it.name = name.unwrap_or_else(|| it.name.clone());
                it.external_key_id = external_key_id.unwrap_or_else(|| it.external_key_id.clone());
            }
            Change::ArchiveProject { id, at } => {
                find(&mut self.projects, |p| p.id == id)?.archived_at = Some(at);
            }
            Change::CreateServiceAccount(it) => self.accounts.push(it),
            Change::UpdateServiceAccount { id, name, role } => {
                let it = find(&mut self.accounts, |a| a.id == id)?;
                it.name = name.unwrap_or_else(|| it.name.clone());
                it.role = role.unwrap_or(it.role);
            }
            Change::DeleteServiceAccount { id, at } => {
                self.accounts.retain(|a| a.id != id);
                for key in self.keys.iter_mut().filter(|k| k.owner.as_str() == id.as_str()) {
                    key.revoked_at = Some(at);
                }
            }
            Change::PutMeta { name, value } => {
                self.meta.insert(name, value);
            }
            Change::PutSpendLimit(it) => {
                self.limits.retain(|l| (&l.scope, l.period) != (&it.scope, it.period));
                self.limits.push(it);
            }
            Change::RemoveSpendLimit { scope, period } => {
                let at = self.limits.iter().position(|l| (&l.scope, l.period) == (&scope, period));
                self.limits.remove(at.ok_or(StoreError::NotFound)?);
            }
            Change::PutSpendAlert(it) => match self.alerts.iter_mut().find(|a| a.id == it.id) {
                Some(old) => *old = it,
                None => self.alerts.push(it),
            },
            Change::RemoveSpendAlert(id) => {
                let at = self.alerts.iter().position(|a| a.id == id).ok_or(StoreError::NotFound)?;
                self.alerts.remove(at);
            }
            Change::FireAlert { id, period_start, deliveries } => {
                self.fire(&id, period_start, deliveries);
            }
            Change::RetryDelivery { id, attempts, .. } => {
                find(&mut self.outbox, |w| w.delivery.id == id)?.attempts = attempts;
            }
            Change::EndDelivery(id) => self.outbox.retain(|w| w.delivery.id != id),
            Change::SetRateLimits { scope, limits, .. } => self.set_rates(scope, limits),
            Change::SetCache { project, patch } => {
                let rules = self.cache.entry(project.clone()).or_default();
                *rules = patch.on(*rules);
            }
            Change::SetProjectRule { project, rule } => {
                self.rules.entry(project).or_default().set(rule);
            }
            Change::ClearRateLimits(scope) => self.rates.retain(|(of, _)| *of != scope),
            of_places => self.apply_to_places(of_places)?,
        }
        Ok(())
    }

    fn apply_to_places(&mut self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::PutUpstream(it) => {
                self.upstreams.retain(|u| u.id != it.id);
                self.upstreams.push(it);
            }
            Change::RemoveUpstream(id) => self.upstreams.retain(|u| u.id != id),
            Change::PutRoute(it) => {
                self.routes.retain(|r| r.id != it.id);
                self.routes.push(it);
            }
            Change::RemoveRoute(id) => self.routes.retain(|r| r.id != id),
            Change::PutEgress(egress) => {
                self.egresses.egresses.retain(|e| e.name != egress.name);
                self.egresses.egresses.push(egress);
            }
            Change::RemoveEgress { name } => self.egresses.egresses.retain(|e| e.name != name),
            Change::SetEgressUse { user, egress } => {
                self.egresses.uses.retain(|(of, _)| *of != user);
                self.egresses.uses.extend(egress.map(|egress| (user, egress)));
            }
            of_money => self.apply_to_money(of_money)?,
        }
        Ok(())
    }

    fn set_rates(&mut self, scope: RateScope, limits: Vec<(Measure, Option<u64>)>) {
        let known = self.rates.iter().position(|(of, _)| *of == scope);
        let (_, mut own) =
            known.map_or((scope.clone(), RateLimits::default()), |at| self.rates.swap_remove(at));
        limits.into_iter().for_each(|(measure, limit)| own.set(measure, limit));
        if !own.is_empty() {
            self.rates.push((scope, own));
        }
    }

    fn fire(&mut self, id: &AlertId, period_start: i64, deliveries: Vec<Delivery>) {
        let armed = |a: &&mut SpendAlert| {
            a.id == *id && a.fired_start.is_none_or(|fired| fired < period_start)
        };
        if let Some(alert) = self.alerts.iter_mut().find(armed) {
            alert.fired_start = Some(period_start);
            let waiting = deliveries.into_iter().map(|delivery| Waiting { delivery, attempts: 0 });
            self.outbox.extend(waiting);
        }
    }

    fn apply_to_money(&mut self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::CorrectLedger(correction) => self.correct(correction)?,
            Change::AcknowledgeOverage(scope) => {
                let of_scope = self.balances.get_mut(&scope).into_iter().flatten();
                of_scope.for_each(|balance| balance.acknowledged = balance.overage);
            }
            Change::PutPrice(row) => {
                self.prices.insert(row.model.clone(), row);
            }
            Change::RemovePrice { model } => {
                self.prices.remove(&model).ok_or(StoreError::NotFound)?;
            }
            Change::PutPriceImport(import) => {
                self.price_imports.insert(import.state, import);
            }
            Change::RemovePriceImport(state) => {
                self.price_imports.remove(&state);
            }
            of_a_key => self.apply_to_key(of_a_key)?,
        }
        Ok(())
    }

    /// Keeps what was asked for; a balanced account is no longer a breach.
    fn correct(&mut self, correction: Correction) -> Result<(), StoreError> {
        match &correction.remedy {
            Remedy::Entry { place, .. } => {
                find(&mut self.entries, |entry| entry.place == *place)?;
            }
            Remedy::Account { account, .. } => {
                find(&mut self.ledger, |state| state.id == *account)?;
            }
            Remedy::Balance { account, .. } => self.breaches.retain(|b| b.account != *account),
        }
        self.corrections.push(correction);
        Ok(())
    }

    fn apply_to_key(&mut self, change: Change) -> Result<(), StoreError> {
        match change {
            Change::CreateKey(it) => self.keys.push(it),
            Change::RegisterAdminKey(it) => {
                let hash = it.secrets[0].hash;
                if !self.keys.iter().any(|k| k.secrets.iter().any(|s| s.hash == hash)) {
                    self.keys.push(it);
                }
            }
            Change::UpdateKey { id, name, policy, expires_at } => {
                let it = find(&mut self.keys, |k| k.id == id && k.revoked_at.is_none())?;
                it.name = name.unwrap_or_else(|| it.name.clone());
                it.policy = policy.unwrap_or_else(|| it.policy.clone());
                it.expires_at = expires_at.unwrap_or(it.expires_at);
            }
            Change::RevokeKey { id, at } => {
                find(&mut self.keys, |k| k.id == id)?.revoked_at = Some(at);
            }
            Change::RotateKey { id, secret, old_end_at } => {
                let it = find(&mut self.keys, |k| k.id == id && k.revoked_at.is_none())?;
                end(&mut it.secrets, old_end_at);
                it.secrets.insert(0, secret);
            }
            Change::EndOldSecrets { id, at } => {
                let it = find(&mut self.keys, |k| k.id == id && k.revoked_at.is_none())?;
                end(&mut it.secrets[1..], at);
            }
            Change::Care(change) => self.apply_care(change)?,
            other => panic!("no change of a key: {other:?}"),
        }
        Ok(())
    }

    fn apply_care(&mut self, change: CareChange) -> Result<(), StoreError> {
        match change {
            CareChange::PutRules { project, rules } => {
                self.key_rules.insert(project, rules);
            }
            CareChange::RecordLeak(leak) => {
                let mut secrets = self.keys.iter_mut().flat_map(|key| &mut key.secrets);
                if leak.action.ends_secret()
                    && let Some(secret) = secrets.find(|secret| secret.hash == leak.secret)
                {
                    secret.leaked_at = Some(leak.at);
                    secret.ends_at = Some(leak.at);
                }
                self.leaks.push(leak);
            }
            CareChange::CreateHoneytoken(it) => self.honeytokens.push(it),
            CareChange::RemoveHoneytoken(id) => self.honeytokens.retain(|it| it.id != id),
            CareChange::TouchHoneytoken { id, at } => {
                find(&mut self.honeytokens, |it| it.id == id)?.last_used_at = Some(at);
            }
            CareChange::Suspend { id, why, at, note } => {
                let key = find(&mut self.keys, |k| k.id == id && k.revoked_at.is_none())?;
                key.suspended.get_or_insert(Suspended { why, at, note });
            }
            CareChange::Resume { id, at, .. } => {
                let key = find(&mut self.keys, |k| k.id == id && k.revoked_at.is_none())?;
                (key.suspended, key.resumed_at) = (None, Some(at));
            }
            CareChange::TellOnce { mark, deliveries, .. } => {
                if self.told.insert(mark) {
                    let waiting =
                        deliveries.into_iter().map(|delivery| Waiting { delivery, attempts: 0 });
                    self.outbox.extend(waiting);
                }
            }
            CareChange::BeginHandover { handover, secret } => {
                let key = find(&mut self.keys, |k| k.id == handover.key)?;
                key.secrets.insert(0, secret);
                self.handovers.push(handover);
            }
            CareChange::PutOffHandover { key, attempts, next_at, error } => {
                let it = find(&mut self.handovers, |it| it.key == key)?;
                (it.attempts, it.next_at, it.last_error) = (attempts, next_at, Some(error));
            }
            CareChange::EndHandover { key, old_end_at } => {
                self.handovers.retain(|it| it.key != key);
                end(&mut find(&mut self.keys, |k| k.id == key)?.secrets[1..], old_end_at);
            }
            CareChange::AddTraits(traits) => {
                for one in traits {
                    let same = |it: &KeyTrait| {
                        (&it.key, it.kind, &it.value) == (&one.key, one.kind, &one.value)
                    };
                    if !self.traits.iter().any(same) {
                        self.traits.push(one);
                    }
                }
            }
        }
        Ok(())
    }

    fn view(&self, hash: SecretHash) -> Option<KeyView> {
        let key = self.keys.iter().find(|k| k.secrets.iter().any(|s| s.hash == hash))?;
        let secret = key.secrets.iter().find(|s| s.hash == hash)?;
        let project = self.projects.iter().find(|p| Some(&p.id) == key.project.as_ref());
        Some(KeyView {
            id: key.id.clone(),
            kind: key.kind,
            project: key.project.clone(),
            owner: key.owner.clone(),
            policy: key.policy.clone(),
            expires_at: key.expires_at,
            secret_ends_at: secret.ends_at,
            revoked: key.revoked_at.is_some(),
            leaked: secret.leaked_at.is_some(),
            suspended: key.suspended.as_ref().map(|it| it.why),
            project_archived: project.is_some_and(|p| p.archived_at.is_some()),
            rates: None,
            rules: self.rules.get(&key.project).cloned().map(Arc::new),
            certificates: None,
            cache: key.project.as_ref().and_then(|project| self.cache.get(project)).copied(),
        })
    }
}

fn end(secrets: &mut [domain::KeySecret], at: Timestamp) {
    for secret in secrets {
        secret.ends_at = Some(secret.ends_at.map_or(at, |earlier| earlier.min(at)));
    }
}

fn find<T>(rows: &mut [T], is: impl Fn(&T) -> bool) -> Result<&mut T, StoreError> {
    rows.iter_mut().find(|row| is(row)).ok_or(StoreError::NotFound)
}

fn paged<T>(mut rows: Vec<T>, page: &PageQuery, id: impl Fn(&T) -> &str) -> Paged<T> {
    if page.order == Order::Descending {
        rows.reverse();
    }
    if let Some(after) = &page.after {
        let at = rows.iter().position(|row| id(row) == after).map_or(rows.len(), |at| at + 1);
        rows.drain(..at);
    }
    let has_more = rows.len() > page.limit as usize;
    rows.truncate(page.limit as usize);
    Paged { rows, has_more }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }
}

impl Invalidate for World {
    fn keys_changed(&self, hashes: &[SecretHash]) {
        self.state().invalidated.push(hashes.to_vec());
    }

    fn limits_changed(&self, scopes: &[ScopeId]) {
        self.state().limits_told.extend_from_slice(scopes);
    }

    fn prices_changed(&self, book: Arc<PriceBook>) {
        self.state().book = Some(book);
    }

    fn honeytokens_changed(&self, _: HashSet<SecretHash>) {}

    fn ledger_verified(&self, breaches: &[Imbalance]) {
        self.state().stopped = breaches.to_vec();
    }

    fn places_changed(&self, places: Places) -> Vec<BadPlace> {
        self.upstream_changes.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state();
        let named =
            |(upstream, secrets): &(Upstream, Vec<Secret>)| (upstream.name.clone(), secrets.len());
        state.in_use = places.upstreams.iter().map(named).collect();
        state.routes_in_use = places.routes;
        Vec::new()
    }
}

impl Outbound for World {
    fn complete(&self, upstream: &mut Upstream) -> Vec<BadField> {
        let is_private = upstream.base_url.contains("//10.");
        let why = || "its address is not a public one".to_owned();
        let bad = || BadField { field: "base_url", why: why(), is_address: true };
        is_private.then(bad).into_iter().collect()
    }

    fn may_sign(&self, credential: &Secret) -> bool {
        !credential.expose().contains(' ')
    }

    fn explain(&self, _: Option<&ProjectId>, _: &str) -> Explained {
        Explained::default()
    }

    fn probe(&self, _: UpstreamId) -> BoxFuture<'_, Probed> {
        let probed = Probed { status: Some(200), models: Some(2), problem: None, took_ms: 3 };
        Box::pin(std::future::ready(probed))
    }

    fn try_credential(&self, _: UpstreamId, credential: Secret) -> BoxFuture<'_, Probed> {
        let bad = credential.expose().starts_with("bad");
        let problem = bad.then(|| "It refused the credential (401): rotate it.".to_owned());
        let probed = Probed { status: Some(200), models: Some(2), problem, took_ms: 3 };
        Box::pin(std::future::ready(probed))
    }

    fn is_drained(&self, _: &UpstreamId) -> bool {
        true
    }

    fn providers(&self) -> Vec<ProviderFacts> {
        let openai = "https://api.openai.com/v1";
        vec![ProviderFacts { name: "openai", base_url: openai, keyless: false }]
    }

    fn avoided(&self) -> Vec<UpstreamId> {
        Vec::new()
    }
}

impl PriceGaps for World {
    fn unpriced(&self) -> Vec<Unpriced> {
        self.state().unpriced.clone()
    }
}

impl Directory for World {
    fn find_secret(&self, hash: SecretHash) -> StoreResult<'_, Option<KeyView>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        self.ask(|state| Ok(state.view(hash)))
    }
}

impl Balances for World {
    fn balances(&self, scope: ScopeId) -> StoreResult<'_, Vec<Balance>> {
        self.ask(|state| Ok(state.balances.get(&scope).cloned().unwrap_or_default()))
    }
}

impl LedgerReport for World {
    fn account_page(&self, query: AccountQuery) -> StoreResult<'_, Paged<AccountState>> {
        self.ask(|state| {
            let filter = &query.filter;
            let shown = |it: &&AccountState| {
                filter.scope.as_ref().is_none_or(|scope| it.id.scope == *scope)
                    && filter.period.is_none_or(|period| it.id.period.kind == period)
                    && query.after.as_ref().is_none_or(|after| it.id > *after)
            };
            let mut rows: Vec<_> = state.ledger.iter().filter(shown).cloned().collect();
            let has_more = rows.len() > query.limit as usize;
            rows.truncate(query.limit as usize);
            state.account_queries.push(query);
            Ok(Paged { rows, has_more })
        })
    }

    fn entries(&self, query: EntryQuery) -> StoreResult<'_, EntryPage> {
        self.ask(|state| {
            let before = query.before.unwrap_or(i64::MAX);
            let older = state.entries.iter().filter(|entry| entry.place < before);
            let mut rows: Vec<_> = older.rev().cloned().collect();
            let limit = query.limit as usize;
            let next = (rows.len() > limit).then(|| rows[limit - 1].place);
            rows.truncate(limit);
            state.entry_queries.push(query);
            Ok(EntryPage { rows, next })
        })
    }

    fn verify(&self, whole: bool) -> StoreResult<'_, Verdict> {
        self.ask(|state| {
            state.looks.push(whole);
            let number = state.looks.len() as u64;
            Ok(Verdict { number, breaches: state.breaches.clone() })
        })
    }
}

impl UsageStore for World {
    fn settle(
        &self,
        _: Arc<Vec<UsageRecord>>,
        _: Option<Arc<domain::ledger::Batch>>,
    ) -> StoreResult<'_, ()> {
        self.ask(|_| Ok(()))
    }

    fn touch(&self, _: Vec<(SecretHash, Timestamp)>) -> StoreResult<'_, ()> {
        self.ask(|_| Ok(()))
    }

    fn report(&self, query: UsageQuery) -> StoreResult<'_, Vec<Bucket>> {
        self.ask(|state| {
            let rows = state.usage.range(query.start..query.end);
            let bucket = |(start, row): (&i64, &domain::UsageRow)| Bucket {
                start: *start,
                rows: vec![row.clone()],
            };
            let found = rows.map(bucket).collect();
            state.questions.push(query);
            Ok(found)
        })
    }

    fn attempts(&self, query: AttemptQuery) -> StoreResult<'_, AttemptPage> {
        self.ask(|state| {
            let before = query.before.unwrap_or(i64::MAX);
            let older = state.attempts.iter().filter(|row| row.place < before);
            let mut rows: Vec<_> = older.rev().cloned().collect();
            let limit = query.limit as usize;
            let next = (rows.len() > limit).then(|| rows[limit - 1].place);
            rows.truncate(limit);
            state.attempt_queries.push(query);
            Ok(AttemptPage { rows, next })
        })
    }

    fn attempts_of(&self, request: RequestId) -> StoreResult<'_, Vec<LoggedAttempt>> {
        self.ask(|state| {
            let of = |row: &&LoggedAttempt| row.request == request;
            Ok(state.attempts.iter().filter(of).cloned().collect())
        })
    }

    fn note_refused(&self, calls: Vec<RefusedCall>) -> StoreResult<'_, ()> {
        self.ask(|state| {
            state.refused.extend(calls);
            Ok(())
        })
    }

    fn refused(&self, query: RefusedQuery) -> StoreResult<'_, RefusedPage> {
        self.ask(|state| {
            let filter = &query.filter;
            let fits = |call: &&RefusedCall| {
                filter.request.as_ref().is_none_or(|request| *request == call.request)
                    && filter.code.as_ref().is_none_or(|code| *code == call.code)
            };
            let rows = state.refused.iter().rev().filter(fits).cloned().collect();
            Ok(RefusedPage { rows, has_more: false })
        })
    }
}

impl Records for World {
    fn apply(&self, changes: Vec<Change>, audit: Vec<AuditEntry>) -> StoreResult<'_, ()> {
        self.ask(|state| {
            changes.into_iter().try_for_each(|change| state.apply(change))?;
            state.audit.extend(audit);
            Ok(())
        })
    }

    fn cache_rules(&self, project: ProjectId) -> StoreResult<'_, Option<domain::CacheRules>> {
        self.ask(|state| Ok(state.cache.get(&project).copied()))
    }

    fn project_rules(&self, project: Option<ProjectId>) -> StoreResult<'_, ProjectRules> {
        self.ask(|state| Ok(state.rules.get(&project).cloned().unwrap_or_default()))
    }

    /// The whole log, newest first: pages and filters are the store's, and tested there.
    fn audit_lines(&self, _: AuditQuery) -> StoreResult<'_, Paged<AuditLine>> {
        self.ask(|state| {
            let rows = state.audit.iter().rev().map(|entry| AuditLine {
                id: entry.id.clone(),
                at: entry.at,
                event: entry.event.to_owned(),
                actor: None,
                project: entry.project.clone().map(|project| (project, None)),
                payload: entry.payload.clone(),
                request: entry.request.clone(),
                address: entry.address.clone(),
                hash: None,
            });
            Ok(Paged { rows: rows.collect(), has_more: false })
        })
    }

    fn verify_audit(&self, _: Option<AuditHash>) -> StoreResult<'_, AuditVerdict> {
        self.ask(|state| {
            let lines = state.audit.len() as u64;
            Ok(AuditVerdict { lines, head: None, knows: None, broken: None })
        })
    }

    fn organization(&self) -> StoreResult<'_, Option<Organization>> {
        self.ask(|state| Ok(state.organization.clone()))
    }

    fn owner(&self) -> StoreResult<'_, Option<User>> {
        self.ask(|state| Ok(state.users.first().cloned()))
    }

    fn user(&self, id: UserId) -> StoreResult<'_, Option<User>> {
        self.ask(|state| Ok(state.users.iter().find(|u| u.id == id).cloned()))
    }

    fn project(&self, id: ProjectId) -> StoreResult<'_, Option<Project>> {
        self.ask(|state| Ok(state.projects.iter().find(|p| p.id == id).cloned()))
    }

    fn projects(&self, page: PageQuery, archived: bool) -> StoreResult<'_, Paged<Project>> {
        self.ask(|state| {
            let shown = |p: &&Project| archived || p.archived_at.is_none();
            let rows = state.projects.iter().filter(shown).cloned().collect();
            Ok(paged(rows, &page, |p| p.id.as_str()))
        })
    }

    fn service_account(&self, id: ServiceAccountId) -> StoreResult<'_, Option<ServiceAccount>> {
        self.ask(|state| Ok(state.accounts.iter().find(|a| a.id == id).cloned()))
    }

    fn service_accounts(
        &self,
        project: ProjectId,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<ServiceAccount>> {
        self.ask(|state| {
            let rows = state.accounts.iter().filter(|a| a.project == project).cloned().collect();
            Ok(paged(rows, &page, |a| a.id.as_str()))
        })
    }

    fn key(&self, id: KeyId) -> StoreResult<'_, Option<Key>> {
        self.ask(|state| Ok(state.keys.iter().find(|k| k.id == id).cloned()))
    }

    fn keys(
        &self,
        project: Option<ProjectId>,
        kinds: Vec<KeyKind>,
        page: PageQuery,
    ) -> StoreResult<'_, Paged<Key>> {
        self.ask(|state| {
            let shown = |k: &&Key| {
                k.revoked_at.is_none() && k.project == project && kinds.contains(&k.kind)
            };
            let rows = state.keys.iter().filter(shown).cloned().collect();
            Ok(paged(rows, &page, |k| k.id.as_str()))
        })
    }

    fn upstreams(&self) -> StoreResult<'_, Vec<Upstream>> {
        self.ask(|state| Ok(state.upstreams.clone()))
    }

    fn routes(&self) -> StoreResult<'_, Vec<Route>> {
        self.ask(|state| Ok(state.routes.clone()))
    }

    fn egresses(&self) -> StoreResult<'_, SealedEgressBook> {
        self.ask(|state| Ok(state.egresses.clone()))
    }

    fn price_rows(&self) -> StoreResult<'_, Vec<PriceRow>> {
        self.ask(|state| Ok(state.prices.values().cloned().collect()))
    }

    fn price_imports(&self) -> StoreResult<'_, Vec<PriceImport>> {
        self.ask(|state| Ok(state.price_imports.values().cloned().collect()))
    }

    fn rate_limits(&self, scope: ScopeId) -> StoreResult<'_, Vec<(Option<String>, RateLimits)>> {
        self.ask(|state| {
            let of = state.rates.iter().filter(|(of, _)| of.scope == scope);
            Ok(of.map(|(of, limits)| (of.model.clone(), *limits)).collect())
        })
    }

    fn ladder(&self, query: LadderQuery) -> StoreResult<'_, Vec<SpendLimit>> {
        assert!(query.project.is_none() && query.after.is_none(), "a part of the ladder");
        self.ask(|state| {
            let kinds = ScopeKind::ALL.into_iter().rev();
            let all =
                kinds.flat_map(|kind| state.limits.iter().filter(move |l| l.scope.kind == kind));
            Ok(all.take(query.limit as usize).cloned().collect())
        })
    }

    fn spend_limits(&self, scope: Option<ScopeId>) -> StoreResult<'_, Vec<SpendLimit>> {
        self.ask(|state| {
            let of = |l: &&SpendLimit| scope.as_ref().is_none_or(|scope| l.scope == *scope);
            Ok(state.limits.iter().filter(of).cloned().collect())
        })
    }

    fn spend_alert(&self, id: AlertId) -> StoreResult<'_, Option<SpendAlert>> {
        self.ask(|state| Ok(state.alerts.iter().find(|a| a.id == id).cloned()))
    }

    fn spend_alerts(&self, scope: ScopeId, page: PageQuery) -> StoreResult<'_, Paged<SpendAlert>> {
        self.ask(|state| {
            let rows = state.alerts.iter().filter(|a| a.scope == scope).cloned().collect();
            Ok(paged(rows, &page, |a| a.id.as_str()))
        })
    }

    fn all_spend_alerts(&self) -> StoreResult<'_, Vec<SpendAlert>> {
        self.ask(|state| Ok(state.alerts.clone()))
    }

    fn waiting_deliveries(&self, _: Timestamp, limit: u32) -> StoreResult<'_, Vec<Waiting>> {
        self.ask(|state| Ok(state.outbox.iter().take(limit as usize).cloned().collect()))
    }

    fn meta(&self, name: &'static str) -> StoreResult<'_, Option<Vec<u8>>> {
        self.ask(|state| Ok(state.meta.get(name).cloned()))
    }

    fn ping(&self) -> StoreResult<'_, Timestamp> {
        self.ask(|_| Ok(Timestamp(0)))
    }
}

impl Exits for World {
    fn egresses_changed(&self, book: EgressBook) {
        let uses = book.uses.iter();
        let ways = book.egresses.iter().map(|egress| {
            let taken = uses.clone().filter(|(_, name)| *name == egress.name).count();
            (egress.name.clone(), taken)
        });
        self.state().ways = ways.collect();
    }

    fn check_credential(&self, _: &ProxyAddress, _: &Secret) -> Result<(), &'static str> {
        Ok(())
    }

    fn may_be_public(&self, url: &str) -> bool {
        !url.contains("//10.")
    }

    fn figures(&self) -> Vec<ProxyFigures> {
        Vec::new()
    }

    fn test(&self, _: String, _: String) -> BoxFuture<'_, Option<Vec<ProxyTest>>> {
        Box::pin(std::future::ready(Some(Vec::new())))
    }
}

impl KeyCare for World {
    fn key_rules(&self, project: Option<ProjectId>) -> StoreResult<'_, KeyRules> {
        self.ask(|state| Ok(state.key_rules.get(&project).cloned().unwrap_or_default()))
    }

    fn all_key_rules(&self) -> StoreResult<'_, Vec<(Option<ProjectId>, KeyRules)>> {
        self.ask(|state| Ok(state.key_rules.clone().into_iter().collect()))
    }

    fn leaks(&self, page: PageQuery) -> StoreResult<'_, Paged<Leak>> {
        self.ask(|state| Ok(paged(state.leaks.clone(), &page, |leak| leak.id.as_str())))
    }

    fn honeytokens(&self) -> StoreResult<'_, Vec<Honeytoken>> {
        self.ask(|state| Ok(state.honeytokens.clone()))
    }

    fn handovers(&self) -> StoreResult<'_, Vec<Handover>> {
        self.ask(|state| Ok(state.handovers.clone()))
    }

    fn key_traits(&self, keys: Vec<KeyId>) -> StoreResult<'_, Vec<KeyTrait>> {
        self.ask(|state| {
            let of = state.traits.iter().filter(|it| keys.contains(&it.key));
            Ok(of.cloned().collect())
        })
    }

    fn is_told(&self, mark: String) -> StoreResult<'_, bool> {
        self.ask(|state| Ok(state.told.contains(&mark)))
    }
}
