//! Which place a call tries next.

use std::sync::Arc;
use std::time::Duration;

use domain::attempt::{Class, Effect};
use domain::rate::Moment;
use domain::retry::pause;
use domain::route::Reasons;
use tokio::time::Instant;

use super::Failure;
use crate::plan::{Candidate, Plan};
use crate::upstreams::LiveUpstream;

/// Repeats of one call at one place whose rate was too high. A client that repeats by itself as well
/// has its turn from us all the same: it would only come back too early.
const TURNS: u32 = 2;

/// The places of a call, and what became of those that were tried.
pub(super) struct Tries {
    all: Vec<Place>,
    effect: Effect,
    /// Of one call at one place, at most.
    repeats: u32,
}

struct Place {
    candidate: Candidate,
    tries: u32,
    /// The last try's failure, and until when the provider wants to be left alone.
    failed: Option<(Class, Option<Instant>)>,
    in_vain: bool,
}

/// Where the next attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A place that was not tried yet, by its index.
    New(usize),
    /// One more try where the rate was too high, when its turn comes there. It is taken from the
    /// upstream's budget already.
    Turn(usize),
    /// One more try, after a pause. It is taken from the upstream's budget already.
    Again(usize, Duration),
    /// Nowhere: the best of the failures is the answer.
    Nowhere,
}

impl Tries {
    /// The plan's places, in its order.
    pub(super) fn of(plan: Plan, effect: Effect, repeats: u32) -> Self {
        let place = |candidate| Place { candidate, tries: 0, failed: None, in_vain: false };
        let all = std::iter::once(plan.first).chain(plan.others).map(place).collect();
        Self { all, effect, repeats }
    }

    pub(super) fn candidate(&self, at: usize) -> &Candidate {
        &self.all[at].candidate
    }

    pub(super) fn tried(&mut self, at: usize, failure: &Failure, now: Instant) {
        let place = &mut self.all[at];
        place.tries += 1;
        place.failed = Some((failure.class, failure.told.map(|told| now + told)));
        place.in_vain = failure.in_vain;
    }

    /// Whether a place is left that was not tried and that might take the call.
    pub(super) fn has_more(&self) -> bool {
        self.all.iter().any(|place| place.tries == 0)
    }

    /// After the place at `last` has failed. `left` is how long a pause may be, and how long a wait
    /// for a turn; `random`, any number.
    pub(super) fn next(
        &mut self,
        last: usize,
        now: (Instant, Moment),
        left: (Duration, Duration),
        random: u64,
    ) -> Next {
        let Some((class, _)) = self.all[last].failed else { return Next::Nowhere };
        let may = class.may(self.effect);
        if !may.elsewhere {
            return Next::Nowhere;
        }
        if let Some(at) = self.other(last, class, now.1) {
            return Next::New(at);
        }
        match self.again(now.0, left, random) {
            None => Next::Nowhere,
            Some((at, _)) if self.is_throttled(at) => Next::Turn(at),
            Some((at, pause)) => Next::Again(at, pause),
        }
    }

    /// A place for a call whose bound does not fit the limits where the others are priced.
    pub(super) fn cheaper(&self) -> Option<usize> {
        let fits = |place: &Place| place.tries == 0 && place.candidate.on.contains(Reasons::PRICE);
        self.all.iter().position(fits)
    }

    /// A place that is not to be asked at all.
    pub(super) fn pass_over(&mut self, at: usize) {
        self.all[at].tries += 1;
    }

    /// The first that was not tried, by the order of the plan; those that are doing badly last.
    fn other(&self, last: usize, class: Class, now: Moment) -> Option<usize> {
        let open = |at: &usize| self.all[*at].candidate.is_open(|| now);
        let (open, closed): (Vec<usize>, Vec<usize>) = (0..self.all.len()).partition(open);
        closed.iter().chain(&open).copied().find(|at| self.may_take(*at, last, class))
    }

    /// Whether a place may take the call that failed at another. What an upstream is asked for the
    /// second time is a repeat, but where the first was refused for what it said alone.
    fn may_take(&self, at: usize, last: usize, class: Class) -> bool {
        let (place, failed) = (&self.all[at], &self.all[last].candidate);
        let candidate = &place.candidate;
        if place.tries > 0 {
            return false;
        }
        if !self.is_known(&candidate.upstream) {
            return candidate.on.contains(class.reason());
        }
        if candidate.model != failed.model {
            let unread = matches!(class, Class::TooLong | Class::NoSuchModel);
            return candidate.on.contains(class.reason())
                && (unread || candidate.upstream.standing.repeat());
        }
        // Another credential helps where the first one was at fault, or was not enough.
        let helps = class.is_the_credentials()
            || matches!(class, Class::Throttled | Class::NoSuchModel | Class::Forbidden);
        let same = Arc::ptr_eq(&candidate.upstream, &failed.upstream);
        same && helps && candidate.upstream.standing.repeat()
    }

    fn is_throttled(&self, at: usize) -> bool {
        matches!(self.all[at].failed, Some((Class::Throttled, _)))
    }

    /// Whether an upstream was asked already.
    fn is_known(&self, upstream: &Arc<LiveUpstream>) -> bool {
        let same = |place: &&Place| Arc::ptr_eq(&place.candidate.upstream, upstream);
        self.all.iter().filter(same).any(|place| place.tries > 0)
    }

    /// The tried place that may be asked again soonest.
    fn again(
        &self,
        now: Instant,
        (left, turn): (Duration, Duration),
        random: u64,
    ) -> Option<(usize, Duration)> {
        let wait = |(at, place): (usize, &Place)| {
            let (class, until) = place.failed?;
            // Who only says that it is too much does not say when it will not be.
            let untold = class == Class::Throttled && until.is_none();
            let may = class.may(self.effect).here
                && !(untold || place.in_vain)
                && place.tries <= if class == Class::Throttled { TURNS } else { self.repeats };
            let told = until.map(|until| until.saturating_duration_since(now));
            let left = if class == Class::Throttled { turn } else { left };
            let pause = pause(told, place.tries.saturating_sub(1), random, left)?;
            may.then_some((at, pause))
        };
        let mut waits: Vec<_> = self.all.iter().enumerate().filter_map(wait).collect();
        waits.sort_by_key(|(_, pause)| *pause);
        waits.into_iter().find(|(at, _)| self.all[*at].candidate.upstream.standing.repeat())
    }
}
