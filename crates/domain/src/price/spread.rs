//! Which of a call's text, sound and images were cached, where the usage does not say.
//!
//! Usage gives two splits of the same input, by what the tokens are and by how they met the cache,
//! but not how the two cross. Of all ways to cross them the dearest is taken: the bill is then
//! never above the cost.

/// Input tokens by what they are: text, sound, images.
pub(super) type Modalities = [u64; 3];

/// Input tokens by how they met the cache: read from it, written to it, written for longer.
pub(super) type Cached = [u64; 3];

/// By modality: pico-dollars a token fresh, and for each way of [`Cached`].
pub(super) type InputRates = [[u64; 4]; 3];

/// Pico-dollars, apart by the line of the bill that they belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct InputCost {
    pub(super) fresh: u128,
    pub(super) cached: u128,
}

impl InputCost {
    fn total(self) -> u128 {
        self.fresh + self.cached
    }
}

/// The dearest way to cross the two splits.
///
/// A dearest crossing is found among those that fill one pair after the other as far as it goes,
/// so it is enough to try their orders: few, since every step empties a count.
pub(super) fn dearest(left: Modalities, cached: Cached, rates: &InputRates) -> InputCost {
    let pairs = (0..3).flat_map(|way| (0..3).map(move |what| (way, what)));
    let open = pairs.filter(|(way, what)| cached[*way].min(left[*what]) > 0);
    // With one modality left, all orders come to the same.
    let alone = left.iter().filter(|tokens| **tokens > 0).count() == 1;
    let tried = open.take(if alone { 1 } else { usize::MAX });
    let found = tried.map(|(way, what)| {
        let (mut left, mut cached) = (left, cached);
        let tokens = cached[way].min(left[what]);
        left[what] -= tokens;
        cached[way] -= tokens;
        let mut found = dearest(left, cached, rates);
        let cost = u128::from(tokens) * u128::from(rates[what][way + 1]);
        // Reading from the cache has a line of its own.
        *(if way == 0 { &mut found.cached } else { &mut found.fresh }) += cost;
        found
    });
    found.max_by_key(|found| found.total()).unwrap_or_else(|| {
        let each = left.iter().zip(rates).map(|(n, rate)| u128::from(*n) * u128::from(rate[0]));
        InputCost { fresh: each.sum(), cached: 0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cached_is_taken_where_it_saves_least() {
        // Text saves 9 a token when cached, sound 30.
        let rates = [[10, 1, 12, 12], [40, 10, 40, 40], [0; 4]];
        let cost = dearest([5, 5, 0], [6, 0, 0], &rates);
        assert_eq!(cost, InputCost { fresh: 4 * 40, cached: 5 + 10 });
    }

    #[test]
    fn no_other_crossing_is_dearer() {
        let rates = [[10, 1, 12, 20], [40, 10, 45, 46], [7, 6, 30, 31]];
        for seed in 0..2000_u64 {
            let part = |shift: u64| (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) % 5;
            let left = [part(3) + 1, part(9), part(15)];
            let all: u64 = left.iter().sum();
            let cached = part(21).min(all);
            let written = part(27).min(all - cached);
            let long = part(33).min(all - cached - written);
            let found = dearest(left, [cached, written, long], &rates).total();
            assert_eq!(found, every_crossing(left, [cached, written, long], &rates));
        }
    }

    /// One token after the other, each put everywhere it can go.
    fn every_crossing(left: Modalities, cached: Cached, rates: &InputRates) -> u128 {
        let Some(way) = (0..3).find(|way| cached[*way] > 0) else {
            return (0..3).map(|what| u128::from(left[what] * rates[what][0])).sum();
        };
        let mut rest = cached;
        rest[way] -= 1;
        let places = (0..3).filter(|what| left[*what] > 0);
        let costs = places.map(|what| {
            let mut left = left;
            left[what] -= 1;
            u128::from(rates[what][way + 1]) + every_crossing(left, rest, rates)
        });
        costs.max().unwrap()
    }
}
