//! Whether an answer is one to be kept: whole, a success, not filtered, not cut by anybody but the
//! caller, and without traces of work that would come out otherwise tomorrow.

use std::ops::Range;

use serde_json::Value;

use super::stream;
use crate::answer::Scan;
use crate::json::{self, Visit};
use crate::surface::Meter;

/// Longer answers are not kept.
pub const LONGEST: usize = 8 << 20;

/// What a response may consist of: what the model wrote, and what it asks of the caller.
const OWN_ITEMS: [&str; 4] = ["message", "function_call", "custom_tool_call", "reasoning"];

/// Whether an answer may be kept. `own_maximum`: the caller bounded it; one that ends at a maximum
/// which anybody else chose is not what was asked for.
#[must_use]
pub fn is_keepable(meter: Meter, events: bool, answer: &[u8], own_maximum: bool) -> bool {
    if answer.len() > LONGEST {
        return false;
    }
    let plain;
    let answer = if events {
        let Some(made) = stream::to_plain(meter, answer) else { return false };
        plain = made;
        &plain
    } else {
        answer
    };
    match meter {
        Meter::Embeddings => {
            // The scanner takes what is cut off for what it is until there.
            let whole = json::walk(answer, &mut Unseen).is_ok();
            let noted = Scan::whole(answer);
            whole && noted.list && noted.elements > 0 && !noted.error
        }
        _ => {
            serde_json::from_slice(answer).is_ok_and(|answer| is_whole(meter, &answer, own_maximum))
        }
    }
}

/// Only whether it is JSON.
struct Unseen;

impl Visit for Unseen {
    fn key(&mut self, _: usize, _: Range<usize>) {}
    fn string(&mut self, _: usize, _: Range<usize>) {}
    fn literal(&mut self, _: usize, _: Range<usize>) {}
    fn open(&mut self, _: usize, _: usize, _: bool) {}
    fn close(&mut self, _: usize, _: usize) {}
}

fn is_whole(meter: Meter, answer: &Value, own_maximum: bool) -> bool {
    let list = |name: &str| answer.get(name).and_then(Value::as_array);
    let absent = |name: &str| answer.get(name).is_none_or(Value::is_null);
    let ended = |choice: &Value| match choice.get("finish_reason").and_then(Value::as_str) {
        Some("stop" | "tool_calls" | "function_call") => true,
        Some("length") => own_maximum,
        _ => false,
    };
    let silent = |choice: &Value| choice.pointer("/message/audio").is_none_or(Value::is_null);
    let own = |item: &Value| {
        item.get("type").and_then(Value::as_str).is_some_and(|kind| OWN_ITEMS.contains(&kind))
    };
    absent("error")
        && match meter {
            Meter::Chat | Meter::Completion => list("choices")
                .is_some_and(|all| !all.is_empty() && all.iter().all(|c| ended(c) && silent(c))),
            Meter::Responses => {
                answer.get("status").and_then(Value::as_str) == Some("completed")
                    && absent("incomplete_details")
                    && list("output").is_some_and(|all| all.iter().all(own))
            }
            Meter::Moderations => list("results").is_some_and(|all| !all.is_empty()),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(finish: &str) -> Vec<u8> {
        format!(
            r#"{{"id":"c","choices":[{{"index":0,"message":{{"role":"assistant","content":"a"}},"finish_reason":"stop"}},{{"index":1,"message":{{"content":"b"}},"finish_reason":"{finish}"}}]}}"#
        )
        .into_bytes()
    }

    #[test]
    fn every_choice_must_have_ended_by_itself() {
        for finish in ["stop", "tool_calls", "function_call"] {
            assert!(is_keepable(Meter::Chat, false, &chat(finish), false), "{finish}");
        }
        for finish in ["content_filter", "length", "error", ""] {
            assert!(!is_keepable(Meter::Chat, false, &chat(finish), false), "{finish}");
        }
        assert!(is_keepable(Meter::Chat, false, &chat("length"), true), "the caller's own");
        assert!(!is_keepable(Meter::Chat, false, &chat("content_filter"), true));
    }

    #[test]
    fn an_answer_that_is_none_is_not_kept() {
        for text in [
            "",
            "{",
            "[]",
            r#"{"choices":[]}"#,
            r#"{"error":{"message":"x"},"choices":[{"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"finish_reason":"stop","message":{"audio":{"id":"a"}}}]}"#,
        ] {
            assert!(!is_keepable(Meter::Chat, false, text.as_bytes(), true), "{text}");
        }
        let long =
            format!(r#"{{"x":"{}","choices":[{{"finish_reason":"stop"}}]}}"#, "x".repeat(LONGEST));
        assert!(!is_keepable(Meter::Chat, false, long.as_bytes(), false));
    }

    #[test]
    fn a_response_is_kept_when_it_is_complete_and_the_models_own() {
        let with = |status: &str, item: &str| {
            format!(
                r#"{{"status":"{status}","error":null,"incomplete_details":null,"output":[{{"type":"{item}"}}]}}"#
            )
        };
        for item in OWN_ITEMS {
            let text = with("completed", item);
            assert!(is_keepable(Meter::Responses, false, text.as_bytes(), false), "{item}");
        }
        for (status, item) in
            [("incomplete", "message"), ("failed", "message"), ("completed", "web_search_call")]
        {
            let text = with(status, item);
            assert!(!is_keepable(Meter::Responses, false, text.as_bytes(), true), "{text}");
        }
    }

    #[test]
    fn vectors_and_judgements_are_kept() {
        let vectors = br#"{"object":"list","data":[{"embedding":[0.1]}],"model":"m"}"#;
        assert!(is_keepable(Meter::Embeddings, false, vectors, false));
        assert!(!is_keepable(Meter::Embeddings, false, br#"{"data":[]}"#, false));
        // Cut off anywhere, as where a connection ends that told no length, it is none.
        for cut in 0..vectors.len() {
            assert!(!is_keepable(Meter::Embeddings, false, &vectors[..cut], false), "{cut}");
        }
        assert!(is_keepable(Meter::Moderations, false, br#"{"results":[{}]}"#, false));
        assert!(!is_keepable(Meter::Images, false, br#"{"data":[{}]}"#, false));
    }
}
