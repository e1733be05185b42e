//! Answers kept behind the memory of the process: in a file of their own, `cache.db`, or in a Redis
//! that several nodes share.
//!
//! Nothing hangs on either. The file has a thread of its own and a bounded queue, a commit waits for no disk,
//! and a file that is gone or damaged is made anew: what was in it is asked for once more.

mod codec;
mod file;
mod redis;
mod thread;

use std::path::Path;
use std::sync::Arc;

use domain::ports::{AnswerStore, BoxFuture};
use domain::{CacheEntry, CacheHolding, CacheKey, CachePurge, Clock, ProjectId};
use tokio::sync::oneshot;

use crate::sqlite::worker::Worker;
pub use redis::{AnswerRedis, RedisAt};
use thread::{CacheThread, Job};

/// Jobs that wait; with more, answers are not kept and not found.
const DEPTH: usize = 512;

/// The answers of one data directory.
pub struct AnswerFile {
    worker: Worker<Job>,
    clock: Arc<dyn Clock>,
}

impl AnswerFile {
    /// Begins to keep answers in `directory`, up to `budget` bytes of them. Whatever is wrong with the
    /// file costs what was in it, and no start.
    ///
    /// # Errors
    /// No thread could be made.
    pub fn start(directory: &Path, budget: u64, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let path = directory.join("cache.db");
        let hands = Arc::clone(&clock);
        let worker = Worker::start("store-cache", DEPTH, move |jobs| {
            let mut thread = CacheThread::new(path, budget, hands);
            for job in jobs {
                thread.work(job);
            }
            thread.close();
        })?;
        Ok(Self { worker, clock })
    }

    fn ask<T: Default + Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> BoxFuture<'_, T> {
        let (reply, answer) = oneshot::channel();
        let submitted = self.worker.submit(job(reply));
        Box::pin(async move {
            match submitted {
                Ok(()) => answer.await.unwrap_or_default(),
                Err(_) => T::default(),
            }
        })
    }
}

impl AnswerStore for AnswerFile {
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Option<CacheEntry>> {
        self.ask(|reply| Job::Get { key, reply })
    }

    fn put(&self, key: CacheKey, entry: CacheEntry) {
        let asked = self.clock.now();
        let _ = self.worker.submit(Job::Put { key, entry, asked });
    }

    fn purge(&self, project: ProjectId, what: CachePurge) -> BoxFuture<'_, u64> {
        self.ask(|reply| Job::Purge { project, what, reply })
    }

    fn holding(&self, project: Option<ProjectId>) -> BoxFuture<'_, CacheHolding> {
        self.ask(|reply| Job::Holding { project, reply })
    }
}

#[cfg(test)]
mod tests;
