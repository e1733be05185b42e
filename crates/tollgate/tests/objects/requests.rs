//! What the provider gets is what the client sent, byte for byte, but for the one thing that is
//! asked on the client's behalf.

use testkit::{Matcher, Script};

use crate::rig::{Body, Rig};

const ODD: &[&str] = &[
    r#"{"model":"gpt-4o","messages":[{"role":"user","content":"x"}]}"#,
    " {\n\t\"messages\" : [ ] ,\r\n \"model\" : \"gpt-4o\" } \n",
    r#"{"zzz":1,"aaa":2,"model":"gpt-4o","x_unknown":{"deep":[null,true,{"":0}]},"messages":[]}"#,
    r#"{"model":"gpt-4o","seed":123456789012345678901234567890,"temperature":1e400,"top_p":1.10,"n":-0.0,"messages":[]}"#,
    r#"{"model":"gpt-4o","a":1,"a":2,"messages":[],"metadata":{"model":"x","stream":"y"}}"#,
    r#"{"model":"gpt-4\u006f","messages":[{"role":"user","content":"\ud83d\ude00 \/ \u0000 é 漢字"}]}"#,
    r#"{"model":"gpt-4o","max_tokens":0,"stream":false,"stream_options":null,"messages":[]}"#,
];

fn seen(rig: &Rig, path: &str, body: &[u8]) -> Vec<u8> {
    rig.provider.clear();
    rig.provider.script(Matcher::any(), Script::json(200, "{}"));
    let body = Body { kind: Some("application/json".into()), bytes: body.to_vec() };
    let answer = rig.send(&rig.a, "POST", path, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    rig.provider.seen()[0].body.to_vec()
}

#[test]
fn p15_bodies_reach_the_provider_as_they_were_sent() {
    let rig = Rig::new();
    for body in ODD {
        for path in [
            "/chat/completions",
            "/completions",
            "/embeddings",
            "/moderations",
            "/audio/speech",
            "/images/generations",
            "/images/edits",
            "/videos",
            "/vector_stores",
            "/assistants",
            "/fine_tuning/jobs",
            "/evals",
        ] {
            let arrived = seen(&rig, path, body.as_bytes());
            assert_eq!(String::from_utf8_lossy(&arrived), *body, "{path}");
        }
    }
    let long = format!(r#"{{"model":"gpt-4o","input":"{}"}}"#, "é漢 ".repeat(1 << 20));
    assert!(seen(&rig, "/embeddings", long.as_bytes()) == long.as_bytes());
    let deep = format!(r#"{{"model":"gpt-4o","x":{}1{}}}"#, "[".repeat(100), "]".repeat(100));
    assert!(seen(&rig, "/embeddings", deep.as_bytes()) == deep.as_bytes());
}

#[test]
fn p15_case_37_asking_for_usage_is_the_only_change() {
    let rig = Rig::new();
    let cases = [
        (
            r#"{"model":"gpt-4o","stream":true,"temperature":1e400,"messages":[]}"#,
            r#"{"stream_options":{"include_usage":true},"model":"gpt-4o","stream":true,"temperature":1e400,"messages":[]}"#,
        ),
        (
            r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_obfuscation":false} ,"messages":[]}"#,
            r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false} ,"messages":[]}"#,
        ),
        (
            r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage": false},"messages":[]}"#,
            r#"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage": true},"messages":[]}"#,
        ),
        (
            r#"{"model":"gpt-4o","stream_options":{"include_usage": true},"stream":true,"messages":[]}"#,
            r#"{"model":"gpt-4o","stream_options":{"include_usage": true},"stream":true,"messages":[]}"#,
        ),
        (
            r#"{"model":"gpt-4o","stream":true,"messages":[],"stream_options":null}"#,
            r#"{"model":"gpt-4o","stream":true,"messages":[],"stream_options":{"include_usage":true}}"#,
        ),
    ];
    for (sent, expected) in cases {
        for path in ["/chat/completions", "/completions"] {
            let arrived = seen(&rig, path, sent.as_bytes());
            assert_eq!(String::from_utf8_lossy(&arrived), expected, "{path}");
        }
        // A Responses stream tells its usage unasked.
        let arrived = seen(&rig, "/responses", sent.as_bytes());
        assert_eq!(String::from_utf8_lossy(&arrived), sent);
    }
}

#[test]
fn queries_and_methods_pass_as_they_came() {
    let rig = Rig::new();
    for query in ["limit=007&order=sideways", "include[]=a&include%5B%5D=b", "x=%20+%2B&&=", ""] {
        rig.provider.clear();
        let id = rig.made(&rig.a, "/vector_stores", serde_json::json!({}));
        let path = format!("/vector_stores/{id}/files?{query}");
        rig.get(&rig.a, &path);
        let seen = rig.provider.seen();
        assert_eq!(seen.last().unwrap().target, format!("/v1{path}"));
    }
}

#[test]
fn chunked_bodies_reach_the_provider_whole() {
    let rig = Rig::new();
    rig.provider.script(Matcher::any(), Script::json(200, "{}"));
    let bearer = format!("Bearer {}", rig.a.value);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Transfer-Encoding", "chunked"),
    ];
    let body = "5\r\n{\"mod\r\n14\r\nel\":\"gpt-4o\",\"input\"\r\n5\r\n:\"x\"}\r\n0\r\n\r\n";
    let answer = rig.gateway.request("POST", "/v1/embeddings", &headers, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = rig.provider.seen();
    assert_eq!(&seen[0].body[..], br#"{"model":"gpt-4o","input":"x"}"#);
}
