//! What an answer says of its cost, gathered as it passes.

use domain::{Tokens, UsageFamily};
use openai::answer::{Counted, Seen, delta_text, most_tokens};
use openai::json::unescape;
use openai::surface::Meter;

use crate::tab::Count;

/// Bytes of written text kept, should the provider never count them.
const WRITTEN: usize = 64 * 1024;

pub(crate) struct Counter {
    meter: Meter,
    count: Count,
    /// Tokens that have come at most, where a hold grows by them.
    seen: Option<u64>,
}

impl Counter {
    pub(crate) fn new(meter: Meter) -> Self {
        Self { meter, count: Count::default(), seen: None }
    }

    pub(crate) fn meter(&self) -> Meter {
        self.meter
    }

    /// Bytes of the answer that have come.
    pub(crate) fn came(&self) -> u64 {
        self.count.bytes_out
    }

    pub(crate) fn bytes(&mut self, count: usize) {
        self.count.bytes_out += count as u64;
    }

    /// From now on tokens are counted as they come.
    pub(crate) fn watch(&mut self) {
        self.seen = Some(0);
    }

    pub(crate) fn seen(&self) -> u64 {
        self.seen.unwrap_or(0)
    }

    /// Keeps what the model wrote in one event, until the provider has counted it.
    pub(crate) fn written(&mut self, event_data: &[u8]) {
        if let Some(seen) = &mut self.seen {
            *seen = seen.saturating_add(most_tokens(event_data));
        }
        if self.count.tokens.is_none() && self.meter.family() == UsageFamily::Completions {
            delta_text(event_data, &mut self.count.written, WRITTEN);
        }
    }

    /// Takes a whole answer's text, where it came in one piece.
    pub(crate) fn whole_text(&mut self, text: impl FnOnce() -> String) {
        if self.count.tokens.is_none() && self.meter.family() == UsageFamily::Completions {
            self.count.written = text().into_bytes();
        }
    }

    /// Takes the noted fields of an answer or of one event; later ones replace earlier ones.
    pub(crate) fn note(&mut self, noted: &Seen<'_>) {
        if self.meter == Meter::Free {
            // A look at a finished object shows the usage of the call that made it.
            return;
        }
        if let Some(model) = text(noted.model) {
            self.count.model = Some(model);
        }
        if let Some(tier) = text(noted.service_tier) {
            self.count.service_tier = Some(tier);
        }
        if let Some(usage) = &noted.usage {
            match *usage {
                Ok(Counted { tokens, media_ms }) => {
                    if self.shrinks(&tokens) {
                        self.count.bad_usage += 1;
                    }
                    self.count.tokens = Some(tokens);
                    self.count.media_ms = media_ms;
                }
                Err(_) => self.count.bad_usage += 1,
            }
        }
        let duration = noted.duration.filter(|_| self.meter == Meter::Transcription);
        let seconds = noted.seconds.filter(|_| self.meter == Meter::Video);
        if self.count.media_ms == 0
            && let Some(ms) = duration.or(seconds).and_then(Counted::from_seconds)
        {
            self.count.media_ms = ms;
        }
        if self.meter == Meter::Images && noted.list {
            self.count.images = noted.elements;
        }
        self.count.unfinished = matches!(noted.status, Some(b"queued" | b"in_progress"));
    }

    /// All of the answer was seen.
    pub(crate) fn whole(&mut self) {
        self.count.whole = true;
    }

    /// The answer ends in an error: what was counted on the way there is not all of it.
    pub(crate) fn broke_off(&mut self) {
        if !self.count.whole {
            self.count.tokens = None;
        }
    }

    /// Counts of a text only grow.
    fn shrinks(&self, now: &Tokens) -> bool {
        let is_text = matches!(self.meter, Meter::Chat | Meter::Completion | Meter::Responses);
        let before = self.count.tokens.filter(|_| is_text);
        before.is_some_and(|was| now.input < was.input || now.output < was.output)
    }

    /// Counts the calls of a provider's tools in a whole answer, or in one event.
    pub(crate) fn tools(&mut self, text: &[u8]) {
        if self.meter == Meter::Responses {
            self.count.tools.note(text);
        }
    }

    /// An image stream brings one image a final event.
    pub(crate) fn image(&mut self) {
        self.count.images += 1;
    }

    pub(crate) fn take(&mut self) -> Count {
        std::mem::take(&mut self.count)
    }
}

/// At most this many bytes are kept of a model's or tier's name.
const NAME: usize = 256;

fn text(raw: Option<&[u8]>) -> Option<Box<str>> {
    let text = unescape(raw?)?;
    (!text.is_empty() && text.len() <= NAME).then(|| text.into())
}
