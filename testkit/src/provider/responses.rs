//! `/responses`: create, retrieve, delete, cancel, input items, input tokens, compact.

use serde_json::{Value, json};

use super::bill::{Charge, Tokens};
use super::calls::Call;
use super::reply::{Reply, bad_request, error, missing};
use super::world::World;
use super::{conversations, kinds, models, objects, responses_stream, schema, words};

/// Everything under `/responses`.
pub(crate) fn route(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    match (call.method.as_str(), rest) {
        ("POST", []) => create(call, world),
        ("POST", ["input_tokens"]) => {
            let tokens = words::tokens(&prompt(call), 0).input;
            Reply::json(&json!({"object": "response.input_tokens", "input_tokens": tokens}))
        }
        ("POST", ["compact"]) => compact(call, world),
        ("GET", [_]) => retrieve(call, world),
        ("POST", [id, "cancel"]) => cancel(id, world),
        _ => objects::answer(call, world),
    }
}

fn prompt(call: &Call) -> String {
    let input = words::text_of(&call.body["input"]);
    input + &words::text_of(&call.body["instructions"])
}

fn create(call: &Call, world: &mut World) -> Reply {
    if let Some(refusal) = refuse(call, world) {
        return refusal;
    }
    let prompt = prompt(call);
    let (output, tokens, cut) = output(call, &prompt, world);
    let model = call.text("model").unwrap_or("gpt-4o").to_owned();
    let mut whole = response(call, &model, world);
    whole["output"] = output;
    whole["usage"] = words::response_usage(&tokens);
    if cut {
        whole["status"] = json!("incomplete");
        whole["incomplete_details"] = json!({"reason": "max_output_tokens"});
    }
    store(call, &whole, world);
    let charge = Charge { model, tokens, reported: true, ..Charge::default() };
    if call.flag("stream") {
        let pieces = responses_stream::events(&whole, words::gap(&prompt));
        return Reply::sse(pieces).charge(charge);
    }
    if call.flag("background") {
        let mut queued = responses_stream::begun(&whole);
        queued["status"] = json!("queued");
        return Reply::json(&queued).charge(Charge { reported: false, job: true, ..charge });
    }
    Reply::json(&whole).charge(charge)
}

/// The 4xx for a body that names things which are not there.
fn refuse(call: &Call, world: &World) -> Option<Reply> {
    let body = &call.body;
    if call.text("model").is_none() && body["prompt"].is_null() {
        return Some(missing("model"));
    }
    if let Some(refusal) = models::refuse(call.text("model").unwrap_or_default(), world) {
        return Some(refusal);
    }
    if let Some(id) = call.text("previous_response_id")
        && !world.has(&format!("/responses/{id}"))
    {
        let message = format!("Previous response with id '{id}' not found.");
        let code = Some("previous_response_not_found");
        return Some(bad_request(code, "previous_response_id", &message));
    }
    let conversation = conversations::named(body)?;
    (!world.has(&format!("/conversations/{conversation}"))).then(|| {
        let message = format!("Conversation with id '{conversation}' not found.");
        error(404, "invalid_request_error", None, None, &message)
    })
}

/// The output items, their tokens, and whether they were cut.
fn output(call: &Call, prompt: &str, world: &mut World) -> (Value, Tokens, bool) {
    let (mut said, mut cut) = words::answer(prompt, call.number("max_output_tokens"));
    let format = &call.body["text"]["format"];
    if format["type"] == "json_schema" || format["type"] == "json_object" {
        (said, cut) = (vec![schema::sample(&format["schema"]).to_string()], false);
    }
    let function = call.body["tools"].as_array().into_iter().flatten();
    let function = function.into_iter().find(|tool| tool["type"] == "function");
    let item = match function {
        Some(function) if last_user(call).contains("use the tool") => {
            let arguments = schema::sample(&function["parameters"]).to_string();
            said = vec![arguments.clone()];
            json!({
                "id": world.id("fc_"),
                "type": "function_call",
                "status": "completed",
                "call_id": world.id("call_"),
                "name": function["name"],
                "arguments": arguments,
            })
        }
        _ => message(&said.join(" "), if cut { "incomplete" } else { "completed" }, world),
    };
    let tokens = words::tokens(prompt, said.len() as u64);
    // Responses do not tell audio and pictures apart in their usage.
    let tokens = Tokens { audio_in: 0, audio_out: 0, image_in: 0, image_out: 0, ..tokens };
    (json!([item]), tokens, cut)
}

/// The text of the last input item; a replayed tool output is not a wish for the tool.
fn last_user(call: &Call) -> String {
    match &call.body["input"] {
        Value::Array(items) => items.last().map(|item| words::text_of(&item["content"])),
        text => text.as_str().map(str::to_owned),
    }
    .unwrap_or_default()
}

fn message(text: &str, status: &str, world: &mut World) -> Value {
    let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    json!({
        "id": world.id("msg_"),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [part],
    })
}

/// The response object without output.
fn response(call: &Call, model: &str, world: &mut World) -> Value {
    let mut value = json!({
        "error": null, "incomplete_details": null, "instructions": null,
        "max_output_tokens": null, "max_tool_calls": null, "metadata": {},
        "parallel_tool_calls": true, "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null}, "background": false, "store": true,
        "temperature": 1.0, "text": {"format": {"type": "text"}}, "tool_choice": "auto",
        "tools": [], "top_p": 1.0, "truncation": "disabled", "user": null,
    });
    let known: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
    for name in known.iter().filter(|name| !call.body[name.as_str()].is_null()) {
        value[name.as_str()] = call.body[name.as_str()].clone();
    }
    if let Some(id) = conversations::named(&call.body) {
        value["conversation"] = json!({ "id": id });
    }
    value["id"] = json!(world.id("resp_"));
    value["object"] = json!("response");
    value["created_at"] = json!(world.now());
    value["model"] = json!(model);
    value["status"] = json!("completed");
    value["service_tier"] = json!(words::service_tier(&call.body));
    value
}

fn store(call: &Call, whole: &Value, world: &mut World) {
    let input = conversations::input_items(&call.body["input"], world);
    if let Some(id) = conversations::named(&call.body) {
        let output = whole["output"].as_array().into_iter().flatten();
        for item in input.iter().chain(output) {
            conversations::add(&id, item, world);
        }
    }
    if call.body["store"] == json!(false) {
        return;
    }
    let path = format!("/responses/{}", whole["id"].as_str().unwrap());
    world.put(&path, whole.clone());
    for item in input {
        let id = item["id"].as_str().unwrap_or_default().to_owned();
        world.put(&format!("{path}/input_items/{id}"), item);
    }
}

fn retrieve(call: &Call, world: &mut World) -> Reply {
    let is_open = |v: &Value| v["background"] == json!(true) && v["status"] == json!("completed");
    if world.value(&call.path).is_some_and(is_open) && call.query("stream").is_none() {
        return look(call, world);
    }
    match world.value(&call.path) {
        Some(whole) if call.query("stream") == Some("true") => {
            let after = call.query("starting_after").and_then(|n| n.parse::<usize>().ok());
            let events = responses_stream::events(whole, 0);
            Reply::sse(events.into_iter().skip(after.map_or(0, |n| n + 1)).collect())
        }
        _ => objects::answer(call, world),
    }
}

/// A look at a response in the background, which is kept as it will be in the end.
fn look(call: &Call, world: &mut World) -> Reply {
    let mut whole = world.value(&call.path).cloned().unwrap_or_default();
    if world.is_working(&call.path) {
        let mut going_on = responses_stream::begun(&whole);
        going_on["status"] = json!("in_progress");
        return Reply::json(&going_on);
    }
    if let Some(end) = world.course.end {
        whole["status"] = json!(end);
        whole["usage"] = Value::Null;
    }
    Reply::json(&whole)
}

fn cancel(id: &str, world: &mut World) -> Reply {
    let path = format!("/responses/{id}");
    let Some(whole) = world.value_mut(&path) else {
        return objects::not_found(kinds::item(&path).unwrap(), id);
    };
    if whole["background"] != json!(true) {
        return bad_request(None, "response_id", "Cannot cancel a synchronous response.");
    }
    whole["status"] = json!("cancelled");
    whole["output"] = json!([]);
    Reply::json(whole)
}

fn compact(call: &Call, world: &mut World) -> Reply {
    if let Some(refusal) = refuse(call, world) {
        return refusal;
    }
    let tokens = words::tokens(&prompt(call), 5);
    let tokens = Tokens { audio_in: 0, audio_out: 0, image_in: 0, image_out: 0, ..tokens };
    let item = json!({
        "id": world.id("cmp_"), "type": "compaction", "encrypted_content": "ZmFrZS1lbmNyeXB0ZWQ=",
    });
    let whole = json!({
        "id": world.id("resp_"),
        "object": "response.compaction",
        "created_at": world.now(),
        "output": [item],
        "usage": words::response_usage(&tokens),
    });
    let model = call.text("model").unwrap_or_default().to_owned();
    Reply::json(&whole).charge(Charge { model, tokens, reported: true, ..Charge::default() })
}
