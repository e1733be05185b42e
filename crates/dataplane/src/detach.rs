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

use domain::{Fault, pinned};
use http::Response;

use crate::body::reply::ReplyBody;
use crate::recorder::{Sink, listen};
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

type Answered = Result<Response<ReplyBody>, Fault>;

/// A future that, dropped before its end, is finished in a task of its own.
pub(crate) struct Detach<F: Future<Output = Answered> + Send + 'static> {
    future: Option<Pin<Box<F>>>,
    tasks: Tasks,
    gone: Gone,
    /// Who wants the answer written down, whoever waits for it.
    sinks: Vec<Sink>,
}

impl<F: Future<Output = Answered> + Send + 'static> Detach<F> {
    /// Inlined, so that the future is made in its box and not moved there.
    #[inline(always)]
    pub(crate) fn new(
        (tasks, gone): (Tasks, Gone),
        sinks: Vec<Sink>,
        make: impl FnOnce() -> F,
    ) -> Self {
        Self { future: Some(pinned(make)), tasks, gone, sinks }
    }
}

impl<F: Future<Output = Answered> + Send + 'static> Future for Detach<F> {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered> {
        let Some(future) = self.future.as_mut() else { return Poll::Pending };
        let mut output = std::task::ready!(future.as_mut().poll(cx));
        self.future = None;
        if let Ok(reply) = &mut output {
            listen(std::mem::take(&mut self.sinks), reply);
        }
        Poll::Ready(output)
    }
}

impl<F: Future<Output = Answered> + Send + 'static> Drop for Detach<F> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.gone.set();
            // The answer is dropped where it arrives; a streaming one then drains itself.
            let sinks = std::mem::take(&mut self.sinks);
            self.tasks.spawn(async move {
                if let Ok(mut reply) = future.await {
                    listen(sinks, &mut reply);
                }
            });
        }
    }
}
