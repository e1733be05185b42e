//! Blocks of the request log, taken apart.

use std::borrow::Cow;

use domain::advice::{Prints, PromptCall};
use domain::ports::StoreError;
use domain::{AttemptFilter, Cost, LoggedAttempt, Nanos, Outcome, RequestId, Timestamp, Tokens};
use serde::Deserialize;

use crate::columns::unreadable;

/// What few calls of a block differ in: a list in the order of these fields.
#[derive(Deserialize)]
pub(crate) struct Kind {
    operation: String,
    family: String,
    pub(super) project: String,
    pub(super) key: String,
    user: String,
    pub(super) model_asked: Option<String>,
    pub(super) model_served: Option<String>,
    service_tier: Option<String>,
    upstream: String,
    pub(super) status: u16,
    pub(super) outcome: String,
    stream: u8,
    batch: u8,
    estimated: u8,
    error: Option<String>,
    cache: Option<String>,
    shadow: u8,
    pub(super) prints: u8,
}

/// One call: a list in the order of these fields, of which most calls lack the last ones.
#[derive(Deserialize)]
pub(crate) struct Call<'b> {
    kind: usize,
    #[serde(borrow)]
    pub(crate) request: Cow<'b, str>,
    attempt: u32,
    since_base_ms: i64,
    input: u64,
    input_cached: u64,
    output: u64,
    output_reasoning: u64,
    cost: Option<i64>,
    cost_input: i64,
    cost_cached: i64,
    cost_output: i64,
    queue_us: u64,
    first_byte_us: u64,
    total_us: u64,
    bytes_in: u64,
    bytes_out: u64,
    #[serde(borrow)]
    upstream_request: Option<Cow<'b, str>>,
    #[serde(borrow)]
    user_label: Option<Cow<'b, str>>,
    #[serde(default)]
    input_cache_write: u64,
    #[serde(default)]
    input_audio: u64,
    #[serde(default)]
    input_image: u64,
    #[serde(default)]
    output_audio: u64,
    #[serde(default)]
    output_image: u64,
    #[serde(default)]
    images: u64,
    #[serde(default)]
    media_ms: u64,
    #[serde(default)]
    characters: u64,
    #[serde(default)]
    saved: Option<i64>,
    #[serde(default)]
    prompt: Option<i64>,
    #[serde(default)]
    prefix: Option<i64>,
}

/// Whether the kinds of a block can hold what is looked for, before they are taken apart. Ids and
/// names stand there as they are, but for those with something in them that a list writes otherwise.
pub(crate) fn may_match(kinds: &str, filter: &AttemptFilter) -> bool {
    let is_plain = |text: &str| text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\');
    let wanted = [&filter.project, &filter.key, &filter.model];
    wanted.into_iter().flatten().all(|text| !is_plain(text) || kinds.contains(&**text))
}

pub(crate) fn kinds(text: &str) -> Result<Vec<Kind>, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable("kinds"))
}

pub(crate) fn calls(text: &str) -> Result<Vec<Call<'_>>, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable("calls"))
}

impl Kind {
    /// Whether calls of this kind may match.
    pub(crate) fn matches(&self, filter: &AttemptFilter) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let model = filter.model.as_deref();
        let status = |(low, high)| (low..=high).contains(&self.status);
        is(&filter.project, &self.project)
            && is(&filter.key, &self.key)
            && model.is_none_or(|model| {
                [&self.model_served, &self.model_asked].iter().any(|m| m.as_deref() == Some(model))
            })
            && filter.status.is_none_or(status)
            && filter.outcome.is_none_or(|outcome| outcome.as_str() == self.outcome)
    }

    /// Whether a call of this kind may be one whose prompt is known.
    pub(crate) fn has_prints(&self) -> bool {
        self.prints != 0 && self.outcome == Outcome::Completed.as_str()
    }
}

impl Call<'_> {
    pub(crate) fn kind<'k>(&self, kinds: &'k [Kind]) -> Result<&'k Kind, StoreError> {
        kinds.get(self.kind).ok_or_else(|| unreadable("kind"))
    }

    pub(crate) fn attempt(
        &self,
        kind: &Kind,
        (place, base_ms): (i64, i64),
    ) -> Result<LoggedAttempt, StoreError> {
        let outcome = Outcome::parse(&kind.outcome).ok_or_else(|| unreadable("outcome"))?;
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        Ok(LoggedAttempt {
            place,
            request: RequestId::from(&*self.request),
            attempt: self.attempt,
            at: self.at(base_ms),
            operation: kind.operation.clone(),
            family: kind.family.clone(),
            project: kind.project.clone(),
            key: kind.key.clone(),
            user: kind.user.clone(),
            user_label: text(&self.user_label),
            model_asked: kind.model_asked.clone(),
            model_served: kind.model_served.clone(),
            service_tier: kind.service_tier.clone(),
            upstream: kind.upstream.clone(),
            upstream_request: text(&self.upstream_request),
            status: kind.status,
            outcome,
            stream: kind.stream != 0,
            batch: kind.batch != 0,
            estimated: kind.estimated != 0,
            tokens: self.tokens(),
            images: self.images,
            media_ms: self.media_ms,
            characters: self.characters,
            cost: self.cost.map(|total| {
                let [input, cached, output] =
                    [self.cost_input, self.cost_cached, self.cost_output].map(Nanos);
                Cost::from_total(Nanos(total), input, cached, output)
            }),
            error: kind.error.clone(),
            queue_us: self.queue_us,
            first_byte_us: self.first_byte_us,
            total_us: self.total_us,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            cache: kind.cache.clone(),
            saved: self.saved.map(Nanos),
            shadow: kind.shadow != 0,
        })
    }

    /// What advice on prompts asks of it, where it has a cost and hashes.
    pub(crate) fn prompt_call(&self, kind: &Kind, base_ms: i64) -> Option<PromptCall> {
        let model = kind.model_served.as_ref().or(kind.model_asked.as_ref());
        Some(PromptCall {
            project: kind.project.clone(),
            model: model.cloned().unwrap_or_default(),
            at: self.at(base_ms),
            prints: Prints {
                prompt: self.prompt?.cast_unsigned(),
                prefix: self.prefix.map(i64::cast_unsigned),
            },
            cost: Nanos(self.cost?),
            input: self.input,
            cached: self.input_cached,
        })
    }

    fn at(&self, base_ms: i64) -> Timestamp {
        Timestamp(base_ms.saturating_add(self.since_base_ms))
    }

    fn tokens(&self) -> Tokens {
        Tokens {
            input: self.input,
            input_cached: self.input_cached,
            input_cache_write: self.input_cache_write,
            input_audio: self.input_audio,
            input_image: self.input_image,
            output: self.output,
            output_reasoning: self.output_reasoning,
            output_audio: self.output_audio,
            output_image: self.output_image,
            ..Tokens::default()
        }
    }
}
