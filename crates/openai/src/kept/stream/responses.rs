//! Responses: a stream's last event holds the plain answer, and a plain answer tells all that the
//! events before it would have.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::pieces;
use crate::sse;

#[derive(Deserialize)]
struct Last<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

pub(super) fn last(events: &[u8]) -> Option<Vec<u8>> {
    let mut whole = None;
    for span in sse::events(events) {
        let data = sse::data(&events[span]);
        if data.is_empty() || data.starts_with(b"[DONE]") {
            continue;
        }
        let event: Last<'_> = serde_json::from_slice(&data).ok()?;
        match event.kind {
            "error" | "response.failed" | "response.incomplete" => return None,
            "response.completed" => whole = Some(event.response?.get().as_bytes().to_vec()),
            _ => {}
        }
    }
    whole
}

pub(super) fn events(answer: &Map<String, Value>) -> Option<Vec<u8>> {
    let mut begun = answer.clone();
    begun.insert("status".to_owned(), json!("in_progress"));
    begun.insert("output".to_owned(), json!([]));
    begun.insert("usage".to_owned(), Value::Null);
    begun.remove("completed_at");
    // A convenience of some libraries, and no part of what is sent at first.
    begun.remove("output_text");
    let mut to = Events { out: Vec::new(), number: 0 };
    to.push("response.created", json!({ "response": begun }));
    to.push("response.in_progress", json!({ "response": begun }));
    for (index, item) in answer.get("output")?.as_array()?.iter().enumerate() {
        to.item(index, item.as_object()?);
    }
    to.push("response.completed", json!({ "response": answer }));
    Some(to.out)
}

struct Events {
    out: Vec<u8>,
    number: u64,
}

impl Events {
    fn push(&mut self, kind: &str, mut event: Value) {
        event["type"] = json!(kind);
        event["sequence_number"] = json!(self.number);
        self.number += 1;
        self.out.extend_from_slice(b"event: ");
        self.out.extend_from_slice(kind.as_bytes());
        self.out.push(b'\n');
        super::write_data(&event, &mut self.out);
    }

    fn item(&mut self, index: usize, item: &Map<String, Value>) {
        let mut begun = item.clone();
        if begun.contains_key("status") {
            begun.insert("status".to_owned(), json!("in_progress"));
        }
        for (key, empty) in [
            ("content", json!([])),
            ("summary", json!([])),
            ("arguments", json!("")),
            ("input", json!("")),
        ] {
            if begun.get(key).is_some_and(|value| !value.is_null()) {
                begun.insert(key.to_owned(), empty);
            }
        }
        self.push("response.output_item.added", json!({ "output_index": index, "item": begun }));
        let place = json!({ "item_id": item.get("id"), "output_index": index });
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        match item.get("type").and_then(Value::as_str) {
            Some("function_call") => {
                let done = json!({
                    "name": item.get("name"), "arguments": item.get("arguments"),
                });
                let stem = "response.function_call_arguments";
                self.text(stem, &place, text("arguments").unwrap_or_default(), done);
            }
            Some("custom_tool_call") => {
                let done = json!({ "input": item.get("input") });
                let stem = "response.custom_tool_call_input";
                self.text(stem, &place, text("input").unwrap_or_default(), done);
            }
            _ => {
                self.parts(&place, item, ("summary", "summary_index", "reasoning_summary_part"));
                self.parts(&place, item, ("content", "content_index", "content_part"));
            }
        }
        self.push("response.output_item.done", json!({ "output_index": index, "item": item }));
    }

    /// The parts of an item's list, each begun, told and ended.
    fn parts(
        &mut self,
        place: &Value,
        item: &Map<String, Value>,
        (list, index, events): (&str, &str, &str),
    ) {
        let parts = item.get(list).and_then(Value::as_array);
        for (at, part) in parts.into_iter().flatten().enumerate() {
            let mut here = place.clone();
            here[index] = json!(at);
            let (stem, key) = match part.get("type").and_then(Value::as_str) {
                Some("refusal") => ("response.refusal", "refusal"),
                Some("summary_text") => ("response.reasoning_summary_text", "text"),
                Some("reasoning_text") => ("response.reasoning_text", "text"),
                _ => ("response.output_text", "text"),
            };
            let text = part.get(key).and_then(Value::as_str).unwrap_or_default();
            let mut begun = part.clone();
            begun[key] = json!("");
            if begun.get("annotations").is_some() {
                begun["annotations"] = json!([]);
            }
            if begun.get("logprobs").is_some() {
                begun["logprobs"] = json!([]);
            }
            self.push(&format!("response.{events}.added"), with(&here, json!({ "part": begun })));
            let mut done = json!({ key: text });
            if stem == "response.output_text" {
                done["logprobs"] = part.get("logprobs").cloned().unwrap_or_else(|| json!([]));
            }
            self.annotated(stem, &here, part, (text, done));
            self.push(&format!("response.{events}.done"), with(&here, json!({ "part": part })));
        }
    }

    fn annotated(&mut self, stem: &str, here: &Value, part: &Value, (text, done): (&str, Value)) {
        let written = stem == "response.output_text";
        for piece in pieces(text) {
            let mut delta = with(here, json!({ "delta": piece }));
            if written {
                delta["logprobs"] = json!([]);
            }
            self.push(&format!("{stem}.delta"), delta);
        }
        let annotations = part.get("annotations").and_then(Value::as_array);
        for (at, annotation) in annotations.into_iter().flatten().enumerate() {
            let told = json!({ "annotation_index": at, "annotation": annotation });
            self.push(&format!("{stem}.annotation.added"), with(here, told));
        }
        self.push(&format!("{stem}.done"), with(here, done));
    }

    fn text(&mut self, stem: &str, place: &Value, text: &str, done: Value) {
        for piece in pieces(text) {
            self.push(&format!("{stem}.delta"), with(place, json!({ "delta": piece })));
        }
        self.push(&format!("{stem}.done"), with(place, done));
    }
}

fn with(place: &Value, more: Value) -> Value {
    let mut all = place.clone();
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}
