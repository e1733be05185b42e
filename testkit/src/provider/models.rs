//! The models of the account.

use serde_json::{Value, json};

use super::calls::Call;
use super::reply::{Reply, error};
use super::world::World;

const MODELS: &[(&str, &str)] = &[
    ("gpt-4o", "system"),
    ("gpt-4o-mini", "system"),
    ("gpt-5", "system"),
    ("text-embedding-3-small", "system"),
    ("gpt-image-1", "system"),
    ("gpt-4o-transcribe", "system"),
    ("ft:gpt-4o-mini-2024-07-18:fake-org::abc123", "org-fakeaccount"),
];

fn object(id: &str, owner: &str) -> Value {
    json!({"id": id, "object": "model", "created": 1_715_367_049, "owned_by": owner})
}

/// 404 unless the account has the model. Any name is good which is not made to fail.
pub(crate) fn refuse(model: &str, world: &World) -> Option<Reply> {
    let gone = model.starts_with("no-such-") || world.gone_models.contains(model);
    gone.then(|| not_found(model))
}

fn not_found(model: &str) -> Reply {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    error(404, "invalid_request_error", Some("model_not_found"), None, &message)
}

/// `/models` and `/models/{model}`.
pub(crate) fn route(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    let mut here = MODELS.iter().filter(|(id, _)| !world.gone_models.contains(*id));
    match (call.method.as_str(), rest) {
        ("GET", []) => {
            let data: Vec<Value> = here.map(|(id, owner)| object(id, owner)).collect();
            Reply::json(&json!({"object": "list", "data": data}))
        }
        ("GET", [model]) => match here.find(|(id, _)| id == model) {
            Some((id, owner)) => Reply::json(&object(id, owner)),
            None => not_found(model),
        },
        ("DELETE", [model]) if here.any(|(id, _)| id == model) => {
            if !model.starts_with("ft:") {
                let message = "You have insufficient permissions for this operation.";
                return error(403, "invalid_request_error", None, None, message);
            }
            world.gone_models.insert((*model).to_owned());
            Reply::json(&json!({"id": model, "object": "model", "deleted": true}))
        }
        ("DELETE", [model]) => not_found(model),
        _ => super::objects::answer(call, world),
    }
}
