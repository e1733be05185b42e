//! Forms that were sent already: whoever clicks twice has done it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::Timestamp;
use tokio::sync::Mutex as Waiting;

use super::page::Page;

/// How long forms are remembered.
const SECONDS: i64 = 900;

type Answer = Arc<Waiting<State>>;

#[derive(Default)]
enum State {
    /// Nobody has done it, or whoever began was refused.
    #[default]
    Open,
    /// It is done. `None`: with an answer that is shown only once.
    Done(Option<Page>),
}

pub(crate) struct Once {
    /// Forms that are remembered.
    most: usize,
    all: Mutex<HashMap<u64, (Timestamp, Answer)>>,
}

pub(crate) enum Turn {
    First(Mine),
    Again(Option<Page>),
}

/// The right to do it. Dropped without [`Mine::done`], the next one has it.
pub(crate) struct Mine(tokio::sync::OwnedMutexGuard<State>);

impl Mine {
    pub(crate) fn done(mut self, page: Option<Page>) {
        *self.0 = State::Done(page);
    }
}

impl Once {
    /// One that keeps at most so many forms in mind, each with its page.
    pub(crate) fn of(most: usize) -> Self {
        Self { most, all: Mutex::default() }
    }

    /// Waits for whoever is at it.
    pub(crate) async fn turn(&self, form: u64, now: Timestamp) -> Turn {
        let state = Arc::clone(&self.entry(form, now)).lock_owned().await;
        match &*state {
            State::Open => Turn::First(Mine(state)),
            State::Done(page) => Turn::Again(page.clone()),
        }
    }

    fn entry(&self, form: u64, now: Timestamp) -> Answer {
        let Ok(mut all) = self.all.lock() else { return Answer::default() };
        if all.len() >= self.most {
            all.retain(|_, (at, _)| now < at.plus_seconds(SECONDS));
        }
        if all.len() >= self.most {
            all.clear();
        }
        Arc::clone(&all.entry(form).or_insert_with(|| (now, Answer::default())).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_click_waits_for_the_first_and_gets_its_answer() {
        let once = Once::of(10);
        let Turn::First(mine) = once.turn(1, Timestamp(0)).await else { panic!("not the first") };
        let (second, ()) = tokio::join!(once.turn(1, Timestamp(1)), async {
            tokio::task::yield_now().await;
            mine.done(Some(Page::to("/there")));
        });
        assert!(matches!(second, Turn::Again(Some(_))));
        assert!(matches!(once.turn(2, Timestamp(1)).await, Turn::First(_)));
    }

    #[tokio::test]
    async fn there_are_never_more_than_may_be_kept() {
        let once = Once::of(3);
        for form in 0..10 {
            drop(once.turn(form, Timestamp(0)).await);
            assert!(once.all.lock().unwrap().len() <= 3);
        }
    }

    #[tokio::test]
    async fn what_was_refused_may_be_sent_again() {
        let once = Once::of(10);
        drop(once.turn(1, Timestamp(0)).await);
        assert!(matches!(once.turn(1, Timestamp(0)).await, Turn::First(_)));
    }
}
