//! A place that an attempt has in its lane.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::pace::Ticket;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::heard;
use super::lanes::Cell;

/// Handed back with what came of the attempt. Dropped, it is free again if the attempt was not sent;
/// else its outcome is unknown, and what it took stays taken until time brings it back.
#[must_use = "a place must be handed back"]
pub(crate) struct Placed {
    held: Option<(Arc<Cell>, Ticket)>,
    waited: Duration,
    sent: bool,
}

impl Placed {
    /// A call that no limit is known to meet.
    pub(crate) fn free() -> Self {
        Self { held: None, waited: Duration::ZERO, sent: false }
    }

    pub(super) fn new(cell: Arc<Cell>, ticket: Ticket, waited: Duration) -> Self {
        Self { held: Some((cell, ticket)), waited, sent: false }
    }

    /// How long the call waited for it.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }

    /// Whether it is a place in this lane.
    pub(super) fn is_in(&self, cell: Option<&Arc<Cell>>) -> bool {
        match (&self.held, cell) {
            (Some((own, _)), Some(cell)) => Arc::ptr_eq(own, cell),
            (own, cell) => own.is_none() && cell.is_none(),
        }
    }

    /// From here on the provider may see the attempt.
    pub(crate) fn sending(&mut self) {
        self.sent = true;
    }

    /// An answer came, at `at`; its headers are learned from. The clock is asked for those that name
    /// a time.
    pub(crate) fn answered(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        at: Instant,
        clock: impl Fn() -> Timestamp,
    ) {
        let Some((cell, ticket)) = self.held.take() else { return };
        let reading = heard::reading(headers, &clock);
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                cell.throttled(ticket, &reading, heard::retry_after(headers, clock()));
            }
            _ => cell.answered(at.into_std(), ticket, &reading),
        }
    }

    /// Nothing of it reached the provider.
    pub(crate) fn unsent(mut self) {
        self.sent = false;
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if let Some((cell, ticket)) = self.held.take() {
            match self.sent {
                true => cell.lost(ticket),
                false => cell.unsent(ticket),
            }
        }
    }
}
