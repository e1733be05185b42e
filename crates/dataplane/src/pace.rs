//! A call's turn at its provider: it waits for the provider's rate limit here, not there.
//!
//! The decisions are `domain::pace`'s. Each of an upstream's credentials has its own [`Lanes`], one
//! for each family of models, shared by all workers; a call takes a place in one before its money is
//! set aside, so that nothing waits while it holds any. Far from the limits a place costs a short
//! lock, and no task; those who wait wake one another, and the first of them watches the clock.

use std::sync::Arc;
use std::time::Duration;

use domain::pace::{Ask, Bounds, Draw};
use domain::route::Reasons;
use domain::{Fault, KeyId, ProjectId, fault::catalogue, pinned};
use openai::surface::{Meter, Operation};
use tokio::time::Instant;

use crate::pipeline::Taken;
use crate::plan::{Candidate, Plan};
use crate::shared::Dataplane;

mod figures;
mod heard;
mod lanes;
mod patience;
mod placed;
mod wait;

pub(crate) use figures::Pacing;
pub(crate) use lanes::Lanes;
pub(crate) use patience::patience;
pub(crate) use placed::Placed;

use lanes::Cell;
use wait::{Late, Waiter};

/// Calls that may wait for one account's limits: of one key, and of all. Their bodies are in
/// memory meanwhile.
const BOUNDS: Bounds = Bounds { per_flow: 1_024, total: 4_096 };

/// Whose call it is, what it is, and until when it would wait.
pub(crate) struct Caller<'a> {
    pub(crate) key: &'a KeyId,
    pub(crate) project: &'a ProjectId,
    pub(crate) operation: &'static Operation,
    pub(crate) taken: &'a Taken,
    pub(crate) until: Instant,
}

impl Caller<'_> {
    /// The model that a place's provider counts the call under. Calls without one are not paced:
    /// what providers say of their limits is of models.
    fn model<'c>(&'c self, place: &'c Candidate) -> Option<std::borrow::Cow<'c, str>> {
        if self.operation.meter == Meter::Free {
            return None;
        }
        match &place.model {
            Some(model) => Some((&**model).into()),
            None => self.taken.decoded_model(),
        }
    }

    /// What the call takes: by its size while there is plenty, by what it says when it matters.
    fn draw(&self, cell: &Cell) -> Draw {
        let by_size = self.taken.length() / 4;
        let tokens = match cell.counts_tokens(by_size) {
            true => self.taken.ask().draw(self.operation.meter, true).tokens,
            false => by_size,
        };
        Draw { requests: 1, tokens }
    }

    fn cell(&self, place: &Candidate) -> Option<Arc<Cell>> {
        let credential = place.upstream.credentials.get(place.credential)?;
        credential.lanes.of(&self.model(place)?)
    }
}

/// A place for a call's first attempt: at the first of the plan that has one now, else where it
/// comes soonest. That one is the plan's first then.
pub(crate) async fn turn(
    shared: &Dataplane,
    plan: &mut Plan,
    caller: &Caller<'_>,
) -> Result<Placed, Fault> {
    if let Some(placed) = at_once(&plan.first, caller) {
        return Ok(placed);
    }
    pinned(|| another(shared, plan, caller)).await
}

async fn another(
    shared: &Dataplane,
    plan: &mut Plan,
    caller: &Caller<'_>,
) -> Result<Placed, Fault> {
    let may = |other: &Candidate| {
        other.on.contains(Reasons::THROTTLED) && !other.is_open(|| shared.moment())
    };
    for at in 0..plan.others.len() {
        if may(&plan.others[at])
            && let Some(placed) = at_once(&plan.others[at], caller)
        {
            put_first(plan, at);
            return Ok(placed);
        }
    }
    let key = caller.key.shared();
    let soonest = |place: &Candidate| match caller.cell(place) {
        Some(cell) => cell.outlook(&ask(shared, caller, (&cell, &key))),
        None => Duration::ZERO,
    };
    let first = soonest(&plan.first);
    let others = plan.others.iter().enumerate().filter(|(_, other)| may(other));
    let best = others.map(|(at, other)| (soonest(other), at)).min();
    if let Some((_, at)) = best.filter(|(outlook, _)| *outlook < first) {
        put_first(plan, at);
    }
    at(shared, &plan.first, caller).await
}

/// A place at this very candidate, waited for as long as the caller would.
pub(crate) async fn at(
    shared: &Dataplane,
    place: &Candidate,
    caller: &Caller<'_>,
) -> Result<Placed, Fault> {
    if let Some(placed) = at_once(place, caller) {
        return Ok(placed);
    }
    let Some(cell) = caller.cell(place) else { return Ok(Placed::free()) };
    let began = Instant::now();
    let waiter = Arc::<Waiter>::default();
    let key = caller.key.shared();
    let asked = cell.ask(&ask(shared, caller, (&cell, &key)), &waiter);
    let pacing = &shared.metrics.pacing;
    let waiting = async {
        let queued = asked?;
        let _waits = pacing.begin(&cell, place, &caller.model(place).unwrap_or_default());
        wait::turn(&cell, queued, &waiter, caller.until).await
    };
    let waited = shared.tasks.unless_cut(waiting).await;
    let Some(waited) = waited else { return Err(Fault::new(&catalogue::SHUTTING_DOWN)) };
    pacing.ended(began.elapsed(), waited.is_ok());
    match waited {
        Ok(ticket) => Ok(Placed::new(cell, ticket, began.elapsed())),
        Err(late) => Err(refused(place, &late)),
    }
}

/// The place of a call that goes elsewhere after all, since only that could be paid for. It holds
/// its money by now, so it waits no more.
pub(crate) fn moved(placed: Placed, to: &Candidate, caller: &Caller<'_>) -> Placed {
    match placed.is_in(caller.cell(to).as_ref()) {
        true => placed,
        false => at_once(to, caller).unwrap_or_else(Placed::free),
    }
}

/// A place at this very candidate, if it has one now.
pub(crate) fn at_once(place: &Candidate, caller: &Caller<'_>) -> Option<Placed> {
    let Some(cell) = caller.cell(place) else { return Some(Placed::free()) };
    let ticket = cell.place_now(caller.draw(&cell))?;
    Some(Placed::new(cell, ticket, Duration::ZERO))
}

fn ask<'a>(
    shared: &Dataplane,
    caller: &Caller<'_>,
    (cell, flow): (&Cell, &'a Arc<str>),
) -> Ask<'a> {
    let patience = caller.until.saturating_duration_since(Instant::now());
    Ask {
        flow,
        weight: shared.settings.weight(caller.project),
        draw: caller.draw(cell),
        patience: u64::try_from(patience.as_micros()).unwrap_or(u64::MAX),
    }
}

/// Puts another place before the plan's own first, which stays the next to be tried.
fn put_first(plan: &mut Plan, at: usize) {
    let other = plan.others.remove(at);
    let first = std::mem::replace(&mut plan.first, other);
    plan.others.insert(0, Candidate { on: Reasons::ALL, ..first });
}

fn refused(place: &Candidate, late: &Late) -> Fault {
    let ms = late.wait_us.div_ceil(1_000).max(1);
    let name = place.upstream.name.to_str().unwrap_or("");
    let when = domain::rate::duration(ms);
    let message = match late.full {
        true => format!(
            "Upstream {name} is at its rate limit, and too many calls wait for it already. Please \
             try again in {when}."
        ),
        false => format!(
            "Upstream {name} is at its rate limit, and this call's turn would come in {when}, which \
             is longer than it may wait. Please try again then, or allow a longer wait with \
             `{}`.",
            patience::MAX_WAIT
        ),
    };
    Fault::because(&catalogue::UPSTREAM_RATE_LIMITED, message).retry_after_ms(ms)
}
