//! Streams that go wrong after their head.

use std::time::{Duration, Instant};

use hyper::body::Bytes;
use serde_json::{Value, json};
use testkit::{Act, Answer, Matcher, Piece, Script, Then};

use crate::support::{CHAT, Stage, hello_stream};

const EVENT: &str = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\
    \"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";

fn chat() -> Matcher {
    Matcher::new("POST", CHAT)
}

fn events(then: Then) -> Script {
    Script::stream(vec![Piece::new(0, EVENT), Piece::new(0, EVENT)], then)
}

/// Reads a stream which must end properly on the wire, whatever it says.
fn read(stage: &Stage, path: &str, body: &Value) -> Answer {
    let answer = stage.gateway.json(&stage.key.value, "POST", path, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_eq!(answer.header("content-encoding"), None);
    answer
}

/// The last event must be an error of ours in the envelope, and no `[DONE]` may follow.
#[track_caller]
fn ends_with_error(text: &str, words: &str) {
    assert!(!text.contains("[DONE]"), "{text}");
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    let event: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    let message = event["error"]["message"].as_str().unwrap();
    assert!(message.contains(words), "{message}");
    assert!(event["error"].get("type").is_some() && event["error"].get("code").is_some());
}

#[test]
fn case_96_a_stream_without_its_end_gets_an_error_event() {
    let stage = Stage::new();
    for then in [Then::End, Then::Cut, Then::Reset] {
        stage.provider.script(chat(), events(then));
        let text = read(&stage, CHAT, &hello_stream()).text();
        assert!(text.starts_with(EVENT), "{text}");
        ends_with_error(&text, "before");
    }
    assert_eq!(stage.provider.seen_count(), 3, "a stream is never tried again");
}

#[test]
fn case_96_the_responses_dialect_has_its_own_error_event() {
    let stage = Stage::new();
    let begun = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\
                 \"response\":{\"id\":\"resp_1\",\"usage\":null}}\n\n";
    let script = Script::stream(vec![Piece::new(0, begun)], Then::Cut);
    stage.provider.script(Matcher::new("POST", "/v1/responses"), script);
    let body = json!({"model": "gpt-4o-mini", "input": "hi", "stream": true});
    let text = read(&stage, "/v1/responses", &body).text();
    let last = text.strip_prefix(begun).expect("the provider's event");
    let data = last.strip_prefix("event: error\ndata: ").expect("an error event").trim_end();
    let event: Value = serde_json::from_str(data).unwrap();
    assert_eq!((&event["type"], &event["code"]), (&json!("error"), &json!("upstream_incomplete")));
    assert_eq!(event["sequence_number"], 1);
    assert!(event["message"].is_string());
}

#[test]
fn case_97_a_stream_that_hangs_gets_an_error_event() {
    let stage = Stage::configured("[timeouts]\ngap_seconds = 1\n");
    stage.provider.script(chat(), events(Then::Hang));
    let text = read(&stage, CHAT, &hello_stream()).text();
    assert!(text.starts_with(EVENT), "{text}");
    ends_with_error(&text, "time");
    stage.provider.script(chat(), Script::new(Act::HangAfterChunks(0)));
    ends_with_error(&read(&stage, CHAT, &hello_stream()).text(), "time");
    assert_eq!(stage.provider.seen_count(), 2);
}

#[test]
fn case_98_an_error_event_of_the_provider_is_passed_on() {
    let stage = Stage::new();
    let error = "data: {\"error\": {\"message\": \"The server is overloaded.\", \
                 \"type\": \"server_error\", \"param\": null, \"code\": null}}\n\n";
    let pieces = vec![Piece::new(0, EVENT), Piece::new(0, error)];
    stage.provider.script(chat(), Script::stream(pieces, Then::End));
    let text = read(&stage, CHAT, &hello_stream()).text();
    assert_eq!(text, format!("{EVENT}{error}"));
}

#[test]
fn case_89_an_error_event_does_not_show_our_names() {
    let stage = Stage::new();
    let credential = stage.provider.credential().to_owned();
    for words in ["Rate limit in organization org-fakeaccount on tokens", credential.as_str()] {
        let error =
            json!({"error": {"message": words, "type": "tokens", "param": null, "code": null}});
        let pieces = vec![Piece::new(0, format!("{EVENT}data: {error}\n\n"))];
        stage.provider.script(chat(), Script::stream(pieces, Then::End));
        let text = read(&stage, CHAT, &hello_stream()).text();
        assert!(text.starts_with(EVENT), "{text}");
        assert!(!text.contains("fakeaccount") && !text.contains(&credential), "{text}");
        ends_with_error(&text, "");
    }
}

#[test]
fn case_93_an_endless_line_is_cut() {
    let stage = Stage::new();
    let block = "x".repeat(1 << 20);
    let mut pieces = vec![Piece::new(0, EVENT), Piece::new(0, "data: ")];
    pieces.extend((0..9).map(|_| Piece::new(0, block.clone())));
    stage.provider.script(chat(), Script::stream(pieces, Then::Hang));
    let text = read(&stage, CHAT, &hello_stream()).text();
    assert!(text.len() < 1 << 20, "what cannot be an event was passed on");
    ends_with_error(&text, "");
}

/// Resident memory of a process, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn case_77_a_client_that_does_not_read_holds_the_provider_back() {
    let stage = Stage::new();
    let event = Bytes::from(format!("data: {{\"x\":\"{}\"}}\n\n", "x".repeat(256 * 1024)));
    let pieces = (0..160).map(|_| Piece::new(0, event.clone())).collect();
    stage.provider.script(chat(), Script::stream(pieces, Then::End));
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let before = memory(stage.gateway.pid());
    let stream = stage.gateway.open("POST", CHAT, &headers, hello_stream().to_string());
    assert_eq!(stream.status, 200);
    let end = Instant::now() + Duration::from_secs(1);
    while Instant::now() < end {
        let more = memory(stage.gateway.pid()).saturating_sub(before);
        assert!(more < 16 * 1024, "{more} KiB more for one stream of 40 MiB");
    }
    let answer = stream.collect().unwrap();
    assert_eq!(answer.body.len() / event.len(), 160);
}

#[test]
fn case_38_a_client_who_leaves_is_still_booked() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    for pieces in [0, 1, 3] {
        let mut body = hello_stream();
        body["messages"][0]["content"] = json!("[[words=8]] [[gap_ms=10]]");
        let mut stream = stage.gateway.open("POST", CHAT, &headers, body.to_string());
        for _ in 0..pieces {
            stream.next_chunk().unwrap().unwrap();
        }
        drop(stream);
    }
    // The gateway's own check at the end holds its records against the bill.
    crate::support::until("three bills", || stage.provider.bill().len() == 3);
}
