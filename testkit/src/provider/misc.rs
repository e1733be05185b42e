//! The small rest: moderations, videos, container files, skills, realtime, ChatKit, graders.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::bill::Charge;
use super::calls::{Call, unknown_url};
use super::reply::{Reply, missing};
use super::world::World;
use super::{kinds, objects};

const CATEGORIES: &[&str] = &[
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// `POST /moderations`: what contains "forbidden" is flagged. Free of charge.
pub(crate) fn moderate(call: &Call, world: &mut World) -> Reply {
    let inputs = match &call.body["input"] {
        Value::Null => return missing("input"),
        Value::Array(items) if items.iter().all(Value::is_string) => items.clone(),
        other => vec![other.clone()],
    };
    let result = |input: &Value| {
        let flagged = super::words::text_of(input).contains("forbidden");
        let all = |value: &dyn Fn(&str) -> Value| -> Value {
            CATEGORIES
                .iter()
                .map(|name| ((*name).to_owned(), value(name)))
                .collect::<Map<_, _>>()
                .into()
        };
        json!({
            "flagged": flagged,
            "categories": all(&|name| json!(flagged && name == "violence")),
            "category_scores": all(&|name| json!(if flagged && name == "violence" { 0.98 } else { 0.0001 })),
            "category_applied_input_types": all(&|_| json!(["text"])),
        })
    };
    let results: Vec<Value> = inputs.iter().map(result).collect();
    let model = call.text("model").unwrap_or("omni-moderation-latest");
    Reply::json(&json!({"id": world.id("modr-"), "model": model, "results": results}))
}

/// `POST` under `/videos`: a video or a character, billed by the second.
pub(crate) fn video(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    let kind = kinds::collection("/videos").unwrap();
    let mut body = call.body.clone();
    match rest {
        [] | ["edits" | "extensions"] => {}
        [id, "remix"] if world.has(&format!("/videos/{id}")) => {
            body["remixed_from_video_id"] = json!(id);
        }
        [id, "remix"] => return objects::not_found(kind, id),
        ["characters"] => {
            let kind = kinds::collection("/videos/characters").unwrap();
            return Reply::json(&objects::make(kind, "/videos/characters", &body, world));
        }
        _ => return objects::answer(call, world),
    }
    let made = objects::make(kind, "/videos", &body, world);
    let path = format!("/videos/{}", made["id"].as_str().unwrap_or_default());
    world.put_blob(&path, made.clone(), Bytes::from_static(b"\0\0\0\x18ftypmp42fake video"));
    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
    let seconds = text("seconds").parse().unwrap_or(4);
    Reply::json(&made).charge(Charge {
        model: text("model"),
        seconds,
        job: true,
        ..Charge::default()
    })
}

/// `POST /containers/{id}/files`: bytes, or a file of the account.
pub(crate) fn container_file(call: &Call, world: &mut World) -> Reply {
    let (name, bytes) = match (call.file("file"), call.text("file_id")) {
        (Some(file), _) => (file.filename.clone(), file.bytes.clone()),
        (None, Some(id)) => {
            let path = format!("/files/{id}");
            let Some(row) = world.get(&path) else {
                return objects::not_found(kinds::item(&path).unwrap(), id);
            };
            (row.value["filename"].as_str().unwrap_or_default().to_owned(), row.blob.clone())
        }
        (None, None) => return missing("file"),
    };
    let mut inner = call.clone();
    inner.files.clear();
    inner.body = json!({"bytes": bytes.len(), "path": format!("/mnt/data/{name}")});
    let reply = objects::answer(&inner, world);
    keep_blob(call, &reply, bytes, world);
    reply
}

fn keep_blob(call: &Call, reply: &Reply, bytes: Bytes, world: &mut World) {
    let made: Value = serde_json::from_slice(&reply.collected()).unwrap_or_default();
    if let Some(id) = made["id"].as_str().filter(|_| reply.status < 300) {
        world.put_blob(&format!("{}/{id}", call.path), made.clone(), bytes);
    }
}

/// `POST` under `/skills`: a skill, or a version, found by its number.
pub(crate) fn skill(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    let zip = call.files.first().map_or(Bytes::from_static(b"PK\x05\x06fake"), |f| f.bytes.clone());
    match rest {
        [] => {
            let mut plain = call.clone();
            plain.files.clear();
            let reply = objects::answer(&plain, world);
            keep_blob(call, &reply, zip.clone(), world);
            let made: Value = serde_json::from_slice(&reply.collected()).unwrap_or_default();
            let id = made["id"].as_str().unwrap_or_default();
            skill_version(&format!("/skills/{id}"), zip, world);
            reply
        }
        [id, "versions"] => {
            let path = format!("/skills/{id}");
            if !world.has(&path) {
                return objects::not_found(kinds::item(&path).unwrap(), id);
            }
            Reply::json(&skill_version(&path, zip, world))
        }
        _ => objects::answer(call, world),
    }
}

fn skill_version(skill: &str, zip: Bytes, world: &mut World) -> Value {
    let versions = format!("{skill}/versions");
    let number = (world.list(&versions).len() + 1).to_string();
    let kind = kinds::collection(&versions).unwrap();
    let made = objects::make(kind, &versions, &json!({"version": number}), world);
    let id = made["id"].as_str().unwrap_or_default();
    world.remove(&format!("{versions}/{id}"));
    world.put_blob(&format!("{versions}/{number}"), made.clone(), zip);
    if let Some(above) = world.value_mut(skill) {
        above["latest_version"] = json!(number);
    }
    made
}

/// `POST` under `/realtime`.
pub(crate) fn realtime(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    let secret =
        |world: &mut World| json!({"value": world.id("ek_"), "expires_at": world.now() + 600});
    match rest {
        ["calls"] => {
            let id = world.id("rtc_");
            world.put(&format!("/realtime/calls/{id}"), json!({"id": id}));
            Reply::bytes("application/sdp", Bytes::from_static(b"v=0\r\ns=fake answer\r\n"))
                .status(201)
                .header("Location", &format!("/v1/realtime/calls/{id}"))
        }
        ["calls", id, "accept" | "hangup" | "refer" | "reject"] => {
            match world.has(&format!("/realtime/calls/{id}")) {
                true => Reply::empty(),
                false => super::reply::error(
                    404,
                    "invalid_request_error",
                    None,
                    None,
                    &format!("No such call: {id}"),
                ),
            }
        }
        ["client_secrets"] | ["translations", "client_secrets"] => {
            let mut answer = secret(world);
            answer["session"] = call.body["session"].clone();
            answer["session"]["id"] = json!(world.id("sess_"));
            answer["session"]["object"] = json!("realtime.session");
            Reply::json(&answer)
        }
        ["sessions" | "transcription_sessions"] => {
            let mut answer = call.body.clone();
            answer["id"] = json!(world.id("sess_"));
            answer["object"] = json!("realtime.session");
            answer["client_secret"] = secret(world);
            Reply::json(&answer)
        }
        _ => unknown_url("POST", &format!("/v1{}", call.path)),
    }
}

/// `POST /chatkit/sessions`, which also begins a thread.
pub(crate) fn chatkit_session(call: &Call, world: &mut World) -> Reply {
    let kind = kinds::collection("/chatkit/sessions").unwrap();
    let mut body = call.body.clone();
    body["client_secret"] = json!(world.id("ek_"));
    let made = objects::make(kind, "/chatkit/sessions", &body, world);
    let thread = json!({"title": null, "status": {"type": "active"}, "user": body["user"]});
    let kind = kinds::collection("/chatkit/threads").unwrap();
    objects::make(kind, "/chatkit/threads", &thread, world);
    Reply::json(&made)
}

/// `POST /evals`: the schema of an item comes back inside the schema of all data.
pub(crate) fn create_eval(call: &Call, world: &mut World) -> Reply {
    let mut call = call.clone();
    let source = &mut call.body["data_source_config"];
    if source["schema"].is_null() {
        let item = source["item_schema"].take();
        source["schema"] = json!({"type": "object", "properties": {"item": item}});
    }
    if let Some(fields) = source.as_object_mut() {
        fields.remove("item_schema");
    }
    objects::answer(&call, world)
}

/// `POST /evals/{id}/runs/{run}` cancels the run.
pub(crate) fn cancel_eval_run(_: &Call, eval: &str, run: &str, world: &mut World) -> Reply {
    let path = format!("/evals/{eval}/runs/{run}");
    let Some(value) = world.value_mut(&path) else {
        return objects::not_found(kinds::item(&path).unwrap(), run);
    };
    value["status"] = json!("canceled");
    Reply::json(value)
}

/// `POST /fine_tuning/alpha/graders/{run,validate}`.
pub(crate) fn grader(call: &Call, which: &str) -> Reply {
    let grader = &call.body["grader"];
    match which {
        "validate" => Reply::json(&json!({ "grader": grader })),
        "run" => Reply::json(&json!({
            "reward": 1.0,
            "sub_rewards": {},
            "model_grader_token_usage_per_model": {},
            "metadata": {"name": "fake", "type": grader["type"], "errors": {}, "execution_time": 0.1, "scores": {}, "token_usage": null, "sampled_model_name": null},
        })),
        _ => unknown_url("POST", &format!("/v1{}", call.path)),
    }
}

/// `POST /fine_tuning/checkpoints/{model}/permissions`: one permission for each project.
pub(crate) fn checkpoint_permissions(call: &Call, _: &str, world: &mut World) -> Reply {
    let kind = kinds::collection(&call.path).unwrap();
    let projects = call.body["project_ids"].as_array().cloned().unwrap_or_default();
    let made: Vec<Value> = projects
        .iter()
        .map(|id| objects::make(kind, &call.path, &json!({"project_id": id}), world))
        .collect();
    Reply::json(&objects::page(call, made.iter().collect()))
}

/// `POST /content_provenance_checks`.
pub(crate) fn provenance(world: &mut World) -> Reply {
    Reply::json(&json!({
        "id": world.id("cpc_"), "object": "content_provenance_check", "created_at": world.now(), "results": [],
    }))
}
