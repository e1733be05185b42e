//! Threads, messages and runs. A run is done when it is looked at; streamed, it is done at once.

use bytes::Bytes;
use serde_json::{Value, json};

use super::bill::Charge;
use super::calls::Call;
use super::reply::{Piece, Reply};
use super::world::World;
use super::{kinds, objects, words};

/// `POST` under `/threads`.
pub(crate) fn route(call: &Call, rest: &[&str], world: &mut World) -> Reply {
    match rest {
        [] => Reply::json(&thread(&call.body, world)),
        ["runs"] => {
            let thread = thread(&call.body["thread"], world);
            run(call, thread["id"].as_str().unwrap_or_default(), world)
        }
        [id, "runs"] if world.has(&format!("/threads/{id}")) => run(call, id, world),
        [_, "messages"] => {
            let mut call = call.clone();
            call.body["content"] = content(&call.body["content"]);
            objects::answer(&call, world)
        }
        _ => objects::answer(call, world),
    }
}

/// Message content in the form in which it comes back.
fn content(given: &Value) -> Value {
    match given.as_str() {
        Some(text) => json!([{"type": "text", "text": {"value": text, "annotations": []}}]),
        None => given.clone(),
    }
}

fn thread(body: &Value, world: &mut World) -> Value {
    let kept = json!({"metadata": body["metadata"]});
    let made = objects::make(kinds::collection("/threads").unwrap(), "/threads", &kept, world);
    let id = made["id"].as_str().unwrap_or_default();
    for message in body["messages"].as_array().into_iter().flatten() {
        let mut message = message.clone();
        message["content"] = content(&message["content"]);
        put(&format!("/threads/{id}/messages"), &message, world);
    }
    made
}

fn put(collection: &str, body: &Value, world: &mut World) -> Value {
    objects::make(kinds::collection(collection).unwrap(), collection, body, world)
}

fn run(call: &Call, thread: &str, world: &mut World) -> Reply {
    let path = format!("/threads/{thread}");
    let said: String = world
        .list(&format!("{path}/messages"))
        .iter()
        .map(|message| words::text_of(&message["content"][0]["text"]["value"]))
        .collect();
    let (answer, _) = words::answer(&said, None);
    let tokens = words::tokens(&said, answer.len() as u64);
    let tokens = super::Tokens { audio_in: 0, audio_out: 0, image_in: 0, image_out: 0, ..tokens };
    let usage = words::chat_usage(&tokens);
    let mut body = call.body.clone();
    body.as_object_mut().unwrap().remove("stream");
    body["thread_id"] = json!(thread);
    let queued = put(&format!("{path}/runs"), &body, world);
    let run = &queued["id"];
    let message = json!({
        "role": "assistant",
        "content": content(&json!(answer.join(" "))),
        "run_id": run,
        "assistant_id": queued["assistant_id"],
        "thread_id": thread,
    });
    let message = put(&format!("{path}/messages"), &message, world);
    let details =
        json!({"type": "message_creation", "message_creation": {"message_id": message["id"]}});
    let step = json!({"thread_id": thread, "assistant_id": queued["assistant_id"], "step_details": details, "usage": usage});
    let run_path = format!("{path}/runs/{}", run.as_str().unwrap_or_default());
    let step = put(&format!("{run_path}/steps"), &step, world);
    let done = world.value_mut(&run_path).unwrap();
    done["usage"] = usage;
    let model = done["model"].as_str().unwrap_or_default().to_owned();
    let charge = Charge { model, tokens, ..Charge::default() };
    if !call.flag("stream") {
        return Reply::json(&queued).charge(Charge { job: true, ..charge });
    }
    done["status"] = json!("completed");
    let done = done.clone();
    stream(&queued, &step, &message, &done, words::gap(&said))
        .charge(Charge { reported: true, ..charge })
}

fn stream(queued: &Value, step: &Value, message: &Value, done: &Value, gap: u64) -> Reply {
    let mut running = queued.clone();
    running["status"] = json!("in_progress");
    let mut blank = message.clone();
    blank["status"] = json!("in_progress");
    blank["content"] = json!([]);
    let text = message["content"][0]["text"]["value"].as_str().unwrap_or_default();
    let mut events = vec![
        ("thread.run.created", queued.clone()),
        ("thread.run.queued", queued.clone()),
        ("thread.run.in_progress", running),
        ("thread.run.step.created", step.clone()),
        ("thread.message.created", blank.clone()),
        ("thread.message.in_progress", blank),
    ];
    for part in text.split_inclusive(' ') {
        let content = json!([{"index": 0, "type": "text", "text": {"value": part}}]);
        let delta = json!({"id": message["id"], "object": "thread.message.delta", "delta": {"content": content}});
        events.push(("thread.message.delta", delta));
    }
    events.push(("thread.message.completed", message.clone()));
    events.push(("thread.run.step.completed", step.clone()));
    events.push(("thread.run.completed", done.clone()));
    let frame = |(name, value): &(&str, Value)| {
        Piece::new(gap, format!("event: {name}\ndata: {value}\n\n"))
    };
    let mut pieces: Vec<Piece> = events.iter().map(frame).collect();
    pieces.push(Piece::new(0, Bytes::from_static(b"event: done\ndata: [DONE]\n\n")));
    Reply::sse(pieces)
}
