//! Hard limits on money, on the way of a call: what it may cost is set aside before it is sent.
//!
//! A call under no limit passes here with a look at a table. One under limits holds its bound in
//! the account of each: from the process's own share (`Book`, one short mutex), or after asking
//! the store for more. Only the store's word refuses. What is settled goes back at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use domain::bound::{Bound, clamp};
use domain::ledger::{Ask, Book, Declined, Holder, Seat, Settlement};
use domain::ports::{Ledger, StoreResult};
use domain::{Fault, Nanos, PeriodKind, Timestamp, fault::catalogue};
use tokio::sync::{Notify, OwnedMutexGuard, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

mod held;
mod limits;
mod lines;
mod ready;
mod refuse;

pub(crate) use held::Held;
use limits::{LimitSet, Limited};
pub(crate) use lines::{Tally, other_endpoint};
pub(crate) use ready::{Spending, ready};

/// Whose share of the accounts this process's is.
pub const LESSEE: &str = "local";
/// How long a call waits for other calls' holds to come back, and how many may.
const PATIENCE: Duration = Duration::from_secs(1);
const WAITING: usize = 1_024;
/// How long the store may take to say yes or no.
const STORE: Duration = Duration::from_secs(5);
/// A period that ended this long ago (s) has no call left that is still being admitted.
const OVER: i64 = 3_600;
/// A clamp to this many tokens is taken at once; a smaller one only when waiting did not help.
const COMFORTABLE: u64 = 1_024;

/// The budgets of a process.
pub(crate) struct Budgets {
    ledger: Arc<dyn Ledger>,
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
    pub(crate) fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self {
            ledger,
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

    pub(crate) fn organization(&self) -> String {
        self.organization.get().cloned().unwrap_or_default()
    }

    /// Whether any limit stands, as far as is known without asking.
    pub(crate) fn may_apply(&self) -> bool {
        self.stale.load(Ordering::SeqCst) || !self.kept().is_empty()
    }

    fn kept(&self) -> Arc<LimitSet> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn limits(&self) -> Result<Arc<LimitSet>, Fault> {
        if self.stale.load(Ordering::SeqCst) {
            let _turn = self.turn.lock().await;
            // Before the read: a change that comes during it makes it stale again.
            if self.stale.swap(false, Ordering::SeqCst) {
                if let Err(fault) = self.read_limits().await {
                    self.stale.store(true, Ordering::SeqCst);
                    return Err(fault);
                }
            }
        }
        Ok(self.kept())
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

    /// Sets the whole bound aside under every limit, if that can be done at once.
    async fn hold_whole(
        self: &Arc<Self>,
        limited: &[Limited],
        bound: &Bound,
    ) -> Result<Option<Held>, Fault> {
        let seats = self.seats(limited);
        Ok(self.try_hold(limited, &seats, bound.whole()).await?.ok())
    }

    /// Sets the bound aside under every limit, cut to what is left where that is allowed. The
    /// maximum output that goes with it, in tokens. `asked` is what was asked for first, which a
    /// refusal names: it is what one more such call takes of a limit that has room.
    pub(crate) async fn hold(
        self: &Arc<Self>,
        limited: &[Limited],
        bound: &Bound,
        asked: Nanos,
    ) -> Result<(Held, Option<u64>), Fault> {
        let seats = self.seats(limited);
        let mut output = bound.max_output;
        let mut amount = bound.whole();
        let late = Instant::now() + PATIENCE;
        loop {
            let declined = match self.try_hold(limited, &seats, amount).await? {
                Ok(held) => return Ok((held, output)),
                // Granted, and taken by others meanwhile.
                Err(declined) if declined.is_empty() => continue,
                Err(declined) => declined,
            };
            let may_clamp = declined.iter().all(|(at, _)| limited[*at].limit.rules.clamp_output);
            let cut = || {
                let cut = clamp(bound, self.left(&declined, &seats)).filter(|_| may_clamp);
                cut.filter(|tokens| output.is_some_and(|wanted| *tokens < wanted))
            };
            let comfortable = cut().is_some_and(|tokens| tokens >= COMFORTABLE);
            let in_the_way = self.only_holds_stand_in_the_way(&declined, &seats, amount);
            if !comfortable && in_the_way && self.came_back(&declined, &seats, amount, late).await {
                continue;
            }
            let Some(tokens) = cut() else {
                let left = self.left(&declined, &seats);
                return Err(refuse::exceeded(limited, &declined, bound, asked, left, in_the_way));
            };
            (output, amount) = (Some(tokens), bound.total(tokens));
        }
    }

    /// Waits until what other calls held has come back, as far as `amount` needs it. Whether it
    /// has, in time.
    async fn came_back(
        &self,
        declined: &[(usize, Declined)],
        seats: &[Seat],
        amount: Nanos,
        late: Instant,
    ) -> bool {
        let Ok(_place) = self.waiting.try_acquire() else { return false };
        loop {
            let back = self.came_back.notified();
            tokio::pin!(back);
            // Before the look, so that nothing comes back unnoticed between the two.
            back.as_mut().enable();
            if self.left(declined, seats) >= amount {
                return Instant::now() < late;
            }
            if timeout_at(late, back).await.is_err() {
                return false;
            }
        }
    }

    fn seats(&self, limited: &[Limited]) -> Vec<Seat> {
        let mut book = self.book();
        limited
            .iter()
            .map(|one| {
                let seat = book.seat(&one.account);
                // Whoever came before there was a limit is not held: they were let in without.
                book.limit(seat);
                seat
            })
            .collect()
    }

    /// Holds, if need be after asking the store once; the declined accounts by their place.
    async fn try_hold(
        self: &Arc<Self>,
        limited: &[Limited],
        seats: &[Seat],
        amount: Nanos,
    ) -> Result<Result<Held, Vec<(usize, Declined)>>, Fault> {
        let held = || Held::new(self, limited, seats, amount);
        if self.book().hold(seats, amount).is_ok() {
            return Ok(Ok(held()));
        }
        let turn = timeout(STORE, Arc::clone(&self.turn).lock_owned()).await;
        let turn = turn.map_err(|_| unavailable("others wait for the store as well"))?;
        let asks = {
            let mut book = self.book();
            let Err(missing) = book.hold(seats, amount) else { return Ok(Ok(held())) };
            let place = |seat| seats.iter().position(|s| *s == seat);
            let asks = missing.iter().filter_map(|lack| {
                let (at, open) = (place(lack.seat)?, book.held(lack.seat));
                let account = limited[at].account.clone();
                Some((at, lack.seat, Ask { account, least: lack.amount, open }))
            });
            asks.collect::<Vec<_>>()
        };
        // In a task of its own: what the store has granted must not be lost with a client.
        let asking = tokio::spawn(Arc::clone(self).ask(asks, turn));
        let declined = match timeout(STORE, asking).await {
            Ok(Ok(declined)) => declined?,
            _ => return Err(unavailable("the store does not answer")),
        };
        if declined.is_empty() && self.book().hold(seats, amount).is_ok() {
            return Ok(Ok(held()));
        }
        Ok(Err(declined))
    }

    /// Takes what the store grants into the book; gives what it declined.
    async fn ask(
        self: Arc<Self>,
        asks: Vec<(usize, Seat, Ask)>,
        _turn: OwnedMutexGuard<()>,
    ) -> Result<Vec<(usize, Declined)>, Fault> {
        let wishes = asks.iter().map(|(.., ask)| ask.clone()).collect();
        let answers = self.ledger.grant(Holder(LESSEE.into()), wishes).await;
        let answers = answers.map_err(|error| unavailable(&error.to_string()))?;
        let mut declined = Vec::new();
        let mut book = self.book();
        for ((at, seat, _), answer) in asks.into_iter().zip(answers) {
            match answer {
                Ok(granted) => book.granted(seat, granted),
                Err(no) => declined.push((at, no)),
            }
        }
        Ok(declined)
    }

    /// What could be held under all declined accounts: theirs, and what is free here.
    fn left(&self, declined: &[(usize, Declined)], seats: &[Seat]) -> Nanos {
        let book = self.book();
        let of_one = |(at, no): &(usize, Declined)| {
            let store = no.limit.0.saturating_sub(no.posted.0).saturating_sub(no.leased.0);
            store.saturating_add(book.free(seats[*at]).0)
        };
        Nanos(declined.iter().map(of_one).min().unwrap_or(0).max(0))
    }

    fn only_holds_stand_in_the_way(
        &self,
        declined: &[(usize, Declined)],
        seats: &[Seat],
        amount: Nanos,
    ) -> bool {
        let book = self.book();
        declined.iter().all(|(at, no)| {
            let store = no.limit.0.saturating_sub(no.posted.0).saturating_sub(no.leased.0);
            let here = book.free(seats[*at]).0.saturating_add(book.held(seats[*at]).0);
            store.saturating_add(here) >= amount.0
        })
    }

    /// Ends a hold with what the attempt cost; a void is a cost of 0.
    fn settle(&self, seats: &[Seat], hold: Nanos, cost: Nanos) -> Settlement {
        let settlement = self.book().settle(seats, hold, cost);
        self.came_back.notify_waiters();
        settlement
    }

    /// A hold and its share are a job's from now on.
    fn moved_away(&self, seats: &[Seat], amount: Nanos) {
        self.book().moved_away(seats, amount);
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

/// The latest end of the periods that refuse, for whoever wants to come again.
fn period_end(limited: &[Limited], declined: &[(usize, Declined)]) -> Option<i64> {
    let ends = declined.iter().map(|(at, _)| match limited[*at].account.period.kind {
        PeriodKind::Total => None,
        PeriodKind::Day | PeriodKind::Month => limited[*at].account.period.end,
    });
    ends.collect::<Option<Vec<_>>>()?.into_iter().max()
}
