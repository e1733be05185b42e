//! The built-in `demo` provider: it needs no account, says what it is, streams and counts tokens.
//!
//! It is a pure function from a request to an [`Answer`]; whoever serves it adds the pauses.

use bytes::Bytes;
use serde_json::{Value, json};

mod render;

/// The demo's one chat model, listed first.
pub const MODEL: &str = "demo-chat";

/// What the demo answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// A status and a JSON body.
    Json(u16, Bytes),
    /// Events to be sent one after the other.
    Stream(Vec<Bytes>),
}

/// When the demo's models "were made", Unix seconds.
const CREATED: i64 = 1_767_225_600;

/// Answers a request. `path` stands behind `/v1`; `nonce` makes ids differ; `now` in Unix seconds.
#[must_use]
pub fn answer(method: &str, path: &str, body: &[u8], nonce: &str, now: i64) -> Answer {
    let request = || serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
    match (method, path) {
        ("GET", "/models") => json_answer(200, &json!({"object": "list", "data": [model()]})),
        ("GET", _) if path.strip_prefix("/models/") == Some(MODEL) => json_answer(200, &model()),
        ("GET", _) if path.starts_with("/models/") => unknown_model(&path["/models/".len()..]),
        ("POST", "/chat/completions") => generate(request(), nonce, now, render::Dialect::Chat),
        ("POST", "/responses") => generate(request(), nonce, now, render::Dialect::Responses),
        _ => refusal(404, &format!("The demo provider does not serve {method} {path}."), None),
    }
}

fn generate(request: Option<Value>, nonce: &str, now: i64, dialect: render::Dialect) -> Answer {
    let Some(request) = request else {
        return refusal(400, "The body must be a JSON object.", None);
    };
    match request.get("model").and_then(Value::as_str) {
        Some(MODEL) => render::render(&request, nonce, now, dialect),
        Some(other) => unknown_model(other),
        None => refusal(400, "you must provide a model parameter", None),
    }
}

fn model() -> Value {
    json!({"id": MODEL, "object": "model", "created": CREATED, "owned_by": "tollgate-demo"})
}

fn unknown_model(name: &str) -> Answer {
    let message = format!(
        "The model `{name}` does not exist or you do not have access to it. The demo has one model: {MODEL}."
    );
    refusal(404, &message, Some("model_not_found"))
}

fn refusal(status: u16, message: &str, code: Option<&str>) -> Answer {
    let error =
        json!({"message": message, "type": "invalid_request_error", "param": null, "code": code});
    json_answer(status, &json!({ "error": error }))
}

fn json_answer(status: u16, value: &Value) -> Answer {
    Answer::Json(status, Bytes::from(value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(body: &str) -> Answer {
        answer("POST", "/chat/completions", body.as_bytes(), "n1", 5)
    }

    #[test]
    fn it_says_what_it_is_and_counts() {
        let body = r#"{"model":"demo-chat","messages":[{"role":"user","content":"hello world"}]}"#;
        let Answer::Json(200, bytes) = chat(body) else { panic!("no answer") };
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(text.contains("demo"), "{text}");
        assert_eq!(answer["usage"]["completion_tokens"], crate::tokens::count(text));
        assert_eq!(answer["usage"]["prompt_tokens"], 2 + 4 + 3);
    }

    #[test]
    fn a_stream_carries_the_same_text_and_usage_when_asked() {
        let body = r#"{"model":"demo-chat","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#;
        let Answer::Stream(events) = chat(body) else { panic!("no stream") };
        assert_eq!(events.last().unwrap(), "data: [DONE]\n\n");
        assert!(events[events.len() - 2].windows(7).any(|w| w == b"\"usage\""));
        let mut text = Vec::new();
        for event in &events {
            openai::answer::delta_text(&openai::sse::data(event), &mut text, 10_000);
        }
        assert!(String::from_utf8(text).unwrap().contains("demo"));
    }

    #[test]
    fn responses_end_with_their_terminal_event() {
        let body = br#"{"model":"demo-chat","input":"hi","stream":true}"#;
        let Answer::Stream(events) = answer("POST", "/responses", body, "n1", 5) else {
            panic!("no stream")
        };
        assert!(events[0].starts_with(b"event: response.created\n"));
        assert!(events.last().unwrap().starts_with(b"event: response.completed\n"));
    }

    #[test]
    fn what_it_does_not_know_it_refuses_in_the_envelope() {
        for (answer, status) in [
            (chat(r#"{"model":"gpt-4o"}"#), 404),
            (chat("{}"), 400),
            (chat("x"), 400),
            (answer("POST", "/images/generations", b"{}", "n", 1), 404),
        ] {
            let Answer::Json(got, body) = answer else { panic!("a stream") };
            assert_eq!(got, status);
            assert!(body.starts_with(b"{\"error\""));
        }
    }
}
