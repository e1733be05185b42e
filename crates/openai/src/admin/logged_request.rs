//! The request log under `/tollgate/v1/requests`.

use domain::{LoggedAttempt, Nanos};
use serde::Serialize;

/// What ids of logged attempts begin with; the rest is their place in the log.
const PREFIX: &str = "log_";

/// The id of a place in the log, which is also the cursor of a list.
#[must_use]
pub fn place_id(place: i64) -> String {
    format!("{PREFIX}{place:x}")
}

/// The place that an id names; `None` for what is no such id.
#[must_use]
pub fn parse_place(id: &str) -> Option<i64> {
    let place = i64::from_str_radix(id.strip_prefix(PREFIX)?, 16).ok()?;
    // One spelling each.
    (place > 0 && place_id(place) == id).then_some(place)
}

/// One attempt.
#[derive(Serialize)]
pub struct LoggedRequest<'a> {
    object: &'static str,
    id: String,
    request_id: &'a str,
    attempt: u32,
    created_at: i64,
    created_at_ms: i64,
    operation: &'a str,
    family: &'a str,
    project_id: &'a str,
    api_key_id: &'a str,
    user_id: &'a str,
    /// The body's own `user` or `safety_identifier`.
    user_label: Option<&'a str>,
    /// As it was asked for.
    model: Option<&'a str>,
    model_served: Option<&'a str>,
    service_tier: Option<&'a str>,
    upstream_id: &'a str,
    upstream_request_id: Option<&'a str>,
    status: u16,
    outcome: &'static str,
    error: Option<&'a str>,
    stream: bool,
    batch: bool,
    usage: Counted,
    cost: Option<CostShape>,
    times: Times,
    bytes_in: u64,
    bytes_out: u64,
    /// What the answer cache did for the call.
    cache: Option<&'a str>,
    /// What its answer cost when it was made.
    saved_nanos: Option<i64>,
    /// A copy of another call, made for comparison.
    shadow: bool,
}

#[derive(Serialize)]
struct Counted {
    /// The counts are ours: the provider gave none.
    estimated: bool,
    input_tokens: u64,
    input_cached_tokens: u64,
    input_cache_write_tokens: u64,
    input_audio_tokens: u64,
    input_image_tokens: u64,
    output_tokens: u64,
    output_reasoning_tokens: u64,
    output_audio_tokens: u64,
    output_image_tokens: u64,
    images: u64,
    media_ms: u64,
    characters: u64,
}

#[derive(Serialize)]
struct CostShape {
    nanos: i64,
    /// US dollars as decimal text.
    usd: String,
    input_nanos: i64,
    input_cached_nanos: i64,
    output_nanos: i64,
    other_nanos: i64,
}

/// Microseconds.
#[derive(Serialize)]
struct Times {
    queue_us: u64,
    first_byte_us: u64,
    total_us: u64,
}

impl<'a> From<&'a LoggedAttempt> for LoggedRequest<'a> {
    fn from(row: &'a LoggedAttempt) -> Self {
        Self {
            object: "tollgate.request",
            id: place_id(row.place),
            request_id: row.request.as_str(),
            attempt: row.attempt,
            created_at: row.at.seconds(),
            created_at_ms: row.at.0,
            operation: &row.operation,
            family: &row.family,
            project_id: &row.project,
            api_key_id: &row.key,
            user_id: &row.user,
            user_label: row.user_label.as_deref(),
            model: row.model_asked.as_deref(),
            model_served: row.model_served.as_deref(),
            service_tier: row.service_tier.as_deref(),
            upstream_id: &row.upstream,
            upstream_request_id: row.upstream_request.as_deref(),
            status: row.status,
            outcome: row.outcome.as_str(),
            error: row.error.as_deref(),
            stream: row.stream,
            batch: row.batch,
            usage: row.into(),
            cost: row.cost.as_ref().map(CostShape::from),
            times: Times {
                queue_us: row.queue_us,
                first_byte_us: row.first_byte_us,
                total_us: row.total_us,
            },
            bytes_in: row.bytes_in,
            bytes_out: row.bytes_out,
            cache: row.cache.as_deref(),
            saved_nanos: row.saved.map(|saved| saved.0),
            shadow: row.shadow,
        }
    }
}

impl From<&LoggedAttempt> for Counted {
    fn from(row: &LoggedAttempt) -> Self {
        let tokens = &row.tokens;
        Self {
            estimated: row.estimated,
            input_tokens: tokens.input,
            input_cached_tokens: tokens.input_cached,
            input_cache_write_tokens: tokens.input_cache_write,
            input_audio_tokens: tokens.input_audio,
            input_image_tokens: tokens.input_image,
            output_tokens: tokens.output,
            output_reasoning_tokens: tokens.output_reasoning,
            output_audio_tokens: tokens.output_audio,
            output_image_tokens: tokens.output_image,
            images: row.images,
            media_ms: row.media_ms,
            characters: row.characters,
        }
    }
}

impl From<&domain::Cost> for CostShape {
    fn from(cost: &domain::Cost) -> Self {
        let Nanos(nanos) = cost.total();
        Self {
            nanos,
            usd: cost.total().to_string(),
            input_nanos: cost.input.0,
            input_cached_nanos: cost.input_cached.0,
            output_nanos: cost.output.0,
            other_nanos: cost.other.0,
        }
    }
}

/// A page of the log. Its `last_id` is where the next page goes on, which is before the last row
/// when only a part of the log was looked through.
#[derive(Serialize)]
pub struct RequestPage<'a> {
    object: &'static str,
    data: Vec<LoggedRequest<'a>>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

impl<'a> RequestPage<'a> {
    #[must_use]
    pub fn new(page: &'a domain::AttemptPage) -> Self {
        let last = page.next.or_else(|| page.rows.last().map(|row| row.place));
        Self {
            object: "list",
            data: page.rows.iter().map(LoggedRequest::from).collect(),
            first_id: page.rows.first().map(|row| place_id(row.place)),
            last_id: last.map(place_id),
            has_more: page.next.is_some(),
        }
    }
}

/// A call with all its attempts, first to last.
#[derive(Serialize)]
pub struct RequestAttempts<'a> {
    object: &'static str,
    request_id: &'a str,
    attempts: Vec<LoggedRequest<'a>>,
    /// Over the attempts that have a price.
    cost_nanos: i64,
    /// US dollars as decimal text.
    cost: String,
}

impl<'a> RequestAttempts<'a> {
    #[must_use]
    pub fn new(request_id: &'a str, attempts: &'a [LoggedAttempt]) -> Self {
        let costs = attempts.iter().filter_map(|attempt| attempt.cost.as_ref());
        let sum = costs.fold(domain::Cost::default(), |sum, cost| sum.plus(cost)).total();
        Self {
            object: "tollgate.request_attempts",
            request_id,
            attempts: attempts.iter().map(LoggedRequest::from).collect(),
            cost_nanos: sum.0,
            cost: sum.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_spelling() {
        assert_eq!(parse_place(&place_id(250_000)), Some(250_000));
        for id in [
            "",
            "log_",
            "log_0",
            "log_-1",
            "log_+1",
            "log_01",
            "log_F",
            "log_8000000000000000",
            "page_1",
            "log_1 ",
        ] {
            assert_eq!(parse_place(id), None, "{id}");
        }
    }
}
