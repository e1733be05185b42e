//! Chunks put together to a plain answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::sse;
use crate::surface::Meter;

/// Texts that come whole, however often they come.
const WHOLE: [&str; 5] = ["role", "id", "type", "name", "finish_reason"];

pub(super) fn gather(meter: Meter, events: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Map::new();
    let mut choices: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    let mut done = false;
    for (number, span) in sse::events(events).enumerate() {
        let event = &events[span];
        let data = sse::data(if number == 0 { sse::without_mark(event) } else { event });
        if data.is_empty() {
            continue;
        }
        if done {
            return None;
        }
        if data.starts_with(b"[DONE]") {
            done = true;
            continue;
        }
        let mut chunk: Map<String, Value> = serde_json::from_slice(&data).ok()?;
        if chunk.get("error").is_some_and(|error| !error.is_null()) {
            return None;
        }
        for choice in list(chunk.remove("choices"))? {
            take(choice, &mut choices)?;
        }
        chunk.remove("obfuscation");
        // What is told once may be `null` in all other chunks.
        for (key, value) in chunk {
            let told = whole.get(&key).is_some_and(|told: &Value| !told.is_null());
            if !told || !value.is_null() {
                whole.insert(key, value);
            }
        }
    }
    if !done || whole.is_empty() {
        return None;
    }
    let chat = meter == Meter::Chat;
    if chat {
        whole.insert("object".to_owned(), json!("chat.completion"));
    }
    let finished = choices.into_values().map(|choice| if chat { said(choice) } else { choice });
    whole.insert("choices".to_owned(), finished.map(Value::Object).collect());
    serde_json::to_vec(&whole).ok()
}

fn list(value: Option<Value>) -> Option<Vec<Value>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(list)) => Some(list),
        Some(_) => None,
    }
}

fn take(choice: Value, choices: &mut BTreeMap<u64, Map<String, Value>>) -> Option<()> {
    let Value::Object(mut choice) = choice else { return None };
    let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
    let known = choices.entry(index).or_default();
    if let Some(delta) = choice.remove("delta") {
        merge(known.entry("message").or_insert_with(|| json!({})), delta, "message");
    }
    for (key, value) in choice {
        merge(known.entry(key.as_str()).or_insert(Value::Null), value, &key);
    }
    Some(())
}

/// Adds a piece to what came before it.
fn merge(known: &mut Value, piece: Value, key: &str) {
    match (&mut *known, piece) {
        (_, Value::Null) => {}
        (Value::String(text), Value::String(more)) if !WHOLE.contains(&key) => text.push_str(&more),
        // A name that comes again empty is no other name.
        (Value::String(text), Value::String(more)) if more.is_empty() && !text.is_empty() => {}
        (Value::Object(known), Value::Object(piece)) => {
            for (key, value) in piece {
                merge(known.entry(key.as_str()).or_insert(Value::Null), value, &key);
            }
        }
        (Value::Array(known), Value::Array(piece)) => {
            piece.into_iter().for_each(|element| place(known, element));
        }
        (Value::Null, Value::Array(piece)) => {
            let mut placed = Vec::with_capacity(piece.len());
            piece.into_iter().for_each(|element| place(&mut placed, element));
            *known = Value::Array(placed);
        }
        (known, piece) => *known = piece,
    }
}

/// Puts a list's element where its `index` says, else behind the others.
fn place(list: &mut Vec<Value>, element: Value) {
    let index = |value: &Value| value.get("index").and_then(Value::as_u64);
    match index(&element).and_then(|at| list.iter_mut().find(|e| index(e) == Some(at))) {
        Some(known) => merge(known, element, ""),
        None => list.push(element),
    }
}

/// A choice as a plain chat answer has it.
fn said(mut choice: Map<String, Value>) -> Map<String, Value> {
    let message = choice.entry("message").or_insert_with(|| json!({}));
    if let Value::Object(message) = message {
        for call in
            message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten()
        {
            call.as_object_mut().map(|call| call.remove("index"));
        }
        message.entry("role").or_insert_with(|| json!("assistant"));
        let other = ["tool_calls", "function_call", "refusal"];
        let says_other = other.iter().any(|key| message.get(*key).is_some_and(|v| !v.is_null()));
        let content = message.entry("content").or_insert(Value::Null);
        if says_other && content.as_str() == Some("") {
            *content = Value::Null;
        }
        message.entry("refusal").or_insert(Value::Null);
        message.entry("annotations").or_insert_with(|| json!([]));
    }
    choice.entry("logprobs").or_insert(Value::Null);
    choice
}
