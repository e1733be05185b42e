//! Hard limits on money, on the way of a call: what it may cost is set aside before it is sent.
//!
//! A call under no limit passes here with a look at a table. One under limits holds its bound in
//! the account of each: from the process's own share (`Book`, one short mutex), or after asking
//! the store for more. Only the store's word refuses. What is settled goes back at once.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use domain::ledger::{AccountId, Book, Holder, Payer, Seat, Settlement};
use domain::ports::{Ledger, StoreError};
use domain::{
    ClockWatch, Fault, KeyView, Nanos, OrganizationId, ProjectId, Timestamp, fault::catalogue,
};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::tasks::Tasks;

mod held;
mod hold;
mod lane;
mod limits;
mod lines;
mod nearness;
mod over;
mod ready;
mod refuse;

pub(crate) use held::{Held, More};
use lane::Lanes;
use limits::{LimitSet, Limited};
pub(crate) use lines::{Tally, other_endpoint};
use over::{Known, Over};
pub(crate) use ready::{Spending, ready};
pub(crate) use refuse::is_spent;

/// Whose share of the accounts this process's is.
pub const LESSEE: &str = "local";
/// How long a call waits for the store to say yes or no (P7).
const STORE: Duration = Duration::from_secs(1);
/// How often limits are read for a call that finds itself between two periods: others' reads may
/// have begun before the later one did.
const LAPSES: u32 = 3;
/// A period that ended this long ago (s) has no call left that is still being admitted.
const OVER: i64 = 3_600;

/// The budgets of a process.
pub(crate) struct Budgets {
    ledger: Arc<dyn Ledger>,
    tasks: Tasks,
    organization: OnceLock<OrganizationId>,
    limits: RwLock<Arc<LimitSet>>,
    /// How often limits were changed, and how many of the changes the set has. It is not gone by
    /// while the two differ, so that a read that fails, or whose client leaves, leaves nothing
    /// behind.
    changes: AtomicU64,
    read: AtomicU64,
    reading: tokio::sync::Mutex<()>,
    known: Known,
    book: Mutex<Book>,
    /// How often the store has answered.
    answers: AtomicU64,
    /// When the clock was last believed, and what it said; never before it is watched.
    believed: Mutex<Option<(Timestamp, Instant)>>,
    /// How often it could not.
    failures: AtomicU64,
    lanes: Lanes,
    /// How far limits are spent, for routes that go by it.
    nearness: nearness::Rows,
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
            reading: tokio::sync::Mutex::default(),
            known: Known::default(),
            book: Mutex::default(),
            answers: AtomicU64::new(0),
            believed: Mutex::default(),
            failures: AtomicU64::new(0),
            lanes: Lanes::default(),
            nearness: nearness::Rows::default(),
        }
    }

    /// Names the organization; the first start makes it.
    pub(crate) fn set_organization(&self, id: OrganizationId) {
        let _ = self.organization.set(id);
    }

    pub(crate) fn organization(&self) -> &str {
        self.organization.get().map_or("", OrganizationId::as_str)
    }

    /// Who pays for a call.
    fn payer(&self, key: &KeyView, project: &ProjectId) -> Payer {
        Payer {
            api_key: key.id.shared(),
            user: key.owner.shared(),
            project: project.shared(),
            organization: self.organization.get().map_or_else(|| "".into(), OrganizationId::shared),
        }
    }

    /// Limits were set or removed: they are read again before the next call is admitted.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any limit stands, as far as is known without asking.
    pub(crate) fn may_apply(&self) -> bool {
        !self.is_fresh() || !self.kept().is_empty()
    }

    fn is_fresh(&self) -> bool {
        self.read.load(Ordering::SeqCst) == self.changes()
    }

    fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    fn kept(&self) -> Arc<LimitSet> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every limit that stands.
    async fn limits(self: &Arc<Self>, at: Timestamp) -> Result<Arc<LimitSet>, Fault> {
        if !self.is_fresh() {
            let reading = timeout(STORE, self.read_limits(at)).await;
            reading.map_err(|_| unavailable("the store does not answer"))??;
        }
        Ok(self.kept())
    }

    /// The limits that stand over a key's calls now.
    pub(crate) async fn over(
        self: &Arc<Self>,
        key: &KeyView,
        project: &ProjectId,
        at: Timestamp,
    ) -> Result<Arc<Over>, Fault> {
        let mut set = self.limits(at).await?;
        if let Some(over) = self.known.get(&key.id, &set, at) {
            return Ok(over);
        }
        let payer = self.payer(key, project);
        let mut found = set.over(&payer, at);
        // Where no limit stands, no period begins.
        if !found.as_ref().is_ok_and(Vec::is_empty) && self.doubts(at) {
            return Err(unavailable("the clock has jumped ahead"));
        }
        for _ in 0..LAPSES {
            if found.is_ok() {
                break;
            }
            // A period of a limit's own calendar has ended: the store opens the next, asked once.
            if self.is_fresh() && Arc::ptr_eq(&set, &self.kept()) {
                self.changed();
            }
            set = self.limits(at).await?;
            found = set.over(&payer, at);
        }
        let limited = found.map_err(|_| unavailable("the clock is between two periods"))?;
        let over = Arc::new(Over::new(limited, &mut self.book()));
        self.known.put(&key.id, set, &over);
        Ok(over)
    }

    /// The clock is believed, and says this.
    pub(crate) fn believe_clock(&self, now: Timestamp) {
        *self.believed.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Instant::now()));
    }

    /// Whether an instant is further ahead than time has passed (case 66).
    fn doubts(&self, at: Timestamp) -> bool {
        let believed = *self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.is_some_and(|(then, since)| {
            let passed = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
            ClockWatch::ahead(then, at, passed)
        })
    }

    /// Reads the limits, and returns what this process has free under the old ones: a limit that
    /// was lowered counts from now on (case 51).
    async fn read_limits(self: &Arc<Self>, at: Timestamp) -> Result<(), Fault> {
        let _reading = self.reading.lock().await;
        if self.is_fresh() {
            return Ok(());
        }
        // Noted before the read: a change that comes during it makes the set old again.
        let changes = self.changes();
        let all = self.ledger.limits(at).await.map_err(|error| unavailable(&error.to_string()))?;
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(LimitSet::of(all));
        let free = self.book().withdraw_all();
        let returned = Arc::clone(self).give_back_all(free);
        self.followed(returned).await?.map_err(|error| unavailable(&error.to_string()))?;
        // A no under the old limits is none under the new ones.
        self.lanes.forget_declined();
        self.read.store(changes, Ordering::SeqCst);
        Ok(())
    }

    /// Ends a hold with what the attempt cost; a void is a cost of 0.
    fn settle(&self, seats: &[Seat], hold: Nanos, cost: Nanos) -> Settlement {
        let settlement = self.book().settle(seats, hold, cost);
        self.lanes.came_back(seats);
        settlement
    }

    /// A hold and its share are a job's from now on.
    fn moved_away(&self, seats: &[Seat], amount: Nanos) {
        self.book().moved_away(seats, amount);
    }

    /// The store has posted settlements.
    pub(crate) fn imported(&self, seats: &[Seat], settlement: &Settlement) {
        self.book().imported(seats, settlement);
        if settlement.over > Nanos(0) {
            // The account may stand past its limit now: what is free here must not be spent.
            self.changed();
        }
    }

    /// Returns what lies idle, so that balances show what is really held, and forgets accounts of
    /// periods that are long over.
    pub(crate) async fn give_back(self: &Arc<Self>, now: Timestamp) {
        let idle = {
            let mut book = self.book();
            book.forget_ended(now.seconds() - OVER);
            book.withdraw_idle()
        };
        if let Ok(Err(error)) = self.followed(Arc::clone(self).give_back_all(idle)).await {
            tracing::warn!(%error, "idle shares could not be given back");
        }
    }

    /// Returns shares that were taken out of the book; what the store does not take back goes
    /// into it again.
    async fn give_back_all(
        self: Arc<Self>,
        shares: Vec<(AccountId, Nanos)>,
    ) -> Result<(), StoreError> {
        if shares.is_empty() {
            return Ok(());
        }
        let returned = self.ledger.give_back(Holder(LESSEE.into()), shares.clone()).await;
        if returned.is_err() {
            // The limits may have been read since: what comes back now is of before that.
            self.book().keep(shares);
            self.changed();
        }
        self.lanes.forget_declined();
        returned
    }

    /// Does work that must be followed to its end though nobody may wait for it any more.
    async fn followed<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Fault> {
        let (tell, told) = oneshot::channel();
        self.tasks.spawn(async move { drop(tell.send(work.await)) });
        match timeout(STORE, told).await {
            Ok(Ok(done)) => Ok(done),
            _ => Err(unavailable("the store does not answer")),
        }
    }
}

fn unavailable(why: &str) -> Fault {
    tracing::error!(why, "the ledger cannot be asked");
    Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(1_000)
}
