//! What a scope has spent in the periods that hold now.

use domain::ledger::{AccountId, Row};
use domain::ports::{Balances, Ledger, StoreError, StoreResult};
use domain::{Balance, Nanos, Period, ScopeId, Timestamp};
use rusqlite::params;

use super::periods::{self, Begun, Standing};
use crate::sql;
use crate::sqlite::query::all;
use crate::sqlite::{Store, limits};

impl Balances for Store {
    fn balances(&self, scope: ScopeId) -> StoreResult<'_, Vec<Balance>> {
        Box::pin(async move {
            let now = self.clock.now();
            let known = self.acknowledged(scope.clone()).await?;
            let own = self.own_periods(scope.clone(), now).await?;
            let accounts = self.accounts(scope).await?;
            let current = |(id, _): &(AccountId, Row)| match id.period.is_own() {
                true => own.contains(&id.period),
                false => id.period.holds(now),
            };
            let of = |(id, row): (AccountId, Row)| balance(&id, &row, &known);
            let mut found: Vec<_> = accounts.into_iter().filter(current).map(of).collect();
            for period in own {
                if !found.iter().any(|balance| balance.period == period) {
                    found.push(Balance::empty(period));
                }
            }
            Ok(found)
        })
    }
}

/// Kind and beginning of a period, and how much of its overage was taken note of.
type Acknowledged = (String, i64, i64);

impl Store {
    async fn acknowledged(&self, scope: ScopeId) -> Result<Vec<Acknowledged>, StoreError> {
        let asked = self.reports.ask(move |db| {
            all(db, sql::ACKNOWLEDGED_OF, params![scope.kind.as_str(), scope.id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
        });
        asked.await
    }

    /// The periods of limits' own calendars that a scope is in; one that nothing was spent in may
    /// not have been opened.
    async fn own_periods(&self, scope: ScopeId, at: Timestamp) -> Result<Vec<Period>, StoreError> {
        let asked = self.reports.ask(move |db| {
            let begun = Begun::read(db, at)?;
            let limits = limits::spend_limits(db, Some(&scope))?.into_iter();
            let period = |limit| match begun.standing(&limit, at) {
                Standing::Plain => None,
                Standing::Begun(period) | Standing::New(period) => Some(period),
            };
            Ok(limits.filter_map(period).filter(Period::is_own).collect())
        });
        asked.await
    }
}

fn balance(id: &AccountId, row: &Row, known: &[Acknowledged]) -> Balance {
    let here = |(kind, start, _): &&Acknowledged| {
        *kind == periods::name(&id.period) && *start == id.period.start
    };
    Balance {
        period: id.period,
        posted: Nanos(row.posted.0 - row.overage.0),
        held: row.leased,
        overage: row.overage,
        acknowledged: Nanos(known.iter().find(here).map_or(0, |(.., amount)| *amount)),
        refusing: row.remainder() == Nanos(0),
    }
}
