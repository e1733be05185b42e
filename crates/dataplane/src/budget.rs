//! Hard limits on money, on the way of a call: what it may cost is set aside before it is sent.
//!
//! A call under no limit passes here with a look at a table. One under limits holds its bound in
//! the account of each: from the process's own share (`Book`, one short mutex), or after asking
//! the store for more. Only the store's word refuses. What is settled goes back at once.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use domain::ledger::{AccountId, Book, Holder, Seat, Settlement};
use domain::ports::{Ledger, StoreError};
use domain::{Fault, Nanos, Timestamp, fault::catalogue};
use tokio::sync::{Notify, OwnedMutexGuard, Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

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
/// How long a call waits for the store to say yes or no (P7).
const STORE: Duration = Duration::from_secs(1);
/// A period that ended this long ago (s) has no call left that is still being admitted.
const OVER: i64 = 3_600;

/// The budgets of a process.
pub(crate) struct Budgets {
    ledger: Arc<dyn Ledger>,
    tasks: Tasks,
    organization: OnceLock<String>,
    limits: RwLock<Arc<LimitSet>>,
    /// The limits were changed since they were read.
    stale: AtomicBool,
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
            stale: AtomicBool::new(true),
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
        self.stale.store(true, Ordering::SeqCst);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn organization(&self) -> String {
        self.organization.get().cloned().unwrap_or_default()
    }

    /// Whether any limit stands, as far as is known without asking.
    pub(crate) fn may_apply(&self) -> bool {
        self.stale.load(Ordering::SeqCst) || !self.kept().is_empty()
    }

    fn kept(&self) -> Arc<LimitSet> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn limits(self: &Arc<Self>) -> Result<Arc<LimitSet>, Fault> {
        if self.stale.load(Ordering::SeqCst) {
            let late = Instant::now() + STORE;
            let turn = self.turn(late).await?;
            let this = Arc::clone(self);
            let reading = async move {
                let _turn = turn;
                this.read_limits().await
            };
            self.followed(late, reading).await?;
        }
        Ok(self.kept())
    }

    /// Reads the limits, and returns what this process has free under the old ones: a limit that
    /// was lowered counts from now on (case 51).
    async fn read_limits(&self) -> Result<(), StoreError> {
        // Before the read: a change that comes during it makes it stale again.
        if !self.stale.swap(false, Ordering::SeqCst) {
            return Ok(());
        }
        let read = async {
            let all = self.ledger.limits().await?;
            let free = self.book().withdraw_all();
            self.return_shares(free).await?;
            Ok(all)
        };
        let all = read.await.inspect_err(|_| self.stale.store(true, Ordering::SeqCst))?;
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(LimitSet::of(all));
        Ok(())
    }

    /// Gives the store back what was withdrawn; where it cannot be told, it stays here.
    async fn return_shares(&self, shares: Vec<(AccountId, Nanos)>) -> Result<(), StoreError> {
        if shares.is_empty() {
            return Ok(());
        }
        let returning = self.ledger.give_back(Holder(LESSEE.into()), shares.clone());
        returning.await.inspect_err(|_| self.book().keep(shares))
    }

    /// The turn to ask the store.
    async fn turn(&self, late: Instant) -> Result<OwnedMutexGuard<()>, Fault> {
        let turn = timeout_at(late, Arc::clone(&self.turn).lock_owned()).await;
        turn.map_err(|_| unavailable("others wait for the store as well"))
    }

    /// Waits for a question to the store. It is followed to its end whoever still waits: what the
    /// store has granted or taken back must not be lost with a client.
    async fn followed<T: Send + 'static>(
        &self,
        late: Instant,
        asking: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, Fault> {
        let (told, answer) = oneshot::channel();
        self.tasks.spawn(async move { drop(told.send(asking.await)) });
        match timeout_at(late, answer).await {
            Ok(Ok(answer)) => answer.map_err(|error| unavailable(&error.to_string())),
            _ => Err(unavailable("the store does not answer")),
        }
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
        if let Err(error) = self.return_shares(idle).await {
            tracing::warn!(%error, "idle shares could not be given back");
        }
    }
}

fn unavailable(why: &str) -> Fault {
    tracing::error!(why, "the ledger cannot be asked");
    Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000)
}
