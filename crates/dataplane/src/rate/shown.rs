//! OpenAI's headers for limits.

use domain::rate::{Gauges, duration};
use http::header::{HeaderMap, HeaderName, HeaderValue};

const NAMES: [[HeaderName; 3]; 2] = [
    [
        HeaderName::from_static("x-ratelimit-limit-requests"),
        HeaderName::from_static("x-ratelimit-remaining-requests"),
        HeaderName::from_static("x-ratelimit-reset-requests"),
    ],
    [
        HeaderName::from_static("x-ratelimit-limit-tokens"),
        HeaderName::from_static("x-ratelimit-remaining-tokens"),
        HeaderName::from_static("x-ratelimit-reset-tokens"),
    ],
];

/// All six: a client that reads one reads them all, so what is unlimited says so.
pub(crate) fn write(map: &mut HeaderMap, gauges: &Gauges) {
    for (names, gauge) in NAMES.iter().zip([gauges.requests, gauges.tokens]) {
        let [limit, remaining, reset] = names.clone();
        map.insert(limit, HeaderValue::from(gauge.limit));
        map.insert(remaining, HeaderValue::from(gauge.remaining));
        if let Ok(value) = HeaderValue::from_str(&duration(gauge.reset_ms)) {
            map.insert(reset, value);
        }
    }
}
