//! The text that a model wrote, for counting tokens where a provider reports none.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde_json::Value;

/// Appends, still escaped, the text that one stream event adds: the first string under `content`,
/// `delta`, `text` or `arguments`. It runs on every event, so it searches and copies, no more.
pub fn delta_text(event_data: &[u8], out: &mut Vec<u8>, limit: usize) {
    if out.len() >= limit {
        return;
    }
    static KEYS: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| {
        [r#""content""#, r#""delta""#, r#""text""#, r#""arguments""#].map(Finder::new)
    });
    for key in KEYS.iter() {
        let Some(at) = key.find(event_data) else { continue };
        if let Some(text) = string_behind(&event_data[at + key.needle().len()..]) {
            out.extend_from_slice(&text[..text.len().min(limit - out.len())]);
            return;
        }
    }
}

/// The most tokens that one event of a chat stream brings: its texts' bytes, as they are escaped, and
/// one for what has none. An event of another form counts with all its bytes.
#[must_use]
pub fn most_tokens(event_data: &[u8]) -> u64 {
    static DELTA: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""delta""#));
    let mut sum = None;
    let mut rest = event_data;
    while let Some(at) = DELTA.find(rest) {
        rest = &rest[at + DELTA.needle().len()..];
        let Some(value) = rest.trim_ascii_start().strip_prefix(b":") else { continue };
        let (bytes, end) = strings_of(value);
        sum = Some(sum.unwrap_or(1) + bytes);
        rest = &value[end..];
    }
    sum.unwrap_or(event_data.len() as u64)
}

/// The bytes of all strings of a value that are not keys, and the value's end.
fn strings_of(value: &[u8]) -> (u64, usize) {
    let (mut depth, mut bytes, mut at) = (0_usize, 0, 0);
    while at < value.len() {
        match value[at] {
            b'"' => {
                let start = at + 1;
                at = start;
                while at < value.len() && value[at] != b'"' {
                    at += if value[at] == b'\\' { 2 } else { 1 };
                }
                let end = at.min(value.len());
                let behind = value.get(at + 1..).unwrap_or_default().trim_ascii_start();
                if !behind.starts_with(b":") {
                    bytes += (end - start) as u64;
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 && !value[at - 1].is_ascii_whitespace() {
            break;
        }
    }
    (bytes, at.min(value.len()))
}

/// The string value behind a key, if a string is what stands there.
fn string_behind(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    let text = rest.strip_prefix(b"\"")?;
    let mut end = 0;
    loop {
        end += memchr::memchr2(b'"', b'\\', &text[end..])?;
        if text[end] == b'"' {
            return Some(&text[..end]);
        }
        end = (end + 2).min(text.len());
    }
}

/// The text of a whole answer: chat choices, legacy choices, or Responses output items.
#[must_use]
pub fn output_text(answer: &[u8]) -> String {
    let mut out = String::new();
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return out };
    for choice in answer.get("choices").and_then(Value::as_array).into_iter().flatten() {
        out.push_str(choice.get("text").and_then(Value::as_str).unwrap_or(""));
        collect(choice.get("message"), &mut out);
    }
    collect(answer.get("output"), &mut out);
    out.push_str(answer.get("text").and_then(Value::as_str).unwrap_or(""));
    out
}

/// The text of a request's prompt: everything written in messages, input, prompt, instructions.
#[must_use]
pub fn input_text(request: &[u8]) -> String {
    let mut out = String::new();
    let Ok(request) = serde_json::from_slice::<Value>(request) else { return out };
    for key in ["messages", "input", "prompt", "instructions", "tools", "suffix"] {
        all_strings(request.get(key), &mut out);
    }
    out
}

/// Every string inside a value but inline data, whose tokens are not its letters.
fn all_strings(value: Option<&Value>, out: &mut String) {
    match value {
        Some(Value::String(text)) if !text.starts_with("data:") => out.push_str(text),
        Some(Value::Array(list)) => list.iter().for_each(|v| all_strings(Some(v), out)),
        Some(Value::Object(map)) => map.values().for_each(|v| all_strings(Some(v), out)),
        _ => {}
    }
}

/// All strings under keys that hold written text.
fn collect(value: Option<&Value>, out: &mut String) {
    const WRITTEN: [&str; 7] =
        ["content", "refusal", "reasoning", "reasoning_content", "arguments", "text", "transcript"];
    match value {
        Some(Value::Array(list)) => list.iter().for_each(|v| collect(Some(v), out)),
        Some(Value::Object(map)) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if WRITTEN.contains(&key.as_str()) => out.push_str(text),
                    Value::Array(_) | Value::Object(_) => collect(Some(value), out),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_of_each_dialect() {
        let mut out = Vec::new();
        for event in [
            r#"{"choices":[{"delta":{"content":"Hel"}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"text":"lo"}]}"#,
            r#"{"type":"response.output_text.delta","delta":"!"}"#,
            "not json",
        ] {
            delta_text(event.as_bytes(), &mut out, 100);
        }
        assert_eq!(out, b"Hel{}lo!");
    }

    #[test]
    fn whole_answers() {
        let chat = r#"{"choices":[{"message":{"role":"assistant","content":"Hi"}}]}"#;
        assert_eq!(output_text(chat.as_bytes()), "Hi");
        let responses =
            r#"{"output":[{"type":"message","content":[{"type":"output_text","text":"Yo"}]}]}"#;
        assert_eq!(output_text(responses.as_bytes()), "Yo");
    }

    #[test]
    fn a_chat_event_brings_at_most_the_bytes_of_its_texts_and_one() {
        for (event, tokens) in [
            (r#"{"id":"chatcmpl-1","choices":[{"delta":{"content":"Hello"},"index":0}]}"#, 6),
            (r#"{"choices":[{"delta" : { "content" : "a\"b\u00e9" }}],"obfuscation":"xxxx"}"#, 11),
            (
                r#"{"choices":[{"delta":{"role":"x","a":{"b":["cd",{"e":"f"}]}}},{"delta":{"content":"gh"}}]}"#,
                7,
            ),
            (r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, 1),
            (r#"{"choices":[{"delta":null}]}"#, 1),
            (r#"{"choices":[{"delta":"text"}]}"#, 5),
            (r#"{"choices":[{"message":{"content":"Hello"}}]}"#, 45),
            (r#"{"choices":[{"delta":{"content":"cut"#, 4),
        ] {
            assert_eq!(most_tokens(event.as_bytes()), tokens, "{event}");
        }
    }
}
