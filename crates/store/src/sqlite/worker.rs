//! A thread that takes jobs from a bounded queue until nobody can send any more.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};

use domain::ports::StoreError;

use super::failure::gone;

pub(crate) struct Worker<J> {
    queue: Option<SyncSender<J>>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> Worker<J> {
    pub(crate) fn start(
        name: &str,
        depth: usize,
        work: impl FnOnce(Receiver<J>) + Send + 'static,
    ) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(depth);
        let thread = Builder::new().name(name.to_owned()).spawn(move || work(jobs))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Queues a job without waiting.
    pub(crate) fn submit(&self, job: J) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Unavailable("overloaded".to_owned()),
            TrySendError::Disconnected(_) => gone(),
        })
    }
}

impl<J> Drop for Worker<J> {
    /// Closes the queue, and waits until what is in it was done.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic was reported on its way; there is nothing to add.
            let _ = thread.join();
        }
    }
}
