//! Who waits for which account. Accounts share lanes, so that there is a fixed number of them, and
//! an account that is at its end keeps only the few up that share its lane.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Nanos;
use domain::ledger::{Declined, Missing, Seat};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

const LANES: usize = 64;
/// How many calls of a lane may wait for others' holds to come back.
const WAITING: usize = 64;
/// How long the store's no is good for. What this process gives back ends it at once; other
/// nodes, jobs that end and corrections are seen after this.
const GOOD: Duration = Duration::from_millis(250);

pub(super) struct Lanes([Lane; LANES]);

pub(super) struct Lane {
    /// One asks the store at a time; who waited looks first whether that was enough for them too.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    pub(super) came_back: Notify,
    pub(super) waiting: Semaphore,
    declined: Mutex<Option<(Seat, Declined, Instant)>>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Lane {
            turn: Arc::default(),
            came_back: Notify::new(),
            waiting: Semaphore::new(WAITING),
            declined: Mutex::default(),
        }))
    }
}

impl Lanes {
    pub(super) fn of(&self, seat: Seat) -> &Lane {
        &self.0[seat.place() % LANES]
    }

    /// What was held in these accounts may be held again.
    pub(super) fn came_back(&self, seats: &[Seat]) {
        for seat in seats {
            self.of(*seat).came_back.notify_waiters();
        }
    }

    /// The store may say yes again.
    pub(super) fn forget_declined(&self) {
        for lane in &self.0 {
            lane.forget_declined();
        }
    }

    /// The store said no.
    pub(super) fn note(&self, seat: Seat, declined: Declined) {
        self.of(seat).set(Some((seat, declined, Instant::now())));
    }

    /// The store's no to this wish, where it is known without asking.
    pub(super) fn known(&self, lack: &Missing) -> Option<Declined> {
        let noted = *self.of(lack.seat).noted();
        let (_, declined, at) = noted.filter(|(seat, ..)| *seat == lack.seat)?;
        let good = at.elapsed() < GOOD && remainder(&declined) < lack.amount;
        good.then_some(declined)
    }
}

impl Lane {
    /// The store is asked again.
    pub(super) fn forget_declined(&self) {
        self.set(None);
    }

    fn noted(&self) -> std::sync::MutexGuard<'_, Option<(Seat, Declined, Instant)>> {
        self.declined.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, declined: Option<(Seat, Declined, Instant)>) {
        *self.noted() = declined;
    }
}

/// What the store could still have leased when it said no.
pub(super) fn remainder(no: &Declined) -> Nanos {
    Nanos(no.limit.0.saturating_sub(no.posted.0).saturating_sub(no.leased.0))
}
