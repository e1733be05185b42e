//! The data plane's own figures, kept as plain counters.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Outcome, fault::catalogue};

use crate::pace::Pacing;

pub(crate) mod requests;

/// Counters since the start. Labels are of our own making only, so there are few of them.
#[derive(Default)]
pub struct Metrics {
    outcomes: [AtomicU64; 4],
    refusals: Vec<AtomicU64>,
    pub(crate) checksum_rejects: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) estimated: AtomicU64,
    pub(crate) bad_usage: AtomicU64,
    pub(crate) unpriced: AtomicU64,
    pub(crate) overages: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) ledger_breaches: AtomicU64,
    lost_log_rows: AtomicU64,
    pub(crate) pacing: Pacing,
    breaker_openings: AtomicU64,
    /// Attempts after a call's first: at the same upstream, at another.
    more_attempts: [AtomicU64; 2],
}

impl Metrics {
    #[must_use]
    pub fn new() -> Self {
        let refusals = catalogue::ALL.iter().map(|_| AtomicU64::new(0)).collect();
        Self { refusals, ..Self::default() }
    }

    pub(crate) fn outcome(&self, outcome: Outcome) {
        self.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a refusal of ours by its code.
    pub fn refusal(&self, code: &str) {
        if let Some(at) = catalogue::ALL.iter().position(|entry| entry.code == code) {
            self.refusals[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes how many rows the request log has lost since the start.
    pub(crate) fn log_lost(&self, rows: u64) {
        self.lost_log_rows.store(rows, Ordering::Relaxed);
    }

    pub(crate) fn breaker_opened(&self) {
        self.breaker_openings.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an attempt that follows a failed one.
    pub(crate) fn tried_on(&self, again: bool) {
        self.more_attempts[usize::from(!again)].fetch_add(1, Ordering::Relaxed);
    }

    pub fn connection_opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub fn connection_closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }

    /// All counters as they stand.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let refusals = catalogue::ALL.iter().zip(&self.refusals);
        Figures {
            outcomes: std::array::from_fn(|at| of(&self.outcomes[at])),
            refusals: refusals
                .map(|(entry, count)| (entry.code, of(count)))
                .filter(|(_, count)| *count > 0)
                .collect(),
            key_checksum_rejects: of(&self.checksum_rejects),
            queued: of(&self.queued),
            estimated: of(&self.estimated),
            bad_usage: of(&self.bad_usage),
            unpriced: of(&self.unpriced),
            overages: of(&self.overages),
            connections: of(&self.connections),
            ledger_breaches: of(&self.ledger_breaches),
            lost_log_rows: of(&self.lost_log_rows),
            breaker_openings: of(&self.breaker_openings),
            repeats: of(&self.more_attempts[0]),
            failovers: of(&self.more_attempts[1]),
            pacing_waiting: of(&self.pacing.waiting),
            pacing_waited: of(&self.pacing.waited),
            pacing_waited_ms: of(&self.pacing.waited_ms),
            pacing_late: of(&self.pacing.late),
        }
    }
}

/// The data plane's counters at one moment.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Attempts by [`Outcome`].
    pub outcomes: [u64; 4],
    /// By code; those that happened.
    pub refusals: Vec<(&'static str, u64)>,
    pub key_checksum_rejects: u64,
    pub queued: u64,
    pub estimated: u64,
    pub bad_usage: u64,
    pub unpriced: u64,
    pub overages: u64,
    pub connections: u64,
    pub ledger_breaches: u64,
    pub lost_log_rows: u64,
    pub breaker_openings: u64,
    /// Attempts made again at the same upstream.
    pub repeats: u64,
    /// Attempts made at another one.
    pub failovers: u64,
    /// Calls that wait for their turn at an upstream.
    pub pacing_waiting: u64,
    /// Calls that have waited.
    pub pacing_waited: u64,
    /// For how long together, in ms.
    pub pacing_waited_ms: u64,
    /// Turns that would have come too late.
    pub pacing_late: u64,
}
