//! Reads the stream of the doctor's call: when text came, and how it ended.

use std::time::Duration;

use bytes::Bytes;
use domain::diagnosis::call::{CallEnd, StreamEnd};
use domain::fault::catalogue;
use http_body_util::BodyExt;
use openai::sse::{self, Splitter};
use serde_json::Value;
use tokio::time::Instant;

/// Bytes of one event.
const LONGEST: usize = 1 << 20;

/// What has come so far.
struct Seen {
    begun: Instant,
    first: Option<u64>,
    pieces: u64,
    end: Option<StreamEnd>,
}

/// Reads a stream to its end; nothing is waited for longer than `gap`.
pub(super) async fn read<B>(mut body: B, begun: Instant, gap: Duration) -> CallEnd
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let mut seen = Seen { begun, first: None, pieces: 0, end: None };
    let mut splitter = Splitter::new(LONGEST);
    while seen.end.is_none() {
        match tokio::time::timeout(gap, body.frame()).await {
            Err(_) if seen.first.is_none() && seen.pieces == 0 => return CallEnd::Silent,
            Err(_) => seen.end = Some(StreamEnd::Stalled),
            Ok(None | Some(Err(_))) => seen.end = Some(StreamEnd::Cut),
            Ok(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else { continue };
                match splitter.push(bytes) {
                    Ok(whole) => seen.take(&whole),
                    Err(_) => seen.end = Some(StreamEnd::Error("an endless event".to_owned())),
                }
            }
        }
    }
    CallEnd::Streamed {
        end: seen.end.unwrap_or(StreamEnd::Cut),
        first_token_ms: seen.first,
        tokens: seen.pieces,
        total_ms: super::since(begun).unwrap_or(u64::MAX),
    }
}

impl Seen {
    fn take(&mut self, events: &[u8]) {
        for event in sse::events(events) {
            let data = sse::data(&events[event]);
            if data.trim_ascii() == b"[DONE]" {
                self.end = Some(StreamEnd::Whole);
            } else if let Ok(chunk) = serde_json::from_slice::<Value>(&data) {
                self.chunk(&chunk);
            }
            if self.end.is_some() {
                return;
            }
        }
    }

    fn chunk(&mut self, chunk: &Value) {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            self.end = Some(end_of(error));
            return;
        }
        let text = |name: &str| {
            let found = chunk.pointer(&format!("/choices/0/delta/{name}"));
            found.and_then(Value::as_str).is_some_and(|text| !text.is_empty())
        };
        if text("content") || text("reasoning_content") || text("reasoning") || text("refusal") {
            self.pieces += 1;
            self.first = self.first.or_else(|| super::since(self.begun));
        }
    }
}

/// An error in a stream: ours says that the provider's stream broke off or stood still.
fn end_of(error: &Value) -> StreamEnd {
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    match text("message") {
        Some(message) if message == catalogue::UPSTREAM_TIMEOUT.what => StreamEnd::Stalled,
        Some(message) if message == catalogue::UPSTREAM_INCOMPLETE.what => StreamEnd::Cut,
        _ => StreamEnd::Error(text("code").or(text("type")).unwrap_or("an error").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    async fn end(text: &str) -> (StreamEnd, u64) {
        let body = Full::new(Bytes::from(text.to_owned()));
        match read(body, Instant::now(), Duration::from_secs(1)).await {
            CallEnd::Streamed { end, tokens, first_token_ms, .. } => {
                assert_eq!(first_token_ms.is_some(), tokens > 0);
                (end, tokens)
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_stream_is_told_by_its_end_and_its_pieces() {
        let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
        let role =
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
        let done = "data: [DONE]\n\n";
        assert_eq!(end(&format!("{role}{piece}{piece}{done}")).await, (StreamEnd::Whole, 2));
        assert_eq!(end(piece).await, (StreamEnd::Cut, 1));
        let error = |message: &str| {
            format!("data: {{\"error\":{{\"message\":{message:?},\"code\":\"x\"}}}}\n\n")
        };
        let ours = error(catalogue::UPSTREAM_TIMEOUT.what);
        assert_eq!(end(&format!("{piece}{ours}")).await, (StreamEnd::Stalled, 1));
        assert_eq!(end(&error(catalogue::UPSTREAM_INCOMPLETE.what)).await, (StreamEnd::Cut, 0));
        let theirs = end(&error("Something else.")).await;
        assert_eq!(theirs, (StreamEnd::Error("x".to_owned()), 0));
    }
}
