//! How the fake counts: a token is a word between spaces. And what it says.

use serde_json::{Value, json};

use super::bill::Tokens;

/// The longest answer that a marker can ask for.
const WORDS_LIMIT: u64 = 1_000_000;

/// The path of a request target.
pub(crate) fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

/// All text in a prompt, whatever its form.
pub(crate) fn text_of(value: &Value) -> String {
    let mut out = String::new();
    collect(value, &mut out);
    out
}

fn collect(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push_str(text);
            out.push('\n');
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, out)),
        Value::Object(fields) => {
            for name in ["content", "text", "input", "output", "arguments"] {
                if let Some(inner) = fields.get(name) {
                    collect(inner, out);
                }
            }
        }
        _ => {}
    }
}

pub(crate) fn count(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

/// The number in `[[name=N]]`.
pub(crate) fn marker(text: &str, name: &str) -> Option<u64> {
    let start = format!("[[{name}=");
    let at = text.rfind(&start)? + start.len();
    text[at..].split_once("]]")?.0.trim().parse().ok()
}

/// The pause before each piece of a stream.
pub(crate) fn gap(text: &str) -> u64 {
    marker(text, "gap_ms").unwrap_or(0)
}

/// The words of the answer to a prompt, cut at `limit`; true when it was cut.
pub(crate) fn answer(prompt: &str, limit: Option<u64>) -> (Vec<String>, bool) {
    let wanted = marker(prompt, "words").map(|n| n.min(WORDS_LIMIT));
    let mut words: Vec<String> = match wanted {
        Some(n) => (1..=n).map(|i| format!("word{i}")).collect(),
        None => {
            let text = format!("Hello from the fake provider to your {} words.", count(prompt));
            text.split(' ').map(str::to_owned).collect()
        }
    };
    let limit = limit.map_or(usize::MAX, |n| n as usize);
    let cut = words.len() > limit;
    words.truncate(limit);
    (words, cut)
}

/// Words as the pieces of a stream: each but the first with the space before it.
pub(crate) fn pieces(words: &[String]) -> Vec<String> {
    let one = |(i, word): (usize, &String)| match i {
        0 => word.clone(),
        _ => format!(" {word}"),
    };
    words.iter().enumerate().map(one).collect()
}

/// The tokens of an exchange: what was said, plus the kinds asked for by markers.
pub(crate) fn tokens(prompt: &str, output: u64) -> Tokens {
    let part = |name| marker(prompt, name).unwrap_or(0);
    let (cached, cache_write) = (part("cached"), part("cache_write"));
    let (audio_in, image_in) = (part("audio_in"), part("image_in"));
    let (reasoning, audio_out, image_out) =
        (part("reasoning"), part("audio_out"), part("image_out"));
    Tokens {
        input: count(prompt) + 3 + cached + cache_write + audio_in + image_in,
        cached,
        cache_write,
        output: output + reasoning + audio_out + image_out,
        reasoning,
        audio_in,
        audio_out,
        image_in,
        image_out,
    }
}

/// `usage` as chat and the legacy completions have it.
pub(crate) fn chat_usage(t: &Tokens) -> Value {
    json!({
        "prompt_tokens": t.input,
        "completion_tokens": t.output,
        "total_tokens": t.input + t.output,
        "prompt_tokens_details": {
            "cached_tokens": t.cached,
            "cache_write_tokens": t.cache_write,
            "audio_tokens": t.audio_in,
            "image_tokens": t.image_in,
        },
        "completion_tokens_details": {
            "reasoning_tokens": t.reasoning,
            "audio_tokens": t.audio_out,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

/// `usage` as Responses have it: there is no audio and no picture in it.
pub(crate) fn response_usage(t: &Tokens) -> Value {
    json!({
        "input_tokens": t.input,
        "input_tokens_details": {
            "cached_tokens": t.cached,
            "cache_write_tokens": t.cache_write,
        },
        "output_tokens": t.output,
        "output_tokens_details": {"reasoning_tokens": t.reasoning},
        "total_tokens": t.input + t.output,
    })
}

/// The tier that is really used for the one asked for.
pub(crate) fn service_tier(body: &Value) -> &str {
    match body["service_tier"].as_str() {
        None | Some("auto") => "default",
        Some("fast") => "priority",
        Some(other) => other,
    }
}
