//! The fake's own rate limit: a token bucket of requests, as large as its limit, with the headers
//! that OpenAI writes of it.

use std::time::{Duration, Instant};

use super::reply::{self, Reply};

/// One account's bucket. It is full at first.
pub(crate) struct Account {
    limit: u64,
    per: Duration,
    /// Calls left, in parts of `per` (nanoseconds).
    left: u128,
    at: Instant,
    pub(crate) refused: u64,
}

impl Account {
    pub(crate) fn new(limit: u64, per: Duration) -> Self {
        let left = u128::from(limit) * per.as_nanos();
        Self { limit, per, left, at: Instant::now(), refused: 0 }
    }

    /// Takes a call of the bucket: the headers to be sent with its answer, or the refusal.
    pub(crate) fn take(&mut self) -> Result<Vec<(String, String)>, Reply> {
        let (now, window, limit) = (Instant::now(), self.per.as_nanos(), u128::from(self.limit));
        let passed = now.duration_since(self.at).as_nanos();
        self.left = (self.left + passed * limit).min(limit * window);
        self.at = now;
        let served = self.left >= window;
        if served {
            self.left -= window;
        } else {
            self.refused += 1;
        }
        let ms = |parts: u128| (parts / limit).div_ceil(1_000_000);
        let headers = [
            ("x-ratelimit-limit-requests", self.limit.to_string()),
            ("x-ratelimit-remaining-requests", (self.left / window).to_string()),
            ("x-ratelimit-reset-requests", spelled(ms(limit * window - self.left))),
        ];
        if served {
            return Ok(headers.map(|(name, value)| (name.to_owned(), value)).into());
        }
        let wait = ms(window - self.left);
        let words = "Rate limit reached for requests per min (RPM). Please slow down.";
        let refusal = reply::error(429, "requests", Some("rate_limit_exceeded"), None, words);
        let refusal = refusal.header("retry-after-ms", &wait.to_string());
        let refusal = refusal.header("retry-after", &wait.div_ceil(1_000).to_string());
        Err(headers.into_iter().fold(refusal, |reply, (name, value)| reply.header(name, &value)))
    }
}

/// As Go writes it, and OpenAI with it.
fn spelled(ms: u128) -> String {
    match ms {
        0 => "0s".to_owned(),
        1..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}.{:03}s", ms / 1_000, ms % 1_000),
        _ => format!("{}m{}.{:03}s", ms / 60_000, ms / 1_000 % 60, ms % 1_000),
    }
}
