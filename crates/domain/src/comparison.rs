//! Answers of two models to the same call, kept for a person to compare.

use crate::{ProjectId, RequestId, Timestamp};

/// A call that was answered, and its copy that was made at another place (a route's shadow).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The place among all: later ones are larger; 0 of one that is not kept yet.
    pub place: i64,
    /// When the copy was made.
    pub at: Timestamp,
    pub project: ProjectId,
    /// As the caller wrote it.
    pub model: String,
    /// The call, and its copy: what each came to and cost is in the request log.
    pub request: RequestId,
    pub shadow_request: RequestId,
    /// What the copy was answered with.
    pub shadow_status: u16,
    /// The request and both answers, sealed; `None` where the project keeps nothing.
    pub sealed: Option<Vec<u8>>,
}

impl Comparison {
    /// What its texts are sealed for.
    #[must_use]
    pub fn context(project: &ProjectId, request: &RequestId) -> String {
        format!("comparison {project} {}", request.as_str())
    }
}

/// Which ones, newest first.
#[derive(Clone, Debug, Default)]
pub struct ComparisonQuery {
    pub project: Option<ProjectId>,
    pub model: Option<String>,
    /// Only what is older than this place.
    pub before: Option<i64>,
    pub limit: u32,
}
