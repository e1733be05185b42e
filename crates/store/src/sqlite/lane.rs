//! A read-only connection on a thread of its own.

use std::io;
use std::sync::mpsc::Receiver;

use domain::ports::StoreResult;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::failure::{Failure, gone, guarded};
use super::worker::Worker;

const DEPTH: usize = 1024;

type Job = Box<dyn FnOnce(&Connection) + Send>;

pub(crate) struct Lane(Worker<Job>);

impl Lane {
    pub(crate) fn start(name: &str, db: Connection) -> io::Result<Self> {
        Worker::start(name, DEPTH, move |jobs: Receiver<Job>| {
            for job in jobs {
                job(&db);
            }
        })
        .map(Self)
    }

    pub(crate) fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> StoreResult<'_, T> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.0.submit(Box::new(move |db| {
                // A caller who left in the queue costs no read.
                if !reply.is_closed() {
                    let _ = reply.send(guarded(|| work(db)));
                }
            }))?;
            answer.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}
