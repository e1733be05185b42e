//! One account's limits for one family of models, and the calls that wait for them.

use std::sync::Arc;

use super::meter::{Meter, Word};
use super::{Bounds, Draw, FairQueue, Full, PlaceId, Reading};
use crate::rate::Moment;

/// How long (µs) a lane stands still after a refusal that names no time; it doubles with each
/// refusal in a row, up to the longest.
const PAUSE: u64 = 500_000;
const LONGEST_PAUSE: u64 = 30_000_000;
/// No refusal stops a lane for longer than this (µs): ten minutes. Where meters say that nobody's
/// turn will come, a call that would be refused for it looks as often whether that still holds.
const LONGEST_BLOCK: u64 = 600_000_000;
/// While nothing is known of an account, so many calls go there at once, for so long (µs): its
/// first answer tells how many more may.
const FIRST_CALLS: u64 = 8;
const FIRST_WAIT: u64 = 1_000_000;
/// Once so many calls pass side by side after a refusal, nothing is known to be in their way.
const RECOVERED: u64 = 256;
/// What a share of a limit is measured in.
const WHOLE: u64 = 1_000_000;

/// Who asks for a place, for what, and how long they would wait.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub flow: &'a Arc<str>,
    pub weight: u32,
    pub draw: Draw,
    /// Microseconds; 0: now or never.
    pub patience: u64,
}

/// What a lane says to an [`Ask`].
#[derive(Debug)]
pub enum Answer {
    Placed(Ticket),
    /// It waits; `at` is when its turn comes as things stand.
    Waits(PlaceId, Moment),
    /// It would wait for longer than it is willing to, until then.
    TooLate(Moment),
    /// Too many wait already; the turn of one more would come then.
    Full(Full, Moment),
}

/// A place that was given: handed back with what came of the call.
#[derive(Debug)]
#[must_use = "a place must be handed back"]
pub struct Ticket {
    draw: Draw,
    at: u64,
    /// All that was ever placed, this included.
    mark: [u64; 2],
    /// What was under way when it was placed.
    beside: [u64; 2],
}

#[derive(Debug)]
struct Waiting<T> {
    draw: Draw,
    what: T,
}

/// What is known of an account's limits, and who waits for them.
#[derive(Debug)]
pub struct Lane<T> {
    meters: [Option<Meter>; 2],
    placed: [u64; 2],
    in_flight: [u64; 2],
    /// Nothing is placed before then.
    blocked_until: u64,
    /// Refusals in a row that named no limit.
    strikes: u32,
    /// How many calls may be under way at once, while a refusal without numbers is recent.
    probe: Option<u64>,
    /// Until an answer has come: when the first call was placed.
    met: Option<u64>,
    answered: bool,
    queue: FairQueue<Waiting<T>>,
    last_used: u64,
}

/// When there is room.
enum Room {
    At(u64),
    /// With the next answer.
    AfterAnAnswer,
}

impl<T> Lane<T> {
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            meters: [None, None],
            placed: [0; 2],
            in_flight: [0; 2],
            blocked_until: 0,
            strikes: 0,
            probe: None,
            met: None,
            answered: false,
            queue: FairQueue::new(bounds),
            last_used: 0,
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Requests under way.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight[0]
    }

    /// Whole requests and tokens left, where they are known, as of the last look.
    #[must_use]
    pub fn left(&self) -> [Option<u64>; 2] {
        self.meters.each_ref().map(|meter| meter.as_ref().map(Meter::left))
    }

    /// Whether so few tokens would be left after so many that a call's own number matters, and not
    /// only its size.
    #[must_use]
    pub fn counts_tokens(&self, tokens: u64) -> bool {
        let few = |meter: &Meter| meter.left().saturating_sub(tokens) < meter.limit() / 2;
        self.meters[1].as_ref().is_some_and(few)
    }

    /// Whether nothing is under way or waiting and nobody has come for so long (µs).
    #[must_use]
    pub fn is_idle(&self, now: Moment, since: u64) -> bool {
        self.queue.is_empty()
            && self.in_flight[0] == 0
            && self.blocked_until <= now.0
            && self.last_used.saturating_add(since) <= now.0
    }

    /// Asks for a place. `what` is kept with a call that waits, and comes back from
    /// [`Lane::due`].
    pub fn ask(&mut self, now: Moment, ask: &Ask<'_>, what: T) -> Answer {
        if let Some(ticket) = self.place_now(now, ask.draw) {
            return Answer::Placed(ticket);
        }
        let draw = self.fitting(ask.draw);
        // Who cannot wait is not held up by what is merely unknown.
        if ask.patience == 0 && !self.answered {
            return Answer::Placed(self.place(now.0, draw));
        }
        let at = self.turn(now.0, ask, draw);
        let late = at > now.0.saturating_add(ask.patience);
        if late && self.may_look(now.0) {
            return Answer::Placed(self.place(now.0, draw));
        }
        if late || ask.patience == 0 {
            return Answer::TooLate(Moment(at));
        }
        let cost = self.cost(draw);
        match self.queue.push(ask.flow, ask.weight, cost, Waiting { draw, what }) {
            Ok(place) => Answer::Waits(place, Moment(at)),
            Err((full, _)) => Answer::Full(full, Moment(at)),
        }
    }

    /// A place, if nobody waits and there is room at once.
    pub fn place_now(&mut self, now: Moment, draw: Draw) -> Option<Ticket> {
        self.advance(now.0);
        let draw = self.fitting(draw);
        let has_room = || matches!(self.room(now.0, draw), Room::At(at) if at <= now.0);
        (self.queue.is_empty() && has_room()).then(|| self.place(now.0, draw))
    }

    /// When a call could pass, without asking for its place.
    #[must_use]
    pub fn outlook(&mut self, now: Moment, ask: &Ask<'_>) -> Moment {
        self.advance(now.0);
        let draw = self.fitting(ask.draw);
        Moment(self.turn(now.0, ask, draw))
    }

    /// Gives places to those whose turn has come.
    pub fn due(&mut self, now: Moment) -> Vec<(T, Ticket)> {
        self.advance(now.0);
        let mut due = Vec::new();
        while let Some(first) = self.queue.first()
            && let Room::At(at) = self.room(now.0, first.draw)
            && at <= now.0
            && let Some(first) = self.queue.pop()
        {
            let ticket = self.place(now.0, first.draw);
            due.push((first.what, ticket));
        }
        due
    }

    /// When the next of those who wait may pass; `None` where nobody waits, or where only an
    /// answer can tell.
    #[must_use]
    pub fn next_at(&mut self, now: Moment) -> Option<Moment> {
        self.advance(now.0);
        let first = self.queue.first()?;
        match self.room(now.0, first.draw) {
            Room::At(at) => Some(Moment(at)),
            Room::AfterAnAnswer => None,
        }
    }

    /// Whose turn is the next.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.queue.first().map(|first| &first.what)
    }

    /// Takes a call out that waits no longer.
    pub fn leave(&mut self, place: &PlaceId) -> Option<T> {
        self.queue.remove(place).map(|waiting| waiting.what)
    }

    /// An answer came, with what it says of the limits.
    pub fn answered(&mut self, now: Moment, ticket: Ticket, reading: &Reading) {
        self.ended(&ticket);
        self.answered = true;
        self.strikes = 0;
        self.probe = self.probe.map(|at_once| at_once + 1).filter(|n| *n < RECOVERED);
        self.hear(now.0, &ticket, reading);
    }

    /// The provider refused the call for its rate (429): it used nothing. `wait` is the time it
    /// named, in microseconds.
    pub fn throttled(&mut self, now: Moment, ticket: Ticket, reading: &Reading, wait: Option<u64>) {
        self.ended(&ticket);
        self.answered = true;
        self.advance(now.0);
        self.give_back(ticket.draw);
        self.hear(now.0, &ticket, reading);
        let explained = self.is_short(ticket.draw);
        if !explained {
            self.strikes = (self.strikes + 1).min(16);
            if self.meters[0].is_none() {
                self.probe = Some(1);
            }
        }
        let pause = (PAUSE << (self.strikes.max(1) - 1)).min(LONGEST_PAUSE);
        // A meter that is short tells the time by itself; what else the provider says is heeded.
        let wait = wait.unwrap_or(if explained { 0 } else { pause }).min(LONGEST_BLOCK);
        self.blocked_until = self.blocked_until.max(now.0.saturating_add(wait));
    }

    /// The call was never sent: its place is free again.
    pub fn unsent(&mut self, now: Moment, ticket: Ticket) {
        self.ended(&ticket);
        self.advance(now.0);
        self.give_back(ticket.draw);
    }

    /// The call ended without an answer: what it used stays used.
    pub fn lost(&mut self, ticket: Ticket) {
        self.ended(&ticket);
    }

    fn hear(&mut self, now: u64, ticket: &Ticket, reading: &Reading) {
        for (at, told) in reading.parts().into_iter().enumerate().filter(|(_, t)| t.says()) {
            let after = self.placed[at].saturating_sub(ticket.mark[at]);
            let beside = ticket.beside[at];
            let word = Word { told, placed_at: ticket.at, now, after, beside };
            match &mut self.meters[at] {
                Some(meter) => meter.hear(&word),
                unknown => *unknown = Meter::learned(&word),
            }
        }
    }

    fn advance(&mut self, now: u64) {
        self.meters.iter_mut().flatten().for_each(|meter| meter.advance(now));
    }

    fn give_back(&mut self, draw: Draw) {
        for (meter, part) in self.meters.iter_mut().zip(draw.parts()) {
            if let Some(meter) = meter {
                meter.give_back(part);
            }
        }
    }

    fn is_short(&self, draw: Draw) -> bool {
        let short = |(meter, part): (&Option<Meter>, u64)| {
            meter.as_ref().is_some_and(|meter| meter.is_short_of(part))
        };
        self.meters.iter().zip(draw.parts()).any(short)
    }

    fn fitting(&self, draw: Draw) -> Draw {
        let fit = |at: usize, part: u64| self.meters[at].as_ref().map_or(part, |m| m.fitting(part));
        Draw { requests: fit(0, draw.requests), tokens: fit(1, draw.tokens) }
    }

    fn room(&self, now: u64, draw: Draw) -> Room {
        if self.probe.is_some_and(|at_once| self.in_flight[0] >= at_once) {
            return Room::AfterAnAnswer;
        }
        let at = self.metered(now, self.fitting(draw)).max(self.blocked_until);
        match self.met.filter(|_| !self.answered && self.in_flight[0] >= FIRST_CALLS) {
            Some(met) => Room::At(at.max(met.saturating_add(FIRST_WAIT))),
            None => Room::At(at),
        }
    }

    /// Whether nothing has gone there for so long that what is known may have changed.
    fn may_look(&self, now: u64) -> bool {
        self.queue.is_empty()
            && self.in_flight[0] == 0
            && self.blocked_until <= now
            && self.last_used.saturating_add(LONGEST_BLOCK) <= now
    }

    fn metered(&self, now: u64, draw: Draw) -> u64 {
        let at = |(meter, part): (&Option<Meter>, u64)| {
            meter.as_ref().map_or(now, |meter| meter.has_at(now, part))
        };
        self.meters.iter().zip(draw.parts()).map(at).max().unwrap_or(now)
    }

    /// When the turn of a call that asks now would come.
    fn turn(&self, now: u64, ask: &Ask<'_>, draw: Draw) -> u64 {
        let mut sum = draw;
        for ahead in self.queue.ahead(ask.flow, ask.weight) {
            sum.requests = sum.requests.saturating_add(ahead.draw.requests);
            sum.tokens = sum.tokens.saturating_add(ahead.draw.tokens);
        }
        let at = self.metered(now, sum).max(self.blocked_until);
        match self.room(now, draw) {
            Room::At(room) => at.max(room),
            Room::AfterAnAnswer => at.max(now.saturating_add(PAUSE)),
        }
    }

    /// The share of its scarcest limit that a call takes: what turns are counted in.
    fn cost(&self, draw: Draw) -> u64 {
        let share = |(meter, part): (&Option<Meter>, u64)| {
            let limit = meter.as_ref().map_or(u64::MAX, Meter::limit).max(1);
            u64::try_from(u128::from(part) * u128::from(WHOLE) / u128::from(limit)).unwrap_or(WHOLE)
        };
        self.meters.iter().zip(draw.parts()).map(share).max().unwrap_or(1).max(1)
    }

    fn place(&mut self, now: u64, draw: Draw) -> Ticket {
        self.last_used = now;
        self.met.get_or_insert(now);
        let beside = self.in_flight;
        for (at, part) in draw.parts().into_iter().enumerate() {
            self.placed[at] = self.placed[at].wrapping_add(part);
            self.in_flight[at] = self.in_flight[at].saturating_add(part);
            if let Some(meter) = &mut self.meters[at] {
                meter.take(part);
            }
        }
        Ticket { draw, at: now, mark: self.placed, beside }
    }

    fn ended(&mut self, ticket: &Ticket) {
        for (at, part) in ticket.draw.parts().into_iter().enumerate() {
            self.in_flight[at] = self.in_flight[at].saturating_sub(part);
        }
    }
}
