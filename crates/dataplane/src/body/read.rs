//! Reading a client's body: bounded in bytes and in time.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::{Fault, fault::catalogue};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue};
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::headers::Marks;
use crate::settings::Settings;

/// Refuses what can be refused before a byte is read (cases 78, 79).
pub(crate) fn check_head(headers: &HeaderMap, marks: Marks, limit: u64) -> Result<(), Fault> {
    let coded = |coding: &HeaderValue| coding.as_bytes() != b"identity";
    if marks.has(Marks::CONTENT_ENCODING) && headers.get_all(CONTENT_ENCODING).iter().any(coded) {
        return Err(Fault::new(&catalogue::UNSUPPORTED_CONTENT_ENCODING));
    }
    let declared = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    Ok(())
}

pub(crate) fn too_large(limit: u64) -> Fault {
    let mib = limit >> 20;
    Fault::because(
        &catalogue::REQUEST_TOO_LARGE,
        format!("The request body is larger than the {mib} MiB that this path takes."),
    )
}

/// Room that is made for a declared length, bytes; a client may declare more than it sends.
const ROOM: u64 = 1 << 20;

/// Reads a whole body. One that came in one piece is not copied; another is copied once.
pub(crate) async fn whole(body: Incoming, limit: u64, settings: &Settings) -> Result<Bytes, Fault> {
    let room = body.size_hint().lower().min(ROOM);
    let mut pieces = Pieces::new(body, limit, settings);
    let Some(first) = pieces.next().await? else { return Ok(Bytes::new()) };
    if first.len() as u64 == room && pieces.is_over() {
        return Ok(first);
    }
    let Some(second) = pieces.next().await? else { return Ok(first) };
    let least = first.len() + second.len();
    let mut all = BytesMut::with_capacity(usize::try_from(room).unwrap_or(0).max(least));
    all.extend_from_slice(&first);
    all.extend_from_slice(&second);
    while let Some(piece) = pieces.next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// A body in pieces, each in time and all within the limit.
pub(crate) struct Pieces {
    body: Incoming,
    limit: u64,
    read: u64,
    pace: Pace,
}

impl Pieces {
    pub(crate) fn new(body: Incoming, limit: u64, settings: &Settings) -> Self {
        Self { body, limit, read: 0, pace: Pace::new(settings) }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }

    /// What the body says of its length.
    pub(crate) fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            match pin!(&mut self.body).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(Ok(None)),
                Poll::Ready(Some(Err(_))) => {
                    let fault = Fault::because(
                        &catalogue::BODY_TIMEOUT,
                        "The request body ended before it was complete.",
                    );
                    return Poll::Ready(Err(fault));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.read += data.len() as u64;
                    if self.read > self.limit {
                        return Poll::Ready(Err(too_large(self.limit)));
                    }
                    self.pace.moved(self.read);
                    if !data.is_empty() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Poll::Pending => {
                    std::task::ready!(self.pace.poll_late(cx));
                    return Poll::Ready(Err(Fault::new(&catalogue::BODY_TIMEOUT)));
                }
            }
        }
    }
}

/// When a body is too late: after a pause, or when it falls behind the least rate (case 76).
struct Pace {
    /// When it first made us wait. Most bodies come with their head, and no clock is read for them.
    began: Option<Instant>,
    pause: Duration,
    /// Bytes a second.
    rate: u64,
    late_at: Option<Instant>,
    /// Made only when a body makes us wait.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    fn new(settings: &Settings) -> Self {
        let (pause, rate) = (settings.body_pause, settings.body_rate.max(1));
        Self { began: None, pause, rate, late_at: None, timer: None }
    }

    fn moved(&mut self, read: u64) {
        let Some(began) = self.began else { return };
        let earned = Duration::from_millis(read * 1000 / self.rate);
        let by_rate = began + self.pause + earned;
        self.late_at = Some(by_rate.min(Instant::now() + self.pause));
    }

    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let began = *self.began.get_or_insert_with(Instant::now);
        let late_at = *self.late_at.get_or_insert(began + self.pause);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(late_at)));
        if timer.deadline() != late_at {
            timer.as_mut().reset(late_at);
        }
        timer.as_mut().poll(cx)
    }
}
