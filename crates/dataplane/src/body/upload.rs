//! A client's body that flows through to the upstream without being kept.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use domain::Fault;
use egress::BoxError;
use http_body::{Body, Frame, SizeHint};

use crate::body::read::Pieces;

/// Why an upload was broken off, for the reply to its client.
#[derive(Clone, Default)]
pub(crate) struct BrokenOff(Arc<Mutex<Option<Fault>>>);

impl BrokenOff {
    pub(crate) fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The flowing body. Where the client's part fails, the upstream's request is broken off, so that
/// the provider never takes half a file for a whole one.
pub(crate) struct Upload {
    pieces: Pieces,
    broken: BrokenOff,
}

impl Upload {
    pub(crate) fn new(pieces: Pieces, broken: BrokenOff) -> Self {
        Self { pieces, broken }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match ready!(self.pieces.poll_next(cx)) {
            Ok(Some(data)) => Some(Ok(Frame::data(data))),
            Ok(None) => None,
            Err(fault) => {
                let code = fault.entry.code;
                *self.broken.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
                Some(Err(code.into()))
            }
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.pieces.size_hint()
    }
}
