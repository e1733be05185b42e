//! How much waiting there is, in figures.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::lanes::Cell;
use crate::plan::Candidate;

/// Since the start, over all lanes.
#[derive(Default)]
pub(crate) struct Pacing {
    /// Calls that wait now.
    pub(crate) waiting: AtomicU64,
    /// Calls that have waited, and got a place.
    pub(crate) waited: AtomicU64,
    /// Milliseconds that those have waited.
    pub(crate) waited_ms: AtomicU64,
    /// Calls whose turn would have come too late, or did.
    pub(crate) late: AtomicU64,
}

/// One call that waits, for as long as it does.
pub(super) struct Waits<'a>(&'a Pacing);

impl Pacing {
    pub(super) fn begin(&self, cell: &Cell, place: &Candidate, model: &str) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if cell.may_say() {
            tracing::info!(upstream = %place.upstream.id, model, waiting = cell.waiting(),
                           "calls wait for an upstream's rate limit");
        }
        Waits(self)
    }

    pub(super) fn ended(&self, waited: Duration, placed: bool) {
        if placed {
            let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            self.waited.fetch_add(1, Ordering::Relaxed);
            self.waited_ms.fetch_add(ms, Ordering::Relaxed);
        } else {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
