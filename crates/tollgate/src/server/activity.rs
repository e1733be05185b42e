//! What an HTTP/2 connection is used for: HTTP/1.1's clock runs between two heads, this one between
//! two requests.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dataplane::ReplyBody;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, sleep};

/// For the first request to come.
const FIRST: Duration = Duration::from_secs(10);
/// For the next one, once no request is open.
const IDLE: Duration = Duration::from_secs(120);

/// The requests of one connection.
#[derive(Clone)]
pub struct Activity(Arc<Mutex<State>>);

struct State {
    open: usize,
    /// How long the connection may stay without an open request.
    patience: Duration,
    since: Instant,
}

/// One open request; it ends when this is dropped.
pub struct Request(Activity);

impl Activity {
    pub fn begin() -> Self {
        let state = State { open: 0, patience: FIRST, since: Instant::now() };
        Self(Arc::new(Mutex::new(state)))
    }

    pub fn request(&self) -> Request {
        let mut state = self.state();
        state.open += 1;
        state.patience = IDLE;
        Request(self.clone())
    }

    pub fn is_open(&self) -> bool {
        self.state().open > 0
    }

    /// Resolves when the connection has been without a request for too long.
    pub async fn ceased(&self) {
        loop {
            let left = self.left();
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn left(&self) -> Duration {
        let state = self.state();
        // With a request open, its end is not before now.
        let idle = if state.open > 0 { Duration::ZERO } else { state.since.elapsed() };
        state.patience.saturating_sub(idle)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open -= 1;
        state.since = Instant::now();
    }
}

/// An answer whose request is open until its last byte is taken.
pub struct Counted {
    body: ReplyBody,
    _request: Request,
}

impl Counted {
    pub fn new(body: ReplyBody, request: Request) -> Self {
        Self { body, _request: request }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = <ReplyBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
