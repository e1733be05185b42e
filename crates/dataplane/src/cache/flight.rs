//! Calls in flight that others wait for: the first to ask leads, the others get what it gets.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{CacheKey, CachePurge, ProjectId};

use super::flow::Flow;
use super::memory::Kept;
use super::sharers::Sharers;

const SHARDS: usize = 16;

/// One call in flight.
pub(super) struct Flight {
    project: ProjectId,
    model: Box<str>,
    pub(super) flow: Flow,
    pub(super) sharers: Sharers,
}

impl Flight {
    /// One that nobody knows of yet.
    pub(super) fn of(project: &ProjectId, model: &str) -> Arc<Self> {
        let (project, model) = (project.clone(), model.into());
        let (flow, sharers) = (Flow::default(), Sharers::default());
        Arc::new(Self { project, model, flow, sharers })
    }
}

#[derive(Default)]
pub(super) struct Flights([Mutex<HashMap<CacheKey, Arc<Flight>>>; SHARDS]);

/// What one meets who asks.
pub(super) enum Entered {
    /// An answer came between two looks.
    Found(Arc<Kept>),
    /// Nobody asks for it yet.
    Lead(Arc<Flight>),
    Follow(Arc<Flight>),
    /// Somebody does, and nobody can join any more.
    Alone,
}

impl Flights {
    fn shard(&self, key: CacheKey) -> MutexGuard<'_, HashMap<CacheKey, Arc<Flight>>> {
        let at = usize::from(key.0[0]) % SHARDS;
        self.0[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the call in flight, or becomes it. Without `known`, only an answer that is asked for from
    /// now on will do; with it, one that is in memory too, if whoever asks can use it.
    pub(super) fn enter(
        &self,
        key: CacheKey,
        (project, model): (&ProjectId, &str),
        known: Option<&dyn Fn() -> Option<Arc<Kept>>>,
    ) -> Entered {
        let mut shard = self.shard(key);
        match shard.entry(key) {
            Entry::Occupied(flight) if known.is_some() && flight.get().flow.may_join() => {
                Entered::Follow(Arc::clone(flight.get()))
            }
            Entry::Occupied(_) => Entered::Alone,
            Entry::Vacant(place) => {
                // A leader keeps its answer before it leaves here, so that none falls in between.
                if let Some(found) = known.and_then(|known| known()) {
                    return Entered::Found(found);
                }
                Entered::Lead(Arc::clone(place.insert(Flight::of(project, model))))
            }
        }
    }

    /// Nobody finds this flight any more.
    pub(super) fn leave(&self, key: CacheKey, flight: &Arc<Flight>) {
        let mut shard = self.shard(key);
        if shard.get(&key).is_some_and(|known| Arc::ptr_eq(known, flight)) {
            shard.remove(&key);
        }
    }

    /// What is asked for now is not kept: it was asked for before a purge.
    pub(super) fn forget(&self, project: &ProjectId, what: &CachePurge) {
        for shard in &self.0 {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|key, flight| {
                let meant = flight.project == *project && what.takes(*key, &flight.model);
                if meant {
                    flight.flow.outdated();
                }
                !meant
            });
        }
    }
}
