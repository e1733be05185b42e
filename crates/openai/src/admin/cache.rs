//! A project's answer cache: what is set of it, what it did, what it holds.

use domain::{CacheFigures, CacheHolding, CacheRules, Timestamp};
use serde::Serialize;

/// `tollgate.project_cache`.
#[derive(Serialize)]
pub struct ProjectCache<'a> {
    object: &'static str,
    project_id: &'a str,
    enabled: bool,
    by_header: bool,
    ttl_seconds: u32,
    stale_seconds: u32,
    replay: &'static str,
    joiners: &'static str,
    purged_at: Option<i64>,
    /// Whether anything is kept: not where the project keeps nothing of its calls.
    active: bool,
    figures: Figures,
}

impl<'a> ProjectCache<'a> {
    #[must_use]
    pub fn new(
        project: &'a str,
        (rules, may_keep): (&CacheRules, bool),
        figures: &CacheFigures,
        now: Timestamp,
    ) -> Self {
        Self {
            object: "tollgate.project_cache",
            project_id: project,
            enabled: rules.enabled,
            by_header: rules.by_header,
            ttl_seconds: rules.ttl_seconds,
            stale_seconds: rules.stale_seconds,
            replay: rules.replay.as_str(),
            joiners: rules.joiners.as_str(),
            purged_at: rules.purged_at.map(Timestamp::seconds),
            active: may_keep && (rules.enabled || rules.by_header),
            figures: Figures::new(figures, now),
        }
    }
}

/// `tollgate.cache`: all projects together.
#[derive(Serialize)]
pub struct CacheSum {
    object: &'static str,
    figures: Figures,
}

impl CacheSum {
    #[must_use]
    pub fn new(figures: &CacheFigures, now: Timestamp) -> Self {
        Self { object: "tollgate.cache", figures: Figures::new(figures, now) }
    }
}

/// Counts since the process began; what is held, now.
#[derive(Serialize)]
struct Figures {
    hits: u64,
    joined: u64,
    misses: u64,
    near: u64,
    stale: u64,
    unkept: u64,
    saved_nanos: i64,
    /// US dollars as decimal text.
    saved_usd: String,
    memory: Holding,
    stored: Holding,
    /// Age of the oldest answer that is kept, in seconds.
    oldest_age_seconds: Option<i64>,
}

#[derive(Serialize)]
struct Holding {
    entries: u64,
    /// What they take up there, and what the answers are without compression.
    bytes: u64,
    answer_bytes: u64,
}

impl Figures {
    fn new(figures: &CacheFigures, now: Timestamp) -> Self {
        let holding = |held: &CacheHolding| Holding {
            entries: held.entries,
            bytes: held.bytes,
            answer_bytes: held.answer_bytes,
        };
        let oldest = figures.memory.oldest.into_iter().chain(figures.stored.oldest).min();
        Self {
            hits: figures.hits,
            joined: figures.joined,
            misses: figures.misses,
            near: figures.near,
            stale: figures.stale,
            unkept: figures.unkept,
            saved_nanos: figures.saved.0,
            saved_usd: figures.saved.to_string(),
            memory: holding(&figures.memory),
            stored: holding(&figures.stored),
            oldest_age_seconds: oldest.map(|at| (now.0 - at.0).max(0) / 1_000),
        }
    }
}

/// `tollgate.cache.purge`.
#[derive(Serialize)]
pub struct CachePurged {
    object: &'static str,
    purged: u64,
}

impl CachePurged {
    #[must_use]
    pub fn new(purged: u64) -> Self {
        Self { object: "tollgate.cache.purge", purged }
    }
}
