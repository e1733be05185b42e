//! Tasks that outlive their call: counted, so that a stop can wait for them.
//!
//! This is the one place of the data plane that spawns. Each task runs on the worker that it was
//! spawned from.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The data plane's own work: calls in flight, answers being drained, tokens being counted.
#[derive(Clone, Default)]
pub struct Tasks(Arc<State>);

#[derive(Default)]
struct State {
    open: AtomicUsize,
    idle: Notify,
    cutting: AtomicBool,
    cut: Notify,
}

/// One piece of open work; it ends when this is dropped.
pub struct Open(Arc<State>);

impl Tasks {
    /// Counts a piece of work as open until the guard is dropped.
    #[must_use]
    pub fn open(&self) -> Open {
        self.0.open.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(&self.0))
    }

    /// How much is open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.open.load(Ordering::Relaxed)
    }

    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let open = self.open();
        tokio::spawn(async move {
            work.await;
            drop(open);
        });
    }

    /// Work that may block a thread.
    pub fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        let open = self.open();
        tokio::task::spawn_blocking(move || {
            work();
            drop(open);
        });
    }

    /// Waits until nothing is open.
    pub async fn idle(&self) {
        loop {
            let idle = self.0.idle.notified();
            if self.count() == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Ends all streams with an error event, and all waiting for a head (the stop's last word).
    pub fn cut(&self) {
        self.0.cutting.store(true, Ordering::SeqCst);
        self.0.cut.notify_waiters();
    }

    /// Does `work`, unless the cut comes first. What is large is better pinned by the caller and
    /// lent: each layer that takes it by value moves it, and has room for it twice.
    pub async fn unless_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        // What is there already waits for no cut.
        let (mut work, mut cut) = (pin!(work), pin!(None));
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => {
                if cut.is_none() {
                    cut.set(Some(self.0.until_cut()));
                }
                match cut.as_mut().as_pin_mut() {
                    Some(cut) => cut.poll(cx).map(|()| None),
                    None => Poll::Pending,
                }
            }
        })
        .await
    }

    /// Resolves when streams must end.
    pub async fn until_cut(self) {
        self.0.until_cut().await;
    }
}

impl State {
    async fn until_cut(&self) {
        loop {
            // Whoever asks for a word before the cut is given it, polled by then or not.
            let cut = self.cut.notified();
            if self.cutting.load(Ordering::SeqCst) {
                return;
            }
            cut.await;
        }
    }
}

/// What `work` comes to, if that is there already.
async fn at_once<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// Waits for `work`, for at most some time. Most of what is waited for is there already: then no
/// clock is read and no timer made.
pub(crate) async fn within<T>(
    most: Duration,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    match at_once(work.as_mut()).await {
        Some(done) => Some(done),
        None => tokio::time::timeout(most, work).await.ok(),
    }
}

/// Waits for `work` until `late`; made like [`within`]. With it, whether it was there already.
pub(crate) async fn by<T>(
    late: Instant,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> (Option<T>, bool) {
    match at_once(work.as_mut()).await {
        Some(done) => (Some(done), true),
        None => (tokio::time::timeout_at(late, work).await.ok(), false),
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::Release) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
