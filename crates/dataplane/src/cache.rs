//! The answer cache on the way of a call: memory first, then what lies behind it, and one upstream
//! call for all that ask the same at once.
//!
//! * [`wish`]: whether a call goes by the cache, and under which key; [`spelling`]: bodies that came
//!   a moment ago.
//! * [`look`]: what becomes of one that does: a stored answer, the answer of an equal call in flight,
//!   or the lead of those that come behind it.
//! * [`memory`]: answers in memory, least recently used out; [`flight`]: calls in flight.
//! * [`keeping`]: what a leading call does with its answer; [`flow`]: how its stream is shared.
//! * [`near`]: where the questions of kept answers lie; [`nearly`]: what becomes of a call whose
//!   question is nearly one of them.
//! * [`sharers`]: those who pay a part of what a call in flight costs.
//! * [`given`]: the record of a call that the cache answered; [`replay`]: its stream.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::{AnswerStore, BoxFuture, CacheDesk};
use domain::{CacheEntry, CacheFigures, CacheKey, CachePurge, ProjectId, Timestamp};

mod figures;
mod flight;
mod flow;
mod given;
mod keeping;
mod look;
mod memory;
mod near;
mod nearly;
mod replay;
mod sharers;
mod spelling;
mod wish;

pub(crate) use flow::Joined;
pub(crate) use keeping::Keeping;
pub(crate) use look::{Asking, Looked, look_up};
pub(crate) use replay::Replay;
pub(crate) use sharers::Divided;
pub(crate) use spelling::Spellings;
pub(crate) use wish::{Wish, wish};

use figures::Book;
use flight::Flights;
use memory::{Kept, Memory};
use near::Near;

/// What an operator may set of the cache.
#[derive(Clone, Debug)]
pub struct CacheSettings {
    /// Bytes of answers in memory, with what is kept about them.
    pub memory_bytes: usize,
    /// No entry is kept for longer, whatever a project says (s).
    pub longest_seconds: u32,
    /// How long a call waits for what lies behind the memory.
    pub patience: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            longest_seconds: 30 * 86_400,
            patience: Duration::from_millis(5),
        }
    }
}

/// The cache of a process.
pub(crate) struct Cache {
    pub(super) settings: CacheSettings,
    memory: Memory,
    flights: Flights,
    store: Option<Arc<dyn AnswerStore>>,
    book: Book,
    near: Near,
}

impl Cache {
    pub(crate) fn new(settings: CacheSettings, store: Option<Arc<dyn AnswerStore>>) -> Self {
        let memory = Memory::new(settings.memory_bytes);
        Self {
            settings,
            memory,
            flights: Flights::default(),
            store,
            book: Book::default(),
            near: Near::default(),
        }
    }

    /// Keeps an answer in every tier.
    fn keep(&self, key: CacheKey, entry: CacheEntry) -> Arc<Kept> {
        let kept = Arc::new(Kept::new(entry));
        self.memory.put(key, &kept);
        if let Some(store) = &self.store {
            store.put(key, kept.entry.clone());
        }
        kept
    }

    /// What lies behind the memory, if that is told soon.
    async fn stored(&self, key: CacheKey) -> Option<Arc<Kept>> {
        let store = self.store.as_ref()?;
        let found = tokio::time::timeout(self.settings.patience, store.get(key)).await;
        Some(Arc::new(Kept::new(found.ok().flatten()?)))
    }

    /// Until when an entry may be found that was asked for at `at`.
    fn until(&self, at: Timestamp, keep_seconds: u32) -> Timestamp {
        at.plus_seconds(keep_seconds.min(self.settings.longest_seconds).into())
    }

    /// Every project's figures together, memory alone: what is asked for often.
    pub(crate) fn quick_figures(&self) -> CacheFigures {
        CacheFigures { memory: self.memory.holding(None), ..self.book.sum() }
    }
}

impl CacheDesk for Cache {
    fn figures(&self, project: Option<ProjectId>) -> BoxFuture<'_, CacheFigures> {
        Box::pin(async move {
            let told = match &project {
                Some(project) => self.book.of(project),
                None => self.book.sum(),
            };
            let memory = self.memory.holding(project.as_ref());
            let stored = match &self.store {
                Some(store) => store.holding(project).await,
                None => domain::CacheHolding::default(),
            };
            CacheFigures { memory, stored, ..told }
        })
    }

    fn purge(&self, project: ProjectId, what: CachePurge) -> BoxFuture<'_, u64> {
        Box::pin(async move {
            // What is in flight was asked for before this moment, and may not come back after it.
            self.flights.forget(&project, &what);
            self.near.forget(&project, &what);
            let here = self.memory.purge(&project, &what);
            let there = match &self.store {
                Some(store) => store.purge(project, what).await,
                None => 0,
            };
            here.max(there)
        })
    }
}
