//! Hard limits on money, on the way of a call: what it may cost is set aside before it is sent.
//!
//! A call under no limit passes here with a look at a table. One under limits holds its bound in
//! the account of each: from the process's own share (`Book`, one short mutex), or after asking
//! the store for more. Only the store's word refuses. What is settled goes back at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use domain::bound::{Bound, clamp};
use domain::ledger::{AccountId, Ask, Book, Declined, Holder, Payer, Seat, Settlement};
use domain::ports::Ledger;
use domain::{Fault, Nanos, PeriodKind, ScopeId, SpendLimit, Timestamp, fault::catalogue};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::permit::Permit;

mod held;
mod ready;
mod refuse;

pub(crate) use held::Held;
pub(crate) use ready::{Spending, ready};

/// Whose share of the accounts this process's is.
pub const LESSEE: &str = "local";
/// How long a call waits for other calls' holds to come back, and how many may.
const PATIENCE: Duration = Duration::from_secs(1);
const WAITING: usize = 1_024;
/// How long the store may take to say yes or no.
const STORE: Duration = Duration::from_secs(5);
/// A clamp to this many tokens is taken at once; a smaller one only when waiting did not help.
const COMFORTABLE: u64 = 1_024;

type LimitSet = HashMap<ScopeId, Vec<SpendLimit>>;

/// One limit that a call counts against.
#[derive(Clone, Debug)]
pub(crate) struct Limited {
    pub(crate) account: AccountId,
    pub(crate) limit: SpendLimit,
}

/// The budgets of a process.
pub(crate) struct Budgets {
    ledger: Arc<dyn Ledger>,
    organization: OnceLock<String>,
    limits: RwLock<Arc<LimitSet>>,
    /// The limits were changed since they were read.
    stale: AtomicBool,
    book: Mutex<Book>,
    /// One asks the store at a time; who waited looks first whether that was enough for them too.
    turn: tokio::sync::Mutex<()>,
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
            turn: tokio::sync::Mutex::default(),
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

    /// The limits that a call of this key counts against now; empty for most.
    pub(crate) async fn of(&self, permit: &Permit, at: Timestamp) -> Result<Vec<Limited>, Fault> {
        let limits = self.limits().await?;
        if limits.is_empty() {
            return Ok(Vec::new());
        }
        let payer = Payer {
            api_key: permit.key.id.to_string(),
            user: permit.key.owner.as_str().to_owned(),
            project: permit.project.to_string(),
            organization: self.organization.get().cloned().unwrap_or_default(),
        };
        let limited = |account: AccountId| {
            let of_scope = limits.get(&account.scope)?;
            let limit = of_scope.iter().find(|l| l.period == account.period.kind)?.clone();
            Some(Limited { account, limit })
        };
        Ok(payer.accounts(at).filter_map(limited).collect())
    }

    async fn limits(&self) -> Result<Arc<LimitSet>, Fault> {
        if self.stale.load(Ordering::SeqCst) {
            let _turn = self.turn.lock().await;
            // Before the read: a change that comes during it makes it stale again.
            if self.stale.swap(false, Ordering::SeqCst) {
                match timeout(STORE, self.ledger.limits()).await {
                    Ok(Ok(all)) => self.keep(all),
                    failed => {
                        self.stale.store(true, Ordering::SeqCst);
                        return Err(unavailable(&format!("{failed:?}")));
                    }
                }
            }
        }
        Ok(Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn keep(&self, all: Vec<SpendLimit>) {
        let mut set = LimitSet::new();
        for limit in all {
            set.entry(limit.scope.clone()).or_default().push(limit);
        }
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }

    /// Sets the bound aside under every limit, cut to what is left where that is allowed. The
    /// maximum output that goes with it, in tokens.
    pub(crate) async fn hold(
        self: &Arc<Self>,
        limited: &[Limited],
        bound: &Bound,
    ) -> Result<(Held, Option<u64>), Fault> {
        let seats = self.seats(limited);
        let mut output = bound.max_output;
        let mut amount = bound.whole();
        let late = Instant::now() + PATIENCE;
        loop {
            let back = self.came_back.notified();
            tokio::pin!(back);
            back.as_mut().enable();
            let declined = match self.try_hold(limited, &seats, amount).await? {
                Ok(held) => return Ok((held, output)),
                Err(declined) => declined,
            };
            let left = self.left(&declined, &seats);
            let may_clamp = declined.iter().all(|(at, _)| limited[*at].limit.rules.clamp_output);
            let cut = if may_clamp { clamp(bound, left) } else { None };
            let cut = cut.filter(|tokens| output.is_some_and(|wanted| *tokens < wanted));
            let comfortable = cut.is_some_and(|tokens| tokens >= COMFORTABLE);
            let in_the_way = self.only_holds_stand_in_the_way(&declined, &seats, amount);
            if !comfortable
                && in_the_way
                && let Ok(_place) = self.waiting.try_acquire()
                && timeout_at(late, back).await.is_ok()
            {
                continue;
            }
            let Some(tokens) = cut else {
                return Err(refuse::exceeded(limited, &declined, bound, left, in_the_way));
            };
            (output, amount) = (Some(tokens), bound.total(tokens));
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
        if self.book().hold(seats, amount).is_ok() {
            return Ok(Ok(Held::new(self, seats, amount)));
        }
        let _turn = self.turn.lock().await;
        let asks = {
            let mut book = self.book();
            let Err(missing) = book.hold(seats, amount) else {
                return Ok(Ok(Held::new(self, seats, amount)));
            };
            let place = |seat| seats.iter().position(|s| *s == seat);
            let asks = missing.iter().filter_map(|lack| {
                let at = place(lack.seat)?;
                let (account, open) = (limited[at].account.clone(), book.held(lack.seat));
                Some((at, Ask { account, least: lack.amount, open }))
            });
            asks.collect::<Vec<_>>()
        };
        let (places, asks): (Vec<_>, Vec<_>) = asks.into_iter().unzip();
        let asked = self.ledger.grant(Holder(LESSEE.into()), asks);
        let answers = match timeout(STORE, asked).await {
            Ok(Ok(answers)) => answers,
            failed => return Err(unavailable(&format!("{failed:?}"))),
        };
        let mut declined = Vec::new();
        let mut book = self.book();
        for (at, answer) in places.into_iter().zip(answers) {
            match answer {
                Ok(granted) => book.granted(seats[at], granted),
                Err(no) => declined.push((at, no)),
            }
        }
        if declined.is_empty() && book.hold(seats, amount).is_ok() {
            drop(book);
            return Ok(Ok(Held::new(self, seats, amount)));
        }
        Ok(Err(declined))
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

    /// The store has posted settlements.
    pub(crate) fn imported(&self, seats: &[Seat], settlement: &Settlement) {
        self.book().imported(seats, settlement);
    }

    /// Returns what lies idle, so that balances show what is really held.
    pub(crate) async fn give_back(&self) {
        let _turn = self.turn.lock().await;
        let idle = self.book().withdraw_idle();
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
