//! `/images/generations`, `/images/edits` and `/images/variations`.

use serde_json::{Value, json};

use super::bill::{Charge, Tokens};
use super::calls::{Call, unknown_url};
use super::reply::{Piece, Reply, event, missing};
use super::world::World;
use super::{models, words};
use crate::codec;

/// The smallest picture: one grey pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cch\0\0\0\x82\0\x81w\xcdr\xb6\0\0\0\0IEND\xaeB`\x82";

/// Makes, edits or varies pictures.
pub(crate) fn create(call: &Call, which: &str, world: &mut World) -> Reply {
    if !["generations", "edits", "variations"].contains(&which) {
        return unknown_url("POST", &format!("/v1{}", call.path));
    }
    let prompt = call.text("prompt").unwrap_or_default();
    if prompt.is_empty() && which != "variations" {
        return missing("prompt");
    }
    let has_picture = call.file("image").is_some() || !call.body["images"].is_null();
    if which != "generations" && !has_picture {
        return missing("image");
    }
    let model = call.text("model").unwrap_or("dall-e-2");
    if let Some(refusal) = models::refuse(model, world) {
        return refusal;
    }
    let images = call.number("n").unwrap_or(1).clamp(1, 10);
    let picture = codec::base64(&picture(prompt));
    let charge = Charge { model: model.to_owned(), images, ..Charge::default() };
    if model.contains("dall-e") {
        return dall_e(call, &picture, world).charge(charge);
    }
    let tokens = tokens(prompt, images, which != "generations");
    let charge = Charge { tokens, reported: true, ..charge };
    match call.flag("stream") {
        true => stream(call, which, &picture, &tokens, world).charge(charge),
        false => whole(call, &picture, &tokens, world).charge(charge),
    }
}

fn picture(prompt: &str) -> Vec<u8> {
    let mut bytes = PNG.to_vec();
    if let Some(size) = words::marker(prompt, "bytes") {
        bytes.resize(size as usize, b'.');
    }
    bytes
}

fn tokens(prompt: &str, images: u64, has_input: bool) -> Tokens {
    let image_in = words::marker(prompt, "image_in").unwrap_or(if has_input { 194 } else { 0 });
    let image_out = words::marker(prompt, "image_out").unwrap_or(272) * images;
    let text = words::count(prompt) + 3;
    Tokens { image_in, image_out, ..Tokens::text(text + image_in, image_out) }
}

fn usage(t: &Tokens) -> Value {
    json!({
        "total_tokens": t.input + t.output,
        "input_tokens": t.input,
        "output_tokens": t.output,
        "input_tokens_details": {"text_tokens": t.input - t.image_in, "image_tokens": t.image_in},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": t.image_out},
    })
}

fn settings(call: &Call, world: &World) -> Value {
    let or = |name: &str, other: &str| json!(call.text(name).unwrap_or(other));
    json!({
        "created": world.now(),
        "background": or("background", "opaque"),
        "output_format": or("output_format", "png"),
        "quality": or("quality", "low"),
        "size": or("size", "1024x1024"),
    })
}

fn whole(call: &Call, picture: &str, tokens: &Tokens, world: &World) -> Reply {
    let mut answer = settings(call, world);
    let count = call.number("n").unwrap_or(1).clamp(1, 10);
    answer["data"] = (0..count).map(|_| json!({"b64_json": picture})).collect();
    answer["usage"] = usage(tokens);
    Reply::json(&answer)
}

fn dall_e(call: &Call, picture: &str, world: &World) -> Reply {
    let count = call.number("n").unwrap_or(1).clamp(1, 10);
    let one = |_| match call.text("response_format") {
        Some("b64_json") => json!({"b64_json": picture}),
        _ => {
            json!({"url": "https://images.fake.invalid/one.png", "revised_prompt": call.text("prompt")})
        }
    };
    let data: Vec<Value> = (0..count).map(one).collect();
    Reply::json(&json!({"created": world.now(), "data": data}))
}

fn stream(call: &Call, which: &str, picture: &str, tokens: &Tokens, world: &World) -> Reply {
    let family = if which == "edits" { "image_edit" } else { "image_generation" };
    let gap = words::gap(call.text("prompt").unwrap_or_default());
    let mut base = settings(call, world);
    base["created_at"] = base["created"].take();
    base.as_object_mut().unwrap().remove("created");
    base["b64_json"] = json!(picture);
    let mut pieces = Vec::new();
    for index in 0..call.number("partial_images").unwrap_or(0) {
        let mut partial = base.clone();
        partial["type"] = json!(format!("{family}.partial_image"));
        partial["partial_image_index"] = json!(index);
        pieces.push(Piece::new(gap, event(&partial)));
    }
    base["type"] = json!(format!("{family}.completed"));
    base["usage"] = usage(tokens);
    pieces.push(Piece::new(gap, event(&base)));
    Reply::sse(pieces)
}
