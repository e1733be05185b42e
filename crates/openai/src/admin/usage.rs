//! Usage pages: `{object: "page", data: [bucket], has_more, next_page}`.

use domain::UsageRow;
use serde::Serialize;

#[derive(Serialize)]
pub struct UsagePage<T> {
    object: &'static str,
    data: Vec<UsageBucket<T>>,
    has_more: bool,
    next_page: Option<String>,
}

impl<T> UsagePage<T> {
    #[must_use]
    pub fn of(data: Vec<UsageBucket<T>>, next_page: Option<String>) -> Self {
        Self { object: "page", data, has_more: next_page.is_some(), next_page }
    }
}

/// One bucket; without calls its results are an empty list.
#[derive(Serialize)]
pub struct UsageBucket<T> {
    object: &'static str,
    start_time: i64,
    end_time: i64,
    results: Vec<T>,
}

impl<T> UsageBucket<T> {
    #[must_use]
    pub fn new(start_time: i64, end_time: i64, results: Vec<T>) -> Self {
        Self { object: "bucket", start_time, end_time, results }
    }
}

/// `organization.usage.completions.result`.
///
/// OpenAI's `input_text_tokens`, `input_audio_tokens` and `input_image_tokens` are the uncached
/// ones. Providers report cached tokens without their modality in nearly every answer; all of them
/// are shown as text.
#[derive(Serialize)]
pub struct CompletionsResult {
    object: &'static str,
    input_tokens: u64,
    input_cached_tokens: u64,
    input_cache_write_tokens: u64,
    input_uncached_tokens: u64,
    output_tokens: u64,
    input_text_tokens: u64,
    output_text_tokens: u64,
    input_cached_text_tokens: u64,
    input_audio_tokens: u64,
    input_cached_audio_tokens: u64,
    output_audio_tokens: u64,
    input_image_tokens: u64,
    input_cached_image_tokens: u64,
    output_image_tokens: u64,
    num_model_requests: u64,
    project_id: Option<String>,
    user_id: Option<String>,
    api_key_id: Option<String>,
    model: Option<String>,
    batch: Option<bool>,
    service_tier: Option<String>,
}

impl From<UsageRow> for CompletionsResult {
    fn from(row: UsageRow) -> Self {
        let tokens = row.tokens;
        let uncached = tokens
            .input
            .saturating_sub(tokens.input_cached)
            .saturating_sub(tokens.input_cache_write);
        Self {
            object: "organization.usage.completions.result",
            input_tokens: tokens.input,
            input_cached_tokens: tokens.input_cached,
            input_cache_write_tokens: tokens.input_cache_write,
            input_uncached_tokens: uncached,
            output_tokens: tokens.output,
            input_text_tokens: uncached
                .saturating_sub(tokens.input_audio)
                .saturating_sub(tokens.input_image),
            output_text_tokens: tokens
                .output
                .saturating_sub(tokens.output_audio)
                .saturating_sub(tokens.output_image),
            input_cached_text_tokens: tokens.input_cached,
            input_audio_tokens: tokens.input_audio,
            input_cached_audio_tokens: 0,
            output_audio_tokens: tokens.output_audio,
            input_image_tokens: tokens.input_image,
            input_cached_image_tokens: 0,
            output_image_tokens: tokens.output_image,
            num_model_requests: row.requests,
            project_id: row.project,
            user_id: row.user,
            api_key_id: row.key,
            model: row.model,
            batch: row.batch,
            service_tier: row.service_tier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Tokens;

    #[test]
    fn uncached_tokens_exclude_cache_reads_and_writes() {
        let tokens = Tokens {
            input: 100,
            input_cached: 30,
            input_cache_write: 20,
            input_audio: 10,
            output: 9,
            output_audio: 4,
            ..Tokens::default()
        };
        let result = CompletionsResult::from(UsageRow { tokens, ..UsageRow::default() });
        assert_eq!((result.input_uncached_tokens, result.input_text_tokens), (50, 40));
        assert_eq!(result.output_text_tokens, 5);
    }
}
