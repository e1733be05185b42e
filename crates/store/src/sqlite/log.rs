//! The one writer of `requests.db`: the request log, and with it the usage of each batch.
//!
//! Two files have no common commit. The order makes every failure harmless to the sums: the rows
//! are put into an open transaction of the log, then the rollups are committed durably, then the
//! log. Where the rollups cannot be written, all is undone, and the caller may come again. Where
//! only the log cannot be, the batch counts as written all the same (case 117): its rows are kept
//! here, up to [`KEPT_ROWS`], and go in first next time. The oldest beyond that are lost, and
//! counted; so is what a power cut or a kill finds here. A count is never lost.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use domain::UsageRecord;
use domain::ledger::Batch;
use domain::ports::{StoreError, StoreResult};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::failure::{Failure, gone, guarded};
use super::jobs::JobEnd;
use super::query::one;
use super::worker::Worker;
use super::writer::{Writer, commit, execute};
use super::{connect, jobs, ledger, summaries, usage};
use crate::block::Block;
use crate::rollup;
use crate::sql::usage as sql;

const DEPTH: usize = 256;
/// Batches and, roughly, rows that share one transaction.
const GROUP: usize = 64;
const GROUP_ROWS: usize = 8192;
/// Rows that are kept while the log cannot be written.
const KEPT_ROWS: usize = 65_536;
/// Nothing came for so long: there is time for summaries of old blocks.
const IDLE: Duration = Duration::from_millis(20);
/// The place of the log's first call.
const FIRST_PLACE: i64 = 1;

/// Records, and what they cost.
#[derive(Clone, Default)]
pub(crate) struct Settlements {
    pub(crate) records: Arc<Vec<UsageRecord>>,
    pub(crate) batch: Option<Arc<Batch>>,
    /// The job that ends with them.
    pub(crate) job: Option<Arc<JobEnd>>,
}

struct Job {
    settlements: Settlements,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

pub(crate) struct Log {
    worker: Worker<Job>,
    backlog: Arc<Backlog>,
}

/// Rows that the log could not take.
#[derive(Default)]
struct Backlog {
    waiting: AtomicU64,
    lost: AtomicU64,
}

impl Log {
    pub(crate) fn start(db: Connection, writer: Arc<Writer>) -> io::Result<Self> {
        let backlog = Arc::new(Backlog::default());
        let counted = Arc::clone(&backlog);
        let worker = Worker::start("store-log", DEPTH, move |jobs| {
            let mut thread =
                LogThread { db, writer, open: None, unlogged: VecDeque::new(), backlog: counted };
            // What an earlier version wrote has no summaries: they are made when nothing else is.
            let mut lacking = true;
            loop {
                let wait = if lacking { IDLE } else { Duration::MAX };
                match jobs.recv_timeout(wait) {
                    Ok(first) => thread.write_group(first, &jobs),
                    Err(RecvTimeoutError::Timeout) => lacking = thread.summarise(),
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            let _ = thread.log_kept();
            connect::close(&thread.db);
        })?;
        Ok(Self { worker, backlog })
    }

    /// Rows that wait for the log to be written again, and rows that were let go since the start.
    pub(crate) fn backlog(&self) -> (u64, u64) {
        let Backlog { waiting, lost } = &*self.backlog;
        (waiting.load(Ordering::Relaxed), lost.load(Ordering::Relaxed))
    }

    pub(crate) fn write(&self, settlements: Settlements) -> StoreResult<'_, ()> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.worker.submit(Job { settlements, reply })?;
            answer.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

struct LogThread {
    db: Connection,
    writer: Arc<Writer>,
    /// The last block, as it is in the log, where more can come into it.
    open: Option<Block>,
    /// Records whose rollups are committed and which are not in the log, the oldest first.
    unlogged: VecDeque<Arc<Vec<UsageRecord>>>,
    backlog: Arc<Backlog>,
}

impl LogThread {
    fn write_group(&mut self, first: Job, jobs: &Receiver<Job>) {
        let mut rows = first.settlements.records.len();
        let mut batches = vec![first.settlements];
        let mut replies = vec![first.reply];
        while replies.len() < GROUP && rows < GROUP_ROWS {
            let Ok(job) = jobs.try_recv() else { break };
            rows += job.settlements.records.len();
            batches.push(job.settlements);
            replies.push(job.reply);
        }
        let result = guarded(|| self.write(batches));
        if !self.db.is_autocommit() {
            let _ = execute(&self.db, "ROLLBACK");
        }
        for reply in replies {
            let _ = reply.send(result.clone());
        }
    }

    /// Where this returns early, the caller rolls the log's transaction back.
    fn write(&mut self, batches: Vec<Settlements>) -> Result<(), Failure> {
        let kept = self.log_kept();
        if batches.iter().all(|batch| batch.records.is_empty()) {
            // Nothing but the promise that all before is written; the writer's queue is in order.
            return Ok(self.writer.write_blocking(|_| Ok(()))?);
        }
        let records: Vec<_> = batches.iter().map(|batch| Arc::clone(&batch.records)).collect();
        let logged = kept.and_then(|()| begin(&self.db, self.open.as_ref(), records.iter()));
        if logged.is_err() && !self.db.is_autocommit() {
            let _ = execute(&self.db, "ROLLBACK");
        }
        self.writer.write_blocking(move |db| post(db, &batches))?;
        match logged.and_then(|open| Ok(commit(&self.db).map(|()| open)?)) {
            Ok(open) => self.open = open,
            Err(_) => self.keep(records),
        }
        Ok(())
    }

    /// Whether there is more to do. What cannot be done now is done after the next start.
    fn summarise(&mut self) -> bool {
        let more = guarded(|| summaries::make_some(&self.db));
        if !self.db.is_autocommit() {
            let _ = execute(&self.db, "ROLLBACK");
        }
        more.unwrap_or(false)
    }

    fn log_kept(&mut self) -> Result<(), Failure> {
        if !self.unlogged.is_empty() {
            let open = begin(&self.db, self.open.as_ref(), self.unlogged.iter())?;
            commit(&self.db)?;
            self.open = open;
            self.unlogged.clear();
            self.backlog.waiting.store(0, Ordering::Relaxed);
        }
        Ok(())
    }

    fn keep(&mut self, records: Vec<Arc<Vec<UsageRecord>>>) {
        self.unlogged.extend(records);
        let mut rows: usize = self.unlogged.iter().map(|records| records.len()).sum();
        while rows > KEPT_ROWS
            && let Some(oldest) = self.unlogged.pop_front()
        {
            rows -= oldest.len();
            self.backlog.lost.fetch_add(oldest.len() as u64, Ordering::Relaxed);
        }
        self.backlog.waiting.store(rows as u64, Ordering::Relaxed);
    }
}

/// Puts rows into a transaction that it begins. Gives the last block, where more can come into it.
fn begin<'r>(
    db: &Connection,
    open: Option<&Block>,
    records: impl Iterator<Item = &'r Arc<Vec<UsageRecord>>>,
) -> Result<Option<Block>, Failure> {
    execute(db, "BEGIN IMMEDIATE")?;
    let end = one(db, sql::END_OF_LOG, [], |row| Ok(row.get(0)?))?.unwrap_or(FIRST_PLACE);
    let mut block = open.filter(|open| open.end() == end).cloned();
    let mut is_new = block.is_none();
    for record in records.flat_map(|records| records.iter()) {
        if let Some(full) = block.take_if(|block| block.is_full()) {
            let next = full.end();
            put(db, full, is_new)?;
            (block, is_new) = (Some(Block::begin(next)), true);
        }
        block.get_or_insert_with(|| Block::begin(end)).add(record);
    }
    match block {
        Some(block) => Ok(Some(put(db, block, is_new)?).filter(Block::is_small)),
        None => Ok(None),
    }
}

fn put(db: &Connection, mut block: Block, is_new: bool) -> Result<Block, Failure> {
    let mut put = db.prepare_cached(if is_new { sql::LOG_BLOCK } else { sql::LOG_MORE })?;
    let (place, rows, base) = (block.place, block.rows(), block.base_ms);
    let (least, greatest) = (block.least.clone(), block.greatest.clone());
    summaries::put(db, place, rows, &block.holds())?;
    let (kinds, calls) = block.texts();
    put.execute(params![rows, base, least, greatest, kinds, calls, place])?;
    block.reopen();
    Ok(block)
}

/// The sums of those that are new: a batch or a job that was posted before is in the rollups too.
fn post(db: &Connection, group: &[Settlements]) -> Result<(), Failure> {
    let mut new = Vec::with_capacity(group.len());
    for settlements in group {
        let is_new = match (&settlements.job, &settlements.batch) {
            (Some(end), _) => jobs::end(db, end)?,
            (None, Some(batch)) => ledger::post(db, batch)?,
            (None, None) => true,
        };
        if is_new {
            new.push(&settlements.records);
        }
    }
    usage::add(db, &rollup::fold(new.into_iter().flat_map(|records| records.iter())))
}
