//! The request log: attempts as they were, one by one.

use crate::{Cost, Nanos, Outcome, RequestId, Timestamp, Tokens};

/// One attempt, read back. Text is as it was written, by this version or an older one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedAttempt {
    /// The place in the log: later ones are larger.
    pub place: i64,
    pub request: RequestId,
    /// 1 for the first attempt of a call.
    pub attempt: u32,
    /// When the call arrived.
    pub at: Timestamp,
    pub operation: String,
    pub family: String,
    pub project: String,
    pub key: String,
    pub user: String,
    pub user_label: Option<String>,
    pub model_asked: Option<String>,
    pub model_served: Option<String>,
    pub service_tier: Option<String>,
    pub upstream: String,
    /// The provider's `x-request-id`.
    pub upstream_request: Option<String>,
    pub status: u16,
    pub outcome: Outcome,
    pub stream: bool,
    pub batch: bool,
    pub estimated: bool,
    pub tokens: Tokens,
    pub images: u64,
    pub media_ms: u64,
    pub characters: u64,
    /// Absent when the model had no price.
    pub cost: Option<Cost>,
    pub error: Option<String>,
    /// Microseconds from the call's arrival to the attempt's beginning.
    pub queue_us: u64,
    /// Microseconds from the attempt's beginning to the provider's first byte.
    pub first_byte_us: u64,
    /// Microseconds from the call's arrival to the attempt's end.
    pub total_us: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// What the cache did for the call, where it went by one.
    pub cache: Option<String>,
    /// What the answer cost when it was made, where the cache gave it.
    pub saved: Option<Nanos>,
    /// A copy of another call, made for comparison.
    pub shadow: bool,
}

/// Only what matches everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptFilter {
    pub project: Option<String>,
    pub key: Option<String>,
    /// The model that was asked for, or the one that answered.
    pub model: Option<String>,
    /// Lowest and highest status.
    pub status: Option<(u16, u16)>,
    pub outcome: Option<Outcome>,
    pub request: Option<RequestId>,
}

/// One page of the log, newest first.
#[derive(Clone, Debug)]
pub struct AttemptQuery {
    pub filter: AttemptFilter,
    /// Only what is older than this place.
    pub before: Option<i64>,
    pub limit: u32,
}

/// Attempts, newest first.
#[derive(Clone, Debug)]
pub struct AttemptPage {
    pub rows: Vec<LoggedAttempt>,
    /// The place before which the log goes on; `None` at its beginning.
    pub next: Option<i64>,
}
