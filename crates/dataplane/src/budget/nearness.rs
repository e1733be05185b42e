//! How far the limits over a call are spent, for routes that go by it. What the store says is asked
//! for at most once a second; what this process holds is known.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::ledger::{AccountId, Row, Seat};
use domain::route::spent_percent;
use domain::{Fault, KeyView, Nanos, ProjectId, Timestamp};
use tokio::time::{Instant, timeout};

use super::{Budgets, STORE};

/// How old a row may be.
const FRESH: Duration = Duration::from_secs(1);
/// Accounts that are remembered.
const ACCOUNTS: usize = 10_000;

/// Rows as the store had them.
#[derive(Default)]
pub(super) struct Rows(Mutex<HashMap<AccountId, (Instant, Row)>>);

impl Rows {
    fn get(&self, account: &AccountId) -> Option<Row> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(account).filter(|(read, _)| read.elapsed() < FRESH).map(|(_, row)| *row)
    }

    fn put(&self, account: &AccountId, row: Row) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= ACCOUNTS {
            rows.clear();
        }
        rows.insert(account.clone(), (Instant::now(), row));
    }
}

impl Budgets {
    /// Percent of the limit over a call that is nearest to its end; `None` where no limit stands, or
    /// the store does not say.
    ///
    /// # Errors
    /// The limits cannot be read.
    pub(crate) async fn spent_percent(
        self: &Arc<Self>,
        key: &KeyView,
        project: &ProjectId,
        at: Timestamp,
    ) -> Result<Option<u32>, Fault> {
        if !self.may_apply() {
            return Ok(None);
        }
        let over = self.over(key, project, at).await?;
        let mut nearest = None;
        for (one, seat) in over.iter().zip(&over.seats) {
            if let Some(row) = self.row(&one.account).await {
                nearest = nearest.max(Some(spent_percent(self.used(*seat, row), one.limit.amount)));
            }
        }
        Ok(nearest)
    }

    /// What is posted or held: what is leased to us and free is neither.
    fn used(&self, seat: Seat, row: Row) -> Nanos {
        let book = self.book();
        let free = if book.is_limited(seat) { book.free(seat).0.max(0) } else { 0 };
        Nanos(row.posted.0.saturating_add(row.leased.0).saturating_sub(free).max(row.posted.0))
    }

    async fn row(&self, account: &AccountId) -> Option<Row> {
        if let Some(row) = self.nearness.get(account) {
            return Some(row);
        }
        let asked = timeout(STORE, self.ledger.accounts(account.scope.clone())).await;
        let rows = match asked {
            Ok(Ok(rows)) => rows,
            _ => return None,
        };
        let found = rows.into_iter().find(|(id, _)| id == account).map(|(_, row)| row);
        let row = found.unwrap_or_default();
        self.nearness.put(account, row);
        Some(row)
    }
}
