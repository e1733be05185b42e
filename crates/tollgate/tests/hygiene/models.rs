//! Which models a key may use, wherever a body names them.

use serde_json::{Value, json};
use testkit::{Answer, Matcher, Piece, Script, Then};

use crate::support::{CHAT, Stage, hello, metric, passed, refused, until};

#[track_caller]
fn not_allowed(answer: &Answer) {
    refused(answer, 403, "model_not_allowed");
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
}

#[test]
fn a_model_that_is_not_in_the_list_is_403_wherever_it_stands() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let key = gateway.create_key(&json!({"name": "m", "models": ["gpt-4o-mini", "o1*"]})).value;
    let message = json!([{"role": "user", "content": "hi"}]);
    let image = json!([{"type": "image_generation", "model": "gpt-image-1"}]);
    for (path, body) in [
        (CHAT, json!({"model": "gpt-4o", "messages": message})),
        (CHAT, json!({"model": "GPT-4o-mini", "messages": message})),
        (CHAT, json!({"model": "gpt-4o-mini ", "messages": message})),
        (CHAT, json!({"model": "", "messages": message})),
        (CHAT, json!({"model": null, "messages": message})),
        (CHAT, json!({"model": 5, "messages": message})),
        (CHAT, json!({"messages": message})),
        ("/v1/responses", json!({"model": "gpt-4.1", "input": "hi"})),
        ("/v1/responses", json!({"input": "hi"})),
        ("/v1/responses", json!({"prompt": {"id": "pmpt_1"}, "input": "hi"})),
        ("/v1/responses", json!({"model": "o1-mini", "input": "hi", "tools": image})),
        ("/v1/embeddings", json!({"model": "text-embedding-3-small", "input": "hi"})),
        ("/v1/images/generations", json!({"prompt": "a cat"})),
        ("/v1/audio/speech", json!({"model": "tts-1", "input": "hi", "voice": "alloy"})),
    ] {
        not_allowed(&gateway.json(&key, "POST", path, &body));
    }
    stage.kept_from_the_provider();
    passed(&gateway.json(&key, "POST", CHAT, &hello()));
    passed(&gateway.json(&key, "POST", "/v1/responses", &json!({"model": "o1", "input": "hi"})));
}

#[test]
fn a_model_in_a_form_counts_even_behind_the_file() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let key = gateway.create_key(&json!({"name": "m", "models": ["gpt-4o-mini"]})).value;
    let bearer = format!("Bearer {key}");
    let file =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nxx\r\n";
    let field = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n";
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "multipart/form-data; boundary=b")];
    for body in [
        format!("{field}{file}--b--\r\n"),
        format!("{file}{field}--b--\r\n"),
        format!("{file}--b--\r\n"),
    ] {
        let answer = gateway.request("POST", "/v1/audio/transcriptions", &headers, body);
        not_allowed(&answer);
    }
    stage.kept_from_the_provider();
}

#[test]
fn a_restricted_key_sees_only_its_models() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let key = gateway.create_key(&json!({"name": "m", "models": ["gpt-4o-mini"]})).value;
    let listed = gateway.json(&key, "GET", "/v1/models", &Value::Null).json();
    let ids: Vec<_> = listed["data"].as_array().unwrap().iter().map(|m| &m["id"]).collect();
    assert_eq!(ids, ["gpt-4o-mini"]);
    passed(&gateway.json(&key, "GET", "/v1/models/gpt-4o-mini", &Value::Null));
    let answer = gateway.json(&key, "GET", "/v1/models/gpt-4o", &Value::Null);
    refused(&answer, 404, "model_not_found");
}

#[test]
fn what_is_used_past_us_is_not_for_a_key_with_rules() {
    let stage = Stage::new();
    let key = stage.gateway.create_key(&json!({"name": "m", "models": ["gpt-*"]})).value;
    let body = json!({"session": {"type": "realtime", "model": "gpt-realtime"}});
    let answer = stage.gateway.json(&key, "POST", "/v1/realtime/client_secrets", &body);
    refused(&answer, 403, "route_not_metered");
    stage.kept_from_the_provider();
}

#[test]
fn a_list_that_hangs_ends_with_the_gap() {
    let stage = Stage::configured("[timeouts]\ngap_seconds = 1\n");
    let json = [("Content-Type", "application/json")];
    for path in ["/v1/models", "/v1/files"] {
        for status in [200, 400] {
            let half = vec![Piece::new(0, "{\"object\":\"list\",\"da")];
            stage
                .provider
                .script(Matcher::new("GET", path), Script::raw(status, &json, half, Then::Hang));
            let answer = stage.gateway.json(&stage.key.value, "GET", path, &Value::Null);
            match status {
                200 => refused(&answer, 504, "upstream_timeout"),
                _ => assert_eq!(answer.status, status),
            }
        }
    }
    until("no call is open", || metric(&stage.gateway, "tollgate_calls_in_flight") == 0);
}

#[test]
fn the_gap_is_between_pieces() {
    let stage = Stage::configured("[timeouts]\ngap_seconds = 1\n");
    let json = [("Content-Type", "application/json")];
    let pieces = ["{\"object\":", "\"chat.completion\"", ",\"id\":\"chatcmpl-1\"", "}"];
    let pieces = pieces.map(|piece| Piece::new(500, piece)).into();
    stage.provider.script(Matcher::new("POST", CHAT), Script::raw(200, &json, pieces, Then::End));
    passed(&stage.chat(&hello()));
}
