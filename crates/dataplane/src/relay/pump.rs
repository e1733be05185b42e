//! Reading a stream under a hold that grows as fast as it comes, whether its client does or not: what
//! a provider has written and nobody has read is money that nothing covers.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use egress::BoxError;
use tokio::sync::mpsc;

use super::Relay;
use crate::tasks::Tasks;

/// Pieces that wait for a slow client. With more, the whole bound is held, or the call is cut.
const AHEAD: usize = 1_024;

type Piece = Result<Bytes, BoxError>;

/// The client's end.
pub(crate) struct Pumped(mpsc::Receiver<Piece>);

impl Pumped {
    pub(crate) fn start(relay: Box<Relay>, tasks: &Tasks) -> Self {
        let (to, from) = mpsc::channel(AHEAD);
        tasks.spawn(pump(relay, to));
        Self(from)
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        self.0.poll_recv(cx)
    }
}

async fn pump(mut relay: Box<Relay>, to: mpsc::Sender<Piece>) {
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
