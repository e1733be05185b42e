//! Whether a request's answer may be kept, and what makes two requests the same.
//!
//! The canonical text of a body is its JSON with the keys of each object in order, without white
//! space, escapes resolved and numbers as they were written; lengths stand before what they count, so
//! that no two bodies have one text. Fields that cannot matter to the answer are left out.

use std::ops::Range;

use crate::json::{self, Visit, plain};
use crate::surface::{Meter, Operation};
use crate::view::{Field, Hints, View};

mod near;

pub use near::{Split, split};

/// Longer bodies are not looked at: they hardly ever come twice.
pub const LONGEST: usize = 4 << 20;

/// The operations whose answers may be kept.
pub const OPERATIONS: [&str; 5] = [
    "createChatCompletion",
    "createCompletion",
    "createResponse",
    "createEmbedding",
    "createModeration",
];

/// How the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// As events; `usage`: with the chunk that tells it, `padded`: with what hides their lengths.
    Events {
        usage: bool,
        padded: bool,
    },
}

/// A request whose answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub form: Form,
    /// It bounds the answer itself: one that ends there is what was asked for.
    pub own_maximum: bool,
}

/// What a body is but for spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonical(pub Vec<u8>);

/// Looks at a request. `None`: its answer is not to be kept, or depends on more than the request.
#[must_use]
pub fn look(operation: &Operation, view: &View, body: &[u8]) -> Option<(Asked, Canonical)> {
    let meter = operation.meter;
    if body.len() > LONGEST || !may_be_kept(operation, view, body) {
        return None;
    }
    let mut tape = Tape::of(body);
    json::walk(body, &mut tape).ok()?;
    let mut text = Vec::with_capacity(body.len() + 64);
    tape.write(0, &mut text, left_out(meter));
    let form = match view.stream {
        false => Form::Plain,
        true => Form::Events { usage: view.asks_usage(), padded: tape.wants_padding() },
    };
    let maxima = [Field::MaxTokens, Field::MaxCompletionTokens, Field::MaxOutputTokens];
    let own_maximum = maxima.into_iter().any(|field| said(view, body, field));
    Some((Asked { form, own_maximum }, Canonical(text)))
}

/// Whether a field is given and not null.
fn said(view: &View, body: &[u8], field: Field) -> bool {
    view.spend.value(field).is_some_and(|span| &body[span] != b"null")
}

fn may_be_kept(operation: &Operation, view: &View, body: &[u8]) -> bool {
    let stored = match operation.meter {
        Meter::Chat => view.store == Some(true),
        // Stored at the provider unless it is told otherwise.
        Meter::Responses => view.store != Some(false),
        Meter::Completion | Meter::Embeddings | Meter::Moderations => false,
        _ => return false,
    };
    let responses = operation.meter == Meter::Responses;
    let hosted = view.hosted_tools(body, responses);
    // What the body only points at may be another thing tomorrow; sound is never kept.
    let elsewhere = Hints::ELSEWHERE
        .and(Hints::SOUND)
        .and(Hints::STORAGE)
        .and(Hints::TOOL_SEARCH)
        .and(Hints::UNBOUNDED_TOOL)
        .and(Hints::COMPACTION);
    let speaks = said(view, body, Field::Audio) || names_audio(view, body);
    OPERATIONS.contains(&operation.id)
        && view.model.is_some()
        && !stored
        && !view.background
        && !speaks
        && !view.spend.hints.has(elsewhere)
        && hosted.tools.is_empty()
        && !hosted.others
        && view.references.is_empty()
        && view.replayed.is_empty()
        && view.spend.ambiguous.is_none()
        && !view.model(body).is_some_and(|model| looks_around(&model))
}

/// Models that search on their own: their answers are of the day.
fn looks_around(model: &str) -> bool {
    model.contains("search") || model.contains("deep-research") || model.contains("sonar")
}

fn names_audio(view: &View, body: &[u8]) -> bool {
    let modalities = view.spend.value(Field::Modalities).map(|span| &body[span]);
    // Written with an escape it may be anything.
    modalities
        .is_some_and(|text| memchr::memmem::find(text, b"audio").is_some() || text.contains(&b'\\'))
}

/// Top-level fields that do not matter to the answer. A response tells its labels again, so that
/// there they do.
fn left_out(meter: Meter) -> &'static [&'static [u8]] {
    match meter {
        Meter::Chat => &[
            b"stream",
            b"stream_options",
            b"store",
            b"user",
            b"metadata",
            b"safety_identifier",
            b"prompt_cache_key",
            b"prompt_cache_retention",
        ],
        Meter::Completion => &[b"stream", b"stream_options", b"user"],
        Meter::Embeddings => &[b"user"],
        _ => &[b"stream", b"stream_options"],
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    List,
    Text,
    Literal,
}

struct Node {
    kind: Kind,
    /// A scalar's text.
    span: Range<usize>,
    /// Of an object's member.
    key: Range<usize>,
    /// Just behind all that is inside.
    end: usize,
}

/// A body's values in their order, each with where it ends.
struct Tape<'b> {
    body: &'b [u8],
    nodes: Vec<Node>,
    open: Vec<usize>,
    key: Option<Range<usize>>,
    /// A value that is not written.
    hole: Option<usize>,
}

impl<'b> Tape<'b> {
    fn of(body: &'b [u8]) -> Self {
        let nodes = Vec::with_capacity(32);
        Self { body, nodes, open: Vec::new(), key: None, hole: None }
    }
}

impl Tape<'_> {
    fn push(&mut self, kind: Kind, span: Range<usize>) {
        let key = self.key.take().unwrap_or(0..0);
        let end = self.nodes.len() + 1;
        self.nodes.push(Node { kind, span, key, end });
    }

    fn children(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = of + 1;
        std::iter::from_fn(move || {
            let at = (next < self.nodes[of].end).then_some(next)?;
            next = self.nodes[at].end;
            Some(at)
        })
    }

    fn write(&self, at: usize, to: &mut Vec<u8>, leave_out: &[&[u8]]) {
        let Some(node) = self.nodes.get(at) else { return };
        if self.hole == Some(at) {
            return to.push(b'h');
        }
        match node.kind {
            Kind::Text => {
                counted(b's', &plain(&self.body[node.span.clone()]).unwrap_or_default(), to)
            }
            Kind::Literal => counted(b'l', &self.body[node.span.clone()], to),
            Kind::List => {
                to.push(b'[');
                self.children(at).for_each(|child| self.write(child, to, &[]));
                to.push(b']');
            }
            Kind::Object => {
                let key =
                    |at: usize| plain(&self.body[self.nodes[at].key.clone()]).unwrap_or_default();
                let mut members: Vec<_> =
                    self.children(at).map(|child| (key(child), child)).collect();
                // Stable: of a key that stands twice, readers may take the first or the last.
                members.sort_by(|a, b| a.0.cmp(&b.0));
                to.push(b'{');
                for (key, child) in members {
                    if !leave_out.contains(&key.as_ref()) {
                        counted(b'k', &key, to);
                        self.write(child, to, &[]);
                    }
                }
                to.push(b'}');
            }
        }
    }

    /// Whether the client left the padding of a stream's events on.
    fn wants_padding(&self) -> bool {
        let named = |of: usize, name: &[u8]| {
            let is = |at: &usize| {
                plain(&self.body[self.nodes[*at].key.clone()]).is_some_and(|key| *key == *name)
            };
            self.children(of).find(is)
        };
        let options = named(0, b"stream_options");
        let padding = options.and_then(|options| named(options, b"include_obfuscation"));
        padding.is_none_or(|at| &self.body[self.nodes[at].span.clone()] != b"false")
    }
}

fn counted(tag: u8, text: &[u8], to: &mut Vec<u8>) {
    to.push(tag);
    to.extend_from_slice(&(text.len() as u64).to_le_bytes());
    to.extend_from_slice(text);
}

impl Visit for Tape<'_> {
    fn key(&mut self, _: usize, raw: Range<usize>) {
        self.key = Some(raw);
    }

    fn string(&mut self, _: usize, raw: Range<usize>) {
        self.push(Kind::Text, raw);
    }

    fn literal(&mut self, _: usize, raw: Range<usize>) {
        self.push(Kind::Literal, raw);
    }

    fn open(&mut self, _: usize, at: usize, object: bool) {
        self.open.push(self.nodes.len());
        self.push(if object { Kind::Object } else { Kind::List }, at..at);
    }

    fn close(&mut self, _: usize, _: usize) {
        let end = self.nodes.len();
        if let Some(opened) = self.open.pop() {
            self.nodes[opened].end = end;
        }
    }
}

#[cfg(test)]
mod tests;
