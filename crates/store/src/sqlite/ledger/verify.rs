//! The proof that the ledger adds up: Σ entries = posted, Σ leases = leased, for every account.
//!
//! Entries are only ever added, so that a look needs to read those alone that came since the last
//! one; the sums of all before are kept. A whole look forgets them and begins anew. Most entries
//! are read in pieces; only the last few, the accounts and the leases are read in one snapshot,
//! which a long reading would make the WAL grow under. A start goes on from what was kept
//! (`verify/rest.rs`).

mod rest;

use std::collections::HashMap;
use std::sync::PoisonError;

use domain::ledger::{AccountId, Imbalance, Sum, Verdict};
use domain::{Nanos, Period, PeriodKind, ScopeId, ScopeKind, Timestamp};
use rusqlite::{Connection, Row, params};

use super::periods;
use crate::columns::unreadable;
use crate::sql::ledger as sql;
use crate::sqlite::failure::Failure;
use crate::sqlite::query::{all, text};
use crate::sqlite::snapshot;
pub(super) use rest::KEPT;

/// Entries read at a time.
const PIECE: i64 = 50_000;

/// What the entries come to, account by account.
#[derive(Default)]
pub(crate) struct Sums {
    /// The last entry that is in the sums.
    place: i64,
    looks: u64,
    /// Only accounts whose periods end after this second are known.
    since: Option<i64>,
    /// Up to which entry they are kept for the next start.
    kept: Option<i64>,
    names: Names,
    of: HashMap<Account, Tally>,
    /// Those of limits' own calendars: what came before their first entry is in that entry.
    own: HashMap<(ScopeKind, u32), Vec<Account>>,
}

/// Every id once: most accounts share theirs with many.
#[derive(Default)]
struct Names {
    numbers: HashMap<Box<str>, u32>,
    all: Vec<Box<str>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Account {
    kind: ScopeKind,
    period: PeriodKind,
    name: u32,
    start: i64,
    /// Of a limit's own calendar; else it follows from the start.
    until: Option<i64>,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    sum: i64,
    /// The number of the look that last found the account.
    seen: u64,
}

/// Takes the sums up to now and holds every account against them.
pub(super) fn verify(
    db: &Connection,
    sums: &std::sync::Mutex<Sums>,
    whole: bool,
) -> Result<Verdict, Failure> {
    let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
    sums.looks += 1;
    if whole {
        *sums = Sums { looks: sums.looks, kept: sums.kept, ..Sums::default() };
    } else if sums.looks == 1
        && let Some(kept) = Sums::kept(db)?
    {
        *sums = Sums { looks: 1, ..kept };
    }
    while sums.add_piece(db)? == PIECE {}
    let mut breaches = snapshot(db, |db| {
        while sums.add_piece(db)? == PIECE {}
        match sums.since {
            Some(since) => sums.compare_running(db, since),
            None => sums.compare(db),
        }
    })?;
    breaches.sort_unstable();
    Ok(Verdict { number: sums.looks, breaches })
}

impl Sums {
    /// How many entries there were.
    fn add_piece(&mut self, db: &Connection) -> Result<i64, Failure> {
        let mut statement = db.prepare_cached(sql::ENTRIES_SINCE)?;
        let mut rows = statement.query(params![self.place, PIECE])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let place = row.get(0)?;
            self.add(row)?;
            (self.place, count) = (place, count + 1);
        }
        Ok(count)
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let (cost, day, month): (i64, i64, i64) = (row.get(1)?, row.get(6)?, row.get(7)?);
        let (quarter, until): (i64, Option<i64>) = (row.get(8)?, row.get(9)?);
        let of_call = day >= 0 && month >= 0;
        for (column, kind) in (2..).zip(ScopeKind::ALL) {
            let id = text(row, column)?;
            if id.is_empty() && !of_call {
                continue;
            }
            let name = self.names.number(id);
            let account = |period, start| Account { kind, period, name, start, until };
            let mut add = |period, start| {
                let tally = self.of.entry(account(period, start)).or_default();
                tally.sum = tally.sum.saturating_add(cost);
            };
            if day >= 0 {
                add(PeriodKind::Day, day);
            }
            if month >= 0 {
                add(PeriodKind::Month, month);
            }
            if (day >= 0) == (month >= 0) {
                add(PeriodKind::Total, 0);
            }
            if of_call {
                self.add_own((kind, name), quarter, cost);
            } else if until.is_some() {
                let (period, start) =
                    if day >= 0 { (PeriodKind::Day, day) } else { (PeriodKind::Month, month) };
                let own = self.own.entry((kind, name)).or_default();
                let new = account(period, start);
                if !own.iter().rev().any(|known| *known == new) {
                    own.push(new);
                }
            }
        }
        Ok(())
    }

    fn add_own(&mut self, of: (ScopeKind, u32), quarter: i64, cost: i64) {
        let Some(all) = self.own.get(&of) else { return };
        // The latest is mostly the one; no two of a kind overlap.
        let holds = |own: &&Account| own.start <= quarter && Some(quarter) < own.until;
        for kind in [PeriodKind::Day, PeriodKind::Month] {
            let of_kind = all.iter().rev().filter(|own| own.period == kind);
            if let Some(own) = of_kind.into_iter().find(holds) {
                let tally = self.of.entry(*own).or_default();
                tally.sum = tally.sum.saturating_add(cost);
            }
        }
    }

    fn compare(&mut self, db: &Connection) -> Result<Vec<Imbalance>, Failure> {
        let mut leases = self.leases(db)?;
        let mut found = Vec::new();
        let mut statement = db.prepare_cached(sql::ALL_ACCOUNTS)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let account = self.account(row)?;
            let [posted, leased] = [row.get(5)?, row.get(6)?];
            let (seen, leases) = (self.looks, leases.remove(&account).unwrap_or(0));
            let summed = self.of.get_mut(&account).map_or(0, |tally| {
                tally.seen = seen;
                tally.sum
            });
            found.extend(self.breach(account, Sum::Entries, posted, summed));
            found.extend(self.breach(account, Sum::Leases, leased, leases));
        }
        let missing = self.of.iter().filter(|(_, tally)| tally.seen != self.looks);
        found.extend(missing.filter_map(|(a, tally)| self.breach(*a, Sum::Entries, 0, tally.sum)));
        found.extend(leases.iter().filter_map(|(a, sum)| self.breach(*a, Sum::Leases, 0, *sum)));
        Ok(found)
    }

    fn leases(&mut self, db: &Connection) -> Result<HashMap<Account, i64>, Failure> {
        let rows = all(db, sql::ALL_LEASES, [], |row| Ok((self.account(row)?, row.get(5)?)))?;
        Ok(rows.into_iter().collect())
    }

    fn account(&mut self, row: &Row<'_>) -> Result<Account, Failure> {
        let kind = ScopeKind::parse(text(row, 0)?).ok_or_else(|| unreadable("scope"))?;
        let name = self.names.number(text(row, 1)?);
        let period = periods::period(text(row, 2)?, row.get(3)?, row.get(4)?)?;
        let until = period.end.filter(|_| period.is_own());
        Ok(Account { kind, period: period.kind, name, start: period.start, until })
    }

    fn breach(&self, account: Account, sum: Sum, kept: i64, summed: i64) -> Option<Imbalance> {
        (kept != summed).then(|| Imbalance {
            account: AccountId {
                scope: ScopeId { kind: account.kind, id: self.names.name(account.name) },
                period: account.period(),
            },
            sum,
            kept: Nanos(kept),
            summed: Nanos(summed),
        })
    }
}

impl Account {
    fn period(&self) -> Period {
        match self.until {
            Some(_) => Period { kind: self.period, start: self.start, end: self.until },
            None => self.period.around(Timestamp::from_seconds(self.start)),
        }
    }

    fn runs_after(&self, second: i64) -> bool {
        self.period().end.is_none_or(|end| end > second)
    }
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        // Four thousand million names are past any machine's memory.
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.all.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    fn name(&self, number: u32) -> String {
        self.all.get(number as usize).map_or_else(String::new, |name| String::from(&**name))
    }
}
