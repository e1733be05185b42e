//! Answers of two models to the same call, and near matches of the answer cache.

use domain::ports::{Comparisons, StoreResult};
use domain::{CacheKey, Comparison, ComparisonQuery, NearMatch, NearQuery};
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::Store;
use super::apply::run;
use super::query::{all, id, time};
use crate::sql::comparisons as sql;

/// How many are kept: of a project, and of all.
const OF_A_PROJECT: i64 = 200;
const OF_ALL: i64 = 5_000;
const MATCHES_OF_A_PROJECT: i64 = 5_000;
const MATCHES_OF_ALL: i64 = 50_000;

impl Comparisons for Store {
    fn keep_comparison(&self, comparison: Comparison) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            let row = params![
                comparison.at.0,
                comparison.project.as_str(),
                comparison.model,
                comparison.request.as_str(),
                comparison.shadow_request.as_str(),
                comparison.shadow_status,
                comparison.sealed,
            ];
            run(db, sql::ADD, row)?;
            run(db, sql::FORGET_OF, params![comparison.project.as_str(), OF_A_PROJECT])?;
            run(db, sql::FORGET, params![OF_ALL])
        })
    }

    fn comparisons(&self, query: ComparisonQuery) -> StoreResult<'_, Vec<Comparison>> {
        self.reports.ask(move |db| {
            let text = |text: &str| Value::Text(text.to_owned());
            let values = [
                query.project.as_ref().map(|project| text(project.as_str())),
                query.model.as_deref().map(text),
                query.before.map(Value::Integer),
                Some(Value::Integer(i64::from(query.limit))),
            ];
            let values = params_from_iter(values.into_iter().flatten());
            all(db, &sql::page(&query), values, |row| {
                Ok(Comparison {
                    place: row.get(0)?,
                    at: time(row, 1)?,
                    project: id(row, 2)?,
                    model: row.get(3)?,
                    request: id(row, 4)?,
                    shadow_request: id(row, 5)?,
                    shadow_status: row.get(6)?,
                    sealed: row.get(7)?,
                })
            })
        })
    }

    fn keep_match(&self, told: NearMatch) -> StoreResult<'_, ()> {
        self.writer.write(move |db| {
            let row = params![
                told.at.0,
                told.project.as_str(),
                told.model,
                told.request.as_str(),
                told.key.0,
                told.similarity,
                told.given,
                told.common,
                told.sealed,
            ];
            run(db, sql::ADD_MATCH, row)?;
            run(db, sql::FORGET_MATCHES_OF, params![told.project.as_str(), MATCHES_OF_A_PROJECT])?;
            run(db, sql::FORGET_MATCHES, params![MATCHES_OF_ALL])
        })
    }

    fn matches(&self, query: NearQuery) -> StoreResult<'_, Vec<NearMatch>> {
        self.reports.ask(move |db| {
            let text = |text: &str| Value::Text(text.to_owned());
            let values = [
                query.project.as_ref().map(|project| text(project.as_str())),
                query.model.as_deref().map(text),
                query.before.map(Value::Integer),
                Some(Value::Integer(i64::from(query.limit))),
            ];
            let values = params_from_iter(values.into_iter().flatten());
            all(db, &sql::matches(&query), values, |row| {
                Ok(NearMatch {
                    place: row.get(0)?,
                    at: time(row, 1)?,
                    project: id(row, 2)?,
                    model: row.get(3)?,
                    request: id(row, 4)?,
                    key: CacheKey(row.get(5)?),
                    similarity: row.get(6)?,
                    given: row.get(7)?,
                    common: row.get(8)?,
                    sealed: row.get(9)?,
                })
            })
        })
    }
}
