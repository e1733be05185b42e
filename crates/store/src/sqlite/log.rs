//! The one writer of `requests.db`: the request log, and with it the usage of each batch.
//!
//! Two files have no common commit. The order makes every failure harmless to the sums: the rows
//! are put into an open transaction of the log, then the rollups are committed durably, then the
//! log. A failure before the rollups' commit undoes all, and the caller may come again. When only
//! the log's own commit fails, the batch counts as written, and its rows are kept here and go in
//! first next time; until they are in, further batches are refused. Only a power cut or a kill
//! in that moment loses log rows, and never a count.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use domain::UsageRecord;
use domain::ledger::Batch;
use domain::ports::{StoreError, StoreResult};
use rusqlite::{CachedStatement, Connection};
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

/// Records, and what they cost.
#[derive(Clone, Default)]
pub(crate) struct Settlements {
    pub(crate) records: Arc<Vec<UsageRecord>>,
    pub(crate) batch: Option<Batch>,
    /// The job that ends with them.
    pub(crate) job: Option<Arc<JobEnd>>,
}

struct Job {
    settlements: Settlements,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

pub(crate) struct Log(Worker<Job>);

impl Log {
    pub(crate) fn start(db: Connection, writer: Arc<Writer>) -> io::Result<Self> {
        Worker::start("store-log", DEPTH, move |jobs| {
            let mut thread = LogThread { db, writer, unlogged: Vec::new() };
            while let Ok(first) = jobs.recv() {
                thread.write_group(first, &jobs);
            }
            let _ = thread.log_kept();
            connect::close(&thread.db);
        })
        .map(Self)
    }

    pub(crate) fn write(&self, settlements: Settlements) -> StoreResult<'_, ()> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.0.submit(Job { settlements, reply })?;
            answer.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

struct LogThread {
    db: Connection,
    writer: Arc<Writer>,
    /// Rows whose rollups are committed and whose log transaction was not.
    unlogged: Vec<Settlements>,
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
        self.log_kept()?;
        if batches.iter().all(|batch| batch.records.is_empty()) {
            // Nothing but the promise that all before is written; the writer's queue is in order.
            return Ok(self.writer.write_blocking(|_| Ok(()))?);
        }
        execute(&self.db, "BEGIN IMMEDIATE")?;
        insert(&self.db, &batches)?;
        let group = batches.clone();
        self.writer.write_blocking(move |db| post(db, &group))?;
        if commit(&self.db).is_err() {
            self.unlogged = batches;
        }
        Ok(())
    }

    fn log_kept(&mut self) -> Result<(), Failure> {
        if !self.unlogged.is_empty() {
            execute(&self.db, "BEGIN IMMEDIATE")?;
            insert(&self.db, &self.unlogged)?;
            commit(&self.db)?;
            self.unlogged.clear();
        }
        Ok(())
    }
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

fn insert(db: &Connection, batches: &[Settlements]) -> Result<(), Failure> {
    let mut statement = db.prepare_cached(&sql::LOG_REQUEST)?;
    for record in batches.iter().flat_map(|batch| batch.records.iter()) {
        bind_call(&mut statement, record)?;
        bind_numbers(&mut statement, record)?;
        statement.raw_execute()?;
    }
    Ok(())
}

/// Columns 1 to 19: who, what, where and how it ended.
fn bind_call(row: &mut CachedStatement<'_>, record: &UsageRecord) -> rusqlite::Result<()> {
    row.raw_bind_parameter(1, record.request.as_str())?;
    row.raw_bind_parameter(2, record.attempt)?;
    row.raw_bind_parameter(3, record.at.0)?;
    row.raw_bind_parameter(4, record.operation)?;
    row.raw_bind_parameter(5, record.family.as_str())?;
    row.raw_bind_parameter(6, record.project.as_str())?;
    row.raw_bind_parameter(7, record.key.as_str())?;
    row.raw_bind_parameter(8, &*record.user)?;
    row.raw_bind_parameter(9, record.user_label.as_deref())?;
    row.raw_bind_parameter(10, record.model_asked.as_deref())?;
    row.raw_bind_parameter(11, record.model_served.as_deref())?;
    row.raw_bind_parameter(12, record.service_tier.as_deref())?;
    row.raw_bind_parameter(13, record.upstream.as_str())?;
    row.raw_bind_parameter(14, record.upstream_request.as_deref())?;
    row.raw_bind_parameter(15, record.status)?;
    row.raw_bind_parameter(16, record.outcome.as_str())?;
    row.raw_bind_parameter(17, record.stream)?;
    row.raw_bind_parameter(18, record.batch)?;
    row.raw_bind_parameter(19, record.estimated)
}

/// Columns 20 to 41: what was counted, what it cost and how long it took.
fn bind_numbers(row: &mut CachedStatement<'_>, record: &UsageRecord) -> rusqlite::Result<()> {
    let tokens = &record.tokens;
    row.raw_bind_parameter(20, integer(tokens.input))?;
    row.raw_bind_parameter(21, integer(tokens.input_cached))?;
    row.raw_bind_parameter(22, integer(tokens.input_cache_write))?;
    row.raw_bind_parameter(23, integer(tokens.input_audio))?;
    row.raw_bind_parameter(24, integer(tokens.input_image))?;
    row.raw_bind_parameter(25, integer(tokens.output))?;
    row.raw_bind_parameter(26, integer(tokens.output_reasoning))?;
    row.raw_bind_parameter(27, integer(tokens.output_audio))?;
    row.raw_bind_parameter(28, integer(tokens.output_image))?;
    row.raw_bind_parameter(29, record.images)?;
    row.raw_bind_parameter(30, integer(record.media_ms))?;
    row.raw_bind_parameter(31, integer(record.characters))?;
    row.raw_bind_parameter(32, record.cost.map(|cost| cost.total().0))?;
    row.raw_bind_parameter(33, record.error)?;
    row.raw_bind_parameter(34, record.queue_us)?;
    row.raw_bind_parameter(35, record.first_byte_us)?;
    row.raw_bind_parameter(36, integer(record.total_us))?;
    row.raw_bind_parameter(37, integer(record.bytes_in))?;
    row.raw_bind_parameter(38, integer(record.bytes_out))?;
    row.raw_bind_parameter(39, record.cost.map(|cost| cost.input.0))?;
    row.raw_bind_parameter(40, record.cost.map(|cost| cost.input_cached.0))?;
    row.raw_bind_parameter(41, record.cost.map(|cost| cost.output.0))
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
