//! Request bodies that must not go on.

use serde_json::{Value, json};

use crate::support::{CHAT, Stage, hello, refused, statuses, until};

fn post(stage: &Stage, path: &str, kind: &str, body: impl AsRef<[u8]>) -> testkit::Answer {
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
    stage.gateway.request("POST", path, &headers, body)
}

#[test]
fn case_76_a_slow_body_is_408_and_nothing_is_sent() {
    let stage = Stage::configured("[timeouts]\nbody_seconds = 1\n");
    let head = stage.raw_post(CHAT);
    let mut silent = stage.wire();
    silent.send(format!("{head}Content-Length: 100\r\n\r\n{{"));
    let mut trickling = stage.wire();
    trickling.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
    until("the trickling body is given up", || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        !trickling.try_send("1\r\n \r\n")
    });
    let text = trickling.rest();
    assert_eq!(statuses(&text), [408], "{text}");
    let text = silent.rest();
    assert_eq!(statuses(&text), [408], "{text}");
    assert!(text.contains("x-tollgate-error: body_timeout"), "{text}");
    stage.kept_from_the_provider();
}

#[test]
fn case_76_a_body_that_breaks_off_is_never_sent() {
    let stage = Stage::new();
    let head = stage.raw_post(CHAT);
    for start in
        ["Content-Length: 100\r\n\r\n{\"model\"", "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"mod"]
    {
        let mut wire = stage.wire();
        wire.send(format!("{head}{start}"));
        drop(wire);
    }
    assert_eq!(stage.chat(&hello()).status, 200);
    assert_eq!(stage.provider.seen_count(), 1);
}

#[test]
fn case_78_a_body_over_the_limit_is_413_declared_or_not() {
    let stage = Stage::new();
    // Control calls take 1 MiB.
    let head = stage.raw_post("/v1/responses/resp_1/cancel");
    let mut wire = stage.wire();
    wire.send(format!("{head}Content-Length: {}\r\n\r\n", (1 << 20) + 1));
    let text = wire.rest();
    assert_eq!(statuses(&text), [413]);
    assert!(text.contains("x-tollgate-error: request_too_large"), "{text}");
    let mut wire = stage.wire();
    wire.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n"));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..16 {
        wire.send(&chunk);
    }
    wire.send("1\r\n \r\n");
    assert_eq!(statuses(&wire.rest()), [413]);
    let head = stage.raw_post(CHAT);
    let mut wire = stage.wire();
    wire.send(format!("{head}Content-Length: {}\r\n\r\n", (32 << 20) + 1));
    assert_eq!(statuses(&wire.rest()), [413]);
    // The Administration API takes 1 MiB, too.
    let admin = stage.gateway.admin_key();
    let mut wire = stage.wire();
    wire.send(format!(
        "POST /v1/organization/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin}\r\n\
         Content-Length: {}\r\n\r\n",
        (1 << 20) + 1
    ));
    assert_eq!(statuses(&wire.rest()), [413]);
    stage.kept_from_the_provider();
}

#[test]
fn case_79_a_coded_body_is_415() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    for coding in ["gzip", "br", "zstd", "deflate", "gzip, gzip", "rot13"] {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Content-Encoding", coding),
        ];
        let answer = stage.gateway.request("POST", CHAT, &headers, hello().to_string());
        refused(&answer, 415, "unsupported_content_encoding");
    }
    let twice = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Content-Encoding", "identity"),
        ("Content-Encoding", "gzip"),
    ];
    let answer = stage.gateway.request("POST", CHAT, &twice, hello().to_string());
    refused(&answer, 415, "unsupported_content_encoding");
    stage.kept_from_the_provider();
}

#[test]
fn case_90_what_two_readers_could_understand_differently_is_400() {
    let stage = Stage::new();
    let deep =
        |n: usize| format!("{{\"model\":\"gpt-4o\",\"x\":{}{}}}", "[".repeat(n), "]".repeat(n));
    let bodies: Vec<(Vec<u8>, &str)> = vec![
        (deep(128).into(), "depth 129"),
        (deep(100_000).into(), "depth 100,000"),
        (br#"{"model":"gpt-4o","messages":[],"model":"gpt-4o-mini"}"#.to_vec(), "model twice"),
        (br#"{"model":"gpt-4o","mod\u0065l":"gpt-4o-mini"}"#.to_vec(), "model twice, escaped"),
        (br#"{"model":"gpt-4o","stream":true,"stream":false}"#.to_vec(), "stream twice"),
        (br#"{"model":"gpt-4o","temperature":NaN}"#.to_vec(), "NaN"),
        (br#"{"model":"gpt-4o","temperature":Infinity}"#.to_vec(), "Infinity"),
        (br#"{"model":"gpt-4o","temperature":01}"#.to_vec(), "a leading zero"),
        (b"\xef\xbb\xbf{\"model\":\"gpt-4o\"}".to_vec(), "BOM"),
        (br#"{"model":"gpt-4o","user":"\ud800"}"#.to_vec(), "a lone surrogate"),
        (b"{\"model\":\"gpt-4o\",\"user\":\"\xff\"}".to_vec(), "not UTF-8"),
        (b"{\"model\":\"gpt-4o\",\"user\":\"a\nb\"}".to_vec(), "a raw line break"),
        (br#"{"model":"gpt-4o",}"#.to_vec(), "a trailing comma"),
        (br#"{"model":"gpt-4o"} {}"#.to_vec(), "two values"),
        (br#"{"model":"gpt-4o""#.to_vec(), "an open end"),
        (br#"["gpt-4o"]"#.to_vec(), "an array"),
        (b"null".to_vec(), "null"),
        (b"".to_vec(), "nothing"),
    ];
    for (body, what) in bodies {
        let answer = post(&stage, CHAT, "application/json", body);
        assert_eq!(
            answer.header("x-tollgate-error"),
            Some("invalid_json"),
            "{what}: {}",
            answer.text()
        );
        refused(&answer, 400, "invalid_json");
    }
    stage.kept_from_the_provider();
    let many: Vec<Value> = vec![json!({"role": "user", "content": "x"}); 20_000];
    let answer = stage.chat(&json!({"model": "gpt-4o", "messages": many}));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn case_92_a_wrong_content_type_is_415_and_a_bad_form_400() {
    let stage = Stage::new();
    let body = hello().to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "application/json; charset=utf-16",
    ] {
        let answer = post(&stage, CHAT, kind, &body);
        refused(&answer, 415, "unsupported_media_type");
    }
    for path in ["/v1/files", "/v1/audio/transcriptions"] {
        let answer = post(&stage, path, "multipart/form-data", "--b--\r\n");
        refused(&answer, 400, "invalid_multipart");
        let answer = post(&stage, path, "multipart/form-data; boundary=", "--b--\r\n");
        refused(&answer, 400, "invalid_multipart");
        let answer = post(&stage, path, "application/json", "{}");
        refused(&answer, 415, "unsupported_media_type");
    }
    let part = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nv\r\n";
    let many = format!("{}--b--\r\n", part.repeat(10_000));
    let form = "multipart/form-data; boundary=b";
    refused(&post(&stage, "/v1/audio/transcriptions", form, many), 413, "request_too_large");
    let cut = part.repeat(3);
    refused(&post(&stage, "/v1/audio/transcriptions", form, cut), 400, "invalid_multipart");
    let model = part.replace("\"x\"", "\"model\"");
    let twice = format!("{model}{model}--b--\r\n");
    refused(&post(&stage, "/v1/audio/transcriptions", form, twice), 400, "invalid_multipart");
    stage.kept_from_the_provider();
    let answer = post(&stage, CHAT, "application/json; charset=utf-8", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn case_92_a_form_with_two_readings_is_refused_and_one_has_one_spelling() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let part = "--b\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nv\r\n--b--\r\n";
    let paths = ["/v1/files", "/v1/uploads/upload_1/parts", "/v1/audio/transcriptions"];
    let form = "multipart/form-data; boundary=b";
    for path in paths {
        for kind in [
            "multipart/form-data; boundary=b; boundary=c",
            "multipart/form-data; boundary=\"b;c\"",
            "multipart/form-data; boundary=\"\\b\"",
        ] {
            refused(&post(&stage, path, kind, part), 400, "invalid_multipart");
        }
        let twice =
            [("Authorization", bearer.as_str()), ("Content-Type", form), ("Content-Type", form)];
        let answer = stage.gateway.request("POST", path, &twice, part);
        refused(&answer, 400, "invalid_multipart");
    }
    let json = "application/json";
    let twice =
        [("Authorization", bearer.as_str()), ("Content-Type", json), ("Content-Type", form)];
    let answer = stage.gateway.request("POST", CHAT, &twice, hello().to_string());
    refused(&answer, 415, "unsupported_media_type");
    for text in [
        part.replace("\"purpose\"", "\"purpose\"; name=\"model\""),
        part.replace("\"purpose\"", "\"model\"; filename=\"m\""),
        format!("--c\r\n{part}"),
    ] {
        refused(&post(&stage, "/v1/audio/transcriptions", form, text), 400, "invalid_multipart");
    }
    stage.kept_from_the_provider();
    let odd = "Multipart/Form-Data; charset=utf-8; BOUNDARY=\"b\"";
    post(&stage, "/v1/files", odd, part);
    assert_eq!(stage.provider.seen()[0].header("content-type"), Some(form));
}

#[test]
fn an_eval_reads_no_other_projects_data() {
    let stage = Stage::new();
    for (path, body, param) in [
        ("/v1/evals", json!({"data_source_config": {"type": "logs"}}), "data_source_config.type"),
        (
            "/v1/evals/eval_1/runs",
            json!({"data_source": {"source": {"type": "stored_completions"}}}),
            "data_source.source.type",
        ),
    ] {
        let answer = post(&stage, path, "application/json", body.to_string());
        refused(&answer, 400, "field_not_allowed");
        assert_eq!(answer.json()["error"]["param"], param);
    }
    stage.kept_from_the_provider();
}

#[test]
fn case_104_no_caller_chooses_the_host() {
    let stage = Stage::new();
    for field in ["api_base", "base_url"] {
        let mut body = hello();
        body[field] = json!("http://127.0.0.1:1/v1");
        let answer = stage.chat(&body);
        refused(&answer, 400, "field_not_allowed");
        assert_eq!(answer.json()["error"]["param"], field);
    }
    stage.kept_from_the_provider();
    // The same word inside the user's own data is the user's business.
    let mut body = hello();
    body["metadata"] = json!({"base_url": "http://example.com"});
    assert_eq!(stage.chat(&body).status, 200);
}

#[test]
fn case_104_a_host_in_a_header_is_refused() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    for name in ["x-upstream-host", "x-portkey-custom-host", "x-litellm-custom-host"] {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            (name, "http://127.0.0.1:1"),
        ];
        let answer = stage.gateway.request("POST", CHAT, &headers, hello().to_string());
        refused(&answer, 400, "field_not_allowed");
    }
    stage.kept_from_the_provider();
}
