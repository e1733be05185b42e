//! What one scope has taken of each measure, and tickets over several scopes at once.

use super::window::{Part, Window};
use super::{Measure, Moment, RateLimits};

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const DAY: u64 = 86_400 * SECOND;
/// What a call is told to wait for another call's end, which nobody knows.
const FOR_A_SLOT: u64 = SECOND;

/// What a call takes of each measure, in counted units (audio: bytes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    pub requests: u64,
    pub tokens: u64,
    pub images: u64,
    pub audio_bytes: u64,
}

impl Draw {
    fn of(&self, measure: Measure) -> u64 {
        match measure {
            Measure::RequestsPerMinute | Measure::RequestsPerDay => self.requests,
            Measure::TokensPerMinute | Measure::TokensPerDay => self.tokens,
            Measure::ImagesPerMinute => self.images,
            Measure::AudioPerMinute => self.audio_bytes,
            Measure::BatchTokensPerDay => 0,
            // A call is in flight once, however much it asks for.
            Measure::Concurrent => 1,
        }
    }
}

/// What one scope has taken.
#[derive(Clone, Debug)]
pub struct Counters {
    windows: [Window; 6],
    in_flight: u64,
    /// The latest moment seen: threads may come in another order than their clocks were read.
    latest: u64,
}

impl Default for Counters {
    fn default() -> Self {
        let windows = [MINUTE, MINUTE, MINUTE, MINUTE, DAY, DAY].map(Window::new);
        Self { windows, in_flight: 0, latest: 0 }
    }
}

/// The measures that have a window, in the windows' order.
const WINDOWS: [Measure; 6] = [
    Measure::RequestsPerMinute,
    Measure::TokensPerMinute,
    Measure::ImagesPerMinute,
    Measure::AudioPerMinute,
    Measure::RequestsPerDay,
    Measure::TokensPerDay,
];

/// Why nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The place of the scope that refuses, in the order in which they were asked.
    pub scope: usize,
    pub measure: Measure,
    /// These three in the limit's own unit, what is used rounded up.
    pub limit: u64,
    pub used: u64,
    pub requested: u64,
    /// Milliseconds, rounded up; `None` when it can never pass under this limit.
    pub wait_ms: Option<u64>,
}

impl Counters {
    /// Whether nothing is out: the counters may be forgotten.
    pub fn is_idle(&mut self, now: Moment) -> bool {
        self.pass(now);
        self.in_flight == 0 && self.windows.iter().all(Window::is_empty)
    }

    /// How much of a limit is used, in counted units, and when all of it is back (microseconds
    /// from now).
    pub(super) fn gauge(&self, measure: Measure) -> (u64, u64) {
        let window = WINDOWS.iter().position(|m| *m == measure).map(|at| &self.windows[at]);
        let Some(window) = window else { return (self.in_flight, 0) };
        let full_at = window.full_at().unwrap_or(self.latest);
        (window.used(), full_at.saturating_sub(self.latest))
    }

    #[cfg(test)]
    pub(super) fn slices(&self) -> usize {
        self.windows.iter().map(Window::slices).max().unwrap_or(0)
    }

    fn pass(&mut self, now: Moment) {
        self.latest = self.latest.max(now.0);
        self.windows.iter_mut().for_each(|window| window.pass(self.latest));
    }

    /// The refusal that holds longest, if there is one.
    fn refusal(&self, limits: &RateLimits, draw: &Draw) -> Option<Refusal> {
        let windows = WINDOWS.iter().zip(&self.windows);
        let of_windows = windows.filter_map(|(&measure, window)| {
            let limit = limits.get(measure)?;
            let amount = draw.of(measure);
            let units = limit.saturating_mul(measure.scale());
            let fits_at = window.fits_at(self.latest, units, amount);
            let passes = amount == 0 || fits_at.is_some_and(|at| at <= self.latest);
            (!passes).then(|| {
                let wait = fits_at.map(|at| at - self.latest);
                refusal(measure, limit, window.used(), amount, wait)
            })
        });
        let slots = limits.get(Measure::Concurrent).filter(|limit| self.in_flight >= *limit);
        let of_slots = slots.map(|limit| {
            let wait = (limit > 0).then_some(FOR_A_SLOT);
            refusal(Measure::Concurrent, limit, self.in_flight, 1, wait)
        });
        of_windows.chain(of_slots).max_by_key(longest)
    }

    fn take(&mut self, limits: &RateLimits, draw: &Draw) -> Held {
        let now = self.latest;
        let mut parts = [None; 6];
        for ((measure, window), part) in WINDOWS.iter().zip(&mut self.windows).zip(&mut parts) {
            let amount = draw.of(*measure);
            // A limit that a correction may touch has its part even where nothing is taken yet.
            *part = limits.get(*measure).map(|_| match amount {
                0 => Part::default(),
                amount => window.take(now, amount),
            });
        }
        let slot = limits.get(Measure::Concurrent).is_some();
        self.in_flight += u64::from(slot);
        Held { parts, slot }
    }
}

fn refusal(measure: Measure, limit: u64, used: u64, amount: u64, wait: Option<u64>) -> Refusal {
    let scale = measure.scale();
    Refusal {
        scope: 0,
        measure,
        limit,
        used: used.div_ceil(scale),
        requested: amount.div_ceil(scale),
        wait_ms: wait.map(|wait| wait.div_ceil(1_000)),
    }
}

/// "Never" is longer than any time.
fn longest(refusal: &Refusal) -> u64 {
    refusal.wait_ms.unwrap_or(u64::MAX)
}

/// What a call holds of one scope.
#[derive(Debug)]
struct Held {
    parts: [Option<Part>; 6],
    slot: bool,
}

/// What a call took, in every scope that it was asked of.
#[must_use = "a ticket is corrected, or given back"]
#[derive(Debug)]
pub struct Ticket {
    held: Vec<Held>,
}

/// Takes from all scopes, or from none.
///
/// # Errors
/// The [`Refusal`] that holds longest: when its wait is over, none of the others is left.
pub fn take(
    now: Moment,
    scopes: &mut [(&mut Counters, &RateLimits)],
    draw: &Draw,
) -> Result<Ticket, Refusal> {
    match refused(now, scopes, draw) {
        Some(refusal) => Err(refusal),
        None => {
            let take =
                |(counters, limits): &mut (&mut Counters, &RateLimits)| counters.take(limits, draw);
            Ok(Ticket { held: scopes.iter_mut().map(take).collect() })
        }
    }
}

/// What [`take`] would say; nothing is taken.
pub fn refused(
    now: Moment,
    scopes: &mut [(&mut Counters, &RateLimits)],
    draw: &Draw,
) -> Option<Refusal> {
    let each = scopes.iter_mut().enumerate().filter_map(|(scope, (counters, limits))| {
        counters.pass(now);
        let refusal = counters.refusal(limits, draw)?;
        Some(Refusal { scope, ..refusal })
    });
    each.max_by_key(longest)
}

impl Ticket {
    /// Puts what the call really used in the place of what was taken for it: tokens and images.
    /// `scopes` are those of [`take`], in its order.
    pub fn correct(&mut self, now: Moment, scopes: &mut [&mut Counters], actual: &Draw) {
        for (held, counters) in self.held.iter_mut().zip(scopes) {
            counters.pass(now);
            let now = counters.latest;
            let windows = counters.windows.iter_mut().zip(&mut held.parts);
            for (&measure, (window, part)) in WINDOWS.iter().zip(windows) {
                let Some(part) = part.as_mut().filter(|_| is_estimated(measure)) else { continue };
                let (used, held) = (actual.of(measure), part.held());
                if used < held {
                    window.give_back(part, held - used);
                } else if used > held {
                    *part = window.take(now, used - held).after(held);
                }
            }
        }
    }

    /// Gives up the call's place among those in flight; all else stays.
    pub fn free_slots(&mut self, scopes: &mut [&mut Counters]) {
        for (held, counters) in self.held.iter_mut().zip(scopes) {
            if std::mem::take(&mut held.slot) {
                counters.in_flight = counters.in_flight.saturating_sub(1);
            }
        }
    }

    /// Gives back everything: the call was refused for another reason.
    pub fn give_back(mut self, scopes: &mut [&mut Counters]) {
        self.free_slots(scopes);
        for (held, counters) in self.held.iter_mut().zip(scopes) {
            for (window, part) in counters.windows.iter_mut().zip(&mut held.parts) {
                if let Some(part) = part {
                    window.give_back(part, part.amount);
                }
            }
        }
    }
}

fn is_estimated(measure: Measure) -> bool {
    matches!(measure, Measure::TokensPerMinute | Measure::TokensPerDay | Measure::ImagesPerMinute)
}
