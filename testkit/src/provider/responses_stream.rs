//! A response as its sequence of events.

use serde_json::{Value, json};

use super::chat::halves;
use super::reply::{Piece, event};

/// The response before it has any output.
pub(crate) fn begun(whole: &Value) -> Value {
    let mut begun = whole.clone();
    begun["status"] = json!("in_progress");
    begun["incomplete_details"] = Value::Null;
    begun["output"] = json!([]);
    begun["usage"] = Value::Null;
    begun
}

/// All events of a finished response, numbered from zero.
pub(crate) fn events(whole: &Value, gap: u64) -> Vec<Piece> {
    let begun = begun(whole);
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    for (index, item) in whole["output"].as_array().into_iter().flatten().enumerate() {
        match item["type"].as_str() {
            Some("message") => message(index, item, &mut events),
            _ => function_call(index, item, &mut events),
        }
    }
    let last = format!("response.{}", whole["status"].as_str().unwrap_or("completed"));
    events.push(json!({"type": last, "response": whole}));
    let numbered = events.into_iter().enumerate().map(|(number, mut one)| {
        one["sequence_number"] = json!(number);
        Piece::new(gap, event(&one))
    });
    numbered.collect()
}

fn item_event(name: &str, index: usize, item: &Value) -> Value {
    json!({"type": format!("response.output_item.{name}"), "output_index": index, "item": item})
}

fn message(index: usize, item: &Value, events: &mut Vec<Value>) {
    let id = &item["id"];
    let part = &item["content"][0];
    let text = part["text"].as_str().unwrap_or_default();
    let mut empty = item.clone();
    empty["status"] = json!("in_progress");
    empty["content"] = json!([]);
    events.push(item_event("added", index, &empty));
    let mut blank = part.clone();
    blank["text"] = json!("");
    let at = |name: &str| {
        json!({
            "type": format!("response.{name}"),
            "item_id": id, "output_index": index, "content_index": 0,
        })
    };
    let with = |name: &str, key: &str, value: Value| {
        let mut one = at(name);
        one[key] = value;
        one
    };
    events.push(with("content_part.added", "part", blank));
    for piece in text.split_inclusive(' ') {
        let mut delta = with("output_text.delta", "delta", json!(piece));
        delta["logprobs"] = json!([]);
        delta["obfuscation"] = json!("k3Qz8");
        events.push(delta);
    }
    let mut done = with("output_text.done", "text", json!(text));
    done["logprobs"] = json!([]);
    events.push(done);
    events.push(with("content_part.done", "part", part.clone()));
    events.push(item_event("done", index, item));
}

fn function_call(index: usize, item: &Value, events: &mut Vec<Value>) {
    let arguments = item["arguments"].as_str().unwrap_or_default();
    let mut empty = item.clone();
    empty["status"] = json!("in_progress");
    empty["arguments"] = json!("");
    events.push(item_event("added", index, &empty));
    let at = |name: &str, key: &str, value: &str| {
        json!({
            "type": format!("response.function_call_arguments.{name}"),
            "item_id": item["id"], "output_index": index, key: value,
        })
    };
    for part in halves(arguments) {
        events.push(at("delta", "delta", &part));
    }
    let mut done = at("done", "arguments", arguments);
    done["name"] = item["name"].clone();
    events.push(done);
    events.push(item_event("done", index, item));
}
