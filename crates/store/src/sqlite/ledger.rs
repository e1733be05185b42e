//! The store's side of the ledger: `domain` decides, this loads and saves.
//!
//! Everything runs on the writer's thread, inside its transaction, so that no two grants ever see
//! the same remainder.

use domain::ledger::{AccountId, Ask, Batch, Declined, Holder, Row};
use domain::ports::{Ledger, StoreError, StoreResult};
use domain::{Nanos, ScopeId, ScopeKind, StandingLimit, Timestamp};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::Store;
use super::failure::{Failure, gone};
use super::query::{all, one, text};
use crate::columns::unreadable;
use crate::sql;

mod balances;
pub(super) mod corrections;
mod entries;
pub(super) mod periods;
mod report;
mod sums;
mod verify;

pub(super) use verify::Sums;

impl Ledger for Store {
    fn grant(
        &self,
        holder: Holder,
        asks: Vec<Ask>,
    ) -> StoreResult<'_, Vec<Result<Nanos, Declined>>> {
        Box::pin(self.answered(move |db| asks.iter().map(|ask| grant(db, &holder, ask)).collect()))
    }

    fn limits(&self, at: Timestamp) -> StoreResult<'_, Vec<StandingLimit>> {
        Box::pin(async move {
            match self.lookups.ask(move |db| periods::known(db, at)).await? {
                Some(known) => Ok(known),
                None => self.answered(move |db| periods::opened(db, at)).await,
            }
        })
    }

    fn adopt(&self, holder: Holder, open: Vec<(AccountId, Nanos)>) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            for (id, amount) in &open {
                let mut row = load(db, id)?;
                row.adopt(*amount);
                save(db, id, &row)?;
                lend(db, &holder, id, amount.0)?;
            }
            Ok(())
        })
    }

    fn give_back(&self, holder: Holder, shares: Vec<(AccountId, Nanos)>) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            for (id, amount) in &shares {
                let share = Nanos(amount.0.min(lease(db, &holder, id)?));
                let mut row = load(db, id)?;
                row.give_back(share);
                save(db, id, &row)?;
                lend(db, &holder, id, -share.0)?;
            }
            Ok(())
        })
    }

    fn post(&self, batch: Batch) -> StoreResult<'_, ()> {
        self.writer.write(move |db| post(db, &batch).map(|_| ()))
    }

    fn last_batch(&self, holder: Holder) -> StoreResult<'_, u64> {
        self.reports.ask(move |db| Ok(last_batch(db, &holder)?.cast_unsigned()))
    }

    fn close(&self, holder: Holder) -> StoreResult<'_, ()> {
        self.writer.write(move |db| close(db, &holder))
    }

    fn forfeit(&self, holder: Holder, at: Timestamp) -> StoreResult<'_, u64> {
        Box::pin(self.answered(move |db| {
            let shares = leases(db, &holder)?;
            for (id, share) in &shares {
                let mut row = load(db, id)?;
                row.forfeit(*share);
                save(db, id, &row)?;
                entries::forfeit(db, id, *share, at)?;
            }
            db.execute(sql::DROP_LEASES, params![holder.0])?;
            Ok(shares.len() as u64)
        }))
    }

    fn accounts(&self, scope: ScopeId) -> StoreResult<'_, Vec<(AccountId, Row)>> {
        self.reports.ask(move |db| {
            all(db, sql::ACCOUNTS_OF, params![scope.kind.as_str(), scope.id], |row| {
                let period = periods::period(text(row, 0)?, row.get(1)?, row.get(2)?)?;
                let limit: Option<i64> = row.get(6)?;
                let account = Row {
                    limit: limit.map(Nanos),
                    posted: Nanos(row.get(3)?),
                    leased: Nanos(row.get(4)?),
                    overage: Nanos(row.get(5)?),
                };
                Ok((AccountId { scope: scope.clone(), period }, account))
            })
        })
    }
}

impl Store {
    /// Runs a write whose result is wanted, once it is durable.
    async fn answered<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let work = move |db: &Connection| {
            let _ = reply.send(work(db)?);
            Ok(())
        };
        self.writer.write(work).await?;
        answer.await.map_err(|_| gone())
    }
}

fn grant(db: &Connection, holder: &Holder, ask: &Ask) -> Result<Result<Nanos, Declined>, Failure> {
    let mut row = load(db, &ask.account)?;
    let granted = match row.grant(ask.least, row.wish(ask.least, ask.open)) {
        Ok(granted) => granted,
        Err(declined) => return Ok(Err(declined)),
    };
    save(db, &ask.account, &row)?;
    lend(db, holder, &ask.account, granted.0)?;
    Ok(Ok(granted))
}

/// Takes all of a holder's shares back, within the writer's transaction.
pub(crate) fn close(db: &Connection, holder: &Holder) -> Result<(), Failure> {
    for (id, share) in leases(db, holder)? {
        let mut row = load(db, &id)?;
        row.give_back(share);
        save(db, &id, &row)?;
    }
    db.execute(sql::DROP_LEASES, params![holder.0])?;
    Ok(())
}

/// Posts a batch within the writer's transaction. Whether it is new.
pub(crate) fn post(db: &Connection, batch: &Batch) -> Result<bool, Failure> {
    let number = batch.number.cast_signed();
    if number <= last_batch(db, &batch.holder)? {
        return Ok(false);
    }
    for (id, sum) in &sums::of(db, batch)? {
        let mut row = load(db, id)?;
        let share = Nanos(sum.share.0.min(lease(db, &batch.lessee, id)?));
        row.post(sum.cost, share, sum.over);
        save(db, id, &row)?;
        if share.0 > 0 {
            lend(db, &batch.lessee, id, -share.0)?;
        }
    }
    entries::add(db, batch)?;
    db.prepare_cached(sql::PUT_BATCH)?.execute(params![batch.holder.0, number])?;
    Ok(true)
}

fn last_batch(db: &Connection, holder: &Holder) -> Result<i64, Failure> {
    Ok(one(db, sql::LAST_BATCH, params![holder.0], |row| Ok(row.get(0)?))?.unwrap_or(0))
}

fn load(db: &Connection, id: &AccountId) -> Result<Row, Failure> {
    let (kind, period) = (id.scope.kind.as_str(), periods::name(&id.period));
    let of = params![kind, id.scope.id, period, id.period.start];
    let row = one(db, sql::ACCOUNT, of, |row| {
        let [posted, leased, overage] = [row.get(0)?, row.get(1)?, row.get(2)?].map(Nanos);
        Ok(Row { limit: None, posted, leased, overage })
    })?;
    let of = params![kind, id.scope.id, id.period.kind.as_str()];
    let limit = one(db, sql::LIMIT_OF, of, |row| Ok(Nanos(row.get(0)?)))?;
    Ok(Row { limit, ..row.unwrap_or_default() })
}

fn save(db: &Connection, id: &AccountId, row: &Row) -> Result<(), Failure> {
    db.prepare_cached(sql::PUT_ACCOUNT)?.execute(params![
        id.scope.kind.as_str(),
        id.scope.id,
        periods::name(&id.period),
        id.period.start,
        id.period.end,
        row.posted.0,
        row.leased.0,
        row.overage.0,
    ])?;
    Ok(())
}

pub(crate) fn lease(db: &Connection, holder: &Holder, id: &AccountId) -> Result<i64, Failure> {
    let (kind, period) = (id.scope.kind.as_str(), periods::name(&id.period));
    let of = params![holder.0, kind, id.scope.id, period, id.period.start];
    Ok(one(db, sql::LEASE, of, |row| Ok(row.get(0)?))?.unwrap_or(0))
}

/// Adds to a holder's share; below zero takes from it.
pub(crate) fn lend(
    db: &Connection,
    holder: &Holder,
    id: &AccountId,
    amount: i64,
) -> Result<(), Failure> {
    let new = lease(db, holder, id)?.saturating_add(amount);
    db.prepare_cached(sql::PUT_LEASE)?.execute(params![
        holder.0,
        id.scope.kind.as_str(),
        id.scope.id,
        periods::name(&id.period),
        id.period.start,
        new,
    ])?;
    Ok(())
}

pub(crate) fn leases(db: &Connection, holder: &Holder) -> Result<Vec<(AccountId, Nanos)>, Failure> {
    all(db, sql::LEASES_OF, params![holder.0], |row| {
        let kind = ScopeKind::parse(text(row, 0)?).ok_or_else(|| unreadable("scope"))?;
        let scope = ScopeId { kind, id: row.get(1)? };
        let period = periods::period(text(row, 2)?, row.get(3)?, row.get(4)?)?;
        Ok((AccountId { scope, period }, Nanos(row.get(5)?)))
    })
}
