//! A collector of traces on the loopback: takes OTLP over HTTP and keeps what it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// One request that it was sent.
#[derive(Clone, Debug)]
pub struct Posted {
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Posted {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct State {
    posted: Vec<Posted>,
    /// What the next answers are, instead of 200.
    answers: Vec<&'static str>,
    hangs: bool,
}

pub struct Collector {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Answers the next requests so: status line and headers.
    pub fn answer(&self, heads: &[&'static str]) {
        self.state.lock().unwrap().answers = heads.to_vec();
    }

    /// From now on nothing is answered.
    pub fn hang(&self) {
        self.state.lock().unwrap().hangs = true;
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.state.lock().unwrap().posted.clone()
    }

    /// All spans that came as JSON.
    pub fn spans(&self) -> Vec<Value> {
        let mut spans = Vec::new();
        for posted in self.posted() {
            let request: Value = serde_json::from_slice(&posted.body).expect("a JSON body");
            for resource in request["resourceSpans"].as_array().unwrap() {
                for scope in resource["scopeSpans"].as_array().unwrap() {
                    assert_eq!(scope["scope"]["name"], "tollgate");
                    spans.extend(scope["spans"].as_array().unwrap().iter().cloned());
                }
            }
        }
        spans
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if !reader.read_line(&mut first).is_ok_and(|n| n > 0) {
            return;
        }
        let target = first.split(' ').nth(1).unwrap().to_owned();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim().split_once(": ") else { break };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        let head = {
            let mut state = state.lock().unwrap();
            state.posted.push(Posted { target, headers, body });
            if state.hangs {
                drop(state);
                std::thread::park();
                return;
            }
            if state.answers.is_empty() { "200 OK" } else { state.answers.remove(0) }
        };
        let answer = format!("HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\n{{}}");
        if reader.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
