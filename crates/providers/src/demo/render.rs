//! The demo's answer in the two dialects, whole or as events.

use bytes::Bytes;
use serde_json::{Value, json};

use super::Answer;
use crate::tokens;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Chat,
    Responses,
}

/// What both dialects tell.
struct Told<'a> {
    id: String,
    now: i64,
    model: &'a str,
    text: String,
    input: u64,
    output: u64,
    reason: &'static str,
}

pub(super) fn render(request: &Value, nonce: &str, now: i64, dialect: Dialect) -> Answer {
    let mut asked = String::new();
    let mut messages = 0;
    collect(request.get("messages").or(request.get("input")), &mut asked, &mut messages);
    let said: String = asked.chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
    let mut text = format!(
        "Hello from Tollgate's built-in demo provider. No language model was asked; you said: {said}"
    );
    let most = ["max_completion_tokens", "max_tokens", "max_output_tokens"]
        .iter()
        .find_map(|name| request.get(name).and_then(Value::as_u64));
    let mut reason = "stop";
    if let Some(most) = most {
        while tokens::count(&text) > most && text.pop().is_some() {
            reason = "length";
        }
    }
    let prefix = if dialect == Dialect::Chat { "chatcmpl-demo" } else { "resp_demo" };
    let told = Told {
        id: format!("{prefix}{nonce}"),
        now,
        model: super::MODEL,
        input: tokens::count(&asked) + 4 * messages + 3,
        output: tokens::count(&text),
        text,
        reason,
    };
    let stream = request.get("stream") == Some(&Value::Bool(true));
    let usage = request.pointer("/stream_options/include_usage") == Some(&Value::Bool(true));
    match (dialect, stream) {
        (Dialect::Chat, false) => chat(&told),
        (Dialect::Chat, true) => chat_stream(&told, usage),
        (Dialect::Responses, false) => {
            Answer::Json(200, response(&told, true).to_string().into_bytes().into())
        }
        (Dialect::Responses, true) => response_stream(&told),
    }
}

/// All text of a prompt, and how many messages it has.
fn collect(value: Option<&Value>, text: &mut String, messages: &mut u64) {
    match value {
        Some(Value::String(s)) => {
            *messages = (*messages).max(1);
            text.push_str(s);
        }
        Some(Value::Array(list)) => list.iter().for_each(|v| collect(Some(v), text, messages)),
        Some(Value::Object(map)) => {
            *messages += u64::from(map.contains_key("role"));
            collect(map.get("content").or(map.get("text")), text, messages);
        }
        _ => {}
    }
}

fn chat_usage(told: &Told<'_>) -> Value {
    json!({"prompt_tokens": told.input, "completion_tokens": told.output,
           "total_tokens": told.input + told.output,
           "prompt_tokens_details": {"cached_tokens": 0},
           "completion_tokens_details": {"reasoning_tokens": 0}})
}

fn chat(told: &Told<'_>) -> Answer {
    let message = json!({"role": "assistant", "content": told.text, "refusal": null});
    let choice =
        json!({"index": 0, "message": message, "logprobs": null, "finish_reason": told.reason});
    let body = json!({"id": told.id, "object": "chat.completion", "created": told.now,
                      "model": told.model, "choices": [choice], "usage": chat_usage(told),
                      "service_tier": "default"});
    Answer::Json(200, body.to_string().into_bytes().into())
}

fn chat_stream(told: &Told<'_>, usage: bool) -> Answer {
    let chunk = |choices: Value, counted: Value| {
        let mut body = json!({"id": told.id, "object": "chat.completion.chunk", "created": told.now,
                          "model": told.model, "choices": choices});
        if usage {
            body["usage"] = counted;
        }
        Bytes::from(format!("data: {body}\n\n"))
    };
    let delta = |delta: Value, reason: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": reason}]), Value::Null)
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}), Value::Null)];
    for word in told.text.split_inclusive(' ') {
        events.push(delta(json!({"content": word}), Value::Null));
    }
    events.push(delta(json!({}), json!(told.reason)));
    if usage {
        events.push(chunk(json!([]), chat_usage(told)));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Answer::Stream(events)
}

fn message(told: &Told<'_>, done: bool) -> Value {
    let content = json!([{"type": "output_text", "text": told.text, "annotations": []}]);
    let content = if done { content } else { json!([]) };
    let status = if done { "completed" } else { "in_progress" };
    json!({"type": "message", "id": format!("msg_{}", &told.id[5..]), "role": "assistant",
           "status": status, "content": content})
}

fn response(told: &Told<'_>, done: bool) -> Value {
    let usage = json!({"input_tokens": told.input, "input_tokens_details": {"cached_tokens": 0},
                       "output_tokens": told.output, "output_tokens_details": {"reasoning_tokens": 0},
                       "total_tokens": told.input + told.output});
    json!({"id": told.id, "object": "response", "created_at": told.now, "model": told.model,
           "status": if done { "completed" } else { "in_progress" }, "error": null,
           "incomplete_details": null, "instructions": null, "metadata": {},
           "output": if done { json!([message(told, true)]) } else { json!([]) },
           "parallel_tool_calls": true, "temperature": 1.0, "top_p": 1.0, "tool_choice": "auto",
           "tools": [], "service_tier": "default",
           "usage": if done { usage } else { Value::Null }})
}

fn response_stream(told: &Told<'_>) -> Answer {
    let item = format!("msg_{}", &told.id[5..]);
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let mut bodies = vec![
        json!({"type": "response.created", "response": response(told, false)}),
        json!({"type": "response.in_progress", "response": response(told, false)}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": message(told, false)}),
        json!({"type": "response.content_part.added", "item_id": item, "output_index": 0,
               "content_index": 0, "part": part("")}),
    ];
    for word in told.text.split_inclusive(' ') {
        bodies.push(json!({"type": "response.output_text.delta", "item_id": item,
                           "output_index": 0, "content_index": 0, "delta": word, "logprobs": []}));
    }
    bodies.extend([
        json!({"type": "response.output_text.done", "item_id": item, "output_index": 0,
               "content_index": 0, "text": told.text, "logprobs": []}),
        json!({"type": "response.content_part.done", "item_id": item, "output_index": 0,
               "content_index": 0, "part": part(&told.text)}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message(told, true)}),
        json!({"type": "response.completed", "response": response(told, true)}),
    ]);
    let event = |(number, mut body): (usize, Value)| {
        body["sequence_number"] = json!(number);
        let kind = body["type"].as_str().unwrap_or_default().to_owned();
        Bytes::from(format!("event: {kind}\ndata: {body}\n\n"))
    };
    Answer::Stream(bodies.into_iter().enumerate().map(event).collect())
}
