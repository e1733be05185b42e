//! Hard limits on money, on the way of a call: what it may cost is set aside before it is sent.
//!
//! A call under no limit passes here with a look at a table. One under limits holds its bound in
//! the account of each: from the process's own share (`Book`, one short mutex), or after asking
//! the store for more. Only the store's word refuses. What is settled goes back at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use domain::ledger::{Book, Holder, Seat, Settlement};
use domain::ports::{Ledger, StoreResult};
use domain::{Fault, Nanos, Timestamp, fault::catalogue};
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;

use crate::tasks::Tasks;

mod held;
mod hold;
mod limits;
mod ready;
mod refuse;

pub(crate) use held::Held;
use limits::{LimitSet, Limited};
pub(crate) use ready::{Spending, ready};

/// Whose share of the accounts this process's is.
pub const LESSEE: &str = "local";
/// How many calls may wait for others' holds to come back.
const WAITING: usize = 1_024;
/// How long the store may take to say yes or no.
const STORE: Duration = Duration::from_secs(5);
/// A period that ended this long ago (s) has no call left that is still being admitted.
const OVER: i64 = 3_600;

/// The budgets of a process.
pub(crate) struct Budgets {
    ledger: Arc<dyn Ledger>,
    tasks: Tasks,
    organization: OnceLock<String>,
    limits: RwLock<Arc<LimitSet>>,
    /// How often the limits have changed.
    changes: AtomicU64,
    /// The last change that a finished read has seen.
    read: AtomicU64,
    book: Mutex<Book>,
    /// One asks the store at a time; who waited looks first whether that was enough for them too.
    turn: Arc<tokio::sync::Mutex<()>>,
    came_back: Notify,
    waiting: Semaphore,
}

impl Budgets {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, tasks: Tasks) -> Self {
        Self {
            ledger,
            tasks,
            organization: OnceLock::new(),
            limits: RwLock::default(),
            changes: AtomicU64::new(1),
            read: AtomicU64::new(0),
            book: Mutex::default(),
            turn: Arc::default(),
            came_back: Notify::new(),
            waiting: Semaphore::new(WAITING),
        }
    }

    /// Names the organization; the first start makes it.
    pub(crate) fn set_organization(&self, id: String) {
        let _ = self.organization.set(id);
    }

    /// Limits were set or removed: they are read again before the next call is admitted.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn organization(&self) -> String {
        self.organization.get().cloned().unwrap_or_default()
    }

    /// Whether any limit stands, as far as is known without asking.
    pub(crate) fn may_apply(&self) -> bool {
        self.are_stale() || !self.kept().is_empty()
    }

    fn kept(&self) -> Arc<LimitSet> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn limits(&self) -> Result<Arc<LimitSet>, Fault> {
        // Only after a read is at its end does it count: whoever comes during it waits for it.
        if self.are_stale() {
            let _turn = self.turn.lock().await;
            // A change that comes during the read makes it stale again.
            let changes = self.changes.load(Ordering::SeqCst);
            if self.are_stale() {
                self.read_limits().await?;
                self.read.store(changes, Ordering::SeqCst);
            }
        }
        Ok(self.kept())
    }

    fn are_stale(&self) -> bool {
        self.read.load(Ordering::SeqCst) < self.changes.load(Ordering::SeqCst)
    }

    /// Reads the limits, and returns what this process has free under the old ones: a limit that
    /// was lowered counts from now on (case 51).
    async fn read_limits(&self) -> Result<(), Fault> {
        let all = answer(self.ledger.limits()).await?;
        let free = self.book().withdraw_all();
        if !free.is_empty() {
            answer(self.ledger.give_back(Holder(LESSEE.into()), free)).await?;
        }
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(LimitSet::of(all));
        Ok(())
    }

    /// Ends a hold with what the attempt cost; a void is a cost of 0.
    fn settle(&self, seats: &[Seat], hold: Nanos, cost: Nanos) -> Settlement {
        let settlement = self.book().settle(seats, hold, cost);
        self.came_back.notify_waiters();
        settlement
    }

    /// The store has posted settlements.
    pub(crate) fn imported(&self, seats: &[Seat], settlement: &Settlement) {
        self.book().imported(seats, settlement);
    }

    /// Returns what lies idle, so that balances show what is really held, and forgets accounts of
    /// periods that are long over.
    pub(crate) async fn give_back(&self, now: Timestamp) {
        let _turn = self.turn.lock().await;
        let idle = {
            let mut book = self.book();
            book.forget_ended(now.seconds() - OVER);
            book.withdraw_idle()
        };
        if idle.is_empty() {
            return;
        }
        let returning = self.ledger.give_back(Holder(LESSEE.into()), idle);
        if let Err(error) = returning.await {
            // It stays leased, which is on the safe side, until the next start.
            tracing::warn!(%error, "idle shares could not be given back");
        }
    }
}

/// The store's word, or that it has none.
async fn answer<T>(asked: StoreResult<'_, T>) -> Result<T, Fault> {
    match timeout(STORE, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(unavailable(&error.to_string())),
        Err(_) => Err(unavailable("the store does not answer")),
    }
}

fn unavailable(why: &str) -> Fault {
    tracing::error!(why, "the ledger cannot be asked");
    Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000)
}
