//! An error inside a stream that has begun, in the stream's own dialect. The HTTP status is gone
//! by then; the official SDKs raise on each of these forms.

use bytes::Bytes;
use domain::{Entry, Fault};
use openai::envelope;
use openai::surface::Meter;
use serde_json::json;

/// The event. `sequence` numbers it in a Responses stream.
pub(super) fn render(meter: Meter, entry: &'static Entry, sequence: u64) -> Bytes {
    let fault = Fault::new(entry);
    let envelope = envelope::body(&fault);
    let envelope = String::from_utf8_lossy(&envelope);
    Bytes::from(match meter {
        Meter::Chat | Meter::Completion => format!("data: {envelope}\n\n"),
        Meter::Responses => {
            let event = json!({"type": "error", "code": entry.code, "message": fault.message,
                               "param": null, "sequence_number": sequence});
            format!("event: error\ndata: {event}\n\n")
        }
        _ => format!("event: error\ndata: {envelope}\n\n"),
    })
}

/// The end of a chat stream as a provider ends it at a maximum, with our code beside it. `head` has
/// the fields that all chunks of an answer share.
pub(super) fn at_a_maximum(head: &[u8], entry: &'static Entry) -> Bytes {
    let head = serde_json::from_slice(head).unwrap_or_default();
    let of = |name: &str| serde_json::Map::get(&head, name).cloned().unwrap_or_default();
    let choice = json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": "length"});
    let chunk = json!({
        "id": of("id"), "object": "chat.completion.chunk", "created": of("created"),
        "model": of("model"), "choices": [choice],
        "tollgate": {"code": entry.code, "message": entry.what},
    });
    Bytes::from(format!("data: {chunk}\n\ndata: [DONE]\n\n"))
}
