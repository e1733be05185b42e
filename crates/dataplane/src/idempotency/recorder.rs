//! An answer that is written down as it passes.

use super::Ticket;

/// Dropped before its end, it frees the key of its call.
pub(crate) struct Recorder {
    /// Until the end.
    ticket: Option<Box<Ticket>>,
    /// `None` once it is not to be kept.
    bytes: Option<Vec<u8>>,
    /// Of them, what is counted against the bound of all recordings.
    counted: usize,
}

impl Recorder {
    pub(super) fn new(ticket: Box<Ticket>, head: Vec<u8>) -> Self {
        let bytes = ticket.keeps().then_some(head);
        Self { ticket: Some(ticket), bytes, counted: 0 }
    }

    /// Takes down what goes to the client.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let (Some(ticket), Some(bytes)) = (&self.ticket, &mut self.bytes) else { return };
        let settings = &ticket.shared().settings.idempotency;
        let fits = bytes.len() + piece.len() <= settings.answer
            && ticket.shared().idempotency.grow(piece.len(), settings.memory);
        if !fits {
            return self.let_go();
        }
        self.counted += piece.len();
        bytes.extend_from_slice(piece);
    }

    /// Keeps no more of the answer than that there was one.
    pub(crate) fn let_go(&mut self) {
        self.bytes = None;
        let counted = std::mem::take(&mut self.counted);
        if let Some(ticket) = &self.ticket {
            ticket.shared().idempotency.shrink(counted);
        }
    }

    /// The answer has ended: as an answer, or as a failure, after which the call may be made again.
    pub(crate) fn end(mut self, is_answer: bool) {
        let plain = self.bytes.take();
        let counted = std::mem::take(&mut self.counted);
        let Some(ticket) = self.ticket.take() else { return };
        ticket.shared().idempotency.shrink(counted);
        if is_answer {
            ticket.answered(plain.as_deref());
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.let_go();
    }
}
