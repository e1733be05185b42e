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
use std::sync::mpsc::Receiver;

use domain::ledger::Batch;
use domain::ports::{StoreError, StoreResult};
use domain::{CacheUse, UsageRecord};
use rusqlite::{CachedStatement, Connection, ToSql};
use tokio::sync::oneshot;

use super::failure::{Failure, gone, guarded};
use super::jobs::JobEnd;
use super::worker::Worker;
use super::writer::{Writer, commit, execute};
use super::{connect, jobs, ledger, usage};
use crate::rollup;
use crate::sql::usage as sql;

const DEPTH: usize = 256;
/// Batches and, roughly, rows that share one transaction.
const GROUP: usize = 64;
const GROUP_ROWS: usize = 8192;
/// Rows that are kept while the log cannot be written.
const KEPT_ROWS: usize = 65_536;

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
            let mut thread = LogThread { db, writer, unlogged: VecDeque::new(), backlog: counted };
            while let Ok(first) = jobs.recv() {
                thread.write_group(first, &jobs);
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
        let logged = kept.and_then(|()| begin(&self.db, records.iter()));
        if logged.is_err() && !self.db.is_autocommit() {
            let _ = execute(&self.db, "ROLLBACK");
        }
        self.writer.write_blocking(move |db| post(db, &batches))?;
        if logged.and_then(|()| Ok(commit(&self.db)?)).is_err() {
            self.keep(records);
        }
        Ok(())
    }

    fn log_kept(&mut self) -> Result<(), Failure> {
        if !self.unlogged.is_empty() {
            begin(&self.db, self.unlogged.iter())?;
            commit(&self.db)?;
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

/// Puts rows into a transaction that it begins.
fn begin<'r>(
    db: &Connection,
    records: impl Iterator<Item = &'r Arc<Vec<UsageRecord>>>,
) -> Result<(), Failure> {
    execute(db, "BEGIN IMMEDIATE")?;
    insert(db, records.flat_map(|records| records.iter()))
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

fn insert<'r>(
    db: &Connection,
    records: impl Iterator<Item = &'r UsageRecord>,
) -> Result<(), Failure> {
    let mut statement = db.prepare_cached(&sql::LOG_REQUEST)?;
    let mut last = None;
    for record in records {
        let mut row = Row { statement: &mut statement, record, last };
        row.put_call()?;
        row.put_numbers()?;
        statement.raw_execute()?;
        last = Some(record);
    }
    Ok(())
}

/// A row of the log, put together behind another one.
struct Row<'s, 'c, 'r> {
    statement: &'s mut CachedStatement<'c>,
    record: &'r UsageRecord,
    last: Option<&'r UsageRecord>,
}

impl<'r> Row<'_, '_, 'r> {
    /// Gives a column its value. It has that of the row before, and most of a call's columns say
    /// the same as those of the call before.
    fn put<T: ToSql + PartialEq>(
        &mut self,
        column: usize,
        of: impl Fn(&'r UsageRecord) -> T,
    ) -> rusqlite::Result<()> {
        let value = of(self.record);
        if self.last.is_some_and(|last| of(last) == value) {
            return Ok(());
        }
        self.statement.raw_bind_parameter(column, value)
    }

    /// Columns 1 to 19: who, what, where and how it ended.
    fn put_call(&mut self) -> rusqlite::Result<()> {
        self.put(1, |r| r.request.as_str())?;
        self.put(2, |r| r.attempt)?;
        self.put(3, |r| r.at.0)?;
        self.put(4, |r| r.operation)?;
        self.put(5, |r| r.family.as_str())?;
        self.put(6, |r| r.project.as_str())?;
        self.put(7, |r| r.key.as_str())?;
        self.put(8, |r| &*r.user)?;
        self.put(9, |r| r.user_label.as_deref())?;
        self.put(10, |r| r.model_asked.as_deref())?;
        self.put(11, |r| r.model_served.as_deref())?;
        self.put(12, |r| r.service_tier.as_deref())?;
        self.put(13, |r| r.upstream.as_str())?;
        self.put(14, |r| r.upstream_request.as_deref())?;
        self.put(15, |r| r.status)?;
        self.put(16, |r| r.outcome.as_str())?;
        self.put(17, |r| r.stream)?;
        self.put(18, |r| r.batch)?;
        self.put(19, |r| r.estimated)
    }

    /// Columns 20 to 46: what was counted, what it cost and how long it took.
    fn put_numbers(&mut self) -> rusqlite::Result<()> {
        self.put(20, |r| integer(r.tokens.input))?;
        self.put(21, |r| integer(r.tokens.input_cached))?;
        self.put(22, |r| integer(r.tokens.input_cache_write))?;
        self.put(23, |r| integer(r.tokens.input_audio))?;
        self.put(24, |r| integer(r.tokens.input_image))?;
        self.put(25, |r| integer(r.tokens.output))?;
        self.put(26, |r| integer(r.tokens.output_reasoning))?;
        self.put(27, |r| integer(r.tokens.output_audio))?;
        self.put(28, |r| integer(r.tokens.output_image))?;
        self.put(29, |r| r.images)?;
        self.put(30, |r| integer(r.media_ms))?;
        self.put(31, |r| integer(r.characters))?;
        self.put(32, |r| r.cost.map(|cost| cost.total().0))?;
        self.put(33, |r| r.error)?;
        self.put(34, |r| r.queue_us)?;
        self.put(35, |r| r.first_byte_us)?;
        self.put(36, |r| integer(r.total_us))?;
        self.put(37, |r| integer(r.bytes_in))?;
        self.put(38, |r| integer(r.bytes_out))?;
        self.put(39, |r| r.cost.map(|cost| cost.input.0))?;
        self.put(40, |r| r.cost.map(|cost| cost.input_cached.0))?;
        self.put(41, |r| r.cost.map(|cost| cost.output.0))?;
        self.put(42, |r| r.cache.map(CacheUse::as_str))?;
        self.put(43, |r| r.saved.map(|saved| saved.0))?;
        self.put(44, |r| r.shadow)?;
        self.put(45, |r| r.prints.map(|prints| prints.prompt.cast_signed()))?;
        self.put(46, |r| r.prints.and_then(|prints| prints.prefix).map(u64::cast_signed))
    }
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
