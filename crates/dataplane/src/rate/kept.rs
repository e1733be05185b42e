//! What has been taken, in memory: one set of counters for each limited scope that is in use.
//!
//! There are as many as scopes with limits, which the operator sets, and those idle are swept; no
//! caller can make one by choosing names. A restart forgets what was taken, not the limits.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use domain::rate::{self, Counters, Draw, Gauges, Moment, RateLimits, Refusal};
use domain::{KeyId, ProjectId};

use super::RateTicket;

const SHARDS: usize = 16;

/// Whose counters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Project(ProjectId),
    Model(ProjectId, Arc<str>),
    Key(KeyId),
}

impl Name {
    pub(super) fn said(&self) -> String {
        match self {
            Self::Project(id) => format!("project `{id}`"),
            Self::Model(id, _) => format!("project `{id}` for this model"),
            Self::Key(id) => format!("API key `{id}`"),
        }
    }
}

/// A scope that a call meets, and its limits now.
pub(super) struct Asked {
    pub(super) name: Name,
    pub(super) limits: RateLimits,
}

pub(super) type Kept = Arc<Mutex<Counters>>;

/// All counters of the process.
pub(crate) struct Rates {
    shards: [Mutex<HashMap<Name, Kept>>; SHARDS],
    hasher: RandomState,
    start: Instant,
}

impl Default for Rates {
    fn default() -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, hasher: RandomState::new(), start: Instant::now() }
    }
}

impl Rates {
    /// Takes from all scopes or from none; how they stand then is told in either case.
    pub(super) fn take(
        &self,
        asked: &[Asked],
        draw: &Draw,
    ) -> Result<RateTicket, (Refusal, Gauges)> {
        let kept: Vec<Kept> = asked.iter().map(|asked| self.counters(&asked.name)).collect();
        let (taken, gauges) = {
            let mut guards = lock(&kept);
            // Read behind the locks: the counters see moments in their order.
            let now = moment(self.start);
            let pairs = guards.iter_mut().zip(asked);
            let mut scopes: Vec<_> = pairs.map(|(guard, a)| (&mut **guard, &a.limits)).collect();
            (rate::take(now, &mut scopes, draw), Gauges::of(&scopes))
        };
        match taken {
            Ok(ticket) => Ok(RateTicket::new(kept, self.start, gauges, ticket)),
            Err(refusal) => Err((refusal, gauges)),
        }
    }

    fn counters(&self, name: &Name) -> Kept {
        let at = usize::try_from(self.hasher.hash_one(name) % SHARDS as u64).unwrap_or(0);
        let mut shard = self.shards[at].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = shard.get(name) {
            return Arc::clone(kept);
        }
        Arc::clone(shard.entry(name.clone()).or_default())
    }

    /// Forgets the counters that nothing is out of. To be called now and then.
    pub(crate) fn sweep(&self) {
        let now = moment(self.start);
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever holds one got it under this lock, and is counted.
            shard.retain(|_, kept| {
                let idle = |counters: &mut Counters| counters.is_idle(now);
                Arc::get_mut(kept).is_none_or(|kept| {
                    !idle(kept.get_mut().unwrap_or_else(PoisonError::into_inner))
                })
            });
        }
    }
}

pub(super) fn moment(start: Instant) -> Moment {
    Moment(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX))
}

/// Locks all, in the order in which every call has them.
pub(super) fn lock(kept: &[Kept]) -> Vec<MutexGuard<'_, Counters>> {
    kept.iter().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::rate::Measure;

    fn asked(limit: u64) -> Vec<Asked> {
        let limits = RateLimits::default().with(Measure::RequestsPerMinute, limit);
        let concurrent = RateLimits::default().with(Measure::Concurrent, 1_000);
        vec![
            Asked { name: Name::Project("proj_1".into()), limits: concurrent },
            Asked { name: Name::Key("key_1".into()), limits },
        ]
    }

    fn one() -> Draw {
        Draw { requests: 1, ..Draw::default() }
    }

    fn kept(rates: &Rates) -> usize {
        rates.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }

    #[test]
    fn p28_exactly_the_limit_passes_of_many_threads() {
        let rates = Rates::default();
        let tickets = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Ok(ticket) = rates.take(&asked(333), &one()) {
                            tickets.lock().unwrap().push(ticket);
                        }
                    }
                });
            }
        });
        assert_eq!(tickets.lock().unwrap().len(), 333);
        // None of them reached a provider: dropped, they are as if they had never been.
        tickets.lock().unwrap().clear();
        rates.sweep();
        assert_eq!(kept(&rates), 0);
    }

    #[test]
    fn case_58_a_refused_call_leaves_no_slot_taken() {
        let rates = Rates::default();
        let _held = rates.take(&asked(1), &one()).ok().unwrap();
        for _ in 0..2_000 {
            let (refusal, gauges) = rates.take(&asked(1), &one()).err().unwrap();
            assert_eq!((refusal.scope, refusal.measure), (1, Measure::RequestsPerMinute));
            assert_eq!(gauges.requests.remaining, 0);
        }
        rates.sweep();
        assert_eq!(kept(&rates), 2, "what is in use is not swept");
    }
}
