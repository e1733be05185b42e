//! Keys in memory as far as they are used: a bounded cache over an indexed read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::ports::{Directory, StoreError};
use domain::{KeyView, SecretHash};

use crate::rate::ProjectCache;

const SHARDS: usize = 16;
/// Keys kept in memory, all shards together. About 400 bytes each.
const KEPT: usize = 65_536;

pub(crate) struct Keys {
    directory: Arc<dyn Directory>,
    shards: [RwLock<HashMap<SecretHash, Arc<KeyView>>>; SHARDS],
    /// Moves on at every change, so that a read begun before it is not kept after it.
    epoch: AtomicU64,
    rates: ProjectCache,
}

impl Keys {
    pub(crate) fn new(directory: Arc<dyn Directory>) -> Self {
        let shards = std::array::from_fn(|_| RwLock::new(HashMap::new()));
        Self { directory, shards, epoch: AtomicU64::new(0), rates: ProjectCache::default() }
    }

    /// The key of a secret, from memory or the store.
    pub(crate) async fn find(&self, hash: SecretHash) -> Result<Option<Arc<KeyView>>, StoreError> {
        if let Some(view) = self.cached(hash) {
            return Ok(Some(view));
        }
        let epoch = self.epoch.load(Ordering::Acquire);
        let Some(view) = self.directory.find_secret(hash).await? else { return Ok(None) };
        let view = Arc::new(self.rates.share(view));
        let mut shard = self.shard(hash).write().unwrap_or_else(PoisonError::into_inner);
        if self.epoch.load(Ordering::Acquire) == epoch {
            make_room(&mut shard);
            shard.insert(hash, Arc::clone(&view));
        }
        Ok(Some(view))
    }

    pub(crate) fn cached(&self, hash: SecretHash) -> Option<Arc<KeyView>> {
        self.shard(hash).read().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned()
    }

    /// Forgets everything: some key, project or account changed. Changes are rare, and one
    /// change (archiving a project) may touch any number of keys.
    pub(crate) fn clear(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.rates.clear();
        for shard in &self.shards {
            shard.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    fn shard(&self, hash: SecretHash) -> &RwLock<HashMap<SecretHash, Arc<KeyView>>> {
        &self.shards[usize::from(hash.0[0]) % SHARDS]
    }
}

/// Drops an eighth of a full shard. Which ones does not matter much: a live key comes back with
/// its next call for the price of one indexed read.
fn make_room(shard: &mut HashMap<SecretHash, Arc<KeyView>>) {
    let most = KEPT / SHARDS;
    if shard.len() >= most {
        let out: Vec<SecretHash> = shard.keys().take(most / 8).copied().collect();
        out.iter().for_each(|hash| drop(shard.remove(hash)));
    }
}
