//! Providers that misbehave before or instead of an answer.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use testkit::{Act, FakeProvider, Matcher, Piece, Script, TestGateway, Then};

use crate::support::{BIN, CHAT, Stage, Wire, hello, passed, refused};

/// A refusal is not tried again.
const ONCE: &str = "[retries]\nrepeats = 0\n";

fn chat() -> Matcher {
    Matcher::new("POST", CHAT)
}

#[test]
fn case_86_a_redirect_is_not_followed() {
    let stage = Stage::new();
    let elsewhere = FakeProvider::start();
    let place = format!("{}/chat/completions", elsewhere.base_url());
    for status in [301, 302, 303, 307, 308] {
        stage.provider.clear();
        let headers = [("Location", place.as_str()), ("Content-Type", "application/json")];
        let script = Script::raw(status, &headers, vec![Piece::new(0, "{}")], Then::End);
        stage.provider.script(chat(), script);
        let answer = stage.chat(&hello());
        refused(&answer, 502, "upstream_redirect");
        assert_eq!(answer.header("location"), None);
        assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        assert_eq!(stage.provider.seen_count(), 1);
    }
    assert_eq!(elsewhere.seen_count(), 0);
}

#[test]
fn case_87_a_refused_credential_is_not_the_clients() {
    let stage = Stage::new();
    for status in [401, 403] {
        let words =
            format!("Incorrect API key: {} of org-fakeaccount", stage.provider.credential());
        let script =
            Script::error(status, "invalid_request_error", Some("invalid_api_key"), &words);
        stage.provider.script(chat(), script);
        let answer = stage.chat(&hello());
        refused(&answer, 502, "upstream_auth_failed");
        let text = answer.text();
        assert!(!text.contains("fakeaccount") && !text.contains("Incorrect"), "{text}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
    passed(&stage.chat(&hello()));
}

#[test]
fn case_88_a_rate_limit_passes_with_its_wait() {
    let stage = Stage::new();
    let script = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(chat(), script.retry_after("7"));
    let bearer = stage.bearer();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("X-Tollgate-Max-Wait", "0"),
    ];
    let answer = stage.gateway.request("POST", CHAT, &headers, hello().to_string());
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!(answer.header("x-tollgate-error"), Some("upstream_rate_limited"));
    assert_eq!(answer.json()["error"]["message"], "Slow down.");
    assert_eq!(stage.provider.seen_count(), 1);
}

#[test]
fn case_89_an_error_does_not_show_our_names() {
    let stage = Stage::configured(ONCE);
    let credential = stage.provider.credential().to_owned();
    for status in [400, 404, 429, 500] {
        let words = format!("bad call with {credential}");
        stage.provider.script(chat(), Script::error(status, "some_error", None, &words));
        let answer = stage.chat(&hello());
        assert_eq!(answer.status, status);
        assert!(!answer.text().contains(&credential[8..]), "{}", answer.text());
        assert!(answer.json()["error"]["message"].is_string());
    }
    let words = "Rate limit for org-fakeaccount in proj_fakeproject at 127.0.0.1; org- is fine";
    stage.provider.script(chat(), Script::error(400, "some_error", None, words));
    let text = stage.chat(&hello()).text();
    assert!(!text.contains("fakeaccount") && !text.contains("fakeproject"), "{text}");
    assert!(!text.contains("127.0.0.1") && text.contains("org- is fine"), "{text}");
}

#[test]
fn case_89_a_header_or_a_coded_error_does_not_show_our_credential() {
    let stage = Stage::new();
    let credential = stage.provider.credential().to_owned();
    let body = json!({"error": {"message": credential, "type": "x", "param": null, "code": null}});
    for (status, name, value) in [
        (400, "openai-version", credential.as_str()),
        (200, "content-disposition", &format!("attachment; filename={credential}")),
        (400, "content-encoding", "gzip"),
        (429, "content-encoding", "br"),
        (500, "content-encoding", "gzip"),
    ] {
        let headers = [("Content-Type", "application/json"), (name, value)];
        let chunks =
            vec![Piece::new(0, if status == 200 { "{}".to_owned() } else { body.to_string() })];
        stage.provider.script(chat(), Script::raw(status, &headers, chunks, Then::End));
        let answer = stage.chat(&hello());
        assert!(!format!("{:?}", answer.headers).contains(&credential), "{name}");
        assert!(!answer.text().contains(&credential), "{name}: {}", answer.text());
        if name == "content-encoding" {
            assert!(answer.status >= 400 && answer.json()["error"]["message"].is_string());
        }
    }
}

#[test]
fn case_80_an_answer_that_is_coded_unasked_is_502() {
    // What cannot be read cannot be counted either.
    let stage = Stage::with(testkit::Builder::without_bill_check);
    for coding in ["gzip", "br", "zstd"] {
        stage.provider.script(chat(), Script::new(Act::EncodedBody(coding.into())));
        refused(&stage.chat(&hello()), 502, "upstream_error");
    }
    assert!(stage.provider.seen().iter().all(|s| s.header("accept-encoding").is_none()));
}

#[test]
fn an_answer_that_never_comes_is_502_or_504() {
    let stage = Stage::configured("[timeouts]\nfirst_byte_seconds = 1\n");
    for act in [Act::Garbage, Act::ResetBeforeHead] {
        stage.provider.script(chat(), Script::new(act));
        refused(&stage.chat(&hello()), 502, "upstream_error");
    }
    stage.provider.script(chat(), Script::new(Act::ResetAfterHead));
    refused(&stage.chat(&hello()), 502, "upstream_error");
    stage.provider.script(chat(), Script::new(Act::HangBeforeHead));
    refused(&stage.chat(&hello()), 504, "upstream_timeout");
    assert_eq!(stage.provider.seen_count(), 4, "nothing was sent twice");
}

#[test]
fn an_answer_that_breaks_off_or_is_no_answer_is_502() {
    let stage = Stage::configured("[timeouts]\ngap_seconds = 1\n");
    let json = [("Content-Type", "application/json")];
    let half = || vec![Piece::new(0, "{\"id\":\"chatcmpl-1\",\"choi")];
    for then in [Then::Cut, Then::Reset] {
        stage.provider.script(chat(), Script::raw(200, &json, half(), then));
        refused(&stage.chat(&hello()), 502, "upstream_error");
    }
    stage.provider.script(chat(), Script::raw(200, &json, half(), Then::Hang));
    refused(&stage.chat(&hello()), 504, "upstream_timeout");
    let many: Vec<_> = (0..300).map(|n| (format!("x-h{n}"), "v")).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    stage.provider.script(chat(), Script::raw(200, &many, Vec::new(), Then::End));
    refused(&stage.chat(&hello()), 502, "upstream_error");
    // A switch of protocols that nobody asked for is no answer.
    stage.provider.script(chat(), Script::raw(101, &[], Vec::new(), Then::End).bare());
    refused(&stage.chat(&hello()), 502, "upstream_error");
}

#[test]
fn a_providers_5xx_passes_as_an_envelope_and_never_as_a_page() {
    let stage = Stage::configured(ONCE);
    for status in [500, 503, 529] {
        let script = Script::error(status, "server_error", None, "The server had an error.");
        stage.provider.script(chat(), script);
        let answer = stage.chat(&hello());
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("x-tollgate-error"), Some("upstream_error"));
        assert_eq!(answer.json()["error"]["message"], "The server had an error.");
    }
    for (kind, page) in [
        ("text/html", "<html>nginx at 10.1.2.3</html>"),
        ("application/json", "{}"),
        ("text/plain", ""),
    ] {
        let headers = [("Content-Type", kind)];
        let script = Script::raw(502, &headers, vec![Piece::new(0, page)], Then::End);
        stage.provider.script(chat(), script);
        let answer = stage.chat(&hello());
        refused(&answer, 502, "upstream_error");
        assert!(!answer.text().contains("nginx"));
    }
    // The caller's own mistake passes as it is.
    let script = Script::error(400, "invalid_request_error", Some("odd"), "No such thing.");
    stage.provider.script(chat(), script);
    let answer = stage.chat(&hello());
    assert_eq!((answer.status, answer.header("x-tollgate-error")), (400, None));
    assert_eq!(answer.json()["error"]["code"], "odd");
}

#[test]
fn an_upstream_that_is_away_is_502_and_delays_no_start() {
    let closed = testkit::Toxic::closed();
    let builder =
        TestGateway::builder(Path::new(BIN)).env("OPENAI_API_KEY", "sk-CANARY-nobody-there");
    let gateway = builder.env("OPENAI_BASE_URL", &closed.base_url()).start();
    let key = gateway.create_key(&json!({"name": "k"}));
    let answer = gateway.json(&key.value, "POST", CHAT, &hello());
    refused(&answer, 502, "upstream_error");
    assert!(!answer.text().contains(&closed.address()));
}

/// What a raw upstream does with its second request.
#[derive(Clone, Copy)]
enum Second {
    /// Closes when the first bytes of it are there.
    CloseOnBytes,
    /// Closed already, after the first answer.
    ClosedBefore,
}

/// A provider that answers the first request of a connection and spoils the second; counts the
/// requests of which it saw a byte.
fn spoiler(second: Second) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, count) = (stream.unwrap(), Arc::clone(&count));
            std::thread::spawn(move || {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.ends_with(b"\"}") {
                    let read = stream.read(&mut buffer).unwrap_or(0);
                    if read == 0 {
                        return;
                    }
                    request.extend_from_slice(&buffer[..read]);
                }
                count.fetch_add(1, Ordering::SeqCst);
                let body = "{\"id\":\"chatcmpl-1\",\"usage\":null}";
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
                write!(stream, "{head}: {}\r\n\r\n{body}", body.len()).unwrap();
                if matches!(second, Second::CloseOnBytes)
                    && stream.read(&mut buffer).unwrap_or(0) > 0
                {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    (url, seen)
}

#[test]
fn case_84_a_post_is_never_written_twice() {
    for (second, status, all) in [(Second::CloseOnBytes, 502, 2), (Second::ClosedBefore, 200, 2)] {
        let (url, seen) = spoiler(second);
        let builder =
            TestGateway::builder(Path::new(BIN)).env("OPENAI_API_KEY", "sk-CANARY-spoiler");
        let gateway = builder.env("OPENAI_BASE_URL", &url).start();
        let key = gateway.create_key(&json!({"name": "k"})).value;
        let body = hello().to_string();
        let request = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        // One connection of ours is served by one worker, and so by one pool.
        let mut wire = Wire::open(&gateway);
        wire.send(&request);
        assert_eq!(wire.answer().0, 200);
        wire.send(&request);
        let (found, text) = wire.answer();
        assert_eq!(found, status, "{text}");
        assert_eq!(seen.load(Ordering::SeqCst), all);
    }
}
