//! `POST /embeddings`.

use serde_json::{Value, json};

use super::bill::{Charge, Tokens};
use super::calls::Call;
use super::reply::{Reply, bad_request, missing};
use super::words;
use crate::codec;

/// Vectors for a text, texts, tokens or lists of tokens.
pub(crate) fn create(call: &Call) -> Reply {
    let Some(model) = call.text("model") else { return missing("model") };
    let inputs = match &call.body["input"] {
        Value::Null => return missing("input"),
        Value::Array(items) if items.iter().any(|i| i.is_string() || i.is_array()) => items.clone(),
        Value::Array(items) if items.is_empty() => {
            return bad_request(
                Some("invalid_value"),
                "input",
                "'input' cannot be an empty array.",
            );
        }
        one => vec![one.clone()],
    };
    if model.starts_with("no-such-") {
        return super::models::refuse(model, &super::world::World::new()).unwrap();
    }
    let size = call.number("dimensions").unwrap_or(1536) as usize;
    let base64 = call.text("encoding_format") == Some("base64");
    let tokens: u64 = inputs.iter().map(tokens_of).sum::<u64>() + 3;
    let row = |(index, input): (usize, &Value)| {
        let vector = vector(&input.to_string(), size);
        json!({"object": "embedding", "index": index, "embedding": encode(&vector, base64)})
    };
    let data: Vec<Value> = inputs.iter().enumerate().map(row).collect();
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    let body = json!({"object": "list", "data": data, "model": model, "usage": usage});
    let tokens = Tokens::text(tokens, 0);
    Reply::json(&body).charge(Charge {
        model: model.to_owned(),
        tokens,
        reported: true,
        ..Charge::default()
    })
}

fn tokens_of(input: &Value) -> u64 {
    match input {
        Value::Array(tokens) => tokens.len() as u64,
        text => words::count(text.as_str().unwrap_or_default()),
    }
}

/// A vector which depends only on the text: the sum of its words', so that texts with words in
/// common lie near each other.
fn vector(text: &str, size: usize) -> Vec<f32> {
    let mut sum = vec![0_f32; size];
    for word in text.split_whitespace() {
        let seed = word.bytes().fold(7_u32, |n, b| n.wrapping_mul(31).wrapping_add(u32::from(b)));
        for (i, number) in sum.iter_mut().enumerate() {
            let mut n = seed.wrapping_add((i as u32).wrapping_mul(2_654_435_761));
            n = (n ^ n >> 16).wrapping_mul(0x85eb_ca6b);
            n = (n ^ n >> 13).wrapping_mul(0xc2b2_ae35) >> 8;
            *number += (n % 2000) as f32 / 1000.0 - 1.0;
        }
    }
    sum
}

fn encode(vector: &[f32], base64: bool) -> Value {
    if base64 {
        let bytes: Vec<u8> = vector.iter().flat_map(|f| f.to_le_bytes()).collect();
        return json!(codec::base64(&bytes));
    }
    json!(vector)
}
