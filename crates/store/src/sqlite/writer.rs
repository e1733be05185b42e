//! The one writer of `tollgate.db`, with group commit.
//!
//! A job that waits while another commits joins the next group, so that the price of one
//! `fsync` is shared by all who came meanwhile. Each job runs inside a savepoint: its failure
//! undoes it alone. Nobody is answered before the group's commit.

use std::io;
use std::sync::mpsc::Receiver;

use domain::ports::{StoreError, StoreResult};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connect;
use super::failure::{Failure, gone, guarded};
use super::worker::Worker;

const DEPTH: usize = 1024;
const GROUP: usize = 64;

type Work = Box<dyn FnOnce(&Connection) -> Result<(), Failure> + Send>;
type Answer = Result<(), StoreError>;

struct Job {
    work: Work,
    reply: oneshot::Sender<Answer>,
}

pub(crate) struct Writer(Worker<Job>);

impl Writer {
    pub(crate) fn start(db: Connection) -> io::Result<Self> {
        Worker::start("store-writer", DEPTH, move |jobs| {
            while let Ok(first) = jobs.recv() {
                write_group(&db, first, &jobs);
            }
            connect::close(&db);
        })
        .map(Self)
    }

    /// Durable when the future is ready. Once polled, the write happens even if the future is
    /// dropped.
    pub(crate) fn write(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), Failure> + Send + 'static,
    ) -> StoreResult<'_, ()> {
        Box::pin(async move { self.queue(work)?.await.unwrap_or_else(|_| Err(gone())) })
    }

    /// The same for a thread that may wait.
    pub(crate) fn write_blocking(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), Failure> + Send + 'static,
    ) -> Answer {
        self.queue(work)?.blocking_recv().unwrap_or_else(|_| Err(gone()))
    }

    fn queue(
        &self,
        work: impl FnOnce(&Connection) -> Result<(), Failure> + Send + 'static,
    ) -> Result<oneshot::Receiver<Answer>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.submit(Job { work: Box::new(work), reply })?;
        Ok(answer)
    }
}

fn write_group(db: &Connection, first: Job, jobs: &Receiver<Job>) {
    if let Err(error) = execute(db, "BEGIN IMMEDIATE") {
        // Whoever waits behind would each wait for the same lock again.
        let waiting = std::iter::once(first).chain(jobs.try_iter().take(GROUP - 1));
        for job in waiting {
            let _ = job.reply.send(Err(error.0.clone()));
        }
        return;
    }
    let mut done = Vec::new();
    let mut next = Some(first);
    while let Some(job) = next {
        let result = in_savepoint(db, job.work);
        done.push((job.reply, result));
        // A full disk or a read error can make SQLite roll the whole transaction back.
        let alive = !db.is_autocommit();
        next = if alive && done.len() < GROUP { jobs.try_recv().ok() } else { None };
    }
    let committed = commit(db);
    for (reply, result) in done {
        let _ = reply.send(result.and_then(|()| committed.clone()));
    }
}

fn in_savepoint(db: &Connection, work: Work) -> Answer {
    guarded(|| execute(db, "SAVEPOINT job"))?;
    let result = guarded(|| work(db));
    let ended = match result {
        Ok(()) => execute(db, "RELEASE job"),
        Err(_) => execute(db, "ROLLBACK TO job").and_then(|()| execute(db, "RELEASE job")),
    };
    if ended.is_err() {
        // What cannot be undone in part is undone whole; `commit` tells everybody.
        let _ = execute(db, "ROLLBACK");
    }
    result
}

pub(crate) fn commit(db: &Connection) -> Answer {
    if db.is_autocommit() {
        return Err(StoreError::Unavailable("the transaction was rolled back".to_owned()));
    }
    execute(db, "COMMIT").map_err(|failure| {
        let _ = execute(db, "ROLLBACK");
        match failure.0 {
            // Whatever the reason, the caller's change was not at fault.
            StoreError::NotFound => StoreError::Unavailable("commit failed".to_owned()),
            StoreError::Conflict(why) | StoreError::Unavailable(why) => {
                StoreError::Unavailable(why)
            }
        }
    })
}

pub(crate) fn execute(db: &Connection, text: &str) -> Result<(), Failure> {
    db.prepare_cached(text)?.execute([])?;
    Ok(())
}
