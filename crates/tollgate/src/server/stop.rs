//! The order to stop, heard by the acceptor and by every connection.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Notify;

#[derive(Clone, Default)]
pub struct Stop(Arc<State>);

#[derive(Default)]
struct State {
    called: AtomicBool,
    wake: Notify,
}

impl Stop {
    pub fn call(&self) {
        self.0.called.store(true, Ordering::SeqCst);
        self.0.wake.notify_waiters();
    }

    #[must_use]
    pub fn is_called(&self) -> bool {
        self.0.called.load(Ordering::SeqCst)
    }

    /// Resolves when the stop is called.
    pub async fn called(&self) {
        self.clone().wait().await;
    }

    async fn wait(self) {
        loop {
            let wake = self.0.wake.notified();
            tokio::pin!(wake);
            wake.as_mut().enable();
            if self.is_called() {
                return;
            }
            wake.await;
        }
    }
}

/// Drives a connection, and asks it to close when the stop is called. The stop is waited for once,
/// not at every poll: a connection is polled for each piece of a stream.
pub struct Until<C> {
    connection: Pin<Box<C>>,
    close_soon: fn(Pin<&mut C>),
    stop: Stop,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    told: bool,
}

impl<C: Future> Until<C> {
    pub fn new(connection: C, close_soon: fn(Pin<&mut C>), stop: Stop) -> Self {
        Self { connection: Box::pin(connection), close_soon, stop, waiting: None, told: false }
    }
}

impl<C> Until<C> {
    /// Asks the connection to close, whether or not the stop is called.
    pub fn close_soon(&mut self) {
        if !self.told {
            self.told = true;
            (self.close_soon)(self.connection.as_mut());
        }
    }
}

impl<C: Future> Future for Until<C> {
    type Output = C::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        if self.waiting.is_none() {
            let mut waiting: Pin<Box<dyn Future<Output = ()> + Send>> =
                Box::pin(self.stop.clone().wait());
            let _ = waiting.as_mut().poll(cx);
            self.waiting = Some(waiting);
        }
        if self.stop.is_called() {
            self.close_soon();
        }
        self.connection.as_mut().poll(cx)
    }
}
