//! The requests that are sent; floor and Tollgate get the same bytes.

use bytes::Bytes;

const TEXT: &str = "Please read the following report and tell me what changed since last week. ";

/// A chat request of about `size` bytes, its text shared out over messages of at most 5 KB.
pub(crate) fn chat(size: usize) -> Bytes {
    let frame = body("", "").len() + 64;
    let mut left = size.saturating_sub(frame);
    let mut messages = Vec::new();
    while left > 0 {
        let length = left.min(5_000);
        let text: String = TEXT.chars().cycle().take(length).collect();
        messages.push(format!(r#"{{"role":"user","content":"{text}"}}"#));
        left -= length;
    }
    body(&messages.join(","), "")
}

/// A request of about 1 KB for a stream of `chunks` chunks, one every `gap_us` microseconds. It
/// does not ask for usage.
pub(crate) fn stream(chunks: u32, gap_us: u32) -> Bytes {
    shaped(&format!(r#""bench_chunks":"{chunks}","bench_gap_us":"{gap_us}""#))
}

/// A request for a stream that falls silent after its first chunk.
pub(crate) fn held(seconds: u32) -> Bytes {
    shaped(&format!(r#""bench_chunks":"2","bench_hold_s":"{seconds}""#))
}

fn shaped(metadata: &str) -> Bytes {
    let text: String = TEXT.chars().cycle().take(700).collect();
    let tail = format!(r#","stream":true,"metadata":{{{metadata}}}"#);
    body(&format!(r#"{{"role":"user","content":"{text}"}}"#), &tail)
}

fn body(messages: &str, tail: &str) -> Bytes {
    Bytes::from(format!(
        r#"{{"model":"gpt-4o-mini","messages":[{messages}],"max_completion_tokens":256,"temperature":0.7{tail}}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_of_the_size_asked_for() {
        for size in [1_024, 100 * 1_024] {
            let body = chat(size);
            assert!(body.len().abs_diff(size) < size / 20, "{} for {size}", body.len());
            serde_json::from_slice::<serde_json::Value>(&body).unwrap();
        }
        for body in [stream(100, 10_000), held(60)] {
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(value["stream"], true);
            assert!(value["metadata"]["bench_chunks"].is_string());
        }
    }
}
