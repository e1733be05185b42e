//! What a call in flight has brought so far, and those who wait for more of it.
//!
//! A stream's pieces stay here while it may be joined: whoever comes late gets all of them, then what
//! comes. Beyond [`SHARED`] bytes nobody joins any more, and what all have read is let go; whoever
//! leads waits then for the slowest, but not for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use domain::{CacheKey, Outcome};
use egress::BoxError;
use openai::kept::stream::retold;
use openai::surface::Meter;

use super::flight::Flight;
use super::given::Given;
use super::memory::Kept;
use super::sharers::Seat;
use crate::detach::Gone;

/// Bytes of a stream that late ones can still join.
pub(super) const SHARED: usize = 8 << 20;

#[derive(Default)]
pub(super) struct Flow(Mutex<State>);

#[derive(Default)]
struct State {
    course: Course,
    /// Whether the stream has a chunk that tells the usage.
    tells_usage: bool,
    /// Asked for before a purge: not to be kept.
    outdated: bool,
    pieces: Vec<Bytes>,
    /// How many were let go before the first of them, and how many bytes they all are.
    gone: usize,
    bytes: usize,
    /// What all of them came to.
    came: usize,
    readers: HashMap<u64, Reader>,
    next: u64,
    /// Whoever waits for the head, and whoever pumps.
    waiting: Vec<Waker>,
    pump: Option<Waker>,
}

#[derive(Default)]
struct Reader {
    at: usize,
    waker: Option<Waker>,
}

#[derive(Clone, Default)]
enum Course {
    #[default]
    Begun,
    Streaming,
    /// All of it is there, and may be given to others.
    Done(Arc<Kept>),
    /// A stored answer was near enough to be given, and how near; under its key.
    Near(Arc<Kept>, (u16, CacheKey)),
    /// It ended as it should, and is nobody else's.
    Over,
    /// It came to nothing that can be shared. `alone`: it would be the same for everybody.
    Failed {
        alone: bool,
    },
}

/// What a follower meets in the end.
pub(super) enum Met {
    Answer(Arc<Kept>),
    Near(Arc<Kept>, (u16, CacheKey)),
    Stream(u64),
    /// Once more, from the start; by oneself where that is the same for everybody.
    Nothing {
        alone: bool,
    },
}

impl Flow {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and wakes whom it concerns, behind the lock.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let out = change(&mut state);
        let mut woken = std::mem::take(&mut state.waiting);
        woken.extend(state.readers.values_mut().filter_map(|reader| reader.waker.take()));
        drop(state);
        woken.into_iter().for_each(Waker::wake);
        out
    }

    pub(super) fn may_join(&self) -> bool {
        let state = self.state();
        match state.course {
            Course::Begun | Course::Done(_) | Course::Near(..) => true,
            Course::Streaming => state.came <= SHARED,
            Course::Over | Course::Failed { .. } => false,
        }
    }

    pub(super) fn outdated(&self) {
        self.state().outdated = true;
    }

    pub(super) fn is_outdated(&self) -> bool {
        self.state().outdated
    }

    /// It has become a stream; the leader is its first reader.
    pub(super) fn stream(&self, tells_usage: bool) -> u64 {
        self.change(|state| {
            (state.course, state.tells_usage) = (Course::Streaming, tells_usage);
            state.read()
        })
    }

    pub(super) fn done(&self, kept: Arc<Kept>) {
        self.change(|state| state.course = Course::Done(kept));
    }

    pub(super) fn near(&self, kept: Arc<Kept>, near: (u16, CacheKey)) {
        self.change(|state| state.course = Course::Near(kept, near));
    }

    /// It has ended, and others must ask for themselves.
    pub(super) fn over(&self) {
        self.end(Course::Over);
    }

    /// It came to nothing.
    pub(super) fn fail(&self, alone: bool) {
        self.end(Course::Failed { alone });
    }

    /// After its first end nothing changes.
    fn end(&self, course: Course) {
        self.change(|state| {
            if matches!(state.course, Course::Begun | Course::Streaming) {
                state.course = course;
            }
        });
    }

    /// Waits for something to share. `events`: wanted as a stream, with its usage or without.
    pub(super) async fn meet(&self, events: Option<bool>) -> Met {
        std::future::poll_fn(|cx| {
            let mut state = self.state();
            match (state.course.clone(), events) {
                (Course::Done(kept), _) => Poll::Ready(Met::Answer(kept)),
                (Course::Near(kept, near), _) => Poll::Ready(Met::Near(kept, near)),
                (Course::Over, _) => Poll::Ready(Met::Nothing { alone: true }),
                (Course::Failed { alone }, _) => Poll::Ready(Met::Nothing { alone }),
                (Course::Streaming, Some(usage)) if usage && !state.tells_usage => {
                    Poll::Ready(Met::Nothing { alone: true })
                }
                (Course::Streaming, Some(_)) if state.gone == 0 => {
                    Poll::Ready(Met::Stream(state.read()))
                }
                (Course::Streaming, Some(_)) => Poll::Ready(Met::Nothing { alone: true }),
                (Course::Begun | Course::Streaming, _) => {
                    state.waiting.push(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    pub(super) fn push(&self, piece: Bytes) {
        self.change(|state| {
            state.came += piece.len();
            state.bytes += piece.len();
            state.pieces.push(piece);
            if state.came > SHARED {
                state.let_go();
            }
        });
    }

    /// All pieces so far, where none was let go.
    pub(super) fn all(&self) -> Option<Vec<u8>> {
        let state = self.state();
        (state.gone == 0 && state.came <= SHARED).then(|| state.pieces.concat())
    }

    /// Ready when there is room for more.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.bytes <= SHARED {
            return Poll::Ready(());
        }
        state.pump = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Whoever is furthest behind has had its time.
    pub(super) fn make_room(&self) {
        self.change(|state| {
            let behind = state.readers.values().map(|reader| reader.at).min();
            state.readers.retain(|_, reader| Some(reader.at) != behind);
            state.let_go();
        });
    }

    /// Ready when nobody reads.
    pub(super) fn poll_deserted(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.readers.is_empty() {
            return Poll::Ready(());
        }
        state.pump = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The next piece for a reader; `None` at the end, an error where it was left behind.
    fn poll_piece(&self, id: u64, cx: &Context<'_>) -> Poll<Option<Result<Bytes, End>>> {
        let mut state = self.state();
        let State { readers, pieces, gone, course, bytes, .. } = &mut *state;
        let Some(reader) = readers.get_mut(&id) else { return Poll::Ready(Some(Err(End::Behind))) };
        let piece = reader.at.checked_sub(*gone).and_then(|at| pieces.get(at));
        if let Some(piece) = piece.cloned() {
            reader.at += 1;
            if *bytes > SHARED {
                state.let_go();
            }
            return Poll::Ready(Some(Ok(piece)));
        }
        match course {
            Course::Done(_) | Course::Near(..) | Course::Over => Poll::Ready(None),
            Course::Failed { .. } => Poll::Ready(Some(Err(End::Broken))),
            Course::Begun | Course::Streaming => {
                reader.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    pub(super) fn leave(&self, id: u64) {
        let mut state = self.state();
        state.readers.remove(&id);
        if state.came > SHARED {
            state.let_go();
        }
        let pump = state.pump.take();
        drop(state);
        pump.into_iter().for_each(Waker::wake);
    }
}

impl State {
    fn read(&mut self) -> u64 {
        self.next += 1;
        self.readers.insert(self.next, Reader::default());
        self.next
    }

    /// Lets go of what every reader has.
    fn let_go(&mut self) {
        let end = self.gone + self.pieces.len();
        let first = self.readers.values().map(|reader| reader.at).min().unwrap_or(end);
        let read = first.saturating_sub(self.gone).min(self.pieces.len());
        self.bytes -= self.pieces.drain(..read).map(|piece| piece.len()).sum::<usize>();
        self.gone += read;
        if self.bytes <= SHARED
            && let Some(pump) = self.pump.take()
        {
            pump.wake();
        }
    }
}

/// How a reader's stream ends before its end.
enum End {
    /// It was too slow.
    Behind,
    /// The answer broke off; what says so was the last piece.
    Broken,
}

/// A shared stream on its way to one of its clients.
pub(crate) struct Joined {
    flight: Arc<Flight>,
    reader: u64,
    meter: Meter,
    /// The form that this client wants.
    usage: bool,
    padded: bool,
    bytes: u64,
    whose: Whose,
}

/// Who reads a shared stream, until it has ended for them.
pub(super) enum Whose {
    /// The leader's client; its attempt has its own record.
    Leads(Gone),
    /// One who pays nothing for it.
    Follows(Box<Given>),
    /// One who pays a part.
    Shares(Seat),
    Ended,
}

impl Joined {
    pub(super) fn new(
        flight: &Arc<Flight>,
        reader: u64,
        meter: Meter,
        (usage, padded): (bool, bool),
        whose: Whose,
    ) -> Box<Self> {
        let flight = Arc::clone(flight);
        Box::new(Self { flight, reader, meter, usage, padded, bytes: 0, whose })
    }

    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            let end = match std::task::ready!(self.flight.flow.poll_piece(self.reader, cx)) {
                Some(Ok(piece)) => {
                    let told = match retold(self.meter, &piece, self.usage, self.padded) {
                        std::borrow::Cow::Borrowed(_) => piece,
                        std::borrow::Cow::Owned(told) if told.is_empty() => continue,
                        std::borrow::Cow::Owned(told) => told.into(),
                    };
                    self.bytes += told.len() as u64;
                    return Poll::Ready(Some(Ok(told)));
                }
                None => {
                    self.settle(Outcome::Completed);
                    None
                }
                // An error event told of it already.
                Some(Err(End::Broken)) => {
                    self.settle(Outcome::UpstreamFailed);
                    None
                }
                Some(Err(End::Behind)) => {
                    self.settle(Outcome::ClientGone);
                    Some(Err("the client read too slowly".into()))
                }
            };
            return Poll::Ready(end);
        }
    }

    /// Whether it has ended as an answer.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.flight.flow.state().course, Course::Done(_) | Course::Over)
    }

    fn settle(&mut self, outcome: Outcome) {
        match std::mem::replace(&mut self.whose, Whose::Ended) {
            Whose::Leads(gone) if outcome == Outcome::ClientGone => gone.set(),
            Whose::Leads(_) | Whose::Ended => {}
            Whose::Follows(mut given) => {
                if let Course::Done(kept) = &self.flight.flow.state().course {
                    given.saved = kept.entry.cost;
                }
                given.settle(outcome, self.bytes);
            }
            Whose::Shares(seat) => seat.ended(outcome, self.bytes),
        }
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.flight.flow.leave(self.reader);
        self.settle(Outcome::ClientGone);
    }
}

#[cfg(test)]
mod tests;
