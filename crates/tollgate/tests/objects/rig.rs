//! A gateway before a fake provider, with a key in each of three projects.

use serde_json::{Value, json};
use testkit::{Answer, Builder, FakeProvider, Key, Stream, TestGateway};

/// The gateway stands first: it is checked against the provider's bill when both are dropped.
pub struct Rig {
    pub gateway: TestGateway,
    pub provider: FakeProvider,
    /// Two projects that are strangers to each other.
    pub a: Key,
    pub b: Key,
    /// The default project, to which everything older than the gateway belongs.
    pub d: Key,
}

impl Rig {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn with(more: impl FnOnce(Builder) -> Builder) -> Self {
        let provider = FakeProvider::start();
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_tollgate"));
        let gateway = more(TestGateway::builder(bin).provider(&provider)).start();
        let key = |name: &str| {
            let project = gateway.create_project(name);
            gateway.create_key_in(&project, &json!({ "name": name }))
        };
        let (a, b) = (key("a"), key("b"));
        let d = gateway.create_key(&json!({"name": "d"}));
        Self { gateway, provider, a, b, d }
    }

    /// Sends and reads the whole answer.
    pub fn send(&self, key: &Key, method: &str, path: &str, body: &Body) -> Answer {
        let bearer = format!("Bearer {}", key.value);
        self.gateway.request(method, &at(path), &body.headers(&bearer), &body.bytes)
    }

    /// Sends and reads the head.
    pub fn open(&self, key: &Key, method: &str, path: &str, body: &Body) -> Stream {
        let bearer = format!("Bearer {}", key.value);
        self.gateway.open(method, &at(path), &body.headers(&bearer), &body.bytes)
    }

    /// A JSON POST.
    pub fn post(&self, key: &Key, path: &str, body: Value) -> Answer {
        self.send(key, "POST", path, &Body::json(&body))
    }

    /// A GET.
    pub fn get(&self, key: &Key, path: &str) -> Answer {
        self.send(key, "GET", path, &Body::none())
    }

    /// The id of what a POST made; panics when it made nothing.
    pub fn made(&self, key: &Key, path: &str, body: Value) -> String {
        let answer = self.post(key, path, body);
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// A file of the key's project.
    pub fn file(&self, key: &Key, purpose: &str, bytes: &[u8]) -> String {
        let form = Body::form(&[("purpose", purpose)], &[("file", "a.jsonl", bytes)]);
        let answer = self.send(key, "POST", "/files", &form);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["id"].as_str().expect("a file").to_owned()
    }

    /// A counter of `/metrics` without labels.
    pub fn metric(&self, name: &str) -> u64 {
        let bearer = format!("Bearer {}", self.gateway.admin_key());
        let text =
            self.gateway.request("GET", "/metrics", &[("Authorization", &bearer)], "").text();
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().expect("a number")
    }
}

fn at(path: &str) -> String {
    format!("/v1{path}")
}

/// Whether the gateway itself refused: the provider never says so.
pub fn refused_by_us(answer: &Answer) -> bool {
    answer.header("x-tollgate-error").is_some()
}

/// The boundary of every form here.
pub const BOUNDARY: &str = "tollgate-test-boundary";

/// A request body with its content type.
#[derive(Clone)]
pub struct Body {
    pub kind: Option<String>,
    pub bytes: Vec<u8>,
}

impl Body {
    pub fn none() -> Self {
        Self { kind: None, bytes: Vec::new() }
    }

    pub fn json(value: &Value) -> Self {
        Self::text(&value.to_string())
    }

    /// JSON exactly as it is written here.
    pub fn text(text: &str) -> Self {
        Self { kind: Some("application/json".into()), bytes: text.as_bytes().to_vec() }
    }

    pub fn sdp() -> Self {
        Self { kind: Some("application/sdp".into()), bytes: b"v=0\r\ns=offer\r\n".to_vec() }
    }

    /// multipart/form-data, the files first: a deciding field may stand behind them.
    pub fn form(fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Self {
        let mut bytes = Vec::new();
        for (name, filename, content) in files {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; \
                 filename=\"{filename}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(content);
            bytes.extend_from_slice(b"\r\n");
        }
        for (name, value) in fields {
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        Self { kind: Some(format!("multipart/form-data; boundary={BOUNDARY}")), bytes }
    }

    fn headers<'a>(&'a self, bearer: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut headers = vec![("Authorization", bearer)];
        headers.extend(self.kind.as_deref().map(|kind| ("Content-Type", kind)));
        headers
    }
}
