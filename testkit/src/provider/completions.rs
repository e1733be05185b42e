//! `POST /completions`, the legacy one.

use bytes::Bytes;
use serde_json::{Value, json};

use super::bill::{Charge, Tokens};
use super::calls::Call;
use super::reply::{Piece, Reply, data, missing};
use super::world::World;
use super::{models, words};

/// Completes a prompt.
pub(crate) fn create(call: &Call, world: &mut World) -> Reply {
    let Some(model) = call.text("model") else { return missing("model") };
    if let Some(refusal) = models::refuse(model, world) {
        return refusal;
    }
    let prompt = words::text_of(&call.body["prompt"]);
    let (said, cut) = words::answer(&prompt, call.number("max_tokens"));
    let finish = if cut { "length" } else { "stop" };
    let choices = call.number("n").unwrap_or(1).clamp(1, 128);
    let tokens = words::tokens(&prompt, said.len() as u64 * choices);
    let tokens = Tokens { image_out: 0, ..tokens };
    let frame = json!({
        "id": world.id("cmpl-"),
        "object": "text_completion",
        "created": world.now(),
        "model": model,
        "system_fingerprint": "fp_fake",
    });
    let charge = Charge { model: model.to_owned(), tokens, reported: true, ..Charge::default() };
    let choice = |index: u64, text: &str, finish: Option<&str>| json!({"index": index, "text": text, "logprobs": null, "finish_reason": finish});
    if call.flag("stream") {
        return stream(call, &frame, &words::pieces(&said), (choices, finish), charge);
    }
    let text = said.join(" ");
    let mut whole = frame;
    whole["choices"] = (0..choices).map(|i| choice(i, &text, Some(finish))).collect();
    whole["usage"] = words::chat_usage(&tokens);
    Reply::json(&whole).charge(charge)
}

fn stream(
    call: &Call,
    frame: &Value,
    said: &[String],
    (choices, finish): (u64, &str),
    mut charge: Charge,
) -> Reply {
    let gap = words::gap(&words::text_of(&call.body["prompt"]));
    charge.reported = call.body["stream_options"]["include_usage"] == json!(true);
    let mut pieces = Vec::new();
    for index in 0..choices {
        for (at, text) in said.iter().enumerate() {
            let mut chunk = frame.clone();
            let finish = (at + 1 == said.len()).then_some(finish);
            chunk["choices"] =
                json!([{"index": index, "text": text, "logprobs": null, "finish_reason": finish}]);
            if charge.reported {
                chunk["usage"] = Value::Null;
            }
            pieces.push(Piece::new(gap, data(&chunk)));
        }
    }
    if charge.reported {
        let mut last = frame.clone();
        last["choices"] = json!([]);
        last["usage"] = words::chat_usage(&charge.tokens);
        pieces.push(Piece::new(gap, data(&last)));
    }
    pieces.push(Piece::new(0, Bytes::from_static(b"data: [DONE]\n\n")));
    Reply::sse(pieces).charge(charge)
}
