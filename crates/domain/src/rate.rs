//! Limits by rate: what a scope may take in a minute or a day, and how much at once.
//!
//! **How a burst is defined.** A token bucket with a limit's worth of burst, refilled at the limit's
//! rate (GCRA), lets up to twice the limit through in one window: the burst, and the refill behind
//! it. A bucket that keeps the promise with a smaller burst cannot serve a limit's worth of calls
//! at once. So the buckets here are not refilled by rate but by return: what a call took comes
//! back one whole window after it was taken, never sooner ([`window`]). From that follows:
//!
//! - in *any* window, wherever it begins, at most the limit is taken;
//! - of any number of calls at once, exactly as many pass as the limit says;
//! - a refused call has taken nothing, in no bucket;
//! - the wait that a refusal names is exact: a millisecond earlier the same call is refused, at
//!   that instant it passes (if nobody came first).
//!
//! Tokens and images are taken by an estimate before the call and corrected behind it. A correction
//! downwards gives back; one upwards takes what was used, even above the limit: the next calls wait
//! longer for it.
//!
//! Time comes in as a [`Moment`]. A wall clock that is set back must not give a second burst, so
//! moments are of a clock that only goes forward.

use std::sync::Arc;

use crate::{KeyId, ProjectId, ScopeId, ScopeKind};

mod counters;
mod gauge;
#[cfg(test)]
mod tests;
mod window;

pub use counters::{Counters, Draw, Refusal, Ticket, refused, take};
pub use gauge::{Gauge, Gauges, duration};

/// How "no limit" is read: the largest integer that JavaScript holds exactly.
pub const UNLIMITED: u64 = 9_007_199_254_740_991;

/// Microseconds since some instant, on a clock that only goes forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    RequestsPerMinute,
    TokensPerMinute,
    ImagesPerMinute,
    /// Megabytes (10^6 bytes) of audio sent in.
    AudioPerMinute,
    RequestsPerDay,
    TokensPerDay,
    /// Tokens of the calls that batches hold. Kept and shown; no call draws on it.
    BatchTokensPerDay,
    /// Calls in flight.
    Concurrent,
}

impl Measure {
    /// In the order of their declaration, which is their place in every array here.
    pub const ALL: [Self; 8] = [
        Self::RequestsPerMinute,
        Self::TokensPerMinute,
        Self::ImagesPerMinute,
        Self::AudioPerMinute,
        Self::RequestsPerDay,
        Self::TokensPerDay,
        Self::BatchTokensPerDay,
        Self::Concurrent,
    ];

    /// Those that OpenAI has for a project's model.
    pub const OPENAI: [Self; 6] = [
        Self::RequestsPerMinute,
        Self::TokensPerMinute,
        Self::ImagesPerMinute,
        Self::AudioPerMinute,
        Self::RequestsPerDay,
        Self::BatchTokensPerDay,
    ];

    /// The field's name in bodies: OpenAI's where it has one.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::RequestsPerMinute => "max_requests_per_1_minute",
            Self::TokensPerMinute => "max_tokens_per_1_minute",
            Self::ImagesPerMinute => "max_images_per_1_minute",
            Self::AudioPerMinute => "max_audio_megabytes_per_1_minute",
            Self::RequestsPerDay => "max_requests_per_1_day",
            Self::TokensPerDay => "max_tokens_per_1_day",
            Self::BatchTokensPerDay => "batch_1_day_max_input_tokens",
            Self::Concurrent => "max_concurrent_requests",
        }
    }

    #[must_use]
    pub fn parse(field: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.field() == field)
    }

    /// As a refusal names it, in OpenAI's words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::RequestsPerMinute => "requests per min (RPM)",
            Self::TokensPerMinute => "tokens per min (TPM)",
            Self::ImagesPerMinute => "images per min (IPM)",
            Self::AudioPerMinute => "audio megabytes per min",
            Self::RequestsPerDay => "requests per day (RPD)",
            Self::TokensPerDay => "tokens per day (TPD)",
            Self::BatchTokensPerDay => "batch input tokens per day",
            Self::Concurrent => "concurrent requests",
        }
    }

    /// Whether it is counted in tokens: OpenAI's `error.type` of a refusal tells.
    #[must_use]
    pub fn is_of_tokens(self) -> bool {
        matches!(self, Self::TokensPerMinute | Self::TokensPerDay | Self::BatchTokensPerDay)
    }

    /// The counted units in one unit of the limit.
    fn scale(self) -> u64 {
        if self == Self::AudioPerMinute { 1_000_000 } else { 1 }
    }
}

/// The limits of one scope, in the units of their fields. 0 lets nothing pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits([Option<u64>; 8]);

impl RateLimits {
    #[must_use]
    pub fn get(&self, measure: Measure) -> Option<u64> {
        self.0[measure as usize]
    }

    /// Sets a limit; [`UNLIMITED`] is none.
    pub fn set(&mut self, measure: Measure, limit: Option<u64>) {
        self.0[measure as usize] = limit.filter(|limit| *limit != UNLIMITED);
    }

    #[must_use]
    pub fn with(mut self, measure: Measure, limit: u64) -> Self {
        self.set(measure, Some(limit));
        self
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }
}

/// Whose limits: a key's, a project's over all its calls, or a project's for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateScope {
    pub scope: ScopeId,
    pub model: Option<String>,
}

impl RateScope {
    #[must_use]
    pub fn key(id: &KeyId) -> Self {
        let scope = ScopeId { kind: ScopeKind::ApiKey, id: id.as_str().to_owned() };
        Self { scope, model: None }
    }

    #[must_use]
    pub fn project(id: &ProjectId) -> Self {
        let scope = ScopeId { kind: ScopeKind::Project, id: id.as_str().to_owned() };
        Self { scope, model: None }
    }

    #[must_use]
    pub fn model(project: &ProjectId, model: &str) -> Self {
        Self { model: Some(model.to_owned()), ..Self::project(project) }
    }
}

/// The limits of a project that differ from "none".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectRates {
    /// Over all calls of the project.
    pub all: RateLimits,
    /// By the model's name, sorted.
    pub models: Vec<(Arc<str>, RateLimits)>,
}

impl ProjectRates {
    /// From rows in any order; the one without a model is the project's own.
    #[must_use]
    pub fn of(rows: Vec<(Option<String>, RateLimits)>) -> Self {
        let mut rates = Self::default();
        for (model, limits) in rows {
            match model {
                None => rates.all = limits,
                Some(model) => rates.models.push((model.into(), limits)),
            }
        }
        rates.models.sort_by(|one, other| one.0.cmp(&other.0));
        rates
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.models.iter().all(|(_, limits)| limits.is_empty())
    }

    #[must_use]
    pub fn model(&self, name: &str) -> Option<&(Arc<str>, RateLimits)> {
        let at = self.models.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        self.models.get(at)
    }
}

/// Every limit that the calls of a key may meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRules {
    pub key: RateLimits,
    pub project: Arc<ProjectRates>,
}

impl RateRules {
    /// `None` where nothing is limited, which is the common case and costs a call nothing.
    #[must_use]
    pub fn of(key: RateLimits, project: ProjectRates) -> Option<Arc<Self>> {
        let empty = key.is_empty() && project.is_empty();
        (!empty).then(|| Arc::new(Self { key, project: Arc::new(project) }))
    }
}
