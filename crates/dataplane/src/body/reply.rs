//! The bodies that go back to clients.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use egress::BoxError;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::cache::{Joined, Replay};
use crate::recorder::Recorder;
use crate::relay::{Pumped, Relay};

/// An answer on its way to a client. Dropped before its end, a relayed one is read on in the
/// background for what it cost.
pub struct ReplyBody {
    kind: Kind,
    /// Writes down one that others have a part in, as its client reads it.
    recorder: Option<Box<Recorder>>,
}

enum Kind {
    Whole(Bytes),
    Relay(Option<Box<Relay>>),
    /// Read on by itself.
    Pumped(Pumped),
    /// Shared with others.
    Joined(Box<Joined>),
    /// Stored, and given again.
    Replay(Box<Replay>),
    /// Given by another part of this process, as it comes.
    Pieces(mpsc::Receiver<Bytes>),
}

impl ReplyBody {
    fn of(kind: Kind) -> Self {
        Self { kind, recorder: None }
    }

    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::of(Kind::Whole(bytes.into()))
    }

    /// As they come; it ends when whoever gives them does.
    #[must_use]
    pub fn pieces(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self::of(Kind::Pieces(pieces))
    }

    pub(crate) fn pumped(pumped: Pumped) -> Self {
        Self::of(Kind::Pumped(pumped))
    }

    /// All of it, where it is all here.
    pub(crate) fn whole_bytes(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Whole(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Has it written down as it passes, whether its client reads it to its end or not.
    pub(crate) fn record(&mut self, recorder: Box<Recorder>) {
        match &mut self.kind {
            Kind::Relay(Some(relay)) => relay.record(recorder),
            Kind::Pumped(pumped) => pumped.record(recorder),
            Kind::Joined(_) | Kind::Replay(_) => self.recorder = Some(recorder),
            Kind::Whole(_) | Kind::Relay(None) | Kind::Pieces(_) => {}
        }
    }

    /// Writes a piece down, or that it was the last.
    fn note(&mut self, next: Option<&Result<Frame<Bytes>, BoxError>>) {
        let Some(mut recorder) = self.recorder.take() else { return };
        match next {
            Some(Ok(frame)) => {
                frame.data_ref().iter().for_each(|piece| recorder.push(piece));
                self.recorder = Some(recorder);
            }
            Some(Err(_)) => {}
            None => {
                let whole = match &self.kind {
                    Kind::Joined(joined) => joined.is_whole(),
                    _ => true,
                };
                recorder.end(whole);
            }
        }
    }

    pub(crate) fn joined(joined: Box<Joined>) -> Self {
        Self::of(Kind::Joined(joined))
    }

    pub(crate) fn replay(replay: Box<Replay>) -> Self {
        Self::of(Kind::Replay(replay))
    }

    pub(crate) fn relay(relay: Relay) -> Self {
        Self::of(Kind::Relay(Some(Box::new(relay))))
    }
}

impl Kind {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Relay(Some(relay)) => {
                relay.poll_next(cx).map(|next| next.map(|piece| piece.map(Frame::data)))
            }
            Kind::Relay(None) => Poll::Ready(None),
            Kind::Pumped(pumped) => {
                pumped.poll_next(cx).map(|next| next.map(|piece| piece.map(Frame::data)))
            }
            Kind::Joined(joined) => {
                joined.poll_next(cx).map(|next| next.map(|piece| piece.map(Frame::data)))
            }
            Kind::Replay(replay) => {
                replay.poll_next(cx).map(|next| next.map(|piece| Ok(Frame::data(piece))))
            }
            Kind::Pieces(pieces) => {
                pieces.poll_recv(cx).map(|next| next.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let polled = this.kind.poll(cx);
        if this.recorder.is_some()
            && let Poll::Ready(next) = &polled
        {
            this.note(next.as_ref());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Relay(relay) => relay.as_ref().is_none_or(|r| r.is_over()),
            Kind::Pumped(_) | Kind::Joined(_) | Kind::Replay(_) | Kind::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Relay(relay) => relay.as_ref().map_or_else(SizeHint::default, |r| r.size_hint()),
            Kind::Pumped(_) | Kind::Joined(_) | Kind::Replay(_) | Kind::Pieces(_) => {
                SizeHint::default()
            }
        }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        if let Kind::Relay(relay) = &mut self.kind
            && let Some(relay) = relay.take()
        {
            relay.let_go();
        }
    }
}
