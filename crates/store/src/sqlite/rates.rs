//! Rate limits: a row for each that is set.

use std::sync::Arc;

use domain::rate::{Measure, ProjectRates, RateLimits, RateRules, RateScope, UNLIMITED};
use domain::{KeyId, KeyView, ProjectId, ScopeKind, Timestamp};
use rusqlite::{Connection, params};

use super::apply::{conflict, live_project, refuse_archived, run};
use super::apply_keys::live_key;
use super::failure::Failure;
use super::query::{all, text};
use crate::columns::unreadable;
use crate::sql;

type Done = Result<(), Failure>;

pub(crate) fn set(
    db: &Connection,
    of: &RateScope,
    limits: &[(Measure, Option<u64>)],
    at: Timestamp,
) -> Done {
    let id = of.scope.id.as_str();
    match of.scope.kind {
        ScopeKind::ApiKey => refuse_archived(live_key(db, &KeyId::from(id))?)?,
        ScopeKind::Project => live_project(db, &ProjectId::from(id))?,
        ScopeKind::User | ScopeKind::Organization => {
            return conflict("only keys and projects have rate limits");
        }
    }
    let (kind, model) = (of.scope.kind.as_str(), of.model.as_deref().unwrap_or(""));
    for (measure, limit) in limits {
        let field = measure.field();
        match limit.filter(|limit| *limit != UNLIMITED) {
            Some(limit) => {
                let amount = i64::try_from(limit).unwrap_or(i64::MAX);
                run(db, sql::PUT_RATE_LIMIT, params![kind, id, model, field, amount, at.0])?;
            }
            None => run(db, sql::DROP_RATE_LIMIT, params![kind, id, model, field])?,
        }
    }
    Ok(())
}

/// Allowed for whatever has ended, too: it only takes away.
pub(crate) fn clear(db: &Connection, of: &RateScope) -> Done {
    let model = of.model.as_deref().unwrap_or("");
    run(db, sql::CLEAR_RATE_LIMITS, params![of.scope.kind.as_str(), of.scope.id, model])
}

/// The limits of a scope: its own, and those by model, each once.
pub(crate) fn read(
    db: &Connection,
    kind: ScopeKind,
    id: &str,
) -> Result<Vec<(Option<String>, RateLimits)>, Failure> {
    let rows = all(db, sql::RATE_LIMITS, params![kind.as_str(), id], |row| {
        let measure = Measure::parse(text(row, 1)?).ok_or_else(|| unreadable("rate limit"))?;
        let amount: i64 = row.get(2)?;
        let amount = u64::try_from(amount).map_err(|_| unreadable("rate limit"))?;
        Ok((text(row, 0)?.to_owned(), measure, amount))
    })?;
    let mut found: Vec<(Option<String>, RateLimits)> = Vec::new();
    for (model, measure, amount) in rows {
        let model = Some(model).filter(|model| !model.is_empty());
        match found.last_mut().filter(|(last, _)| *last == model) {
            Some((_, limits)) => limits.set(measure, Some(amount)),
            None => found.push((model, RateLimits::default().with(measure, amount))),
        }
    }
    Ok(found)
}

/// All that a key's calls may meet.
pub(crate) fn rules(db: &Connection, key: &KeyView) -> Result<Option<Arc<RateRules>>, Failure> {
    let Some(project) = &key.project else { return Ok(None) };
    let own = ProjectRates::of(read(db, ScopeKind::ApiKey, key.id.as_str())?).all;
    let project = ProjectRates::of(read(db, ScopeKind::Project, project.as_str())?);
    Ok(RateRules::of(own, project))
}
