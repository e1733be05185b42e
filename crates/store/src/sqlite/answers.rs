//! KeptAnswers to calls with an idempotency key, and how they are kept within their bounds.

use domain::ports::{KeptAnswers, StoreResult};
use domain::{AnswerBounds, Fingerprint, IdempotencyKey, KeptAnswer, Timestamp};
use rusqlite::{Connection, Params, Row, params};

use super::Store;
use super::apply::run;
use super::failure::Failure;
use super::query::{all, id, one, time};
use crate::columns::unreadable;
use crate::sql::answers as sql;

/// Under which name all projects' totals stand.
const EVERYBODY: &str = "";

impl KeptAnswers for Store {
    fn answer(&self, key: IdempotencyKey, now: Timestamp) -> StoreResult<'_, Option<KeptAnswer>> {
        self.lookups.ask(move |db| {
            let whose = params![key.project.as_str(), key.name.0, now.0];
            let found = one(db, sql::FIND, whose, |row| {
                let call: Vec<u8> = row.get(0)?;
                let call = call.try_into().map_err(|_| unreadable("fingerprint"))?;
                Ok((Fingerprint(call), id(row, 1)?, time(row, 2)?, time(row, 3)?, row.get(4)?))
            })?;
            Ok(found.map(|(call, request, kept_at, ends_at, sealed)| KeptAnswer {
                key,
                call,
                request,
                kept_at,
                ends_at,
                sealed,
            }))
        })
    }

    fn keep_answer(&self, answer: KeptAnswer, bounds: AnswerBounds) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            put(db, &answer)?;
            forget(db, sql::ENDED, params![answer.kept_at.0])?;
            bound(db, answer.key.project.as_str(), &bounds)
        })
    }
}

fn put(db: &Connection, answer: &KeptAnswer) -> Result<(), Failure> {
    let (project, name) = (answer.key.project.as_str(), answer.key.name.0);
    forget(db, sql::SAME, params![project, name])?;
    let bytes = answer.sealed.as_ref().map_or(0, Vec::len) as u64;
    let row = params![
        project,
        name,
        answer.call.0,
        answer.request.as_str(),
        answer.kept_at.0,
        answer.ends_at.0,
        bytes.cast_signed(),
        answer.sealed,
    ];
    run(db, sql::ADD, row)?;
    add(db, project, 1, bytes.cast_signed())
}

/// Adds to a project's totals, and to everybody's.
fn add(db: &Connection, project: &str, answers: i64, bytes: i64) -> Result<(), Failure> {
    for name in [project, EVERYBODY] {
        run(db, sql::ADD_TO_TOTAL, params![name, answers, bytes])?;
    }
    Ok(())
}

type Old = (i64, String, i64);

fn old(row: &Row<'_>) -> Result<Old, Failure> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// Forgets the rows that a query finds; how many.
fn forget(db: &Connection, query: &str, of: impl Params) -> Result<usize, Failure> {
    let found = all(db, query, of, old)?;
    for (seq, project, bytes) in &found {
        run(db, sql::DELETE, params![seq])?;
        add(db, project, -1, -bytes)?;
    }
    Ok(found.len())
}

/// The same, but their keys stay.
fn strip(db: &Connection, query: &str, of: impl Params) -> Result<usize, Failure> {
    let found = all(db, query, of, old)?;
    for (seq, project, bytes) in &found {
        run(db, sql::STRIP, params![seq])?;
        add(db, project, 0, -bytes)?;
    }
    Ok(found.len())
}

fn total(db: &Connection, name: &str) -> Result<(u64, u64), Failure> {
    let total: Option<(i64, i64)> =
        one(db, sql::TOTAL, params![name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (answers, bytes) = total.unwrap_or_default();
    Ok((answers.max(0).cast_unsigned(), bytes.max(0).cast_unsigned()))
}

/// Lets go of the oldest until all is within the bounds.
fn bound(db: &Connection, project: &str, bounds: &AnswerBounds) -> Result<(), Failure> {
    while total(db, project)?.1 > bounds.project_bytes
        && strip(db, sql::OLDEST_WITH_BYTES_OF, params![project])? > 0
    {}
    while total(db, EVERYBODY)?.1 > bounds.bytes && strip(db, sql::OLDEST_WITH_BYTES, [])? > 0 {}
    while total(db, project)?.0 > bounds.project_answers
        && forget(db, sql::OLDEST_OF, params![project])? > 0
    {}
    while total(db, EVERYBODY)?.0 > bounds.answers && forget(db, sql::OLDEST, [])? > 0 {}
    Ok(())
}
