//! What a request says about the shape of its stream.

use std::time::Duration;

use http::HeaderMap;
use memchr::memmem;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct Knobs {
    pub(crate) chunks: u32,
    /// The pause after each event: what makes them separate segments on the wire.
    pub(crate) gap: Duration,
    /// How long to stay silent after the first chunk.
    pub(crate) hold: Option<Duration>,
    pub(crate) include_usage: bool,
}

impl Knobs {
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let number = |key: &str, header: &str| {
            let text = body["metadata"][key].as_str();
            text.or_else(|| headers.get(header)?.to_str().ok())?.parse::<u32>().ok()
        };
        let hold = number("bench_hold_s", "x-bench-hold-seconds")
            .or_else(|| number("bench_hold", "x-bench-hold").filter(|on| *on > 0).map(|_| 3_600));
        Self {
            chunks: number("bench_chunks", "x-bench-chunks").unwrap_or(100),
            gap: Duration::from_micros(
                number("bench_gap_us", "x-bench-gap-us").unwrap_or(1_000).into(),
            ),
            hold: hold.map(|seconds| Duration::from_secs(seconds.into())),
            include_usage: body["stream_options"]["include_usage"] == true,
        }
    }
}

/// Looks for `"stream": true` with any white space; cheap enough for a body of 100 KB.
pub(crate) fn asks_for_stream(body: &[u8]) -> bool {
    const KEY: &[u8] = b"\"stream\"";
    memmem::find_iter(body, KEY).any(|at| {
        let rest = body[at + KEY.len()..].trim_ascii_start();
        rest.strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"true"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_asked_for_by_key_and_value() {
        assert!(asks_for_stream(br#"{"stream":true}"#));
        assert!(asks_for_stream(b"{\"stream\" :\n true}"));
        assert!(!asks_for_stream(br#"{"stream":false,"stream_options":{}}"#));
        assert!(!asks_for_stream(br#"{"content":"stream true"}"#));
    }

    #[test]
    fn knobs_come_from_the_body_first() {
        let body = br#"{"metadata":{"bench_chunks":"7"},"stream_options":{"include_usage":true}}"#;
        let mut headers = HeaderMap::new();
        headers.insert("x-bench-chunks", http::HeaderValue::from_static("9"));
        headers.insert("x-bench-gap-us", http::HeaderValue::from_static("50"));
        let knobs = Knobs::read(&headers, body);
        assert_eq!((knobs.chunks, knobs.gap), (7, Duration::from_micros(50)));
        assert!(knobs.include_usage && knobs.hold.is_none());
    }
}
