//! Kept-alive connections to upstreams. One pool a worker: its lock is never contended, and a
//! connection is driven by the runtime that made it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response, Version, header};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use crate::connect::connect;
use crate::{Origin, Outgoing, Tls};

mod answer;

pub use answer::AnswerBody;

/// How far a request came before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The guard refused the address; nothing was sent.
    AddressNotAllowed,
    /// No byte of the request left.
    NotSent,
    /// Connecting took too long; no byte of the request left.
    ConnectTimeout,
    /// Bytes may have left, and no status came back.
    Unknown,
}

/// Why a request has no answer. `why` is for the log: it never holds a URL's query or a key.
#[derive(Debug)]
pub struct SendError {
    pub stage: Stage,
    pub why: String,
}

impl SendError {
    pub(crate) fn new(stage: Stage, why: String) -> Self {
        Self { stage, why }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for SendError {}

/// An upstream's status, headers and body; the body gives its connection back at its end.
pub type Answer = Response<AnswerBody>;

type H1 = http1::SendRequest<Outgoing>;
type H2 = http2::SendRequest<Outgoing>;

/// Shorter than any provider's keep-alive, so that we close first.
const IDLE: Duration = Duration::from_secs(50);
/// Idle connections kept to one origin, by one worker.
const IDLE_MOST: usize = 256;

/// Connections of one worker.
pub struct Pool {
    tls: Tls,
    connect_timeout: Duration,
    /// By origin; there are few.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    origin: u64,
    h1: Vec<(H1, Instant)>,
    h2: Option<H2>,
}

impl Pool {
    #[must_use]
    pub fn new(tls: Tls, connect_timeout: Duration) -> Arc<Self> {
        Arc::new(Self { tls, connect_timeout, idle: Mutex::new(Vec::new()) })
    }

    /// Sends one request and waits for the answer's head. The path is the whole path, prefix
    /// included; the Host header is ours to set.
    ///
    /// # Errors
    /// [`SendError`]; its stage says whether the request may have been seen.
    pub async fn send(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        mut request: Request<Outgoing>,
    ) -> Result<Answer, SendError> {
        request.headers_mut().insert(header::HOST, origin.host_header.clone());
        // A kept connection may have been closed by the other side just now. As long as the
        // request comes back whole, no byte of it has left, and the next connection may try.
        while let Some(sender) = self.take_h1(origin) {
            match self.send_h1(origin, sender, request).await? {
                Tried::Answered(answer) => return Ok(answer),
                Tried::NotSent(back) => request = back,
            }
        }
        // What is rarer than a kept connection is boxed, to keep an ordinary call's future small.
        if let Some(sender) = self.take_h2(origin) {
            match Box::pin(self.send_h2(origin, sender, request)).await? {
                Tried::Answered(answer) => return Ok(answer),
                Tried::NotSent(back) => request = back,
            }
        }
        let last = match Box::pin(self.open(origin)).await? {
            Opened::H1(sender) => self.send_h1(origin, sender, request).await?,
            Opened::H2(sender) => Box::pin(self.send_h2(origin, sender, request)).await?,
        };
        match last {
            Tried::Answered(answer) => Ok(answer),
            Tried::NotSent(_) => {
                Err(SendError::new(Stage::NotSent, "the connection closed at once".into()))
            }
        }
    }

    async fn send_h1(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        mut sender: H1,
        request: Request<Outgoing>,
    ) -> Result<Tried, SendError> {
        if sender.ready().await.is_err() {
            return Ok(Tried::NotSent(request));
        }
        match sender.try_send_request(request).await {
            Ok(response) => {
                let home = (Arc::clone(self), key(origin), sender);
                Ok(Tried::Answered(response.map(|body| AnswerBody::h1(body, home))))
            }
            Err(mut error) => match error.take_message() {
                Some(request) => Ok(Tried::NotSent(request)),
                None => Err(unknown(&error.into_error())),
            },
        }
    }

    async fn send_h2(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        mut sender: H2,
        mut request: Request<Outgoing>,
    ) -> Result<Tried, SendError> {
        if sender.ready().await.is_err() {
            of(&mut self.lock(), key(origin)).h2 = None;
            return Ok(Tried::NotSent(request));
        }
        let host = request.headers_mut().remove(header::HOST);
        let target = std::mem::take(request.uri_mut());
        let mut parts = target.clone().into_parts();
        parts.scheme = Some(http::uri::Scheme::HTTPS);
        parts.authority = Some(origin.authority.clone());
        *request.uri_mut() = http::Uri::from_parts(parts)
            .map_err(|error| SendError::new(Stage::NotSent, error.to_string()))?;
        *request.version_mut() = Version::HTTP_2;
        match sender.try_send_request(request).await {
            Ok(response) => Ok(Tried::Answered(response.map(AnswerBody::h2))),
            Err(mut error) => match error.take_message() {
                Some(mut request) => {
                    *request.uri_mut() = target;
                    *request.version_mut() = Version::HTTP_11;
                    request.headers_mut().extend(host.map(|h| (header::HOST, h)));
                    Ok(Tried::NotSent(request))
                }
                None => Err(unknown(&error.into_error())),
            },
        }
    }

    async fn open(self: &Arc<Self>, origin: &Arc<Origin>) -> Result<Opened, SendError> {
        let dialled = match tokio::time::timeout(self.connect_timeout, connect(origin, &self.tls))
            .await
        {
            Ok(dialled) => dialled?,
            Err(_) => {
                return Err(SendError::new(Stage::ConnectTimeout, "connecting timed out".into()));
            }
        };
        let failed = |error: hyper::Error| SendError::new(Stage::NotSent, error.to_string());
        if dialled.is_h2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(Duration::from_secs(20))
                .keep_alive_timeout(Duration::from_secs(20))
                .max_header_list_size(64 * 1024)
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(16 << 20)
                .handshake(TokioIo::new(dialled))
                .await
                .map_err(failed)?;
            tokio::spawn(connection);
            of(&mut self.lock(), key(origin)).h2 = Some(sender.clone());
            return Ok(Opened::H2(sender));
        }
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(256 * 1024)
            .handshake(TokioIo::new(dialled))
            .await
            .map_err(failed)?;
        tokio::spawn(connection);
        Ok(Opened::H1(sender))
    }

    /// The most recently used idle connection that is still usable.
    fn take_h1(&self, origin: &Arc<Origin>) -> Option<H1> {
        let mut all = self.lock();
        let idle = &mut of(&mut all, key(origin)).h1;
        while let Some((sender, since)) = idle.pop() {
            if since.elapsed() > IDLE {
                // All below it are older.
                idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    fn take_h2(&self, origin: &Arc<Origin>) -> Option<H2> {
        of(&mut self.lock(), key(origin)).h2.clone().filter(|sender| !sender.is_closed())
    }

    fn give_back(&self, origin: u64, sender: H1) {
        if sender.is_closed() {
            return;
        }
        let mut all = self.lock();
        let idle = &mut of(&mut all, origin).h1;
        if idle.len() < IDLE_MOST {
            idle.push((sender, Instant::now()));
        }
    }

    /// Closes the idle connections of origins that are no longer used, and stale ones.
    pub fn sweep(&self, live: &[Arc<Origin>]) {
        let mut all = self.lock();
        all.retain(|idle| live.iter().any(|o| key(o) == idle.origin));
        for idle in all.iter_mut() {
            idle.h1.retain(|(sender, since)| !sender.is_closed() && since.elapsed() <= IDLE);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Tried {
    Answered(Answer),
    NotSent(Request<Outgoing>),
}

enum Opened {
    H1(H1),
    H2(H2),
}

/// The connections to an origin.
fn of(all: &mut Vec<Idle>, origin: u64) -> &mut Idle {
    let place = all.iter().position(|idle| idle.origin == origin).unwrap_or_else(|| {
        all.push(Idle { origin, h1: Vec::new(), h2: None });
        all.len() - 1
    });
    &mut all[place]
}

/// An origin is itself: two upstreams at one address do not share connections.
fn key(origin: &Arc<Origin>) -> u64 {
    origin.id
}

fn unknown(error: &hyper::Error) -> SendError {
    SendError::new(Stage::Unknown, error.to_string())
}
