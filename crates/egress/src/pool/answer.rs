//! An answer's body. At its end the connection goes back to the pool; dropped earlier, it closes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::kept::Place;
use super::{H1, Pool};
use crate::proxy::Count;

type Home = (Arc<Pool>, Place, H1);

/// The bytes of an answer, as they come.
pub struct AnswerBody {
    body: Incoming,
    home: Option<Home>,
    /// The call is under way through a proxy.
    busy: Option<Count>,
}

impl AnswerBody {
    pub(super) fn h1(body: Incoming, home: Home) -> Self {
        let mut this = Self { body, home: Some(home), busy: None };
        if this.body.is_end_stream() {
            this.go_home();
        }
        this
    }

    pub(super) fn h2(body: Incoming) -> Self {
        Self { body, home: None, busy: None }
    }

    pub(super) fn counted(mut self, busy: Count) -> Self {
        self.busy = Some(busy);
        self
    }

    fn go_home(&mut self) {
        if let Some((pool, place, sender)) = self.home.take() {
            pool.give_back(place, sender);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            None => self.go_home(),
            Some(Ok(_)) if self.body.is_end_stream() => self.go_home(),
            Some(Ok(_)) => {}
            Some(Err(_)) => self.home = None,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
