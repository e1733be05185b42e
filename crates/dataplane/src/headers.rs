//! Which headers cross: lists of what may, never of what may not.

use std::borrow::Cow;

use domain::ProjectId;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Which of the headers that a call is asked for later stand in its head: noted in one pass, since to
/// look for each by its name, which most calls do not have, takes longer.
#[derive(Clone, Copy)]
pub(crate) struct Marks(u8);

impl Marks {
    pub(crate) const UPGRADE: u8 = 1;
    pub(crate) const CONTENT_ENCODING: u8 = 1 << 1;
    pub(crate) const CONTENT_TYPE: u8 = 1 << 2;
    /// A second one.
    pub(crate) const CONTENT_TYPES: u8 = 1 << 3;
    pub(crate) const MAX_WAIT: u8 = 1 << 4;
    pub(crate) const IDEMPOTENCY_KEY: u8 = 1 << 5;

    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut marks = 0;
        for name in headers.iter().map(|(name, _)| name) {
            marks |= match name.as_str() {
                "content-type" if marks & Self::CONTENT_TYPE != 0 => Self::CONTENT_TYPES,
                "content-type" => Self::CONTENT_TYPE,
                "content-encoding" => Self::CONTENT_ENCODING,
                "upgrade" => Self::UPGRADE,
                "x-tollgate-max-wait" => Self::MAX_WAIT,
                "idempotency-key" => Self::IDEMPOTENCY_KEY,
                _ => 0,
            };
        }
        Self(marks)
    }

    pub(crate) fn has(self, mark: u8) -> bool {
        self.0 & mark != 0
    }
}

/// From a client to a provider. No credential, cookie, organization or address of the client's.
pub(crate) fn may_go_up(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "content-type"
            | "accept"
            | "user-agent"
            | "openai-beta"
            | "idempotency-key"
            | "last-event-id"
            | "range"
            | "traceparent"
            | "tracestate"
    ) || name.starts_with("x-stainless-")
}

/// A header by which clients of other gateways choose the provider's address (case 104). Passing
/// it over in silence would send the call elsewhere than its sender believes.
pub(crate) fn chooses_host(name: &HeaderName) -> bool {
    let name = name.as_str();
    ["-custom-host", "-upstream-host", "-base-url", "-api-base", "-target-url"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// A client's idempotency key with its project before it: two projects that choose the same one must
/// not meet at the provider, who would give the second the first's answer (case 62). Nothing where
/// that is no header any more.
pub(crate) fn separate_idempotency(key: &HeaderValue, project: &ProjectId) -> Option<HeaderValue> {
    let own = [project.as_str().as_bytes(), b"-", key.as_bytes()].concat();
    HeaderValue::from_bytes(&own).ok()
}

/// From a provider to a client. No cookie, no account's name, no limits of our account.
pub(crate) fn may_come_down(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "content-type"
            | "content-disposition"
            | "content-range"
            | "accept-ranges"
            | "cache-control"
            | "openai-processing-ms"
            | "openai-version"
            | "openai-model"
            | "retry-after"
            | "retry-after-ms"
            | "x-should-retry"
    )
}

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
pub(crate) const X_FIRST_REQUEST: HeaderName = HeaderName::from_static("x-tollgate-first-request");
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const X_CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");
pub(crate) const X_ERROR: HeaderName = HeaderName::from_static("x-tollgate-error");
pub(crate) const X_UPSTREAM: HeaderName = HeaderName::from_static("x-tollgate-upstream");
pub(crate) const X_UPSTREAM_REQUEST_ID: HeaderName =
    HeaderName::from_static("x-tollgate-upstream-request-id");
pub(crate) const X_ATTEMPTS: HeaderName = HeaderName::from_static("x-tollgate-attempts");
pub(crate) const X_CACHE: HeaderName = HeaderName::from_static("x-tollgate-cache");
pub(crate) const X_CACHE_KEY: HeaderName = HeaderName::from_static("x-tollgate-cache-key");
pub(crate) const X_SIMILARITY: HeaderName = HeaderName::from_static("x-tollgate-cache-similarity");
pub(crate) const X_COST: HeaderName = HeaderName::from_static("x-tollgate-cost");
pub(crate) const X_RULE: HeaderName = HeaderName::from_static("x-tollgate-rule");
pub(crate) const X_QUEUE_MS: HeaderName = HeaderName::from_static("x-tollgate-queue-ms");
pub(crate) const X_CLAMPED: HeaderName = HeaderName::from_static("x-tollgate-clamped");
pub(crate) const X_ACCEL: HeaderName = HeaderName::from_static("x-accel-buffering");
pub(crate) const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
pub(crate) const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
pub(crate) const ORGANIZATION: HeaderName = HeaderName::from_static("openai-organization");

/// Whether a client's own id for its call is one: at most 512 ASCII characters (OpenAI's rule).
pub(crate) fn is_client_request_id(value: &HeaderValue) -> bool {
    value.len() <= 512 && value.to_str().is_ok()
}

/// The bytes of an id: letters, digits, `-` and `_`.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        plain[at] = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        at += 1;
    }
    plain
};

/// A provider's request id, if it is one and not something else in its place.
pub(crate) fn provider_request_id(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let plain = |b: u8| PLAIN[usize::from(b)];
    (!text.is_empty() && text.len() <= 128 && !text.starts_with("sk-") && text.bytes().all(plain))
        .then_some(text)
}

/// The boundary of a form's parts.
pub(crate) fn boundary(headers: &HeaderMap) -> Option<&str> {
    openai::multipart::boundary(headers.get(header::CONTENT_TYPE)?.to_str().ok()?)
}

/// The media type without its parameters, lower case.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    media_type_in(headers.get(header::CONTENT_TYPE)?)
}

/// The same, of a Content-Type.
pub(crate) fn media_type_in(value: &HeaderValue) -> Option<Cow<'_, str>> {
    if value == "application/json" {
        return Some(Cow::Borrowed("application/json"));
    }
    let value = value.to_str().ok()?;
    let end = value.bytes().position(|b| b == b';').unwrap_or(value.len());
    let name = value[..end].trim();
    let plain = !name.bytes().any(|b| b.is_ascii_uppercase());
    Some(if plain { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) })
}

/// Whether a Content-Type says that a text body is UTF-8, or says nothing. What is told as something
/// else would be read otherwise by the provider than by us.
pub(crate) fn is_utf8(value: &HeaderValue) -> bool {
    if value == "application/json" {
        return true;
    }
    let Ok(text) = value.to_str() else { return false };
    text.split(';').skip(1).all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_header_that_is_asked_for_leaves_its_mark() {
        let marks = |names: &[&'static str]| {
            let mut map = HeaderMap::new();
            for name in names {
                map.append(*name, HeaderValue::from_static("x"));
            }
            Marks::of(&map)
        };
        assert_eq!(marks(&["host", "authorization", "content-length", "x-upgrade"]).0, 0);
        for (name, mark) in [
            ("upgrade", Marks::UPGRADE),
            ("content-encoding", Marks::CONTENT_ENCODING),
            ("content-type", Marks::CONTENT_TYPE),
            ("x-tollgate-max-wait", Marks::MAX_WAIT),
            ("idempotency-key", Marks::IDEMPOTENCY_KEY),
        ] {
            assert_eq!(marks(&["accept", name, "host"]).0, mark, "{name}");
        }
        let twice = marks(&["content-type", "host", "content-type"]);
        assert!(twice.has(Marks::CONTENT_TYPE) && twice.has(Marks::CONTENT_TYPES));
        assert!(!marks(&["content-type"]).has(Marks::CONTENT_TYPES));
    }
}
