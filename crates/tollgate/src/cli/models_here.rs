//! A model that answers here, for what is proposed.

use providers::demo;
use serde_json::Value;

use super::Env;
use super::api::{Api, path};
use super::failure::Failure;
use super::own_key::KeyFrom;

/// In the names of models that do not chat.
const OTHERS: [&str; 9] = [
    "embedding",
    "whisper",
    "tts",
    "dall-e",
    "image",
    "moderation",
    "audio",
    "realtime",
    "transcribe",
];
/// Where nobody says what there is.
const USUAL: &str = "gpt-5-mini";

/// The first model in a key's list that chats.
pub(super) async fn first(api: &Api) -> Result<String, Failure> {
    let list: Value = api.get("/v1/models").await?.read()?;
    let ids = list["data"].as_array().into_iter().flatten().filter_map(|row| row["id"].as_str());
    let mut ids = ids.filter(|id| !OTHERS.iter().any(|word| id.contains(word)));
    ids.next().map(str::to_owned).ok_or_else(|| {
        Failure::new("no model that chats is in the list").next("Name one with --model.")
    })
}

/// A model to propose, and nothing is made for it: by the key that is at hand, or else by the
/// upstreams that an admin sees.
pub(super) async fn proposed(key: &KeyFrom, env: &Env) -> String {
    if let Ok(secret) = key.at_hand(env)
        && let Ok(api) = Api::connect(&Env { admin_key: Some(secret), ..env.clone() })
        && let Ok(model) = first(&api).await
    {
        return model;
    }
    if has_demo_alone(env).await { demo::MODEL } else { USUAL }.to_owned()
}

async fn has_demo_alone(env: &Env) -> bool {
    let Ok(api) = Api::connect(env) else { return false };
    let Ok(rows) = api.list(&path(&["tollgate", "v1", "upstreams"]), &[]).await else {
        return false;
    };
    rows.iter().all(|row| row["provider"] == "demo" || row["enabled"] == false)
}
