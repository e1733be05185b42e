//! What a route says of the answer cache. What it does not say is its project's.

use std::sync::Arc;

use super::{CacheRules, NearRules, Replay};

/// A route's setting: each thing that is said stands in the place of the project's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteCache {
    /// Whether calls by this route go by the cache if they do not say otherwise.
    pub enabled: Option<bool>,
    pub ttl_seconds: Option<u32>,
    pub stale_seconds: Option<u32>,
    pub replay: Option<Replay>,
    /// The model that makes vectors for near matches; without one there are none.
    pub near_model: Option<Arc<str>>,
    /// Thousandths of the cosine.
    pub near_threshold: Option<u16>,
    pub near_observe: Option<bool>,
}

impl RouteCache {
    /// What may be said, in the order in which it is written.
    pub const FIELDS: [&str; 7] = [
        "enabled",
        "ttl_seconds",
        "stale_seconds",
        "replay",
        "near_model",
        "near_threshold",
        "near_observe",
    ];

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether answers to nearly the same questions are looked for, and how.
    #[must_use]
    pub fn near(&self) -> Option<NearRules> {
        Some(NearRules {
            model: self.near_model.clone()?,
            threshold: self.near_threshold.unwrap_or(NearRules::THRESHOLD),
            observe: self.near_observe.unwrap_or(false),
        })
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
            joiners: rules.joiners,
            purged_at: rules.purged_at,
        }
    }
}
