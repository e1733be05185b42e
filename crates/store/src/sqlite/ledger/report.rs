//! Accounts and entries, page by page.

use std::collections::HashMap;
use std::sync::PoisonError;

use domain::ledger::{
    AccountId, AccountQuery, AccountState, Entry, EntryPage, EntryQuery, Holder, Note, Posted,
    Reason, Row as AccountRow, Verdict,
};
use domain::ports::{LedgerReport, Records, StoreError, StoreResult};
use domain::{Change, Nanos, Paged, PeriodKind, ScopeId, ScopeKind, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::{entries, periods, verify};
use crate::columns::unreadable;
use crate::sql::ledger as sql;
use crate::sqlite::failure::Failure;
use crate::sqlite::query::{all, one, text, time};
use crate::sqlite::{Store, connect, refused, schema, snapshot};

/// How many entries one page looks at: what no index finds is found in bounded time.
const WINDOW: i64 = 250_000;
/// Entries that a start may have to read, beside those of a minute.
const UNKEPT: i64 = 50_000;

impl LedgerReport for Store {
    fn account_page(&self, query: AccountQuery) -> StoreResult<'_, Paged<AccountState>> {
        self.reports.ask(move |db| snapshot(db, |db| accounts(db, &query)))
    }

    fn entries(&self, query: EntryQuery) -> StoreResult<'_, EntryPage> {
        self.reports.ask(move |db| entry_page(db, &query, WINDOW))
    }

    fn verify(&self, whole: bool) -> StoreResult<'_, Verdict> {
        Box::pin(self.verify_and_keep(whole, UNKEPT))
    }
}

impl Store {
    /// Keeps the sums for the next start where `unkept` entries came since they were kept.
    async fn verify_and_keep(&self, whole: bool, unkept: i64) -> Result<Verdict, StoreError> {
        let (sums, now) = (std::sync::Arc::clone(&self.sums), self.clock.now());
        let looking = self.aside(move |directory| {
            let db = connect::read_only(directory, &schema::RECORDS).map_err(refused)?;
            let verdict = verify::verify(&db, &sums, whole)?;
            let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = sums.take_rest(now, verdict.breaches.is_empty(), unkept);
            Ok((verdict, kept))
        });
        let (verdict, kept) = looking.await?;
        if let Some(value) = kept {
            // A start without them reads more; the verdict stands all the same.
            let _ = self.apply(vec![Change::PutMeta { name: verify::KEPT, value }], vec![]).await;
        }
        Ok(verdict)
    }
}

fn accounts(db: &Connection, query: &AccountQuery) -> Result<Paged<AccountState>, Failure> {
    let filter = &query.filter;
    let mut params = Vec::new();
    params.extend(filter.scope.iter().flat_map(|s| [name(s.kind.as_str()), name(&s.id)]));
    let names = |kind: PeriodKind| [name(kind.as_str()), name(&format!("{}_own", kind.as_str()))];
    params.extend(filter.period.into_iter().flat_map(names));
    params.extend(filter.at.iter().flat_map(|at| [at.seconds(), at.seconds()]).map(Value::from));
    params.extend(query.after.iter().flat_map(|id| {
        let (scope, period) = (&id.scope, periods::name(&id.period));
        [name(scope.kind.as_str()), name(&scope.id), name(period), Value::from(id.period.start)]
    }));
    // One row more than asked tells whether there are more.
    params.push(Value::from(i64::from(query.limit) + 1));
    let mut rows = all(db, &sql::accounts(query), params_from_iter(params), account)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let places = rows.iter().enumerate().map(|(at, row)| (row.id.clone(), at)).collect();
    holds(db, &places, &mut rows)?;
    unusual(db, &places, &mut rows)?;
    Ok(Paged { rows, has_more })
}

fn name(text: &str) -> Value {
    Value::from(text.to_owned())
}

fn account(row: &Row<'_>) -> Result<AccountState, Failure> {
    let limit: Option<i64> = row.get(8)?;
    let kept = AccountRow {
        limit: limit.map(Nanos),
        posted: Nanos(row.get(5)?),
        leased: Nanos(row.get(6)?),
        overage: Nanos(row.get(7)?),
    };
    let none = Nanos(0);
    Ok(AccountState {
        id: account_id(row)?,
        row: kept,
        holds: Vec::new(),
        orphans: 0,
        orphaned: none,
        forfeited: none,
        corrected: none,
    })
}

/// Of the first five columns.
fn account_id(row: &Row<'_>) -> Result<AccountId, Failure> {
    let kind = ScopeKind::parse(text(row, 0)?).ok_or_else(|| unreadable("scope"))?;
    let scope = ScopeId { kind, id: row.get(1)? };
    Ok(AccountId { scope, period: periods::period(text(row, 2)?, row.get(3)?, row.get(4)?)? })
}

type Places = HashMap<AccountId, usize>;

fn holds(db: &Connection, places: &Places, rows: &mut [AccountState]) -> Result<(), Failure> {
    let found = all(db, sql::HOLDS, [], |row| {
        Ok((account_id(row)?, (Holder(row.get(5)?), Nanos(row.get(6)?))))
    })?;
    for (id, hold) in found {
        if let Some(row) = places.get(&id).and_then(|at| rows.get_mut(*at)) {
            row.holds.push(hold);
        }
    }
    Ok(())
}

/// Adds up what is out of the ordinary, in one pass for the whole page.
fn unusual(db: &Connection, places: &Places, rows: &mut [AccountState]) -> Result<(), Failure> {
    let found = all(db, sql::UNUSUAL_ENTRIES, [], |row| {
        Ok((reason(row, 0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, posted(row, 3)?))
    })?;
    let own = rows.iter().enumerate().filter(|(_, row)| row.id.period.is_own());
    let own: Vec<usize> = own.map(|(at, _)| at).collect();
    for (reason, attempts, cost, of) in found {
        let mut at: Vec<usize> =
            of.accounts().iter().filter_map(|id| places.get(id).copied()).collect();
        at.extend(own.iter().copied().filter(|at| counts_in(&of, &rows[*at].id)));
        for at in at {
            let row = &mut rows[at];
            let sum = match reason {
                Reason::Settled | Reason::Carried => continue,
                Reason::Orphan => {
                    row.orphans = row.orphans.saturating_add(attempts.cast_unsigned());
                    &mut row.orphaned
                }
                Reason::Forfeit => &mut row.forfeited,
                Reason::Correction => &mut row.corrected,
            };
            sum.0 = sum.0.saturating_add(cost);
        }
    }
    Ok(())
}

/// Whether a call's entry counts in an account of a limit's own calendar.
fn counts_in(of: &Posted, account: &AccountId) -> bool {
    let Posted::Call { scopes, quarter, .. } = of else { return false };
    let mut scopes = ScopeKind::ALL.into_iter().zip(scopes);
    account.period.holds(Timestamp::from_seconds(*quarter))
        && scopes.any(|(kind, id)| (kind, id) == (account.scope.kind, &account.scope.id))
}

fn entry_page(db: &Connection, query: &EntryQuery, window: i64) -> Result<EntryPage, Failure> {
    let last: Option<i64> = one(db, sql::LAST_ENTRY, [], |row| Ok(row.get(0)?))?.flatten();
    let newest = last.unwrap_or(0).saturating_add(1);
    let before = query.before.map_or(newest, |before| before.min(newest));
    let floor = if sql::unusual(query.kind) { 1 } else { before.saturating_sub(window).max(1) };
    let mut params = vec![Value::from(before), Value::from(floor)];
    params.extend(query.scope.as_ref().map(|scope| name(&scope.id)));
    match query.period.filter(|period| period.kind != PeriodKind::Total) {
        Some(period) if period.is_own() => {
            let (start, end) = (period.start, period.end.unwrap_or(i64::MAX));
            let places = [start, end, start, start, end, opened_by(db, query)?];
            params.extend(places.map(Value::from));
        }
        dated => params.extend(dated.map(|period| Value::from(period.start))),
    }
    if let Some(domain::ledger::EntryKind::Reason(reason)) = query.kind {
        params.push(name(reason.as_str()));
    }
    params.push(Value::from(i64::from(query.limit) + 1));
    let mut rows = all(db, &sql::entries(query), params_from_iter(params), entry)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let next = match rows.len() > limit {
        true => rows.get(limit.saturating_sub(1)).map(|row| row.place),
        // Places begin at 1.
        false => Some(floor).filter(|floor| *floor > 1),
    };
    rows.truncate(limit);
    Ok(EntryPage { rows, next })
}

/// The place of the entry that opened the account which is asked for; none where there is none.
fn opened_by(db: &Connection, query: &EntryQuery) -> Result<i64, Failure> {
    let (Some(scope), Some(period)) = (&query.scope, &query.period) else { return Ok(0) };
    let (kind, dated) = (scope.kind.as_str(), period.kind.as_str());
    let of = params![kind, scope.id, dated, period.start, period.end];
    Ok(one(db, sql::OPENED_BY, of, |row| Ok(row.get(0)?))?.flatten().unwrap_or(i64::MAX))
}

/// The entry at a place.
pub(super) fn entry_at(db: &Connection, place: i64) -> Result<Option<Entry>, Failure> {
    one(db, &sql::entry(), params![place], entry)
}

fn entry(row: &Row<'_>) -> Result<Entry, Failure> {
    let why: Option<String> = row.get(16)?;
    let note = match why {
        Some(why) => Some(Note { corrects: row.get(15)?, why, author: row.get(17)? }),
        None => None,
    };
    Ok(Entry {
        place: row.get(0)?,
        at: time(row, 1)?,
        reason: reason(row, 2)?,
        attempts: row.get::<_, i64>(3)?.cast_unsigned(),
        cost: Nanos(row.get(4)?),
        overage: Nanos(row.get(5)?),
        of: posted(row, 6)?,
        request: row.get(14)?,
        correction: note,
        corrected_by: row.get(18)?,
    })
}

fn reason(row: &Row<'_>, column: usize) -> Result<Reason, Failure> {
    Ok(Reason::parse(text(row, column)?).ok_or_else(|| unreadable("reason"))?)
}

/// Of the four scopes and the times that begin at a column.
fn posted(row: &Row<'_>, first: usize) -> Result<Posted, Failure> {
    let (day, month): (i64, i64) = (row.get(first + 4)?, row.get(first + 5)?);
    let scopes = [row.get(first)?, row.get(first + 1)?, row.get(first + 2)?, row.get(first + 3)?];
    if day >= 0 && month >= 0 {
        return Ok(Posted::Call { scopes, day, quarter: row.get(first + 6)? });
    }
    let named = ScopeKind::ALL.into_iter().zip(scopes).find(|(_, id): &(_, String)| !id.is_empty());
    let (kind, id) = named.ok_or_else(|| unreadable("entry"))?;
    let period = entries::alone(day, month, row.get(first + 7)?);
    Ok(Posted::Account(AccountId { scope: ScopeId { kind, id }, period }))
}

#[cfg(test)]
mod tests;
