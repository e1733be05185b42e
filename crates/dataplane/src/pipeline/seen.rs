//! How far a call came, for whoever counts it; and how long its client kept it waiting.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use domain::{Fault, RequestId, Timestamp};
use openai::surface::Operation;
use tokio::time::Instant;

use crate::metrics::requests::Place;
use crate::observed::Refused;
use crate::permit::Permit;

/// How far a call came.
pub(super) struct Seen {
    pub(super) arrived: Instant,
    pub(super) operation: Option<&'static Operation>,
    /// Until the call is put together.
    pub(super) permit: Option<Permit>,
    /// From here on its attempts tell of it.
    pub(super) sent: bool,
}

impl Seen {
    pub(super) fn begin() -> Self {
        Self { arrived: Instant::now(), operation: None, permit: None, sent: false }
    }

    pub(super) fn place(&self) -> Place {
        self.operation.map_or(Place::Other, Place::Operation)
    }

    pub(super) fn refused(&self, id: &RequestId, now: Timestamp, fault: &Fault) -> Refused {
        let permit = self.permit.as_ref();
        let took = self.arrived.elapsed();
        Refused {
            request: id.clone(),
            at: Timestamp(now.0 - i64::try_from(took.as_millis()).unwrap_or(0)),
            total_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            operation: self.operation.map(|operation| operation.id),
            caller: permit.map(|permit| (permit.project.clone(), permit.key.id.clone())),
            entry: fault.entry,
        }
    }
}

/// Waits for a future, and tells for how long; one that is ready at once is not timed.
pub(super) async fn waited<F, T>(mut future: Pin<&mut F>) -> Result<(T, Duration), Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut since = None;
    let output = poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() {
            since.get_or_insert_with(Instant::now);
        }
        polled
    });
    let output = output.await?;
    Ok((output, since.map_or(Duration::ZERO, |since| since.elapsed())))
}
