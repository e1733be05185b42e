//! What is told to a provider beside what the client said: spliced into the body, all other bytes,
//! their order and their numbers as they came.

use std::fmt::Write;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use domain::bound::{Metered, OutputLimit};

use crate::surface::{Meter, Operation};
use crate::view::{Field, View};

/// One thing to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin<'p> {
    /// A top-level field, replaced where it stands, else put in front.
    Number(Field, u64),
    Text(Field, &'static str),
    /// The model, by the name that the provider has for it.
    Model(&'p str),
    /// `stream_options.include_usage`.
    AskUsage,
}

/// The fields by which an operation says the most that may be written; the first is today's.
pub(crate) fn maxima(meter: Meter) -> &'static [Field] {
    match meter {
        Meter::Chat => &[Field::MaxCompletionTokens, Field::MaxTokens],
        Meter::Completion => &[Field::MaxTokens],
        Meter::Responses => &[Field::MaxOutputTokens],
        _ => &[],
    }
}

/// The field by which an operation's callers say today the most that may be written, if they can.
#[must_use]
pub fn maximum(operation: &Operation) -> Option<&'static str> {
    maxima(operation.meter).first().map(|field| field.name())
}

/// What makes a call's bound true: the maximum output that it was computed with, the tier where
/// the provider could choose one, the most calls of tools where none was named.
#[must_use]
pub fn pins(
    operation: &Operation,
    view: &View,
    body: &[u8],
    metered: &Metered,
    output: Option<u64>,
) -> Vec<Pin<'static>> {
    let mut pins = Vec::new();
    let told = matches!(metered.output.limit, Some(OutputLimit::Asked(_) | OutputLimit::Open));
    if let (true, Some(tokens)) = (told, output) {
        let fields = maxima(operation.meter);
        let given = |field: &&Field| said(view, body, **field).is_some();
        let first = fields.iter().take(usize::from(!fields.iter().any(|f| given(&f))));
        let wanted = tokens.to_string();
        for field in fields.iter().filter(given).chain(first) {
            if said(view, body, *field) != Some(wanted.as_bytes()) {
                pins.push(Pin::Number(*field, tokens));
            }
        }
    }
    if metered.tier_open {
        pins.push(Pin::Text(Field::ServiceTier, "default"));
    }
    if let Some(tools) = metered.tools.filter(|tools| tools.calls_open) {
        pins.push(Pin::Number(Field::MaxToolCalls, tools.calls));
    }
    pins
}

/// A field's value as written, unless it is null.
pub(crate) fn said<'b>(view: &View, body: &'b [u8], field: Field) -> Option<&'b [u8]> {
    view.spend.value(field).map(|span| &body[span]).filter(|value| *value != b"null")
}

/// The body with all of this told.
#[must_use]
pub fn pinned(body: &Bytes, view: &View, pins: &[Pin<'_>]) -> Bytes {
    let mut edits: Vec<(Range<usize>, String)> = Vec::with_capacity(pins.len());
    // What stands nowhere yet, each with a comma behind it.
    let mut added = String::new();
    for pin in pins {
        let (field, value) = match pin {
            Pin::AskUsage => {
                match view.usage_edit(body) {
                    Some((span, text)) if span.end > 0 => edits.push((span, text.to_owned())),
                    Some((_, text)) => {
                        added.push_str(text);
                        added.push(',');
                    }
                    None => {}
                }
                continue;
            }
            Pin::Model(name) => {
                edits.extend(view.model.clone().map(|span| (span, escaped(name))));
                continue;
            }
            Pin::Number(field, number) => (*field, number.to_string()),
            Pin::Text(field, text) => (*field, format!("\"{text}\"")),
        };
        match view.spend.value(field) {
            Some(span) => edits.push((span, value)),
            // Writing to a string cannot fail.
            None => _ = write!(added, "\"{}\":{value},", field.name()),
        }
    }
    if !added.is_empty() {
        let inside = memchr::memchr(b'{', body).map_or(0, |at| at + 1);
        if body[inside..].trim_ascii_start().starts_with(b"}") {
            added.pop();
        }
        edits.push((inside..inside, added));
    }
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|(span, _)| (span.start, span.end));
    splice(body, &edits)
}

/// A text as it stands between a JSON string's quotes.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The body with each span replaced, in order. Of two for the same place the first counts.
fn splice(body: &[u8], edits: &[(Range<usize>, String)]) -> Bytes {
    let more: usize = edits.iter().map(|(_, text)| text.len()).sum();
    let mut out = BytesMut::with_capacity(body.len() + more);
    let mut at = 0;
    for (span, text) in edits {
        if span.start < at {
            continue;
        }
        out.extend_from_slice(&body[at..span.start]);
        out.extend_from_slice(text.as_bytes());
        at = span.end;
    }
    out.extend_from_slice(&body[at..]);
    out.freeze()
}

#[cfg(test)]
mod tests;
