//! HTTP/1.1 as attackers write it: what is taken is taken once, the rest is refused.

use serde_json::Value;
use testkit::Answer;

use crate::support::{CHAT, Stage, Wire, hello, statuses};

/// One answer at most, the connection closed, and at most one request upstream for it.
#[track_caller]
fn at_most_one(stage: &Stage, request: &str) -> Vec<u16> {
    stage.provider.clear();
    let mut wire = stage.wire();
    wire.send(request);
    let found = statuses(&wire.rest());
    assert_eq!(found.len(), 1, "{found:?} for {request}");
    let passed = found.iter().filter(|s| **s == 200).count();
    assert!(stage.provider.seen_count() <= passed, "{request}");
    found
}

#[test]
fn case_70_smuggling_never_makes_two_of_one() {
    let stage = Stage::new();
    let head = stage.raw_post(CHAT);
    let body = hello().to_string();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let hidden = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let length = body.len();
    // Length and coding together: read by its chunks alone, and the connection is closed.
    for both in [
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", chunked.len()),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", chunked.len()),
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n".to_owned(),
    ] {
        at_most_one(&stage, &format!("{head}{both}\r\n{chunked}{hidden}"));
    }
    for bad in [
        format!("Content-Length: {length}\r\nContent-Length: {}\r\n", length + 1),
        format!("Content-Length: +{length}\r\n"),
        format!("Content-Length: {length},{length}\r\n"),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: 0x10\r\n".to_owned(),
        "Content-Length: 99999999999999999999999\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding: identity\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        format!("Content-Length : {length}\r\n"),
        "Transfer-Encoding : chunked\r\n".to_owned(),
        format!("X-A: b\r\n Content-Length: {length}\r\n"),
    ] {
        for tail in [&body, &chunked] {
            let found = at_most_one(&stage, &format!("{head}{bad}\r\n{tail}"));
            assert_eq!(found, [400], "{bad:?}");
        }
    }
    let old = head.replace("HTTP/1.1", "HTTP/1.0");
    let request = format!("{old}Transfer-Encoding: chunked\r\n\r\n{chunked}");
    assert_eq!(at_most_one(&stage, &request), [400]);
}

#[test]
fn case_70_bare_line_feeds_do_not_split_a_request() {
    let stage = Stage::new();
    let head = stage.raw_post(CHAT);
    let body = hello().to_string();
    let close = "Connection: close\r\n";
    let length = format!("Content-Length: {}\r\n", body.len());
    for request in [
        format!("\n\n{head}{close}{length}\r\n{body}"),
        format!("{}{close}{length}\n{body}", head.replace("\r\n", "\n")),
        format!("{head}{close}X-A: b\nX-C: d\r\n{length}\r\n{body}"),
        format!("{head}{close}{length}X-A: b\rX-C: d\r\n\r\n{body}"),
    ] {
        at_most_one(&stage, &request);
    }
    for chunks in [
        format!("{:x}\n{body}\n0\n\n", body.len()),
        format!("{:x};a=\n{body}\r\n0\r\n\r\n", body.len()),
        format!("+{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        format!("0x{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
        format!("{:x}\r\n{body}XX0\r\n\r\n", body.len()),
        format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let request = format!("{head}{close}Transfer-Encoding: chunked\r\n\r\n{chunks}");
        let found = at_most_one(&stage, &request);
        assert!(found[0] >= 400, "{found:?} for {chunks:?}");
        stage.kept_from_the_provider();
    }
}

#[test]
fn case_70_pipelined_requests_are_each_their_own() {
    let stage = Stage::new();
    let head = stage.raw_post(CHAT);
    let body = hello().to_string();
    let one = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let stranger = "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut wire = stage.wire();
    wire.send(format!("{one}{one}{stranger}"));
    assert_eq!(statuses(&wire.rest()), [200, 200, 401]);
    assert_eq!(stage.provider.seen_count(), 2);
}

#[test]
fn case_71_a_websocket_that_is_not_served_is_told_at_once() {
    let stage = Stage::new();
    let key = &stage.key.value;
    for (method, path) in [
        ("GET", "/v1/responses"),
        ("POST", "/v1/responses"),
        ("GET", "/v1/realtime?model=gpt-realtime"),
    ] {
        let mut wire = stage.wire();
        // The extra bytes are a stranger's next request.
        wire.send(format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ));
        let (status, body) = wire.answer();
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 426, "{method} {path}: {body}");
        assert!(error["error"]["message"].is_string());
    }
    let mut wire = stage.wire();
    wire.send("GET /v1/responses HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(wire.answer().0, 401);
    // An offer that may be declined is declined: h2c is no reason to refuse a call.
    let body = hello().to_string();
    let head = stage.raw_post(CHAT);
    let mut wire = stage.wire();
    wire.send(format!(
        "{head}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(wire.answer().0, 200);
    assert_eq!(stage.provider.seen_count(), 1);
    let up = stage.provider.seen().remove(0);
    assert!(up.header("upgrade").is_none() && up.header("http2-settings").is_none());
}

#[test]
fn case_72_connection_cannot_name_a_header_away() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Connection", "close, authorization, x-forwarded-for, x-request-id, content-length"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("X-Request-Id", "mine"),
    ];
    let answer: Answer = stage.gateway.request("POST", CHAT, &headers, hello().to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(answer.header("x-request-id"), Some("mine"));
    let up = stage.provider.seen().remove(0);
    let ours = format!("Bearer {}", stage.provider.credential());
    assert_eq!(up.header("authorization"), Some(ours.as_str()));
    for name in ["keep-alive", "te", "proxy-authorization", "x-request-id", "x-forwarded-for"] {
        assert_eq!(up.header(name), None, "{name}");
    }
}

#[test]
fn a_body_that_waits_for_leave_gets_it_only_with_a_key() {
    let stage = Stage::new();
    let body = hello().to_string();
    let wait = format!(
        "Expect: 100-continue\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut wire = stage.wire();
    wire.send(format!(
        "POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{wait}"
    ));
    assert_eq!(statuses(&wire.rest()), [401]);
    let mut wire = stage.wire();
    wire.send(format!("{}{wait}", stage.raw_post(CHAT)));
    wire.send(&body);
    assert_eq!(statuses(&wire.rest()), [100, 200]);
}

#[test]
fn http_1_0_gets_a_whole_stream_and_a_close() {
    let stage = Stage::new();
    let body = crate::support::hello_stream().to_string();
    let head = stage.raw_post(CHAT).replace("HTTP/1.1", "HTTP/1.0");
    let mut wire = stage.wire();
    wire.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    let text = wire.rest();
    assert_eq!(statuses(&text), [200]);
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    assert!(!text.to_lowercase().contains("transfer-encoding"), "{text}");
}

#[test]
fn case_75_a_trickling_head_holds_nobody_up() {
    let stage = Stage::new();
    let mut slow: Vec<Wire> = (0..200).map(|_| stage.wire()).collect();
    for (turn, wire) in slow.iter_mut().enumerate() {
        wire.send(if turn % 2 == 0 { "P" } else { "GET /v1/models HTTP/1.1\r\nX-" });
    }
    for _ in 0..20 {
        assert_eq!(stage.chat(&hello()).status, 200);
    }
    // One that goes on is served, whatever its first byte looked like.
    let mut late = slow.swap_remove(0);
    late.send("OST /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(statuses(&late.rest()), [401]);
}

#[test]
fn case_81_too_many_or_too_long_headers_are_431() {
    let stage = Stage::new();
    let key = &stage.key.value;
    let many: String = (0..101).map(|n| format!("X-H{n}: v\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "v".repeat(70 * 1024));
    for headers in [many, long] {
        let mut wire = stage.wire();
        wire.send(format!(
            "GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n{headers}\r\n"
        ));
        assert_eq!(statuses(&wire.rest()), [431]);
    }
    stage.kept_from_the_provider();
}
