//! What providers write into their rate-limit headers, in all the spellings that are about.

use crate::Timestamp;
use crate::calendar;

/// What an answer says of one limit. What it does not say, or says in a way that nobody can
/// believe, is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub limit: Option<u64>,
    pub remaining: Option<u64>,
    /// Microseconds until the limit is whole again.
    pub reset_us: Option<u64>,
}

impl Told {
    /// Whether it says how much is left, without which the rest says nothing.
    #[must_use]
    pub fn says(&self) -> bool {
        self.remaining.is_some()
    }
}

/// What an answer says of an account's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    pub requests: Told,
    pub tokens: Told,
}

impl Reading {
    pub(super) fn parts(&self) -> [&Told; 2] {
        [&self.requests, &self.tokens]
    }
}

/// More than any account has; beyond it a number is a way to say "unlimited".
const MOST: u64 = 1_000_000_000_000;
/// A reset further away than this (µs) is none that a call could wait for; some 31 days.
const FARTHEST: u64 = 31 * 86_400 * 1_000_000;
/// A bare number from here on counts seconds since 1970, not from now.
const EPOCH_SECONDS: u64 = 1_000_000_000;
/// The same in milliseconds.
const EPOCH_MS: u64 = 1_000_000_000_000;

/// A whole number of requests or tokens: `60`, `1999.5` (rounded down), `60;w=60`, `60, 60;w=60`.
/// Negative numbers, words and absurdly large numbers say nothing.
#[must_use]
pub fn amount(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find([',', ';', '.', ' ']).unwrap_or(text.len());
    let digits = &text[..end];
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number <= MOST)
}

/// Microseconds until a reset. `6m0s`, `20ms`, `1h2m3.5s`, `1d`; bare seconds `12`, `0.5`; seconds
/// or milliseconds since 1970; RFC 3339. What lies in the past is 0.
#[must_use]
pub fn reset_us(text: &str, now: Timestamp) -> Option<u64> {
    let text = text.trim();
    let us = if text.as_bytes().get(4) == Some(&b'-') {
        calendar::rfc3339(text).map(|at| until(at.0, now))
    } else if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        bare(text, now)
    } else {
        spelled(text)
    };
    us.filter(|us| *us <= FARTHEST)
}

fn until(epoch_ms: i64, now: Timestamp) -> u64 {
    u64::try_from(epoch_ms.saturating_sub(now.0)).unwrap_or(0).saturating_mul(1_000)
}

/// Seconds from now, or a moment since 1970.
fn bare(text: &str, now: Timestamp) -> Option<u64> {
    let us = micros(text, 1_000_000)?;
    let seconds = us / 1_000_000;
    match seconds {
        EPOCH_MS.. => Some(until(i64::try_from(seconds).ok()?, now)),
        EPOCH_SECONDS.. => Some(until(i64::try_from(us / 1_000).ok()?, now)),
        _ => Some(us),
    }
}

/// Numbers with units behind them, as Go writes a duration.
fn spelled(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, next) = behind.split_at(letters);
        let unit = match unit.trim() {
            "d" => 86_400_000_000,
            "h" => 3_600_000_000,
            "m" => 60_000_000,
            "s" => 1_000_000,
            "ms" => 1_000,
            "us" | "µs" | "μs" => 1,
            // Too fine to matter.
            "ns" => 0,
            _ => return None,
        };
        total = total.checked_add(micros(number, unit)?)?;
        rest = next;
    }
    Some(total)
}

/// A decimal number times a unit, rounded up.
fn micros(number: &str, unit: u64) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let mut us = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let part = &part[..part.len().min(9)];
    if !part.is_empty() {
        let digits: u64 = part.parse().ok()?;
        let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
        us = us.checked_add(digits.checked_mul(unit)?.div_ceil(scale))?;
    }
    Some(us)
}

/// The models that share one limit: a name without the date of its snapshot.
#[must_use]
pub fn family(model: &str) -> &str {
    let bytes = model.as_bytes();
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    // -2024-08-06
    if let Some((rest, date)) = bytes.split_at_checked(bytes.len().saturating_sub(11))
        && let [b'-', y @ .., b'-', m1, m2, b'-', d1, d2] = date
        && y.len() == 4
        && digits(y)
        && digits(&[*m1, *m2, *d1, *d2])
        && !rest.is_empty()
    {
        return &model[..rest.len()];
    }
    // -20240806 and -0613
    for length in [8, 4] {
        if let Some((rest, date)) = bytes.split_at_checked(bytes.len().saturating_sub(length + 1))
            && let [b'-', date @ ..] = date
            && date.len() == length
            && digits(date)
            && !rest.is_empty()
        {
            return &model[..rest.len()];
        }
    }
    model.strip_suffix("-latest").filter(|rest| !rest.is_empty()).unwrap_or(model)
}
