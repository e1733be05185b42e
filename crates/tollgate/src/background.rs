//! Work beside the calls: writing usage in groups, telling of spending.

mod alerts;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dataplane::{Settled, Worker};
use domain::ports::UsageStore;
use domain::{SecretHash, Timestamp, UsageRecord};
use store::Store;

use crate::server::Stop;

pub use alerts::Alerts;

/// How long a settled call waits for its group: short against the promised second.
const PAUSE: Duration = Duration::from_millis(100);

/// Moves usage records from the workers' queues to the store, for ever.
///
/// A store that does not answer keeps its group: it is tried again, and meanwhile the queues fill.
/// They are bounded; what they cannot take is counted, and said here.
pub struct Flusher {
    store: Arc<Store>,
    workers: Vec<Arc<Worker>>,
    /// The group that the store has not taken yet.
    kept: Arc<Vec<UsageRecord>>,
    uses: HashMap<SecretHash, Timestamp>,
    lost: u64,
}

impl Flusher {
    #[must_use]
    pub fn new(store: Arc<Store>, workers: Vec<Arc<Worker>>) -> Self {
        Self { store, workers, kept: Arc::default(), uses: HashMap::new(), lost: 0 }
    }

    /// Runs until `quit` is called. A write that has begun is never dropped in the middle: nobody
    /// could tell then whether it was made, and made again it would count twice.
    pub async fn run(&mut self, quit: &Stop) {
        while !quit.is_called() {
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = quit.called() => {}
            }
            self.flush().await;
        }
    }

    /// Writes all that is waiting. Whether nothing is left.
    pub async fn flush(&mut self) -> bool {
        self.tell_losses();
        // A group that the store once refused goes alone, and what came since goes behind it.
        let rounds = if self.kept.is_empty() { 1 } else { 2 };
        for _ in 0..rounds {
            if self.kept.is_empty() {
                self.kept = Arc::new(self.take());
            }
            if !self.kept.is_empty()
                && let Err(error) = self.store.write(Arc::clone(&self.kept)).await
            {
                tracing::error!(%error, waiting = self.kept.len(), "usage cannot be written");
                return false;
            }
            self.kept = Arc::default();
        }
        let uses: Vec<_> = self.uses.drain().collect();
        if !uses.is_empty()
            && let Err(error) = self.store.touch(uses).await
        {
            tracing::warn!(%error, "last-used times cannot be written");
        }
        true
    }

    /// What the workers have settled since; each secret's last use is noted once.
    fn take(&mut self) -> Vec<UsageRecord> {
        let settled = self.workers.iter().flat_map(|worker| worker.take_settled());
        let uses = &mut self.uses;
        settled
            .map(|Settled { record, secret }| {
                let last = uses.entry(secret).or_insert(record.at);
                *last = record.at.max(*last);
                record
            })
            .collect()
    }

    fn tell_losses(&mut self) {
        let lost = self.workers.first().map_or(0, |w| w.lost());
        if lost > self.lost {
            tracing::error!(lost = lost - self.lost, "usage records were lost to a full queue");
            self.lost = lost;
        }
    }
}
