//! Generic objects: create, list, get, update, delete, content and small actions, as the table of
//! kinds says.

use serde_json::{Value, json};

use super::calls::{Call, unknown_url};
use super::kinds::{self, Deleted, Kind, Op};
use super::reply::{Reply, error};
use super::world::World;

/// Answers from the table, or 404 or 405.
pub(crate) fn answer(call: &Call, world: &mut World) -> Reply {
    if let Some(kind) = kinds::collection(&call.path) {
        if let Some(missing) = missing_parent(&call.path, world) {
            return missing;
        }
        return match call.method.as_str() {
            "GET" if kind.can(Op::List) => list(call, kind, world),
            "POST" if kind.can(Op::Create) => create(call, kind, world),
            _ => wrong_method(call),
        };
    }
    if let Some(kind) = kinds::item(&call.path) {
        return item(call, kind, world);
    }
    action(call, world)
}

fn wrong_method(call: &Call) -> Reply {
    let message = format!("Not allowed to {} on /v1{}.", call.method, call.path);
    error(405, "invalid_request_error", Some("method_not_supported"), None, &message)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn up(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

/// 404 for an object of this kind.
pub(crate) fn not_found(kind: &Kind, id: &str) -> Reply {
    let message = match kind.noun {
        "Response" => format!("Response with id '{id}' not found."),
        "Model" => format!("The model '{id}' does not exist"),
        noun => format!("No such {noun} object: {id}"),
    };
    error(404, "invalid_request_error", None, Some("id"), &message)
}

/// 404 when the object above a collection is of a known kind and is not there.
fn missing_parent(collection: &str, world: &World) -> Option<Reply> {
    let parent = up(collection);
    let kind = kinds::item(parent)?;
    (!world.has(parent)).then(|| not_found(kind, last(parent)))
}

/// Makes and stores an object of a kind from what the caller sent.
pub(crate) fn make(kind: &Kind, collection: &str, body: &Value, world: &mut World) -> Value {
    let id = world.id(kind.prefix);
    let mut value: Value = serde_json::from_str(kind.defaults).unwrap();
    merge(&mut value, body);
    value["id"] = json!(id);
    value["object"] = json!(kind.object);
    value[kind.created] = json!(world.now());
    if value["metadata"].is_null() {
        value["metadata"] = json!({});
    }
    let parent = up(collection);
    if let Some(above) = kinds::item(parent) {
        value[above.link] = json!(last(parent));
    }
    world.put(&format!("{collection}/{id}"), value.clone());
    value
}

/// Lays the fields of `from` over those of `into`.
pub(crate) fn merge(into: &mut Value, from: &Value) {
    for (name, value) in from.as_object().into_iter().flatten() {
        into[name.as_str()] = value.clone();
    }
}

fn create(call: &Call, kind: &Kind, world: &mut World) -> Reply {
    let mut body = call.body.clone();
    for file in &call.files {
        body["filename"] = json!(file.filename);
        body["bytes"] = json!(file.bytes.len());
    }
    let value = make(kind, &call.path, &body, world);
    Reply::json_status(kind.status, &value)
}

fn list(call: &Call, kind: &Kind, world: &World) -> Reply {
    let wanted = |value: &&Value| {
        ["purpose", "model", "status", "filter"].iter().all(|name| match call.query(name) {
            Some(text) if value[*name].is_string() || *name == "filter" => {
                value[if *name == "filter" { "status" } else { name }] == json!(text)
            }
            _ => true,
        })
    };
    let mut rows: Vec<&Value> = world.list(&call.path).into_iter().filter(wanted).collect();
    if call.query("order").map_or(!kind.ascending, |order| order == "desc") {
        rows.reverse();
    }
    Reply::json(&page(call, rows))
}

/// One page of rows which are in the right order already.
pub(crate) fn page(call: &Call, mut rows: Vec<&Value>) -> Value {
    let place = |rows: &[&Value], id: &str| rows.iter().position(|row| row["id"] == json!(id));
    if let Some(at) = call.query("after").and_then(|id| place(&rows, id)) {
        rows.drain(..=at);
    }
    if let Some(at) = call.query("before").and_then(|id| place(&rows, id)) {
        rows.truncate(at);
    }
    let limit = call.query("limit").and_then(|n| n.parse().ok()).unwrap_or(20).clamp(1, 10_000);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let id = |row: Option<&&Value>| row.map_or(Value::Null, |row| row["id"].clone());
    let (first, last) = (id(rows.first()), id(rows.last()));
    json!({"object": "list", "data": rows, "first_id": first, "last_id": last, "has_more": more})
}

fn item(call: &Call, kind: &Kind, world: &mut World) -> Reply {
    let id = last(&call.path);
    if !world.has(&call.path) {
        return not_found(kind, id);
    }
    match call.method.as_str() {
        "GET" if kind.can(Op::Get) => Reply::json(&advanced(kind, &call.path, world)),
        "POST" if kind.can(Op::Update) => {
            let value = world.value_mut(&call.path).unwrap();
            merge(value, &call.body);
            Reply::json(value)
        }
        "DELETE" if kind.can(Op::Delete) => {
            world.remove(&call.path);
            match kind.deleted {
                Deleted::Empty => Reply::empty(),
                Deleted::As(object) => {
                    let field = if object.starts_with("eval.") { kind.link } else { "id" };
                    Reply::json(&json!({field: id, "object": object, "deleted": true}))
                }
            }
        }
        _ => wrong_method(call),
    }
}

/// The object as it stands; work that was waiting is done by the time anyone looks.
fn advanced(kind: &Kind, path: &str, world: &mut World) -> Value {
    let waiting = ["queued", "in_progress", "validating"];
    let status = world.value(path).and_then(|value| value["status"].as_str().map(str::to_owned));
    let is_waiting = status.is_some_and(|status| waiting.contains(&&*status));
    let goes_on = is_waiting && world.is_working(path);
    let end = world.course.end;
    let value = world.value_mut(path).unwrap();
    if goes_on {
        value["status"] = json!("in_progress");
    } else if is_waiting {
        merge(value, &serde_json::from_str(kind.advance).unwrap());
        if let Some(end) = end {
            value["status"] = json!(end);
        }
    }
    value.clone()
}

fn action(call: &Call, world: &mut World) -> Reply {
    let (path, verb) = (up(&call.path), last(&call.path));
    let Some(kind) = kinds::item(path) else {
        return unknown_url(&call.method, &format!("/v1{}", call.path));
    };
    let Some(row) = world.get(path).cloned() else {
        return not_found(kind, last(path));
    };
    if (call.method.as_str(), verb) == ("GET", "content") && !kind.content.is_empty() {
        let name = row.value["filename"].as_str().unwrap_or("content.bin");
        let disposition = format!("attachment; filename=\"{name}\"");
        return Reply::bytes(kind.content, row.blob).header("Content-Disposition", &disposition);
    }
    let done = kind.actions.iter().find(|(name, _)| call.method == "POST" && *name == verb);
    let Some((_, status)) = done else {
        return unknown_url(&call.method, &format!("/v1{}", call.path));
    };
    let value = world.value_mut(path).unwrap();
    value["status"] = json!(status);
    Reply::json(value)
}
