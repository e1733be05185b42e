//! What a call took from its limits: corrected when its usage is known, given back when it never
//! reached a provider.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use domain::rate::{Counters, Draw, Gauges, Ticket};
use domain::{Outcome, UsageRecord};
use http::HeaderMap;

use super::kept::{Kept, lock, moment};
use super::shown;

/// A call's part of its limits. Dropped, its place among the calls in flight is free; and all the
/// rest as well, if no attempt was ever made.
#[must_use = "a ticket goes with its call"]
pub(crate) struct RateTicket(Option<Box<Held>>);

struct Held {
    kept: Vec<Kept>,
    start: Instant,
    gauges: Gauges,
    state: Mutex<State>,
}

struct State {
    /// Gone when it was given back.
    ticket: Option<Ticket>,
    /// What the attempts have used together, once there was one.
    used: Option<Draw>,
}

impl RateTicket {
    /// For a call that meets no limit.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(super) fn new(kept: Vec<Kept>, start: Instant, gauges: Gauges, ticket: Ticket) -> Self {
        let state = Mutex::new(State { ticket: Some(ticket), used: None });
        Self(Some(Box::new(Held { kept, start, gauges, state })))
    }

    /// How the limits stood when the call was let in.
    pub(crate) fn gauges(&self) -> Option<Gauges> {
        self.0.as_ref().map(|held| held.gauges)
    }

    pub(crate) fn write_headers(&self, map: &mut HeaderMap) {
        if let Some(held) = &self.0 {
            shown::write(map, &held.gauges);
        }
    }

    /// Corrects the estimate by what an attempt used. Attempts add up.
    pub(crate) fn settle(&self, record: &UsageRecord) {
        let Some(held) = &self.0 else { return };
        let mut state = held.state();
        let earlier = state.used.unwrap_or_default();
        let of_tokens = record.tokens.input.saturating_add(record.tokens.output);
        let used = Draw {
            tokens: earlier.tokens.saturating_add(of_tokens),
            images: earlier.images + u64::from(record.images),
            ..Draw::default()
        };
        state.used = Some(used);
        let failed = matches!(record.outcome, Outcome::Refused | Outcome::UpstreamFailed);
        // A success that nobody counted (a background run, speech) stays at its estimate.
        if !failed && used == Draw::default() {
            return;
        }
        if let Some(ticket) = &mut state.ticket {
            let now = moment(held.start);
            with_all(&held.kept, |all| ticket.correct(now, all, &used));
        }
    }

    /// Gives up the place among the calls in flight before the call itself is forgotten.
    pub(crate) fn free_slots(&self) {
        let Some(held) = &self.0 else { return };
        if let Some(ticket) = &mut held.state().ticket {
            with_all(&held.kept, |all| ticket.free_slots(all));
        }
    }
}

impl Held {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(mut ticket) = state.ticket.take() else { return };
        with_all(&self.kept, |all| match state.used {
            None => ticket.give_back(all),
            Some(_) => ticket.free_slots(all),
        });
    }
}

fn with_all(kept: &[Kept], act: impl FnOnce(&mut [&mut Counters])) {
    let mut guards = lock(kept);
    let mut all: Vec<&mut Counters> = guards.iter_mut().map(|guard| &mut **guard).collect();
    act(&mut all);
}
