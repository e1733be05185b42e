//! What a client is told of its limits: OpenAI's `x-ratelimit-*` headers.

use super::{Counters, Measure, RateLimits, UNLIMITED};

/// One limit as it stands: the tightest of those that a call met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    pub limit: u64,
    pub remaining: u64,
    /// Until the limit is whole again, in milliseconds, rounded up.
    pub reset_ms: u64,
}

/// Requests and tokens, by the minute and by the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauges {
    pub requests: Gauge,
    pub tokens: Gauge,
}

impl Gauges {
    /// As the scopes stand now.
    #[must_use]
    pub fn of(scopes: &[(&mut Counters, &RateLimits)]) -> Self {
        Self {
            requests: tightest(scopes, [Measure::RequestsPerMinute, Measure::RequestsPerDay]),
            tokens: tightest(scopes, [Measure::TokensPerMinute, Measure::TokensPerDay]),
        }
    }
}

fn tightest(scopes: &[(&mut Counters, &RateLimits)], measures: [Measure; 2]) -> Gauge {
    let each = scopes.iter().flat_map(|(counters, limits)| {
        measures.into_iter().filter_map(|measure| {
            let limit = limits.get(measure)?;
            let (used, reset) = counters.gauge(measure);
            let remaining = limit.saturating_sub(used);
            Some(Gauge { limit, remaining, reset_ms: reset.div_ceil(1_000) })
        })
    });
    let none = Gauge { limit: UNLIMITED, remaining: UNLIMITED, reset_ms: 0 };
    each.min_by_key(|gauge| (gauge.remaining, u64::MAX - gauge.reset_ms)).unwrap_or(none)
}

/// Milliseconds in OpenAI's spelling: `20ms`, `8.64s`, `1s`, `6m0s`, `23h59m59.5s`; nothing is
/// `0s`.
#[must_use]
pub fn duration(ms: u64) -> String {
    if (1..1_000).contains(&ms) {
        return format!("{ms}ms");
    }
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let (seconds, rest) = (ms / 1_000 % 60, ms % 1_000);
    let fraction = match rest {
        0 => String::new(),
        rest => format!(".{rest:03}").trim_end_matches('0').to_owned(),
    };
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{fraction}s"),
        (0, minutes) => format!("{minutes}m{seconds}{fraction}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}
