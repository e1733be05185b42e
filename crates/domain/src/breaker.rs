//! A breaker: whom to leave alone for a while, and when to look again.
//!
//! Closed, everything passes. Five failures in a row, with no success between them, open it: for
//! 30 s, and for twice as long each time that it opens again without having closed, up to five
//! minutes. Then one call may look (*half-open*); its success closes the breaker, its failure
//! opens it again. What was sent before the opening says nothing about the time after it, so
//! while the breaker is open only the look counts.
//!
//! It says what it thinks and forbids nothing: whoever has nowhere else to go goes there all the
//! same, so that the last one is never ejected (P20). Time comes in as a [`Moment`].

use crate::rate::Moment;

/// Failures in a row that open a closed breaker.
const FAILURES: u32 = 5;
/// How long it opens for at first, and at most (microseconds).
const BASE: u64 = 30_000_000;
const MOST: u64 = 300_000_000;

/// What a breaker says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    Closed,
    /// One call may look now; the one that asked is it.
    Look,
    /// Better not, until then.
    Open(Moment),
}

/// The state of one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    state: State,
    /// In a row, while closed.
    failures: u32,
    /// How often it has opened since it was last closed.
    openings: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until: Moment,
    },
    /// A look is under way. Should nobody ever tell of it, another may be had from `until` on.
    HalfOpen {
        until: Moment,
    },
}

impl Breaker {
    /// Whether a call should go there. Only a call that then goes there may ask.
    pub fn ask(&mut self, now: Moment) -> Gate {
        match self.state {
            State::Closed => Gate::Closed,
            State::Open { until } | State::HalfOpen { until } if now < until => Gate::Open(until),
            State::Open { .. } | State::HalfOpen { .. } => {
                self.state = State::HalfOpen { until: Moment(now.0.saturating_add(BASE)) };
                Gate::Look
            }
        }
    }

    /// What [`Breaker::ask`] would say; nothing changes.
    #[must_use]
    pub fn peek(&self, now: Moment) -> Gate {
        let mut copy = *self;
        copy.ask(now)
    }

    /// A call went well. `looked`: it is the one that was let through to look.
    pub fn went_well(&mut self, looked: bool) {
        if looked || self.state == State::Closed {
            *self = Self::default();
        }
    }

    /// A call failed. Whether the breaker has opened by it.
    pub fn failed(&mut self, looked: bool, now: Moment) -> bool {
        match self.state {
            State::Closed => {
                self.failures += 1;
                let opens = self.failures >= FAILURES;
                if opens {
                    self.open(now);
                }
                opens
            }
            State::HalfOpen { .. } if looked => {
                self.open(now);
                true
            }
            State::Open { .. } | State::HalfOpen { .. } => false,
        }
    }

    /// A failure after which the next call would fare no better. Whether that is news.
    pub fn failed_for_good(&mut self, looked: bool, now: Moment) -> bool {
        let news = self.state == State::Closed;
        if news || looked {
            self.open(now);
        }
        news
    }

    /// The look told nothing: its call ended for reasons that are not this place's. The next call
    /// may look.
    pub fn looked_in_vain(&mut self, now: Moment) {
        if let State::HalfOpen { .. } = self.state {
            self.state = State::Open { until: now };
        }
    }

    /// Whether nothing at all is held against the place.
    #[must_use]
    pub fn is_calm(&self) -> bool {
        *self == Self::default()
    }

    fn open(&mut self, now: Moment) {
        let length = BASE.saturating_mul(1 << self.openings.min(8)).min(MOST);
        self.openings += 1;
        self.failures = 0;
        self.state = State::Open { until: Moment(now.0.saturating_add(length)) };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    fn at(seconds: u64) -> Moment {
        Moment(seconds * SECOND)
    }

    fn opened(now: Moment) -> Breaker {
        let mut breaker = Breaker::default();
        for turn in 1..=5 {
            assert_eq!(breaker.ask(now), Gate::Closed);
            assert_eq!(breaker.failed(false, now), turn == 5);
        }
        breaker
    }

    #[test]
    fn p20_five_failures_in_a_row_open_it_for_thirty_seconds() {
        let mut breaker = opened(at(0));
        assert_eq!(breaker.ask(at(29)), Gate::Open(at(30)));
        assert_eq!(breaker.ask(at(30)), Gate::Look);
        // One looks, the others wait for what it finds.
        assert_eq!(breaker.ask(at(31)), Gate::Open(at(60)));
        breaker.went_well(true);
        assert!(breaker.is_calm());
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let mut breaker = Breaker::default();
        for turn in 0..100 {
            match turn % 5 {
                4 => breaker.went_well(false),
                _ => assert!(!breaker.failed(false, at(turn))),
            }
        }
        assert_eq!(breaker.ask(at(100)), Gate::Closed);
    }

    #[test]
    fn each_look_in_a_row_that_fails_doubles_the_time_up_to_five_minutes() {
        let mut breaker = opened(at(0));
        let mut now = at(30);
        for length in [60, 120, 240, 300, 300] {
            assert_eq!(breaker.ask(now), Gate::Look);
            assert!(breaker.failed(true, now));
            let end = Moment(now.0 + length * SECOND);
            assert_eq!(breaker.ask(Moment(end.0 - 1)), Gate::Open(end));
            now = end;
        }
        assert_eq!(breaker.ask(now), Gate::Look);
        breaker.went_well(true);
        assert_eq!(opened(now).ask(now), Gate::Open(Moment(now.0 + 30 * SECOND)));
    }

    #[test]
    fn what_was_sent_before_the_opening_changes_nothing_after_it() {
        let mut breaker = opened(at(0));
        breaker.went_well(false);
        assert!(!breaker.failed(false, at(10)));
        assert_eq!(breaker.ask(at(29)), Gate::Open(at(30)));
        assert_eq!(breaker.ask(at(30)), Gate::Look);
        breaker.went_well(false);
        assert_eq!(breaker.ask(at(30)), Gate::Open(at(60)));
    }

    #[test]
    fn a_credential_that_is_refused_is_benched_at_once_and_told_of_once() {
        let mut breaker = Breaker::default();
        assert!(breaker.failed_for_good(false, at(0)));
        assert!(!breaker.failed_for_good(false, at(1)));
        assert_eq!(breaker.ask(at(29)), Gate::Open(at(30)));
        assert_eq!(breaker.ask(at(30)), Gate::Look);
        assert!(!breaker.failed_for_good(true, at(30)));
        assert_eq!(breaker.ask(at(89)), Gate::Open(at(90)));
    }

    #[test]
    fn a_look_that_nobody_tells_of_is_had_again() {
        let mut breaker = opened(at(0));
        assert_eq!(breaker.ask(at(30)), Gate::Look);
        assert_eq!(breaker.ask(at(59)), Gate::Open(at(60)));
        assert_eq!(breaker.ask(at(60)), Gate::Look);
        breaker.looked_in_vain(at(61));
        assert_eq!(breaker.ask(at(61)), Gate::Look);
    }

    proptest! {
        /// Whatever happens: it is never shut for longer than five minutes, and at most one call
        /// looks within any base time.
        #[test]
        fn it_always_looks_again(steps in prop::collection::vec((0..4u8, 0..40u64, any::<bool>()), 1..300)) {
            let (mut breaker, mut now) = (Breaker::default(), 0);
            let mut looks: Vec<u64> = Vec::new();
            for (step, seconds, looked) in steps {
                now += seconds;
                let looked = looked && breaker.peek(at(now)) != Gate::Closed;
                match step {
                    0 => breaker.went_well(looked),
                    1 => drop(breaker.failed(looked, at(now))),
                    2 => drop(breaker.failed_for_good(looked, at(now))),
                    _ => match breaker.ask(at(now)) {
                        Gate::Open(until) => prop_assert!(until.0 - at(now).0 <= MOST && until > at(now)),
                        Gate::Look => looks.push(now),
                        Gate::Closed => looks.clear(),
                    },
                }
                if looked {
                    looks.clear();
                }
                prop_assert!(looks.windows(2).all(|pair| pair[1] - pair[0] >= 30));
            }
        }
    }
}
