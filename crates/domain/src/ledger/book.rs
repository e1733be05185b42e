//! A node's accounts: who may still let a call through without asking the store.

use std::collections::HashMap;

use super::AccountId;
use crate::Nanos;

/// The place of an account in a [`Book`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seat(u32);

impl Seat {
    /// A small number that no other account of the book has.
    #[must_use]
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// A limited account whose share is too small for a call, and by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    pub seat: Seat,
    pub amount: Nanos,
}

/// How a cost divides: the share that the hold had covered, and what it had not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    pub cost: Nanos,
    pub share: Nanos,
    pub over: Nanos,
}

#[derive(Clone, Copy, Debug, Default)]
struct Local {
    limited: bool,
    /// This node's share of the row's `leased`; 0 while the account has no limit.
    granted: i64,
    /// Open holds.
    held: i64,
    /// Settled here and not imported yet: still covered by `granted`.
    settled: i64,
    /// Holds from before a limit was changed: what they free is not for others.
    recalled: i64,
    /// Freed of such holds, to be returned to the store.
    returning: i64,
    /// Something was held since the last look for idle accounts.
    recent: bool,
    /// Below this much that is free, more is asked for ahead of need. 0 while that is under way,
    /// or was declined.
    low: i64,
}

impl Local {
    fn free(&self) -> i64 {
        if !self.limited {
            return i64::MAX;
        }
        let share = self.granted.saturating_sub(self.returning);
        share.saturating_sub(self.held).saturating_sub(self.settled)
    }
}

/// All accounts that a node has seen. One mutex guards it; every method is a few additions.
#[derive(Clone, Debug, Default)]
pub struct Book {
    accounts: Vec<Local>,
    index: HashMap<AccountId, Seat>,
    /// Seats of forgotten accounts.
    vacant: Vec<Seat>,
}

impl Settlement {
    #[must_use]
    pub fn of(hold: Nanos, cost: Nanos) -> Self {
        let share = cost.min(hold);
        Self { cost, share, over: Nanos(cost.0 - share.0) }
    }

    /// Sums up the settlements of one account.
    pub fn add(&mut self, other: &Self) {
        let sum = |a: Nanos, b: Nanos| Nanos(a.0.saturating_add(b.0));
        self.cost = sum(self.cost, other.cost);
        self.share = sum(self.share, other.share);
        self.over = sum(self.over, other.over);
    }
}

impl Book {
    /// The account's place; a new one has no limit until [`Book::limit`] says so.
    pub fn seat(&mut self, id: &AccountId) -> Seat {
        if let Some(seat) = self.index.get(id) {
            return *seat;
        }
        let seat = if let Some(seat) = self.vacant.pop() {
            *self.at_mut(seat) = Local::default();
            seat
        } else {
            self.accounts.push(Local::default());
            // Four thousand million accounts are past any machine's memory.
            Seat(u32::try_from(self.accounts.len() - 1).unwrap_or(u32::MAX))
        };
        self.index.insert(id.clone(), seat);
        seat
    }

    /// Sets `amount` aside in every account, or in none. To extend a hold is to set more aside in
    /// its accounts; what [`Book::settle`] ends is the sum.
    ///
    /// # Errors
    /// The accounts whose share is too small, and what each would need to be granted.
    pub fn hold(&mut self, seats: &[Seat], amount: Nanos) -> Result<(), Vec<Missing>> {
        let short = |seat: &Seat| {
            let lack = amount.0.saturating_sub(self.at(*seat).free());
            (lack > 0).then_some(Missing { seat: *seat, amount: Nanos(lack) })
        };
        if seats.iter().any(|seat| short(seat).is_some()) {
            return Err(seats.iter().filter_map(short).collect());
        }
        for seat in seats {
            let account = self.at_mut(*seat);
            account.held += amount.0;
            account.recent = true;
        }
        Ok(())
    }

    /// Ends a hold with what the attempt cost; a void is a cost of 0.
    pub fn settle(&mut self, seats: &[Seat], hold: Nanos, cost: Nanos) -> Settlement {
        let settlement = Settlement::of(hold, cost);
        for seat in seats {
            let account = self.at_mut(*seat);
            account.held -= hold.0;
            account.settled += settlement.share.0;
            let old = hold.0.min(account.recalled);
            account.recalled -= old;
            account.returning += old.min(hold.0 - settlement.share.0);
        }
        settlement
    }

    /// The store has posted a settlement: its share is no longer this node's.
    pub fn imported(&mut self, seats: &[Seat], settlement: &Settlement) {
        for seat in seats {
            let account = self.at_mut(*seat);
            account.settled -= settlement.share.0;
            if account.limited {
                account.granted -= settlement.share.0;
            }
        }
    }

    /// A hold and the share that covered it are a job's from now on: the store has moved the
    /// lease, and the job's end is no longer this node's affair.
    pub fn moved_away(&mut self, seats: &[Seat], amount: Nanos) {
        for seat in seats {
            let account = self.at_mut(*seat);
            account.held -= amount.0;
            if account.limited {
                account.granted -= amount.0;
            }
        }
    }

    /// The store has granted more.
    pub fn granted(&mut self, seat: Seat, amount: Nanos) {
        let account = self.at_mut(seat);
        account.granted += amount.0;
        account.low = amount.0 / 2;
    }

    /// Those accounts whose share is half used, so that more may be asked for before a call has
    /// to wait for it. Each is told once for a grant.
    pub fn running_low(&mut self, seats: &[Seat]) -> Vec<Seat> {
        let mut low = Vec::new();
        for seat in seats {
            let account = self.at_mut(*seat);
            if account.free() < account.low {
                account.low = 0;
                low.push(*seat);
            }
        }
        low
    }

    /// Takes back up to `most` of what is free, to be returned to the store.
    pub fn withdraw(&mut self, seat: Seat, most: Nanos) -> Nanos {
        let account = self.at_mut(seat);
        if !account.limited {
            return Nanos(0);
        }
        let amount = account.free().clamp(0, most.0.max(0));
        account.granted -= amount;
        Nanos(amount)
    }

    /// Takes back all that is free, to be returned to the store. What open holds free later is
    /// taken back as well: a limit was changed, and counts from now on.
    pub fn withdraw_all(&mut self) -> Vec<(AccountId, Nanos)> {
        self.withdraw_where(|account| {
            account.recalled = account.held;
            true
        })
    }

    /// Takes back what holds from before a change of limits have freed.
    pub fn withdraw_recalled(&mut self) -> Vec<(AccountId, Nanos)> {
        self.withdraw_where(|_| false)
    }

    /// What was taken back could not be returned.
    pub fn keep(&mut self, shares: Vec<(AccountId, Nanos)>) {
        for (id, amount) in shares {
            let seat = self.seat(&id);
            self.limit(seat);
            self.granted(seat, amount);
        }
    }

    /// Takes back all that is free in accounts where nothing is open, and nothing was since the
    /// last look.
    pub fn withdraw_idle(&mut self) -> Vec<(AccountId, Nanos)> {
        let idle = |account: &mut Local| {
            let recent = std::mem::take(&mut account.recent);
            account.held == 0 && account.settled == 0 && !recent
        };
        self.withdraw_where(idle)
    }

    fn withdraw_where(&mut self, matches: impl Fn(&mut Local) -> bool) -> Vec<(AccountId, Nanos)> {
        let mut taken = Vec::new();
        for (id, seat) in &self.index {
            let account = &mut self.accounts[seat.0 as usize];
            if !account.limited {
                continue;
            }
            let free = if matches(account) { account.free().max(0) } else { 0 };
            let amount = free + std::mem::take(&mut account.returning);
            if amount > 0 {
                account.granted -= amount;
                taken.push((id.clone(), Nanos(amount)));
            }
        }
        taken
    }

    /// Forgets accounts of periods that ended before `second` (Unix time) and have nothing open.
    /// Whoever took a seat that long ago has used it by now.
    pub fn forget_ended(&mut self, second: i64) {
        let Self { accounts, index, vacant } = self;
        index.retain(|id, seat| {
            let account = accounts[seat.0 as usize];
            let ended = id.period.end.is_some_and(|end| end < second);
            let empty = account.held == 0 && account.settled == 0 && account.granted == 0;
            if ended && empty {
                vacant.push(*seat);
            }
            !(ended && empty)
        });
    }

    /// A limit was set: what is open here must be leased in the store (see `Row::adopt`) before
    /// anything else is. 0 when the account was limited already.
    pub fn limit(&mut self, seat: Seat) -> Nanos {
        let account = self.at_mut(seat);
        if account.limited {
            return Nanos(0);
        }
        account.limited = true;
        account.granted = account.held + account.settled;
        Nanos(account.granted)
    }

    /// The limit was removed: the whole share goes back to the store.
    pub fn unlimit(&mut self, seat: Seat) -> Nanos {
        let account = self.at_mut(seat);
        (account.limited, account.recalled, account.returning) = (false, 0, 0);
        Nanos(std::mem::take(&mut account.granted))
    }

    #[must_use]
    pub fn is_limited(&self, seat: Seat) -> bool {
        self.at(seat).limited
    }

    /// Open holds of an account.
    #[must_use]
    pub fn held(&self, seat: Seat) -> Nanos {
        Nanos(self.at(seat).held)
    }

    /// What may be held without asking the store.
    #[must_use]
    pub fn free(&self, seat: Seat) -> Nanos {
        Nanos(self.at(seat).free())
    }

    /// What may be held once the store was asked: what is free, and what goes back to it.
    #[must_use]
    pub fn within_reach(&self, seat: Seat) -> Nanos {
        Nanos(self.at(seat).free().saturating_add(self.at(seat).returning))
    }

    /// Whether `0 ≤ held`, `0 ≤ settled` and, where limited, these and what is to be returned are
    /// within `granted`.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.accounts.iter().all(|a| {
            let covered = !a.limited || a.held + a.settled + a.returning <= a.granted;
            a.held >= 0 && a.settled >= 0 && covered
        })
    }

    fn at(&self, seat: Seat) -> &Local {
        &self.accounts[seat.0 as usize]
    }

    fn at_mut(&mut self, seat: Seat) -> &mut Local {
        &mut self.accounts[seat.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PeriodKind, ScopeId, ScopeKind, Timestamp};

    fn account(kind: ScopeKind) -> AccountId {
        let scope = ScopeId { kind, id: "x".into() };
        AccountId { scope, period: PeriodKind::Month.around(Timestamp(0)) }
    }

    #[test]
    fn case_58_a_hold_is_in_every_account_or_in_none() {
        let mut book = Book::default();
        let key = book.seat(&account(ScopeKind::ApiKey));
        let project = book.seat(&account(ScopeKind::Project));
        book.limit(key);
        book.limit(project);
        book.granted(key, Nanos(100));
        book.granted(project, Nanos(10));
        let missing = book.hold(&[key, project], Nanos(30)).unwrap_err();
        assert_eq!(missing, [Missing { seat: project, amount: Nanos(20) }]);
        assert_eq!((book.held(key), book.held(project)), (Nanos(0), Nanos(0)));
        book.granted(project, Nanos(20));
        book.hold(&[key, project], Nanos(30)).unwrap();
        assert_eq!((book.free(key), book.free(project)), (Nanos(70), Nanos(0)));
    }

    #[test]
    fn what_is_settled_stays_covered_until_it_is_imported() {
        let mut book = Book::default();
        let seat = book.seat(&account(ScopeKind::ApiKey));
        book.limit(seat);
        book.granted(seat, Nanos(100));
        book.hold(&[seat], Nanos(80)).unwrap();
        let settlement = book.settle(&[seat], Nanos(80), Nanos(50));
        assert_eq!(book.free(seat), Nanos(50), "the rest of the hold is free, the cost is not");
        book.imported(&[seat], &settlement);
        assert_eq!(book.free(seat), Nanos(50));
        assert_eq!(book.withdraw(seat, Nanos(i64::MAX)), Nanos(50));
        assert!(book.is_sound());
    }

    #[test]
    fn an_extension_is_held_in_every_account_or_in_none_and_ends_with_its_hold() {
        let mut book = Book::default();
        let [key, project] =
            [ScopeKind::ApiKey, ScopeKind::Project].map(|k| book.seat(&account(k)));
        for (seat, share) in [(key, 100), (project, 30)] {
            book.limit(seat);
            book.granted(seat, Nanos(share));
        }
        book.hold(&[key, project], Nanos(20)).unwrap();
        book.hold(&[key, project], Nanos(10)).unwrap();
        assert!(book.hold(&[key, project], Nanos(1)).is_err(), "the project's share is at its end");
        assert_eq!((book.held(key), book.held(project)), (Nanos(30), Nanos(30)));
        let settlement = book.settle(&[key, project], Nanos(30), Nanos(25));
        assert_eq!((settlement.share, settlement.over), (Nanos(25), Nanos(0)));
        assert_eq!((book.free(key), book.free(project)), (Nanos(75), Nanos(5)));
        assert!(book.is_sound());
    }

    #[test]
    fn case_60_a_hold_that_moves_away_takes_its_share_along() {
        let mut book = Book::default();
        let limited = book.seat(&account(ScopeKind::ApiKey));
        let unlimited = book.seat(&account(ScopeKind::Project));
        book.limit(limited);
        book.granted(limited, Nanos(100));
        let seats = [limited, unlimited];
        book.hold(&seats, Nanos(80)).unwrap();
        book.moved_away(&seats, Nanos(80));
        assert_eq!(seats.map(|seat| book.held(seat)), [Nanos(0); 2]);
        assert_eq!(book.free(limited), Nanos(20), "nothing of it can be held again");
        assert_eq!(book.withdraw(limited, Nanos(i64::MAX)), Nanos(20));
        assert!(book.is_sound());
    }

    #[test]
    fn more_is_asked_for_once_a_share_is_half_used() {
        let mut book = Book::default();
        let seat = book.seat(&account(ScopeKind::ApiKey));
        book.limit(seat);
        book.granted(seat, Nanos(100));
        book.hold(&[seat], Nanos(50)).unwrap();
        assert_eq!(book.running_low(&[seat]), []);
        book.hold(&[seat], Nanos(1)).unwrap();
        assert_eq!(book.running_low(&[seat]), [seat]);
        assert_eq!(book.running_low(&[seat]), [], "once for a grant");
        book.granted(seat, Nanos(100));
        book.hold(&[seat], Nanos(100)).unwrap();
        assert_eq!(book.running_low(&[seat]), [seat]);
    }

    #[test]
    fn case_51_what_older_holds_free_goes_back_once_a_limit_was_changed() {
        let mut book = Book::default();
        let id = account(ScopeKind::ApiKey);
        let seat = book.seat(&id);
        book.limit(seat);
        book.granted(seat, Nanos(100));
        book.hold(&[seat], Nanos(60)).unwrap();
        assert_eq!(book.withdraw_all(), [(id.clone(), Nanos(40))]);
        let settlement = book.settle(&[seat], Nanos(60), Nanos(10));
        assert_eq!(book.free(seat), Nanos(0), "the other 50 are the store's");
        assert!(book.hold(&[seat], Nanos(1)).is_err() && book.is_sound());
        assert_eq!(book.withdraw_recalled(), [(id.clone(), Nanos(50))]);
        book.imported(&[seat], &settlement);
        // What is granted from then on is used as ever.
        book.granted(seat, Nanos(30));
        book.hold(&[seat], Nanos(30)).unwrap();
        let _ = book.settle(&[seat], Nanos(30), Nanos(0));
        assert_eq!((book.free(seat), book.withdraw_recalled()), (Nanos(30), vec![]));
        let shares = book.withdraw_all();
        book.keep(shares);
        assert_eq!(book.free(seat), Nanos(30), "it could not be returned");
    }

    #[test]
    fn an_ended_period_is_forgotten_once_nothing_is_open_in_it() {
        let mut book = Book::default();
        let january = account(ScopeKind::ApiKey);
        let seat = book.seat(&january);
        book.limit(seat);
        book.granted(seat, Nanos(10));
        book.hold(&[seat], Nanos(10)).unwrap();
        let end = january.period.end.unwrap();
        book.forget_ended(end + 1);
        let still = book.seat(&january);
        assert_eq!(book.held(still), Nanos(10), "a hold is open");
        let settlement = book.settle(&[seat], Nanos(10), Nanos(10));
        book.imported(&[seat], &settlement);
        book.forget_ended(end);
        let still = book.seat(&january);
        assert!(book.is_limited(still), "it has not ended before its end");
        book.forget_ended(end + 1);
        let other = book.seat(&account(ScopeKind::Project));
        assert_eq!((other, book.is_limited(other)), (seat, false), "the seat is used again");
    }

    #[test]
    fn a_limit_in_mid_flight_adopts_what_is_open() {
        let mut book = Book::default();
        let seat = book.seat(&account(ScopeKind::User));
        book.hold(&[seat], Nanos(80)).unwrap();
        assert_eq!(book.limit(seat), Nanos(80));
        assert_eq!(book.limit(seat), Nanos(0), "once");
        assert!(book.hold(&[seat], Nanos(1)).is_err());
        let settlement = book.settle(&[seat], Nanos(80), Nanos(90));
        assert_eq!((settlement.share, settlement.over), (Nanos(80), Nanos(10)));
        book.imported(&[seat], &settlement);
        assert!(book.is_sound());
    }
}
