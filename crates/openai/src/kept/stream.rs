//! From a stream's events to the plain answer, and back; and a stored stream as another caller
//! wants it.
//!
//! A Responses stream holds the plain answer in its last event. Those of chat and completions are put
//! together piece by piece. Back, texts are cut behind their words, or where their tokens' log
//! probabilities are told, at the tokens.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use memchr::memmem;
use serde_json::{Map, Value};

use super::Form;
use crate::answer::Scan;
use crate::sse;
use crate::surface::Meter;

mod gather;
mod responses;
mod spread;

/// The plain answer that a whole stream stands for; `None` for one that is not whole, tells of an
/// error, or is of no known form.
#[must_use]
pub fn to_plain(meter: Meter, events: &[u8]) -> Option<Vec<u8>> {
    match meter {
        Meter::Chat | Meter::Completion => gather::gather(meter, events),
        Meter::Responses => responses::last(events),
        _ => None,
    }
}

/// The events of a plain answer; `usage`: with the chunk that tells it.
#[must_use]
pub fn to_events(meter: Meter, answer: &[u8], usage: bool) -> Option<Vec<u8>> {
    let answer: Map<String, Value> = serde_json::from_slice(answer).ok()?;
    match meter {
        Meter::Chat | Meter::Completion => spread::spread(meter, &answer, usage),
        Meter::Responses => responses::events(&answer),
        _ => None,
    }
}

/// A stored answer in the form that is wanted. `None`: it does not have what that needs.
#[must_use]
pub fn fit(meter: Meter, is_events: bool, answer: &[u8], form: Form) -> Option<Cow<'_, [u8]>> {
    match form {
        Form::Plain if is_events => to_plain(meter, answer).map(Cow::Owned),
        Form::Plain => Some(Cow::Borrowed(answer)),
        Form::Events { usage, .. } if !is_events => to_events(meter, answer, usage).map(Cow::Owned),
        Form::Events { usage, padded } => {
            let told = meter == Meter::Responses || tells_usage(answer);
            (told || !usage).then(|| retold(meter, answer, usage, padded))
        }
    }
}

/// Whole events as a caller wants them: without the chunk that has nothing but the usage, and
/// without padding, where these were not asked for.
#[must_use]
pub fn retold(meter: Meter, events: &[u8], usage: bool, padded: bool) -> Cow<'_, [u8]> {
    let hides = !usage && meter != Meter::Responses;
    let strips = !padded && memmem::find(events, b"\"obfuscation\"").is_some();
    if !hides && !strips {
        return Cow::Borrowed(events);
    }
    let mut out: Option<BytesMut> = None;
    for span in sse::events(events) {
        let event = &events[span.clone()];
        let before = || BytesMut::from(&events[..span.start]);
        if hides && is_usage_alone(event) {
            out.get_or_insert_with(before);
        } else if let Some(bare) = strips.then(|| without_padding(event)).flatten() {
            out.get_or_insert_with(before).put_slice(&bare);
        } else if let Some(out) = &mut out {
            out.put_slice(event);
        }
    }
    out.map_or(Cow::Borrowed(events), |out| Cow::Owned(out.to_vec()))
}

/// Whether an event is the chunk that has nothing but the usage.
#[must_use]
pub fn is_usage_alone(event: &[u8]) -> bool {
    if memmem::find(event, b"\"usage\"").is_none() {
        return false;
    }
    let noted = Scan::whole(&sse::data(event));
    noted.list && noted.elements == 0 && noted.usage.is_some()
}

fn tells_usage(events: &[u8]) -> bool {
    sse::events(events).any(|span| is_usage_alone(&events[span]))
}

/// The event without its padding; `None` where it has none.
fn without_padding(event: &[u8]) -> Option<Vec<u8>> {
    memmem::find(event, b"\"obfuscation\"")?;
    let mut fields: Map<String, Value> = serde_json::from_slice(&sse::data(event)).ok()?;
    fields.remove("obfuscation")?;
    let mut out = Vec::with_capacity(event.len());
    if let Some(kind) = event.strip_prefix(b"event:") {
        let end = memchr::memchr2(b'\r', b'\n', kind)?;
        out.extend_from_slice(&event[..b"event:".len() + end]);
        out.push(b'\n');
    }
    write_data(&Value::Object(fields), &mut out);
    Some(out)
}

fn write_data(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    let _ = serde_json::to_writer(&mut *out, value);
    out.extend_from_slice(b"\n\n");
}

/// A text in the pieces that it is told in: cut behind its words.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

#[cfg(test)]
mod tests;
