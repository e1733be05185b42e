//! The lanes of one credential, by family of models.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::pace::{Answer, Ask, Draw, Lane, Moment, PlaceId, Reading, Ticket, family};

use super::BOUNDS;
use super::wait::{Late, Waiter};

/// Families that a credential is remembered for. Names are the callers' to choose, so they are
/// bounded; what finds no place is not paced.
const MOST: usize = 256;
/// A lane that nobody has used for so long (µs) may be forgotten: its limits are whole again.
const IDLE: u64 = 600_000_000;

/// Shared by all workers; kept over a reload of the configuration.
#[derive(Default)]
pub(crate) struct Lanes(RwLock<BTreeMap<Box<str>, Arc<Cell>>>);

impl Lanes {
    /// The lane that calls to a model are in.
    pub(super) fn of(&self, model: &str) -> Option<Arc<Cell>> {
        let name = family(model);
        let known = |lanes: &BTreeMap<Box<str>, Arc<Cell>>| lanes.get(name).map(Arc::clone);
        if let Some(cell) = known(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return Some(cell);
        }
        let mut lanes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= MOST && !lanes.contains_key(name) {
            lanes.retain(|_, cell| Arc::strong_count(cell) > 1 || !cell.is_idle());
            if lanes.len() >= MOST {
                return None;
            }
        }
        Some(Arc::clone(lanes.entry(name.into()).or_default()))
    }
}

/// One lane, with its own clock.
pub(crate) struct Cell {
    lane: Mutex<Lane<Arc<Waiter>>>,
    began: Instant,
    /// When it was last written to the log that calls wait (s).
    said: AtomicU64,
}

impl Default for Cell {
    fn default() -> Self {
        let lane = Mutex::new(Lane::new(BOUNDS));
        Self { lane, began: Instant::now(), said: AtomicU64::new(u64::MAX) }
    }
}

impl Cell {
    fn lane(&self) -> MutexGuard<'_, Lane<Arc<Waiter>>> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Moment {
        Moment(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn is_idle(&self) -> bool {
        self.lane().is_idle(self.now(), IDLE)
    }

    pub(super) fn counts_tokens(&self, tokens: u64) -> bool {
        self.lane().counts_tokens(tokens)
    }

    pub(super) fn waiting(&self) -> usize {
        self.lane().waiting()
    }

    pub(super) fn place_now(&self, draw: Draw) -> Option<Ticket> {
        // Moments are read behind the lock, so that the lane sees them in their order.
        let mut lane = self.lane();
        lane.place_now(self.now(), draw)
    }

    /// How long a call would wait.
    pub(super) fn outlook(&self, ask: &Ask<'_>) -> Duration {
        let mut lane = self.lane();
        let now = self.now();
        Duration::from_micros(lane.outlook(now, ask).0.saturating_sub(now.0))
    }

    /// A place at once, or one in the queue.
    pub(super) fn ask(
        &self,
        ask: &Ask<'_>,
        waiter: &Arc<Waiter>,
    ) -> Result<Result<Ticket, PlaceId>, Late> {
        let mut lane = self.lane();
        let now = self.now();
        let late = |at: Moment, full| Late { wait_us: at.0.saturating_sub(now.0), full };
        match lane.ask(now, ask, Arc::clone(waiter)) {
            Answer::Placed(ticket) => Ok(Ok(ticket)),
            Answer::Waits(place, _) => Ok(Err(place)),
            Answer::TooLate(at) => Err(late(at, false)),
            Answer::Full(_, at) => Err(late(at, true)),
        }
    }

    /// Gives places to all whose turn has come. When one who waits at `place` is to look again: the
    /// first in the queue watches the clock, the others are woken.
    pub(super) fn deal(&self, waiter: &Arc<Waiter>) -> Option<Duration> {
        let mut lane = self.lane();
        let now = self.now();
        for (whose, ticket) in lane.due(now) {
            whose.give(ticket);
        }
        match lane.first() {
            Some(first) if Arc::ptr_eq(first, waiter) => {}
            // Someone else is the first now, or was before and has its alarm.
            Some(first) => {
                first.wake();
                return None;
            }
            None => return None,
        }
        let at = lane.next_at(now)?;
        Some(Duration::from_micros(at.0.saturating_sub(now.0).max(1)))
    }

    /// When the next place comes for whoever gives up.
    pub(super) fn give_up(&self, place: &PlaceId) -> u64 {
        let mut lane = self.lane();
        let now = self.now();
        let at = lane.next_at(now).map_or(0, |at| at.0.saturating_sub(now.0));
        lane.leave(place);
        wake_first(&lane);
        at
    }

    /// An answer came, at `at`.
    pub(super) fn answered(&self, at: Instant, ticket: Ticket, reading: &Reading) {
        let since = at.saturating_duration_since(self.began);
        let now = Moment(u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
        let mut lane = self.lane();
        lane.answered(now, ticket, reading);
        wake_first(&lane);
    }

    pub(super) fn throttled(&self, ticket: Ticket, reading: &Reading, wait: Option<u64>) {
        let mut lane = self.lane();
        lane.throttled(self.now(), ticket, reading, wait);
        wake_first(&lane);
    }

    pub(super) fn unsent(&self, ticket: Ticket) {
        let mut lane = self.lane();
        lane.unsent(self.now(), ticket);
        wake_first(&lane);
    }

    pub(super) fn lost(&self, ticket: Ticket) {
        let mut lane = self.lane();
        lane.lost(ticket);
        wake_first(&lane);
    }

    /// Whether it is time to say in the log that calls wait: every ten seconds at most.
    pub(super) fn may_say(&self) -> bool {
        let now = self.began.elapsed().as_secs();
        let last = self.said.load(Ordering::Relaxed);
        let may = last == u64::MAX || now >= last.saturating_add(10);
        if may {
            self.said.store(now, Ordering::Relaxed);
        }
        may
    }
}

/// Room may have come: the first in the queue looks.
fn wake_first(lane: &Lane<Arc<Waiter>>) {
    if let Some(first) = lane.first() {
        first.wake();
    }
}
