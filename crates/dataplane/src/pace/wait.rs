//! Waiting in a lane's queue.

use std::sync::{Arc, Mutex, PoisonError};

use domain::pace::{PlaceId, Ticket};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::lanes::Cell;

/// One who waits: woken when something may have changed, and given its place by whoever deals.
#[derive(Default)]
pub(super) struct Waiter {
    given: Mutex<Option<Ticket>>,
    woken: Notify,
}

impl Waiter {
    pub(super) fn give(&self, ticket: Ticket) {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = Some(ticket);
        self.wake();
    }

    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    fn take(&self) -> Option<Ticket> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A turn that would come later than it may.
#[derive(Debug)]
pub(super) struct Late {
    /// Microseconds until it would.
    pub(super) wait_us: u64,
    /// Too many wait already.
    pub(super) full: bool,
}

/// Leaves the queue when its call does, however that ends; a place that was given meanwhile is
/// free again.
struct Queued<'a> {
    cell: &'a Cell,
    place: PlaceId,
    waiter: &'a Waiter,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.cell.give_up(&self.place);
        if let Some(ticket) = self.waiter.take() {
            self.cell.unsent(ticket);
        }
    }
}

/// Waits for the turn, if it has not come at once.
pub(super) async fn turn(
    cell: &Cell,
    asked: Result<Ticket, PlaceId>,
    waiter: &Arc<Waiter>,
    until: Instant,
) -> Result<Ticket, Late> {
    let place = match asked {
        Ok(ticket) => return Ok(ticket),
        Err(place) => place,
    };
    let queued = Queued { cell, place, waiter };
    loop {
        let alarm = cell.deal(waiter);
        if let Some(ticket) = waiter.take() {
            return Ok(ticket);
        }
        let now = Instant::now();
        if now >= until {
            return Err(Late { wait_us: cell.give_up(&queued.place), full: false });
        }
        let alarm = alarm.map_or(until, |alarm| (now + alarm).min(until));
        // Whether woken or not, it looks again.
        let _ = timeout_at(alarm, waiter.woken.notified()).await;
    }
}
