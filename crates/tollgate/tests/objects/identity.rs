//! What a client gets is what the provider sent, byte for byte: whole answers.

use bytes::Bytes;
use testkit::{Matcher, Piece, Script, Then, corpus};

use crate::make::make;
use crate::rig::{Body, Rig};

const CHAT: &str = r#"{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}"#;
const INPUT: &str = r#"{"model":"gpt-4o","input":"x"}"#;

/// Where an answer is read for its usage, its id, or both.
const PATHS: &[(&str, &str)] = &[
    ("/chat/completions", CHAT),
    ("/responses", INPUT),
    ("/embeddings", INPUT),
    ("/images/generations", r#"{"model":"gpt-image-1","prompt":"x"}"#),
    ("/vector_stores", "{}"),
];

fn pieces(bytes: &Bytes, size: usize) -> Vec<Piece> {
    corpus::split(bytes, size).into_iter().map(|part| Piece::new(0, part)).collect()
}

#[test]
fn p15_json_arrives_as_it_was_sent() {
    let rig = Rig::new();
    let json = [("Content-Type", "application/json")];
    for (name, bytes) in corpus::json_answers() {
        for (path, body) in PATHS {
            let whole = |size: usize| Script::raw(200, &json, pieces(&bytes, size), Then::End);
            let step = if bytes.len() > 4096 { 4099 } else { 1 };
            let scripts = [
                whole(usize::MAX).sized(),
                whole(usize::MAX),
                whole(step).sized(),
                whole(step),
                whole(step * 7),
            ];
            for (form, script) in scripts.into_iter().enumerate() {
                rig.provider.script(Matcher::any(), script);
                let answer = rig.send(&rig.a, "POST", path, &Body::text(body));
                assert_eq!(answer.status, 200, "{name} on {path}, {form}: {}", answer.text());
                assert!(answer.body == bytes, "{name} on {path}, {form}: {}", answer.text());
                assert_eq!(answer.header("content-type"), Some("application/json"));
            }
        }
    }
}

#[test]
fn p15_an_answer_larger_than_is_held_arrives_as_it_was_sent() {
    let rig = Rig::new();
    let mut text = br#"{"object":"list","data":[{"embedding":""#.to_vec();
    text.extend(std::iter::repeat_n(b'A', 3 << 20));
    text.extend_from_slice(br#""}],"usage":{"prompt_tokens":5,"total_tokens":5}}"#);
    let text = Bytes::from(text);
    for sized in [true, false] {
        let script = Script::raw(
            200,
            &[("Content-Type", "application/json")],
            pieces(&text, 65_537),
            Then::End,
        );
        let script = if sized { script.sized() } else { script };
        rig.provider.script(Matcher::any(), script.bill(testkit::Tokens::text(5, 0)));
        let answer = rig.send(&rig.a, "POST", "/embeddings", &Body::text(INPUT));
        assert!(answer.body == text, "sized {sized}: {} bytes", answer.body.len());
    }
    let records = rig.gateway.wait_records(2);
    assert!(records.iter().all(|r| r["input_tokens"] == 5 && r["outcome"] == "completed"));
}

#[test]
fn p15_sound_and_files_arrive_as_they_were_sent() {
    let rig = Rig::new();
    let file = make(&rig, domain::ObjectKind::File, &rig.a);
    let content = format!("/files/{file}/content");
    let bytes: Bytes = (0..10_000_u32).map(|n| (n * 7 % 256) as u8).collect();
    let speech = r#"{"model":"gpt-4o-mini-tts","input":"hello","voice":"alloy"}"#;
    let mut sent = rig.gateway.wait_records(1).len();
    for (method, path, body, kind) in [
        ("POST", "/audio/speech", Body::text(speech), "audio/mpeg"),
        ("GET", content.as_str(), Body::none(), "application/octet-stream"),
    ] {
        for size in [1, 7, 64, 4099, usize::MAX] {
            for sized in [true, false] {
                let headers = [("Content-Type", kind), ("Content-Disposition", "attachment")];
                let script = Script::raw(200, &headers, pieces(&bytes, size), Then::End);
                let script = if sized { script.sized() } else { script };
                rig.provider.script(Matcher::any(), script);
                let answer = rig.send(&rig.a, method, path, &body);
                assert!(answer.body == bytes, "{path}: {} bytes", answer.body.len());
                assert_eq!(answer.header("content-type"), Some(kind));
                assert_eq!(answer.header("content-disposition"), Some("attachment"));
                let length = sized.then(|| bytes.len().to_string());
                assert_eq!(answer.header("content-length"), length.as_deref(), "{path}");
                sent += 1;
            }
        }
    }
    // A client that took all of it has not hung up.
    let records = rig.gateway.wait_records(sent);
    assert!(records.iter().all(|r| r["outcome"] == "completed"), "{records:#?}");
}

#[test]
fn p15_a_refusal_of_the_provider_arrives_as_it_was_sent() {
    // What is not billed would be asked for once more.
    let rig = Rig::with(|builder| {
        builder.config("[retries]\nrepeats = 0\n[pacing]\nmax_wait_seconds = 0\n")
    });
    for status in [400, 404, 409, 422, 500, 503, 429] {
        let body = "{ \"error\" : {\"message\":\"no\\u00e9\",\"type\":\"x\",\"param\":null,\"code\":null,\"n\":1e400} }\n";
        rig.provider.script(Matcher::any(), Script::json(status, body));
        let answer = rig.send(&rig.a, "POST", "/chat/completions", &Body::text(CHAT));
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
    }
}

#[test]
fn an_answer_without_a_body_is_complete() {
    let rig = Rig::new();
    let container = make(&rig, domain::ObjectKind::Container, &rig.a);
    let path = format!("/containers/{container}");
    let answer = rig.send(&rig.a, "DELETE", &path, &Body::none());
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let records = rig.gateway.wait_records(2);
    let deleted = records.iter().find(|r| r["operation"] == "DeleteContainer");
    assert_eq!(deleted.unwrap()["outcome"], "completed", "{records:#?}");
}
