//! What is left of one limit, reckoned between answers and held to what they say.
//!
//! Levels are in millionths of a unit, so that a slow refill is not rounded away.

use super::Told;

/// Millionths in a unit.
const UNIT: i128 = 1_000_000;
/// The windows that providers' limits are of, in microseconds: a second, ten, a minute, an hour, a
/// day.
const WINDOWS: [u64; 5] = [1_000_000, 10_000_000, MINUTE, 3_600_000_000, 86_400_000_000];
const MINUTE: u64 = 60_000_000;
/// A reset shorter than this (µs) is too coarsely rounded to tell a window from.
const COARSE: u64 = 2_000;
/// How much of the time from placing to answering (µs) may have been the way there: what a bucket
/// gained in it is not counted.
const WAY: u64 = 250_000;

/// How a limit comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refill {
    /// Steadily, a whole limit in so many microseconds.
    Steady(u64),
    /// All of it at once, when its window ends.
    AtOnce,
}

/// An answer's word on one limit, and what may stand between it and the truth.
pub(super) struct Word<'a> {
    pub(super) told: &'a Told,
    /// When its call was placed, and when the answer came.
    pub(super) placed_at: u64,
    pub(super) now: u64,
    /// Units placed after its call.
    pub(super) after: u64,
    /// Units that were under way when its call was placed.
    pub(super) beside: u64,
}

/// All times in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    limit: u64,
    refill: Refill,
    level: i128,
    as_of: u64,
    full_at: u64,
}

impl Meter {
    /// From the first answer that says how much is left.
    pub(super) fn learned(word: &Word<'_>) -> Option<Self> {
        let remaining = word.told.remaining?;
        let limit = word.told.limit.unwrap_or(remaining).max(remaining);
        if limit == 0 {
            return None;
        }
        let refill = Refill::Steady(MINUTE);
        let level = i128::from(limit) * UNIT;
        let mut meter = Self { limit, refill, level, as_of: word.now, full_at: word.now };
        // Nothing has been reckoned yet: the lower end of the range is all that is sure.
        meter.level = i128::from(remaining) - i128::from(word.after) - i128::from(word.beside);
        meter.level *= UNIT;
        meter.hear(word);
        Some(meter)
    }

    /// Moves the level into the range that an answer leaves open.
    pub(super) fn hear(&mut self, word: &Word<'_>) {
        let Some(remaining) = word.told.remaining else { return };
        let limit = word.told.limit.unwrap_or(self.limit).max(remaining);
        // Whoever answers calls has another limit than none at all.
        if limit == 0 {
            return;
        }
        self.advance(word.now);
        self.limit = limit;
        if let Some(reset) = word.told.reset_us {
            self.full_at = word.now.saturating_add(reset);
            if let Some(refill) = refill(self.limit, remaining, reset) {
                self.refill = refill;
            }
        }
        let on_the_way = word.now.saturating_sub(word.placed_at).saturating_sub(WAY);
        let left = i128::from(remaining) - i128::from(word.after);
        let most = left * UNIT + self.gain(on_the_way);
        let least = (left - i128::from(word.beside)) * UNIT;
        self.level = self.level.clamp(least.min(most), most).min(self.full());
    }

    /// Lets come back what is due.
    pub(super) fn advance(&mut self, now: u64) {
        let passed = now.saturating_sub(self.as_of);
        if passed == 0 {
            return;
        }
        match self.refill {
            Refill::AtOnce => {
                self.as_of = now;
                if now >= self.full_at {
                    self.level = self.full();
                    // The next window's end is not known before an answer tells it.
                    self.full_at = u64::MAX;
                }
            }
            Refill::Steady(_) if self.level >= self.full() => self.as_of = now,
            Refill::Steady(_) => {
                let gain = self.gain(passed);
                self.level = (self.level + gain).min(self.full());
                // Only as far as what was gained took: the rest counts the next time.
                self.as_of = match self.level >= self.full() {
                    true => now,
                    false => self.as_of.saturating_add(self.time_for(gain)).min(now),
                };
            }
        }
    }

    /// Takes, whatever is left.
    pub(super) fn take(&mut self, amount: u64) {
        self.level -= i128::from(self.fitting(amount)) * UNIT;
    }

    /// Takes back what was taken for a call that used nothing.
    pub(super) fn give_back(&mut self, amount: u64) {
        self.level = (self.level + i128::from(self.fitting(amount)) * UNIT).min(self.full());
    }

    /// The provider refused for lack of it: what was reckoned beyond a word of it is not there.
    pub(super) fn is_short_of(&self, amount: u64) -> bool {
        self.level < i128::from(self.fitting(amount)) * UNIT
    }

    /// When `amount` is there, if nothing else takes of it. Up to date as of the last
    /// [`Self::advance`].
    pub(super) fn has_at(&self, now: u64, amount: u64) -> u64 {
        let lacking = i128::from(amount) * UNIT - self.level;
        if lacking <= 0 {
            return now;
        }
        match self.refill {
            Refill::Steady(_) => self.as_of.saturating_add(self.time_for(lacking)).max(now),
            // A window whose end nobody told is taken for a minute from now.
            Refill::AtOnce if self.full_at == u64::MAX => now.saturating_add(MINUTE),
            Refill::AtOnce => self.full_at.max(now),
        }
    }

    /// What a call can be made to wait for: one larger than the limit passes when it is whole, and
    /// is the provider's to judge.
    pub(super) fn fitting(&self, amount: u64) -> u64 {
        amount.min(self.limit.max(1))
    }

    /// The limit, in units.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Whole units left, as of the last [`Self::advance`].
    pub(super) fn left(&self) -> u64 {
        u64::try_from(self.level.max(0) / UNIT).unwrap_or(u64::MAX)
    }

    fn full(&self) -> i128 {
        i128::from(self.limit) * UNIT
    }

    /// Millionths gained in so many microseconds.
    fn gain(&self, us: u64) -> i128 {
        match self.refill {
            Refill::Steady(window) => self.full() * i128::from(us) / i128::from(window),
            Refill::AtOnce => 0,
        }
    }

    /// Microseconds in which so much comes back; without end where nothing does.
    fn time_for(&self, gain: i128) -> u64 {
        let Refill::Steady(window) = self.refill else { return u64::MAX };
        if self.limit == 0 {
            return u64::MAX;
        }
        let us = (gain * i128::from(window) + self.full() - 1) / self.full();
        u64::try_from(us).unwrap_or(u64::MAX)
    }
}

/// How a limit comes back, as one answer tells: in a token bucket what is missing comes back in the
/// same share of the window as it is of the limit. `None` where too little is missing to tell.
fn refill(limit: u64, remaining: u64, reset_us: u64) -> Option<Refill> {
    let missing = limit.saturating_sub(remaining);
    if missing == 0 || reset_us < COARSE {
        return None;
    }
    // `remaining` is rounded, so a little more or less than `missing` is missing.
    let window = |missing: u64| u128::from(reset_us) * u128::from(limit) / u128::from(missing);
    let (shortest, longest) = (window(missing + 1), missing.checked_sub(1).filter(|m| *m > 0));
    let longest = longest.map_or(u128::MAX, window);
    let near = |known: u64| {
        let known = u128::from(known);
        known * 21 / 20 >= shortest && known * 19 / 20 <= longest
    };
    let steady = WINDOWS.into_iter().filter(|known| near(*known));
    // Of several that fit, the one that fits best to what was said.
    let best = steady.min_by_key(|known| u128::from(*known).abs_diff(window(missing)));
    Some(best.map_or(Refill::AtOnce, Refill::Steady))
}
