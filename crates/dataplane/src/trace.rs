//! Traces: which calls are traced, and how one trace goes on from the client to the provider.
//!
//! The header is W3C Trace Context's `traceparent`. A call has one span; the provider is given that
//! span as its parent, the client's own span is the parent of ours.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Which calls are traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampler {
    /// Whether a client's own decision holds where it made one.
    pub parent_based: bool,
    /// Of 2⁶³ trace ids so many are traced: the share is decided by the id, so that everybody on
    /// the way of a call decides alike.
    pub below: u64,
}

impl Sampler {
    pub const ALL: u64 = 1 << 63;

    fn takes(self, id: [u8; 16], parent: Option<bool>) -> bool {
        if let Some(sampled) = parent.filter(|_| self.parent_based) {
            return sampled;
        }
        let low = id[8..].iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        low >> 1 < self.below
    }
}

/// One call in its trace.
#[derive(Clone, Debug)]
pub struct Trace {
    pub id: [u8; 16],
    /// Our span of the call.
    pub span: [u8; 8],
    /// The client's span.
    pub parent: Option<[u8; 8]>,
    pub sampled: bool,
    pub asked: Asked,
}

/// What a call asked for, as far as traces tell it: numbers, never content.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub frequency_penalty: Option<f64>,
    pub presence_penalty: Option<f64>,
    pub seed: Option<i64>,
    pub n: Option<u32>,
    #[serde(alias = "max_completion_tokens", alias = "max_output_tokens")]
    pub max_tokens: Option<u64>,
    #[serde(default)]
    pub stream: bool,
}

impl Trace {
    /// The trace that a call belongs to: the client's, or a new one.
    pub(crate) fn of(
        headers: &HeaderMap,
        sampler: Sampler,
        body: impl FnOnce() -> Option<Bytes>,
    ) -> Self {
        let parent = headers.get(&TRACEPARENT).and_then(parse);
        let id = parent.map_or_else(vault::random, |(id, _, _)| id);
        let sampled = sampler.takes(id, parent.map(|(_, _, sampled)| sampled));
        // What cannot be read as asked for is left out; a provider judges it.
        let body = if sampled { body() } else { None };
        let asked = body.and_then(|body| serde_json::from_slice(&body).ok());
        let asked = asked.unwrap_or_default();
        let parent = parent.map(|(_, span, _)| span);
        Self { id, span: vault::random(), parent, sampled, asked }
    }

    /// The span of an attempt; the first one's is the call's.
    #[must_use]
    pub fn span_of(&self, attempt: u32) -> [u8; 8] {
        let further = u64::from(attempt.saturating_sub(1));
        u64::from_be_bytes(self.span).wrapping_add(further).max(1).to_be_bytes()
    }

    /// Tells the provider whose part its work is.
    pub(crate) fn tell(&self, attempt: u32, headers: &mut HeaderMap) {
        if self.parent.is_none() {
            // What a vendor noted of another trace.
            headers.remove(TRACESTATE);
        }
        let (id, span, flags) = (Hex(&self.id), self.span_of(attempt), u8::from(self.sampled));
        if let Ok(value) = HeaderValue::from_str(&format!("00-{id}-{}-{flags:02x}", Hex(&span))) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The trace, the span and whether it is sampled, of a `traceparent` that is one.
fn parse(value: &HeaderValue) -> Option<([u8; 16], [u8; 8], bool)> {
    let text = value.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, id, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // Version ff is forbidden; a later version may have more parts, version 0 has none.
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let [_] = hex::<1>(version)?;
    let (id, span, [flags]) = (hex::<16>(id)?, hex::<8>(span)?, hex::<1>(flags)?);
    (id != [0; 16] && span != [0; 8]).then_some((id, span, flags & 1 == 1))
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 2 * N || !text.bytes().all(lower) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &str, sampler: Sampler) -> Trace {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(header).unwrap());
        Trace::of(&headers, sampler, || None)
    }

    const ALL: Sampler = Sampler { parent_based: true, below: Sampler::ALL };
    const NONE: Sampler = Sampler { parent_based: true, below: 0 };
    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_clients_trace_goes_on_with_a_span_of_our_own() {
        let trace = of(GIVEN, ALL);
        assert_eq!(Hex(&trace.id).to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(Hex(&trace.parent.unwrap()).to_string(), "b7ad6b7169203331");
        let mut headers = HeaderMap::new();
        trace.tell(1, &mut headers);
        let sent = headers[TRACEPARENT].to_str().unwrap();
        assert!(sent.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && sent.ends_with("-01"));
        assert!(!sent.contains("b7ad6b7169203331"), "{sent}");
        assert_eq!(sent.len(), GIVEN.len());
        assert_eq!(trace.span_of(1), trace.span);
        assert_ne!(trace.span_of(2), trace.span);
    }

    #[test]
    fn what_is_no_traceparent_begins_a_new_trace() {
        for bad in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "0é-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            let Ok(value) = HeaderValue::from_bytes(bad.as_bytes()) else { continue };
            assert!(parse(&value).is_none(), "{bad}");
        }
        let trace = of("00-x", ALL);
        assert!(trace.parent.is_none() && trace.id != [0; 16] && trace.sampled);
    }

    #[test]
    fn the_clients_decision_holds_and_else_the_id_decides() {
        assert!(of(GIVEN, NONE).sampled);
        assert!(!of(&GIVEN.replace("-01", "-00"), ALL).sampled);
        let alone = Sampler { parent_based: false, ..NONE };
        assert!(!of(GIVEN, alone).sampled);
        let half = Sampler { parent_based: false, below: Sampler::ALL / 2 };
        let ids = (0..2_000).filter(|_| half.takes(vault::random(), None)).count();
        assert!((800..1_200).contains(&ids), "{ids}");
        let low = |byte| [[0; 8], [byte; 8]].concat().try_into().unwrap();
        assert!(half.takes(low(0x7f), None) && !half.takes(low(0x80), None));
    }
}
