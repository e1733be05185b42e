//! What an answer's headers say of the account's limits, by whatever names.

use domain::Timestamp;
use domain::pace::{Reading, amount, reset_us};
use http::{HeaderMap, HeaderValue};

/// OpenAI's names (`x-ratelimit-remaining-requests`), and those of others that mean the same: the
/// words in another order, with the minute named, without a unit where requests are meant.
pub(super) fn reading(headers: &HeaderMap, now: &impl Fn() -> Timestamp) -> Reading {
    let mut reading = Reading::default();
    for (name, value) in headers {
        if let Some(what) = limit_words(name.as_str())
            && let Ok(text) = value.to_str()
        {
            note(&mut reading, what, text, now);
        }
    }
    reading
}

fn limit_words(name: &str) -> Option<&str> {
    let name = name.strip_prefix("x-").or_else(|| name.strip_prefix("anthropic-")).unwrap_or(name);
    name.strip_prefix("ratelimit-")
}

fn note(reading: &mut Reading, words: &str, text: &str, now: impl Fn() -> Timestamp) {
    let (mut field, mut tokens) = (None, false);
    for word in words.split('-') {
        match word {
            "limit" | "remaining" | "reset" => field = Some(word),
            "tokens" => tokens = true,
            "requests" | "req" | "minute" => {}
            // Another limit than those of requests and tokens in the minute.
            _ => return,
        }
    }
    let told = if tokens { &mut reading.tokens } else { &mut reading.requests };
    match field {
        Some("limit") => told.limit = amount(text),
        Some("remaining") => told.remaining = amount(text),
        Some("reset") => told.reset_us = reset_us(text, now()),
        _ => {}
    }
}

/// Microseconds that a refusal asks to be left alone for.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let ms = text("retry-after-ms").and_then(amount).map(|ms| ms.saturating_mul(1_000));
    ms.or_else(|| text("retry-after").and_then(|text| reset_us(text, now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::pace::Told;
    use http::HeaderName;

    fn heard(headers: &[(&'static str, &'static str)]) -> Reading {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        reading(&headers.iter().map(pair).collect(), &|| Timestamp(1_709_251_199_000))
    }

    fn told(limit: u64, remaining: u64, ms: u64) -> Told {
        Told { limit: Some(limit), remaining: Some(remaining), reset_us: Some(ms * 1_000) }
    }

    #[test]
    fn many_providers_names_mean_the_same() {
        let openai = heard(&[
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-tokens", "6ms"),
            ("x-request-id", "1"),
        ]);
        assert_eq!(openai.requests, told(60, 59, 1_000));
        assert_eq!(openai.tokens, told(150_000, 149_984, 6));
        let anthropic = heard(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2024-03-01T00:00:00Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "1"),
            ("anthropic-ratelimit-tokens-remaining", "9"),
        ]);
        assert_eq!(anthropic.requests, told(50, 49, 1_000));
        assert_eq!(anthropic.tokens, Told { remaining: Some(9), ..Told::default() });
        let plain = heard(&[
            ("x-ratelimit-limit", "20"),
            ("x-ratelimit-remaining", "5"),
            ("x-ratelimit-reset", "1709251204000"),
        ]);
        assert_eq!((plain.requests, plain.tokens.says()), (told(20, 5, 5_000), false));
        let mistral = heard(&[
            ("x-ratelimit-limit-req-minute", "60"),
            ("x-ratelimit-remaining-req-minute", "8"),
            ("x-ratelimit-remaining-tokens-month", "7"),
        ]);
        assert_eq!(mistral.requests.remaining, Some(8));
        assert!(!mistral.tokens.says());
    }

    #[test]
    fn nonsense_says_nothing() {
        let bad = heard(&[
            ("x-ratelimit-limit-requests", "many"),
            ("x-ratelimit-remaining-requests", "-1"),
            ("x-ratelimit-reset-requests", "later"),
            ("x-ratelimit-", "5"),
        ]);
        assert_eq!(bad, Reading::default());
    }
}
