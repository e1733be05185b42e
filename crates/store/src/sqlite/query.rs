//! Reading rows, with prepared statements that stay prepared.

use domain::Timestamp;
use rusqlite::{Connection, Params, Row};

use super::failure::Failure;

pub(crate) fn one<T>(
    db: &Connection,
    text: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut statement = db.prepare_cached(text)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

pub(crate) fn all<T>(
    db: &Connection,
    text: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = db.prepare_cached(text)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// A column as it lies in the row, without a copy.
pub(crate) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, Failure> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

pub(crate) fn optional_text<'a>(
    row: &'a Row<'_>,
    column: usize,
) -> Result<Option<&'a str>, Failure> {
    Ok(row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from)?)
}

pub(crate) fn id<T: for<'a> From<&'a str>>(row: &Row<'_>, column: usize) -> Result<T, Failure> {
    Ok(text(row, column)?.into())
}

pub(crate) fn optional_id<T: for<'a> From<&'a str>>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<T>, Failure> {
    Ok(optional_text(row, column)?.map(T::from))
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp(row.get(column)?))
}

pub(crate) fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, Failure> {
    let time: Option<i64> = row.get(column)?;
    Ok(time.map(Timestamp))
}
