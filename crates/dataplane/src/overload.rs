//! The bound on calls in flight. When it is reached the next ones wait for a moment, in a fair and
//! short queue, and what does not get in is refused while that is still quick.
//!
//! A call that finds a free slot takes it with one addition. Only when there is none do the keys
//! matter: each gets its share of the slots that become free, and where the queue is full the key
//! with the most calls in it loses its newest. So whoever floods is shed first, and the others keep
//! their share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::pace::{Bounds, FairQueue, PlaceId};
use domain::{Fault, KeyId, fault::catalogue};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::permit::Permit;
use crate::shared::Dataplane;

/// How long a call waits for a slot whose turn is not near. With what else a refusal takes it stays
/// below 50 ms (P17).
const WAIT: Duration = Duration::from_millis(25);
/// A call whose turn is near waits on: slots often come free many at a time, and a key that brings
/// few calls must not lose them between two such times.
const LONGEST: Duration = Duration::from_millis(250);
/// How many may wait: of one key (at most half as many as there are slots), of all. No body has
/// been read for them yet.
const OF_A_KEY: usize = 64;
const OF_ALL: usize = 256;
/// What a refused client is told to wait (ms): slots come free sooner, but not for all at once.
const COME_BACK: u64 = 1_000;

/// The slots of a process.
pub(crate) struct Gate {
    calls: usize,
    in_use: AtomicUsize,
    /// How many are in the queue; readable without its lock.
    waiting: AtomicUsize,
    queue: Mutex<FairQueue<Arc<Waiter>>>,
}

/// A slot in use. It is free when this is dropped.
pub(crate) struct Slot(Arc<Gate>);

/// What becomes of one who waits.
#[derive(Default)]
enum Fate {
    #[default]
    Open,
    In(Slot),
    /// Its place in the queue was needed for another key's call.
    Shed,
}

#[derive(Default)]
struct Waiter {
    fate: Mutex<Fate>,
    woken: Notify,
}

impl Waiter {
    fn meets(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
        self.woken.notify_one();
    }

    fn take(&self) -> Fate {
        std::mem::take(&mut *self.fate.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Room for a call: a slot that is free, or one that is so soon.
///
/// # Errors
/// `overloaded`.
pub(crate) async fn room(shared: &Dataplane, permit: &Permit) -> Result<Slot, Fault> {
    match shared.gate.try_enter() {
        Some(slot) => Ok(slot),
        None => {
            let weight = shared.settings.weight(&permit.project);
            Box::pin(Arc::clone(&shared.gate).enter(&permit.key.id, weight)).await
        }
    }
}

impl Gate {
    pub(crate) fn new(calls: usize) -> Arc<Self> {
        let per_flow = (calls / 2).clamp(2, OF_A_KEY);
        let queue = Mutex::new(FairQueue::new(Bounds { per_flow, total: OF_ALL }));
        Arc::new(Self { calls, in_use: AtomicUsize::new(0), waiting: AtomicUsize::new(0), queue })
    }

    /// Slots in use, and calls that wait for one.
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.in_use.load(Ordering::Relaxed), self.waiting.load(Ordering::Relaxed))
    }

    /// A slot, if one is free and nobody waits.
    fn try_enter(self: &Arc<Self>) -> Option<Slot> {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            return None;
        }
        self.take()
    }

    /// Waits for a slot, not for long.
    ///
    /// # Errors
    /// `overloaded`.
    async fn enter(self: Arc<Self>, key: &KeyId, weight: u32) -> Result<Slot, Fault> {
        let waiter = Arc::<Waiter>::default();
        let place = self.line_up(&key.shared(), weight, &waiter).ok_or_else(overloaded)?;
        let queued = Queued { gate: &self, place, waiter: &waiter };
        self.deal(&mut self.queue());
        for _ in 0..LONGEST.as_millis() / WAIT.as_millis() {
            let woken = timeout(WAIT, waiter.woken.notified()).await.is_ok();
            match waiter.take() {
                Fate::In(slot) => return Ok(slot),
                Fate::Open if woken || self.is_near(&queued.place) => {}
                Fate::Open | Fate::Shed => break,
            }
        }
        Err(overloaded())
    }

    /// Whether an eighth of the slots, come free, would bring a call in.
    fn is_near(&self, place: &PlaceId) -> bool {
        self.queue().before(place).is_some_and(|before| before < (self.calls / 8).max(1))
    }

    fn line_up(&self, flow: &Arc<str>, weight: u32, waiter: &Arc<Waiter>) -> Option<PlaceId> {
        let mut queue = self.queue();
        if queue.len() >= OF_ALL {
            let own = queue.waiting(flow);
            let (longest, length) = queue.longest()?;
            if length <= own + 1 {
                return None;
            }
            let longest = Arc::clone(longest);
            if let Some(shed) = queue.remove_newest(&longest) {
                self.waiting.fetch_sub(1, Ordering::SeqCst);
                shed.meets(Fate::Shed);
            }
        }
        let place = queue.push(flow, weight, 1, Arc::clone(waiter)).ok()?;
        // Before it looks for a slot: whoever gives one back from now on sees it.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Some(place)
    }

    /// Gives slots that are free to those who wait.
    fn deal(self: &Arc<Self>, queue: &mut FairQueue<Arc<Waiter>>) {
        while !queue.is_empty()
            && let Some(slot) = self.take()
        {
            let Some(next) = queue.pop() else { break };
            self.waiting.fetch_sub(1, Ordering::SeqCst);
            next.meets(Fate::In(slot));
        }
    }

    fn take(self: &Arc<Self>) -> Option<Slot> {
        let one_more = |used: usize| (used < self.calls).then_some(used + 1);
        let taken = self.in_use.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more);
        taken.ok().map(|_| Slot(Arc::clone(self)))
    }

    fn queue(&self) -> MutexGuard<'_, FairQueue<Arc<Waiter>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.in_use.fetch_sub(1, Ordering::SeqCst);
        if self.0.waiting.load(Ordering::SeqCst) > 0 {
            self.0.deal(&mut self.0.queue());
        }
    }
}

/// Leaves the queue with its call; a slot that was given meanwhile is free again.
struct Queued<'a> {
    gate: &'a Arc<Gate>,
    place: PlaceId,
    waiter: &'a Waiter,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if self.gate.queue().remove(&self.place).is_some() {
            self.gate.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        drop(self.waiter.take());
    }
}

fn overloaded() -> Fault {
    Fault::new(&catalogue::OVERLOADED).retry_after_ms(COME_BACK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    type Entering = Pin<Box<dyn Future<Output = Result<Slot, Fault>>>>;

    fn entering(gate: &Arc<Gate>, key: &'static str) -> Entering {
        let gate = Arc::clone(gate);
        Box::pin(async move { gate.enter(&key.into(), 1).await })
    }

    fn poll(entering: &mut Entering) -> Poll<Result<Slot, Fault>> {
        entering.as_mut().poll(&mut Context::from_waker(Waker::noop()))
    }

    /// Runs where no time passes: what is polled here never times out.
    fn paused(test: impl FnOnce()) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        let _inside = runtime.enter();
        test();
    }

    #[test]
    fn p17_a_flood_is_shed_first_and_the_others_keep_their_share() {
        paused(|| {
            let gate = Gate::new(128);
            let held: Vec<Slot> = (0..128).filter_map(|_| gate.try_enter()).collect();
            assert_eq!((held.len(), gate.try_enter().is_none()), (128, true));
            let mut flood: Vec<Entering> = (0..100).map(|_| entering(&gate, "flood")).collect();
            let refused = flood.iter_mut().filter_map(|one| match poll(one) {
                Poll::Ready(Err(fault)) => Some(fault.entry.code),
                _ => None,
            });
            assert_eq!(refused.collect::<Vec<_>>(), ["overloaded"; 36]);
            let mut other: Vec<Entering> = (0..2).map(|_| entering(&gate, "other")).collect();
            assert!(other.iter_mut().all(|one| poll(one).is_pending()));
            assert_eq!(gate.load(), (128, 66));
            drop(held.into_iter().take(4).collect::<Vec<_>>());
            let entered = other.iter_mut().map(poll).filter(Poll::is_ready).count();
            assert_eq!(entered, 2, "of four slots each key got two");
        });
    }

    #[test]
    fn who_leaves_takes_nothing_along() {
        paused(|| {
            let gate = Gate::new(1);
            let held = gate.try_enter();
            let mut waits = entering(&gate, "one");
            assert!(poll(&mut waits).is_pending());
            assert!(gate.try_enter().is_none());
            drop(waits);
            assert_eq!(gate.load(), (1, 0));
            let mut waits = entering(&gate, "one");
            assert!(poll(&mut waits).is_pending());
            drop(held);
            // It was given the slot, and leaves without having seen it.
            assert_eq!(gate.load(), (1, 0));
            drop(waits);
            assert_eq!(gate.load(), (0, 0));
            assert!(gate.try_enter().is_some());
        });
    }

    #[test]
    fn a_full_queue_makes_room_for_a_key_with_fewer() {
        paused(|| {
            let gate = Gate::new(128);
            let held: Vec<Slot> = (0..128).filter_map(|_| gate.try_enter()).collect();
            assert_eq!(held.len(), 128);
            let keys = ["a", "b", "c", "d"];
            let mut all: Vec<Entering> =
                keys.iter().flat_map(|key| (0..64).map(|_| entering(&gate, key))).collect();
            assert!(all.iter_mut().all(|one| poll(one).is_pending()));
            let mut new = entering(&gate, "e");
            assert!(poll(&mut new).is_pending());
            assert_eq!(gate.load().1, 256);
            let shed = all.iter_mut().map(poll).filter(|one| matches!(one, Poll::Ready(Err(_))));
            assert_eq!(shed.count(), 1);
        });
    }
}
