//! Batches: the lines of a file are answered by the account itself, when somebody looks.

use serde_json::{Value, json};

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
    Reply::json(&objects::make(kind, "/batches", &call.body, world))
}

/// `GET /batches/{id}`: a batch that was waiting is done now.
pub(crate) fn get(call: &Call, id: &str, world: &mut World) -> Reply {
    let Some(mut batch) = world.value(&call.path).cloned() else {
        return objects::not_found(kinds::item(&call.path).unwrap(), id);
    };
    match batch["status"].as_str() {
        Some("validating") => run(&mut batch, world),
        Some("cancelling") => {
            batch["status"] = json!("cancelled");
            batch["cancelled_at"] = json!(world.now());
        }
        _ => {}
    }
    world.put(&call.path, batch.clone());
    Reply::json(&batch)
}

fn run(batch: &mut Value, world: &mut World) {
    let file = batch["input_file_id"].as_str().unwrap_or_default();
    let input = world.get(&format!("/files/{file}")).map(|row| row.blob.clone());
    let input = String::from_utf8_lossy(&input.unwrap_or_default()).into_owned();
    let (mut output, mut sums) = (String::new(), [0_u64; 4]);
    let mut counts = (0, 0);
    for line in input.lines().filter(|line| !line.trim().is_empty()) {
        let request: Value = serde_json::from_str(line).unwrap_or_default();
        let (answer, good) = line_answer(&request, &mut sums, world);
        output.push_str(&format!("{answer}\n"));
        if good { counts.0 += 1 } else { counts.1 += 1 }
    }
    let name = format!("{}_output.jsonl", batch["id"].as_str().unwrap_or_default());
    let file = files::put(&name, "batch_output", output.into(), world);
    batch["output_file_id"] = file["id"].clone();
    batch["status"] = json!("completed");
    for time in ["in_progress_at", "finalizing_at", "completed_at"] {
        batch[time] = json!(world.now());
    }
    let (completed, failed) = counts;
    batch["request_counts"] =
        json!({"total": completed + failed, "completed": completed, "failed": failed});
    let [input, cached, output, reasoning] = sums;
    batch["usage"] = json!({
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": input + output,
    });
}

fn line_answer(request: &Value, sums: &mut [u64; 4], world: &mut World) -> (Value, bool) {
    let method = request["method"].as_str().unwrap_or("POST");
    let url = request["url"].as_str().unwrap_or_default();
    let reply = router::answer(&Call::inner(method, url, request["body"].clone()), world);
    if let Some(charge) = &reply.charge {
        let t = charge.tokens;
        for (sum, part) in sums.iter_mut().zip([t.input, t.cached, t.output, t.reasoning]) {
            *sum += part;
        }
    }
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
    (answer, reply.status < 400)
}
