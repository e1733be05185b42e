//! The data plane's own figures, kept as plain counters and written out when asked.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Outcome, fault::catalogue};

use crate::pace::Pacing;

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

    /// Prometheus text of all counters; `in_flight` is the open work now.
    #[must_use]
    pub fn render(&self, in_flight: usize) -> String {
        let mut out = String::new();
        let mut line = |kind: &str, name: &str, help: &str, rows: &[(String, u64)]| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(out, "{name}{labels} {value}");
            }
        };
        let one = |counter: &AtomicU64| vec![(String::new(), counter.load(Ordering::Relaxed))];
        let version = format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
        line("gauge", "tollgate_build_info", "The running version.", &[(version, 1)]);
        let open = vec![(String::new(), in_flight as u64)];
        line("gauge", "tollgate_calls_in_flight", "Calls, drains and counts not yet ended.", &open);
        line("gauge", "tollgate_connections", "Open client connections.", &one(&self.connections));
        let lost = one(&self.lost_log_rows);
        line("counter", "tollgate_request_log_lost_total", "Rows the log could not take.", &lost);
        let breaches = one(&self.ledger_breaches);
        line("gauge", "tollgate_ledger_breaches", "Sums of the ledger that disagree.", &breaches);
        let outcomes =
            [Outcome::Completed, Outcome::Refused, Outcome::ClientGone, Outcome::UpstreamFailed]
                .map(|o| {
                    let count = self.outcomes[o as usize].load(Ordering::Relaxed);
                    (format!("{{outcome=\"{}\"}}", o.as_str()), count)
                });
        line("counter", "tollgate_attempts_total", "Attempts at providers, by end.", &outcomes);
        let refusals: Vec<(String, u64)> = catalogue::ALL
            .iter()
            .zip(&self.refusals)
            .map(|(e, n)| (format!("{{code=\"{}\"}}", e.code), n.load(Ordering::Relaxed)))
            .filter(|(_, count)| *count > 0)
            .collect();
        line("counter", "tollgate_refusals_total", "Refusals of ours, by code.", &refusals);
        let waiting = one(&self.pacing.waiting);
        line("gauge", "tollgate_pacing_waiting", "Calls waiting for an upstream.", &waiting);
        for (name, help, counter) in [
            (
                "tollgate_key_checksum_rejects_total",
                "Keys refused by checksum.",
                &self.checksum_rejects,
            ),
            ("tollgate_usage_records_total", "Usage records queued.", &self.queued),
            ("tollgate_usage_estimated_total", "Attempts counted by us.", &self.estimated),
            ("tollgate_overages_total", "Attempts dearer than their hold.", &self.overages),
            ("tollgate_bad_usage_total", "Usage reports not believed.", &self.bad_usage),
            ("tollgate_unpriced_attempts_total", "Attempts without a price.", &self.unpriced),
            ("tollgate_pacing_waited_total", "Calls that waited.", &self.pacing.waited),
            (
                "tollgate_pacing_waited_milliseconds_total",
                "How long they did.",
                &self.pacing.waited_ms,
            ),
            ("tollgate_pacing_late_total", "Turns that came too late.", &self.pacing.late),
            ("tollgate_repeats_total", "Attempts made again.", &self.more_attempts[0]),
            ("tollgate_failovers_total", "Attempts made elsewhere.", &self.more_attempts[1]),
            ("tollgate_breaker_openings_total", "Breakers opened.", &self.breaker_openings),
        ] {
            line("counter", name, help, &one(counter));
        }
        out
    }
}
