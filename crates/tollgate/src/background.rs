//! Work beside the calls: writing usage in groups, watching the config file.

use std::sync::Arc;
use std::time::Duration;

use dataplane::{Settled, Worker};
use domain::ports::UsageStore;
use store::Store;

/// How long a settled call waits for its group: short against the promised second.
const PAUSE: Duration = Duration::from_millis(100);
/// Records written in one go.
const GROUP: usize = 4_096;

/// Moves usage records from the workers' queues to the store, for ever.
///
/// A store that does not answer keeps its group: it is tried again, and meanwhile the queues fill.
/// They are bounded; what they cannot take is counted, and said here.
pub struct Flusher {
    store: Arc<Store>,
    workers: Vec<Arc<Worker>>,
    kept: Vec<Settled>,
    lost: u64,
}

impl Flusher {
    #[must_use]
    pub fn new(store: Arc<Store>, workers: Vec<Arc<Worker>>) -> Self {
        Self { store, workers, kept: Vec::new(), lost: 0 }
    }

    pub async fn run(&mut self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            self.flush().await;
        }
    }

    /// Writes all that is waiting. Whether nothing is left.
    pub async fn flush(&mut self) -> bool {
        if self.kept.len() < GROUP {
            self.kept.extend(self.workers.iter().flat_map(|w| w.take_settled()));
        }
        self.tell_losses();
        while !self.kept.is_empty() {
            let group = &self.kept[..self.kept.len().min(GROUP)];
            let records = group.iter().map(|s| s.record.clone()).collect();
            let uses = group.iter().map(|s| (s.secret, s.record.at)).collect();
            if let Err(error) = self.store.write(records).await {
                tracing::error!(%error, waiting = self.kept.len(), "usage cannot be written");
                return false;
            }
            self.kept.drain(..self.kept.len().min(GROUP));
            if let Err(error) = self.store.touch(uses).await {
                tracing::warn!(%error, "last-used times cannot be written");
            }
        }
        true
    }

    fn tell_losses(&mut self) {
        let lost = self.workers.first().map_or(0, |w| w.lost());
        if lost > self.lost {
            tracing::error!(lost = lost - self.lost, "usage records were lost to a full queue");
            self.lost = lost;
        }
    }
}
