//! What a scope has spent in the periods that hold now.

use domain::ledger::{AccountId, Row};
use domain::ports::{Balances, Ledger, StoreError, StoreResult};
use domain::{Balance, Nanos, ScopeId};
use rusqlite::params;

use crate::sql;
use crate::sqlite::Store;
use crate::sqlite::query::all;

impl Balances for Store {
    fn balances(&self, scope: ScopeId) -> StoreResult<'_, Vec<Balance>> {
        Box::pin(async move {
            let now = self.clock.now();
            let known = self.acknowledged(scope.clone()).await?;
            let accounts = self.accounts(scope).await?;
            let current = |(id, _): &(AccountId, Row)| id.period.kind.around(now) == id.period;
            let of = |(id, row): (AccountId, Row)| balance(&id, &row, &known);
            Ok(accounts.into_iter().filter(current).map(of).collect())
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
}

fn balance(id: &AccountId, row: &Row, known: &[Acknowledged]) -> Balance {
    let here = |(kind, start, _): &&Acknowledged| {
        *kind == id.period.kind.as_str() && *start == id.period.start
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
