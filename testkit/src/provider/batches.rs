//! Batches: the lines of a file are answered by the account itself; what came of it is shown when
//! somebody looks.

use serde_json::{Value, json};

use super::bill::{Charge, Tokens};
use super::calls::Call;
use super::reply::{Reply, missing};
use super::world::World;
use super::{files, kinds, objects, router};
use crate::codec;

/// `POST /batches`.
pub(crate) fn create(call: &Call, world: &mut World) -> Reply {
    for name in ["input_file_id", "endpoint", "completion_window"] {
        if call.text(name).is_none() {
            return missing(name);
        }
    }
    let file = call.text("input_file_id").unwrap();
    let path = format!("/files/{file}");
    if !world.has(&path) {
        return objects::not_found(kinds::item(&path).unwrap(), file);
    }
    let kind = kinds::collection("/batches").unwrap();
    let batch = objects::make(kind, "/batches", &call.body, world);
    // The work is charged for however it is looked at later.
    let (done, charge) = run(&batch, world);
    world.put(&done_path(&batch), done);
    Reply::json(&batch).charge(charge)
}

/// Where the answers lie until somebody looks.
fn done_path(batch: &Value) -> String {
    format!("/done/{}", batch["id"].as_str().unwrap_or_default())
}

/// `GET /batches/{id}`: a batch that was waiting is done now, unless it is to take longer.
pub(crate) fn get(call: &Call, id: &str, world: &mut World) -> Reply {
    let Some(mut batch) = world.value(&call.path).cloned() else {
        return objects::not_found(kinds::item(&call.path).unwrap(), id);
    };
    match batch["status"].as_str() {
        Some("validating" | "in_progress") if world.is_working(&call.path) => {
            batch["status"] = json!("in_progress");
        }
        Some("validating" | "in_progress") => {
            finish(&mut batch, world);
            batch["status"] = json!(world.course.end.unwrap_or("completed"));
            batch["completed_at"] = json!(world.now());
        }
        // What was answered before the order came is charged.
        Some("cancelling") => {
            finish(&mut batch, world);
            batch["status"] = json!("cancelled");
            batch["cancelled_at"] = json!(world.now());
        }
        _ => {}
    }
    world.put(&call.path, batch.clone());
    Reply::json(&batch)
}

/// Shows what the lines came to.
fn finish(batch: &mut Value, world: &mut World) {
    let mut done = world.value(&done_path(batch)).cloned().unwrap_or_default();
    let output = done["output"].take().as_str().unwrap_or_default().to_owned();
    let name = format!("{}_output.jsonl", batch["id"].as_str().unwrap_or_default());
    let file = files::put(&name, "batch_output", output.into(), world);
    batch["output_file_id"] = file["id"].clone();
    for time in ["in_progress_at", "finalizing_at"] {
        batch[time] = json!(world.now());
    }
    batch["request_counts"] = done["request_counts"].take();
    if !world.course.silent {
        batch["usage"] = done["usage"].take();
    }
}

/// Answers all lines.
fn run(batch: &Value, world: &mut World) -> (Value, Charge) {
    let file = batch["input_file_id"].as_str().unwrap_or_default();
    let input = world.get(&format!("/files/{file}")).map(|row| row.blob.clone());
    let input = String::from_utf8_lossy(&input.unwrap_or_default()).into_owned();
    let (mut output, mut tokens, mut model) = (String::new(), Tokens::default(), String::new());
    let mut counts = (0, 0);
    for line in input.lines().filter(|line| !line.trim().is_empty()) {
        let request: Value = serde_json::from_str(line).unwrap_or_default();
        let (answer, charge) = line_answer(&request, world);
        output.push_str(&format!("{answer}\n"));
        if answer["response"]["status_code"].as_u64() < Some(400) {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
        if let Some(charge) = charge {
            tokens.input += charge.tokens.input;
            tokens.cached += charge.tokens.cached;
            tokens.output += charge.tokens.output;
            tokens.reasoning += charge.tokens.reasoning;
            model = charge.model;
        }
    }
    let (completed, failed) = counts;
    let done = json!({
        "output": output,
        "request_counts": {"total": completed + failed, "completed": completed, "failed": failed},
        "usage": {
            "input_tokens": tokens.input,
            "input_tokens_details": {"cached_tokens": tokens.cached},
            "output_tokens": tokens.output,
            "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
            "total_tokens": tokens.input + tokens.output,
        },
    });
    (done, Charge { model, tokens, job: true, ..Charge::default() })
}

fn line_answer(request: &Value, world: &mut World) -> (Value, Option<Charge>) {
    let method = request["method"].as_str().unwrap_or("POST");
    let url = request["url"].as_str().unwrap_or_default();
    let reply = router::answer(&Call::inner(method, url, request["body"].clone()), world);
    let body: Value = serde_json::from_slice(&reply.collected()).unwrap_or_default();
    let answer = json!({
        "id": world.id("batch_req_"),
        "custom_id": request["custom_id"],
        "response": {
            "status_code": reply.status,
            "request_id": format!("req_fakebatch_{}", codec::random_hex(16)),
            "body": body,
        },
        "error": null,
    });
    (answer, reply.charge.map(|charge| *charge))
}
