//! Sums that outlive the process: what entries come to, up to one of them, in accounts whose periods
//! run.
//!
//! A start goes on from there, so that it takes no longer the longer the ledger is. Before anybody is
//! served it holds each of these accounts, all that calls are admitted under, against every entry.
//! Accounts of periods that have ended, and entries that a hand changed, wait for the whole look that
//! follows behind the listener. Nothing is kept while anything does not agree: the next start looks at
//! everything then.

use std::collections::HashSet;

use domain::ledger::{Imbalance, Sum};
use domain::{PeriodKind, ScopeKind, Timestamp};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::super::periods;
use super::{Account, Sums, Tally};
use crate::sql;
use crate::sqlite::failure::Failure;
use crate::sqlite::query::one;

/// The small value that they are kept as.
pub(crate) const KEPT: &str = "ledger_sums";
const FORM: u8 = 1;
/// Seconds. What ended this long ago at most is kept as well: its last calls are posted now.
const LATE: i64 = 86_400;

#[derive(Serialize, Deserialize)]
struct AtRest {
    form: u8,
    /// The last entry that is in the sums.
    place: i64,
    /// Accounts whose periods end after this second are all in it.
    since: i64,
    /// Scope (kind, id), period (kind, start, end where it is a limit's own), sum.
    accounts: Vec<(String, String, String, i64, Option<i64>, i64)>,
}

impl Sums {
    /// Those that were kept; nothing where they are not of this form.
    pub(super) fn kept(db: &Connection) -> Result<Option<Self>, Failure> {
        let read = |row: &rusqlite::Row<'_>| {
            let bytes = row.get_ref(0)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
            Ok(bytes.and_then(|bytes| serde_json::from_slice::<AtRest>(bytes).ok()))
        };
        let kept = one(db, sql::META, params![KEPT], read)?.flatten();
        Ok(kept.filter(|kept| kept.form == FORM).and_then(Self::of_kept))
    }

    fn of_kept(kept: AtRest) -> Option<Self> {
        let AtRest { place, since, accounts, .. } = kept;
        let mut sums = Self { place, since: Some(since), kept: Some(place), ..Self::default() };
        for (kind, name, period, start, until, sum) in accounts {
            let (kind, period) = (ScopeKind::parse(&kind)?, PeriodKind::parse(&period)?);
            let name = sums.names.number(&name);
            let account = Account { kind, period, name, start, until };
            sums.of.insert(account, Tally { sum, seen: 0 });
            if until.is_some() {
                sums.own.entry((kind, name)).or_default().push(account);
            }
        }
        sums.own.values_mut().for_each(|own| own.sort_unstable_by_key(|account| account.start));
        Some(sums)
    }

    /// What is to be kept now, where it is worth it: so many entries were added. Empty where
    /// nothing may be kept any more.
    pub(in super::super) fn take_rest(
        &mut self,
        now: Timestamp,
        agrees: bool,
        more: i64,
    ) -> Option<Vec<u8>> {
        if !agrees {
            return self.kept.take().map(|_| Vec::new());
        }
        if self.place.saturating_sub(self.kept.unwrap_or_default()) < more {
            return None;
        }
        let since = now.seconds().saturating_sub(LATE).max(self.since.unwrap_or(i64::MIN));
        let running = self.of.iter().filter(|(account, _)| account.runs_after(since));
        let accounts = running.map(|(account, tally)| {
            let Account { kind, period, name, start, until } = *account;
            let (kind, period) = (kind.as_str().to_owned(), period.as_str().to_owned());
            (kind, self.names.name(name), period, start, until, tally.sum)
        });
        let at_rest = AtRest { form: FORM, place: self.place, since, accounts: accounts.collect() };
        let bytes = serde_json::to_vec(&at_rest).ok()?;
        self.kept = Some(self.place);
        Some(bytes)
    }

    /// Holds the accounts whose periods end after `since` against their sums.
    pub(super) fn compare_running(
        &mut self,
        db: &Connection,
        since: i64,
    ) -> Result<Vec<Imbalance>, Failure> {
        let leases = self.leases(db)?;
        let running: HashSet<Account> = self.of.keys().chain(leases.keys()).copied().collect();
        let mut found = Vec::new();
        for account in running.into_iter().filter(|account| account.runs_after(since)) {
            let period = account.period();
            let id = self.names.name(account.name);
            let asked = params![account.kind.as_str(), id, periods::name(&period), account.start];
            let kept = one(db, sql::ACCOUNT, asked, |row| Ok((row.get(0)?, row.get(1)?)))?;
            let (posted, leased) = kept.unwrap_or_default();
            let summed = self.of.get(&account).map_or(0, |tally| tally.sum);
            let leases = leases.get(&account).copied().unwrap_or_default();
            found.extend(self.breach(account, Sum::Entries, posted, summed));
            found.extend(self.breach(account, Sum::Leases, leased, leases));
        }
        Ok(found)
    }
}
