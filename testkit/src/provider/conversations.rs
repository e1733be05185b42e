//! Conversations and their items.

use serde_json::{Value, json};

use super::calls::Call;
use super::reply::Reply;
use super::world::World;
use super::{kinds, objects};

/// The conversation that a body names, as text or as `{id}`.
pub(crate) fn named(body: &Value) -> Option<String> {
    let value = &body["conversation"];
    value.as_str().or_else(|| value["id"].as_str()).map(str::to_owned)
}

/// The input as items with ids.
pub(crate) fn input_items(input: &Value, world: &mut World) -> Vec<Value> {
    match input {
        Value::String(text) => {
            let text = json!([{"type": "input_text", "text": text}]);
            vec![item(&json!({"role": "user", "content": text}), world)]
        }
        Value::Array(items) => items.iter().map(|one| item(one, world)).collect(),
        _ => Vec::new(),
    }
}

fn item(given: &Value, world: &mut World) -> Value {
    let mut item = given.clone();
    if item["type"].is_null() {
        item["type"] = json!("message");
    }
    if item["status"].is_null() {
        item["status"] = json!("completed");
    }
    if let Some(text) = item["content"].as_str() {
        item["content"] = json!([{"type": "input_text", "text": text}]);
    }
    if item["id"].is_null() {
        item["id"] = json!(world.id("msg_"));
    }
    item
}

/// Adds an item.
pub(crate) fn add(conversation: &str, item: &Value, world: &mut World) {
    let id = item["id"].as_str().unwrap_or_default();
    world.put(&format!("/conversations/{conversation}/items/{id}"), item.clone());
}

/// `POST /conversations`.
pub(crate) fn create(call: &Call, world: &mut World) -> Reply {
    let kind = kinds::collection("/conversations").unwrap();
    let kept = json!({"metadata": call.body["metadata"]});
    let made = objects::make(kind, "/conversations", &kept, world);
    let id = made["id"].as_str().unwrap();
    for item in input_items(&call.body["items"], world) {
        add(id, &item, world);
    }
    Reply::json(&made)
}

/// Items added and deleted.
pub(crate) fn items(call: &Call, conversation: &str, world: &mut World) -> Reply {
    let path = format!("/conversations/{conversation}");
    let kind = kinds::item(&path).unwrap();
    let Some(whole) = world.value(&path).cloned() else {
        return objects::not_found(kind, conversation);
    };
    if call.method == "DELETE" {
        return match world.remove(&call.path) {
            Some(_) => Reply::json(&whole),
            None => objects::answer(call, world),
        };
    }
    let items = input_items(&call.body["items"], world);
    for item in &items {
        add(conversation, item, world);
    }
    Reply::json(&objects::page(call, items.iter().collect()))
}
