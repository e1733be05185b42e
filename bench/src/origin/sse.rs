//! The body of a stream: one frame an event, with a pause after each, so that hyper flushes it
//! by itself and it travels as a segment of its own.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep};

use super::answers::Events;
use super::knobs::Knobs;

pub(crate) struct Sse {
    events: Events,
    next: Next,
    gap: Duration,
    hold: Option<Duration>,
    pause: Pin<Box<Sleep>>,
}

/// The event that goes out next.
enum Next {
    Chunk { left: u32 },
    Finish,
    Usage,
    Done,
    End,
}

impl Sse {
    pub(crate) fn new(events: Events, knobs: &Knobs) -> Self {
        let next =
            if knobs.chunks == 0 { Next::Finish } else { Next::Chunk { left: knobs.chunks } };
        let pause = Box::pin(tokio::time::sleep(Duration::ZERO));
        Self { events, next, gap: knobs.gap, hold: knobs.hold, pause }
    }

    fn step(&mut self) -> Option<Bytes> {
        let (event, next) = match self.next {
            Next::Chunk { left: 1 } => (self.events.chunk.clone(), Next::Finish),
            Next::Chunk { left } => (self.events.chunk.clone(), Next::Chunk { left: left - 1 }),
            Next::Finish => {
                let next = if self.events.usage.is_some() { Next::Usage } else { Next::Done };
                (self.events.finish.clone(), next)
            }
            Next::Usage => (self.events.usage.clone()?, Next::Done),
            Next::Done => (self.events.done.clone(), Next::End),
            Next::End => return None,
        };
        self.next = next;
        Some(event)
    }
}

impl Body for Sse {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !matches!(self.next, Next::End) {
            ready!(self.pause.as_mut().poll(cx));
        }
        let Some(event) = self.step() else { return Poll::Ready(None) };
        let wait = self.hold.take().unwrap_or(self.gap);
        self.pause.as_mut().reset(Instant::now() + wait);
        Poll::Ready(Some(Ok(Frame::data(event))))
    }
}
