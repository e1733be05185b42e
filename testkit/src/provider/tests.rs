//! The fake, spoken to by a plain client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Act, FakeProvider, Matcher, Piece, Script, Then, Tokens};

const CHAT: &str = "/v1/chat/completions";
const PATIENCE: Duration = Duration::from_secs(60);

fn send(provider: &FakeProvider, method: &str, path: &str, body: &Value) -> TcpStream {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: fake\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        provider.credential(),
        body.len()
    );
    let mut wire = TcpStream::connect(("127.0.0.1", provider.port())).unwrap();
    wire.write_all((head + &body).as_bytes()).unwrap();
    wire
}

/// All of an answer; the error if the connection broke.
fn read(mut wire: TcpStream) -> (String, Option<std::io::ErrorKind>) {
    wire.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut all, mut buffer) = (Vec::new(), [0; 65536]);
    let broke = loop {
        if is_whole(&String::from_utf8_lossy(&all)) {
            break None;
        }
        match wire.read(&mut buffer) {
            Ok(0) => break None,
            Ok(count) => all.extend_from_slice(&buffer[..count]),
            Err(e) => break Some(e.kind()),
        }
    };
    (String::from_utf8_lossy(&all).into_owned(), broke)
}

/// Whether an answer is there to its end.
fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    length.map_or(body.ends_with("0\r\n\r\n"), |length| Ok(body.len()) == length.parse())
}

/// Nothing comes; as far as can be told in a moment.
fn is_held(wire: &TcpStream) -> bool {
    wire.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut wire = wire;
    wire.read(&mut [0]).is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
}

fn ask(provider: &FakeProvider, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let (text, _) = read(send(provider, method, path, body));
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

fn chat(text: &str) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
}

#[test]
fn answers_a_chat_and_bills_it() {
    let provider = FakeProvider::start();
    let (status, answer) = ask(&provider, "POST", CHAT, &chat("one two [[words=4]]"));
    assert_eq!(status, 200);
    assert_eq!(answer["choices"][0]["message"]["content"], "word1 word2 word3 word4");
    assert_eq!(answer["usage"]["prompt_tokens"], 6);
    assert!(provider.settle(PATIENCE));
    let bill = provider.bill();
    assert_eq!(bill.len(), 1);
    assert_eq!(bill[0].tokens, Tokens::text(6, 4));
    assert!(bill[0].usage_reported && bill[0].delivered && bill[0].id_sent);
    let seen = provider.seen();
    assert_eq!(seen[0].headers[0].0, "Host");
    assert!(seen[0].complete);
}

#[test]
fn streams_usage_only_when_asked() {
    let provider = FakeProvider::start();
    let mut body = chat("hi");
    body["stream"] = json!(true);
    let (text, _) = read(send(&provider, "POST", CHAT, &body));
    assert!(text.contains("data: [DONE]") && !text.contains("usage"));
    body["stream_options"] = json!({"include_usage": true});
    let (text, _) = read(send(&provider, "POST", CHAT, &body));
    assert!(text.contains("\"usage\":null") && text.contains("\"usage\":{"));
    assert!(provider.settle(PATIENCE));
    let reported: Vec<bool> = provider.bill().iter().map(|b| b.usage_reported).collect();
    assert_eq!(reported, [false, true]);
}

#[test]
fn refuses_a_wrong_key_and_what_is_not_there() {
    let provider = FakeProvider::start();
    let (status, answer) = ask(&provider, "GET", "/v1/files/file-x", &Value::Null);
    assert_eq!(status, 404);
    assert_eq!(answer["error"]["message"], "No such File object: file-x");
    assert_eq!(answer["error"]["param"], "id");
    let (status, _) = ask(&provider, "GET", "/v1/nothing", &Value::Null);
    assert_eq!(status, 404);
    let mut wire = TcpStream::connect(("127.0.0.1", provider.port())).unwrap();
    wire.write_all(b"GET /v1/models HTTP/1.1\r\nAuthorization: Bearer sk-wrong\r\n\r\n").unwrap();
    assert!(read(wire).0.starts_with("HTTP/1.1 401 "));
    assert!(provider.bill().is_empty());
}

#[test]
fn keeps_objects_and_lists_them_by_page() {
    let provider = FakeProvider::start();
    let path = "/v1/vector_stores";
    let ids: Vec<Value> = (0..3)
        .map(|n| ask(&provider, "POST", path, &json!({"name": n.to_string()})).1["id"].take())
        .collect();
    let (_, page) = ask(&provider, "GET", "/v1/vector_stores?limit=2", &Value::Null);
    assert_eq!(page["has_more"], true);
    assert_eq!(page["data"][0]["id"], ids[2]);
    let next = format!("/v1/vector_stores?after={}", page["last_id"].as_str().unwrap());
    let (_, page) = ask(&provider, "GET", &next, &Value::Null);
    assert_eq!(page["data"][0]["id"], ids[0]);
    let one = format!("{path}/{}", ids[0].as_str().unwrap());
    let (_, gone) = ask(&provider, "DELETE", &one, &Value::Null);
    assert_eq!(gone["object"], "vector_store.deleted");
    assert_eq!(ask(&provider, "GET", &one, &Value::Null).0, 404);
}

#[test]
fn a_script_resets_and_the_bill_stays() {
    let provider = FakeProvider::start();
    let matcher = || Matcher::new("POST", CHAT);
    provider.script(matcher(), Script::new(Act::ResetBeforeHead));
    let chunks = vec![Piece::new(0, "data: {}\n\n"), Piece::new(5, "data: {\"us")];
    let raw = Script::stream(chunks, Then::Reset).bill(Tokens::text(7, 9));
    provider.script(matcher(), raw);
    let (text, broke) = read(send(&provider, "POST", CHAT, &chat("hi")));
    assert_eq!((text.as_str(), broke), ("", Some(std::io::ErrorKind::ConnectionReset)));
    let (text, broke) = read(send(&provider, "POST", CHAT, &chat("hi")));
    assert!(text.ends_with("data: {\"us\r\n"));
    assert_eq!(broke, Some(std::io::ErrorKind::ConnectionReset));
    assert!(provider.settle(PATIENCE));
    let bill = provider.bill();
    assert!(!bill[0].id_sent && bill[1].id_sent);
    assert_eq!(bill[1].tokens, Tokens::text(7, 9));
    assert!(!bill[1].delivered && !bill[1].usage_reported);
    assert_eq!(ask(&provider, "POST", CHAT, &chat("hi")).0, 200);
}

#[test]
fn a_gate_holds_until_it_is_released() {
    let provider = FakeProvider::start();
    provider.script(Matcher::any(), Script::gate_open());
    let wire = send(&provider, "POST", CHAT, &chat("hi"));
    provider.wait_seen(1, PATIENCE);
    assert!(is_held(&wire));
    provider.release();
    assert!(read(wire).0.starts_with("HTTP/1.1 200"));
}

#[test]
fn a_reader_who_hangs_up_is_charged_in_full_unless_told_otherwise() {
    let provider = FakeProvider::start();
    let mut body = chat("[[words=50]] [[gap_ms=5]]");
    body["stream"] = json!(true);
    for stop in [false, true] {
        provider.stop_billing_on_disconnect(stop);
        let mut wire = send(&provider, "POST", CHAT, &body);
        wire.read_exact(&mut [0; 2000]).unwrap();
        drop(wire);
        assert!(provider.settle(PATIENCE));
    }
    let bill = provider.bill();
    assert_eq!(bill[0].tokens.output, 50);
    assert!(bill[1].tokens.output < 50);
    assert!(!bill[0].delivered && !bill[1].delivered);
}

#[test]
fn a_barrier_waits_for_all_and_an_early_answer_for_no_body() {
    let provider = FakeProvider::start();
    provider.script(Matcher::any(), Script::barrier(2));
    let first = send(&provider, "POST", CHAT, &chat("hi"));
    assert!(is_held(&first));
    let second = send(&provider, "POST", CHAT, &chat("hi"));
    assert!(read(first).0.starts_with("HTTP/1.1 200"));
    assert!(read(second).0.starts_with("HTTP/1.1 200"));

    let busy = Script::error(429, "requests", Some("rate_limit_exceeded"), "slow down");
    provider.script(Matcher::new("POST", "/files"), busy.retry_after("2").early());
    let mut wire = TcpStream::connect(("127.0.0.1", provider.port())).unwrap();
    wire.write_all(b"POST /v1/files HTTP/1.1\r\nContent-Length: 1000\r\n\r\nsome").unwrap();
    let (text, _) = read(wire);
    assert!(text.starts_with("HTTP/1.1 429") && text.contains("Retry-After: 2\r\n"));
}
