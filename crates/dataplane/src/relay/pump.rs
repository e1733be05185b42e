//! Reading a stream under a hold that grows as fast as it comes, whether its client does or not: what
//! a provider has written and nobody has read is money that nothing covers.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use egress::BoxError;
use tokio::sync::mpsc;

use super::Relay;
use crate::recorder::Recorder;
use crate::tasks::Tasks;

/// Pieces that wait for a slow client. With more, the whole bound is held, or the call is cut.
const AHEAD: usize = 1_024;

type Piece = Result<Bytes, BoxError>;

/// The client's end.
pub(crate) struct Pumped {
    pieces: mpsc::Receiver<Piece>,
    recorder: Given,
}

/// What is to write the answer down, on its way to the pump.
type Given = Arc<Mutex<Option<Box<Recorder>>>>;

impl Pumped {
    pub(crate) fn start(relay: Box<Relay>, tasks: &Tasks) -> Self {
        let (to, from) = mpsc::channel(AHEAD);
        let recorder = Given::default();
        tasks.spawn(pump(relay, to, Arc::clone(&recorder)));
        Self { pieces: from, recorder }
    }

    /// Has it written down as it passes. To be called before anything was read of it.
    pub(crate) fn record(&mut self, recorder: Box<Recorder>) {
        *self.recorder.lock().unwrap_or_else(PoisonError::into_inner) = Some(recorder);
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.pieces.poll_recv(cx)
    }
}

async fn pump(mut relay: Box<Relay>, to: mpsc::Sender<Piece>, recorder: Given) {
    // A worker runs one thing at a time: whoever made this is done with it before this begins.
    if let Some(recorder) = recorder.lock().unwrap_or_else(PoisonError::into_inner).take() {
        relay.record(recorder);
    }
    while let Some(next) = next_piece(&mut relay, &to).await {
        let Some(piece) = next else { return };
        let sent = match to.try_send(piece) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(piece)) => {
                if !relay.hold_rest() {
                    relay.exhausted();
                }
                to.send(piece).await.map_err(drop)
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Err(()),
        };
        if sent.is_err() {
            break;
        }
    }
    relay.let_go();
}

/// The next piece, `Some(None)` at the stream's end; `None` where the client has gone.
async fn next_piece(relay: &mut Relay, to: &mpsc::Sender<Piece>) -> Option<Option<Piece>> {
    let mut gone = pin!(to.closed());
    poll_fn(|cx| {
        if gone.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        relay.poll_next(cx).map(Some)
    })
    .await
}
