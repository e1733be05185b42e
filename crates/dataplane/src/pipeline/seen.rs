//! How far a call came, for whoever counts it; and how long its client kept it waiting.

use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use domain::{Fault, KeyView, RequestId, Stage, Timestamp};
use openai::surface::Operation;
use tokio::time::Instant;

use super::Taken;
use crate::caller::Caller;
use crate::metrics::requests::Place;
use crate::observed::Refused;
use crate::permit::Permit;

/// Characters of a model's name that are kept of a refused call.
const LONGEST_MODEL: usize = 128;

/// The model that a call asks for.
pub(super) fn model_of(taken: &Taken) -> Option<String> {
    taken.decoded_model().map(Cow::into_owned)
}

/// How far a call came.
pub(super) struct Seen {
    pub(super) arrived: Instant,
    pub(super) operation: Option<&'static Operation>,
    /// The look that comes next, or is under way.
    pub(super) stage: Stage,
    /// Until it is given leave.
    pub(super) caller: Option<Caller>,
    /// Until the call is put together.
    pub(super) permit: Option<Permit>,
    /// Until it goes on to the limits.
    pub(super) taken: Option<Taken>,
    /// The model of a call that a limit refused.
    pub(super) model: Option<String>,
    /// From here on its attempts tell of it.
    pub(super) sent: bool,
}

impl Seen {
    pub(super) fn begin() -> Self {
        Self {
            arrived: Instant::now(),
            operation: None,
            stage: Stage::Request,
            caller: None,
            permit: None,
            taken: None,
            model: None,
            sent: false,
        }
    }

    pub(super) fn place(&self) -> Place {
        self.operation.map_or(Place::Other, Place::Operation)
    }

    pub(super) fn refused(&self, id: &RequestId, now: Timestamp, fault: &Fault) -> Refused {
        let whose = |key: &KeyView| Some((key.project.clone()?, key.id.clone()));
        let key = self.permit.as_ref().map(|permit| &permit.key);
        let key = key.or(self.caller.as_ref().map(|caller| &caller.key));
        let model = self.taken.as_ref().and_then(Taken::decoded_model);
        let model = model.or(self.model.as_deref().map(Cow::Borrowed));
        let took = self.arrived.elapsed();
        Refused {
            request: id.clone(),
            at: Timestamp(now.0 - i64::try_from(took.as_millis()).unwrap_or(0)),
            total_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            operation: self.operation.map(|operation| operation.id),
            caller: key.and_then(|key| whose(key)),
            stage: self.stage,
            model: model.map(|model| model.chars().take(LONGEST_MODEL).collect()),
            fault: fault.clone(),
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
