//! What all calls share, and what the calls of one worker share.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use domain::breaker::Gate;
use domain::ledger::Imbalance;
use domain::ports::{
    self, AnswerStore, BadPlace, BoxFuture, CacheDesk, Comparisons, Directory, Invalidate, Jobs,
    KeptAnswers, Ledger, Objects, PriceGaps,
};
use domain::price::{PriceBook, Unpriced};
use domain::rate::Moment;
use domain::{
    CacheFigures, CachePurge, Clock, KeyId, Nanos, OrganizationId, ProjectId, ProxyFigures,
    ScopeId, SecretHash, Timestamp, Trip, UpstreamId, UsageRecord,
};
use egress::{Asker, Exits, InProcess, Pool, Tls, Way};
use http::HeaderValue;
use tokio::time::Instant;
use vault::Vault;

use crate::budget::{Budgets, Held};
use crate::cache::{Cache, Spellings};
use crate::caller::Failures;
use crate::claims::Claims;
use crate::demo::serve_demo;
use crate::directory::Keys;
use crate::examine::Examined;
use crate::frozen::Frozen;
use crate::honeytokens::Honeytokens;
use crate::idempotency::Idempotency;
use crate::intern::Names;
use crate::metrics::Metrics;
use crate::metrics::requests::{Answered, Place, Requests};
use crate::observed::{Observed, REFUSED, Refused};
use crate::overload;
use crate::places::{Left, Places};
use crate::prices::Prices;
use crate::rate::Rates;
use crate::settings::Settings;
use crate::slots::{Money, Slot, Slots};
use crate::tab::{Settled, Taken};
use crate::tasks::Tasks;
use crate::upstreams::LiveUpstream;

/// What the data plane needs from outside.
pub struct Ports {
    pub directory: Arc<dyn Directory>,
    pub objects: Arc<dyn Objects>,
    pub ledger: Arc<dyn Ledger>,
    pub jobs: Arc<dyn Jobs>,
    pub idempotent: Arc<dyn KeptAnswers>,
    pub comparisons: Arc<dyn Comparisons>,
    /// Answers kept behind the memory, if any are.
    pub answers: Option<Arc<dyn AnswerStore>>,
    pub clock: Arc<dyn Clock>,
    pub vault: Arc<Vault>,
    /// How calls leave the house.
    pub exits: Arc<Exits>,
    /// Our organization's id, for the `openai-organization` header.
    pub organization: HeaderValue,
}

/// An upstream in use, as metrics and traces name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamName {
    pub id: UpstreamId,
    pub name: Arc<str>,
    /// The provider's row.
    pub provider: &'static str,
    /// Host and port.
    pub address: (Arc<str>, u16),
}

/// The data plane of one process.
pub struct Dataplane {
    pub(crate) keys: Keys,
    pub(crate) claims: Claims,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) vault: Arc<Vault>,
    exits: Arc<Exits>,
    pub(crate) organization: HeaderValue,
    pub(crate) settings: Settings,
    /// What moments are counted from.
    began: Instant,
    pub(crate) failures: Failures,
    pub(crate) honeytokens: Honeytokens,
    pub(crate) prices: Prices,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) jobs: Arc<dyn Jobs>,
    pub(crate) idempotency: Idempotency,
    pub(crate) comparisons: Arc<dyn Comparisons>,
    pub(crate) cache: Cache,
    pub(crate) rates: Rates,
    pub(crate) frozen: Frozen,
    pub(crate) examined: Examined,
    pub(crate) gate: Arc<overload::Gate>,
    places: RwLock<Arc<Places>>,
    /// Upstreams as they were, as long as calls go there.
    left: Left,
    demo: InProcess,
    pub metrics: Metrics,
    pub tasks: Tasks,
}

impl Dataplane {
    #[must_use]
    pub fn new(ports: Ports, settings: Settings) -> Arc<Self> {
        let tasks = Tasks::default();
        Arc::new(Self {
            keys: Keys::new(ports.directory),
            claims: Claims::new(ports.objects),
            clock: Arc::clone(&ports.clock),
            vault: ports.vault,
            exits: ports.exits,
            organization: ports.organization,
            gate: overload::Gate::new(settings.calls),
            cache: Cache::new(settings.cache.clone(), ports.answers),
            settings,
            began: Instant::now(),
            failures: Failures::default(),
            honeytokens: Honeytokens::default(),
            prices: Prices::default(),
            budgets: Arc::new(Budgets::new(ports.ledger, tasks.clone())),
            jobs: ports.jobs,
            idempotency: Idempotency::new(ports.idempotent),
            comparisons: ports.comparisons,
            rates: Rates::default(),
            frozen: Frozen::default(),
            examined: Examined::default(),
            places: RwLock::default(),
            left: Left::default(),
            demo: serve_demo(ports.clock.clone()),
            metrics: Metrics::new(),
            tasks,
        })
    }

    /// The present, for what counts from the start.
    pub(crate) fn moment(&self) -> Moment {
        Moment(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    pub(crate) fn places(&self) -> Arc<Places> {
        Arc::clone(&self.places.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Slots for calls in use, and calls that wait for one: more than none while there is more work
    /// than may be in flight.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        self.gate.load()
    }

    pub(crate) fn upstreams(&self) -> Arc<[Arc<LiveUpstream>]> {
        Arc::clone(&self.places().upstreams)
    }

    /// What the upstreams in use are called.
    #[must_use]
    pub fn upstream_names(&self) -> Vec<UpstreamName> {
        let name = |upstream: &Arc<LiveUpstream>| UpstreamName {
            id: upstream.id.clone(),
            name: upstream.name.to_str().unwrap_or("").into(),
            provider: upstream.provider.name,
            address: (upstream.address().0.into(), upstream.address().1),
        };
        self.upstreams().iter().map(name).collect()
    }

    /// Each upstream's breaker, in the order of [`Dataplane::upstream_names`]: what it would say to
    /// a call.
    #[must_use]
    pub fn breakers(&self) -> Vec<Gate> {
        let now = self.moment();
        self.upstreams().iter().map(|upstream| upstream.standing.gate(now)).collect()
    }

    /// What became of each proxy in use.
    #[must_use]
    pub fn proxies(&self) -> Vec<ProxyFigures> {
        ports::Exits::figures(&*self.exits)
    }

    /// How many scopes are closed because their ledger does not add up.
    #[must_use]
    pub fn frozen_scopes(&self) -> usize {
        self.frozen.count()
    }

    /// Whether no call is let through at all until the ledger adds up.
    #[must_use]
    pub fn organization_is_frozen(&self) -> bool {
        self.frozen.holds_organization(self.budgets.organization())
    }

    /// Names the organization whose limits are kept; the first start has made it by now.
    pub fn set_organization(&self, id: OrganizationId) {
        self.budgets.set_organization(id);
    }

    /// Returns shares of budgets that lie idle. To be called now and then.
    pub async fn give_back_idle(&self) {
        self.budgets.give_back(self.clock.now()).await;
    }

    /// The clock has been looked at and says the time. Without that for a while, a time that is
    /// further ahead than has passed begins no new period of a limit. To be called every second.
    pub fn believe_clock(&self, now: Timestamp) {
        self.budgets.believe_clock(now);
    }

    /// What the answer cache did and holds in memory, all projects together.
    #[must_use]
    pub fn cache_figures(&self) -> CacheFigures {
        self.cache.quick_figures()
    }

    /// The price book in use.
    #[must_use]
    pub fn prices(&self) -> Arc<PriceBook> {
        self.prices.book()
    }

    /// Replaces the price book; what is settled from now on costs what the new one says.
    pub fn set_prices(&self, book: Arc<PriceBook>) {
        self.prices.set(book);
    }

    /// Stops admission under these scopes, and under no others.
    pub fn freeze(&self, scopes: HashSet<ScopeId>) {
        self.frozen.set(scopes);
    }

    /// How a call of this project and key leaves for an upstream. Every call asks, at each attempt.
    pub(crate) fn way(&self, upstream: &LiveUpstream, project: &ProjectId, key: &KeyId) -> Way {
        let upstream_name = upstream.name.to_str().unwrap_or_default();
        self.exits.way(&Asker { upstream: &upstream.id, upstream_name, project, key: key.as_str() })
    }

    /// Whether no call is under way any more that began before an upstream's last change.
    #[must_use]
    pub fn is_drained(&self, upstream: &UpstreamId) -> bool {
        self.left.is_drained(upstream)
    }

    /// Takes the uses of honeytokens that were noted.
    #[must_use]
    pub fn take_trips(&self) -> Vec<Trip> {
        self.honeytokens.take()
    }

    /// Whether an address has shown too many wrong keys of late.
    pub(crate) fn too_many_failures(&self, address: IpAddr) -> bool {
        self.failures.too_many(address, self.clock.now())
    }
}

impl Invalidate for Dataplane {
    fn keys_changed(&self, _: &[SecretHash]) {
        self.keys.clear();
    }

    fn honeytokens_changed(&self, secrets: HashSet<SecretHash>) {
        self.honeytokens.set(secrets);
    }

    fn ledger_verified(&self, breaches: &[Imbalance]) {
        self.metrics.ledger_breaches.store(breaches.len() as u64, Ordering::Relaxed);
        self.frozen.tell(breaches);
        self.freeze(breaches.iter().map(|breach| breach.account.scope.clone()).collect());
    }

    fn limits_changed(&self, _: &[ScopeId]) {
        self.budgets.changed();
    }

    fn prices_changed(&self, book: Arc<PriceBook>) {
        self.set_prices(book);
    }

    /// Calls in flight keep what they have.
    fn places_changed(&self, given: ports::Places) -> Vec<BadPlace> {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        let (new, bad) = Places::new(given, &places, (&self.demo, &self.settings.private_hosts));
        self.left.note(&places, &new);
        *places = Arc::new(new);
        bad
    }
}

/// The part of the data plane that belongs to one runtime: its connections and its queue.
pub struct Worker {
    pub(crate) shared: Arc<Dataplane>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) names: Names,
    pub(crate) spellings: Spellings,
    slots: Slots,
    queue: Mutex<Vec<Settled>>,
    requests: Requests,
    refused: Mutex<Vec<Refused>>,
    jobs: Mutex<Vec<Arc<Vec<UsageRecord>>>>,
}

impl Worker {
    #[must_use]
    pub fn new(shared: Arc<Dataplane>, tls: Tls, slots: Slots) -> Arc<Self> {
        let pool = Pool::new(tls, shared.settings.connect);
        let queue = Mutex::new(Vec::new());
        Arc::new(Self {
            shared,
            pool,
            names: Names::default(),
            spellings: Spellings::default(),
            slots,
            queue,
            requests: Requests::default(),
            refused: Mutex::default(),
            jobs: Mutex::default(),
        })
    }

    /// Puts a settled attempt in its slot and in the queue. Whoever has a slot has a place here.
    pub(crate) fn record(
        &self,
        taken: Taken,
        record: UsageRecord,
        secret: SecretHash,
        observed: Observed,
    ) {
        let Taken { slot, mut held } = taken;
        let cost = record.cost.map_or(Nanos(0), |cost| Nanos(cost.total().0.max(0)));
        let hold = held.as_ref().map_or(Nanos(0), Held::amount);
        let money = Money { hold, posted: cost };
        self.shared.metrics.queued.fetch_add(1, Ordering::Relaxed);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        // Numbered under the lock: the store's last number stands for all before it.
        let number = self.slots.settled(&slot, money, &record);
        // Only now may others hold the rest: a start after a kill must not find it held twice.
        if let Some(held) = &mut held {
            held.settle(cost);
        }
        let taken = Taken { slot, held };
        queue.push(Settled { record, secret, money, number, taken, observed });
    }

    /// Takes what is waiting to be posted, in the order of its numbers. `room` is what was taken
    /// before, emptied: memory that was in use just now is mapped and near, new memory is neither.
    #[must_use]
    pub fn take_settled(&self, room: Vec<Settled>) -> Vec<Settled> {
        std::mem::replace(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner), room)
    }

    /// How many settled attempts wait to be posted.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Frees what attempts had taken that the store has posted.
    pub fn posted(&self, taken: impl IntoIterator<Item = Taken>) {
        let free = |Taken { slot, held }| {
            if let Some(held) = held {
                held.posted();
            }
            slot
        };
        self.slots.give_back(taken.into_iter().map(free));
    }

    /// Notes in its slot that an attempt is about to be sent with money held for it.
    pub(crate) fn sent(&self, slot: &mut Slot, hold: Nanos, record: &UsageRecord) -> bool {
        self.slots
            .sent(slot, hold, record)
            .inspect_err(|error| {
                tracing::error!(%error, "an attempt could not be written to its slot");
            })
            .is_ok()
    }

    /// Notes in its slot by how much an attempt's hold has grown.
    pub(crate) fn extended(&self, slot: &Slot, more: Nanos) -> bool {
        self.slots
            .extended(slot, more)
            .inspect_err(|error| {
                tracing::error!(%error, "an extension could not be written to its slot");
            })
            .is_ok()
    }

    /// Frees what an attempt had taken whose work goes on as a job.
    pub(crate) fn handed_over(&self, Taken { slot, held }: Taken) {
        if let Some(held) = held {
            self.slots.forget(&slot);
            held.moved_away();
        }
        self.slots.give_back([slot]);
    }

    /// Notes for the metrics how many rows the request log has lost since the start.
    pub fn note_lost_log_rows(&self, rows: u64) {
        self.shared.metrics.log_lost(rows);
    }

    /// Counts an answered request.
    pub fn answered(&self, place: Place, status: u16) {
        self.requests.count(place, status);
    }

    /// What these workers have answered since the start.
    #[must_use]
    pub fn requests(workers: &[Arc<Self>]) -> Vec<Answered> {
        Requests::sum(workers.iter().map(|worker| &worker.requests))
    }

    /// How many attempts may still begin before a settled one is posted.
    #[must_use]
    pub fn free_slots(&self) -> usize {
        self.slots.free()
    }

    /// Keeps a refusal for the log, where there is room.
    pub(crate) fn refused(&self, refused: impl FnOnce() -> Refused) {
        let mut kept = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < REFUSED {
            kept.push(refused());
        }
    }

    /// Notes what a job came to that was ended on the way of a call.
    pub(crate) fn job_ended(&self, records: Arc<Vec<UsageRecord>>) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).push(records);
    }

    /// Takes what such jobs came to.
    #[must_use]
    pub fn take_jobs(&self) -> Vec<Arc<Vec<UsageRecord>>> {
        std::mem::take(&mut *self.jobs.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the refusals that were kept.
    #[must_use]
    pub fn take_refused(&self) -> Vec<Refused> {
        std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A slot for an attempt.
    pub(crate) fn slot(&self) -> Option<Slot> {
        self.slots.take()
    }

    /// Closes connections that are stale or whose upstream is gone, and forgets idle limits. To be
    /// called now and then, from this worker's runtime.
    pub fn sweep(&self) {
        self.shared.rates.sweep();
        let live: Vec<_> = self.shared.upstreams().iter().map(|u| Arc::clone(&u.origin)).collect();
        self.pool.sweep(&live);
    }
}

impl CacheDesk for Dataplane {
    fn figures(&self, project: Option<ProjectId>) -> BoxFuture<'_, CacheFigures> {
        self.cache.figures(project)
    }

    fn purge(&self, project: ProjectId, what: CachePurge) -> BoxFuture<'_, u64> {
        self.cache.purge(project, what)
    }
}

impl PriceGaps for Dataplane {
    fn unpriced(&self) -> Vec<Unpriced> {
        self.prices.unpriced()
    }
}
