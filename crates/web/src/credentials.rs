//! The one key of a request, from whichever header carries it.

use domain::Fault;
use domain::fault::catalogue;
use http::{HeaderMap, HeaderName, header};

/// Other headers that clients put a key into.
const KEY_HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("x-api-key"), HeaderName::from_static("api-key")];

/// The presented key; `None` when there is none.
///
/// Two that differ are refused rather than one of them chosen: a proxy before us might have
/// checked the other one (case 5).
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let ambiguous = || Fault::new(&catalogue::AMBIGUOUS_CREDENTIALS);
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let mut found = authorizations.next().map(|value| bearer(value.as_bytes()));
    if authorizations.next().is_some() {
        return Err(ambiguous());
    }
    for name in &KEY_HEADERS {
        for value in headers.get_all(name) {
            let key = Some(value.as_bytes().trim_ascii());
            if found.is_some_and(|before| before != key) {
                return Err(ambiguous());
            }
            found = Some(key);
        }
    }
    let Some(bytes) = found.flatten().filter(|bytes| !bytes.is_empty()) else { return Ok(None) };
    // A key is text; anything else is simply a wrong one.
    std::str::from_utf8(bytes).map(Some).map_err(|_| Fault::new(&catalogue::INVALID_API_KEY))
}

/// What stands behind `Bearer`; `None` for another scheme.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = value.trim_ascii();
    let (scheme, key) = value.split_at_checked(6)?;
    let spaced = key.is_empty() || key.first().is_some_and(u8::is_ascii_whitespace);
    (scheme.eq_ignore_ascii_case(b"bearer") && spaced).then(|| key.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        presented(&headers).map(|key| key.map(str::to_owned)).map_err(|fault| fault.entry.code)
    }

    #[test]
    fn case_1_no_key_is_no_key() {
        for pairs in [
            vec![],
            vec![("authorization", "")],
            vec![("authorization", "Bearer")],
            vec![("authorization", "Bearer  ")],
            vec![("authorization", "Basic abc")],
            vec![("authorization", "Bearerabc")],
            vec![("x-api-key", "")],
        ] {
            assert_eq!(read(&pairs), Ok(None), "{pairs:?}");
        }
    }

    #[test]
    fn a_key_is_found_in_each_header() {
        for pairs in [
            vec![("authorization", "Bearer a b")],
            vec![("authorization", "bearer  a b ")],
            vec![("x-api-key", "a b")],
            vec![("authorization", "Bearer a b"), ("x-api-key", "a b")],
        ] {
            assert_eq!(read(&pairs), Ok(Some("a b".to_owned())), "{pairs:?}");
        }
    }

    #[test]
    fn case_5_two_keys_are_ambiguous() {
        for pairs in [
            vec![("authorization", "Bearer a"), ("authorization", "Bearer a")],
            vec![("authorization", "Bearer a"), ("x-api-key", "b")],
            vec![("authorization", "Basic a"), ("x-api-key", "b")],
            vec![("x-api-key", "a"), ("x-api-key", "b")],
            vec![("x-api-key", "a"), ("api-key", "b")],
        ] {
            assert_eq!(read(&pairs), Err("ambiguous_credentials"), "{pairs:?}");
        }
    }
}
