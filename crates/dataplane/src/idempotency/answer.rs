//! An answer as bytes: status, headers, body.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::headers;

/// Headers of an answer that are not its, but its call's.
fn is_the_calls(name: &HeaderName) -> bool {
    *name == headers::X_REQUEST_ID
        || *name == headers::X_COST
        || *name == headers::X_QUEUE_MS
        || *name == CONTENT_LENGTH
        || name.as_str().starts_with("x-ratelimit-")
}

/// Status and headers; the body stands behind them.
pub(super) fn encode_head(status: StatusCode, map: &HeaderMap) -> Vec<u8> {
    let mut out = status.as_u16().to_le_bytes().to_vec();
    let kept = || map.iter().filter(|(name, _)| !is_the_calls(name));
    put_length(&mut out, kept().count());
    for (name, value) in kept() {
        for text in [name.as_str().as_bytes(), value.as_bytes()] {
            put_length(&mut out, text.len());
            out.extend_from_slice(text);
        }
    }
    out
}

fn put_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

/// What was encoded; `None` where it was not this.
pub(super) fn decode(all: &Bytes) -> Option<(StatusCode, HeaderMap, Bytes)> {
    let mut rest = &all[..];
    let status = StatusCode::from_u16(u16::from_le_bytes(*take_array(&mut rest)?)).ok()?;
    let count = u32::from_le_bytes(*take_array(&mut rest)?);
    let mut map = HeaderMap::new();
    for _ in 0..count {
        let name = HeaderName::from_bytes(take(&mut rest)?).ok()?;
        map.append(name, HeaderValue::from_bytes(take(&mut rest)?).ok()?);
    }
    Some((status, map, all.slice(all.len() - rest.len()..)))
}

fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (array, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(array)
}

fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(u32::from_le_bytes(*take_array(rest)?)).ok()?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_as_it_was_but_for_what_is_its_calls() {
        let mut map = HeaderMap::new();
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("x-tollgate-upstream", "openai"),
            ("x-request-id", "req_1"),
            ("x-tollgate-cost", "0.1"),
            ("x-ratelimit-remaining-requests", "7"),
            ("content-length", "3"),
        ] {
            map.insert(name, HeaderValue::from_static(value));
        }
        let mut all = encode_head(StatusCode::CREATED, &map);
        all.extend_from_slice(b"a\0b");
        let (status, back, body) = decode(&all.clone().into()).unwrap();
        assert_eq!((status, &body[..]), (StatusCode::CREATED, &b"a\0b"[..]));
        assert_eq!(back.len(), 2);
        assert_eq!(back["content-type"], "text/event-stream");
        // Cut anywhere within its head, it is no answer.
        let head = all.len() - 3;
        assert!((0..head).all(|cut| decode(&Bytes::copy_from_slice(&all[..cut])).is_none()));
    }
}
