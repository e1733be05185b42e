//! What a route says of the answer cache. What it does not say is its project's.

use super::{CacheRules, Replay};

/// A route's setting: each thing that is said stands in the place of the project's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteCache {
    /// Whether calls by this route go by the cache if they do not say otherwise.
    pub enabled: Option<bool>,
    pub ttl_seconds: Option<u32>,
    pub stale_seconds: Option<u32>,
    pub replay: Option<Replay>,
}

impl RouteCache {
    /// What may be said, in the order in which it is written.
    pub const FIELDS: [&str; 4] = ["enabled", "ttl_seconds", "stale_seconds", "replay"];

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The rules for a call by this route. Off here is off: a call cannot turn it on by itself then.
    #[must_use]
    pub fn on(&self, project: Option<CacheRules>) -> CacheRules {
        let rules = project.unwrap_or_default();
        CacheRules {
            enabled: self.enabled.unwrap_or(rules.enabled),
            by_header: rules.by_header && self.enabled != Some(false),
            ttl_seconds: self.ttl_seconds.unwrap_or(rules.ttl_seconds),
            stale_seconds: self.stale_seconds.unwrap_or(rules.stale_seconds),
            replay: self.replay.unwrap_or(rules.replay),
            purged_at: rules.purged_at,
        }
    }
}
