//! The load: clients that ask, stream, and hang up, until their gateway dies or they are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;

use super::{Dice, KillLoop, providers};
use crate::gateway::client;
use crate::{Key, Stream, TestGateway};

const PATH: &str = "/v1/chat/completions";
/// A client that is refused comes again after this.
const PAUSE: Duration = Duration::from_millis(5);

/// What the clients saw.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Answers with status 200 that came to their end.
    pub(super) finished: u64,
    /// By the limit.
    pub(super) refused: u64,
    /// Any other status, the last one; there should be none.
    pub(super) odd: Option<u16>,
}

pub(super) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Seen>>,
}

impl Load {
    pub(super) fn start(gateway: &TestGateway, key: &Key, how: KillLoop, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let start = |at: usize| {
            let client = Client {
                address: gateway.url().trim_start_matches("http://").to_owned(),
                bearer: format!("Bearer {}", key.value),
                dice: Dice::new(seed.wrapping_add(at as u64)),
                failing: how.failing,
            };
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || client.run(&stop))
        };
        let clients = (0..how.clients).map(start).collect();
        Self { stop, clients }
    }

    /// Lets every client end the call it is in.
    pub(super) fn stop(self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Seen::default();
        for client in self.clients {
            let seen = client.join().expect("a client");
            all.finished += seen.finished;
            all.refused += seen.refused;
            all.odd = all.odd.or(seen.odd);
        }
        all
    }
}

struct Client {
    address: String,
    bearer: String,
    dice: Dice,
    /// Some calls ask to fail at the first provider.
    failing: bool,
}

impl Client {
    /// Until it is told, or nobody answers any more.
    fn run(mut self, stop: &AtomicBool) -> Seen {
        let mut seen = Seen::default();
        while !stop.load(Ordering::Relaxed) {
            let Ok(answer) = self.open() else { break };
            match answer.status {
                200 => seen.finished += u64::from(self.follow(answer)),
                429 => {
                    seen.refused += 1;
                    std::thread::sleep(PAUSE);
                }
                other => seen.odd = Some(other),
            }
        }
        seen
    }

    /// One in two is a stream; some have several answers, some no maximum of their own.
    fn open(&mut self) -> std::io::Result<Stream> {
        let (words, gap) = (1 + self.dice.below(40), self.dice.below(4));
        let marker = if self.failing { providers::marker(&mut self.dice) } else { "" };
        let mut body = json!({
            "model": "gpt-4o-mini",
            "messages": [{"role": "user", "content": format!("[[words={words}]] [[gap_ms={gap}]] {marker}")}],
            "max_tokens": 16 + self.dice.below(64),
            "stream": self.dice.below(2) == 0,
        });
        if self.dice.below(8) == 0 {
            body["n"] = json!(2);
        }
        let headers =
            [("Authorization", self.bearer.as_str()), ("Content-Type", "application/json")];
        client::open(&self.address, "POST", PATH, &headers, body.to_string().as_bytes())
    }

    /// Reads to the end, or hangs up in the middle. Whether all of it came.
    fn follow(&mut self, mut answer: Stream) -> bool {
        let patience = if self.dice.below(4) == 0 { self.dice.below(6) } else { u64::MAX };
        let mut text = Vec::new();
        for _ in 0..patience {
            match answer.next_chunk() {
                Some(Ok(bytes)) => text.extend(bytes),
                Some(Err(_)) => return false,
                None => {
                    let stream = text.starts_with(b"data:");
                    return !stream || memchr::memmem::find(&text, b"data: [DONE]").is_some();
                }
            }
        }
        false
    }
}
