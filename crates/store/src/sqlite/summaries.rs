//! Which blocks of the request log are worth reading.
//!
//! Summaries are short rows beside the blocks, in the order of their places. A block that has none
//! yet is between two that do not touch, or before the first, and is read.

use rusqlite::{Connection, Row, params};

use super::failure::Failure;
use super::query::{all, one, text};
use super::writer::{commit, execute};
use crate::block::holds::{Things, Wanted};
use crate::block::read;
use crate::sql::usage as sql;

/// Blocks whose summaries are made in one transaction: some milliseconds.
const STEP: i64 = 32;

/// Gives the place of each block that begins from `from` on and before `before` and may have what is
/// wanted to `look`, the newest first, until that says that it has enough.
pub(super) fn each(
    db: &Connection,
    (from, before): (i64, i64),
    wanted: &Wanted,
    mut look: impl FnMut(i64) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut statement = db.prepare_cached(sql::SUMMARIES)?;
    let mut rows = statement.query(params![before, from])?;
    // All from here on has been looked at.
    let mut seen = before;
    while let Some(row) = rows.next()? {
        let (place, count): (i64, i64) = (row.get(0)?, row.get(1)?);
        let end = place.saturating_add(count);
        if end < seen && !each_unknown(db, (end, seen), &mut look)? {
            return Ok(());
        }
        seen = place;
        if is_wanted(row, 2, wanted)? && !look(place)? {
            return Ok(());
        }
    }
    each_unknown(db, (from, seen), &mut look).map(drop)
}

/// The same with blocks that have calls since the one with the id `first`.
pub(super) fn each_since(
    db: &Connection,
    first: &str,
    wanted: &Wanted,
    mut look: impl FnMut(i64) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut statement = db.prepare_cached(sql::BLOCKS_SINCE)?;
    let mut rows = statement.query(params![first])?;
    while let Some(row) = rows.next()? {
        if is_wanted(row, 1, wanted)? && !look(row.get(0)?)? {
            break;
        }
    }
    Ok(())
}

fn each_unknown(
    db: &Connection,
    (from, before): (i64, i64),
    look: &mut impl FnMut(i64) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    let mut statement = db.prepare_cached(sql::BLOCKS)?;
    let mut rows = statement.query(params![before, from])?;
    while let Some(row) = rows.next()? {
        if !look(row.get(0)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_wanted(row: &Row<'_>, holds: usize, wanted: &Wanted) -> Result<bool, Failure> {
    let holds = row.get_ref(holds)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    Ok(holds.is_none_or(|holds| wanted.may_be_in(holds)))
}

/// Makes some summaries of blocks that were written without, the newest first. Whether there may be
/// more of them.
pub(super) fn make_some(db: &Connection) -> Result<bool, Failure> {
    let known: Option<i64> = one(db, sql::FIRST_SUMMARY, [], |row| Ok(row.get(0)?))?.flatten();
    let before = params![known.unwrap_or(i64::MAX), STEP];
    let made = all(db, sql::BLOCKS_BEFORE, before, |row| {
        let mut things = Things::default();
        read::kinds(text(row, 2)?)?.iter().for_each(|kind| things.note_kind(kind));
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, things.filter()))
    })?;
    if made.is_empty() {
        return Ok(false);
    }
    execute(db, "BEGIN IMMEDIATE")?;
    for (place, rows, holds) in &made {
        put(db, *place, *rows, holds)?;
    }
    commit(db)?;
    Ok(true)
}

/// Says what a block is, in the transaction that writes it.
pub(super) fn put(db: &Connection, place: i64, rows: i64, holds: &[u8]) -> Result<(), Failure> {
    db.prepare_cached(sql::SUMMARISE)?.execute(params![place, rows, holds])?;
    Ok(())
}
