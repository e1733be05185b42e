//! Usage in, reports out.

use std::sync::Arc;

use domain::advice::PromptCall;
use domain::ledger::Batch;
use domain::ports::{StoreResult, UsageStore};
use domain::{
    AttemptPage, AttemptQuery, Bucket, LoggedAttempt, RefusedCall, RefusedPage, RefusedQuery,
    RequestId, SecretHash, Timestamp, UsageFilter, UsageQuery, UsageRecord, UsageRow,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::failure::Failure;
use super::log::Settlements;
use super::query::optional_text;
use super::{Store, attempts, refused};
use crate::rollup::{Counts, RollupRow, grain, shelves, source, usage_row};
use crate::sql::{self, usage as usage_sql};

impl UsageStore for Store {
    fn settle(
        &self,
        records: Arc<Vec<UsageRecord>>,
        batch: Option<Arc<Batch>>,
    ) -> StoreResult<'_, ()> {
        self.log.write(Settlements { records, batch, job: None })
    }

    fn touch(&self, uses: Vec<(SecretHash, Timestamp)>) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            let mut touch = db.prepare_cached(sql::TOUCH_SECRET)?;
            for (hash, at) in &uses {
                // Unknown secrets are passed over.
                touch.execute(params![at.0, hash.0])?;
            }
            Ok(())
        })
    }

    fn report(&self, query: UsageQuery) -> StoreResult<'_, Vec<Bucket>> {
        self.reports.ask(move |db| report(db, &query))
    }

    fn attempts(&self, query: AttemptQuery) -> StoreResult<'_, AttemptPage> {
        self.requests.ask(move |db| attempts::page(db, &query))
    }

    fn prompt_calls(&self, since: Timestamp, most: u32) -> StoreResult<'_, Vec<PromptCall>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        self.requests.ask(move |db| attempts::prompt_calls(db, since, most))
    }

    fn attempts_of(&self, request: RequestId) -> StoreResult<'_, Vec<LoggedAttempt>> {
        self.requests.ask(move |db| attempts::of(db, &request))
    }

    fn note_refused(&self, calls: Vec<RefusedCall>) -> StoreResult<'_, ()> {
        self.writer.write(move |db| refused::note(db, &calls))
    }

    fn refused(&self, query: RefusedQuery) -> StoreResult<'_, RefusedPage> {
        self.reports.ask(move |db| refused::page(db, &query))
    }
}

/// Adds folded rows to the rollups; a part of the writer's transaction.
pub(crate) fn add(db: &Connection, rows: &[RollupRow]) -> Result<(), Failure> {
    let mut add = db.prepare_cached(&usage_sql::ADD_USAGE)?;
    for (slot, counts) in rows {
        add.raw_bind_parameter(1, slot.grain)?;
        add.raw_bind_parameter(2, slot.start)?;
        add.raw_bind_parameter(3, slot.family)?;
        add.raw_bind_parameter(4, &*slot.project)?;
        add.raw_bind_parameter(5, &*slot.user)?;
        add.raw_bind_parameter(6, &*slot.key)?;
        add.raw_bind_parameter(7, &*slot.model)?;
        add.raw_bind_parameter(8, slot.batch)?;
        add.raw_bind_parameter(9, &*slot.service_tier)?;
        for (column, count) in (10..).zip(counts) {
            add.raw_bind_parameter(column, count)?;
        }
        add.raw_execute()?;
    }
    Ok(())
}

fn report(db: &Connection, query: &UsageQuery) -> Result<Vec<Bucket>, Failure> {
    // Not kept prepared: the text has as many forms as there are filters.
    let shelves = shelves(query);
    let text = usage_sql::report(&query.group, shelves.len(), &query.filter);
    let mut statement = db.prepare(&text)?;
    let mut params =
        vec![Value::from(grain(query)), Value::from(query.start), Value::from(query.end)];
    params.extend(shelves.iter().map(|shelf| Value::from((*shelf).to_owned())));
    params.extend(filter_values(&query.filter));
    let mut rows = statement.query(params_from_iter(params))?;
    let mut buckets: Vec<Bucket> = Vec::new();
    while let Some(row) = rows.next()? {
        let start = row.get(0)?;
        let result = usage(row)?;
        match buckets.last_mut() {
            Some(bucket) if bucket.start == start => bucket.rows.push(result),
            _ => buckets.push(Bucket { start, rows: vec![result] }),
        }
    }
    Ok(buckets)
}

fn filter_values(filter: &UsageFilter) -> impl Iterator<Item = Value> {
    let lists = usage_sql::filter_lists(filter).into_iter().flat_map(|(_, list)| list);
    lists.map(|text| Value::from(text.clone())).chain(filter.batch.map(Value::from))
}

fn usage(row: &Row<'_>) -> Result<UsageRow, Failure> {
    // An absent dimension lies as '' in the table's key.
    let dimension = |column| -> Result<Option<String>, Failure> {
        Ok(optional_text(row, column)?.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let mut counts = Counts::default();
    for (column, count) in (8..).zip(&mut counts) {
        *count = row.get(column)?;
    }
    Ok(UsageRow {
        project: dimension(1)?,
        user: dimension(2)?,
        key: dimension(3)?,
        model: dimension(4)?,
        batch: row.get(5)?,
        service_tier: dimension(6)?,
        source: optional_text(row, 7)?.and_then(source),
        ..usage_row(&counts)
    })
}
