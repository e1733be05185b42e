//! An answer that is written down as it passes, for those who want to know what it was: the key of an
//! idempotent call, the copy of a call that is made for comparison.

use http::{HeaderMap, Response, StatusCode};

use crate::body::reply::ReplyBody;
use crate::idempotency::Ticket;
use crate::pipeline::Copy;
use crate::shared::Dataplane;

/// Who wants an answer written down.
pub(crate) enum Sink {
    Ticket(Box<Ticket>),
    Copy(Box<Copy>),
}

impl Sink {
    fn shared(&self) -> &Dataplane {
        match self {
            Self::Ticket(ticket) => ticket.shared(),
            Self::Copy(copy) => copy.shared(),
        }
    }

    /// Bytes that are kept of an answer at most; `None`: not the answer, only that there was one.
    fn most(&self) -> Option<usize> {
        match self {
            Self::Ticket(ticket) => {
                ticket.keeps().then_some(ticket.shared().settings.idempotency.answer)
            }
            Self::Copy(copy) => copy.keeps().then_some(Copy::TEXT),
        }
    }

    /// What stands before the answer's body.
    fn head(&self, status: StatusCode, map: &HeaderMap) -> Vec<u8> {
        match self {
            Self::Ticket(_) => Ticket::head(status, map),
            Self::Copy(_) => Vec::new(),
        }
    }

    fn answered(self, text: Option<Vec<u8>>) {
        match self {
            Self::Ticket(ticket) => ticket.answered(text.as_deref()),
            Self::Copy(copy) => copy.answered(text),
        }
    }
}

/// Has a call's answer written down, as it comes. Of one that failed nobody hears.
pub(crate) fn listen(sinks: Vec<Sink>, reply: &mut Response<ReplyBody>) {
    if sinks.is_empty() || !reply.status().is_success() {
        return;
    }
    let (status, map) = (reply.status(), reply.headers());
    let lines = sinks.into_iter().map(|sink| Line::new(sink, status, map)).collect();
    let mut recorder = Recorder(lines);
    match reply.body_mut().whole_bytes() {
        Some(bytes) => {
            recorder.push(bytes);
            recorder.end(true);
        }
        None => reply.body_mut().record(Box::new(recorder)),
    }
}

/// Dropped before its end, it tells nobody: the answer was none.
pub(crate) struct Recorder(Vec<Line>);

impl Recorder {
    /// Takes down what goes to the client.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.0.iter_mut().for_each(|line| line.push(piece));
    }

    /// The answer has ended: as an answer, or as a failure.
    pub(crate) fn end(self, is_answer: bool) {
        self.0.into_iter().for_each(|line| line.end(is_answer));
    }
}

/// What is written down for one of them.
struct Line {
    /// Until the end.
    sink: Option<Sink>,
    /// `None` once it is not to be kept.
    bytes: Option<Vec<u8>>,
    /// Of them, what is counted against the bound of all recordings.
    counted: usize,
}

impl Line {
    fn new(sink: Sink, status: StatusCode, map: &HeaderMap) -> Self {
        let bytes = sink.most().map(|_| sink.head(status, map));
        Self { sink: Some(sink), bytes, counted: 0 }
    }

    fn push(&mut self, piece: &[u8]) {
        let (Some(sink), Some(bytes)) = (&self.sink, &mut self.bytes) else { return };
        let shared = sink.shared();
        let (most, all) = (sink.most().unwrap_or(0), shared.settings.idempotency.memory);
        let fits = bytes.len() + piece.len() <= most;
        if !(fits && shared.idempotency.grow(piece.len(), all)) {
            return self.let_go();
        }
        self.counted += piece.len();
        bytes.extend_from_slice(piece);
    }

    /// Keeps no more of the answer than that there was one.
    fn let_go(&mut self) {
        self.bytes = None;
        let counted = std::mem::take(&mut self.counted);
        if let Some(sink) = &self.sink {
            sink.shared().idempotency.shrink(counted);
        }
    }

    fn end(mut self, is_answer: bool) {
        let text = self.bytes.take();
        self.let_go();
        if let Some(sink) = self.sink.take().filter(|_| is_answer) {
            sink.answered(text);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.let_go();
    }
}
