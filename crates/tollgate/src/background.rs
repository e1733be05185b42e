//! Work beside the calls: posting what they cost, verifying the ledger, telling of spending.

mod alerts;
mod care;
mod clock;
mod jobs;
mod proxies;
mod verifier;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dataplane::{Dataplane, Settled, Taken, Worker};
use domain::ledger::Batch;
use domain::ports::UsageStore;
use domain::{Clock, SecretHash, Timestamp, UsageRecord};
use store::Store;

use crate::app::App;
use crate::ledger::Books;
use crate::server::Stop;
use crate::telemetry::Telemetry;

pub use alerts::Alerts;
pub use care::{Care, SeenKeys};
pub use clock::watch_clock;
pub use jobs::Jobs;
pub use proxies::check_proxies;
pub use verifier::Verifier;

/// How long a settled call waits for its group: short against the promised second.
const PAUSE: Duration = Duration::from_millis(100);

/// How often shares of budgets are looked through for idle ones; one is back within twice that.
const IDLE: Duration = Duration::from_secs(2);

/// Returns shares of budgets that nobody uses, until `quit` is called.
pub async fn give_back_idle(dataplane: &Dataplane, quit: &Stop) {
    while !quit.is_called() {
        tokio::select! {
            () = tokio::time::sleep(IDLE) => dataplane.give_back_idle().await,
            () = quit.called() => {}
        }
    }
}

/// Moves settled attempts from the workers to the store, for ever.
///
/// A store that does not answer keeps its group: it is tried again, and meanwhile the slots fill.
/// They are bounded; when the last is taken, calls are refused before they are sent.
pub struct Flusher {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    books: Books,
    telemetry: Arc<Telemetry>,
    workers: Vec<(Arc<Worker>, Option<Group>)>,
    uses: HashMap<SecretHash, Timestamp>,
    seen: Arc<SeenKeys>,
    /// The request log could not be written at the last look.
    log_waits: bool,
}

/// One worker's settlements, and what is free once they are posted.
struct Group {
    records: Arc<Vec<UsageRecord>>,
    batch: Arc<Batch>,
    taken: Vec<Taken>,
}

impl Flusher {
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self {
            store: Arc::clone(&app.store),
            clock: Arc::clone(&app.clock),
            books: app.books.clone(),
            telemetry: Arc::clone(&app.telemetry),
            workers: app.workers.iter().map(|worker| (Arc::clone(worker), None)).collect(),
            uses: HashMap::new(),
            seen: Arc::clone(&app.seen),
            log_waits: false,
        }
    }

    /// Runs until `quit` is called. A write that has begun is never dropped in the middle: nobody
    /// could tell then whether it was made.
    pub async fn run(&mut self, quit: &Stop) {
        while !quit.is_called() {
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                () = quit.called() => {}
            }
            self.flush().await;
        }
    }

    /// Posts all that is waiting. Whether nothing is left.
    pub async fn flush(&mut self) -> bool {
        let mut done = true;
        for place in 0..self.workers.len() {
            done &= self.flush_one(place).await;
            let worker = &self.workers[place].0;
            self.telemetry.refused(&worker.take_refused(), self.clock.now());
            worker.take_jobs().iter().for_each(|records| self.telemetry.job_ended(records));
        }
        self.look_at_the_log();
        let kept = self.workers.iter().filter_map(|(_, group)| group.as_ref());
        let waiting = kept.map(|group| group.records.len()).sum();
        self.telemetry.posting(waiting, done, self.clock.now());
        let uses: Vec<_> = self.uses.drain().collect();
        if !uses.is_empty()
            && let Err(error) = self.store.touch(uses).await
        {
            tracing::warn!(%error, "last-used times cannot be written");
        }
        done
    }

    /// Tells of a request log that cannot be written; what calls cost is posted all the same.
    fn look_at_the_log(&mut self) {
        let (waiting, lost) = self.store.log_backlog();
        if (waiting > 0) != self.log_waits {
            self.log_waits = waiting > 0;
            match self.log_waits {
                true => tracing::error!(waiting, lost, "the request log cannot be written"),
                false => tracing::info!(lost, "the request log is written again"),
            }
        }
        if let Some((worker, _)) = self.workers.first() {
            worker.note_lost_log_rows(lost);
        }
    }

    /// A group that the store once refused goes alone, and what came since goes behind it.
    async fn flush_one(&mut self, place: usize) -> bool {
        let rounds = if self.workers[place].1.is_some() { 2 } else { 1 };
        for _ in 0..rounds {
            if self.workers[place].1.is_none() {
                self.workers[place].1 = self.take(place);
            }
            let (worker, kept) = &mut self.workers[place];
            let Some(group) = kept else { return true };
            let posting =
                self.store.settle(Arc::clone(&group.records), Some(Arc::clone(&group.batch)));
            if let Err(error) = posting.await {
                tracing::error!(%error, waiting = group.records.len(), "usage cannot be written");
                return false;
            }
            worker.posted(kept.take().into_iter().flat_map(|group| group.taken));
        }
        true
    }

    /// What a worker has settled since; each secret's last use is noted once.
    fn take(&mut self, place: usize) -> Option<Group> {
        let settled = self.workers[place].0.take_settled();
        let number = settled.last()?.number;
        self.telemetry.settled(&settled, self.clock.now());
        let mut batch = self.books.batch(place, number, self.clock.now());
        let mut records = Vec::with_capacity(settled.len());
        let mut all_taken = Vec::with_capacity(settled.len());
        for Settled { record, secret, money, taken, observed, .. } in settled {
            self.seen.note(&record, observed.address);
            let last = self.uses.entry(secret).or_insert(record.at);
            *last = record.at.max(*last);
            batch.postings.extend(self.books.posting(&record, money, taken.covered()));
            records.push(record);
            all_taken.push(taken);
        }
        Some(Group { records: Arc::new(records), batch: Arc::new(batch), taken: all_taken })
    }
}
