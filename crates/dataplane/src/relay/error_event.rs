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
