//! What each project's cache did since the process began.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::{CacheFigures, CacheUse, Nanos, ProjectId};

/// Projects that turned their cache on: the operator makes them, callers cannot.
#[derive(Default)]
pub(super) struct Book(RwLock<HashMap<ProjectId, Arc<Counters>>>);

#[derive(Default)]
pub(super) struct Counters {
    uses: [AtomicU64; 4],
    stale: AtomicU64,
    unkept: AtomicU64,
    saved: AtomicI64,
}

impl Book {
    pub(super) fn at(&self, project: &ProjectId) -> Arc<Counters> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(project).cloned();
        known.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(project.clone()).or_default())
        })
    }

    pub(super) fn of(&self, project: &ProjectId) -> CacheFigures {
        self.at(project).read()
    }

    pub(super) fn sum(&self) -> CacheFigures {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.values().map(|one| one.read()).fold(CacheFigures::default(), |sum, one| CacheFigures {
            hits: sum.hits + one.hits,
            joined: sum.joined + one.joined,
            misses: sum.misses + one.misses,
            near: sum.near + one.near,
            stale: sum.stale + one.stale,
            unkept: sum.unkept + one.unkept,
            saved: Nanos(sum.saved.0.saturating_add(one.saved.0)),
            ..sum
        })
    }
}

impl Counters {
    pub(super) fn used(&self, used: CacheUse, saved: Option<Nanos>) {
        self.uses[used as usize].fetch_add(1, Ordering::Relaxed);
        if let Some(saved) = saved {
            self.saved.fetch_add(saved.0, Ordering::Relaxed);
        }
    }

    pub(super) fn stale(&self) {
        self.stale.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unkept(&self) {
        self.unkept.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> CacheFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheFigures {
            hits: of(&self.uses[CacheUse::Hit as usize]),
            joined: of(&self.uses[CacheUse::Joined as usize]),
            misses: of(&self.uses[CacheUse::Miss as usize]),
            near: of(&self.uses[CacheUse::Near as usize]),
            stale: of(&self.stale),
            unkept: of(&self.unkept),
            saved: Nanos(self.saved.load(Ordering::Relaxed)),
            ..CacheFigures::default()
        }
    }
}
