//! Which headers cross, in both directions.

use std::collections::HashSet;

use testkit::{Matcher, Piece, Script, Then};

use crate::support::{CHAT, Stage, hello, passed, refused};

#[test]
fn only_allowed_headers_go_up() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let allowed = [
        ("X-Stainless-Lang", "python"),
        ("X-Stainless-Retry-Count", "1"),
        ("OpenAI-Beta", "assistants=v2"),
        ("User-Agent", "OpenAI/Python 1.0"),
        ("X-Client-Request-Id", "my-own-id"),
    ];
    let kept = [
        ("Accept-Encoding", "gzip, br"),
        ("Cookie", "session=1"),
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Forwarded-Host", "inner.example"),
        ("X-Real-IP", "10.1.2.3"),
        ("Forwarded", "for=10.1.2.3"),
        ("OpenAI-Organization", "org-clients"),
        ("OpenAI-Project", "proj_clients"),
        ("X-Request-Id", "mine"),
        ("Referer", "http://inner.example/"),
        ("Origin", "http://inner.example"),
        ("X-Custom", "inner"),
    ];
    let mut headers =
        vec![("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    headers.extend(allowed.iter().chain(&kept));
    passed(&stage.gateway.request("POST", CHAT, &headers, hello().to_string()));
    let up = stage.provider.seen().remove(0);
    for (name, value) in allowed {
        assert_eq!(up.header(name), Some(value), "{name}");
    }
    for (name, _) in kept {
        assert_eq!(up.header(name), None, "{name}");
    }
    let host = format!("127.0.0.1:{}", stage.provider.port());
    assert_eq!(up.header("host"), Some(host.as_str()));
    let ours = format!("Bearer {}", stage.provider.credential());
    assert_eq!(up.header("authorization"), Some(ours.as_str()));
    // The body is the client's, byte for byte.
    assert_eq!(up.body, hello().to_string());
}

#[test]
fn case_62_one_idempotency_key_of_two_projects_is_two() {
    let stage = Stage::new();
    let project = stage.gateway.create_project("Other");
    let other = stage.gateway.create_key_in(&project, &serde_json::json!({"name": "k"}));
    for (key, words) in [(&stage.key.value, 1), (&other.value, 1), (&other.value, 2)] {
        let bearer = format!("Bearer {key}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "1"),
        ];
        let mut body = hello();
        body["n"] = serde_json::json!(words);
        let answer = stage.gateway.request("POST", CHAT, &headers, body.to_string());
        assert_eq!(answer.status, if words == 1 { 200 } else { 422 });
    }
    let seen = stage.provider.seen();
    let keys: Vec<_> = seen.iter().map(|s| s.header("idempotency-key").unwrap()).collect();
    assert!(keys.len() == 2 && keys[0] != keys[1], "{keys:?}");
    assert!(keys.iter().all(|key| key.ends_with("-1")));
}

#[test]
fn only_allowed_headers_come_down() {
    let stage = Stage::new();
    let headers = [
        ("Content-Type", "application/json"),
        ("Set-Cookie", "__cf_bm=secret"),
        ("OpenAI-Organization", "org-fakeaccount"),
        ("OpenAI-Project", "proj_fakeproject"),
        ("X-RateLimit-Limit-Requests", "5000"),
        ("X-RateLimit-Remaining-Tokens", "1"),
        ("X-Secret-Internal", "10.1.2.3"),
        ("Server", "cloudflare"),
        ("CF-Ray", "8f"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Alt-Svc", "h3=\":443\""),
        ("X-Tollgate-Cost", "0"),
        ("X-Tollgate-Error", "not_ours"),
        ("OpenAI-Processing-Ms", "12"),
        ("OpenAI-Version", "2020-10-01"),
    ];
    for status in [200, 400] {
        let body = if status == 200 { "{\"id\":\"x\"}" } else { "{\"error\":{\"message\":\"m\"}}" };
        let script = Script::raw(status, &headers, vec![Piece::new(0, body)], Then::End);
        stage.provider.script(Matcher::new("POST", CHAT), script);
        let answer = stage.chat(&hello());
        assert_eq!((answer.status, answer.text().as_str()), (status, body));
        let own = ["openai-organization", "x-tollgate-cost"];
        for (name, value) in &headers[1..13] {
            let down = answer.header(name);
            let ours = own.contains(&name.to_lowercase().as_str()) && down != Some(value);
            assert!(down.is_none() || ours, "{name}: {down:?}");
        }
        for (name, value) in &headers[13..] {
            assert_eq!(answer.header(name), Some(*value));
        }
        assert!(answer.header("openai-organization").is_some_and(|o| o.starts_with("org-")));
    }
}

#[test]
fn every_request_id_is_ours_and_its_own() {
    let stage = Stage::new();
    let mut ids = HashSet::new();
    for _ in 0..20 {
        let answer = stage.chat(&hello());
        passed(&answer);
        let theirs = answer.header("x-tollgate-upstream-request-id").unwrap();
        assert!(theirs.starts_with("req_fake_"), "{theirs}");
        let ours = answer.header("x-request-id").unwrap();
        assert!(ours.starts_with("req_") && !ours.starts_with("req_fake_"), "{ours}");
        assert!(ids.insert(ours.to_owned()) && ids.insert(theirs.to_owned()));
        for (name, value) in [
            ("x-tollgate-upstream", "openai"),
            ("x-tollgate-attempts", "1"),
            ("x-tollgate-cache", "bypass"),
        ] {
            assert_eq!(answer.header(name), Some(value));
        }
    }
    for path in ["/healthz", "/readyz", "/", "/metrics", "/nowhere", "/v1/organization/projects"] {
        let answer = stage.gateway.request("GET", path, &[], "");
        assert!(ids.insert(answer.header("x-request-id").expect(path).to_owned()));
    }
    // What a provider puts in the place of an id is no id.
    let credential = stage.provider.credential().to_owned();
    for odd in [credential.as_str(), "a b", "<script>", ""] {
        let headers = [("Content-Type", "application/json"), ("x-request-id", odd)];
        let script = Script::raw(200, &headers, vec![Piece::new(0, "{}")], Then::End).bare();
        stage.provider.script(Matcher::new("POST", CHAT), script);
        assert_eq!(stage.chat(&hello()).header("x-tollgate-upstream-request-id"), None, "{odd}");
    }
}

#[test]
fn a_clients_own_id_is_passed_up_to_512_characters() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let ask = |id: &str| {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("X-Client-Request-Id", id),
        ];
        stage.gateway.request("POST", CHAT, &headers, hello().to_string())
    };
    passed(&ask(&"i".repeat(512)));
    assert_eq!(stage.provider.seen()[0].header("x-client-request-id").unwrap().len(), 512);
    stage.provider.clear();
    refused(&ask(&"i".repeat(513)), 400, "invalid_value");
    refused(&ask("é"), 400, "invalid_value");
    stage.kept_from_the_provider();
    // Without one the provider gets ours, so that both logs can be laid side by side.
    let answer = stage.chat(&hello());
    assert_eq!(
        stage.provider.seen()[0].header("x-client-request-id"),
        answer.header("x-request-id")
    );
}
