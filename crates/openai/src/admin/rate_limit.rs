//! `project.rate_limit`, and our limits over all calls of a project or a key.

use domain::ModelFacts;
use domain::rate::{Measure, RateLimits, UNLIMITED};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::Listed;

/// A project's limits for one model.
#[derive(Serialize)]
pub struct ProjectRateLimit {
    object: &'static str,
    id: String,
    model: String,
    #[serde(flatten)]
    limits: Shown,
}

impl ProjectRateLimit {
    /// Images and audio stand where the model knows them, or where they are limited all the same.
    #[must_use]
    pub fn new(id: String, model: String, facts: Option<&ModelFacts>, limits: RateLimits) -> Self {
        let mode = facts.map_or("", |facts| facts.mode);
        let hears = mode.starts_with("audio")
            || ["audio", "realtime", "transcribe"].iter().any(|word| model.contains(word));
        let shown = Measure::OPENAI.into_iter().filter(|measure| {
            limits.get(*measure).is_some()
                || match measure {
                    Measure::ImagesPerMinute => mode.starts_with("image"),
                    Measure::AudioPerMinute => hears,
                    _ => true,
                }
        });
        let limits = Shown { limits, measures: shown.collect() };
        Self { object: "project.rate_limit", id, model, limits }
    }
}

impl Listed for ProjectRateLimit {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The limits over all calls of a project or a key.
#[derive(Serialize)]
pub struct ScopeRateLimits<'a> {
    object: &'static str,
    id: &'a str,
    #[serde(flatten)]
    limits: Shown,
}

impl<'a> ScopeRateLimits<'a> {
    #[must_use]
    pub fn new(id: &'a str, limits: RateLimits) -> Self {
        let limits = Shown { limits, measures: Measure::ALL.to_vec() };
        Self { object: "tollgate.rate_limits", id, limits }
    }
}

/// Limits under their fields' names; none reads as the largest number.
struct Shown {
    limits: RateLimits,
    measures: Vec<Measure>,
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.measures.len()))?;
        for measure in &self.measures {
            let limit = self.limits.get(*measure).unwrap_or(UNLIMITED);
            map.serialize_entry(measure.field(), &limit)?;
        }
        map.end()
    }
}
