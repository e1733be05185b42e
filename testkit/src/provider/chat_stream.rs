//! A chat answer as a stream of chunks.

use bytes::Bytes;
use serde_json::{Value, json};

use super::calls::Call;
use super::chat::{self, Said};
use super::reply::{Piece, Reply, data};
use super::words;

/// The chunks, the usage if it was asked for, and `[DONE]`.
pub(crate) fn reply(call: &Call, said: &Said) -> Reply {
    let options = &call.body["stream_options"];
    let usage = options["include_usage"] == json!(true);
    let form = Form { call, said, usage, pad: options["include_obfuscation"] != json!(false) };
    let mut chunks = Vec::new();
    // As in the plain answer, a call of a tool stands beside no text.
    let begun = if said.tool.is_some() { Value::Null } else { json!("") };
    for index in 0..said.choices {
        chunks.push(form.chunk(
            index,
            json!({"role": "assistant", "content": begun, "refusal": null}),
            None,
        ));
        form.content(index, &mut chunks);
        chunks.push(form.chunk(index, json!({}), Some(said.finish)));
    }
    if usage {
        let mut last = form.frame();
        last["choices"] = json!([]);
        last["usage"] = words::chat_usage(&said.tokens);
        chunks.push(last);
    }
    let mut pieces: Vec<Piece> =
        chunks.iter().map(|chunk| Piece::new(said.gap, data(chunk))).collect();
    pieces.push(Piece::new(0, Bytes::from_static(b"data: [DONE]\n\n")));
    Reply::sse(pieces).charge(said.charge(usage))
}

struct Form<'a> {
    call: &'a Call,
    said: &'a Said,
    usage: bool,
    pad: bool,
}

impl Form<'_> {
    /// What every chunk has.
    fn frame(&self) -> Value {
        json!({
            "id": self.said.id,
            "object": "chat.completion.chunk",
            "created": self.said.created,
            "model": self.said.model,
            "service_tier": words::service_tier(&self.call.body),
            "system_fingerprint": "fp_fake",
        })
    }

    fn chunk(&self, index: usize, delta: Value, finish: Option<&str>) -> Value {
        let mut chunk = self.frame();
        let content = delta["content"].as_str().map(str::to_owned);
        let spoken: Vec<String> = content.filter(|text| !text.is_empty()).into_iter().collect();
        let logprobs = match spoken.is_empty() {
            true => Value::Null,
            false => chat::logprobs(self.call, &spoken),
        };
        chunk["choices"] = json!([
            {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        ]);
        if self.usage {
            chunk["usage"] = Value::Null;
        }
        if self.pad {
            let text = spoken.first().map_or(0, String::len);
            chunk["obfuscation"] = json!("xK7pQ2vR9mL4"[..12 - text.min(11)]);
        }
        chunk
    }

    fn content(&self, index: usize, chunks: &mut Vec<Value>) {
        let Some(tool) = &self.said.tool else {
            let one = |piece: &String| self.chunk(index, json!({"content": piece}), None);
            return chunks.extend(self.said.pieces.iter().map(one));
        };
        let mut first = chat::tool_call(tool);
        first["index"] = json!(0);
        first["function"]["arguments"] = json!("");
        chunks.push(self.chunk(index, json!({"tool_calls": [first]}), None));
        for part in chat::halves(&tool.arguments) {
            let call = json!({"index": 0, "function": {"arguments": part}});
            chunks.push(self.chunk(index, json!({"tool_calls": [call]}), None));
        }
    }
}
