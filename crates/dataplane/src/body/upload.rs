//! A client's body that flows through to the upstream without being kept.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use domain::Fault;
use egress::BoxError;
use http_body::{Body, Frame, SizeHint};

use crate::body::read::Pieces;

/// Why an upload was broken off, for the reply to its client. By default nothing flows that could be.
#[derive(Clone, Default)]
pub(crate) struct BrokenOff(Option<Arc<Mutex<Option<Fault>>>>);

impl BrokenOff {
    /// For a body that flows.
    pub(crate) fn of_upload() -> Self {
        Self(Some(Arc::default()))
    }

    fn set(&self, fault: Fault) {
        if let Some(broken) = &self.0 {
            *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        }
    }

    pub(crate) fn take(&self) -> Option<Fault> {
        self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A body that has not been read. It may be asked for until its first byte is.
#[derive(Clone)]
pub(crate) struct Tap(Arc<Mutex<Option<Pieces>>>);

impl Tap {
    pub(crate) fn new(pieces: Pieces) -> Self {
        Self(Arc::new(Mutex::new(Some(pieces))))
    }

    fn take(&self) -> Option<Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether nothing of it has been asked for.
    pub(crate) fn is_full(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What the body says of its length.
    pub(crate) fn size_hint(&self) -> SizeHint {
        let pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.as_ref().map(Pieces::size_hint).unwrap_or_default()
    }
}

/// The flowing body. Where the client's part fails, the upstream's request is broken off, so that
/// the provider never takes half a file for a whole one.
pub(crate) struct Upload {
    tap: Tap,
    /// Once the first byte was asked for.
    pieces: Option<Pieces>,
    length: SizeHint,
    broken: BrokenOff,
}

impl Upload {
    pub(crate) fn new(tap: Tap, broken: BrokenOff) -> Self {
        let length = tap.size_hint();
        Self { tap, pieces: None, length, broken }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.pieces.is_none() {
            self.pieces = self.tap.take();
        }
        let Some(pieces) = &mut self.pieces else {
            return Poll::Ready(Some(Err("the body has gone elsewhere".into())));
        };
        Poll::Ready(match ready!(pieces.poll_next(cx)) {
            Ok(Some(data)) => Some(Ok(Frame::data(data))),
            Ok(None) => None,
            Err(fault) => {
                let code = fault.entry.code;
                self.broken.set(fault);
                Some(Err(code.into()))
            }
        })
    }

    fn size_hint(&self) -> SizeHint {
        self.pieces.as_ref().map_or(self.length, Pieces::size_hint)
    }
}
