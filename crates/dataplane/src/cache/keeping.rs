//! What a leading call does with its answer: it gives it to those who wait, and keeps it where it may
//! be given again.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use domain::attempt::Class;
use domain::{CacheEntry, CacheKey, CacheUse, Cost, Nanos, ProjectId, Timestamp, UpstreamId};
use openai::kept::answer::{LONGEST, is_keepable};
use openai::kept::{Asked, Form};
use openai::surface::Meter;
use tokio::time::{Instant, timeout};

use super::flight::Flight;
use super::flow::{Joined, Whose};
use super::memory::Kept;
use super::nearly::Placed;
use super::sharers::Divided;
use crate::body::reply::ReplyBody;
use crate::detach::Gone;
use crate::relay::{Closed, Relay};
use crate::shared::{Dataplane, Worker};
use crate::tab::Tab;

/// A leading call's part in the cache. Dropped before its answer is there, it lets those who wait
/// know that they must ask for themselves.
pub(crate) struct Keeping {
    pub(super) worker: Arc<Worker>,
    pub(crate) key: CacheKey,
    pub(super) flight: Arc<Flight>,
    /// Not where another call leads that nobody can join.
    pub(super) keeps: bool,
    pub(super) asked: Asked,
    pub(super) meter: Meter,
    pub(super) project: ProjectId,
    pub(super) model: Arc<str>,
    /// The place that the key is of; the answer of another one is not kept under it.
    pub(super) place: (UpstreamId, Option<Arc<str>>),
    pub(super) at: Timestamp,
    pub(super) arrived: Instant,
    pub(super) keep_seconds: u32,
    /// Where its question lies, where near matches are looked for.
    pub(super) placed: Option<Placed>,
}

/// What is told of an answer beside its bytes.
struct Made {
    here: bool,
    upstream: UpstreamId,
    served: Option<Arc<str>>,
    cost: Option<Nanos>,
}

/// A place's answer on its way to be kept: taken from its tab before that is settled.
pub(crate) struct Sharing {
    call: Arc<crate::tab::Call>,
    made: Made,
}

impl Keeping {
    /// Bytes up to which an answer is held whole to be kept.
    pub(crate) const WHOLE: usize = LONGEST;

    /// The same for a call that is made in the background, later.
    pub(crate) fn since(mut self: Box<Self>, at: Timestamp, arrived: Instant) -> Box<Self> {
        (self.at, self.arrived) = (at, arrived);
        self
    }

    /// What one place answers may be given to others, unless our own limits cut it, or may yet: under
    /// a hold that grows, its end may be ours.
    pub(crate) fn share(tab: &Tab, served: Option<&str>) -> Option<Sharing> {
        let keeping = tab.call.keeping.as_ref()?;
        if tab.leg.clamped.is_some() || tab.with_growth(|_| ()).is_some() {
            keeping.alone();
            return None;
        }
        let here = (&tab.upstream.id, &tab.model) == (&keeping.place.0, &keeping.place.1);
        let served = served.map(Arc::from).or_else(|| tab.model.clone());
        let made = Made { here, upstream: tab.upstream.id.clone(), served, cost: None };
        Some(Sharing { call: Arc::clone(&tab.call), made })
    }

    /// Its answer is nobody else's, and would be the same for all who wait.
    pub(crate) fn alone(&self) {
        self.flight.flow.fail(true);
    }

    /// A provider's refusal: a mistake of the caller's is one for all who wait.
    pub(crate) fn refused(&self, class: Class) {
        if matches!(class, Class::Caller | Class::TooLong) {
            self.alone();
        }
    }

    /// It came to nothing: the first of those who wait takes its place. Nobody finds it any more
    /// when they hear of that.
    fn failed(&self) {
        self.cache().flights.leave(self.key, &self.flight);
        self.flight.flow.fail(false);
        self.flight.sharers.release();
    }

    /// Its answer has come whole, and its cost will be known next. Whether others pay a part of it.
    pub(crate) fn whole(&self, events: bool, body: &[u8]) -> bool {
        self.flight.sharers.whole((self.meter, self.asked.own_maximum), events, body)
    }

    /// The same of a stream, of which `last` has not been shared yet.
    pub(crate) fn whole_stream<'a>(&self, last: impl Iterator<Item = &'a Bytes>) -> bool {
        if !self.flight.sharers.any() {
            return false;
        }
        let Some(mut events) = self.flight.flow.all() else { return false };
        last.for_each(|piece| events.extend_from_slice(piece));
        self.whole(true, &events)
    }

    /// Takes from a cost what others pay of it.
    pub(crate) fn divide(&self, cost: Cost, what: &Divided<'_>) -> Cost {
        self.flight.sharers.divide(cost, what)
    }

    /// What lay behind the memory is there for those who wait too.
    pub(super) fn found(&self, kept: &Arc<Kept>) {
        self.cache().memory.put(self.key, kept);
        if self.flight.flow.is_outdated() {
            self.cache().memory.remove(self.key);
        }
        self.flight.flow.done(Arc::clone(kept));
        self.cache().flights.leave(self.key, &self.flight);
    }

    /// Those who wait get the near match too.
    pub(super) fn near_found(&self, kept: &Arc<Kept>, near: (u16, CacheKey)) {
        self.flight.flow.near(Arc::clone(kept), near);
        self.cache().flights.leave(self.key, &self.flight);
    }

    /// The provider is asked.
    pub(crate) fn missed(&self) {
        self.cache().book.at(&self.project).used(CacheUse::Miss, None);
    }

    pub(super) fn cache(&self) -> &super::Cache {
        &self.worker.shared.cache
    }

    /// Gives an answer to those who wait, and keeps it if it may be.
    fn finish(&self, events: bool, body: &[u8], made: Made) {
        if !is_keepable(self.meter, events, body, self.asked.own_maximum) {
            self.cache().book.at(&self.project).unkept();
            self.flight.flow.over();
            return self.flight.sharers.release();
        }
        let entry = CacheEntry {
            project: self.project.clone(),
            model: Arc::clone(&self.model),
            upstream: made.upstream,
            served: made.served,
            at: self.at,
            until: self.cache().until(self.at, self.keep_seconds),
            stream: events,
            took_ms: u32::try_from(self.arrived.elapsed().as_millis()).unwrap_or(u32::MAX),
            cost: made.cost,
            body: Arc::from(body),
        };
        let flow = &self.flight.flow;
        let kept = if self.keeps && made.here && !flow.is_outdated() {
            let kept = self.cache().keep(self.key, entry);
            // A purge that came meanwhile has seen the flight, and we see now what it said.
            if flow.is_outdated() {
                self.cache().memory.remove(self.key);
            } else {
                self.remember(&kept);
            }
            kept
        } else {
            Arc::new(Kept::new(entry))
        };
        flow.done(kept);
        self.cache().flights.leave(self.key, &self.flight);
        self.flight.sharers.release();
    }

    /// Begins to share a stream; gives the leader's own part of it.
    fn begin(&self, tells_usage: bool, gone: Gone) -> ReplyBody {
        let reader = self.flight.flow.stream(tells_usage);
        let form = match self.asked.form {
            Form::Events { usage, padded } => (usage, padded),
            Form::Plain => (true, true),
        };
        // Padding as it came: what the leader asked for is what the provider was asked for.
        let (form, whose) = ((form.0, true), Whose::Leads(gone));
        ReplyBody::joined(Joined::new(&self.flight, reader, self.meter, form, whose))
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        self.failed();
    }
}

impl Sharing {
    /// A plain answer, whole, and what it cost. Gives what of that is the leader's.
    pub(crate) fn plain(mut self, body: &[u8], cost: Option<Nanos>) -> Option<Nanos> {
        let keeping = self.call.keeping.as_ref()?;
        self.made.cost = cost;
        let own = keeping.flight.sharers.own().or(cost);
        keeping.finish(false, body, self.made);
        own
    }

    /// Whether others pay a part of a plain answer.
    pub(crate) fn is_divided(&self, body: &[u8]) -> bool {
        self.call.keeping.as_ref().is_some_and(|keeping| keeping.whole(false, body))
    }

    /// A stream: it is read on by itself, whoever of those who share it stays.
    pub(crate) fn stream(self, relay: Relay, shared: &Dataplane, tells_usage: bool) -> ReplyBody {
        let Some(keeping) = &self.call.keeping else { return ReplyBody::relay(relay) };
        let body = keeping.begin(tells_usage, self.call.gone.clone());
        let (drain, gap) = (shared.settings.drain, self.call.deadlines.gap);
        shared.tasks.spawn(pump(Box::new(relay), self, (drain, gap)));
        body
    }
}

/// Reads a stream to its end. When everybody has left, for as long as one reads on for the bill.
async fn pump(mut relay: Box<Relay>, sharing: Sharing, (drain, gap): (Duration, Duration)) {
    let Sharing { call, made } = sharing;
    let Some(keeping) = &call.keeping else { return };
    {
        let reading = pin!(read(&mut relay, keeping, (made, gap)));
        let deserted = pin!(deserted(&keeping.flight, drain));
        either(reading, deserted).await;
    }
    // Where it was whole, this says nothing new.
    keeping.failed();
    relay.give_up();
}

async fn read(relay: &mut Relay, keeping: &Keeping, (made, gap): (Made, Duration)) {
    let flow = &keeping.flight.flow;
    let mut made = Some(made);
    loop {
        let piece = std::future::poll_fn(|cx| relay.poll_next(cx)).await;
        let over = !matches!(piece, Some(Ok(_)));
        if let Some(Ok(piece)) = piece {
            flow.push(piece);
        }
        // Kept before anybody can know that it is over: who asks again then finds it.
        if let Some(closed) = relay.closed()
            && let Some(made) = made.take()
        {
            finish(keeping, closed, made);
        }
        if over {
            return;
        }
        if timeout(gap, std::future::poll_fn(|cx| flow.poll_room(cx))).await.is_err() {
            flow.make_room();
        }
    }
}

fn finish(keeping: &Keeping, closed: Closed, made: Made) {
    let served = closed.model.map(Arc::from).or(made.served);
    let made = Made { cost: closed.cost, served, ..made };
    match keeping.flight.flow.all().filter(|_| closed.whole) {
        Some(events) => keeping.finish(true, &events, made),
        None if closed.whole => keeping.flight.flow.over(),
        None => keeping.failed(),
    }
}

/// Ready when nobody has read for so long that nobody will.
async fn deserted(flight: &Flight, drain: Duration) {
    loop {
        std::future::poll_fn(|cx| flight.flow.poll_deserted(cx)).await;
        tokio::time::sleep(drain).await;
        let still = std::future::poll_fn(|cx| Poll::Ready(flight.flow.poll_deserted(cx)));
        if still.await.is_ready() {
            return;
        }
    }
}

async fn either(
    mut one: Pin<&mut impl Future<Output = ()>>,
    mut other: Pin<&mut impl Future<Output = ()>>,
) {
    std::future::poll_fn(|cx| match one.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => other.as_mut().poll(cx),
    })
    .await;
}
