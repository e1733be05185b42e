//! A stream under a hold that grows: more is held before what needs it is let through, and where it
//! cannot be the call is cancelled.
//!
//! Nothing here waits. While the ledger is asked the stream goes on under what is held; once that is
//! used up, up to the margin, it is cut, whatever the answer would have been: a provider that is
//! waited for writes on.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use domain::{Outcome, fault::catalogue};

use super::{Mode, Relay, error_event};
use crate::budget::{Held, More};
use crate::tab::Tab;

type Asking = Pin<Box<dyn Future<Output = Option<Held>> + Send>>;

pub(super) struct Growing {
    more: More,
    /// What is asked of the store, and the tokens that it would cover.
    asking: Option<(Asking, u64)>,
}

impl Growing {
    pub(super) fn of(tab: &Tab) -> Option<Box<Self>> {
        tab.with_growth(|_| ())?;
        Some(Box::new(Self { more: tab.more()?, asking: None }))
    }
}

impl Relay {
    pub(crate) fn is_growing(&self) -> bool {
        self.growing.is_some()
    }

    /// Asks for what the stream will need. Whether it may go on by now.
    pub(super) fn grow(&mut self) -> bool {
        let seen = self.counter.seen();
        let (Some(tab), Some(growing)) = (&self.tab, &mut self.growing) else { return true };
        tab.with_growth(|growth| growth.saw(seen));
        if let Some((amount, covered)) = tab.with_growth(|growth| growth.wish()).flatten() {
            match growing.more.at_hand(amount) {
                Some(held) => {
                    // What the store may still grant is not needed any more, and goes back.
                    growing.asking = None;
                    tab.extend(held, covered);
                }
                None if growing.asking.is_none() => {
                    let asked = growing.more.clone().asked(amount);
                    growing.asking = Some((Box::pin(asked), covered));
                }
                None => {}
            }
        }
        self.is_complete() || tab.with_growth(|growth| growth.is_covered()).unwrap_or(true)
    }

    /// Takes what the store has granted meanwhile.
    pub(super) fn poll_grant(&mut self, cx: &mut Context<'_>) {
        let (Some(growing), Some(tab)) = (&mut self.growing, &self.tab) else { return };
        let Some((asking, covered)) = &mut growing.asking else { return };
        let Poll::Ready(granted) = asking.as_mut().poll(cx) else { return };
        let covered = *covered;
        growing.asking = None;
        if let Some(held) = granted {
            tab.extend(held, covered);
        }
    }

    /// Holds the whole bound, so that the stream may be left alone. Whether that could be done.
    pub(super) fn hold_rest(&mut self) -> bool {
        let (Some(tab), Some(growing)) = (&self.tab, &mut self.growing) else { return true };
        let Some((amount, covered)) = tab.with_growth(|growth| growth.rest()).flatten() else {
            return true;
        };
        growing.asking = None;
        growing.more.at_hand(amount).is_some_and(|held| tab.extend(held, covered))
    }

    /// Nothing more can be held (case 100): the stream ends as at a maximum, and the call is
    /// cancelled.
    pub(super) fn exhausted(&mut self) {
        if self.over {
            return;
        }
        let entry = &catalogue::BUDGET_EXHAUSTED_MID_STREAM;
        if let Some(held_back) = &mut self.held_back {
            *held_back = Err(entry);
        } else if let Mode::Events(events) = &self.mode {
            self.ready.push_back(error_event::at_a_maximum(events.head(), entry));
        }
        self.over = true;
        self.source = None;
        self.settle(Outcome::UpstreamFailed, Some(entry.code));
    }

    /// Nobody reads any more: the provider is told by the connection's end.
    pub(super) fn cancel(mut self: Box<Self>) {
        self.settle(Outcome::ClientGone, None);
    }
}
