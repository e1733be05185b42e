//! Work that goes on when nobody waits for it any more.
//!
//! A server drops a call's future when its client hangs up. The provider goes on generating, and
//! billing, so the exchange must be followed to its end all the same (cases 38, 39). Wrapping it
//! costs an ordinary call one allocation and no task.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::tasks::Tasks;

/// Set when the client of a call has gone.
#[derive(Clone, Default)]
pub(crate) struct Gone(Arc<AtomicBool>);

impl Gone {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Does work for as long as the client is there; `None` when it leaves. Nobody needs to be
    /// woken for that: a call whose client leaves goes on in a task of its own, which looks at all
    /// that it waits for.
    pub(crate) async fn unless_set<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        std::future::poll_fn(|cx| match self.get() {
            true => Poll::Ready(None),
            false => work.as_mut().poll(cx).map(Some),
        })
        .await
    }
}

/// A future that, dropped before its end, is finished in a task of its own.
pub(crate) struct Detach<F: Future + Send + 'static>
where
    F::Output: Send,
{
    future: Option<Pin<Box<F>>>,
    tasks: Tasks,
    gone: Gone,
}

impl<F: Future + Send + 'static> Detach<F>
where
    F::Output: Send,
{
    /// Inlined, so that the future is made in its box and not moved there.
    #[inline(always)]
    pub(crate) fn new(tasks: Tasks, gone: Gone, future: F) -> Self {
        Self { future: Some(Box::pin(future)), tasks, gone }
    }
}

impl<F: Future + Send + 'static> Future for Detach<F>
where
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = self.future.as_mut() else { return Poll::Pending };
        let output = std::task::ready!(future.as_mut().poll(cx));
        self.future = None;
        Poll::Ready(output)
    }
}

impl<F: Future + Send + 'static> Drop for Detach<F>
where
    F::Output: Send,
{
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.gone.set();
            // The answer is dropped where it arrives; a streaming one then drains itself.
            self.tasks.spawn(async move { drop(future.await) });
        }
    }
}
