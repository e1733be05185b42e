//! A client that hangs up changes nothing of what a call costs (cases 38 and 39).

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Matcher, Script};

use crate::rig::{Body, Rig};

const SLOW: &str = "[[words=12]] [[gap_ms=15]] [[cached=4]] [[reasoning=2]]";

fn streams() -> [(&'static str, Value); 6] {
    let messages = json!([{"role": "user", "content": SLOW}]);
    [
        ("/chat/completions", json!({"messages": messages})),
        (
            "/chat/completions",
            json!({"messages": messages, "stream_options": {"include_usage": true}}),
        ),
        ("/chat/completions", json!({"messages": messages, "store": true, "n": 2})),
        ("/completions", json!({"prompt": SLOW})),
        ("/responses", json!({"input": SLOW})),
        ("/threads/runs", json!({"thread": {"messages": messages}})),
    ]
}

/// The call's one record, which holds what the provider billed.
fn one_true_record(rig: &Rig, had: usize, what: &str) -> Value {
    let record = rig.gateway.wait_records(had + 1).remove(had);
    let bill = rig.provider.bill().pop().unwrap();
    assert_eq!(record["upstream_request_id"], json!(bill.request_id), "{what}");
    assert_eq!(record["estimated"], 0, "{what}: {record:#}");
    assert_eq!(record["input_tokens"], json!(bill.tokens.input), "{what}");
    assert_eq!(record["output_tokens"], json!(bill.tokens.output), "{what}");
    assert_eq!(record["output_reasoning_tokens"], json!(bill.tokens.reasoning), "{what}");
    record
}

#[test]
fn case_38_a_stream_is_drained_for_its_usage_whenever_its_client_leaves() {
    let rig = Rig::new();
    for (path, body) in streams() {
        for events in [0, 1, 5, 9] {
            let mut body = body.clone();
            body["model"] = json!("gpt-4o");
            body["stream"] = json!(true);
            let what = format!("{path} after {events} events: {body}");
            let had = rig.gateway.records().len();
            let mut stream = rig.open(&rig.a, "POST", path, &Body::json(&body));
            let mut seen = 0;
            while seen < events {
                let part = stream.next_chunk().unwrap().unwrap();
                seen += String::from_utf8_lossy(&part).matches("\n\n").count();
            }
            drop(stream);
            let record = one_true_record(&rig, had, &what);
            assert_eq!(record["outcome"], "client_gone", "{what}");
        }
    }
    assert_eq!(rig.gateway.records().len(), streams().len() * 4, "one record a call");
}

#[test]
fn case_38_sound_and_pictures_are_drained_too() {
    let rig = Rig::new();
    let file = [("file", "a.wav", &[7; 50_000][..])];
    let transcription =
        [("model", "gpt-4o-transcribe"), ("stream", "true"), ("prompt", "[[gap_ms=30]]")];
    let speech = json!({"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "[[bytes=20000]] [[gap_ms=15]]"});
    let mut events = speech.clone();
    events["stream_format"] = json!("sse");
    let image = json!({"model": "gpt-image-1", "prompt": "a [[gap_ms=40]]", "stream": true, "partial_images": 3});
    let calls = [
        ("/audio/speech", Body::json(&speech)),
        ("/audio/speech", Body::json(&events)),
        ("/images/generations", Body::json(&image)),
        ("/audio/transcriptions", Body::form(&transcription, &file)),
    ];
    for (at, (path, body)) in calls.into_iter().enumerate() {
        let mut stream = rig.open(&rig.a, "POST", path, &body);
        stream.next_chunk().unwrap().unwrap();
        drop(stream);
        let record = rig.gateway.wait_records(at + 1).remove(at);
        let bill = rig.provider.bill().pop().unwrap();
        assert_eq!(record["outcome"], "client_gone", "{path}: {record:#}");
        assert_eq!(record["estimated"], 0, "{path}");
        assert_eq!(record["characters"], json!(bill.characters), "{path}");
        if bill.usage_reported {
            assert_eq!(record["input_tokens"], json!(bill.tokens.input), "{path}");
            assert_eq!(record["output_tokens"], json!(bill.tokens.output), "{path}");
        }
    }
}

#[test]
fn case_38_after_the_last_event_there_is_nothing_left_to_drain() {
    let rig = Rig::new();
    for (path, mut body) in streams() {
        body["model"] = json!("gpt-4o");
        body["stream"] = json!(true);
        let had = rig.gateway.records().len();
        let mut stream = rig.open(&rig.a, "POST", path, &Body::json(&body));
        stream.read_until(if path == "/responses" { "response.completed\ndata" } else { "[DONE]" });
        drop(stream);
        let record = one_true_record(&rig, had, path);
        assert_eq!(record["outcome"], "completed", "{path}");
    }
}

#[test]
fn case_39_a_call_without_a_stream_is_followed_to_its_end() {
    let rig = Rig::new();
    let calls = [
        (
            "/chat/completions",
            json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "[[reasoning=2]] a"}]}),
        ),
        ("/responses", json!({"model": "gpt-4o", "input": "a b"})),
        ("/embeddings", json!({"model": "text-embedding-3-small", "input": "a b"})),
        ("/images/generations", json!({"model": "gpt-image-1", "prompt": "a"})),
        (
            "/chat/completions",
            json!({"model": "gpt-4o", "stream": true, "messages": [{"role": "user", "content": "a"}]}),
        ),
    ];
    for (path, body) in calls {
        let had = rig.gateway.records().len();
        let sent = rig.provider.seen_count();
        rig.provider.script(Matcher::any(), Script::gate_open());
        let wire = begin(&rig, path, &body.to_string());
        rig.provider.wait_seen(sent + 1, Duration::from_secs(60));
        drop(wire);
        until(|| rig.metric("tollgate_connections") == 1);
        rig.provider.release();
        let record = one_true_record(&rig, had, path);
        assert_eq!(record["outcome"], "client_gone", "{path}");
    }
}

#[test]
fn case_39_what_an_unread_answer_made_is_its_callers() {
    let rig = Rig::new();
    rig.provider.script(Matcher::any(), Script::gate_open());
    let wire = begin(&rig, "/vector_stores", r#"{"name":"unread"}"#);
    rig.provider.wait_seen(1, Duration::from_secs(60));
    drop(wire);
    until(|| rig.metric("tollgate_connections") == 1);
    rig.provider.release();
    rig.gateway.wait_records(1);
    assert_eq!(rig.get(&rig.a, "/vector_stores").json()["data"][0]["name"], "unread");
    assert_eq!(rig.get(&rig.d, "/vector_stores").json()["data"], json!([]));
}

/// Sends a request and does not wait for its answer.
fn begin(rig: &Rig, path: &str, body: &str) -> TcpStream {
    let address = rig.gateway.url().replace("http://", "");
    let mut wire = TcpStream::connect(&address).unwrap();
    let (key, length) = (&rig.a.value, body.len());
    let head = format!(
        "POST /v1{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    wire.write_all((head + body).as_bytes()).unwrap();
    wire
}

fn until(ready: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !ready() {
        assert!(Instant::now() < end, "it did not come to pass");
        std::thread::sleep(Duration::from_millis(5));
    }
}
