//! The limits over a key, found once for a period and a set of limits.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ledger::{Book, Covered, Seat};
use domain::{KeyId, Timestamp};

use super::limits::{LimitSet, Limited};

/// Keys that are remembered.
const KNOWN: usize = 10_000;

/// The limits that stand over a call, and their accounts' places in the book.
pub(crate) struct Over {
    limited: Vec<Limited>,
    pub(super) seats: Vec<Seat>,
    pub(super) covered: Covered,
}

/// What is known of keys.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<KeyId, Entry>>);

struct Entry {
    set: Arc<LimitSet>,
    /// Seconds: while all the periods last.
    since: i64,
    until: i64,
    over: Arc<Over>,
}

impl Over {
    pub(super) fn new(limited: Vec<Limited>, book: &mut Book) -> Self {
        let seat = |one: &Limited| {
            let seat = book.seat(&one.account);
            // Whoever came before there was a limit is not held: they were let in without.
            book.limit(seat);
            seat
        };
        let seats = limited.iter().map(seat).collect();
        let covered = limited.iter().fold(Covered::default(), |all, one| all.with(one.place));
        Self { limited, seats, covered }
    }
}

impl Deref for Over {
    type Target = [Limited];

    fn deref(&self) -> &[Limited] {
        &self.limited
    }
}

impl Known {
    /// A seat of a period that lasts is nobody else's, so that it can be remembered.
    pub(super) fn get(&self, key: &KeyId, set: &Arc<LimitSet>, at: Timestamp) -> Option<Arc<Over>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get(key)?;
        let lasts = (entry.since..entry.until).contains(&at.seconds());
        (lasts && Arc::ptr_eq(&entry.set, set)).then(|| Arc::clone(&entry.over))
    }

    pub(super) fn put(&self, key: &KeyId, set: Arc<LimitSet>, over: &Arc<Over>) {
        let periods = || over.iter().map(|one| &one.account.period);
        let since = periods().map(|period| period.start).max().unwrap_or(i64::MIN);
        let until = periods().filter_map(|period| period.end).min().unwrap_or(i64::MAX);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(key.clone(), Entry { set, since, until, over: Arc::clone(over) });
    }
}
