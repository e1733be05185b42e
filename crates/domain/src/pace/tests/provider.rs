//! A provider with a rate limit of its own, and calls that take their time on the way to it.

use super::super::{Draw, Reading, Told};

/// How the provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A token bucket as large as the limit.
    Bucket,
    /// A count that begins anew with each window.
    Fixed,
}

/// Keeps its books in exact fractions: millionths of a unit times the window.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    kind: Kind,
    pub(super) limits: [u64; 2],
    window: u64,
    /// Units left, in parts of `window`.
    left: [u128; 2],
    at: u64,
    pub(super) admitted: u64,
    pub(super) refused: u64,
}

impl Provider {
    pub(super) fn new(kind: Kind, limits: [u64; 2], window: u64) -> Self {
        let left = limits.map(|limit| u128::from(limit) * u128::from(window));
        Self { kind, limits, window, left, at: 0, admitted: 0, refused: 0 }
    }

    fn advance(&mut self, now: u64) {
        let passed = now - self.at;
        for (left, limit) in self.left.iter_mut().zip(self.limits) {
            let full = u128::from(limit) * u128::from(self.window);
            match self.kind {
                Kind::Bucket => *left = (*left + u128::from(passed) * u128::from(limit)).min(full),
                Kind::Fixed if now / self.window != self.at / self.window => *left = full,
                Kind::Fixed => {}
            }
        }
        self.at = now;
    }

    /// A call comes in: whether it is served, what the headers say, and the wait of a refusal.
    pub(super) fn serve(&mut self, now: u64, draw: Draw) -> (bool, Reading, u64) {
        self.advance(now);
        let wanted = draw.parts().map(|part| u128::from(part) * u128::from(self.window));
        let served = self.left.iter().zip(wanted).all(|(left, wanted)| *left >= wanted);
        if served {
            self.admitted += 1;
            self.left.iter_mut().zip(wanted).for_each(|(left, wanted)| *left -= wanted);
        } else {
            self.refused += 1;
        }
        let window = u128::from(self.window);
        let told = |at: usize| {
            let limit = u128::from(self.limits[at]);
            let missing = limit * window - self.left[at];
            let reset = match self.kind {
                Kind::Bucket => missing.div_ceil(limit.max(1)),
                Kind::Fixed => u128::from(self.window - now % self.window),
            };
            Told {
                limit: Some(self.limits[at]),
                remaining: u64::try_from(self.left[at] / window).ok(),
                // To the millisecond, as it is written.
                reset_us: u64::try_from(reset.div_ceil(1_000) * 1_000).ok(),
            }
        };
        let lacking = (0..2).map(|at| wanted[at].saturating_sub(self.left[at]));
        let wait = lacking.zip(self.limits).map(|(lacking, limit)| match self.kind {
            Kind::Bucket => lacking.div_ceil(u128::from(limit.max(1))),
            Kind::Fixed if lacking > 0 => u128::from(self.window - now % self.window),
            Kind::Fixed => 0,
        });
        let wait = u64::try_from(wait.max().unwrap_or(0)).unwrap_or(u64::MAX);
        (served, Reading { requests: told(0), tokens: told(1) }, wait)
    }
}
