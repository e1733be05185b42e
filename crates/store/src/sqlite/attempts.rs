//! Reads of the request log.

use domain::{
    AttemptFilter, AttemptPage, AttemptQuery, Cost, LoggedAttempt, Nanos, Outcome, RequestId,
    Tokens,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::failure::Failure;
use super::query::{all, id, one, text, time};
use crate::columns::unreadable;
use crate::sql::usage as sql;

/// How many rows of the log one page looks at: what no index finds is found in bounded time.
const WINDOW: i64 = 250_000;
/// More attempts than any call makes.
const MOST_ATTEMPTS: i64 = 1_000;

pub(crate) fn page(db: &Connection, query: &AttemptQuery) -> Result<AttemptPage, Failure> {
    page_within(db, query, WINDOW)
}

fn page_within(db: &Connection, query: &AttemptQuery, window: i64) -> Result<AttemptPage, Failure> {
    let last: Option<i64> = one(db, sql::LAST_PLACE, [], |row| Ok(row.get(0)?))?.flatten();
    let newest = last.unwrap_or(0).saturating_add(1);
    let before = query.before.map_or(newest, |before| before.min(newest));
    // A call is found by its id wherever it is.
    let floor = if query.filter.request.is_some() { 0 } else { before.saturating_sub(window) };
    let mut params = vec![Value::from(before), Value::from(floor)];
    params.extend(filter_values(&query.filter));
    // One row more than asked tells whether there are more.
    params.push(Value::from(i64::from(query.limit) + 1));
    let mut rows = all(db, &sql::attempts(&query.filter), params_from_iter(params), read)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let next = match rows.len() > limit {
        true => rows.get(limit.saturating_sub(1)).map(|row| row.place),
        // Places begin at 1.
        false => Some(floor).filter(|floor| *floor > 1),
    };
    rows.truncate(limit);
    Ok(AttemptPage { rows, next })
}

pub(crate) fn of(db: &Connection, request: &RequestId) -> Result<Vec<LoggedAttempt>, Failure> {
    all(db, &sql::ATTEMPTS_OF, params![request.as_str(), MOST_ATTEMPTS], read)
}

/// In the order of the query's text.
fn filter_values(filter: &AttemptFilter) -> Vec<Value> {
    let text = |text: &Option<String>| text.clone().map(Value::from);
    let (lowest, highest) = filter.status.unzip();
    let values = [
        text(&filter.project),
        text(&filter.key),
        text(&filter.model),
        lowest.map(|status| Value::from(i64::from(status))),
        highest.map(|status| Value::from(i64::from(status))),
        filter.outcome.map(|outcome| Value::from(outcome.as_str().to_owned())),
        filter.request.as_ref().map(|request| Value::from(request.as_str().to_owned())),
    ];
    values.into_iter().flatten().collect()
}

fn read(row: &Row<'_>) -> Result<LoggedAttempt, Failure> {
    Ok(LoggedAttempt {
        place: row.get(46)?,
        request: id(row, 0)?,
        attempt: row.get(1)?,
        at: time(row, 2)?,
        operation: row.get(3)?,
        family: row.get(4)?,
        project: row.get(5)?,
        key: row.get(6)?,
        user: row.get(7)?,
        user_label: row.get(8)?,
        model_asked: row.get(9)?,
        model_served: row.get(10)?,
        service_tier: row.get(11)?,
        upstream: row.get(12)?,
        upstream_request: row.get(13)?,
        status: row.get(14)?,
        outcome: Outcome::parse(text(row, 15)?).ok_or_else(|| unreadable("outcome"))?,
        stream: row.get(16)?,
        batch: row.get(17)?,
        estimated: row.get(18)?,
        tokens: tokens(row)?,
        images: count(row, 28)?,
        media_ms: count(row, 29)?,
        characters: count(row, 30)?,
        cost: cost(row)?,
        error: row.get(32)?,
        queue_us: count(row, 33)?,
        first_byte_us: count(row, 34)?,
        total_us: count(row, 35)?,
        bytes_in: count(row, 36)?,
        bytes_out: count(row, 37)?,
        cache: row.get(41)?,
        saved: row.get::<_, Option<i64>>(42)?.map(Nanos),
        shadow: row.get(43)?,
    })
}

fn tokens(row: &Row<'_>) -> Result<Tokens, Failure> {
    Ok(Tokens {
        input: count(row, 19)?,
        input_cached: count(row, 20)?,
        input_cache_write: count(row, 21)?,
        input_audio: count(row, 22)?,
        input_image: count(row, 23)?,
        output: count(row, 24)?,
        output_reasoning: count(row, 25)?,
        output_audio: count(row, 26)?,
        output_image: count(row, 27)?,
        ..Tokens::default()
    })
}

/// What was logged before there were parts has none.
fn cost(row: &Row<'_>) -> Result<Option<Cost>, Failure> {
    let Some(total) = row.get(31)? else { return Ok(None) };
    let part = |column| Ok::<_, Failure>(Nanos(row.get::<_, Option<i64>>(column)?.unwrap_or(0)));
    Ok(Some(Cost::from_total(Nanos(total), part(38)?, part(39)?, part(40)?)))
}

fn count(row: &Row<'_>, column: usize) -> Result<u64, Failure> {
    let number: i64 = row.get(column)?;
    Ok(u64::try_from(number).unwrap_or_default())
}

#[cfg(test)]
mod tests {
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
