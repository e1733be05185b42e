//! Those who pay a part of what a call in flight costs, since they get its answer too.
//!
//! Each holds its own bound before it waits, as any call does. When the answer has come whole and its
//! cost is known, the cost is divided: an equal part for each, whole nano-dollars, what is left over
//! for the leader, so that the parts are exactly the bill. Their records are made here, before the
//! leader's: a kill in between leaves the leader's hold, which is no less than the cost. Until then
//! nothing of theirs is in a slot but room for the record, since nothing of theirs was sent.
//!
//! What did not come whole, or was not counted, is the leader's alone. Who comes when the cost has
//! been divided pays nothing, as for a stored answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{Cost, Nanos, Outcome, UpstreamId};
use openai::kept::Form;
use openai::kept::answer::is_keepable;
use openai::kept::stream::{fit, retold};
use openai::surface::Meter;

use super::flight::Flight;
use super::given::Given;
use crate::budget::Held;

/// Those of one flight.
#[derive(Default)]
pub(super) struct Sharers(Mutex<State>);

#[derive(Default)]
struct State {
    all: HashMap<u64, Sharer>,
    next: u64,
    /// Nobody pays any more who has not.
    over: bool,
    /// What is left for the leader, once it has been divided.
    own: Option<Nanos>,
}

enum Sharer {
    Owes(Box<Owing>),
    Paid(Nanos),
}

struct Owing {
    given: Given,
    held: Option<Held>,
    /// How it wants the answer.
    form: Form,
    /// It has begun to get it.
    reads: bool,
    /// Its client went before the end, having got so many bytes.
    left: Option<(Outcome, u64)>,
    /// Bytes of a whole answer as it gets it; `None`: this one is of no use to it.
    whole: Option<u64>,
}

/// What an answer is told to have been, where it is divided.
pub(crate) struct Divided<'a> {
    pub(crate) upstream: &'a UpstreamId,
    pub(crate) served: Option<&'a str>,
    pub(crate) request: Option<&'a str>,
}

impl Sharers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn any(&self) -> bool {
        !self.state().all.is_empty()
    }

    /// Notes of each what use an answer is to it that has come whole. Whether anybody is there.
    pub(super) fn whole(
        &self,
        (meter, own_maximum): (Meter, bool),
        events: bool,
        body: &[u8],
    ) -> bool {
        let mut state = self.state();
        if state.all.is_empty() || state.over {
            return false;
        }
        let keepable = is_keepable(meter, events, body, own_maximum);
        for sharer in state.all.values_mut() {
            let Sharer::Owes(owing) = sharer else { continue };
            owing.whole = match (owing.form, owing.reads) {
                (Form::Events { usage, padded }, true) => {
                    Some(retold(meter, body, usage, padded).len() as u64)
                }
                (form, _) if keepable => {
                    fit(meter, events, body, form).map(|told| told.len() as u64)
                }
                _ => None,
            };
        }
        true
    }

    /// Divides a cost among the leader and those to whom the answer is of use; gives what is the
    /// leader's.
    pub(super) fn divide(&self, cost: Cost, what: &Divided<'_>) -> Cost {
        let mut state = self.state();
        if std::mem::replace(&mut state.over, true) {
            return cost;
        }
        let pays = |sharer: &&mut Sharer| match sharer {
            Sharer::Owes(owing) => owing.whole.is_some(),
            Sharer::Paid(_) => false,
        };
        let payers = state
            .all
            .values()
            .filter(|sharer| matches!(sharer, Sharer::Owes(owing) if owing.whole.is_some()));
        let part = cost.part_of(payers.count() as u64 + 1);
        let mut own = cost;
        for sharer in state.all.values_mut().filter(pays) {
            let Sharer::Owes(owing) = std::mem::replace(sharer, Sharer::Paid(Nanos(0))) else {
                continue;
            };
            // Its own limits may have held it to less than the answer can cost.
            let held = owing.held.as_ref().map(Held::amount);
            let share = held.map_or(part, |held| part.at_most(held));
            own = own.less(&share);
            *sharer = Sharer::Paid(share.total());
            owing.pay(share, cost.total(), what);
        }
        state.own = Some(own.total());
        drop(state);
        self.release();
        own
    }

    /// What is the leader's of a cost that was divided.
    pub(super) fn own(&self) -> Option<Nanos> {
        self.state().own
    }

    /// The call in flight has ended: those who have not paid owe nothing, and what is known of those
    /// who left is all there is.
    pub(super) fn release(&self) {
        let mut state = self.state();
        state.over = true;
        let gone = state
            .all
            .extract_if(|_, sharer| matches!(sharer, Sharer::Owes(owing) if owing.left.is_some()));
        let gone: Vec<Sharer> = gone.map(|(_, sharer)| sharer).collect();
        drop(state);
        for sharer in gone {
            if let Sharer::Owes(owing) = sharer
                && let Some((outcome, bytes)) = owing.left
            {
                owing.given.settle(outcome, bytes);
            }
        }
    }
}

impl Owing {
    fn pay(self: Box<Self>, share: Cost, all: Nanos, what: &Divided<'_>) {
        let Self { mut given, held, left, whole, .. } = *self;
        let (outcome, bytes) = left.unwrap_or((Outcome::Completed, whole.unwrap_or(0)));
        (given.upstream, given.saved) = (what.upstream.clone(), Some(all));
        given.upstream_request = what.request.map(Box::from);
        given.served = what.served.map(|served| given.worker.names.intern(served));
        given.pay(outcome, bytes, (share, held));
    }
}

/// One who pays a part, among the others. Dropped while it waits, it owes nothing.
pub(crate) struct Seat {
    flight: Arc<Flight>,
    id: u64,
}

/// What became of one who waited.
pub(super) enum Left {
    /// It owes nothing; its record is still to be made.
    Free(Box<Given>),
    /// Its record is made.
    Paid(Nanos),
}

impl Seat {
    pub(super) fn take(
        flight: &Arc<Flight>,
        given: Given,
        (held, form): (Option<Held>, Form),
    ) -> Self {
        let mut state = flight.sharers.state();
        state.next += 1;
        let id = state.next;
        let owing = Owing { given, held, form, reads: false, left: None, whole: None };
        state.all.insert(id, Sharer::Owes(Box::new(owing)));
        drop(state);
        Self { flight: Arc::clone(flight), id }
    }

    fn remove(&self) -> Option<Sharer> {
        self.flight.sharers.state().all.remove(&self.id)
    }

    /// It has the stream from now on.
    pub(super) fn reads(&self) {
        if let Some(Sharer::Owes(owing)) = self.flight.sharers.state().all.get_mut(&self.id) {
            owing.reads = true;
        }
    }

    /// It waits no more; what it held goes back, unless it has paid.
    pub(super) fn leave(self) -> Option<Left> {
        match self.remove()? {
            Sharer::Owes(owing) => Some(Left::Free(Box::new(owing.given))),
            Sharer::Paid(share) => Some(Left::Paid(share)),
        }
    }

    /// Its stream has ended, or it went. It owes its part of what it got all the same, once that is
    /// known.
    pub(super) fn ended(self, outcome: Outcome, bytes: u64) {
        let mut state = self.flight.sharers.state();
        if !state.over
            && let Some(Sharer::Owes(owing)) = state.all.get_mut(&self.id)
        {
            owing.left = Some((outcome, bytes));
            return;
        }
        drop(state);
        if let Some(Sharer::Owes(owing)) = self.remove() {
            owing.given.settle(outcome, bytes);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.flight.sharers.state();
        let waits = |sharer: &Sharer| matches!(sharer, Sharer::Owes(owing) if owing.left.is_none());
        let gone = state.all.get(&self.id).is_some_and(waits).then(|| state.all.remove(&self.id));
        drop(state);
        if let Some(Some(Sharer::Owes(owing))) = gone {
            owing.given.void();
        }
    }
}
