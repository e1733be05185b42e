//! What becomes of a call that goes by the cache: a stored answer, the answer of an equal call in
//! flight, or the lead of those that come behind it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{
    CacheKey, CacheUse, Fault, Joiners, Nanos, Outcome, RequestId, Reuse, Timestamp,
    fault::catalogue,
};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use openai::kept::Form;
use openai::kept::stream::fit;
use openai::surface::Operation;
use tokio::time::{Instant, timeout_at};

use super::flight::{Entered, Flight};
use super::flow::{Joined, Met, Whose};
use super::given::Given;
use super::keeping::Keeping;
use super::memory::Kept;
use super::replay::Replay;
use super::sharers::{Left, Seat};
use super::wish::Wish;
use crate::body::reply::ReplyBody;
use crate::budget::{self, Held};
use crate::overload::Slot;
use crate::permit::Permit;
use crate::pipeline::Taken;
use crate::plan::Candidate;
use crate::rate::{self, RateTicket};
use crate::reply::{assemble, with_cost};
use crate::shared::Worker;
use crate::tasks::Open;
use crate::trace::Trace;

/// How often a call waits for another one before it goes by itself.
const ROUNDS: usize = 4;

pub(super) type Reply = Response<ReplyBody>;

/// A call that goes by the cache, as it stands before any limit was asked.
pub(crate) struct Asking<'a> {
    pub(crate) worker: &'a Arc<Worker>,
    pub(crate) permit: &'a Permit,
    pub(crate) head: &'a Parts,
    pub(crate) operation: &'static Operation,
    pub(crate) taken: &'a Taken,
    pub(crate) place: &'a Candidate,
    pub(crate) id: &'a RequestId,
    pub(crate) at: Timestamp,
    pub(crate) arrived: Instant,
    /// Taken out where the cache answers.
    pub(crate) room: &'a mut Option<(Open, Slot)>,
}

/// What became of it.
pub(crate) enum Looked {
    Answered(Reply),
    /// And it is to be asked for anew.
    Stale(Reply, Box<Keeping>),
    /// It goes on as any call; what comes of it is for others too.
    Leads(Box<Keeping>),
}

/// Looks for an answer that may be given again, or for an equal call in flight.
///
/// # Errors
/// A limit by rate; no answer where only a stored one will do; a wait that took too long.
pub(crate) async fn look_up(wish: &Wish, mut asking: Asking<'_>) -> Result<Looked, Fault> {
    let cache = &asking.worker.shared.cache;
    if let Some(found) = cache.memory.get(wish.key).and_then(|kept| asking.usable(wish, kept)) {
        return asking.give(wish, found);
    }
    if wish.directives.only_if_cached {
        let found = cache.stored(wish.key).await.and_then(|kept| asking.usable(wish, kept));
        let Some(found) = found else { return Err(Fault::new(&catalogue::NOT_CACHED)) };
        return asking.give(wish, found);
    }
    let fresh = wish.directives.no_cache;
    for _ in 0..ROUNDS {
        let flight = match asking.enter(wish, fresh) {
            Entered::Found(kept) => match asking.usable(wish, kept) {
                Some(found) => return asking.give(wish, found),
                // Too old for this call; whoever leads makes a new one.
                None => break,
            },
            Entered::Alone => break,
            Entered::Lead(flight) => {
                let keeping = asking.keeping(wish, flight, true);
                return asking.lead(wish, keeping).await;
            }
            Entered::Follow(flight) => flight,
        };
        match asking.follow(wish, &flight).await? {
            Followed::Answered(reply) => return Ok(Looked::Answered(reply)),
            Followed::Again => {}
            Followed::Alone => break,
        }
    }
    let flight = Flight::of(&asking.permit.project, "");
    let keeping = asking.keeping(wish, flight, false);
    Ok(Looked::Leads(keeping))
}

enum Followed {
    Answered(Reply),
    Again,
    Alone,
}

/// A stored answer that may be given.
pub(super) struct Found {
    pub(super) kept: Arc<Kept>,
    pub(super) body: Bytes,
    pub(super) age: u64,
    pub(super) stale: bool,
}

impl Asking<'_> {
    fn model(&self) -> std::borrow::Cow<'_, str> {
        self.taken.decoded_model().unwrap_or_default()
    }

    fn enter(&self, wish: &Wish, fresh: bool) -> Entered {
        let cache = &self.worker.shared.cache;
        let whose = (&self.permit.project, &*self.model());
        let known = || {
            let kept = cache.memory.get(wish.key)?;
            self.usable(wish, Arc::clone(&kept)).map(|_| kept)
        };
        cache.flights.enter(wish.key, whose, (!fresh).then_some(&known))
    }

    /// A stored answer, if this call may have it, in the form that it wants.
    pub(super) fn usable(&self, wish: &Wish, kept: Arc<Kept>) -> Option<Found> {
        let now = self.worker.shared.clock.now();
        // The key says whose it is; what comes from elsewhere is looked at all the same.
        if kept.entry.project != self.permit.project || !kept.entry.is_alive(now, &wish.rules) {
            return None;
        }
        let (age, rules) = (kept.entry.age(now), &wish.rules);
        let (ttl, stale) = (rules.ttl_seconds.into(), rules.stale_seconds.into());
        let stale = match wish.directives.reuse(age, ttl, stale) {
            Reuse::Fresh => false,
            Reuse::Stale => true,
            Reuse::No => return None,
        };
        let body = self.fitting(wish, &kept)?;
        Some(Found { kept, body, age, stale })
    }

    fn fitting(&self, wish: &Wish, kept: &Kept) -> Option<Bytes> {
        let meter = self.operation.meter;
        match fit(meter, kept.entry.stream, &kept.body, wish.asked.form)? {
            std::borrow::Cow::Borrowed(_) => Some(kept.body.clone()),
            std::borrow::Cow::Owned(made) => Some(made.into()),
        }
    }

    /// Gives a stored answer.
    fn give(&mut self, wish: &Wish, found: Found) -> Result<Looked, Fault> {
        let Found { kept, body, age, stale } = found;
        let ticket = self.ticket()?;
        let given = self.given(ticket, CacheUse::Hit, Some(&kept))?;
        let reply = replied(wish, given, (&kept, body, age));
        if stale && let Entered::Lead(flight) = self.enter(wish, true) {
            self.worker.shared.cache.book.at(&self.permit.project).stale();
            return Ok(Looked::Stale(reply, self.keeping(wish, flight, true)));
        }
        Ok(Looked::Answered(reply))
    }

    /// Leads, unless what lies behind the memory has an answer.
    async fn lead(&mut self, wish: &Wish, keeping: Box<Keeping>) -> Result<Looked, Fault> {
        let cache = &self.worker.shared.cache;
        if !wish.directives.no_cache
            && let Some(kept) = cache.stored(wish.key).await
            && let Some(found) = self.usable(wish, kept)
        {
            keeping.found(&found.kept);
            return self.give(wish, found);
        }
        Ok(Looked::Leads(keeping))
    }

    /// Waits for what a call in flight brings, within this call's own time.
    async fn follow(&mut self, wish: &Wish, flight: &Arc<Flight>) -> Result<Followed, Fault> {
        let ticket = self.ticket()?;
        if wish.rules.joiners == Joiners::Share {
            return Box::pin(self.follow_sharing(wish, flight, ticket)).await;
        }
        let reply = match self.meet(wish, flight).await? {
            // A ticket without a record gives back what it took.
            Met::Nothing { alone: true } => return Ok(Followed::Alone),
            Met::Nothing { alone: false } => return Ok(Followed::Again),
            Met::Answer(kept) => {
                let Some(body) = self.fitting(wish, &kept) else { return Ok(Followed::Alone) };
                let given = self.given(ticket, CacheUse::Joined, Some(&kept))?;
                replied(wish, given, (&kept, body, 0))
            }
            Met::Near(kept, near) => match self.near_too(wish, kept, near) {
                Some(found) => {
                    let given = self.given(ticket, CacheUse::Near, Some(&found.kept))?.near(near);
                    replied(wish, given, (&found.kept, found.body, found.age))
                }
                None => return Ok(Followed::Again),
            },
            Met::Stream(reader) => {
                let given = self.given(ticket, CacheUse::Joined, None);
                let given = given.inspect_err(|_| flight.flow.leave(reader))?;
                let map = given.head(wish.key, (0, Some(Nanos(0))), true);
                self.joined(wish, (flight, reader), map, Whose::Follows(Box::new(given)))
            }
        };
        Ok(Followed::Answered(reply))
    }

    /// The same for one who pays a part: it holds what the call can cost before it waits.
    async fn follow_sharing(
        &mut self,
        wish: &Wish,
        flight: &Arc<Flight>,
        ticket: RateTicket,
    ) -> Result<Followed, Fault> {
        let held = self.hold().await?;
        let given = self.given(ticket, CacheUse::Joined, None)?;
        let stream = wish.asked.form != Form::Plain;
        let mut map = given.head(wish.key, (0, None), stream);
        let seat = Seat::take(flight, given, (held, wish.asked.form));
        let met = self.meet(wish, flight).await?;
        if let Met::Stream(reader) = met {
            seat.reads();
            let reply = self.joined(wish, (flight, reader), map, Whose::Shares(seat));
            return Ok(Followed::Answered(reply));
        }
        let internal = || Fault::new(&catalogue::INTERNAL_ERROR);
        let given = match (seat.leave().ok_or_else(internal)?, &met) {
            (Left::Paid(share), Met::Answer(kept)) => {
                let body = self.fitting(wish, kept).ok_or_else(internal)?;
                with_cost(&mut map, Some(share));
                return Ok(Followed::Answered(assemble(
                    StatusCode::OK,
                    map,
                    ReplyBody::whole(body),
                )));
            }
            (Left::Paid(_), _) => return Err(internal()),
            (Left::Free(given), _) => given,
        };
        // Nothing was divided: what it gets now costs nothing.
        let reply = match met {
            Met::Answer(kept) => match self.fitting(wish, &kept) {
                Some(body) => replied(wish, given.of(&kept), (&kept, body, 0)),
                None => return Ok(self.goes_on(*given, Followed::Alone)),
            },
            Met::Near(kept, near) => match self.near_too(wish, kept, near) {
                Some(found) => {
                    let given = given.of(&found.kept).near(near);
                    replied(wish, given, (&found.kept, found.body, found.age))
                }
                None => return Ok(self.goes_on(*given, Followed::Again)),
            },
            Met::Nothing { alone: true } => return Ok(self.goes_on(*given, Followed::Alone)),
            Met::Nothing { alone: false } | Met::Stream(_) => {
                return Ok(self.goes_on(*given, Followed::Again));
            }
        };
        Ok(Followed::Answered(reply))
    }

    /// It asks once more, or by itself, with the room that it had.
    fn goes_on(&mut self, given: Given, how: Followed) -> Followed {
        *self.room = Some(given.goes_on());
        how
    }

    async fn meet(&self, wish: &Wish, flight: &Flight) -> Result<Met, Fault> {
        let shared = &self.worker.shared;
        let events = match wish.asked.form {
            Form::Plain => None,
            Form::Events { usage, .. } => Some(usage),
        };
        let deadlines = shared.settings.deadlines(false, self.arrived);
        let due = (self.arrived + deadlines.first_byte).min(deadlines.end);
        let waiting = timeout_at(due, flight.flow.meet(events));
        let met = shared.tasks.unless_cut(std::pin::pin!(waiting)).await;
        let met = met.ok_or_else(|| Fault::new(&catalogue::SHUTTING_DOWN))?;
        met.map_err(|_| Fault::new(&catalogue::UPSTREAM_TIMEOUT))
    }

    /// A near match that another call found: it may have come by another route, or take an older
    /// answer.
    fn near_too(&self, wish: &Wish, kept: Arc<Kept>, near: (u16, CacheKey)) -> Option<Found> {
        let found = self.usable(wish, kept).filter(|found| !found.stale);
        found.filter(|_| wish.takes_near(near.0))
    }

    fn joined(
        &self,
        wish: &Wish,
        (flight, reader): (&Arc<Flight>, u64),
        map: HeaderMap,
        whose: Whose,
    ) -> Reply {
        let form = match wish.asked.form {
            Form::Events { usage, padded } => (usage, padded),
            Form::Plain => (true, true),
        };
        let joined = Joined::new(flight, reader, self.operation.meter, form, whose);
        assemble(StatusCode::OK, map, ReplyBody::joined(joined))
    }

    /// Sets aside what this call can cost, where a limit stands over it.
    async fn hold(&self) -> Result<Option<Held>, Fault> {
        let shared = &self.worker.shared;
        if !shared.budgets.may_apply() {
            return Ok(None);
        }
        let (who, what) = ((&*self.permit.key, &self.permit.project), (self.taken, self.place));
        let spending = budget::ready(shared, who, self.at, self.operation, what).await?;
        Ok(spending.and_then(|spending| spending.held))
    }

    /// What a call takes from the limits by rate that no provider hears of: one request.
    pub(super) fn ticket(&self) -> Result<RateTicket, Fault> {
        rate::take_request(&self.worker.shared, self.permit, self.operation, || self.taken.ask())
    }

    pub(super) fn given(
        &mut self,
        ticket: RateTicket,
        used: CacheUse,
        kept: Option<&Kept>,
    ) -> Result<Given, Fault> {
        let full = || Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000);
        let slot = self.worker.slot().ok_or_else(full)?;
        let room = self.room.take().ok_or_else(|| Fault::new(&catalogue::INTERNAL_ERROR))?;
        let (permit, shared) = (self.permit, &self.worker.shared);
        let told = self.taken.summary(self.operation);
        let body = || self.taken.text();
        let trace = shared.settings.trace.map(|s| Arc::new(Trace::of(&self.head.headers, s, body)));
        let upstream = match kept {
            Some(kept) => kept.entry.upstream.clone(),
            None => self.place.upstream.id.clone(),
        };
        Ok(Given {
            worker: Arc::clone(self.worker),
            request: self.id.clone(),
            at: self.at,
            arrived: self.arrived,
            operation: self.operation,
            key: Arc::clone(&permit.key),
            project: permit.project.clone(),
            secret: permit.secret,
            address: permit.address,
            model: told.model,
            user_label: told.user_label.filter(|_| !permit.key.keeps_nothing()),
            stream: told.stream,
            bytes_in: self.taken.length(),
            ticket,
            slot,
            trace,
            upstream,
            upstream_name: self.place.upstream.name.clone(),
            served: kept.and_then(|kept| kept.entry.served.clone()),
            upstream_request: None,
            used,
            saved: kept.and_then(|kept| kept.entry.cost),
            near: None,
            room,
        })
    }

    fn keeping(&self, wish: &Wish, flight: Arc<Flight>, keeps: bool) -> Box<Keeping> {
        let place = (self.place.upstream.id.clone(), self.place.model.clone());
        Box::new(Keeping {
            worker: Arc::clone(self.worker),
            key: wish.key,
            flight,
            keeps,
            asked: wish.asked,
            meter: self.operation.meter,
            project: self.permit.project.clone(),
            model: self.model().into(),
            place,
            at: self.at,
            arrived: self.arrived,
            keep_seconds: wish.rules.keep_seconds(),
            placed: None,
        })
    }
}

/// The reply that gives a whole answer; its record is made.
pub(super) fn replied(wish: &Wish, given: Given, (kept, body, age): (&Kept, Bytes, u64)) -> Reply {
    let stream = wish.asked.form != Form::Plain;
    let map = given.head(wish.key, (age, Some(Nanos(0))), stream);
    if !stream {
        given.settle(Outcome::Completed, body.len() as u64);
        return assemble(StatusCode::OK, map, ReplyBody::whole(body));
    }
    let took = match wish.rules.replay {
        domain::Replay::AtOnce => Duration::ZERO,
        domain::Replay::Paced => Duration::from_millis(kept.entry.took_ms.into()),
    };
    assemble(StatusCode::OK, map, ReplyBody::replay(Replay::new(body, took, given)))
}
