//! The answers, written out once when the origin starts: OpenAI's fields in OpenAI's order, as
//! text, since a JSON tree would sort them.

use bytes::Bytes;

use super::knobs::Knobs;

const MODELS: &str = r#"{"object":"list","data":[{"id":"gpt-4o-mini","object":"model","created":1721172741,"owned_by":"system"}]}"#;
const NOT_FOUND: &str = r#"{"error":{"message":"Unknown request URL.","type":"invalid_request_error","param":null,"code":"unknown_url"}}"#;
const USAGE: &str = r#"{"prompt_tokens":200,"completion_tokens":100,"total_tokens":300,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#;
const DELTA: &str =
    r#"[{"index":0,"delta":{"content":" tokens"},"logprobs":null,"finish_reason":null}]"#;
const FINISH: &str = r#"[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]"#;

/// Fills the completion up to about 1 KB.
const CONTENT_REPEATS: usize = 10;

pub(crate) struct Answers {
    pub(crate) completion: Bytes,
    pub(crate) models: Bytes,
    pub(crate) not_found: Bytes,
    plain: Events,
    with_usage: Events,
}

/// The events of a stream; a clone shares the bytes.
#[derive(Clone)]
pub(crate) struct Events {
    pub(crate) chunk: Bytes,
    pub(crate) finish: Bytes,
    pub(crate) usage: Option<Bytes>,
    pub(crate) done: Bytes,
}

impl Answers {
    pub(crate) fn new() -> Self {
        Self {
            completion: completion(),
            models: Bytes::from_static(MODELS.as_bytes()),
            not_found: Bytes::from_static(NOT_FOUND.as_bytes()),
            plain: Events::new(false),
            with_usage: Events::new(true),
        }
    }

    pub(crate) fn events(&self, knobs: &Knobs) -> Events {
        if knobs.include_usage { self.with_usage.clone() } else { self.plain.clone() }
    }
}

impl Events {
    fn new(include_usage: bool) -> Self {
        let quiet = include_usage.then_some("null");
        Self {
            chunk: chunk(DELTA, quiet),
            finish: chunk(FINISH, quiet),
            usage: include_usage.then(|| chunk("[]", Some(USAGE))),
            done: Bytes::from_static(b"data: [DONE]\n\n"),
        }
    }
}

fn completion() -> Bytes {
    let content = "The quick brown fox jumps over the lazy dog. ".repeat(CONTENT_REPEATS);
    let head = head("chat.completion");
    Bytes::from(format!(
        r#"{head},"choices":[{{"index":0,"message":{{"role":"assistant","content":"{content}","refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{USAGE},"service_tier":"default","system_fingerprint":"fp_0000000000"}}"#
    ))
}

fn chunk(choices: &str, usage: Option<&str>) -> Bytes {
    let head = head("chat.completion.chunk");
    let usage = usage.map(|usage| format!(r#","usage":{usage}"#)).unwrap_or_default();
    Bytes::from(format!(
        "data: {head},\"system_fingerprint\":\"fp_0000000000\",\"choices\":{choices}{usage}}}\n\n"
    ))
}

/// The fields that open every answer, without the closing brace.
fn head(object: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-bench00000000000000000000000","object":"{object}","created":1700000000,"model":"gpt-4o-mini-2024-07-18""#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_sizes_that_the_figures_name() {
        let answers = Answers::new();
        assert!((1_000..1_200).contains(&answers.completion.len()), "{}", answers.completion.len());
        for events in [&answers.plain, &answers.with_usage] {
            assert!((230..290).contains(&events.chunk.len()), "{}", events.chunk.len());
        }
        assert!(answers.plain.usage.is_none() && answers.with_usage.usage.is_some());
    }

    #[test]
    fn answers_are_json() {
        let answers = Answers::new();
        let usage = answers.with_usage.usage.unwrap();
        let events = [&answers.plain.chunk, &answers.with_usage.finish, &usage];
        for event in events.map(|event| event.strip_prefix(b"data: ").unwrap()) {
            serde_json::from_slice::<serde_json::Value>(event).unwrap();
        }
        for whole in [&answers.completion, &answers.models, &answers.not_found] {
            serde_json::from_slice::<serde_json::Value>(whole).unwrap();
        }
    }
}
