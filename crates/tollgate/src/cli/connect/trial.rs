//! One call, as the client would make it.

use serde_json::{Value, json};

use super::client::{Client, Form};
use crate::cli::Env;
use crate::cli::api::Api;
use crate::cli::failure::Failure;
use crate::cli::models_here;
use crate::cli::own_key::{KeyFrom, OwnKey};

const PROMPT: &str = "Answer with the one word: ready";
/// The first model in the list that chats.
pub(super) async fn first_model(key: &KeyFrom, env: &Env) -> Result<String, Failure> {
    let (own, api) = api(key, env).await?;
    let found = models_here::first(&api).await;
    end(own).await?;
    found
}

/// What the model said.
pub(super) async fn call(
    key: &KeyFrom,
    env: &Env,
    client: &Client,
    model: &str,
) -> Result<String, Failure> {
    let (own, api) = api(key, env).await?;
    let (target, body) = request(client.form, model);
    let answered = api.post(target, &body).await;
    end(own).await?;
    said(client.form, &answered?.text).ok_or_else(|| {
        Failure::new("the stream did not end as its form wants it")
            .next("`tollgate doctor` looks at the way to the upstream.")
    })
}

async fn api(key: &KeyFrom, env: &Env) -> Result<(OwnKey, Api), Failure> {
    let own = key.resolve(env, "connect", super::LASTS).await?;
    let as_it = Env { admin_key: Some(own.secret.clone()), ..env.clone() };
    Ok((own, Api::connect(&as_it)?))
}

async fn end(own: OwnKey) -> Result<(), Failure> {
    match own.minted {
        Some(minted) => minted.revoke().await,
        None => Ok(()),
    }
}

fn request(form: Form, model: &str) -> (&'static str, Value) {
    let input = json!({
        "type": "message",
        "role": "user",
        "content": [{ "type": "input_text", "text": PROMPT }],
    });
    match form {
        Form::Responses => (
            "/v1/responses",
            json!({
                "model": model,
                "instructions": "You are a coding agent.",
                "input": [input],
                "tools": [],
                "tool_choice": "auto",
                "parallel_tool_calls": false,
                "store": false,
                "stream": true,
            }),
        ),
        Form::Chat => (
            "/v1/chat/completions",
            json!({
                "model": model,
                "messages": [{ "role": "user", "content": PROMPT }],
                "stream": true,
                "stream_options": { "include_usage": true },
            }),
        ),
    }
}

/// The text of a whole stream; `None` of one that has no end.
fn said(form: Form, stream: &str) -> Option<String> {
    let mut text = String::new();
    let mut ended = false;
    for event in stream.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim) {
        ended |= event == "[DONE]";
        let Ok(event) = serde_json::from_str::<Value>(event) else { continue };
        let part = match form {
            Form::Responses => {
                ended |= event["type"] == "response.completed";
                let is_text = event["type"] == "response.output_text.delta";
                if is_text { &event["delta"] } else { &Value::Null }
            }
            Form::Chat => &event["choices"][0]["delta"]["content"],
        };
        text.push_str(part.as_str().unwrap_or_default());
    }
    ended.then(|| text.chars().take(200).collect())
}
