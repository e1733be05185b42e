//! Calls with an `Idempotency-Key`: one hold and one bill, however often they are sent (cases 61, 62).

use serde_json::{Value, json};
use testkit::{Act, Answer, Matcher, Piece, Script, Then};

use crate::support::{CHAT, PATIENCE, Stage, hello, hello_stream, passed, refused, until};

fn call(stage: &Stage, secret: &str, path: &str, name: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {secret}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", name),
    ];
    stage.gateway.request("POST", path, &headers, body.to_string())
}

fn chat(stage: &Stage, name: &str, body: &Value) -> Answer {
    call(stage, &stage.key.value, CHAT, name, body)
}

fn said(text: &str) -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]})
}

/// The same answer, told to be an earlier one's, under an id of its own and for nothing.
#[track_caller]
fn repeats(again: &Answer, first: &Answer) {
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.header("idempotent-replayed"), None);
    for name in ["content-type", "x-tollgate-upstream", "x-tollgate-upstream-request-id"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(again.header("x-tollgate-first-request"), first.header("x-request-id"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(again.header("x-tollgate-cost"), Some("0"));
}

#[test]
fn case_61_the_same_call_again_gets_the_first_answer() {
    let stage = Stage::new();
    let first = chat(&stage, "one", &hello());
    passed(&first);
    for _ in 0..3 {
        repeats(&chat(&stage, "one", &hello()), &first);
    }
    // A stream is replayed as the stream it was.
    let stream = chat(&stage, "two", &hello_stream());
    assert!(stream.text().ends_with("data: [DONE]\n\n"));
    repeats(&chat(&stage, "two", &hello_stream()), &stream);
    // Without a key, and with another, it is another call.
    assert_eq!(stage.chat(&hello()).header("idempotent-replayed"), None);
    assert_eq!(chat(&stage, "three", &hello()).header("idempotent-replayed"), None);
    assert_eq!(stage.provider.bill().len(), 4);
    assert_eq!(stage.gateway.wait_records(4).len(), 4);
}

#[test]
fn case_61_the_same_call_while_it_runs_is_told_to_wait() {
    let stage = Stage::new();
    stage.provider.script(Matcher::new("POST", CHAT), Script::gate_open());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| chat(&stage, "one", &hello()));
        stage.provider.wait_seen(1, PATIENCE);
        let again = chat(&stage, "one", &hello());
        refused(&again, 409, "request_in_progress");
        assert_eq!(again.header("retry-after"), Some("1"));
        assert_eq!(again.header("x-should-retry"), None);
        refused(&chat(&stage, "one", &said("other")), 422, "idempotency_mismatch");
        stage.provider.release();
        let first = first.join().unwrap();
        passed(&first);
        repeats(&chat(&stage, "one", &hello()), &first);
    });
    assert_eq!(stage.provider.seen_count(), 1);
}

#[test]
fn case_62_another_body_is_refused_and_another_project_is_separate() {
    let stage = Stage::new();
    let first = chat(&stage, "one", &hello());
    passed(&first);
    let other = chat(&stage, "one", &said("other"));
    refused(&other, 422, "idempotency_mismatch");
    assert_eq!(other.header("x-should-retry"), Some("false"));
    let body = json!({"model": "gpt-4o-mini", "input": "hi"});
    refused(
        &call(&stage, &stage.key.value, "/v1/responses", "one", &body),
        422,
        "idempotency_mismatch",
    );
    // Another key of the project is the same caller; a key of another one is not, whatever it sends.
    let colleague = stage.gateway.create_key(&json!({"name": "colleague"}));
    repeats(&call(&stage, &colleague.value, CHAT, "one", &hello()), &first);
    let project = stage.gateway.create_project("Other");
    let stranger = stage.gateway.create_key_in(&project, &json!({"name": "stranger"}));
    for body in [hello(), said("other")] {
        let project = stage.gateway.create_project("Third");
        let third = stage.gateway.create_key_in(&project, &json!({"name": "third"}));
        let answer = call(&stage, &third.value, CHAT, "one", &body);
        passed(&answer);
        assert_eq!(answer.header("idempotent-replayed"), None);
    }
    // What the key may not ask for it may not have replayed.
    let poor = stage.gateway.create_key(&json!({"name": "poor", "models": ["o3"]}));
    refused(&call(&stage, &poor.value, CHAT, "one", &hello()), 403, "model_not_allowed");
    passed(&call(&stage, &stranger.value, CHAT, "one", &hello()));
    assert_eq!(stage.provider.seen_count(), 4);
}

#[test]
fn a_call_that_failed_runs_again() {
    let stage = Stage::configured("[retries]\nrepeats = 0\n");
    let on = || Matcher::new("POST", CHAT);
    let error = |status| Script::error(status, "server_error", None, "no");
    for (name, script, status) in [
        ("a", error(500), 500),
        ("b", error(503), 503),
        ("c", error(429), 429),
        ("d", error(400), 400),
        ("e", Script::new(Act::ResetBeforeHead), 502),
    ] {
        stage.provider.script(on(), script);
        assert_eq!(chat(&stage, name, &hello()).status, status, "{name}");
        let again = chat(&stage, name, &hello());
        passed(&again);
        assert_eq!(again.header("idempotent-replayed"), None, "{name}");
        repeats(&chat(&stage, name, &hello()), &again);
    }
    // A stream that broke off was no answer.
    stage.provider.script(on(), Script::new(Act::ResetAfterChunks(2)));
    let broken = chat(&stage, "f", &hello_stream());
    assert!(!broken.text().contains("[DONE]"));
    let whole = chat(&stage, "f", &hello_stream());
    assert_eq!(whole.header("idempotent-replayed"), None);
    repeats(&chat(&stage, "f", &hello_stream()), &whole);
    // Nor was a refusal of ours.
    let scope = json!({"type": "project", "id": stage.key.project});
    let limit = |amount: &str| {
        let body = json!({"scope": scope, "period": "month", "amount_usd": amount});
        stage.gateway.admin("PUT", "/tollgate/v1/limits", &body);
    };
    limit("0");
    assert_eq!(chat(&stage, "g", &hello()).status, 429);
    limit("50");
    let first = chat(&stage, "g", &hello());
    passed(&first);
    repeats(&chat(&stage, "g", &hello()), &first);
}

#[test]
fn a_call_whose_client_left_is_answered_when_it_comes_back() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    for (name, body) in [("one", hello()), ("two", hello_stream())] {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", name),
        ];
        let before = stage.provider.seen_count();
        stage.provider.script(Matcher::new("POST", CHAT), Script::gate_open());
        let mut wire = stage.wire();
        let text = body.to_string();
        let head = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect::<String>();
        let length = text.len();
        wire.send(format!(
            "POST {CHAT} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: {length}\r\n\r\n{text}"
        ));
        stage.provider.wait_seen(before + 1, PATIENCE);
        drop(wire);
        stage.provider.release();
        until("the answer is there", || chat(&stage, name, &body).status != 409);
        let again = chat(&stage, name, &body);
        passed(&again);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(stage.provider.seen_count(), before + 1, "{name}");
    }
    // One that leaves in the middle of its stream, too.
    let mut long = hello_stream();
    long["messages"][0]["content"] = json!("[[words=12]] [[gap_ms=10]]");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "three"),
    ];
    let mut stream = stage.gateway.open("POST", CHAT, &headers, long.to_string());
    stream.read_until("data:");
    drop(stream);
    until("it is drained", || chat(&stage, "three", &long).status != 409);
    let again = chat(&stage, "three", &long);
    assert!(again.text().ends_with("data: [DONE]\n\n"), "{}", again.text());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(stage.provider.bill().len(), 3);
}

#[test]
fn an_answer_is_kept_over_a_restart_and_sealed() {
    let mut stage = Stage::new();
    let body = said("tell [[words=9]] to nobody else");
    let first = chat(&stage, "one", &body);
    assert_eq!(stage.gateway.terminate(), 0);
    stage.gateway.restart();
    repeats(&chat(&stage, "one", &body), &first);
    let word = first.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(!word.is_empty());
    for entry in std::fs::read_dir(stage.gateway.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let found = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(!found(&word) && !found("nobody else"), "{}", path.display());
    }
    // One that ran when the process was killed runs again: nobody knows its answer.
    stage.provider.script(Matcher::new("POST", CHAT), Script::gate_open());
    let mut wire = stage.wire();
    let text = hello().to_string();
    let head = stage.raw_post(CHAT);
    let length = text.len();
    wire.send(format!("{head}Idempotency-Key: two\r\nContent-Length: {length}\r\n\r\n{text}"));
    stage.provider.wait_seen(2, PATIENCE);
    stage.gateway.kill9();
    stage.provider.release();
    stage.gateway.restart();
    let again = chat(&stage, "two", &hello());
    passed(&again);
    assert_eq!(again.header("idempotent-replayed"), None);
    // The killed one had no limit over it, so nothing of it was posted.
    stage.gateway.without_bill_check();
}

#[test]
fn what_may_not_be_kept_is_not_made_again_either() {
    let stage = Stage::configured("[idempotency]\nanswer_mib = 1\n");
    let retention = |kind: &str| {
        let path = format!("/v1/organization/projects/{}/data_retention", stage.key.project);
        stage.gateway.admin("POST", &path, &json!({ "retention_type": kind }));
    };
    let before = chat(&stage, "before", &hello());
    passed(&before);
    retention("zero_data_retention");
    passed(&chat(&stage, "one", &hello()));
    refused(&chat(&stage, "before", &hello()), 409, "idempotent_answer_not_kept");
    for _ in 0..2 {
        let again = chat(&stage, "one", &hello());
        refused(&again, 409, "idempotent_answer_not_kept");
        assert_eq!(again.header("x-should-retry"), Some("false"));
    }
    refused(&chat(&stage, "one", &said("other")), 422, "idempotency_mismatch");
    retention("none");
    refused(&chat(&stage, "one", &hello()), 409, "idempotent_answer_not_kept");
    // Nor is what is too large.
    let large = format!("{{\"id\":\"x\",\"text\":\"{}\"}}", "a".repeat(2 << 20));
    let pieces = vec![Piece::new(0, large)];
    let json = [("Content-Type", "application/json")];
    let script = Script::raw(200, &json, pieces, Then::End);
    stage.provider.script(Matcher::new("POST", CHAT), script);
    passed(&chat(&stage, "large", &hello()));
    refused(&chat(&stage, "large", &hello()), 409, "idempotent_answer_not_kept");
    assert_eq!(stage.provider.seen_count(), 3);
}

#[test]
fn a_key_is_free_again_when_its_time_is_over() {
    let stage = Stage::configured("[idempotency]\nkeep_seconds = 1\n");
    passed(&chat(&stage, "one", &hello()));
    until("the key is free", || {
        chat(&stage, "one", &said("other")).status == 200 && stage.provider.seen_count() == 2
    });
}

#[test]
fn a_form_is_the_same_whatever_its_boundary() {
    let stage = Stage::new();
    let path = "/v1/audio/transcriptions";
    let send = |boundary: &str, audio: &str| {
        let part = |head: &str, value: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
        };
        let file = part("name=\"file\"; filename=\"a.wav\"", audio);
        let body = format!("{}{file}--{boundary}--\r\n", part("name=\"model\"", "whisper-1"));
        let bearer = stage.bearer();
        let form = format!("multipart/form-data; boundary={boundary}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", form.as_str()),
            ("Idempotency-Key", audio.get(..1).unwrap_or("")),
        ];
        stage.gateway.request("POST", path, &headers, body)
    };
    // In memory, and spooled to a file.
    for audio in ["aaaa".to_owned(), "b".repeat(600_000)] {
        let first = send("first-one", &audio);
        passed(&first);
        repeats(&send("another-boundary-and-longer", &audio), &first);
        let changed = format!("{}c", &audio[1..]);
        let other = format!("{}{changed}", &audio[..1]);
        refused(&send("first-one", &other), 422, "idempotency_mismatch");
    }
    assert_eq!(stage.provider.seen_count(), 2);
}

#[test]
fn a_name_stands_once_and_an_empty_one_is_none() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "a"),
        ("Idempotency-Key", "b"),
    ];
    let answer = stage.gateway.request("POST", CHAT, &headers, hello().to_string());
    refused(&answer, 400, "invalid_value");
    for _ in 0..2 {
        assert_eq!(chat(&stage, "", &hello()).header("idempotent-replayed"), None);
    }
    assert_eq!(stage.provider.seen_count(), 2);
}
