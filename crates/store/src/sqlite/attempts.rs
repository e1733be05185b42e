//! Reads of the request log.

use std::cmp::Reverse;

use domain::advice::PromptCall;
use domain::{AttemptFilter, AttemptPage, AttemptQuery, LoggedAttempt, RequestId, Timestamp};
use rusqlite::{Connection, params};

use super::failure::Failure;
use super::query::{all, one, text};
use super::summaries;
use crate::block::MOST_ROWS;
use crate::block::holds::Wanted;
use crate::block::read::{self, Kind};
use crate::sql::usage as sql;

/// How many rows of the log one page looks at: what no index finds is found in bounded time.
const WINDOW: i64 = 250_000;
/// More attempts than any call makes.
const MOST_ATTEMPTS: usize = 1_000;
/// The place of the log's first call.
const FIRST: i64 = 1;
/// How far before a place the block that holds it may begin.
const MOST_PLACES: i64 = MOST_ROWS as i64;

pub(crate) fn page(db: &Connection, query: &AttemptQuery) -> Result<AttemptPage, Failure> {
    page_within(db, query, WINDOW)
}

fn page_within(db: &Connection, query: &AttemptQuery, window: i64) -> Result<AttemptPage, Failure> {
    let end = one(db, sql::END_OF_LOG, [], |row| Ok(row.get(0)?))?.unwrap_or(FIRST);
    let before = query.before.map_or(end, |before| before.min(end));
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    // A call is found by its id wherever it is.
    let floor = match &query.filter.request {
        Some(request) => {
            rows = of_kinds(db, request, |kind| kind.matches(&query.filter))?;
            rows.retain(|row| row.place < before);
            rows.sort_unstable_by_key(|row| Reverse(row.place));
            0
        }
        None => {
            let floor = before.saturating_sub(window);
            look_through(db, (floor, before), &query.filter, limit, &mut rows)?;
            floor
        }
    };
    let next = match rows.len() > limit {
        true => rows.get(limit.saturating_sub(1)).map(|row| row.place),
        false => Some(floor).filter(|floor| *floor > FIRST),
    };
    rows.truncate(limit);
    Ok(AttemptPage { rows, next })
}

/// What matches among the places from `floor` to `before`, the newest first; one row more than is
/// wanted tells whether there are more.
fn look_through(
    db: &Connection,
    (floor, before): (i64, i64),
    filter: &AttemptFilter,
    limit: usize,
    rows: &mut Vec<LoggedAttempt>,
) -> Result<(), Failure> {
    let from = floor.saturating_sub(MOST_PLACES);
    let may_match = |kinds: &str| read::may_match(kinds, filter);
    let matches = |kind: &Kind| kind.matches(filter);
    summaries::each(db, (from, before), &Wanted::of(filter), |first| {
        let Some(block) = Block::open(db, first, may_match, matches)? else { return Ok(true) };
        let calls = read::calls(&block.calls)?;
        let end = first.saturating_add(i64::try_from(calls.len()).unwrap_or(i64::MAX));
        for (place, call) in (first..end).rev().zip(calls.iter().rev()) {
            let kind = call.kind(&block.kinds)?;
            if place < before && place >= floor && matches(kind) {
                rows.push(call.attempt(kind, (place, block.base_ms))?);
            }
            if rows.len() > limit {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

pub(crate) fn of(db: &Connection, request: &RequestId) -> Result<Vec<LoggedAttempt>, Failure> {
    of_kinds(db, request, |_| true)
}

/// The attempts of a call that are of some kinds.
fn of_kinds(
    db: &Connection,
    request: &RequestId,
    wanted: impl Fn(&Kind) -> bool,
) -> Result<Vec<LoggedAttempt>, Failure> {
    let mut rows = Vec::new();
    for first in all(db, sql::BLOCKS_OF, params![request.as_str()], |row| Ok(row.get(0)?))? {
        let Some(block) = Block::open(db, first, |_| true, &wanted)? else { continue };
        if !block.calls.contains(request.as_str()) {
            continue;
        }
        for (place, call) in (first..).zip(&read::calls(&block.calls)?) {
            let kind = call.kind(&block.kinds)?;
            if call.request == request.as_str() && wanted(kind) {
                rows.push(call.attempt(kind, (place, block.base_ms))?);
            }
        }
        if rows.len() >= MOST_ATTEMPTS {
            break;
        }
    }
    rows.sort_unstable_by_key(|row| (row.attempt, row.place));
    rows.truncate(MOST_ATTEMPTS);
    Ok(rows)
}

/// The newest answered calls with hashes that came since an instant, the oldest of them first.
pub(crate) fn prompt_calls(
    db: &Connection,
    since: Timestamp,
    most: usize,
) -> Result<Vec<PromptCall>, Failure> {
    // The least id that a call of then can have.
    let first = format!("req_{:012x}", since.0.max(0));
    let mut found = Vec::new();
    summaries::each_since(db, &first, &Wanted::prompts(), |place| {
        let Some(block) = Block::open(db, place, |_| true, Kind::has_prints)? else {
            return Ok(true);
        };
        for call in &read::calls(&block.calls)? {
            let kind = call.kind(&block.kinds)?;
            let known = kind.has_prints() && *call.request >= *first;
            let known = known.then(|| call.prompt_call(kind, block.base_ms)).flatten();
            found.extend(known.map(|known| (call.request.clone().into_owned(), known)));
        }
        Ok(found.len() < most)
    })?;
    found.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
    found.truncate(most);
    Ok(found.into_iter().rev().map(|(_, call)| call).collect())
}

/// A block of which some kinds are wanted.
struct Block {
    base_ms: i64,
    kinds: Vec<Kind>,
    calls: String,
}

impl Block {
    /// Its calls are read where its kinds say that some are wanted, and not before.
    fn open(
        db: &Connection,
        place: i64,
        may: impl Fn(&str) -> bool,
        wanted: impl Fn(&Kind) -> bool,
    ) -> Result<Option<Self>, Failure> {
        let kinds = one(db, sql::KINDS, params![place], |row| {
            let kinds = text(row, 1)?;
            let kinds = if may(kinds) { read::kinds(kinds)? } else { Vec::new() };
            Ok((row.get(0)?, kinds))
        })?;
        let Some((base_ms, kinds)) = kinds.filter(|(_, kinds)| kinds.iter().any(wanted)) else {
            return Ok(None);
        };
        let calls = one(db, sql::CALLS, params![place], |row| Ok(row.get(0)?))?;
        Ok(calls.map(|calls| Self { base_ms, kinds, calls }))
    }
}

#[cfg(test)]
mod tests {
    use domain::Nanos;

    use super::*;

    /// A row as it was before its details were one column; only the two that are looked at differ.
    const ROW: &str = "INSERT INTO requests VALUES (?1, 'req', 1, 0, '', '', 'p', ?2, '', NULL,
        NULL, NULL, NULL, '', NULL, 200, 'completed', 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        5, NULL, 0, 0, 0, 0, 0, NULL, NULL, 2)";

    fn log(rows: i64, key: impl Fn(i64) -> &'static str) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("schema/requests_1.sql")).unwrap();
        db.execute_batch(include_str!("schema/requests_2.sql")).unwrap();
        for place in 1..=rows {
            db.execute(ROW, params![place, key(place)]).unwrap();
        }
        db.execute_batch(include_str!("schema/requests_3.sql")).unwrap();
        db.execute_batch(include_str!("schema/requests_4.sql")).unwrap();
        db.execute_batch(include_str!("schema/requests_5.sql")).unwrap();
        db
    }

    #[test]
    fn rows_of_older_forms_are_read_as_they_were() {
        let db = log(2, |_| "k");
        let found = of(&db, &RequestId::from("req")).unwrap();
        assert_eq!(found.len(), 2);
        let row = &found[1];
        assert_eq!((row.place, &*row.key, row.attempt, row.status), (2, "k", 1, 200));
        assert_eq!((row.tokens.input, row.user_label.as_deref()), (7, None));
        let cost = row.cost.unwrap();
        assert_eq!((cost.total(), cost.output), (Nanos(5), Nanos(2)));
        let shown = db.query_row(
            "SELECT id, key_id, status, cost_output_nanos, shadow FROM requests
            WHERE id = 2",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        );
        assert_eq!(shown, Ok((2, "k".to_owned(), 200, 2, 0)));
    }

    #[test]
    fn a_page_looks_at_a_window_and_says_where_the_next_begins() {
        let rare = |place| if [3, 4, 29].contains(&place) { "rare" } else { "usual" };
        let db = log(30, rare);
        let filter = AttemptFilter { key: Some("rare".to_owned()), ..AttemptFilter::default() };
        let (mut found, mut before, mut pages) = (Vec::new(), None, 0);
        loop {
            let query = AttemptQuery { filter: filter.clone(), before, limit: 10 };
            let page = page_within(&db, &query, 10).unwrap();
            found.extend(page.rows.iter().map(|row| row.place));
            (before, pages) = (page.next, pages + 1);
            if before.is_none() {
                break;
            }
        }
        assert_eq!((found, pages), (vec![29, 4, 3], 3));
    }
}
