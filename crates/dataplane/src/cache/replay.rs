//! A stored stream given again in the time that it took when it was made.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use domain::Outcome;
use openai::sse;
use tokio::time::{Instant, Sleep, sleep_until};

use super::given::Given;

/// Nobody waits longer than this for an answer that is there.
const LONGEST: Duration = Duration::from_secs(30);

/// The events of a stored stream, each in its time.
pub(crate) struct Replay {
    rest: Bytes,
    gap: Duration,
    due: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    bytes: u64,
    given: Option<Given>,
}

impl Replay {
    /// `took`: how long all of it took; none at all gives it in one piece.
    pub(super) fn new(events: Bytes, took: Duration, given: Given) -> Box<Self> {
        let count = u32::try_from(sse::events(&events).count()).unwrap_or(u32::MAX).max(1);
        let (gap, due) = (took.min(LONGEST) / count, Instant::now());
        Box::new(Self { rest: events, gap, due, timer: None, bytes: 0, given: Some(given) })
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.rest.is_empty() {
            self.settle(Outcome::Completed);
            return Poll::Ready(None);
        }
        if !self.gap.is_zero() {
            let due = self.due;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            ready!(timer.as_mut().poll(cx));
            self.due += self.gap;
            timer.as_mut().reset(self.due);
        }
        let end = match self.gap.is_zero() {
            true => self.rest.len(),
            false => sse::events(&self.rest).next().map_or(self.rest.len(), |event| event.end),
        };
        self.bytes += end as u64;
        Poll::Ready(Some(self.rest.split_to(end)))
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(given) = self.given.take() {
            given.settle(outcome, self.bytes);
        }
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let outcome = if self.rest.is_empty() { Outcome::Completed } else { Outcome::ClientGone };
        self.settle(outcome);
    }
}
