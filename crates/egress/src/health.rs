//! Whether a proxy may be used now: a breaker ([`domain::breaker`]), and what happens where all are
//! open. Owns no clock: the instant comes in.
//!
//! While all proxies of an egress are ejected, one call at a time may try each all the same.

use std::sync::LazyLock;

use domain::breaker::{Breaker, Gate};
use domain::rate::Moment;
use tokio::time::Instant;

/// Moments are counted from here.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// How a proxy has fared of late.
#[derive(Default)]
pub(crate) struct Health {
    breaker: Breaker,
    /// A call is trying whether it works again.
    probing: bool,
}

/// On which terms a call may take a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Free,
    /// To find out whether it works again; to be ended with [`Health::probed`].
    Probe,
    No,
}

impl Health {
    /// `anyway`: no proxy is left that is not ejected.
    pub(crate) fn admit(&mut self, now: Instant, anyway: bool) -> Admission {
        if self.probing {
            return Admission::No;
        }
        match self.breaker.ask(moment(now)) {
            Gate::Closed => Admission::Free,
            Gate::Open(_) if !anyway => Admission::No,
            Gate::Look | Gate::Open(_) => {
                self.probing = true;
                Admission::Probe
            }
        }
    }

    /// A probe has ended, whatever came of it.
    pub(crate) fn probed(&mut self, now: Instant) {
        self.probing = false;
        self.breaker.looked_in_vain(moment(now));
    }

    /// `probing`: as this call was admitted, or an order of the operator's.
    pub(crate) fn succeeded(&mut self, probing: bool) {
        self.breaker.went_well(probing);
    }

    /// Whether this ejects it.
    pub(crate) fn failed(&mut self, probing: bool, now: Instant) -> bool {
        self.breaker.failed(probing, moment(now))
    }

    /// Until when it is not used, where that is so.
    pub(crate) fn ejected_until(&self, now: Instant) -> Option<u64> {
        match self.breaker.peek(moment(now)) {
            Gate::Open(until) => Some(until.0),
            Gate::Closed | Gate::Look => None,
        }
    }
}

fn moment(now: Instant) -> Moment {
    let since = now.saturating_duration_since(*START);
    Moment(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ejected(now: Instant) -> Health {
        let mut health = Health::default();
        (0..4).for_each(|_| assert!(!health.failed(false, now)));
        assert_eq!(health.admit(now, false), Admission::Free);
        assert!(health.failed(false, now));
        health
    }

    #[test]
    fn after_the_pause_one_call_at_a_time_tries() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(now, false), Admission::No);
        assert!(health.ejected_until(now).is_some());
        let later = now + Duration::from_secs(30);
        assert_eq!(health.admit(later, false), Admission::Probe);
        assert_eq!(health.admit(later, false), Admission::No);
        // Its call was dropped; the next may look at once.
        health.probed(later);
        assert_eq!(health.admit(later, false), Admission::Probe);
        health.succeeded(true);
        health.probed(later);
        assert_eq!(health.admit(later, false), Admission::Free);
    }

    #[test]
    fn when_all_are_down_one_call_at_a_time_tries_anyway() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(now, true), Admission::Probe);
        assert_eq!(health.admit(now, true), Admission::No);
        // It fails: the pause is not longer for it.
        let until = health.ejected_until(now);
        assert!(!health.failed(true, now));
        health.probed(now);
        assert_eq!(health.ejected_until(now), until);
        // It works: everybody is let through.
        assert_eq!(health.admit(now, true), Admission::Probe);
        health.succeeded(true);
        health.probed(now);
        assert_eq!(health.admit(now, false), Admission::Free);
    }
}
