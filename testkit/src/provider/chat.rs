//! `POST /chat/completions`: the plain answer, and what the streamed one is made from.

use serde_json::{Value, json};

use super::bill::{Charge, Tokens};
use super::calls::Call;
use super::reply::{Reply, missing};
use super::world::World;
use super::{chat_stream, models, schema, words};
use crate::codec;

/// An answer before it is put into any form.
pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) pieces: Vec<String>,
    pub(crate) tool: Option<Tool>,
    pub(crate) finish: &'static str,
    pub(crate) choices: usize,
    pub(crate) tokens: Tokens,
    pub(crate) gap: u64,
}

/// A call of a tool that the answer asks for.
pub(crate) struct Tool {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

impl Said {
    pub(crate) fn text(&self) -> String {
        self.pieces.concat()
    }

    pub(crate) fn charge(&self, reported: bool) -> Charge {
        Charge { model: self.model.clone(), tokens: self.tokens, reported, ..Charge::default() }
    }
}

/// Answers a chat.
pub(crate) fn create(call: &Call, world: &mut World) -> Reply {
    let Some(model) = call.text("model") else { return missing("model") };
    if !call.body["messages"].is_array() {
        return missing("messages");
    }
    if let Some(refusal) = models::refuse(model, world) {
        return refusal;
    }
    let said = say(call, world);
    let whole = completion(call, &said);
    if call.flag("store") {
        store(call, &said, &whole, world);
    }
    if call.flag("stream") {
        return chat_stream::reply(call, &said);
    }
    Reply::json(&whole).charge(said.charge(true))
}

fn say(call: &Call, world: &mut World) -> Said {
    let prompt = words::text_of(&call.body["messages"]);
    let limit = call.number("max_completion_tokens").or_else(|| call.number("max_tokens"));
    let (mut pieces, mut cut) = {
        let (words, cut) = words::answer(&prompt, limit);
        (words::pieces(&words), cut)
    };
    let format = &call.body["response_format"];
    if format["type"] == "json_schema" || format["type"] == "json_object" {
        let value = schema::sample(&format["json_schema"]["schema"]);
        (pieces, cut) = (halves(&value.to_string()), false);
    }
    let tool = tool(call, world);
    let finish = match (&tool, cut) {
        (Some(tool), _) => {
            pieces = halves(&tool.arguments);
            "tool_calls"
        }
        (None, true) => "length",
        (None, false) => "stop",
    };
    let choices = call.number("n").unwrap_or(1).clamp(1, 128) as usize;
    let output = pieces.len() as u64 * choices as u64;
    let tokens = Tokens { image_out: 0, ..words::tokens(&prompt, output) };
    if tool.is_some() {
        pieces.clear();
    }
    Said {
        id: world.id("chatcmpl-"),
        created: world.now(),
        model: call.text("model").unwrap_or_default().to_owned(),
        pieces,
        tool,
        finish,
        choices,
        tokens,
        gap: words::gap(&prompt),
    }
}

/// A text in two parts, so that streams of it have more than one piece.
pub(crate) fn halves(text: &str) -> Vec<String> {
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle -= 1;
    }
    [&text[..middle], &text[middle..]].map(str::to_owned).into()
}

/// The tool call, when there are tools and the last user message says "use the tool".
fn tool(call: &Call, world: &mut World) -> Option<Tool> {
    let messages = call.body["messages"].as_array()?;
    let last = messages.iter().rev().find(|m| m["role"] == "user")?;
    let asked = words::text_of(&last["content"]).contains("use the tool");
    let answered = messages.last().is_some_and(|m| m["role"] == "tool");
    let function = call.body["tools"].get(0)?.get("function")?;
    (asked && !answered).then(|| Tool {
        id: world.id("call_"),
        name: function["name"].as_str().unwrap_or("tool").to_owned(),
        arguments: schema::sample(&function["parameters"]).to_string(),
    })
}

pub(crate) fn tool_call(tool: &Tool) -> Value {
    let function = json!({"name": tool.name, "arguments": tool.arguments});
    json!({"id": tool.id, "type": "function", "function": function})
}

/// Log probabilities for pieces of text.
pub(crate) fn logprobs(call: &Call, pieces: &[String]) -> Value {
    if !call.flag("logprobs") {
        return Value::Null;
    }
    let tops = call.number("top_logprobs").unwrap_or(0);
    let one = |token: &String| {
        let top = json!({"token": token, "logprob": -0.01, "bytes": token.as_bytes()});
        let mut own = top.clone();
        own["top_logprobs"] = (0..tops).map(|_| top.clone()).collect();
        own
    };
    json!({"content": pieces.iter().map(one).collect::<Vec<_>>(), "refusal": null})
}

fn message(call: &Call, said: &Said) -> Value {
    let mut message = json!({"role": "assistant", "content": said.text(), "refusal": null});
    message["annotations"] = json!([]);
    if let Some(tool) = &said.tool {
        message["content"] = Value::Null;
        message["tool_calls"] = json!([tool_call(tool)]);
    }
    let wants_audio =
        call.body["modalities"].as_array().is_some_and(|m| m.contains(&json!("audio")));
    if wants_audio {
        message["audio"] = json!({
            "id": format!("audio_{}", &said.id[9..]),
            "data": codec::base64(b"fake audio bytes"),
            "expires_at": said.created + 3600,
            "transcript": said.text(),
        });
        message["content"] = Value::Null;
    }
    message
}

fn completion(call: &Call, said: &Said) -> Value {
    let choice = |index: usize| {
        json!({
            "index": index,
            "message": message(call, said),
            "logprobs": logprobs(call, &said.pieces),
            "finish_reason": said.finish,
        })
    };
    json!({
        "id": said.id,
        "object": "chat.completion",
        "created": said.created,
        "model": said.model,
        "choices": (0..said.choices).map(choice).collect::<Vec<_>>(),
        "usage": words::chat_usage(&said.tokens),
        "service_tier": words::service_tier(&call.body),
        "system_fingerprint": "fp_fake",
    })
}

fn store(call: &Call, said: &Said, whole: &Value, world: &mut World) {
    let path = format!("/chat/completions/{}", said.id);
    let mut kept = whole.clone();
    kept["metadata"] = call.body["metadata"].clone();
    if kept["metadata"].is_null() {
        kept["metadata"] = json!({});
    }
    world.put(&path, kept);
    for (index, message) in call.body["messages"].as_array().into_iter().flatten().enumerate() {
        let id = format!("{}-{index}", said.id);
        let mut message = message.clone();
        message["id"] = json!(id);
        world.put(&format!("{path}/messages/{id}"), message);
    }
}
