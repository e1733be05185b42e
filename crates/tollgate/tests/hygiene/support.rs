//! What the tests share: a gateway before a fake, refusals, raw sockets, plain processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, Builder, FakeProvider, Key, TestGateway};

pub const BIN: &str = env!("CARGO_BIN_EXE_tollgate");
pub const CHAT: &str = "/v1/chat/completions";
/// Nothing in these tests may take longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway, the provider behind it, and a key that may do everything.
pub struct Stage {
    pub gateway: TestGateway,
    pub provider: FakeProvider,
    pub key: Key,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub fn configured(toml: &str) -> Self {
        Self::with(|builder| builder.config(toml))
    }

    pub fn with(more: impl FnOnce(Builder) -> Builder) -> Self {
        let provider = FakeProvider::start();
        let builder = TestGateway::builder(Path::new(BIN)).provider(&provider);
        let gateway = more(builder).start();
        let key = gateway.create_key(&json!({"name": "everything"}));
        Self { gateway, provider, key }
    }

    /// A chat call with the stage's key.
    pub fn chat(&self, body: &Value) -> Answer {
        self.gateway.json(&self.key.value, "POST", CHAT, body)
    }

    /// A chat call which must be refused by us with nothing sent.
    pub fn kept_from_the_provider(&self) {
        assert_eq!(self.provider.seen_count(), 0, "the provider saw something");
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.key.value)
    }

    /// The head of a raw POST with the key, its blank line not yet written.
    pub fn raw_post(&self, path: &str) -> String {
        let key = &self.key.value;
        format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\n"
        )
    }

    pub fn wire(&self) -> Wire {
        Wire::open(&self.gateway)
    }
}

/// A small chat call.
pub fn hello() -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
}

/// The same as a stream.
pub fn hello_stream() -> Value {
    json!({"model": "gpt-4o-mini", "stream": true, "messages": [{"role": "user", "content": "hi"}]})
}

/// Checks a refusal of ours: status, code, envelope, request id, and the header of a 401.
#[track_caller]
pub fn refused(answer: &Answer, status: u16, code: &str) {
    let text = answer.text();
    assert_eq!((answer.status, answer.header("x-tollgate-error")), (status, Some(code)), "{text}");
    let error = &answer.json()["error"];
    for name in ["message", "type", "param", "code"] {
        assert!(error.get(name).is_some(), "no {name}: {text}");
    }
    assert!(error["message"].as_str().is_some_and(|m| !m.is_empty()), "{text}");
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{text}");
    if status == 401 {
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[track_caller]
pub fn passed(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The value of a metric's line; labels are part of the name.
pub fn metric(gateway: &TestGateway, name: &str) -> u64 {
    let text = gateway.request("GET", "/metrics", &[], "").text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |v| v.parse().unwrap_or_else(|_| panic!("{name} {v}")))
}

/// Waits until `holds`.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A raw connection.
pub struct Wire(TcpStream);

impl Wire {
    pub fn open(gateway: &TestGateway) -> Self {
        Self::to(gateway.url().trim_start_matches("http://"))
    }

    pub fn to(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).unwrap();
    }

    /// Sends where the other side still takes it.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).is_ok()
    }

    /// Everything until the other side closes; it must.
    pub fn rest(mut self) -> String {
        let mut all = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => all.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
                Err(error) => panic!("{error}; so far: {}", String::from_utf8_lossy(&all)),
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// One answer that states its length: the status and the body.
    pub fn answer(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).expect("the head of an answer");
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").trim().parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        (head[9..12].parse().unwrap(), String::from_utf8_lossy(&body).into_owned())
    }
}

/// The statuses of all answers in a text that a connection brought.
pub fn statuses(text: &str) -> Vec<u16> {
    text.match_indices("HTTP/1.").map(|(at, _)| text[at + 9..at + 12].parse().unwrap()).collect()
}

/// A `tollgate` process of one's own, for starts which must fail, and for other commands.
pub struct Process {
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Process {
    pub fn spawn(home: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(BIN)
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("HOME", home)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start tollgate");
        let output = Arc::new(Mutex::new(String::new()));
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let readers = vec![keep(out, &output), keep(err, &output)];
        Self { child, output, readers }
    }

    pub fn output(&self) -> String {
        self.output.lock().unwrap().clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line with `text` and returns what stands behind it on that line.
    pub fn wait_for(&mut self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let output = self.output();
            let found = output.split_once(text).and_then(|(_, rest)| rest.split_once('\n'));
            if let Some((rest, _)) = found {
                return rest.to_owned();
            }
            let ended = self.child.try_wait().unwrap().is_some();
            assert!(!ended && Instant::now() < end, "no {text:?}:\n{output}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end; the exit code.
    pub fn exit(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.readers.drain(..).for_each(|reader| reader.join().unwrap());
                return status.code();
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(
    pipe: impl Read + Send + 'static,
    output: &Arc<Mutex<String>>,
) -> std::thread::JoinHandle<()> {
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|n| n > 0) {
            output.lock().unwrap().push_str(&line);
            line.clear();
        }
    })
}

/// Sends a signal to a process that a test started.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
    assert!(sent.is_ok_and(|s| s.success()), "kill -{name} {pid}");
}

/// Whether a process has ended, be it that nobody has waited for it yet.
pub fn has_ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}
