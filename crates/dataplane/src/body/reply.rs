//! The bodies that go back to clients.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use egress::BoxError;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::relay::{Pumped, Relay};

/// An answer on its way to a client. Dropped before its end, a relayed one is read on in the
/// background for what it cost.
pub struct ReplyBody(Kind);

enum Kind {
    Whole(Bytes),
    Relay(Option<Box<Relay>>),
    /// Read on by itself.
    Pumped(Pumped),
    /// Given by another part of this process, as it comes.
    Pieces(mpsc::Receiver<Bytes>),
}

impl ReplyBody {
    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(bytes.into()))
    }

    /// As they come; it ends when whoever gives them does.
    #[must_use]
    pub fn pieces(pieces: mpsc::Receiver<Bytes>) -> Self {
        Self(Kind::Pieces(pieces))
    }

    pub(crate) fn pumped(pumped: Pumped) -> Self {
        Self(Kind::Pumped(pumped))
    }

    pub(crate) fn relay(relay: Relay) -> Self {
        Self(Kind::Relay(Some(Box::new(relay))))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Relay(Some(relay)) => {
                relay.poll_next(cx).map(|next| next.map(|piece| piece.map(Frame::data)))
            }
            Kind::Relay(None) => Poll::Ready(None),
            Kind::Pumped(pumped) => {
                pumped.poll_next(cx).map(|next| next.map(|piece| piece.map(Frame::data)))
            }
            Kind::Pieces(pieces) => {
                pieces.poll_recv(cx).map(|next| next.map(|piece| Ok(Frame::data(piece))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_empty(),
            Kind::Relay(relay) => relay.as_ref().is_none_or(|r| r.is_over()),
            Kind::Pumped(_) | Kind::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Relay(relay) => relay.as_ref().map_or_else(SizeHint::default, |r| r.size_hint()),
            Kind::Pumped(_) | Kind::Pieces(_) => SizeHint::default(),
        }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        if let Kind::Relay(relay) = &mut self.0
            && let Some(relay) = relay.take()
        {
            relay.let_go();
        }
    }
}
