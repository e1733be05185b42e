//! Putting a reply together: its headers, and refusals in the envelope.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use domain::{CacheUse, Fault, Nanos, RequestId, Retry, Timestamp};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use openai::envelope;

use crate::body::reply::ReplyBody;
use crate::headers;
use crate::rate;
use crate::tab::Tab;

/// A wait that Node's SDK ignores; there a plain "do not" is clearer (ms).
const LONG_WAIT: u64 = 60_000;

/// A new id for a call: unique, not secret. First the time, so that the request log's index grows
/// at its end; then a random start and a counter, mixed: asking the operating system for each
/// would be a system call a request.
#[must_use]
pub fn request_id(at: Timestamp) -> RequestId {
    static START: OnceLock<[u64; 2]> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let random = || u64::from_ne_bytes(vault::random());
    let [high, low] = START.get_or_init(|| [random(), random()]);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut text = [0; 36];
    text[..4].copy_from_slice(b"req_");
    // 48 bits of milliseconds last for eight thousand years.
    let time = at.0.cast_unsigned() << 16;
    let words = [time | mix(high.wrapping_add(number)) >> 48, mix(low ^ number)];
    let (pairs, _) = text[4..].as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(words.map(u64::to_be_bytes).as_flattened()) {
        *pair = [byte >> 4, byte & 15].map(|nibble| b"0123456789abcdef"[usize::from(nibble)]);
    }
    RequestId::from(std::str::from_utf8(&text).unwrap_or("req_"))
}

/// SplitMix64's finisher: a bijection, so that different numbers stay different.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A refusal as a response.
#[must_use]
pub fn fault_reply(fault: &Fault, request: &RequestId) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(envelope::body(fault)));
    *response.status_mut() =
        StatusCode::from_u16(fault.entry.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let map = response.headers_mut();
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    map.insert(headers::X_ERROR, HeaderValue::from_static(fault.entry.code));
    map.insert(headers::X_REQUEST_ID, id_value(request));
    match fault.entry.status {
        401 => drop(map.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
        426 => drop(map.insert(header::UPGRADE, HeaderValue::from_static("HTTP/1.1"))),
        _ => {}
    }
    if let Some(gauges) = &fault.rates {
        rate::write_headers(map, gauges);
    }
    if fault.attempts > 0 {
        map.insert(headers::X_ATTEMPTS, HeaderValue::from(fault.attempts));
    }
    if let Some(ms) = fault.retry_after_ms {
        map.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000).max(1)));
        map.insert(headers::RETRY_AFTER_MS, HeaderValue::from(ms));
    }
    if fault.retry == Retry::Never || fault.retry_after_ms.is_some_and(|ms| ms > LONG_WAIT) {
        map.insert(headers::X_SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

pub(crate) fn id_value(request: &RequestId) -> HeaderValue {
    HeaderValue::from_str(request.as_str()).unwrap_or(HeaderValue::from_static("req_"))
}

/// By what a provider knows an attempt: the call's id, and for further ones their number as well.
pub(crate) fn attempt_id(request: &RequestId, number: u32) -> HeaderValue {
    match number {
        1 => id_value(request),
        _ => HeaderValue::from_str(&format!("{}-{number}", request.as_str()))
            .unwrap_or(HeaderValue::from_static("req_")),
    }
}

/// The headers of a provider's answer that a client may see, and ours.
pub(crate) fn answer_headers(tab: &Tab, from: &HeaderMap) -> HeaderMap {
    // What a map has room for in the least size that holds our own; connections keep it.
    let mut map = HeaderMap::with_capacity(12);
    for (name, value) in from {
        // No allowed header has a reason to hold our credential, so one that does is an echo.
        if headers::may_come_down(name) && !tab.upstream.is_shown_in(value.as_bytes()) {
            map.append(name, value.clone());
        }
    }
    map.insert(headers::X_REQUEST_ID, id_value(&tab.call.request));
    map.insert(headers::X_UPSTREAM, tab.upstream.name.clone());
    map.insert(headers::X_ATTEMPTS, HeaderValue::from(tab.leg.number));
    let cache = match &tab.call.keeping {
        None => "bypass",
        Some(keeping) => {
            let key = HeaderValue::from_bytes(&keeping.key.digits());
            map.extend(key.map(|key| (headers::X_CACHE_KEY, key)));
            CacheUse::Miss.as_str()
        }
    };
    map.insert(headers::X_CACHE, HeaderValue::from_static(cache));
    tab.call.rate.write_headers(&mut map);
    if let Some(tokens) = tab.leg.clamped {
        map.insert(headers::X_CLAMPED, HeaderValue::from(tokens));
    }
    if let Some(rule) = &tab.rule {
        map.insert(headers::X_RULE, rule.clone());
    }
    if let Some(waited) = tab.waited() {
        let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        map.insert(headers::X_QUEUE_MS, HeaderValue::from(ms));
    }
    map.insert(headers::ORGANIZATION, tab.worker.shared.organization.clone());
    if let Some(id) = tab.upstream_request()
        && let Ok(value) = HeaderValue::from_str(id)
    {
        map.insert(headers::X_UPSTREAM_REQUEST_ID, value);
    }
    map
}

pub(crate) fn with_cost(map: &mut HeaderMap, cost: Option<Nanos>) {
    if let Some(cost) = cost
        && let Ok(value) = HeaderValue::from_str(cost.write_to(&mut [0; Nanos::TEXT]))
    {
        map.insert(headers::X_COST, value);
    }
}

pub(crate) fn assemble(status: StatusCode, map: HeaderMap, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = map;
    response
}

pub(crate) fn json(
    status: StatusCode,
    mut map: HeaderMap,
    body: impl Into<Bytes>,
) -> Response<ReplyBody> {
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    assemble(status, map, ReplyBody::whole(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_calls_differ_and_sort_by_time() {
        let ids: Vec<_> =
            (0..1_000).map(|n| request_id(Timestamp(1_700_000_000_000 + n / 10))).collect();
        let distinct: std::collections::HashSet<_> = ids.iter().map(RequestId::as_str).collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids.iter().all(|id| id.as_str().len() == 36));
        let prefix = |id: &RequestId| id.as_str()[..16].to_owned();
        assert!(ids.windows(2).all(|pair| prefix(&pair[0]) <= prefix(&pair[1])));
        assert_eq!(prefix(&ids[0]), "req_018bcfe56800");
    }
}
