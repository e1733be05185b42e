//! What a scope has spent in the periods that hold now.

use domain::ledger::{AccountId, Row};
use domain::ports::{Balances, Ledger, StoreResult};
use domain::{Balance, Nanos, ScopeId};

use crate::sqlite::Store;

impl Balances for Store {
    fn balances(&self, scope: ScopeId) -> StoreResult<'_, Vec<Balance>> {
        Box::pin(async move {
            let now = self.clock.now();
            let accounts = self.accounts(scope).await?;
            let current = |(id, _): &(AccountId, Row)| id.period.kind.around(now) == id.period;
            Ok(accounts.into_iter().filter(current).map(|(id, row)| balance(&id, &row)).collect())
        })
    }
}

fn balance(id: &AccountId, row: &Row) -> Balance {
    Balance {
        period: id.period,
        posted: Nanos(row.posted.0 - row.overage.0),
        held: row.leased,
        overage: row.overage,
        refusing: row.remainder() == Nanos(0),
    }
}
