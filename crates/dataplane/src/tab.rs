//! The tab of one attempt: opened before the request leaves, settled exactly once.
//!
//! [`Tab::settle`] takes the tab by value and makes its one usage record. Every path out of an
//! attempt ends there; a client that vanishes cannot skip it, since attempts and relays are
//! followed to their end without their client (`detach.rs`, `relay.rs`). Should one be skipped
//! all the same (a panic, a runtime that ends), the dropped tab makes the record.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::advice::Prints;
use domain::attempt::{Class, Effect};
use domain::ledger::Covered;
use domain::price::Tier;
use domain::{
    CacheUse, Cost, Fault, KeyView, Nanos, Outcome, ProjectId, RequestId, SecretHash, Timestamp,
    Tokens, UsageFamily, UsageRecord, boxed, fault::catalogue,
};
use http::HeaderValue;
use openai::surface::{Meter, Operation};
use tokio::time::Instant;

use crate::attempt::Visit;
use crate::budget::Held;
use crate::cache::Keeping;
use crate::detach::Gone;
use crate::jobs::{Lines, begins_run};
use crate::observed::Observed;
use crate::overload;
use crate::plan::Candidate;
use crate::rate::RateTicket;
use crate::shared::{Dataplane, Worker};
use crate::slots::{Money, Slot};
use crate::tasks::Open;
use crate::trace::Trace;
use crate::upstreams::LiveUpstream;

mod count;
mod divided;
mod end;
mod estimate;
mod growth;
mod times;

pub(crate) use count::Count;
pub(crate) use end::End;

/// A settled attempt on its way to the store.
pub struct Settled {
    pub record: UsageRecord,
    /// The secret whose use it was.
    pub secret: SecretHash,
    pub money: Money,
    /// The settlement's number in its worker's slots.
    pub number: u64,
    pub taken: Taken,
    pub observed: Observed,
}

/// What an attempt has taken until it is posted.
pub struct Taken {
    pub(crate) slot: Slot,
    pub(crate) held: Option<Held>,
}

impl Taken {
    /// The accounts that its hold stands in.
    #[must_use]
    pub fn covered(&self) -> Covered {
        self.held.as_ref().map(Held::covered).unwrap_or_default()
    }
}

/// What is known of a call once it may be sent; shared by all its attempts.
pub(crate) struct Call {
    pub(crate) request: RequestId,
    pub(crate) at: Timestamp,
    pub(crate) arrived: Instant,
    /// Of the time since then, what the client took to send its body.
    pub(crate) body_wait: Duration,
    pub(crate) trace: Option<Arc<Trace>>,
    pub(crate) operation: &'static Operation,
    pub(crate) project: ProjectId,
    pub(crate) key: Arc<KeyView>,
    pub(crate) secret: SecretHash,
    pub(crate) address: IpAddr,
    pub(crate) model: Option<Box<str>>,
    pub(crate) user_label: Option<Box<str>>,
    pub(crate) stream: bool,
    /// The client did not ask for the usage chunk that we ask for.
    pub(crate) hide_usage: bool,
    /// Whether an answer's id is ours to remember.
    pub(crate) claims: bool,
    /// The object that success removes.
    pub(crate) deletes: Option<String>,
    /// The body, kept for counting should the provider not count; small ones only.
    pub(crate) kept_body: Option<Bytes>,
    pub(crate) bytes_in: u64,
    /// Characters of a speech call's input.
    pub(crate) characters: u64,
    pub(crate) gone: Gone,
    pub(crate) rate: RateTicket,
    /// What is set aside for the next attempt of this call; it takes it.
    pub(crate) held: Mutex<Option<Held>>,
    /// How many answers were asked for; as far as a limit had to look, else 1.
    pub(crate) choices: u64,
    /// The service tier that was asked for; as far as a limit had to look.
    pub(crate) tier: Option<Tier>,
    /// The answer is a stream of several pictures: its last count may be of one of them alone.
    pub(crate) counts_apart: bool,
    /// What a container costs that code runs in, in sessions of the smallest; as far as a limit
    /// had to look, else 1.
    pub(crate) container_sessions: u64,
    /// What the lines of a batch are, once they have been read.
    pub(crate) lines: OnceLock<Lines>,
    /// What doing it twice would do.
    pub(crate) effect: Effect,
    pub(crate) deadlines: Deadlines,
    /// Until when it would wait for a turn at an upstream's rate limit.
    pub(crate) waits_until: Instant,
    /// How long (µs) it has waited for turns, over all attempts.
    pub(crate) waited: AtomicU64,
    /// What others get of its answer, where it goes by the cache.
    pub(crate) keeping: Option<Box<Keeping>>,
    /// It is a copy of another call, for comparison.
    pub(crate) shadow: bool,
    /// What it asks, as keyed hashes, where that is to be known.
    pub(crate) prints: Option<Prints>,
    pub(crate) _open: (Open, overload::Slot),
}

/// How long a call may take.
#[derive(Clone, Copy)]
pub(crate) struct Deadlines {
    /// For one attempt, until the first byte of its answer can leave.
    pub(crate) first_byte: Duration,
    /// Between two pieces of an answer.
    pub(crate) gap: Duration,
    /// The call's end, whatever comes.
    pub(crate) end: Instant,
}

/// What one attempt has of its own.
#[derive(Clone, Copy)]
pub(crate) struct Leg {
    /// 1 for the call's first.
    pub(crate) number: u32,
    /// The call was at this place before.
    pub(crate) again: bool,
    /// The maximum output, in tokens, that the call was cut to.
    pub(crate) clamped: Option<u64>,
}

impl Leg {
    /// The one attempt of a call that needs nothing more.
    pub(crate) const ONLY: Self = Self { number: 1, again: false, clamped: None };
}

#[must_use = "an attempt must be settled"]
pub(crate) struct Tab {
    pub(crate) worker: Arc<Worker>,
    pub(crate) call: Arc<Call>,
    pub(crate) upstream: Arc<LiveUpstream>,
    /// Which of the upstream's credentials signs it.
    pub(crate) credential: usize,
    pub(crate) leg: Leg,
    /// What kind of failure it was, once it has ended as one.
    class: Option<Class>,
    /// Where the call has another attempt beside this one.
    pub(crate) gone: Option<Gone>,
    /// From when it is sent until the breakers know how it went.
    visit: Option<Visit>,
    /// What the provider calls the model, where that is not what the caller wrote.
    pub(crate) model: Option<Arc<str>>,
    /// The route's conditions that brought it here.
    pub(crate) rule: Option<HeaderValue>,
    upstream_request: Option<Box<str>>,
    began: Instant,
    first_byte: Option<Duration>,
    /// When an answer that was read whole had been.
    read_at: Option<Instant>,
    /// The answer began as a success: the provider bills it, however it ends.
    generated: bool,
    /// The provider may bill it: it is being sent, and was not refused for free.
    billable: bool,
    /// Others pay a part of what it costs.
    pub(crate) divided: bool,
    /// Until the record is made.
    taken: Mutex<Option<Taken>>,
}

impl Drop for Tab {
    fn drop(&mut self) {
        if self.taken.get_mut().is_ok_and(|taken| taken.is_none()) {
            return;
        }
        tracing::error!(request = %self.call.request, "an attempt was dropped without its record");
        let end = End::failed(&Fault::new(&catalogue::INTERNAL_ERROR));
        self.worker.shared.metrics.outcome(end.outcome);
        let (cost, in_full) = self.owed(&end, &Tokens::default());
        self.push(self.record(end, Tokens::default(), cost, in_full));
    }
}

impl Tab {
    /// Boxed: it is handed from stage to stage, and each would move it.
    ///
    /// # Errors
    /// `ledger_unavailable` when all slots are taken: what is in flight is bounded by them.
    pub(crate) fn open(
        worker: Arc<Worker>,
        call: Arc<Call>,
        place: &Candidate,
        leg: Leg,
    ) -> Result<Box<Self>, Fault> {
        let began = Instant::now();
        let held = call.held.lock().unwrap_or_else(PoisonError::into_inner).take();
        let slot = worker
            .slot()
            .ok_or_else(|| Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000))?;
        Ok(boxed(|| Self {
            worker,
            call,
            upstream: Arc::clone(&place.upstream),
            credential: place.credential,
            leg,
            class: None,
            gone: None,
            visit: None,
            model: place.model.clone(),
            rule: place.rule.clone(),
            upstream_request: None,
            began,
            first_byte: None,
            read_at: None,
            generated: false,
            billable: false,
            divided: false,
            taken: Mutex::new(Some(Taken { slot, held })),
        }))
    }

    /// To be called before the first byte leaves: from here on the provider may bill the attempt,
    /// and its slot says so.
    ///
    /// # Errors
    /// `ledger_unavailable` when the slot cannot be written: nothing may be sent then.
    pub(crate) fn sending(&mut self, place: &Candidate) -> Result<(), Fault> {
        let record = || {
            let end = End::failed(&Fault::new(&catalogue::INTERNAL_ERROR));
            self.record(end, Tokens::default(), None, false)
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Taken { slot, held: Some(held) }) = &mut *taken
            && !self.worker.sent(slot, held.amount(), &record())
        {
            return Err(Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000));
        }
        drop(taken);
        self.billable = true;
        self.visit = Some(Visit::begin(&self.worker.shared, place, self.leg.again));
        Ok(())
    }

    /// How long the call has waited for its turns, if it has.
    pub(crate) fn waited(&self) -> Option<Duration> {
        let us = self.call.waited.load(Ordering::Relaxed);
        (us > 0).then(|| Duration::from_micros(us))
    }

    /// Nothing of it reached the provider, or the provider's word is that it is not billed.
    pub(crate) fn not_billed(&mut self) {
        self.billable = false;
    }

    /// Nano-dollars that are set aside for it, where a limit stands over it.
    fn hold(&self) -> Option<Nanos> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.as_ref()?.held.as_ref().map(Held::amount)
    }

    /// The same, with the accounts that it stands in.
    pub(crate) fn held(&self) -> Option<(Nanos, Covered)> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.as_ref()?.held.as_ref().map(|held| (held.amount(), held.covered()))
    }

    /// The work goes on as a job, and the hold is the job's already: its usage comes with its end.
    pub(crate) fn handed_over(mut self: Box<Self>, end: End) {
        self.left(&end);
        self.worker.shared.metrics.outcome(end.outcome);
        self.call.rate.settle(&self.record(end, Tokens::default(), None, false));
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(taken) = taken {
            self.worker.handed_over(taken);
        }
    }

    /// Our own part of the call's time. What a later attempt took before it was made is an earlier
    /// attempt's.
    fn observed(&self, record: &UsageRecord) -> Observed {
        let arrived = self.call.arrived;
        let before = self.began.duration_since(arrived).saturating_sub(self.call.body_wait);
        let after = self.read_at.map_or(Duration::ZERO, |read| {
            Duration::from_micros(record.total_us).saturating_sub(read.duration_since(arrived))
        });
        Observed {
            overhead_us: (record.attempt == 1).then(|| micros(before + after)),
            class: self.class,
            trace: self.call.trace.clone(),
            address: Some(self.call.address),
        }
    }

    pub(crate) fn upstream_request(&self) -> Option<&str> {
        self.upstream_request.as_deref()
    }

    /// Makes the attempt's record. Gives what it cost, with what others pay of it, where the model has
    /// a price and the provider counted.
    pub(crate) fn settle(mut self: Box<Self>, mut end: End) -> Option<Nanos> {
        if self.call.operation.meter == Meter::Run && !begins_run(&self.call) {
            (end.count.tokens, end.count.unfinished) = (None, true);
        }
        self.left(&end);
        let metrics = &self.worker.shared.metrics;
        metrics.outcome(end.outcome);
        metrics.bad_usage.fetch_add(end.count.bad_usage, Ordering::Relaxed);
        if self.must_estimate(&end) {
            estimate::settle(self, end);
            return None;
        }
        let tokens = end.count.tokens.unwrap_or_default();
        let (cost, in_full) = self.owed(&end, &tokens);
        let own = cost.map(|cost| if in_full { cost } else { self.own_part(cost, &end) });
        let record = self.record(end, tokens, own, in_full);
        self.push(record);
        cost.map(|cost| cost.total())
    }

    /// Tells the breakers how it went.
    fn left(&mut self, end: &End) {
        self.class = end.class;
        if let Some(visit) = self.visit.take() {
            visit.end(&self.worker.shared, end);
        }
    }

    /// Whether nobody waits for it any more.
    pub(crate) fn is_let_go(&self) -> bool {
        self.call.gone.get() || self.gone.as_ref().is_some_and(Gone::get)
    }

    /// Nobody waits for it any more.
    pub(crate) fn let_go(&self) {
        self.gone.as_ref().unwrap_or(&self.call.gone).set();
    }

    /// What is posted, and whether that is the hold in full: where nobody said what it cost,
    /// giving back would let the limit be passed.
    fn owed(&self, end: &End, tokens: &Tokens) -> (Option<Cost>, bool) {
        if !self.billable {
            return (None, false);
        }
        let reported = || self.cost(end, tokens);
        let Some(hold) = self.hold() else { return (reported(), false) };
        let known = end.count.whole && end.count.bad_usage == 0 && !self.call.counts_apart;
        match reported().filter(|_| known) {
            Some(cost) => (Some(cost), false),
            None => (Some(Cost::of(hold)), true),
        }
    }

    fn must_estimate(&self, end: &End) -> bool {
        let counted = matches!(
            self.call.operation.meter.family(),
            UsageFamily::Completions | UsageFamily::Embeddings | UsageFamily::Moderations
        );
        let generated = self.generated && end.outcome != Outcome::Refused;
        counted && generated && end.count.tokens.is_none() && !end.count.unfinished
    }

    fn cost(&self, end: &End, tokens: &Tokens) -> Option<Cost> {
        if end.outcome == Outcome::Refused {
            return None;
        }
        let Dataplane { prices, metrics, .. } = &*self.worker.shared;
        let place = (self.upstream.provider, self.model.as_deref());
        prices.cost(&self.call, place, &end.count, tokens, metrics)
    }

    fn push(&self, record: UsageRecord) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(taken) = taken else { return };
        if let Some(held) = &taken.held {
            self.tell_overage(held.amount(), record.cost.map_or(Nanos(0), |cost| cost.total()));
        }
        self.call.rate.settle(&record);
        if record.estimated {
            self.worker.shared.metrics.estimated.fetch_add(1, Ordering::Relaxed);
        }
        let observed = self.observed(&record);
        self.worker.record(taken, record, self.call.secret, observed);
    }

    /// An assumption that bounds rest on did not hold: a price, or what the provider keeps to
    /// (case 33).
    fn tell_overage(&self, held: Nanos, cost: Nanos) {
        if cost > held {
            self.worker.shared.metrics.overages.fetch_add(1, Ordering::Relaxed);
            tracing::error!(request = %self.call.request, %held, %cost,
                            model = self.call.model.as_deref().unwrap_or(""),
                            "an attempt cost more than was held for it");
        }
    }

    fn record(&self, end: End, tokens: Tokens, cost: Option<Cost>, estimated: bool) -> UsageRecord {
        let call = &self.call;
        let name = |text: &str| self.worker.names.intern(text);
        UsageRecord {
            request: call.request.clone(),
            attempt: self.leg.number,
            at: call.at,
            operation: call.operation.id,
            family: call.operation.meter.family(),
            project: call.project.clone(),
            key: call.key.id.clone(),
            user: name(call.key.owner.as_str()),
            user_label: call.user_label.clone(),
            model_asked: call.model.as_deref().map(name),
            model_served: end.count.model.as_deref().or(self.model.as_deref()).map(name),
            service_tier: end.count.service_tier.as_deref().map(name),
            upstream: self.upstream.id.clone(),
            upstream_request: self.upstream_request.clone(),
            status: end.status,
            outcome: end.outcome,
            stream: call.stream,
            batch: false,
            estimated,
            tokens,
            images: end.count.images,
            media_ms: end.count.media_ms,
            characters: call.characters,
            cost,
            error: end.error,
            queue_us: micros(self.began.duration_since(call.arrived)),
            first_byte_us: self.first_byte.map_or(0, micros),
            total_us: u64::try_from(call.arrived.elapsed().as_micros()).unwrap_or(u64::MAX),
            bytes_in: call.bytes_in,
            bytes_out: end.count.bytes_out,
            cache: call.keeping.as_ref().map(|_| CacheUse::Miss),
            saved: None,
            shadow: call.shadow,
            prints: call.prints.filter(|_| !call.shadow),
        }
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
