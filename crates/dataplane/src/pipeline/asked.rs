//! What a client asked for, kept for as long as it may have to be asked again.

use std::sync::atomic::Ordering;

use domain::attempt::Effect;
use domain::route::Reasons;
use domain::{Fault, ObjectKind, ProjectId, Timestamp, boxed, fault::catalogue, pinned};
use egress::Outgoing;
use http::Method;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use openai::surface::{BodyKind, Meter, Operation};

use super::Taken;
use tokio::time::Instant;

use crate::attempt::{self, Ready, Target};
use crate::body::upload::BrokenOff;
use crate::budget::{self, Spending};
use crate::pace::{self, Placed};
use crate::permit::Permit;
use crate::plan::{Candidate, Plan};
use crate::shared::Dataplane;
use crate::tab::{Call, Leg};

/// Head and body of a call.
pub(crate) struct Asked {
    pub(super) head: Box<Parts>,
    pub(super) taken: Taken,
}

impl Asked {
    /// The request for one attempt at a place.
    ///
    /// # Errors
    /// A header that is refused; a body that is gone.
    pub(crate) fn ready(
        &self,
        operation: &Operation,
        project: &ProjectId,
        place: &Candidate,
        (spending, number, again): (Option<&Spending>, u32, bool),
    ) -> Result<Box<Ready>, Fault> {
        let target = match self.head.uri.path_and_query() {
            Some(whole) => Target::Asked(whole.clone()),
            None => Target::Made(String::new()),
        };
        let mut headers = attempt::forwarded(&self.head.headers, project)?;
        let broken = match &self.taken {
            Taken::Flowing(_) => BrokenOff::of_upload(),
            _ => BrokenOff::default(),
        };
        let body = self.taken.body_for(operation, place, spending, &broken);
        let body = body.ok_or_else(|| Fault::new(&catalogue::INTERNAL_ERROR))?;
        if matches!(body, Outgoing::Empty) && operation.body == BodyKind::None {
            headers.remove(CONTENT_TYPE);
        }
        let clamped = spending.filter(|s| s.clamped).and_then(|s| s.output);
        let leg = Leg { number, again, clamped };
        let (method, placed) = (self.head.method.clone(), Placed::free());
        Ok(boxed(|| Ready { method, target, headers, body, broken, leg, placed, gone: None }))
    }

    /// Sets aside what one more attempt can cost at a place.
    ///
    /// # Errors
    /// It does not fit a limit, or the ledger cannot be asked.
    pub(crate) async fn hold(
        &self,
        shared: &Dataplane,
        call: &Call,
        place: &Candidate,
    ) -> Result<Option<Spending>, Fault> {
        if !shared.budgets.may_apply() {
            return Ok(None);
        }
        let whose = (&*call.key, &call.project);
        budget::ready(shared, whose, call.at, call.operation, (&self.taken, place)).await
    }

    fn caller<'a>(&'a self, call: &'a Call) -> pace::Caller<'a> {
        pace::Caller {
            key: &call.key.id,
            project: &call.project,
            operation: call.operation,
            taken: &self.taken,
            until: call.waits_until.min(call.deadlines.end),
        }
    }

    /// A place for a further attempt, if there is one now.
    pub(crate) fn turn_at_once(&self, call: &Call, place: &Candidate) -> Option<Placed> {
        pace::at_once(place, &self.caller(call))
    }

    /// Waits for a further attempt's turn at a place.
    ///
    /// # Errors
    /// It would come later than the client waits.
    pub(crate) async fn turn(
        &self,
        shared: &Dataplane,
        call: &Call,
        place: &Candidate,
    ) -> Result<Placed, Fault> {
        let placed = pace::at(shared, place, &self.caller(call)).await?;
        let us = u64::try_from(placed.waited().as_micros()).unwrap_or(u64::MAX);
        call.waited.fetch_add(us, Ordering::Relaxed);
        Ok(placed)
    }

    /// Whether the body can be had once more.
    pub(crate) fn is_whole(&self) -> bool {
        match &self.taken {
            Taken::Flowing(tap) => tap.is_full(),
            _ => true,
        }
    }

    /// Whether the client says that it makes a failed call again by itself, as the official SDKs do.
    pub(crate) fn repeats_itself(&self) -> bool {
        self.head.headers.contains_key("x-stainless-retry-count")
    }

    /// What doing it twice would do.
    pub(super) fn effect(&self, operation: &Operation) -> Effect {
        if matches!(operation.method, Method::GET | Method::HEAD) {
            return Effect::Repeatable;
        }
        let infers = match operation.meter {
            Meter::Chat
            | Meter::Completion
            | Meter::Embeddings
            | Meter::Moderations
            | Meter::Images
            | Meter::Speech
            | Meter::Transcription => true,
            // A run in the background is work begun; a conversation grows with every answer.
            Meter::Responses => self.taken.answers_at_once(),
            Meter::Free | Meter::Video | Meter::Run | Meter::Job | Meter::Escapes => false,
        };
        if infers { Effect::Repeatable } else { Effect::Once }
    }
}

/// Sets aside what the call can cost at the plan's first place; where that is more than a limit
/// leaves, at one that is there for its price, which is the first then.
async fn first_hold(
    shared: &Dataplane,
    permit: &Permit,
    at: Timestamp,
    (operation, taken): (&Operation, &Taken),
    plan: &mut Plan,
) -> Result<Option<Spending>, Fault> {
    let mut refused = None;
    loop {
        let (who, what) = ((&*permit.key, &permit.project), (taken, &plan.first));
        let fault = match budget::ready(shared, who, at, operation, what).await {
            Ok(spending) => return Ok(spending),
            Err(fault) => fault,
        };
        let cheaper = plan.others.iter().position(|other| other.on.contains(Reasons::PRICE));
        match cheaper.filter(|_| budget::is_spent(&fault)) {
            Some(at) => plan.first = plan.others.remove(at),
            None => return Err(refused.unwrap_or(fault)),
        }
        refused.get_or_insert(fault);
    }
}

/// A place for the first attempt at an upstream's rate limit, and then, since that may be waited for,
/// the money for it.
///
/// # Errors
/// Its turn would come later than `until`; what it can cost does not fit a limit.
pub(super) async fn begin(
    shared: &Dataplane,
    permit: &Permit,
    (at, until): (Timestamp, Instant),
    (operation, taken): (&'static Operation, &Taken),
    plan: &mut Plan,
) -> Result<(Placed, Option<Spending>), Fault> {
    let (key, project) = (&permit.key.id, &permit.project);
    let caller = pace::Caller { key, project, operation, taken, until };
    // The doctor asks how the upstream is, not what we think of it.
    let placed = match shared.examined.is_watched(key) {
        true => Placed::free(),
        false => pace::turn(shared, plan, &caller).await?,
    };
    if !shared.budgets.may_apply() {
        return Ok((placed, None));
    }
    // Last, since it may wait for other calls to end.
    let spending = pinned(|| first_hold(shared, permit, at, (operation, taken), plan)).await?;
    let placed = pace::moved(placed, &plan.first, &caller);
    Ok((placed, spending))
}

impl Taken {
    /// Whether an answer is all that comes of it.
    fn answers_at_once(&self) -> bool {
        let Self::Json(_, view) = self else { return false };
        let conversation = |kind: &ObjectKind| *kind == ObjectKind::Conversation;
        !view.background && !view.references.iter().any(|(kind, _)| conversation(kind))
    }
}
