//! A plain answer as the chunks of a stream.

use serde_json::{Map, Value, json};

use super::{pieces, write_data};
use crate::surface::Meter;

/// What of a message comes in pieces, in this order.
const TEXTS: [&str; 4] = ["reasoning_content", "reasoning", "refusal", "content"];

pub(super) fn spread(meter: Meter, answer: &Map<String, Value>, usage: bool) -> Option<Vec<u8>> {
    let mut frame = answer.clone();
    let choices = frame.remove("choices")?;
    let told = frame.remove("usage").filter(|usage| !usage.is_null());
    if usage && told.is_none() {
        return None;
    }
    if meter == Meter::Chat {
        frame.insert("object".to_owned(), json!("chat.completion.chunk"));
    }
    if usage {
        frame.insert("usage".to_owned(), Value::Null);
    }
    let mut out = Chunks { frame, out: Vec::new() };
    for choice in choices.as_array()? {
        match meter {
            Meter::Chat => out.message(choice.as_object()?)?,
            _ => out.completion(choice.as_object()?)?,
        }
    }
    if let Some(told) = told.filter(|_| usage) {
        out.frame.insert("usage".to_owned(), told);
        out.push(Vec::new());
    }
    let mut out = out.out;
    out.extend_from_slice(b"data: [DONE]\n\n");
    Some(out)
}

struct Chunks {
    /// What every chunk has.
    frame: Map<String, Value>,
    out: Vec<u8>,
}

impl Chunks {
    fn push(&mut self, choices: Vec<Value>) {
        self.frame.insert("choices".to_owned(), Value::Array(choices));
        let chunk = Value::Object(std::mem::take(&mut self.frame));
        write_data(&chunk, &mut self.out);
        if let Value::Object(frame) = chunk {
            self.frame = frame;
        }
    }

    fn delta(&mut self, index: &Value, delta: Value, logprobs: Value) {
        self.push(vec![json!({
            "index": index, "delta": delta, "logprobs": logprobs, "finish_reason": null,
        })]);
    }

    fn message(&mut self, choice: &Map<String, Value>) -> Option<()> {
        let index = choice.get("index").unwrap_or(&Value::Null);
        let message = choice.get("message")?.as_object()?;
        let logprobs = choice.get("logprobs").and_then(Value::as_object);
        let mut first = message.clone();
        first.remove("tool_calls");
        first.remove("function_call");
        for key in TEXTS {
            match first.get(key) {
                Some(Value::String(_)) if key == "content" => {
                    first.insert(key.to_owned(), json!(""))
                }
                Some(Value::String(_)) => first.insert(key.to_owned(), Value::Null),
                _ => None,
            };
        }
        if first.get("annotations").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            first.remove("annotations");
        }
        self.delta(index, Value::Object(first), Value::Null);
        for key in TEXTS {
            let Some(text) = message.get(key).and_then(Value::as_str) else { continue };
            let tokens = logprobs.and_then(|all| all.get(key)).and_then(Value::as_array);
            for (piece, token) in with_tokens(text, tokens) {
                let logprobs = token.map_or(Value::Null, |tokens| {
                    let mut told = json!({"content": null, "refusal": null});
                    told[key] = Value::Array(tokens);
                    told
                });
                self.delta(index, json!({ key: piece }), logprobs);
            }
        }
        self.calls(index, message);
        self.push(vec![json!({
            "index": index, "delta": {}, "logprobs": null,
            "finish_reason": choice.get("finish_reason"),
        })]);
        Some(())
    }

    fn calls(&mut self, index: &Value, message: &Map<String, Value>) {
        let calls = message.get("tool_calls").and_then(Value::as_array);
        for (at, call) in calls.into_iter().flatten().enumerate() {
            // A function's arguments, or what a custom tool is given.
            let part = |of: &str, text: &str| {
                Some((of.to_owned(), text.to_owned(), call.get(of)?.get(text)?.as_str()?))
            };
            let text = part("function", "arguments").or_else(|| part("custom", "input"));
            let mut first = call.clone();
            first["index"] = json!(at);
            if let Some((of, key, _)) = &text {
                first[of][key] = json!("");
            }
            self.delta(index, json!({ "tool_calls": [first] }), Value::Null);
            let Some((of, key, text)) = text else { continue };
            for piece in pieces(text) {
                let call = json!({ "index": at, of.as_str(): { key.as_str(): piece } });
                self.delta(index, json!({ "tool_calls": [call] }), Value::Null);
            }
        }
        if let Some(call) = message.get("function_call").filter(|call| !call.is_null()) {
            self.delta(index, json!({ "function_call": call }), Value::Null);
        }
    }

    fn completion(&mut self, choice: &Map<String, Value>) -> Option<()> {
        let text = choice.get("text")?.as_str()?;
        let logprobs = choice.get("logprobs").filter(|told| !told.is_null());
        let mut one = |text: &str, logprobs: &Value, finish: &Value| {
            let mut chunk = choice.clone();
            chunk.insert("text".to_owned(), json!(text));
            chunk.insert("logprobs".to_owned(), logprobs.clone());
            chunk.insert("finish_reason".to_owned(), finish.clone());
            self.push(vec![Value::Object(chunk)]);
        };
        match logprobs {
            // They tell of all of the text: it stays in one piece.
            Some(told) => one(text, told, &Value::Null),
            None => pieces(text).for_each(|piece| one(piece, &Value::Null, &Value::Null)),
        }
        one("", &Value::Null, choice.get("finish_reason").unwrap_or(&Value::Null));
        Some(())
    }
}

/// The pieces of a text, each with the tokens that it is told with: one by one where together they
/// are the text, else all with all of it.
fn with_tokens<'t>(
    text: &'t str,
    tokens: Option<&Vec<Value>>,
) -> Vec<(&'t str, Option<Vec<Value>>)> {
    let Some(tokens) = tokens.filter(|tokens| !tokens.is_empty()) else {
        return pieces(text).map(|piece| (piece, None)).collect();
    };
    let mut rest = text;
    let mut found = Vec::with_capacity(tokens.len());
    for token in tokens {
        let written = token.get("token").and_then(Value::as_str).unwrap_or("\0");
        let Some(behind) = rest.strip_prefix(written) else {
            return vec![(text, Some(tokens.clone()))];
        };
        found.push((&rest[..written.len()], Some(vec![token.clone()])));
        rest = behind;
    }
    if rest.is_empty() { found } else { vec![(text, Some(tokens.clone()))] }
}
