//! Files, and uploads which become files.

use bytes::Bytes;
use serde_json::{Value, json};

use super::calls::Call;
use super::reply::{Reply, bad_request, missing};
use super::world::World;
use super::{kinds, objects};

/// `POST /files`.
pub(crate) fn create(call: &Call, world: &mut World) -> Reply {
    let Some(file) = call.file("file") else { return missing("file") };
    let Some(purpose) = call.text("purpose") else { return missing("purpose") };
    Reply::json(&put(&file.filename, purpose, file.bytes.clone(), world))
}

/// Stores a file of the account.
pub(crate) fn put(filename: &str, purpose: &str, bytes: Bytes, world: &mut World) -> Value {
    let value = json!({
        "filename": filename,
        "purpose": purpose,
        "bytes": bytes.len(),
        "status": "processed",
        "status_details": null,
        "expires_at": null,
    });
    let kind = kinds::collection("/files").unwrap();
    let mut made = objects::make(kind, "/files", &value, world);
    made.as_object_mut().unwrap().remove("metadata");
    let id = made["id"].as_str().unwrap_or_default();
    world.put_blob(&format!("/files/{id}"), made.clone(), bytes);
    made
}

/// Parts, completion and cancelling of an upload.
pub(crate) fn upload(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    let path = format!("/uploads/{}", rest[0]);
    let Some(upload) = world.value(&path).cloned() else {
        return objects::not_found(kinds::item(&path).unwrap(), rest[0]);
    };
    if upload["status"] != "pending" {
        let message = format!("Upload {} is not pending.", rest[0]);
        return bad_request(None, "upload_id", &message);
    }
    match rest {
        [_, "parts"] => part(call, world),
        [_, "complete"] => complete(call, &path, upload, world),
        [_, "cancel"] => finish(&path, upload, "cancelled", world),
        _ => objects::answer(call, world),
    }
}

fn part(call: &Call, world: &mut World) -> Reply {
    let Some(data) = call.file("data") else { return missing("data") };
    let bytes = data.bytes.clone();
    let kind = kinds::collection(&call.path).unwrap();
    let mut made = objects::make(kind, &call.path, &json!({}), world);
    made.as_object_mut().unwrap().remove("metadata");
    let id = made["id"].as_str().unwrap_or_default();
    world.put_blob(&format!("{}/{id}", call.path), made.clone(), bytes);
    Reply::json(&made)
}

fn complete(call: &Call, path: &str, mut upload: Value, world: &mut World) -> Reply {
    let mut bytes = Vec::new();
    for id in call.body["part_ids"].as_array().into_iter().flatten() {
        let id = id.as_str().unwrap_or_default();
        match world.get(&format!("{path}/parts/{id}")) {
            Some(row) => bytes.extend_from_slice(&row.blob),
            None => return bad_request(None, "part_ids", &format!("No such part: {id}")),
        }
    }
    let wanted = upload["bytes"].as_u64().unwrap_or(0);
    if wanted != bytes.len() as u64 {
        let message = format!("Expected {wanted} bytes, received {} bytes.", bytes.len());
        return bad_request(None, "part_ids", &message);
    }
    let name = upload["filename"].as_str().unwrap_or_default();
    let purpose = upload["purpose"].as_str().unwrap_or_default();
    upload["file"] = put(name, purpose, bytes.into(), world);
    finish(path, upload, "completed", world)
}

fn finish(path: &str, mut upload: Value, status: &str, world: &mut World) -> Reply {
    upload["status"] = json!(status);
    world.put(path, upload.clone());
    Reply::json(&upload)
}
