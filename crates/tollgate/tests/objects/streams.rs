//! What a client gets is what the provider sent, byte for byte: event streams, however the bytes
//! are split on their way (P15, cases 93 to 96, 102).

use bytes::Bytes;
use testkit::{Matcher, Piece, Script, Then, corpus};

use crate::rig::{Body, Rig};

const CHAT: &str = r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"x"}]}"#;
const UNASKED: &str =
    r#"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"x"}]}"#;
const RESPONSE: &str = r#"{"model":"gpt-4o","stream":true,"input":"x"}"#;

/// The ways in which a stream's bytes come: a size of piece, or one split.
enum Split {
    Every(usize),
    At(usize),
}

fn splits(length: usize, points: usize) -> Vec<Split> {
    if length > 20_000 {
        return [1024, 4099, 65_536].into_iter().map(Split::Every).collect();
    }
    let sizes = [1, 2, 3, 7, 64].into_iter().map(Split::Every);
    let step = length.div_ceil(points).max(1);
    sizes.chain((1..length).step_by(step).map(Split::At)).collect()
}

fn pieces(bytes: &Bytes, split: &Split) -> Vec<Piece> {
    match *split {
        Split::Every(size) => {
            corpus::split(bytes, size).into_iter().map(|part| Piece::new(0, part)).collect()
        }
        // The pause keeps the two from arriving as one.
        Split::At(at) => vec![Piece::new(0, bytes.slice(..at)), Piece::new(1, bytes.slice(at..))],
    }
}

fn arrives(rig: &Rig, name: &str, path: &str, body: &str, sent: &Bytes, wanted: &[u8]) {
    for split in splits(sent.len(), 60) {
        rig.provider.script(Matcher::any(), Script::stream(pieces(sent, &split), Then::End));
        let answer = rig.send(&rig.a, "POST", path, &Body::text(body));
        let how = match split {
            Split::Every(size) => format!("pieces of {size}"),
            Split::At(at) => format!("split at {at}"),
        };
        assert!(
            answer.body == wanted,
            "{name} on {path}, {how}:\n{:?}\nsent\n{:?}",
            answer.text(),
            String::from_utf8_lossy(wanted)
        );
    }
}

/// The stream with an end that its dialect knows.
fn ended(name: &str, bytes: &Bytes, end: &str) -> Bytes {
    let has_end = contains(bytes, b"[DONE]") || name == "an error in the stream";
    if has_end { bytes.clone() } else { [bytes, end.as_bytes()].concat().into() }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[test]
fn p15_chat_streams_arrive_as_they_were_sent() {
    let rig = Rig::new();
    for (name, bytes) in corpus::streams() {
        let bytes = ended(name, &bytes, "\n\ndata: [DONE]\n\n");
        arrives(&rig, name, "/chat/completions", CHAT, &bytes, &bytes);
    }
}

#[test]
fn p15_streams_that_did_not_ask_for_usage_lose_its_chunk_alone() {
    let rig = Rig::new();
    for (name, bytes) in corpus::streams() {
        let bytes = ended(name, &bytes, "\n\ndata: [DONE]\n\n");
        let mut wanted = bytes.to_vec();
        if name == "usage twice" {
            let text = String::from_utf8(wanted).unwrap();
            let kept = text.split_inclusive("\n\n").filter(|event| !event.contains("usage"));
            wanted = kept.collect::<String>().into_bytes();
            assert_eq!(wanted, b"data: [DONE]\n\n");
        }
        arrives(&rig, name, "/chat/completions", UNASKED, &bytes, &wanted);
    }
}

#[test]
fn case_37_the_chunk_that_only_we_asked_for_is_kept_in_every_spelling() {
    let rig = Rig::new();
    let usage = r#"{"id":"a","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#;
    let odd = r#"{ "usage" : { "prompt_tokens":1,"completion_tokens":2 } , "choices" : [ ] }"#;
    let before =
        r#"{"id":"a","choices":[{"index":0,"delta":{"content":"hi \"usage\""}}],"usage":null}"#;
    for (name, end) in [("LF", "\n"), ("CRLF", "\r\n"), ("CR", "\r")] {
        for chunk in [usage, odd] {
            let event = |data: &str| format!("data: {data}{end}{end}");
            let sent = event(before) + &event(chunk) + &event("[DONE]");
            let wanted = event(before) + &event("[DONE]");
            let sent = Bytes::from(sent);
            arrives(&rig, name, "/chat/completions", UNASKED, &sent, wanted.as_bytes());
            arrives(&rig, name, "/chat/completions", CHAT, &sent, &sent);
        }
    }
    let records = rig.gateway.records();
    let counted = |r: &serde_json::Value| r["input_tokens"] == 1 && r["output_tokens"] == 2;
    assert!(records.iter().all(counted), "{:#}", records[0]);
}

#[test]
fn p15_response_streams_arrive_as_they_were_sent() {
    let rig = Rig::new();
    let end = "\n\nevent: response.completed\ndata: {\"type\":\"response.completed\",\"sequence_number\":9,\"response\":{\"id\":\"resp_1\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2}}}\n\n";
    for (name, bytes) in corpus::streams() {
        let own = name.starts_with("an error event") || name == "named events";
        let bytes = if own { bytes } else { [&bytes, end.as_bytes()].concat().into() };
        arrives(&rig, name, "/responses", RESPONSE, &bytes, &bytes);
    }
}

#[test]
fn p15_streams_without_a_last_event_end_as_they_are() {
    let rig = Rig::new();
    let image = r#"{"model":"gpt-image-1","prompt":"x","stream":true}"#;
    for (name, bytes) in corpus::streams() {
        for size in [1, 7, usize::MAX] {
            let size = if bytes.len() > 20_000 { size.max(4099) } else { size };
            let script = Script::stream(pieces(&bytes, &Split::Every(size)), Then::End);
            rig.provider.script(Matcher::any(), script);
            let answer = rig.send(&rig.a, "POST", "/images/generations", &Body::text(image));
            assert!(answer.body == bytes, "{name}, pieces of {size}:\n{:?}", answer.text());
        }
    }
}

#[test]
fn case_96_a_stream_that_stops_early_says_so_and_is_never_done() {
    let rig = Rig::new();
    let whole = "data: {\"id\":\"a\",\"choices\":[]}\n\n";
    for (cut, then) in [
        ("", Then::End),
        ("", Then::Cut),
        ("", Then::Reset),
        ("data: {\"id\":\"b\",\"cho", Then::End),
        ("data: {\"id\":\"b\",\"cho", Then::Cut),
    ] {
        let pieces = vec![Piece::new(0, whole), Piece::new(5, cut)];
        rig.provider.script(Matcher::any(), Script::stream(pieces, then));
        let answer = rig.send(&rig.a, "POST", "/chat/completions", &Body::text(CHAT));
        let text = answer.text();
        let rest = text.strip_prefix(whole).unwrap_or_else(|| panic!("{then:?} {cut}: {text:?}"));
        assert!(rest.starts_with("data: {\"error\":{") && rest.ends_with("\n\n"), "{rest:?}");
        assert!(!text.contains("[DONE]") && rest.matches("\n\n").count() == 1, "{rest:?}");
    }
    let records = rig.gateway.wait_records(5);
    for record in records {
        assert_eq!(record["outcome"], "upstream_failed");
        assert_eq!(record["error_code"], "upstream_incomplete");
        assert_eq!(record["estimated"], 1);
    }
}

#[test]
fn case_96_nothing_follows_the_error_event() {
    // The last event lacks its blank line, so it cannot be shown; what it tells of is owned.
    let rig = Rig::new();
    let half = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_half\"}}\n";
    let script = Script::stream(vec![Piece::new(0, half)], Then::End);
    rig.provider.script(Matcher::any(), script);
    let text = rig.send(&rig.a, "POST", "/responses", &Body::text(RESPONSE)).text();
    assert!(
        text.starts_with("event: error\ndata: {") && text.matches("\n\n").count() == 1,
        "{text}"
    );
    rig.gateway.wait_records(1);
    rig.provider.clear();
    rig.get(&rig.a, "/responses/resp_half");
    assert_eq!(rig.provider.seen_count(), 1, "the owner is on record");
}

#[test]
fn case_102_many_choices_and_tool_fragments_arrive_as_they_were_sent() {
    let rig = Rig::new();
    for more in [
        r#""n":3,"logprobs":true,"top_logprobs":5"#,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}]"#,
    ] {
        let body = format!(
            r#"{{"model":"gpt-4o","stream":true,"messages":[{{"role":"user","content":"use the tool"}}],{more}}}"#
        );
        let answer = rig.send(&rig.a, "POST", "/chat/completions", &Body::text(&body));
        let text = answer.text();
        assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("\"usage\":{"), "{text}");
        for event in text.split_terminator("\n\n") {
            let data = event.strip_prefix("data: ").unwrap();
            if data != "[DONE]" {
                let chunk: serde_json::Value = serde_json::from_str(data).unwrap();
                assert_eq!(chunk["choices"].as_array().unwrap().len(), 1);
            }
        }
    }
}
