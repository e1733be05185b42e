//! Whether a proxy may be used now. Owns no clock: the instant comes in.
//!
//! Five failures in a row eject it for 30 s, twice as long each further time. After that one call
//! at a time may try it; a success brings it back. While all proxies of an egress are ejected, one
//! call at a time may try each all the same.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row.
const FAILURES: u32 = 5;
const BASE: Duration = Duration::from_secs(30);
/// 30 s doubled this often is the most: 16 minutes.
const DOUBLINGS: u32 = 5;

/// How a proxy has fared of late.
#[derive(Default)]
pub(crate) struct Health {
    failures: u32,
    ejections: u32,
    ejected_until: Option<Instant>,
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
        match self.ejected_until {
            None => Admission::Free,
            Some(_) if self.probing => Admission::No,
            Some(until) if anyway || now >= until => {
                self.probing = true;
                Admission::Probe
            }
            Some(_) => Admission::No,
        }
    }

    /// A probe has ended, whatever came of it.
    pub(crate) fn probed(&mut self) {
        self.probing = false;
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self { probing: self.probing, ..Self::default() };
    }

    /// Whether this ejects it.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        // Calls that were under way when it was ejected say nothing new.
        let is_ejected = self.ejected_until.is_some_and(|until| now < until);
        if is_ejected || self.failures < FAILURES {
            return false;
        }
        let pause = BASE * 2_u32.pow(self.ejections.min(DOUBLINGS));
        self.ejections = self.ejections.saturating_add(1);
        self.ejected_until = Some(now + pause);
        true
    }

    pub(crate) fn is_ejected(&self, now: Instant) -> bool {
        self.ejected_until.is_some_and(|until| now < until)
    }

    /// Which of several ejected ones comes back first.
    pub(crate) fn ejected_until(&self) -> Option<Instant> {
        self.ejected_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ejected(now: Instant) -> Health {
        let mut health = Health::default();
        for _ in 0..4 {
            assert!(!health.failed(now));
        }
        assert_eq!(health.admit(now, false), Admission::Free);
        assert!(health.failed(now));
        health
    }

    #[test]
    fn five_failures_in_a_row_eject_and_four_do_not() {
        let now = Instant::now();
        let mut health = Health::default();
        for _ in 0..3 {
            (0..4).for_each(|_| assert!(!health.failed(now)));
            health.succeeded();
        }
        assert!(!health.is_ejected(now));
        assert!(ejected(now).is_ejected(now));
    }

    #[test]
    fn after_the_pause_one_call_at_a_time_tries() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(now, false), Admission::No);
        let later = now + BASE;
        assert_eq!(health.admit(later, false), Admission::Probe);
        assert_eq!(health.admit(later, false), Admission::No);
        health.probed();
        assert_eq!(health.admit(later, false), Admission::Probe);
        health.succeeded();
        health.probed();
        assert_eq!(health.admit(later, false), Admission::Free);
    }

    #[test]
    fn the_pause_doubles_while_probes_fail_and_has_an_end() {
        let mut now = Instant::now();
        let mut health = ejected(now);
        for seconds in [30, 60, 120, 240, 480, 960, 960] {
            let until = health.ejected_until().unwrap();
            assert_eq!(until - now, Duration::from_secs(seconds));
            // Stragglers do not lengthen it.
            assert!(!health.failed(now));
            now = until;
            assert!(health.failed(now));
        }
    }

    #[test]
    fn when_all_are_down_one_call_at_a_time_tries_anyway() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(now, true), Admission::Probe);
        assert_eq!(health.admit(now, true), Admission::No);
    }
}
