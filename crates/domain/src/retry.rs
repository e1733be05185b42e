//! How often and after which pause an upstream is asked the same thing again.
//!
//! Repeats cannot make an outage worse (P18): over any stretch of calls they are at most a fifth
//! of the calls placed on that upstream, but for three that it has in hand at the start. What
//! another upstream is asked is not counted here: that one was not asked yet.

use std::time::Duration;

/// A repeat costs what this many calls bring in.
const COST: u32 = 5;
/// What is in hand at the start: three repeats, which the first calls pay back.
const START: u32 = 3 * COST;
/// What can be saved up: fifty repeats at once.
const MOST: u32 = 50 * COST;

/// The first pause is at most this long, each later one twice as long.
const BASE: Duration = Duration::from_millis(250);
const CAP: Duration = Duration::from_secs(8);

/// What an upstream has left for repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    saved: u32,
    /// Calls that still pay for what was in hand at the start.
    owed: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { saved: START, owed: START }
    }
}

impl Budget {
    /// A call is placed on the upstream for the first time.
    pub fn placed(&mut self) {
        if self.owed > 0 {
            self.owed -= 1;
        } else {
            self.saved = (self.saved + 1).min(MOST);
        }
    }

    /// Takes one repeat, if there is one.
    pub fn repeat(&mut self) -> bool {
        let enough = self.saved >= COST;
        if enough {
            self.saved -= COST;
        }
        enough
    }

    /// Whether further calls would add nothing.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.saved == MOST
    }
}

/// The pause before a repeat: anything between nothing and a bound that doubles, so that those who
/// failed together do not come back together. `repeat` counts from 0; `random` is any number.
#[must_use]
pub fn backoff(repeat: u32, random: u64) -> Duration {
    let bound = BASE.saturating_mul(1 << repeat.min(16)).min(CAP);
    let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random % (micros + 1))
}

/// The pause before a repeat, or `None` where it is not worth while: the provider wants a longer
/// one than `left` (case 88). `told` is what the provider asks for.
#[must_use]
pub fn pause(told: Option<Duration>, repeat: u32, random: u64, left: Duration) -> Option<Duration> {
    match told {
        // A little more than was asked for, never less.
        Some(told) => Some(told + backoff(0, random) / 4).filter(|pause| *pause <= left),
        None => Some(backoff(repeat, random)).filter(|pause| *pause < left),
    }
}

/// The headers in which providers say when to come back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'h> {
    /// `retry-after-ms`: milliseconds.
    pub retry_after_ms: Option<&'h str>,
    /// `retry-after`: seconds. A date is not read: whose clock it is by, nobody knows.
    pub retry_after: Option<&'h str>,
    /// `x-ratelimit-remaining-…` and `x-ratelimit-reset-…`, of requests and of tokens.
    pub requests: (Option<&'h str>, Option<&'h str>),
    pub tokens: (Option<&'h str>, Option<&'h str>),
}

impl Told<'_> {
    /// How long the provider wants to be left alone, if it says so.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let after = self
            .retry_after_ms
            .and_then(|text| decimal(text, 1_000))
            .or_else(|| decimal(self.retry_after?, 1_000_000));
        let spent = |(remaining, reset): (Option<&str>, Option<&str>)| {
            reset.filter(|_| remaining == Some("0")).and_then(span)
        };
        after.or_else(|| spent(self.requests).max(spent(self.tokens)))
    }
}

/// A decimal number of a unit that has so many microseconds; a week at most.
fn decimal(text: &str, unit: u64) -> Option<Duration> {
    const WEEK: u64 = 7 * 86_400 * 1_000_000;
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let (mut rest, mut place) = (0, unit);
    for digit in part.bytes() {
        place /= 10;
        rest += u64::from(digit - b'0') * place;
    }
    let whole = whole.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(unit);
    Some(Duration::from_micros(whole.saturating_add(rest).min(WEEK)))
}

/// A span as OpenAI writes it: `12ms`, `1s`, `6m0s`, `1h2m3.5s`.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, behind) = rest.split_at(number);
        let length = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(length);
        let micros = match unit {
            "ms" => 1_000,
            "s" => 1_000_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return None,
        };
        sum += decimal(amount, micros)?;
        rest = behind;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn p18_in_a_total_outage_repeats_are_a_fifth_of_the_calls_from_a_hundred_up() {
        let mut budget = Budget::default();
        let mut repeats = 0;
        for call in 1..=10_000 {
            budget.placed();
            repeats += u32::from(budget.repeat()) + u32::from(budget.repeat());
            assert!(repeats * 5 <= call.max(15), "{repeats} repeats of {call} calls");
        }
        assert_eq!(repeats, 2_000);
    }

    #[test]
    fn three_repeats_are_in_hand_from_the_start() {
        let mut budget = Budget::default();
        assert_eq!((0..4).filter(|_| budget.repeat()).count(), 3);
    }

    proptest! {
        #[test]
        fn p18_no_stretch_of_calls_has_more(steps in prop::collection::vec(any::<bool>(), 1..2_000)) {
            let mut budget = Budget::default();
            let (mut calls, mut repeats) = (0u32, 0u32);
            for placed in steps {
                match placed {
                    true => {
                        budget.placed();
                        calls += 1;
                    }
                    false => repeats += u32::from(budget.repeat()),
                }
                prop_assert!(repeats * 5 <= calls.max(15));
            }
        }

        #[test]
        fn a_pause_is_within_its_bound(repeat in 0..40u32, random: u64) {
            let bound = Duration::from_millis(250 << repeat.min(5));
            prop_assert!(backoff(repeat, random) <= bound.min(CAP));
        }
    }

    #[test]
    fn pauses_use_the_whole_of_their_bound() {
        assert_eq!(backoff(0, 0), Duration::ZERO);
        assert_eq!(backoff(0, 250_000), BASE);
        assert_eq!(backoff(3, 2_000_000), Duration::from_secs(2));
        assert_eq!(backoff(9, 8_000_000), CAP);
    }

    #[test]
    fn case_88_what_the_provider_asks_for_is_kept_or_the_call_is_not_repeated() {
        let second = Duration::from_secs(1);
        let got = pause(Some(second), 0, 1_000, Duration::from_secs(5)).unwrap();
        assert!(got >= second && got < second * 2);
        assert_eq!(pause(Some(second * 6), 0, 0, Duration::from_secs(5)), None);
        assert_eq!(pause(None, 0, 7, second), Some(Duration::from_micros(7)));
        assert_eq!(pause(None, 0, 0, Duration::ZERO), None);
    }

    #[test]
    fn waits_are_read_in_every_form_that_providers_use() {
        let ms = Duration::from_millis;
        let after = |text| Told { retry_after: Some(text), ..Told::default() }.wait();
        assert_eq!(after("2"), Some(ms(2_000)));
        assert_eq!(after(" 0.25 "), Some(ms(250)));
        for text in ["", "-1", "soon", "1e3", ".5", "Wed, 21 Oct 2026 07:28:00 GMT"] {
            assert_eq!(after(text), None, "{text}");
        }
        assert_eq!(after("99999999999999999999999"), Some(Duration::from_secs(7 * 86_400)));
        let both = Told { retry_after_ms: Some("1500"), retry_after: Some("2"), ..Told::default() };
        assert_eq!(both.wait(), Some(ms(1_500)));
        let spent = |remaining, reset| {
            let requests = (Some(remaining), Some(reset));
            Told { requests, ..Told::default() }.wait()
        };
        assert_eq!(spent("0", "6m0s"), Some(ms(360_000)));
        assert_eq!(spent("0", "12ms"), Some(ms(12)));
        assert_eq!(spent("0", "1h0m1.5s"), Some(ms(3_601_500)));
        assert_eq!(spent("7", "6m0s"), None);
        assert_eq!(spent("0", "soon"), None);
        assert_eq!(spent("0", "5"), None);
    }
}
