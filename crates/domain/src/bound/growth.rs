//! How a hold grows with a stream: it begins with the input and a first slice of the output, and is
//! extended ahead of what is written.
//!
//! At every moment the hold covers all that was seen and [`MARGIN`] tokens more, or the call is
//! cancelled. It rests on assumption A6: a provider shows what it writes, has at no moment written
//! more than that margin beyond what was read here, and stops its meter when it is cancelled.

use super::Bound;
use crate::Nanos;

/// Tokens that a provider may have written, and bill, beyond what was read.
pub const MARGIN: u64 = 1_024;
/// Tokens by which a hold grows at once.
pub const SLICE: u64 = 2_048;
/// More is asked for when so many tokens are left before the margin is touched.
const AHEAD: u64 = 1_024;

/// The state of one stream's hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    bound: Bound,
    /// The maximum output that is sent, in tokens: with that much held the hold is the whole bound.
    most: u64,
    /// Tokens of output that are held.
    covered: u64,
    /// Tokens that have arrived, at most.
    seen: u64,
}

impl Growth {
    /// `None` where nothing is gained: the whole bound is hardly more than the first slice.
    #[must_use]
    pub fn begin(bound: &Bound) -> Option<Self> {
        let (most, covered) = (bound.max_output?, MARGIN + SLICE);
        (most > covered).then_some(Self { bound: *bound, most, covered, seen: 0 })
    }

    /// What is to be held, with all that was granted so far.
    #[must_use]
    pub fn hold(&self) -> Nanos {
        self.bound.total(self.covered)
    }

    /// So many tokens have arrived, at most.
    pub fn saw(&mut self, tokens: u64) {
        self.seen = self.seen.max(tokens);
    }

    /// Whether the call may go on with what is held.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.covered == self.most || self.seen.saturating_add(MARGIN) <= self.covered
    }

    /// How much more is to be held by now, in nano-dollars and with it in tokens of output.
    #[must_use]
    pub fn wish(&self) -> Option<(Nanos, u64)> {
        let needed = self.seen.saturating_add(MARGIN + AHEAD);
        if self.covered == self.most || needed <= self.covered {
            return None;
        }
        Some(self.up_to(needed.max(self.covered.saturating_add(SLICE))))
    }

    /// All that is missing to the whole bound.
    #[must_use]
    pub fn rest(&self) -> Option<(Nanos, u64)> {
        (self.covered < self.most).then(|| self.up_to(self.most))
    }

    /// A wish was granted, and is written where a kill leaves it.
    pub fn granted(&mut self, covered: u64) {
        self.covered = self.covered.max(covered.min(self.most));
    }

    fn up_to(&self, tokens: u64) -> (Nanos, u64) {
        let tokens = tokens.min(self.most);
        (Nanos(self.bound.total(tokens).0.saturating_sub(self.hold().0)), tokens)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bound(fixed_picos: u128, per_output_token_picos: u128, max_output: u64) -> Bound {
        Bound { fixed_picos, per_output_token_picos, max_output: Some(max_output) }
    }

    #[test]
    fn a_small_bound_is_held_whole() {
        assert_eq!(Growth::begin(&bound(1, 1, MARGIN + SLICE)), None);
        assert_eq!(Growth::begin(&Bound { max_output: None, ..bound(1, 1, 0) }), None);
    }

    #[test]
    fn case_100_a_stream_whose_wish_is_refused_goes_on_to_its_margin_and_no_further() {
        let mut growth = Growth::begin(&bound(5_000, 1_000, 100_000)).unwrap();
        assert_eq!(growth.hold(), Nanos(5 + 3_072));
        growth.saw(SLICE - AHEAD);
        assert_eq!(growth.wish(), None);
        growth.saw(SLICE - AHEAD + 1);
        assert_eq!(growth.wish(), Some((Nanos(2_048), 5_120)));
        growth.saw(SLICE);
        assert!(growth.is_covered(), "the margin is untouched");
        growth.saw(SLICE + 1);
        assert!(!growth.is_covered());
        growth.granted(5_120);
        assert!(growth.is_covered() && growth.wish().is_none());
    }

    #[test]
    fn once_the_whole_bound_is_held_nothing_more_is_asked_for() {
        let mut growth = Growth::begin(&bound(0, 1_000, 4_000)).unwrap();
        growth.saw(3_999);
        assert_eq!(growth.wish(), Some((Nanos(928), 4_000)));
        assert_eq!(growth.rest(), growth.wish());
        growth.granted(4_000);
        growth.saw(u64::MAX);
        assert!(growth.is_covered() && growth.wish().is_none() && growth.rest().is_none());
        assert_eq!(growth.hold(), Nanos(4_000));
    }

    proptest! {
        /// A provider that keeps to A6, pieces of any size, grants that come or do not: at no moment
        /// has it written more than is held.
        #[test]
        fn p1_what_is_billed_under_a_hold_that_grows_is_within_it(
            (fixed, price, most) in (0..1_000_000_u64, 1..20_000_u64, 3_073..60_000_u64),
            pieces in prop::collection::vec((0..=MARGIN, 1..=8_u64, any::<bool>()), 1..80),
        ) {
            let bound = bound(fixed.into(), price.into(), most);
            let mut growth = Growth::begin(&bound).unwrap();
            let (mut held, mut seen) = (growth.hold(), 0);
            for (unseen, part, grants) in pieces {
                let written = (seen + unseen).min(most);
                prop_assert!(bound.total(written) <= held);
                seen += (written - seen).div_ceil(part);
                growth.saw(seen);
                if let Some((more, covered)) = growth.wish().filter(|_| grants) {
                    held.0 += more.0;
                    growth.granted(covered);
                }
                prop_assert_eq!(held, growth.hold());
                if !growth.is_covered() {
                    break;
                }
            }
        }
    }
}
