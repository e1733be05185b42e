//! Answers of two models to the same call.

use domain::{Comparison, LoggedAttempt, Nanos};
use serde::Serialize;

use super::{Listed, place_id};

/// `tollgate.comparison`.
#[derive(Serialize)]
pub struct ComparisonShape<'a> {
    object: &'static str,
    id: String,
    created_at: i64,
    project_id: &'a str,
    model: &'a str,
    /// What was asked; `null` where the project keeps nothing.
    request: Option<&'a str>,
    answer: Compared<'a>,
    shadow: Compared<'a>,
}

/// One of the two.
#[derive(Serialize)]
struct Compared<'a> {
    request_id: &'a str,
    status: u16,
    /// What the provider calls the model, where the log still has it.
    model: Option<&'a str>,
    input_tokens: u64,
    output_tokens: u64,
    /// US dollars as decimal text; `null` where unpriced.
    cost: Option<String>,
    total_ms: u64,
    /// What it said; `null` where nothing is kept, or it was too long.
    text: Option<&'a str>,
}

/// What was said, as far as it was kept.
#[derive(Clone, Copy, Default)]
pub struct Said<'a> {
    pub request: Option<&'a str>,
    pub answer: Option<&'a str>,
    pub shadow: Option<&'a str>,
}

impl<'a> ComparisonShape<'a> {
    #[must_use]
    pub fn new(
        comparison: &'a Comparison,
        said: Said<'a>,
        (first, shadow): (&'a [LoggedAttempt], &'a [LoggedAttempt]),
    ) -> Self {
        let (request, copy) = (&comparison.request, &comparison.shadow_request);
        Self {
            object: "tollgate.comparison",
            id: place_id(comparison.place),
            created_at: comparison.at.seconds(),
            project_id: comparison.project.as_str(),
            model: &comparison.model,
            request: said.request,
            answer: Compared::new(request.as_str(), first, 200, said.answer),
            shadow: Compared::new(copy.as_str(), shadow, comparison.shadow_status, said.shadow),
        }
    }
}

impl<'a> Compared<'a> {
    fn new(
        request_id: &'a str,
        attempts: &'a [LoggedAttempt],
        status: u16,
        text: Option<&'a str>,
    ) -> Self {
        let last = attempts.last();
        let costs = attempts.iter().filter_map(|one| one.cost);
        let cost = costs.map(|cost| cost.total().0).reduce(i64::saturating_add);
        Self {
            request_id,
            status: last.map_or(status, |one| one.status),
            model: last.and_then(|one| one.model_served.as_deref().or(one.model_asked.as_deref())),
            input_tokens: last.map_or(0, |one| one.tokens.input),
            output_tokens: last.map_or(0, |one| one.tokens.output),
            cost: cost.map(|cost| Nanos(cost).to_string()),
            total_ms: last.map_or(0, |one| one.total_us / 1_000),
            text,
        }
    }
}

impl Listed for ComparisonShape<'_> {
    fn id(&self) -> &str {
        &self.id
    }
}
