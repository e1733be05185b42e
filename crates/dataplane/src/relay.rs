//! Bringing an answer's bytes to the client, counting as they pass.
//!
//! What came is what goes: bytes are never rewritten. An event stream is cut behind whole events
//! only; one event may be kept from the client (the usage chunk that only we asked for), and an
//! event that carries a new object's id waits until its owner is on record. The attempt is settled
//! before the last byte leaves. When the client has gone, the relay reads on by itself, within a
//! bound of time and bytes, for what the provider will bill (cases 36 to 39).

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use domain::attempt::Class;
use domain::{Entry, Nanos, Outcome, fault::catalogue, ports::StoreError};
use egress::{AnswerBody, BoxError};
use http_body::{Body, SizeHint};
use openai::answer::Scan;
use openai::surface::Meter;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::attempt::class_of;
use crate::jobs::{begins_run, hand_over_run};
use crate::recorder::Recorder;
use crate::tab::{Count, Deadlines, End, Tab};

mod count;
mod error_event;
mod events;
mod grow;
mod pump;

pub(crate) use count::Counter;
pub(crate) use events::Events;
use grow::Growing;
pub(crate) use pump::Pumped;

type Gate = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// Bytes of comments that are kept back before an answer's first event.
const HELD_BACK: u64 = 64 * 1024;

/// How an answer is looked at as it passes.
pub(crate) enum Mode {
    /// Whole server-sent events.
    Events(Box<Events>),
    /// A JSON text too large to hold.
    Json(Box<Scan>),
    /// Not looked at: audio, files, plain text.
    Raw,
}

pub(crate) struct Relay {
    /// None once the call is cancelled: the provider sees its connection end.
    source: Option<AnswerBody>,
    mode: Mode,
    /// Pieces that may leave.
    ready: VecDeque<Bytes>,
    /// What waits until an object's owner is on record.
    gate: Option<(Gate, Bytes)>,
    tab: Option<Box<Tab>>,
    counter: Counter,
    status: u16,
    over: bool,
    failed: bool,
    /// Nothing may leave yet; what ends the answer now is noted here, and said nowhere else.
    held_back: Option<Result<(), &'static Entry>>,
    gap: Option<Pin<Box<Sleep>>>,
    moved: Instant,
    cut: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// Under a hold that grows.
    growing: Option<Box<Growing>>,
    /// Writes down what goes to the client, where that is to be kept.
    recorder: Option<Box<Recorder>>,
    /// Settled as a whole answer.
    answered: bool,
    /// Others get it too.
    is_shared: bool,
    /// What it came to, where others wait to know.
    closed: Option<Box<Closed>>,
}

/// What an answer that is shared came to.
#[derive(Clone)]
pub(crate) struct Closed {
    /// It was seen to its own end, and told of no error.
    pub(crate) whole: bool,
    pub(crate) cost: Option<Nanos>,
    pub(crate) model: Option<Box<str>>,
}

impl Relay {
    /// `ready` holds what was read already; it has been counted.
    pub(crate) fn new(
        source: AnswerBody,
        mode: Mode,
        ready: VecDeque<Bytes>,
        tab: Box<Tab>,
        status: u16,
    ) -> Self {
        let mut counter = Counter::new(tab.call.operation.meter);
        let growing = match &mode {
            Mode::Events(_) => Growing::of(&tab),
            _ => None,
        };
        if growing.is_some() {
            counter.watch();
        }
        let mut relay = Self {
            source: Some(source),
            mode,
            ready,
            gate: None,
            tab: Some(tab),
            counter,
            status,
            over: false,
            failed: false,
            held_back: None,
            gap: None,
            moved: Instant::now(),
            cut: None,
            growing,
            recorder: None,
            answered: false,
            is_shared: false,
            closed: None,
        };
        relay.end_if_known();
        relay
    }

    /// The same for one that others get too.
    pub(crate) fn shared(mut self, is_shared: bool) -> Self {
        self.is_shared = is_shared;
        self
    }

    /// Has the answer written down, from its begin: nothing of it may have left.
    pub(crate) fn record(&mut self, mut recorder: Box<Recorder>) {
        let waiting = self.gate.as_ref().map(|(_, held)| held);
        self.ready.iter().chain(waiting).for_each(|piece| recorder.push(piece));
        match self.tab {
            Some(_) => self.recorder = Some(recorder),
            None => recorder.end(self.answered),
        }
    }

    fn note(&mut self, piece: &[u8]) {
        if let Some(recorder) = &mut self.recorder {
            recorder.push(piece);
        }
    }

    /// Waits until a first piece can leave. Until then a failure is no broken answer, but an
    /// attempt that brought none.
    ///
    /// # Errors
    /// What went wrong; the attempt is settled.
    pub(crate) async fn begin(&mut self) -> Result<(), &'static Entry> {
        let Some(tab) = &self.tab else { return Ok(()) };
        let due = tab.first_byte_due();
        self.held_back = Some(Ok(()));
        let begun = std::future::poll_fn(|cx| self.poll_begin(cx));
        if tokio::time::timeout_at(due, begun).await.is_err() {
            self.broken(&catalogue::UPSTREAM_TIMEOUT);
        }
        self.held_back.take().unwrap_or(Ok(()))
    }

    /// Ready when something can leave, or nothing ever will.
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !matches!(self.held_back, Some(Err(_))) && !self.over && !self.has_content() {
            ready!(self.poll_more(cx));
        }
        Poll::Ready(())
    }

    /// Whether something that is more than a comment is there to leave. Comments are how a
    /// provider says that it is still at work: they wait for the first event, but not in any number.
    fn has_content(&self) -> bool {
        let begun = |events: &Events| events.has_begun() || self.counter.came() > HELD_BACK;
        match &self.mode {
            Mode::Events(events) => !self.ready.is_empty() && begun(events),
            _ => !self.ready.is_empty(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over && self.ready.is_empty() && self.gate.is_none() && !self.failed
    }

    /// A raw body keeps its length; a stream has none.
    pub(crate) fn size_hint(&self) -> SizeHint {
        match self.mode {
            Mode::Raw if self.ready.is_empty() => {
                self.source.as_ref().map_or_else(SizeHint::default, AnswerBody::size_hint)
            }
            _ => SizeHint::default(),
        }
    }

    /// The next piece for the client.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(piece)));
            }
            if self.gate.is_none() {
                if std::mem::take(&mut self.failed) {
                    return Poll::Ready(Some(Err("the upstream's answer broke off".into())));
                }
                if self.over {
                    return Poll::Ready(None);
                }
            }
            ready!(self.poll_more(cx));
        }
    }

    /// Goes one step on: through a gate, or with what the provider sends.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some((gate, _)) = &mut self.gate {
            let opened = ready!(gate.as_mut().poll(cx));
            self.pass_gate(opened);
            return Poll::Ready(());
        }
        self.poll_grant(cx);
        let Some(source) = &mut self.source else {
            self.over = true;
            return Poll::Ready(());
        };
        match Pin::new(source).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Ok(piece) = frame.into_data() {
                    self.arrived(piece);
                }
            }
            Poll::Ready(None) => self.ended(),
            Poll::Ready(Some(Err(error))) => {
                tracing::warn!(%error, "an upstream's answer broke off");
                self.broken(&catalogue::UPSTREAM_INCOMPLETE);
            }
            Poll::Pending => return self.poll_interrupted(cx),
        }
        Poll::Ready(())
    }

    fn arrived(&mut self, piece: Bytes) {
        self.moved = Instant::now();
        self.counter.bytes(piece.len());
        if !matches!(self.mode, Mode::Events(_)) {
            self.note(&piece);
        }
        match &mut self.mode {
            Mode::Raw => {
                self.ready.push_back(piece);
                self.end_if_known();
            }
            Mode::Json(scan) => {
                scan.feed(&piece);
                self.ready.push_back(piece);
            }
            Mode::Events(events) => match events.push(piece) {
                Ok(whole) if whole.is_empty() => {}
                Ok(whole) => self.look_at(whole),
                Err(_) => self.broken(&catalogue::UPSTREAM_MALFORMED_STREAM),
            },
        }
    }

    /// A body with a length is not asked for more once its length is out, so that the end of one
    /// must be known with its last piece: else it would look as if the client had hung up.
    fn end_if_known(&mut self) {
        if matches!(self.mode, Mode::Raw)
            && self.source.as_ref().is_some_and(AnswerBody::is_end_stream)
        {
            self.ended();
        }
    }

    /// Looks at whole events; what may leave goes to `ready`, or behind a gate.
    fn look_at(&mut self, whole: Bytes) {
        let Mode::Events(events) = &mut self.mode else { return };
        let out = events.inspect(whole, &mut self.counter);
        if self.growing.is_some() && !self.grow() {
            return self.exhausted();
        }
        self.note(&out);
        let Mode::Events(events) = &mut self.mode else { return };
        if let Some(tab) = &self.tab
            && let Some(claim) = events.claim(tab)
        {
            self.gate = Some((claim, out));
        } else if !out.is_empty() {
            self.ready.push_back(out);
        }
        let (complete, begins_badly) = (events.is_complete(), events.begins_with_error());
        if begins_badly && self.held_back.is_some() {
            // It is an answer's first event, and no answer (case 98).
            return self.broken(&catalogue::UPSTREAM_ERROR);
        }
        if complete {
            self.settle(Outcome::Completed, None);
        }
    }

    fn pass_gate(&mut self, opened: Result<(), StoreError>) {
        let Some((_, held)) = self.gate.take() else { return };
        match opened {
            Ok(()) => self.ready.push_back(held),
            Err(error) => {
                tracing::error!(%error, "an object's owner could not be recorded");
                self.broken(&catalogue::LEDGER_UNAVAILABLE);
            }
        }
    }

    /// The upstream closed its answer properly.
    fn ended(&mut self) {
        if let Mode::Events(events) = &mut self.mode {
            let rest = events.rest();
            if !rest.is_empty() {
                self.look_at(rest);
            }
        }
        if let Mode::Events(events) = &self.mode
            && !events.may_end()
        {
            // A chat stream without its [DONE] is not a finished one (case 96).
            return self.broken(&catalogue::UPSTREAM_INCOMPLETE);
        }
        self.over = true;
        self.settle(Outcome::Completed, None);
    }

    /// The answer cannot go on: an error event where the form allows one, else a broken body.
    fn broken(&mut self, entry: &'static Entry) {
        if self.over {
            return;
        }
        self.over = true;
        self.ready.clear();
        if let (Some((claim, _)), Some(tab)) = (self.gate.take(), &self.tab) {
            // What waited is half an event, and stays here; what it told of is owned all the same.
            tab.worker.shared.tasks.spawn(async move { drop(claim.await) });
        }
        if let Some(held_back) = &mut self.held_back {
            *held_back = Err(entry);
        } else if let Mode::Events(events) = &self.mode {
            if !events.is_complete() {
                let meter = self.counter.meter();
                self.ready.push_back(error_event::render(meter, entry, events.sequence()));
            }
        } else {
            self.failed = true;
        }
        self.settle(Outcome::UpstreamFailed, Some(entry.code));
    }

    /// Whether a stream's own last event was seen.
    fn is_complete(&self) -> bool {
        matches!(&self.mode, Mode::Events(events) if events.is_complete())
    }

    /// The attempt's one settlement; what follows the first is nothing.
    fn settle(&mut self, outcome: Outcome, error: Option<&'static str>) {
        let Some(mut tab) = self.tab.take() else { return };
        if let Mode::Json(scan) = &self.mode {
            self.counter.note(&scan.noted().seen());
        }
        let whole = outcome == Outcome::Completed || self.is_complete();
        if whole {
            self.counter.whole();
        }
        let gone = tab.is_let_go() && outcome == Outcome::Completed;
        let outcome = if gone { Outcome::ClientGone } else { outcome };
        let count: Count = self.counter.take();
        // An error event is a failure of the provider's, however properly the stream ends.
        let erred = matches!(&self.mode, Mode::Events(events) if events.has_error());
        self.answered = whole && error.is_none() && !erred;
        if let Some(recorder) = self.recorder.take() {
            recorder.end(self.answered);
        }
        let class = match error {
            Some(code) => catalogue::find(code).map(class_of),
            None => erred.then_some(Class::Interrupted),
        };
        let end = End { outcome, status: self.status, error, class, count };
        if let Mode::Events(events) = &mut self.mode
            && let Some(run) = events.unfinished_run()
            && begins_run(&tab.call)
        {
            let tasks = tab.worker.shared.tasks.clone();
            tasks.spawn(Box::pin(hand_over_run(tab, end, run)));
            return;
        }
        // Only those who share it ask.
        let model = tab.call.keeping.as_ref().map(|_| end.count.model.clone());
        let whole = self.is_complete() && !erred;
        if let Some(keeping) = tab.call.keeping.as_ref().filter(|_| whole && self.is_shared) {
            let last = self.ready.iter().chain(self.gate.iter().map(|(_, held)| held));
            tab.divided = keeping.whole_stream(last);
        }
        let cost = tab.settle(end);
        self.closed = model.map(|model| Box::new(Closed { whole, cost, model }));
    }

    /// What it came to, once it is settled.
    pub(crate) fn closed(&self) -> Option<Closed> {
        self.closed.as_deref().cloned()
    }

    /// Ends it where nobody reads on.
    pub(crate) fn give_up(mut self: Box<Self>) {
        self.settle(Outcome::ClientGone, None);
    }

    /// Ready when a timer or a stop has ended the answer.
    fn poll_interrupted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(tab) = &self.tab else {
            // Settled already; only the provider's own closing is awaited, and not for long.
            return self
                .poll_gap(cx, std::time::Duration::from_secs(5), None)
                .map(|()| self.over = true);
        };
        let tasks = tab.worker.shared.tasks.clone();
        let cut = self.cut.get_or_insert_with(|| Box::pin(tasks.until_cut()));
        if cut.as_mut().poll(cx).is_ready() {
            self.broken(&catalogue::SHUTTING_DOWN);
            return Poll::Ready(());
        }
        let Deadlines { gap, end, .. } = tab.call.deadlines;
        ready!(self.poll_gap(cx, gap, Some(end)));
        self.broken(&catalogue::UPSTREAM_TIMEOUT);
        Poll::Ready(())
    }

    /// Ready when nothing has come for `gap`, or at `end`. The timer is moved only when it fires.
    fn poll_gap(
        &mut self,
        cx: &mut Context<'_>,
        gap: std::time::Duration,
        end: Option<Instant>,
    ) -> Poll<()> {
        let deadline = self.moved + gap;
        let deadline = end.map_or(deadline, |end| end.min(deadline));
        let timer = self.gap.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    /// Called when nobody reads any more: reads on for the bill, or ends.
    pub(crate) fn let_go(self: Box<Self>) {
        let Some(tab) = &self.tab else { return };
        tab.let_go();
        if self.growing.is_some() {
            return self.cancel();
        }
        let shared = tab.worker.shared.clone();
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let drain = self.drain(shared.settings.drain, shared.settings.drain_bytes);
        shared.tasks.spawn(drain);
    }

    async fn drain(mut self: Box<Self>, time: std::time::Duration, most: u64) {
        let read = async {
            let mut bytes = 0;
            while let Some(Ok(piece)) = std::future::poll_fn(|cx| self.poll_next(cx)).await {
                bytes += piece.len() as u64;
                if bytes > most || self.tab.is_none() {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(time, read).await;
        self.settle(Outcome::ClientGone, None);
    }
}

/// Which streams must say that they are done.
pub(crate) fn has_terminal_event(meter: Meter) -> bool {
    matches!(meter, Meter::Chat | Meter::Completion | Meter::Responses | Meter::Run)
}
