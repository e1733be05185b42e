//! The clock for heads: one timer a connection. It stays in the runtime's wheel from head to head,
//! and when it rings for one that has come since, it is set to the one that is waited for now. The
//! library alone would put a timer in, and take it out again, at every request.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The timer of one HTTP/1.1 connection.
#[derive(Clone, Default)]
pub(super) struct Heads(Arc<Mutex<Option<Bell>>>);

struct Bell {
    timer: Pin<Box<tokio::time::Sleep>>,
    /// Whom it wakes.
    wakes: Waker,
}

impl Timer for Heads {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { heads: self.clone(), deadline: deadline.into() })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

/// The wait for one head.
struct Wait {
    heads: Heads,
    deadline: tokio::time::Instant,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut bell = self.heads.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bell = bell.get_or_insert_with(|| Bell {
            timer: Box::pin(tokio::time::sleep_until(self.deadline)),
            wakes: Waker::noop().clone(),
        });
        // Set for an earlier head, or for this one: it wakes us in time.
        let set = bell.timer.deadline() <= self.deadline && bell.wakes.will_wake(cx.waker());
        if set && !bell.timer.is_elapsed() {
            return Poll::Pending;
        }
        bell.wakes.clone_from(cx.waker());
        loop {
            if bell.timer.deadline() > self.deadline {
                bell.timer.as_mut().reset(self.deadline);
            }
            std::task::ready!(bell.timer.as_mut().poll(cx));
            if bell.timer.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            bell.timer.as_mut().reset(self.deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const MOST: Duration = Duration::from_millis(60);

    #[tokio::test]
    async fn case_75_each_head_has_its_own_time_though_the_timer_stays() {
        let heads = Heads::default();
        for _ in 0..4 {
            let mut wait = heads.sleep(MOST);
            assert!(poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx))).await.is_pending());
            // The head comes after a third of its time.
            Heads::default().sleep(MOST / 3).await;
        }
        // The next two do not come: each has all of its time.
        for _ in 0..2 {
            let began = Instant::now();
            heads.sleep(MOST).await;
            assert!(began.elapsed() >= MOST);
        }
    }

    #[tokio::test]
    async fn a_shorter_wait_is_over_before_a_longer_one() {
        let heads = Heads::default();
        let mut long = heads.sleep(Duration::from_secs(600));
        assert!(poll_fn(|cx| Poll::Ready(long.as_mut().poll(cx))).await.is_pending());
        let began = Instant::now();
        heads.sleep(MOST).await;
        assert!(began.elapsed() < Duration::from_secs(300));
    }
}
