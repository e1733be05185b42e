//! Work beside the calls: posting what they cost, verifying the ledger, telling of spending.

mod alerts;
mod care;
mod clock;
mod jobs;
mod proxies;
mod refusals;
mod verifier;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dataplane::{Dataplane, Refused, Settled, Taken, Worker};
use domain::ledger::Batch;
use domain::ports::UsageStore;
use domain::{Clock, SecretHash, Timestamp, UsageRecord};
use store::Store;

use crate::app::App;
use crate::ledger::Books;
use crate::server::Stop;
use crate::telemetry::Telemetry;
use refusals::Refusals;

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
    lanes: Vec<Lane>,
    uses: HashMap<SecretHash, Timestamp>,
    refusals: Refusals,
    seen: Arc<SeenKeys>,
    /// The request log could not be written at the last look.
    log_waits: bool,
}

/// One worker, and its group that waits to be posted.
struct Lane {
    worker: Arc<Worker>,
    group: Option<Group>,
    room: Room,
}

/// One worker's settlements, and what is free once they are posted.
struct Group {
    records: Arc<Vec<UsageRecord>>,
    batch: Arc<Batch>,
    taken: Vec<Taken>,
}

/// The memory of the last group, empty, for the next one: a group a tick is a megabyte under load,
/// and new memory costs a page fault for every page of it.
#[derive(Default)]
struct Room {
    settled: Vec<Settled>,
    records: Vec<UsageRecord>,
    taken: Vec<Taken>,
}

impl Room {
    /// Takes back what a posted group lay in.
    fn keep(&mut self, group: Group) -> Vec<Taken> {
        if let Some(mut records) = Arc::into_inner(group.records) {
            records.clear();
            self.records = records;
        }
        group.taken
    }
}

/// A vector with the room of one that was used before; less, where that was far more than is
/// needed now.
fn room_for<T>(kept: &mut Vec<T>, count: usize) -> Vec<T> {
    let mut room = std::mem::take(kept);
    room.clear();
    if room.capacity() > 8 * count.max(64) {
        room.shrink_to(2 * count);
    }
    room.reserve(count);
    room
}

impl Lane {
    fn new(worker: &Arc<Worker>) -> Self {
        Self { worker: Arc::clone(worker), group: None, room: Room::default() }
    }
}

impl Flusher {
    #[must_use]
    pub fn new(app: &App) -> Self {
        Self {
            store: Arc::clone(&app.store),
            clock: Arc::clone(&app.clock),
            books: app.books.clone(),
            telemetry: Arc::clone(&app.telemetry),
            lanes: app.workers.iter().map(Lane::new).collect(),
            uses: HashMap::new(),
            refusals: Refusals::default(),
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
        for place in 0..self.lanes.len() {
            done &= self.flush_one(place).await;
            let refused = self.lanes[place].worker.take_refused();
            self.telemetry.refused(&refused, self.clock.now());
            self.keep_refused(&refused).await;
            let worker = &self.lanes[place].worker;
            worker.take_jobs().iter().for_each(|records| self.telemetry.job_ended(records));
        }
        self.look_at_the_log();
        let kept = self.lanes.iter().filter_map(|lane| lane.group.as_ref());
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

    /// Keeps refused calls for whoever asks; one that cannot be kept is in the log all the same.
    async fn keep_refused(&mut self, refused: &[Refused]) {
        let kept = self.refusals.choose(refused, self.clock.now());
        if !kept.is_empty()
            && let Err(error) = self.store.note_refused(kept).await
        {
            tracing::warn!(%error, "refused calls cannot be kept");
        }
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
        if let Some(lane) = self.lanes.first() {
            lane.worker.note_lost_log_rows(lost);
        }
    }

    /// A group that the store once refused goes alone, and what came since goes behind it.
    async fn flush_one(&mut self, place: usize) -> bool {
        let rounds = if self.lanes[place].group.is_some() { 2 } else { 1 };
        for _ in 0..rounds {
            if self.lanes[place].group.is_none() {
                self.lanes[place].group = self.take(place);
            }
            let Lane { worker, group: kept, room } = &mut self.lanes[place];
            let Some(group) = kept else { return true };
            let posting =
                self.store.settle(Arc::clone(&group.records), Some(Arc::clone(&group.batch)));
            if let Err(error) = posting.await {
                tracing::error!(%error, waiting = group.records.len(), "usage cannot be written");
                return false;
            }
            if let Some(group) = kept.take() {
                let mut taken = room.keep(group);
                worker.posted(taken.drain(..));
                room.taken = taken;
            }
        }
        true
    }

    /// What a worker has settled since; each secret's last use is noted once.
    fn take(&mut self, place: usize) -> Option<Group> {
        let Lane { worker, room, .. } = &mut self.lanes[place];
        let waiting = worker.waiting();
        let mut settled = worker.take_settled(room_for(&mut room.settled, waiting));
        let Some(number) = settled.last().map(|last| last.number) else {
            room.settled = settled;
            return None;
        };
        self.telemetry.settled(&settled, self.clock.now());
        let mut batch = self.books.batch(place, number, self.clock.now());
        let mut records = room_for(&mut room.records, settled.len());
        let mut all_taken = room_for(&mut room.taken, settled.len());
        for Settled { record, secret, money, taken, observed, .. } in settled.drain(..) {
            self.seen.note(&record, observed.address);
            let last = self.uses.entry(secret).or_insert(record.at);
            *last = record.at.max(*last);
            batch.postings.extend(self.books.posting(&record, money, taken.covered()));
            records.push(record);
            all_taken.push(taken);
        }
        room.settled = settled;
        Some(Group { records: Arc::new(records), batch: Arc::new(batch), taken: all_taken })
    }
}
