//! The request target: one reading of the path, used for routing, policy and forwarding alike.

use std::borrow::Cow;

/// What is wrong with a target (case 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTarget {
    /// Dots, backslashes, semicolons, empty segments, control characters, bad escapes.
    Path,
    /// `?key=` or `?api_key=` (case 8).
    KeyInQuery,
}

/// Checks a raw path and query as they came on the wire.
///
/// # Errors
/// [`BadTarget`] for anything that two readers could understand differently.
pub fn check(path: &str, query: Option<&str>) -> Result<(), BadTarget> {
    if !path.starts_with('/') {
        return Err(BadTarget::Path);
    }
    // What most paths are made of can hold no trick but an empty segment.
    let simple = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_');
    if query.is_none() && path.bytes().all(simple) {
        let empty = path.as_bytes().windows(2).any(|pair| pair == b"//");
        return if empty { Err(BadTarget::Path) } else { Ok(()) };
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-_.~:@!$&'()*+,=%".contains(&b);
    if !path.bytes().all(plain) || path.contains("//") {
        return Err(BadTarget::Path);
    }
    let sound = path.split('/').all(|segment| {
        segment != "." && segment != ".." && (!segment.contains('%') || decoded_is_sound(segment))
    });
    if !sound {
        return Err(BadTarget::Path);
    }
    let names_key = |pair: &str| {
        let name = pair.split('=').next().unwrap_or("");
        decode(name).is_none_or(|n| matches!(n.as_ref(), "key" | "api_key" | "api-key" | "apikey"))
    };
    match query {
        Some(query) if query.split('&').any(names_key) => Err(BadTarget::KeyInQuery),
        _ => Ok(()),
    }
}

fn decoded_is_sound(segment: &str) -> bool {
    let Some(text) = decode(segment) else { return false };
    text != "."
        && text != ".."
        && !text.contains('%')
        && !text.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ';' | '?' | '#'))
}

/// Percent-decodes one segment. `None` for a bad escape or text that is not UTF-8.
#[must_use]
pub fn decode(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(Cow::Borrowed(segment));
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        let (digits, after) = tail.split_first_chunk::<2>()?;
        bytes.push(hex(digits[0])? << 4 | hex(digits[1])?);
        rest = after;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_10_tricks_are_not_paths() {
        for path in [
            "",
            "v1",
            "/v1//files",
            "//v1/files",
            "/v1/../admin",
            "/v1/%2e%2e/x",
            "/v1/.",
            "/v1/a;b",
            "/v1/a\\b",
            "/v1/%5c",
            "/v1/%2f",
            "/v1/%00",
            "/v1/%",
            "/v1/%zz",
            "/v1/%252e",
            "/v1/\u{e9}",
            "/v1/%ff",
            "/v1/#x",
        ] {
            assert_eq!(check(path, None), Err(BadTarget::Path), "{path}");
        }
    }

    #[test]
    fn ordinary_targets_pass() {
        for path in [
            "/v1/chat/completions",
            "/v1/models/ft%3Agpt-4o%3Aacme%3A%3Aid",
            "/v1/files/file-a.b_c",
        ] {
            assert_eq!(check(path, Some("limit=2&after=x")), Ok(()), "{path}");
        }
        assert_eq!(decode("ft%3Agpt").as_deref(), Some("ft:gpt"));
    }

    #[test]
    fn case_8_keys_in_the_query_are_seen_through_escapes() {
        for query in ["key=x", "a=1&api_key=x", "%6bey=x", "key"] {
            assert_eq!(check("/v1/models", Some(query)), Err(BadTarget::KeyInQuery), "{query}");
        }
        assert_eq!(check("/v1/models", Some("monkey=1&keys[]=2")), Ok(()));
    }
}
