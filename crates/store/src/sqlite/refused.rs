//! Calls that were refused: the newest ones are kept.

use std::fmt::Write;

use domain::{Figure, FigureUnit, RefusedCall, RefusedPage, RefusedQuery, Stage};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::failure::Failure;
use super::query::{all, id, text, time};
use crate::columns::unreadable;
use crate::sql::refused as sql;

/// Rows that are kept; the oldest beyond go with each write.
const KEPT: i64 = 20_000;

/// Writes a group; a part of the writer's transaction.
pub(crate) fn note(db: &Connection, calls: &[RefusedCall]) -> Result<(), Failure> {
    let mut add = db.prepare_cached(sql::ADD)?;
    for call in calls {
        add.execute(params![
            call.request.as_str(),
            call.at.0,
            call.stage.as_str(),
            call.operation,
            call.project,
            call.key,
            call.model,
            call.code,
            call.status,
            call.message,
            call.param,
            written(&call.figures),
            i64::try_from(call.total_us).unwrap_or(i64::MAX),
        ])?;
    }
    db.prepare_cached(sql::FORGET)?.execute(params![KEPT])?;
    Ok(())
}

pub(crate) fn page(db: &Connection, query: &RefusedQuery) -> Result<RefusedPage, Failure> {
    let filter = &query.filter;
    let mut params = vec![Value::from(query.before.unwrap_or(i64::MAX))];
    let request = filter.request.as_ref().map(|request| request.as_str().to_owned());
    let given = [filter.project.clone(), filter.key.clone(), filter.code.clone(), request];
    params.extend(given.into_iter().flatten().map(Value::from));
    // One row more than asked tells whether there are more.
    params.push(Value::from(i64::from(query.limit) + 1));
    let mut rows = all(db, &sql::page(filter), params_from_iter(params), read)?;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    Ok(RefusedPage { rows, has_more })
}

fn read(row: &Row<'_>) -> Result<RefusedCall, Failure> {
    Ok(RefusedCall {
        place: row.get(0)?,
        request: id(row, 1)?,
        at: time(row, 2)?,
        stage: Stage::parse(text(row, 3)?).ok_or_else(|| unreadable("stage"))?,
        operation: row.get(4)?,
        project: row.get(5)?,
        key: row.get(6)?,
        model: row.get(7)?,
        code: row.get(8)?,
        status: row.get(9)?,
        message: row.get(10)?,
        param: row.get(11)?,
        figures: text(row, 12)?
            .lines()
            .map(figure)
            .collect::<Option<_>>()
            .ok_or_else(|| unreadable("figures"))?,
        total_us: u64::try_from(row.get::<_, i64>(13)?).unwrap_or(0),
    })
}

fn written(figures: &[Figure]) -> String {
    let mut text = String::new();
    for figure in figures {
        let plain = |text: &str| text.replace(|c: char| c.is_control(), " ");
        let unit = match figure.unit {
            FigureUnit::Nanos => "nanos",
            FigureUnit::Count => "count",
        };
        let reset = figure.resets_at.map_or_else(String::new, |at| at.to_string());
        let _ = writeln!(
            text,
            "{}\t{}\t{unit}\t{}\t{}\t{}\t{reset}\t{}",
            plain(&figure.scope),
            plain(&figure.what),
            figure.limit,
            figure.used,
            figure.asked,
            u8::from(figure.passed),
        );
    }
    text
}

fn figure(line: &str) -> Option<Figure> {
    let mut columns = line.split('\t');
    let mut next = || columns.next();
    Some(Figure {
        scope: next()?.to_owned(),
        what: next()?.to_owned(),
        unit: match next()? {
            "nanos" => FigureUnit::Nanos,
            "count" => FigureUnit::Count,
            _ => return None,
        },
        limit: next()?.parse().ok()?,
        used: next()?.parse().ok()?,
        asked: next()?.parse().ok()?,
        resets_at: match next()? {
            "" => None,
            at => Some(at.parse().ok()?),
        },
        passed: next()? == "1",
    })
}
