//! What projects say of their answer caches.

use domain::{CachePatch, CacheRules, Joiners, ProjectId, Replay};
use rusqlite::{Connection, params};

use super::apply::{live_project, run};
use super::failure::Failure;
use super::query::{one, optional_time, text};
use crate::columns::unreadable;
use crate::sql;

/// Read and written in one transaction: two writers who set different things both have their way.
pub(crate) fn set(db: &Connection, project: &ProjectId, patch: &CachePatch) -> Result<(), Failure> {
    live_project(db, project)?;
    let rules = patch.on(read(db, project)?.unwrap_or_default());
    run(
        db,
        sql::PUT_CACHE_RULES,
        params![
            project.as_str(),
            rules.enabled,
            rules.by_header,
            rules.ttl_seconds,
            rules.stale_seconds,
            rules.replay.as_str(),
            rules.purged_at.map(|at| at.0),
            rules.joiners.as_str(),
        ],
    )
}

pub(crate) fn read(db: &Connection, project: &ProjectId) -> Result<Option<CacheRules>, Failure> {
    one(db, sql::CACHE_RULES, params![project.as_str()], |row| {
        Ok(CacheRules {
            enabled: row.get(0)?,
            by_header: row.get(1)?,
            ttl_seconds: row.get(2)?,
            stale_seconds: row.get(3)?,
            replay: Replay::parse(text(row, 4)?).ok_or_else(|| unreadable("replay"))?,
            joiners: Joiners::parse(text(row, 6)?).ok_or_else(|| unreadable("joiners"))?,
            purged_at: optional_time(row, 5)?,
        })
    })
}
