//! Answers in memory, under a budget of bytes; the least recently used go first.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use domain::{CacheEntry, CacheHolding, CacheKey, CachePurge, ProjectId};

/// Calls that use different shards do not wait for each other.
const SHARDS: usize = 16;
/// What an entry takes up beside its answer, about.
const BESIDE: usize = 512;

/// A stored answer; its body is shared with the replies that give it.
pub(crate) struct Kept {
    pub(crate) entry: CacheEntry,
    pub(crate) body: Bytes,
}

impl Kept {
    pub(crate) fn new(entry: CacheEntry) -> Self {
        let body = Bytes::from_owner(Arc::clone(&entry.body));
        Self { entry, body }
    }

    fn weight(&self) -> usize {
        self.body.len() + BESIDE
    }
}

pub(super) struct Memory {
    shards: [Mutex<Shard>; SHARDS],
    /// Bytes a shard.
    budget: usize,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<CacheKey, (u64, Arc<Kept>)>,
    /// By when they were used last.
    order: BTreeMap<u64, CacheKey>,
    next: u64,
    bytes: usize,
}

impl Memory {
    pub(super) fn new(budget: usize) -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, budget: budget / SHARDS }
    }

    fn shard(&self, key: CacheKey) -> MutexGuard<'_, Shard> {
        let at = usize::from(key.0[0]) % SHARDS;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What lies under a key; it was used just now.
    pub(super) fn get(&self, key: CacheKey) -> Option<Arc<Kept>> {
        self.shard(key).touch(key)
    }

    /// Puts an entry in the place of what was there. One that is larger than a shard is not kept.
    pub(super) fn put(&self, key: CacheKey, kept: &Arc<Kept>) {
        let mut shard = self.shard(key);
        shard.remove(key);
        if kept.weight() > self.budget {
            return;
        }
        shard.insert(key, Arc::clone(kept));
        while shard.bytes > self.budget
            && let Some((_, oldest)) = shard.order.first_key_value().map(|(at, key)| (*at, *key))
        {
            shard.remove(oldest);
        }
    }

    pub(super) fn remove(&self, key: CacheKey) {
        self.shard(key).remove(key);
    }

    pub(super) fn purge(&self, project: &ProjectId, what: &CachePurge) -> u64 {
        let mut gone = 0;
        for mut shard in self.all() {
            let goes = |(key, (_, kept)): (&CacheKey, &(u64, Arc<Kept>))| {
                matches(*key, &kept.entry, project, what).then_some(*key)
            };
            let keys: Vec<CacheKey> = shard.entries.iter().filter_map(goes).collect();
            gone += keys.len() as u64;
            keys.into_iter().for_each(|key| shard.remove(key));
        }
        gone
    }

    pub(super) fn holding(&self, project: Option<&ProjectId>) -> CacheHolding {
        let mut holding = CacheHolding::default();
        for shard in self.all() {
            if project.is_none() {
                holding.bytes += shard.bytes as u64;
            }
            for (_, kept) in shard.entries.values() {
                if project.is_some_and(|project| *project != kept.entry.project) {
                    continue;
                }
                if project.is_some() {
                    holding.bytes += kept.weight() as u64;
                }
                holding.entries += 1;
                holding.answer_bytes += kept.body.len() as u64;
                let oldest = holding.oldest.get_or_insert(kept.entry.at);
                *oldest = (*oldest).min(kept.entry.at);
            }
        }
        holding
    }
}

/// Whether an entry is one of those that are to go.
pub(super) fn matches(
    key: CacheKey,
    entry: &CacheEntry,
    project: &ProjectId,
    what: &CachePurge,
) -> bool {
    entry.project == *project && what.takes(key, &entry.model)
}

impl Shard {
    fn touch(&mut self, key: CacheKey) -> Option<Arc<Kept>> {
        let next = self.next;
        let (used, kept) = self.entries.get_mut(&key)?;
        self.order.remove(used);
        *used = next;
        self.order.insert(next, key);
        self.next += 1;
        Some(Arc::clone(kept))
    }

    fn insert(&mut self, key: CacheKey, kept: Arc<Kept>) {
        self.bytes += kept.weight();
        self.order.insert(self.next, key);
        self.entries.insert(key, (self.next, kept));
        self.next += 1;
    }

    fn remove(&mut self, key: CacheKey) {
        if let Some((used, kept)) = self.entries.remove(&key) {
            self.order.remove(&used);
            self.bytes -= kept.weight();
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    fn key(number: u8) -> CacheKey {
        // All in one shard.
        CacheKey(std::array::from_fn(|at| if at == 31 { number } else { 0 }))
    }

    fn kept(project: &str, model: &str, bytes: usize) -> Arc<Kept> {
        Arc::new(Kept::new(CacheEntry {
            project: project.into(),
            model: model.into(),
            upstream: "up_1".into(),
            served: None,
            at: Timestamp(bytes as i64),
            until: Timestamp(1),
            stream: false,
            took_ms: 0,
            cost: None,
            body: vec![0; bytes].into(),
        }))
    }

    #[test]
    fn the_least_recently_used_go_first_and_the_budget_holds() {
        let memory = Memory::new(SHARDS * 3 * (100 + BESIDE));
        for number in 1..=3 {
            memory.put(key(number), &kept("p", "m", 100));
        }
        assert!(memory.get(key(1)).is_some());
        memory.put(key(4), &kept("p", "m", 100));
        let there: Vec<bool> = (1..=4).map(|n| memory.get(key(n)).is_some()).collect();
        assert_eq!(there, [true, false, true, true]);
        memory.put(key(5), &kept("p", "m", 10_000));
        assert!(memory.get(key(5)).is_none(), "larger than the budget");
        memory.put(key(3), &kept("p", "m", 50));
        assert_eq!(memory.holding(None).bytes as usize, 100 + 100 + 50 + 3 * BESIDE);
    }

    #[test]
    fn a_purge_takes_what_it_names_of_its_project_alone() {
        let fill = || {
            let memory = Memory::new(1 << 20);
            memory.put(key(1), &kept("p", "a", 1));
            memory.put(key(2), &kept("p", "b", 2));
            memory.put(key(3), &kept("q", "a", 3));
            memory
        };
        let left = |what| {
            let memory = fill();
            let gone = memory.purge(&"p".into(), &what);
            (gone, (1..=3).filter(|n| memory.get(key(*n)).is_some()).collect::<Vec<u8>>())
        };
        assert_eq!(left(CachePurge::All), (2, vec![3]));
        assert_eq!(left(CachePurge::Models(vec!["a".into()])), (1, vec![2, 3]));
        assert_eq!(left(CachePurge::Entry(key(2))), (1, vec![1, 3]));
        assert_eq!(left(CachePurge::Entry(key(3))), (0, vec![1, 2, 3]), "another project's");
        let holding = fill().holding(Some(&"p".into()));
        assert_eq!((holding.entries, holding.oldest), (2, Some(Timestamp(1))));
    }
}
