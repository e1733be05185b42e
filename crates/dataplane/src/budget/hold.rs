//! Setting money aside: from the process's own share while that lasts, else after asking the store.

use std::sync::Arc;

use domain::bound::{Bound, clamp};
use domain::ledger::{Ask, Declined, Holder, Seat};
use domain::{Fault, Nanos};
use tokio::sync::{OwnedMutexGuard, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Budgets, Held, LESSEE, Limited, STORE, refuse, unavailable};

/// How long a call waits for other calls' holds to come back.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
/// A clamp to this many tokens is taken at once; a smaller one only when waiting did not help.
const COMFORTABLE: u64 = 1_024;

impl Budgets {
    /// Sets the whole bound aside under every limit, if that can be done at once.
    pub(super) async fn hold_whole(
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
    pub(super) async fn hold(
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
        let low = {
            let mut book = self.book();
            book.hold(seats, amount).is_ok().then(|| book.running_low(seats))
        };
        if let Some(low) = low {
            self.ask_ahead(limited, seats, &low);
            return Ok(Ok(held()));
        }
        let turn = timeout(STORE, Arc::clone(&self.turn).lock_owned()).await;
        let turn = turn.map_err(|_| unavailable("others wait for the store as well"))?;
        let missing = match self.book().hold(seats, amount) {
            Ok(()) => return Ok(Ok(held())),
            Err(missing) => missing,
        };
        let asks = self.asks(limited, seats, missing.iter().map(|lack| (lack.seat, lack.amount)));
        // In a task of its own: what the store has granted must not be lost with a client.
        let (told, answer) = oneshot::channel();
        let asking = Arc::clone(self).ask(asks, turn);
        self.tasks.spawn(async move { drop(told.send(asking.await)) });
        let declined = match timeout(STORE, answer).await {
            Ok(Ok(declined)) => declined?,
            _ => return Err(unavailable("the store does not answer")),
        };
        if declined.is_empty() && self.book().hold(seats, amount).is_ok() {
            return Ok(Ok(held()));
        }
        Ok(Err(declined))
    }

    /// Asks for more before a call has to wait for it; what is declined then is no matter.
    fn ask_ahead(self: &Arc<Self>, limited: &[Limited], seats: &[Seat], low: &[Seat]) {
        if low.is_empty() {
            return;
        }
        let asks = self.asks(limited, seats, low.iter().map(|seat| (*seat, Nanos(1))));
        let this = Arc::clone(self);
        self.tasks.spawn(async move {
            let turn = Arc::clone(&this.turn).lock_owned().await;
            let _ = this.ask(asks, turn).await;
        });
    }

    /// Wishes for what these seats lack, each with its place among the limits.
    fn asks(
        &self,
        limited: &[Limited],
        seats: &[Seat],
        lacks: impl Iterator<Item = (Seat, Nanos)>,
    ) -> Vec<(usize, Seat, Ask)> {
        let book = self.book();
        let wish = |(seat, least): (Seat, Nanos)| {
            let at = seats.iter().position(|s| *s == seat)?;
            let (account, open) = (limited[at].account.clone(), book.held(seat));
            Some((at, seat, Ask { account, least, open }))
        };
        lacks.filter_map(wish).collect()
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
}
