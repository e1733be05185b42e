//! `FakeProvider`: a faithful fake of OpenAI's data plane.
//!
//! It runs an HTTP/1.1 server on its own thread and its own runtime, so that blocking and async
//! tests can use it alike. The HTTP is written by hand, so that a test sees the headers in the
//! order in which they came, and a script can send exactly the bytes, gaps and resets it wants.
//!
//! Markers anywhere in a prompt steer the answer: `[[words=N]]` makes N words, `[[gap_ms=N]]`
//! leaves a gap before each piece of a stream, `[[cached=N]]`, `[[cache_write=N]]`,
//! `[[reasoning=N]]`, `[[audio_in=N]]`, `[[audio_out=N]]`, `[[image_in=N]]` and `[[image_out=N]]`
//! set kinds of tokens, `[[bytes=N]]` the size of a picture or of speech. A model whose name
//! begins with `no-such-` does not exist.

mod account;
mod assistants;
mod audio;
mod batches;
mod bill;
mod calls;
mod chat;
mod chat_stream;
mod completions;
mod conn;
mod conversations;
mod embeddings;
mod files;
mod images;
mod kinds;
mod misc;
mod models;
mod multipart;
mod objects;
mod reply;
mod responses;
mod responses_stream;
mod router;
mod schema;
mod script;
mod sending;
mod shared;
mod vectors;
mod wire;
mod words;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::gateway::client;
use crate::{Answer, Stream};

pub use bill::{Bill, Tokens};
pub use reply::Piece;
pub use script::{Act, Matcher, Script, Then};
pub use shared::Seen;

pub(crate) use shared::Shared;

/// A running fake. It stops when it is dropped.
pub struct FakeProvider {
    shared: Arc<Shared>,
    port: u16,
    thread: Option<JoinHandle<()>>,
}

impl FakeProvider {
    /// Starts a fake on a free port of 127.0.0.1.
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// Starts a fake on a given port.
    pub fn start_on(port: u16) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("bind the fake");
        listener.set_nonblocking(true).expect("non-blocking listener");
        let port = listener.local_addr().expect("local address").port();
        let shared = Arc::new(Shared::new());
        let inner = Arc::clone(&shared);
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("runtime of the fake").block_on(conn::accept(listener, inner));
        };
        let thread = std::thread::Builder::new().name("fake-provider".into()).spawn(run);
        Self { shared, port, thread: Some(thread.expect("thread of the fake")) }
    }

    /// `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes one more key of the account.
    pub fn add_credential(&self) -> String {
        let made = format!("sk-fake-CANARY{}", crate::codec::random_hex(34));
        self.shared.lock().credentials.push(made.clone());
        made
    }

    /// Ends one of the account's keys: it is refused from now on.
    pub fn end_credential(&self, credential: &str) {
        self.shared.lock().credentials.retain(|known| known != credential);
    }

    /// The key that it accepts from the beginning.
    pub fn credential(&self) -> &str {
        &self.shared.credential
    }

    /// Every request received, in the order of arrival; but for what the gateway asks of its own
    /// accord.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().seen.clone()
    }

    /// How many requests have been received.
    pub fn seen_count(&self) -> usize {
        self.shared.lock().seen.len()
    }

    /// Waits until `count` requests have been received; panics after `limit`.
    pub fn wait_seen(&self, count: usize, limit: Duration) {
        let end = Instant::now() + limit;
        while self.seen_count() < count {
            assert!(Instant::now() < end, "{} of {count} requests came", self.seen_count());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Forgets the requests seen. The bill stays: what was charged stays charged.
    pub fn clear(&self) {
        self.shared.lock().seen.clear();
    }

    /// The true bill: one entry for each request that cost something.
    pub fn bill(&self) -> Vec<Bill> {
        self.shared.lock().bills.clone()
    }

    /// Whether a reader who hangs up stops the generation (default: no, all of it is charged).
    pub fn stop_billing_on_disconnect(&self, stop: bool) {
        self.shared.lock().stop_billing = stop;
    }

    /// From now on the account has a limit of its own: `limit` calls in a bucket that fills in `per`.
    /// Without, the headers of every answer speak of plenty.
    pub fn limit_rate(&self, limit: u64, per: Duration) {
        self.shared.lock().account = Some(account::Account::new(limit, per));
    }

    /// How many calls that limit has refused.
    pub fn rate_refusals(&self) -> u64 {
        self.shared.lock().account.as_ref().map_or(0, |account| account.refused)
    }

    /// Every answer to a call of a model takes so long.
    pub fn take_time(&self, time: Duration) {
        self.shared.lock().takes = time;
    }

    /// Work in the background (batches, background responses, videos) goes on for so many looks at
    /// it; unless told, it is done at the first.
    pub fn work_for(&self, looks: u32) {
        self.shared.lock().world.course.looks = looks;
    }

    /// Work in the background ends with this status instead of `completed`.
    pub fn end_work_as(&self, status: &'static str) {
        self.shared.lock().world.course.end = Some(status);
    }

    /// Batches do not say what their lines came to, as older ones do not.
    pub fn keep_batch_usage_silent(&self) {
        self.shared.lock().world.course.silent = true;
    }

    /// Calls the fake past any gateway, with the account's own key; no body when it is null.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.credential());
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let address = format!("127.0.0.1:{}", self.port);
        let stream = client::open(&address, method, path, &headers, text.as_bytes());
        stream.and_then(Stream::collect).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    /// What it answered so far was lost on the way, all of it or behind the heads: nobody knows what
    /// was said, nor without a head who said it.
    pub(crate) fn answers_were_lost(&self, heads_too: bool) {
        for bill in &mut self.shared.lock().bills {
            bill.id_sent &= !heads_too;
            (bill.usage_reported, bill.delivered) = (false, false);
        }
    }

    /// Adds a scripted behaviour. Scripts are tried in the order in which they were added.
    pub fn script(&self, matcher: Matcher, script: Script) {
        self.shared.arm(matcher, script);
    }

    /// Opens the gate for every request that is held now.
    pub fn release(&self) {
        self.shared.change(|state| state.released += 1);
    }

    /// Waits (at most `limit`) until no connection is open, so that the bill is final.
    pub fn settle(&self, limit: Duration) -> bool {
        self.shared.settle(limit)
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.shared.change(|state| state.stopping = true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // The runtime is gone, and every connection with it.
        self.shared.change(|state| state.connections = 0);
    }
}
