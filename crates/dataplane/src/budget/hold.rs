//! Setting money aside: from the process's own share while that lasts, else after asking the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::bound::{Bound, clamp};
use domain::ledger::{Ask, Declined, Holder, Missing, Seat};
use domain::{Fault, Nanos};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout, timeout_at};

use super::lane::remainder;
use super::refuse::{self, Wanted};
use super::{Budgets, Held, LESSEE, Over, STORE, unavailable};

/// How long a call waits for other calls' holds to come back.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a call waits for its turn to ask a store that answers.
const QUEUE: Duration = Duration::from_secs(5);
/// A clamp to this many tokens is taken at once; a smaller one only when waiting did not help.
const COMFORTABLE: u64 = 1_024;

/// The limits that said no, by their place among the call's. None where what was granted went to
/// others before it could be held.
type Nos = Vec<(usize, Declined)>;

/// An account of the call that lacks something, by its place.
type Wish = (usize, Seat, Ask);

impl Budgets {
    /// Sets the whole bound aside under every limit, if that can be done at once; else the most
    /// that could be held if all other calls ended now.
    pub(super) async fn hold_whole(
        self: &Arc<Self>,
        limited: &Arc<Over>,
        bound: &Bound,
    ) -> Result<Result<Held, Nanos>, Fault> {
        let seats = &limited.seats;
        let held = self.try_hold(limited, bound.whole()).await?;
        Ok(held.map_err(|nos| self.reach(&nos, seats)))
    }

    /// Sets the bound aside under every limit, cut to what is left where that is allowed. The
    /// maximum output that goes with it, in tokens.
    pub(super) async fn hold(
        self: &Arc<Self>,
        limited: &Arc<Over>,
        wanted: &Wanted<'_>,
    ) -> Result<(Held, Option<u64>), Fault> {
        let (seats, bound) = (&limited.seats, wanted.bound);
        let (mut output, mut amount) = (bound.max_output, bound.whole());
        let late = Instant::now() + PATIENCE;
        let mut waited = false;
        loop {
            let nos = match self.try_hold(limited, amount).await? {
                Ok(held) => return Ok((held, output)),
                Err(nos) if nos.is_empty() && Instant::now() < late => continue,
                Err(nos) => nos,
            };
            let may_clamp = nos.iter().all(|(at, _)| limited[*at].limit.rules.clamp_output);
            let cut = || {
                let cut = clamp(bound, self.left(&nos, seats)).filter(|_| may_clamp);
                cut.filter(|tokens| output.is_some_and(|wanted| *tokens < wanted))
            };
            let comfortable = cut().is_some_and(|tokens| tokens >= COMFORTABLE);
            let in_the_way = self.reach(&nos, seats) >= amount;
            if !comfortable && in_the_way && !waited {
                // The last word is the store's own, not what is remembered of it.
                waited = !self.came_back(&nos, seats, amount, late).await;
                for (at, _) in nos.iter().filter(|_| waited) {
                    self.lanes.of(seats[*at]).forget_declined();
                }
                continue;
            }
            let Some(tokens) = cut() else {
                let left = self.left(&nos, seats);
                return Err(refuse::exceeded(limited, &nos, wanted, left, in_the_way));
            };
            (output, amount) = (Some(tokens), bound.total(tokens));
        }
    }

    /// The first part of a hold that grows, or one more, if it can be had without waiting for others.
    pub(super) async fn extend(self: &Arc<Self>, over: &Arc<Over>, amount: Nanos) -> Option<Held> {
        self.try_hold(over, amount).await.ok()?.ok()
    }

    /// The same, without asking the store.
    pub(super) fn extend_at_hand(
        self: &Arc<Self>,
        over: &Arc<Over>,
        amount: Nanos,
    ) -> Option<Held> {
        self.at_hand(over, amount).ok()?.ok()
    }

    /// Waits until what other calls held has come back, as far as `amount` needs it. Whether it
    /// has, in time.
    async fn came_back(
        &self,
        nos: &[(usize, Declined)],
        seats: &[Seat],
        amount: Nanos,
        late: Instant,
    ) -> bool {
        let Some((first, _)) = nos.first() else { return false };
        let lane = self.lanes.of(seats[*first]);
        let Ok(_place) = lane.waiting.try_acquire() else { return false };
        loop {
            let back = lane.came_back.notified();
            tokio::pin!(back);
            // Before the look, so that nothing comes back unnoticed between the two.
            back.as_mut().enable();
            if self.left(nos, seats) >= amount {
                return Instant::now() < late;
            }
            if timeout_at(late, back).await.is_err() {
                return false;
            }
        }
    }

    /// Holds, if need be after asking the store once.
    async fn try_hold(
        self: &Arc<Self>,
        limited: &Arc<Over>,
        amount: Nanos,
    ) -> Result<Result<Held, Nos>, Fault> {
        let missing = match self.at_hand(limited, amount) {
            Ok(done) => return Ok(done),
            Err(missing) => missing,
        };
        let Some(lack) = missing.first() else { return Ok(Err(Nos::new())) };
        let turn = self.turn(lack.seat).await?;
        let missing = match self.at_hand(limited, amount) {
            Ok(done) => return Ok(done),
            Err(missing) => missing,
        };
        let wishes = self.wishes(limited, missing.iter().map(|m| (m.seat, m.amount)));
        let hold = (Arc::clone(limited), amount);
        // What the store has granted must not be lost with a client.
        self.followed(Arc::clone(self).ask_and_hold(wishes, hold, turn)).await?
    }

    /// The turn to ask the store. While it answers others, one waits on.
    async fn turn(&self, seat: Seat) -> Result<OwnedMutexGuard<()>, Fault> {
        let turn = Arc::clone(&self.lanes.of(seat).turn).lock_owned();
        tokio::pin!(turn);
        let late = Instant::now() + QUEUE;
        let failures = self.failures.load(Ordering::Relaxed);
        loop {
            let answers = self.answers.load(Ordering::Relaxed);
            match timeout(STORE, &mut turn).await {
                // Whoever asked meanwhile has waited for all.
                Ok(_) if failures != self.failures.load(Ordering::Relaxed) => {
                    return Err(unavailable("it has just failed for others"));
                }
                Ok(turn) => return Ok(turn),
                Err(_)
                    if answers != self.answers.load(Ordering::Relaxed) && Instant::now() < late => {
                }
                Err(_) => return Err(unavailable("others wait for the store as well")),
            }
        }
    }

    /// What can be said without the store: held, or known to be declined.
    fn at_hand(
        self: &Arc<Self>,
        limited: &Arc<Over>,
        amount: Nanos,
    ) -> Result<Result<Held, Nos>, Vec<Missing>> {
        let held = {
            let mut book = self.book();
            book.hold(&limited.seats, amount).map(|()| book.running_low(&limited.seats))
        };
        let missing = match held {
            Ok(low) => {
                self.ask_ahead(limited, &low);
                return Ok(Ok(Held::new(self, limited, amount)));
            }
            Err(missing) => missing,
        };
        let known = |lack: &Missing| {
            let at = limited.seats.iter().position(|seat| *seat == lack.seat)?;
            Some((at, self.lanes.known(lack)?))
        };
        let nos: Nos = missing.iter().filter_map(known).collect();
        if nos.is_empty() { Err(missing) } else { Ok(Err(nos)) }
    }

    /// Asks for more before a call has to wait for it; what is declined then is no matter.
    fn ask_ahead(self: &Arc<Self>, limited: &Arc<Over>, low: &[Seat]) {
        let Some(first) = low.first() else { return };
        let wishes = self.wishes(limited, low.iter().map(|seat| (*seat, Nanos(1))));
        let turn = Arc::clone(&self.lanes.of(*first).turn).lock_owned();
        let this = Arc::clone(self);
        self.tasks.spawn(async move {
            let _turn = turn.await;
            let since = this.changes();
            if let Ok(answers) = this.ask(&wishes).await {
                this.take_in(&wishes, answers, since);
            }
        });
    }

    fn wishes(&self, limited: &Arc<Over>, lacks: impl Iterator<Item = (Seat, Nanos)>) -> Vec<Wish> {
        let book = self.book();
        let wish = |(seat, least): (Seat, Nanos)| {
            let at = limited.seats.iter().position(|s| *s == seat)?;
            let (account, open) = (limited[at].account.clone(), book.held(seat));
            Some((at, seat, Ask { account, least, open }))
        };
        lacks.filter_map(wish).collect()
    }

    async fn ask_and_hold(
        self: Arc<Self>,
        wishes: Vec<Wish>,
        (limited, amount): (Arc<Over>, Nanos),
        _turn: OwnedMutexGuard<()>,
    ) -> Result<Result<Held, Nos>, Fault> {
        let since = self.changes();
        let answers = self.ask(&wishes).await?;
        let nos = self.take_in(&wishes, answers, since);
        if nos.is_empty() && self.book().hold(&limited.seats, amount).is_ok() {
            return Ok(Ok(Held::new(&self, &limited, amount)));
        }
        Ok(Err(nos))
    }

    async fn ask(self: &Arc<Self>, wishes: &[Wish]) -> Result<Vec<Result<Nanos, Declined>>, Fault> {
        let recalled = self.book().withdraw_recalled();
        let returned = Arc::clone(self).give_back_all(recalled).await;
        returned.map_err(|error| unavailable(&error.to_string()))?;
        let asks = wishes.iter().map(|(.., ask)| ask.clone()).collect();
        let answers = self.ledger.grant(Holder(LESSEE.into()), asks).await;
        let answers = answers.map_err(|error| {
            self.failures.fetch_add(1, Ordering::Relaxed);
            unavailable(&error.to_string())
        })?;
        self.answers.fetch_add(1, Ordering::Relaxed);
        Ok(answers)
    }

    /// Takes what the store granted into the book; what it declined. A no is only good as long as
    /// no limit has changed since it was asked for.
    fn take_in(&self, wishes: &[Wish], answers: Vec<Result<Nanos, Declined>>, since: u64) -> Nos {
        let mut nos = Nos::new();
        let mut book = self.book();
        let mut granted = false;
        for ((at, seat, _), answer) in wishes.iter().zip(answers) {
            match answer {
                Ok(share) => {
                    book.granted(*seat, share);
                    granted = true;
                }
                Err(no) => {
                    if since == self.changes() {
                        self.lanes.note(*seat, no);
                    }
                    nos.push((*at, no));
                }
            }
        }
        drop(book);
        if granted && since != self.changes() {
            // It may be of the old limits, and come after the new ones were read.
            self.changed();
        }
        nos
    }

    /// What could be held under all that said no: theirs, and what is free here or on its way back.
    fn left(&self, nos: &[(usize, Declined)], seats: &[Seat]) -> Nanos {
        let book = self.book();
        self.least(nos, |at| book.within_reach(seats[at]))
    }

    /// What could be held if all calls in flight ended at no cost.
    fn reach(&self, nos: &[(usize, Declined)], seats: &[Seat]) -> Nanos {
        let book = self.book();
        let here =
            |at: usize| book.within_reach(seats[at]).0.saturating_add(book.held(seats[at]).0);
        self.least(nos, |at| Nanos(here(at)))
    }

    fn least(&self, nos: &[(usize, Declined)], here: impl Fn(usize) -> Nanos) -> Nanos {
        let of_one = |(at, no): &(usize, Declined)| remainder(no).0.saturating_add(here(*at).0);
        Nanos(nos.iter().map(of_one).min().unwrap_or(0).max(0))
    }
}
