//! Vector stores: their files, batches of files, content and search.

use serde_json::{Value, json};

use super::calls::Call;
use super::reply::{Reply, missing};
use super::world::World;
use super::{kinds, objects};

/// Everything under `/vector_stores`; plain objects go to the table.
pub(crate) fn route(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    let store = rest.first().map(|id| format!("/vector_stores/{id}")).unwrap_or_default();
    if let (Some(id), false) = (rest.first(), world.has(&store)) {
        return objects::not_found(kinds::item(&store).unwrap(), id);
    }
    let reply = match (call.method.as_str(), rest) {
        ("POST", []) => create(call, world),
        ("POST", [_, "files"]) => add_one(call, &store, world),
        ("POST", [_, "file_batches"]) => add_batch(call, &store, world),
        ("GET", [_, "file_batches", batch, "files"]) => batch_files(call, &store, batch, world),
        ("GET", [_, "files", file, "content"]) => content(&store, file, world),
        ("POST", [_, "search"]) => search(call, &store, world),
        _ => objects::answer(call, world),
    };
    count(&store, world);
    reply
}

fn create(call: &Call, world: &mut World) -> Reply {
    let kind = kinds::collection("/vector_stores").unwrap();
    let made = objects::make(kind, "/vector_stores", &call.body, world);
    let path = format!("/vector_stores/{}", made["id"].as_str().unwrap_or_default());
    if let Some(value) = world.value_mut(&path) {
        value.as_object_mut().unwrap().remove("file_ids");
    }
    for file in ids(&call.body) {
        if let Err(refusal) = add(&path, &file, &json!({}), world) {
            return refusal;
        }
    }
    count(&path, world);
    Reply::json(world.value(&path).unwrap())
}

fn ids(body: &Value) -> Vec<String> {
    let ids = body["file_ids"].as_array().into_iter().flatten();
    ids.filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

/// Puts a file of the account into a store.
fn add(store: &str, file: &str, body: &Value, world: &mut World) -> Result<Value, Reply> {
    let path = format!("/files/{file}");
    let Some(found) = world.value(&path).cloned() else {
        return Err(objects::not_found(kinds::item(&path).unwrap(), file));
    };
    let mut value = json!({
        "id": file,
        "object": "vector_store.file",
        "created_at": world.now(),
        "usage_bytes": found["bytes"],
        "vector_store_id": store.rsplit('/').next(),
        "status": "completed",
        "last_error": null,
        "attributes": {},
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
        },
    });
    if !body["attributes"].is_null() {
        value["attributes"] = body["attributes"].clone();
    }
    world.put(&format!("{store}/files/{file}"), value.clone());
    Ok(value)
}

/// Brings the counters of a store up to date.
fn count(store: &str, world: &mut World) {
    let files = world.list(&format!("{store}/files"));
    let total = files.len();
    let bytes: u64 = files.iter().filter_map(|file| file["usage_bytes"].as_u64()).sum();
    if let Some(value) = world.value_mut(store) {
        value["file_counts"] = json!({
            "in_progress": 0, "completed": total, "failed": 0, "cancelled": 0, "total": total,
        });
        value["usage_bytes"] = json!(bytes);
    }
}

fn add_one(call: &Call, store: &str, world: &mut World) -> Reply {
    let Some(file) = call.text("file_id") else { return missing("file_id") };
    add(store, file, &call.body, world).map_or_else(|refusal| refusal, |value| Reply::json(&value))
}

fn add_batch(call: &Call, store: &str, world: &mut World) -> Reply {
    let mut files = ids(&call.body);
    let named = call.body["files"].as_array().into_iter().flatten();
    files.extend(named.filter_map(|file| file["file_id"].as_str().map(str::to_owned)));
    for file in &files {
        if let Err(refusal) = add(store, file, &call.body, world) {
            return refusal;
        }
    }
    let total = files.len();
    let body = json!({
        "status": "completed",
        "file_ids": files,
        "file_counts": {
            "in_progress": 0, "completed": total, "failed": 0, "cancelled": 0, "total": total,
        },
    });
    let kind = kinds::collection(&call.path).unwrap();
    Reply::json(&objects::make(kind, &call.path, &body, world))
}

fn batch_files(call: &Call, store: &str, batch: &str, world: &World) -> Reply {
    let path = format!("{store}/file_batches/{batch}");
    let Some(value) = world.value(&path) else {
        return objects::not_found(kinds::item(&path).unwrap(), batch);
    };
    let files = ids(value);
    let rows = files.iter().filter_map(|id| world.value(&format!("{store}/files/{id}")));
    Reply::json(&objects::page(call, rows.collect()))
}

fn text(file: &str, world: &World) -> String {
    let row = world.get(&format!("/files/{file}"));
    row.map(|row| String::from_utf8_lossy(&row.blob).into_owned()).unwrap_or_default()
}

fn content(store: &str, file: &str, world: &World) -> Reply {
    let path = format!("{store}/files/{file}");
    if !world.has(&path) {
        return objects::not_found(kinds::item(&path).unwrap(), file);
    }
    Reply::json(&json!({
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text(file, world)}],
        "has_more": false,
        "next_page": null,
    }))
}

fn search(call: &Call, store: &str, world: &World) -> Reply {
    let hit = |file: &&Value| {
        let id = file["id"].as_str().unwrap_or_default();
        let filename = world.value(&format!("/files/{id}")).map(|f| f["filename"].clone());
        json!({
            "file_id": id,
            "filename": filename,
            "score": 0.9,
            "attributes": file["attributes"],
            "content": [{"type": "text", "text": text(id, world)}],
        })
    };
    let files = world.list(&format!("{store}/files"));
    let limit = call.number("max_num_results").unwrap_or(10) as usize;
    let query = match &call.body["query"] {
        Value::Null => return missing("query"),
        Value::Array(all) => json!(all),
        one => json!([one]),
    };
    Reply::json(&json!({
        "object": "vector_store.search_results.page",
        "search_query": query,
        "data": files.iter().take(limit).map(hit).collect::<Vec<_>>(),
        "has_more": false,
        "next_page": null,
    }))
}
