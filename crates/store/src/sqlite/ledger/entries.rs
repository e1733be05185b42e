//! The ledger's lines: every change of what is posted.

use std::collections::BTreeMap;

use domain::ledger::{AccountId, Batch, Payer, Posted, Reason, Settlement};
use domain::{Nanos, Period, PeriodKind, ScopeKind, Timestamp};
use rusqlite::{Connection, params};

use crate::sql;
use crate::sqlite::failure::Failure;

/// The line's period column where it belongs to no day or month.
pub(super) const NONE: i64 = -1;

struct Line<'a> {
    reason: Reason,
    attempts: i64,
    sum: Settlement,
    payer: [&'a str; 4],
    day: i64,
    month: i64,
    quarter: i64,
    until: Option<i64>,
    request: Option<&'a str>,
}

/// Ordinary settlements of one payer and quarter of an hour share a line; the request log has each of them.
/// What is out of the ordinary has a line of its own, with its request.
pub(super) fn add(db: &Connection, batch: &Batch) -> Result<(), Failure> {
    let mut ordinary: BTreeMap<(&Payer, i64), (i64, Settlement)> = BTreeMap::new();
    for posting in &batch.postings {
        let over = posting.over();
        let sum = Settlement { cost: posting.cost, over, ..Settlement::default() };
        let quarter = posting.quarter();
        if posting.reason == Reason::Settled && sum.over.0 == 0 {
            let (attempts, total) = ordinary.entry((&posting.payer, quarter)).or_default();
            *attempts += 1;
            total.add(&sum);
            continue;
        }
        let request = Some(posting.request.as_str());
        let line =
            Line { request, ..Line::of_calls(posting.reason, 1, &posting.payer, quarter, sum) };
        write(db, batch.at, &line)?;
    }
    for ((payer, quarter), (attempts, sum)) in ordinary {
        write(db, batch.at, &Line::of_calls(Reason::Settled, attempts, payer, quarter, sum))?;
    }
    Ok(())
}

/// A forfeited share is of one account alone: only its scope and period stand in the line.
pub(super) fn forfeit(
    db: &Connection,
    id: &AccountId,
    share: Nanos,
    at: Timestamp,
) -> Result<(), Failure> {
    write(db, at, &Line::of_account(Reason::Forfeit, id, Settlement::of(share, share)))
}

/// What was spent in an account's period before it was opened; the line is there even of nothing.
pub(super) fn carry(
    db: &Connection,
    id: &AccountId,
    spent: Nanos,
    at: Timestamp,
) -> Result<i64, Failure> {
    let sum = Settlement { cost: spent, ..Settlement::default() };
    write(db, at, &Line::of_account(Reason::Carried, id, sum))?;
    Ok(db.last_insert_rowid())
}

/// What an operator put right: in all accounts of a call, or in one alone.
pub(super) fn correct(
    db: &Connection,
    of: &Posted,
    (amount, over): (Nanos, Nanos),
    at: Timestamp,
) -> Result<i64, Failure> {
    let sum = Settlement { cost: amount, share: Nanos(0), over };
    let line = match of {
        Posted::Account(id) => Line::of_account(Reason::Correction, id, sum),
        Posted::Call { scopes, day, quarter } => Line {
            reason: Reason::Correction,
            attempts: 0,
            sum,
            payer: scopes.each_ref().map(String::as_str),
            day: *day,
            month: PeriodKind::Month.around(Timestamp::from_seconds(*day)).start,
            quarter: *quarter,
            until: None,
            request: None,
        },
    };
    write(db, at, &line)?;
    Ok(db.last_insert_rowid())
}

impl<'a> Line<'a> {
    /// Names its one account in the column of its kind, and its period in that of its own: no line
    /// of a call leaves one of those two out.
    fn of_account(reason: Reason, id: &'a AccountId, sum: Settlement) -> Self {
        let name = |kind| if id.scope.kind == kind { id.scope.id.as_str() } else { "" };
        let start = |kind| if id.period.kind == kind { id.period.start } else { NONE };
        Self {
            reason,
            attempts: 0,
            sum,
            payer: ScopeKind::ALL.map(name),
            day: start(PeriodKind::Day),
            month: start(PeriodKind::Month),
            quarter: NONE,
            until: id.period.end.filter(|_| id.period.is_own()),
            request: None,
        }
    }

    fn of_calls(
        reason: Reason,
        attempts: i64,
        payer: &'a Payer,
        quarter: i64,
        sum: Settlement,
    ) -> Self {
        let start = |kind: PeriodKind| kind.around(Timestamp::from_seconds(quarter)).start;
        Self {
            reason,
            attempts,
            sum,
            payer: names(payer),
            day: start(PeriodKind::Day),
            month: start(PeriodKind::Month),
            quarter,
            until: None,
            request: None,
        }
    }
}

/// The period of a line of one account alone, by the columns of the line.
pub(super) fn alone(day: i64, month: i64, until: Option<i64>) -> Period {
    let (kind, start) = match (day >= 0, month >= 0) {
        (true, _) => (PeriodKind::Day, day),
        (_, true) => (PeriodKind::Month, month),
        _ => (PeriodKind::Total, 0),
    };
    match until {
        Some(end) => Period { kind, start, end: Some(end) },
        None => kind.around(Timestamp::from_seconds(start)),
    }
}

fn names(payer: &Payer) -> [&str; 4] {
    ScopeKind::ALL.map(|kind| payer.id(kind))
}

fn write(db: &Connection, at: Timestamp, line: &Line<'_>) -> Result<(), Failure> {
    let [key, user, project, organization] = line.payer;
    db.prepare_cached(sql::ADD_ENTRY)?.execute(params![
        at.0,
        line.reason.as_str(),
        line.attempts,
        line.sum.cost.0,
        line.sum.over.0,
        key,
        user,
        project,
        organization,
        line.day,
        line.month,
        line.quarter,
        line.until,
        line.request,
    ])?;
    Ok(())
}
