//! A gateway before a fake provider, and a project whose cache is on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, Builder, FakeProvider, Key, Stream, TestGateway};

pub const CHAT: &str = "/v1/chat/completions";

/// The gateway stands first: it is checked against the provider's bill when both are dropped.
pub struct Stage {
    pub gateway: TestGateway,
    pub provider: FakeProvider,
    pub key: Key,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(more: impl FnOnce(Builder) -> Builder) -> Self {
        let stage = Self::off(more);
        stage.set(&stage.key, json!({ "enabled": true }));
        stage
    }

    /// The same where the cache is as it is at first.
    pub fn off(more: impl FnOnce(Builder) -> Builder) -> Self {
        let provider = FakeProvider::start();
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_tollgate"));
        let gateway = more(TestGateway::builder(bin).provider(&provider)).start();
        let key = gateway.create_key(&json!({ "name": "k" }));
        Self { gateway, provider, key }
    }

    pub fn set(&self, key: &Key, rules: Value) -> Value {
        self.gateway.admin("POST", &format!("/tollgate/v1/projects/{}/cache", key.project), &rules)
    }

    pub fn shown(&self, key: &Key) -> Value {
        self.gateway.admin(
            "GET",
            &format!("/tollgate/v1/projects/{}/cache", key.project),
            &Value::Null,
        )
    }

    pub fn figures(&self, key: &Key) -> Value {
        self.shown(key)["figures"].clone()
    }

    pub fn purge(&self, key: &Key, what: Value) -> u64 {
        let path = format!("/tollgate/v1/projects/{}/cache/purge", key.project);
        self.gateway.admin("POST", &path, &what)["purged"].as_u64().expect("a number")
    }

    /// Another project's key.
    pub fn stranger(&self, name: &str) -> Key {
        let project = self.gateway.create_project(name);
        self.gateway.create_key_in(&project, &json!({ "name": name }))
    }

    pub fn ask(&self, body: &Value) -> Answer {
        self.post(&self.key, CHAT, body, &[])
    }

    pub fn post(&self, key: &Key, path: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {}", key.value);
        let mut headers = vec![("Authorization", &*bearer), ("Content-Type", "application/json")];
        headers.extend_from_slice(more);
        self.gateway.request("POST", path, &headers, body.to_string())
    }

    pub fn open(&self, body: &Value) -> Stream {
        self.open_by(&self.key, body)
    }

    /// Sends a call and waits for nothing.
    pub fn send_by(&self, key: &Key, body: &Value) -> std::net::TcpStream {
        let wire = std::net::TcpStream::connect(self.gateway.address()).expect("a connection");
        let (text, secret) = (body.to_string(), &key.value);
        let call = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        std::io::Write::write_all(&mut &wire, call.as_bytes()).expect("sent");
        wire
    }

    pub fn open_by(&self, key: &Key, body: &Value) -> Stream {
        let bearer = format!("Bearer {}", key.value);
        let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
        self.gateway.open("POST", CHAT, &headers, body.to_string())
    }

    /// Waits until so many calls have taken a slot: those that pay for another's answer, and wait for
    /// it, have.
    pub fn wait_slots(&self, count: usize) {
        let end = Instant::now() + Duration::from_secs(20);
        let wanted = format!("attempt slots in use: {count} of ");
        loop {
            let bearer = format!("Bearer {}", self.gateway.admin_key());
            let headers = [("Authorization", &*bearer)];
            let parts = self.gateway.request("GET", "/readyz?verbose", &headers, "").text();
            if parts.contains(&wanted) {
                return;
            }
            assert!(Instant::now() < end, "{wanted}: {parts}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// How many calls the provider saw that ask it for an answer.
    pub fn asked(&self) -> usize {
        self.provider.seen().iter().filter(|seen| seen.method == "POST").count()
    }
}

pub fn chat(text: &str) -> Value {
    json!({ "model": "gpt-4o-mini", "messages": [{ "role": "user", "content": text }] })
}

pub fn with(mut body: Value, more: Value) -> Value {
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

/// What the cache said to a call.
pub fn used(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("x-tollgate-cache").expect("what the cache did")
}

/// The data of each event of a stream.
pub fn events(stream: &str) -> Vec<Value> {
    let data = stream.split("\n\n").filter_map(|event| {
        event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned)
    });
    let parsed = |text: String| match text.as_str() {
        "[DONE]" => json!("[DONE]"),
        text => serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}")),
    };
    data.map(parsed).collect()
}

/// The text that a chat stream brings.
pub fn text_of(stream: &str) -> String {
    let pieces = events(stream);
    let delta = |event: &Value| {
        event.pointer("/choices/0/delta/content").and_then(Value::as_str).map(str::to_owned)
    };
    pieces.iter().filter_map(delta).collect()
}
