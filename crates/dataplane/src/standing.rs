//! How an upstream, or one of its credentials, has fared of late: its breaker and its budget of
//! repeats. One that has done nothing wrong costs a call one look at a flag.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::breaker::{Breaker, Gate};
use domain::rate::Moment;
use domain::retry::Budget;

/// Shared by all workers; kept over a reload of the configuration.
#[derive(Default)]
pub(crate) struct Standing {
    /// The breaker holds nothing against it, and the budget is full.
    calm: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    breaker: Breaker,
    budget: Budget,
}

/// That a call has gone there; its outcome is told with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "how the call went must be told"]
pub(crate) struct Entered {
    /// It went there although the breaker was not closed, and so shows how things stand now.
    looks: bool,
}

impl Standing {
    /// Whether a call had better go elsewhere.
    pub(crate) fn is_open(&self, now: impl FnOnce() -> Moment) -> bool {
        !self.calm.load(Ordering::Relaxed)
            && matches!(self.state().breaker.peek(now()), Gate::Open(_))
    }

    /// What the breaker would say to a call; nobody is asked.
    pub(crate) fn gate(&self, now: Moment) -> Gate {
        match self.calm.load(Ordering::Relaxed) {
            true => Gate::Closed,
            false => self.state().breaker.peek(now),
        }
    }

    /// A call goes there, for the first time.
    pub(crate) fn enter(&self, now: impl FnOnce() -> Moment) -> Entered {
        if self.calm.load(Ordering::Relaxed) {
            return Entered { looks: false };
        }
        let mut state = self.state();
        state.budget.placed();
        self.ask(&mut state, now())
    }

    /// A call goes there once more.
    pub(crate) fn enter_again(&self, now: Moment) -> Entered {
        self.ask(&mut self.state(), now)
    }

    fn ask(&self, state: &mut State, now: Moment) -> Entered {
        let gate = state.breaker.ask(now);
        self.note(state);
        Entered { looks: gate != Gate::Closed }
    }

    /// Takes a repeat from the budget, if there is one left.
    pub(crate) fn repeat(&self) -> bool {
        let mut state = self.state();
        let may = state.budget.repeat();
        self.note(&state);
        may
    }

    pub(crate) fn went_well(&self, entered: Entered) {
        if self.calm.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.state();
        state.breaker.went_well(entered.looks);
        self.note(&state);
    }

    /// Whether the breaker has opened by it.
    pub(crate) fn failed(&self, entered: Entered, now: Moment) -> bool {
        let mut state = self.state();
        let opened = state.breaker.failed(entered.looks, now);
        self.note(&state);
        opened
    }

    /// The next call would fare no better. Whether that is news.
    pub(crate) fn failed_for_good(&self, entered: Entered, now: Moment) -> bool {
        let mut state = self.state();
        let news = state.breaker.failed_for_good(entered.looks, now);
        self.note(&state);
        news
    }

    /// The call ended for reasons that say nothing of this place.
    pub(crate) fn told_nothing(&self, entered: Entered, now: Moment) {
        if entered.looks {
            self.state().breaker.looked_in_vain(now);
        }
    }

    fn note(&self, state: &State) {
        let calm = state.breaker.is_calm() && state.budget.is_full();
        self.calm.store(calm, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> impl FnOnce() -> Moment {
        move || Moment(seconds * 1_000_000)
    }

    #[test]
    fn a_place_that_does_well_is_calm_and_is_not_looked_at_any_more() {
        let standing = Standing::default();
        for _ in 0..300 {
            let entered = standing.enter(at(0));
            standing.went_well(entered);
        }
        assert!(standing.calm.load(Ordering::Relaxed));
        assert_eq!(standing.enter(|| panic!("nobody asks for the time")), Entered { looks: false });
        // A repeat is paid for by the calls that follow.
        assert!(standing.repeat());
        assert!(!standing.calm.load(Ordering::Relaxed));
    }

    #[test]
    fn p20_a_call_that_has_nowhere_else_to_go_goes_there_and_its_success_closes_the_breaker() {
        let standing = Standing::default();
        for _ in 0..5 {
            let entered = standing.enter(at(0));
            standing.failed(entered, at(0)());
        }
        assert!(standing.is_open(at(1)) && !standing.is_open(at(30)));
        let entered = standing.enter(at(1));
        assert!(entered.looks);
        standing.went_well(entered);
        assert!(!standing.is_open(at(1)));
    }
}
