//! The clients of the fault run: each call must come back whole.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Faults;
use crate::gateway::client;
use crate::{Answer, Key, TestGateway};

/// One call, as its client saw it.
pub(super) struct Call {
    pub(super) took: Duration,
    /// Why it was not answered in full.
    pub(super) failure: Option<String>,
}

/// Makes all calls of a run.
pub(super) fn make(gateway: &TestGateway, key: &Key, stream: bool, how: Faults) -> Vec<Call> {
    let next = AtomicUsize::new(0);
    let client = || {
        let mut calls = Vec::new();
        while next.fetch_add(1, Ordering::SeqCst) < how.calls {
            calls.push(call(gateway, key, stream));
        }
        calls
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..how.clients).map(|_| scope.spawn(client)).collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    })
}

fn call(gateway: &TestGateway, key: &Key, stream: bool) -> Call {
    let body = json!({
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": "[[words=12]]"}],
        "max_tokens": 64,
        "stream": stream,
    });
    let bearer = format!("Bearer {}", key.value);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let began = Instant::now();
    let url = gateway.url();
    let address = url.trim_start_matches("http://");
    let path = "/v1/chat/completions";
    let answer = client::open(address, "POST", path, &headers, body.to_string().as_bytes())
        .and_then(crate::Stream::collect);
    Call { took: began.elapsed(), failure: failure(answer, stream) }
}

fn failure(answer: std::io::Result<Answer>, stream: bool) -> Option<String> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Some(error.to_string()),
    };
    let text = answer.text();
    let whole = match stream {
        true => {
            text.trim_end().ends_with("data: [DONE]") && text.contains("finish_reason\":\"stop")
        }
        false => serde_json::from_str::<Value>(&text)
            .is_ok_and(|value| value["choices"][0]["finish_reason"] == "stop"),
    };
    (answer.status != 200 || !whole).then(|| format!("{} {text}", answer.status))
}
