//! Histograms over whole numbers: microseconds or tokens.

/// The upper bounds of a histogram's buckets, ascending, in its unit.
pub type Bounds = &'static [u64];

/// From a hundredth of a second to ninety, each twice the one before: what the conventions for
/// generative AI give for durations. Microseconds.
pub const OPERATION: Bounds = &[
    10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 1_280_000, 2_560_000, 5_120_000,
    10_240_000, 20_480_000, 40_960_000, 81_920_000,
];

/// Until a first token. Microseconds.
pub const FIRST_TOKEN: Bounds = &[
    1_000, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000, 250_000, 500_000, 750_000,
    1_000_000, 2_500_000, 5_000_000, 7_500_000, 10_000_000, 15_000_000, 20_000_000, 30_000_000,
    45_000_000, 60_000_000,
];

/// Between two tokens. Microseconds.
pub const TOKEN_GAP: Bounds = &[
    10_000, 25_000, 50_000, 75_000, 100_000, 150_000, 200_000, 300_000, 400_000, 500_000, 750_000,
    1_000_000, 2_500_000,
];

/// Our own time in a call. Microseconds.
pub const OVERHEAD: Bounds =
    &[50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 102_400, 1_000_000];

/// Tokens of a call.
pub const TOKENS: Bounds = &[
    1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
    67_108_864,
];

/// One histogram.
#[derive(Clone, Debug)]
pub struct Histogram {
    bounds: Bounds,
    /// One more than there are bounds: the last is for what is above all of them.
    counts: Box<[u64]>,
    sum: u64,
}

impl Histogram {
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1].into(), sum: 0 }
    }

    pub fn observe(&mut self, value: u64) {
        let at = self.bounds.partition_point(|&bound| bound < value);
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
        }
        self.sum = self.sum.saturating_add(value);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// Adds what another of the same bounds has observed.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.sum = self.sum.saturating_add(other.sum);
    }

    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// Each bound with how many were at or below it; what has no bound comes last.
    pub fn cumulative(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().map(|&bound| Some(bound)).chain([None]);
        bounds.zip(self.counts.iter()).scan(0, |total, (bound, count)| {
            *total += count;
            Some((bound, *total))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_its_bucket_and_all_above() {
        let mut histogram = Histogram::new(&[10, 20]);
        for value in [0, 10, 11, 20, 21, u64::MAX] {
            histogram.observe(value);
        }
        let all: Vec<_> = histogram.cumulative().collect();
        assert_eq!(all, [(Some(10), 2), (Some(20), 4), (None, 6)]);
        assert_eq!(histogram.sum(), u64::MAX);
    }

    #[test]
    fn bounds_ascend() {
        for bounds in [OPERATION, FIRST_TOKEN, TOKEN_GAP, OVERHEAD, TOKENS] {
            assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
