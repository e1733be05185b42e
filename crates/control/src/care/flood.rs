//! So much and no more in a minute: of one source, and of all together.

use std::collections::HashMap;
use std::net::IpAddr;

use domain::Timestamp;

const MINUTE_MS: u64 = 60_000;
/// Sources that are remembered; when there are more, all together are bounded all the same.
const MOST_SOURCES: usize = 10_000;

/// How many in a minute.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) of_one: u32,
    pub(crate) of_all: u32,
}

/// Counts in windows of a minute.
pub(crate) struct Flood {
    bounds: Bounds,
    began: Timestamp,
    all: u32,
    of: HashMap<String, u32>,
}

impl Flood {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, began: Timestamp(0), all: 0, of: HashMap::new() }
    }

    /// Whether one more of a source would be taken. Takes nothing.
    pub(crate) fn has_room(&mut self, source: &str, now: Timestamp) -> bool {
        self.begin(now);
        let own = self.of.get(source).copied().unwrap_or(0);
        self.all < self.bounds.of_all && own < self.bounds.of_one
    }

    /// Takes one more of a source; otherwise how many milliseconds to wait.
    pub(crate) fn take(&mut self, source: String, now: Timestamp) -> Result<(), u64> {
        if !self.has_room(&source, now) {
            let passed = now.0.saturating_sub(self.began.0).unsigned_abs();
            return Err(MINUTE_MS.saturating_sub(passed).max(1));
        }
        self.all += 1;
        if self.of.len() < MOST_SOURCES || self.of.contains_key(&source) {
            *self.of.entry(source).or_default() += 1;
        }
        Ok(())
    }

    fn begin(&mut self, now: Timestamp) {
        // Also when the clock went back: the window must not last until it comes round again.
        if now.0.saturating_sub(self.began.0).unsigned_abs() >= MINUTE_MS {
            (self.began, self.all) = (now, 0);
            self.of.clear();
        }
    }
}

/// Whom an address counts as: somebody with IPv6 has a whole /64.
pub(crate) fn source(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(four) => four.to_string(),
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { of_one: 2, of_all: 3 };

    #[test]
    fn one_source_and_all_together_are_bounded() {
        let mut flood = Flood::new(BOUNDS);
        let now = Timestamp(1_000_000);
        let mut take = |source: &str, at| flood.take(source.to_owned(), at);
        assert_eq!((take("a", now), take("a", now)), (Ok(()), Ok(())));
        assert_eq!(take("a", Timestamp(now.0 + 20_000)), Err(40_000));
        assert_eq!(take("b", now), Ok(()));
        assert!(take("c", now).is_err(), "all together");
        assert_eq!(take("a", Timestamp(now.0 + 60_000)), Ok(()));
    }

    #[test]
    fn what_is_refused_takes_nothing_and_a_clock_that_goes_back_blocks_nobody() {
        let mut flood = Flood::new(BOUNDS);
        let now = Timestamp(1_000_000);
        for _ in 0..9 {
            let _ = flood.take("a".to_owned(), now);
        }
        assert_eq!(flood.take("b".to_owned(), now), Ok(()));
        assert_eq!(flood.take("a".to_owned(), Timestamp(0)), Ok(()));
    }

    #[test]
    fn neighbours_in_one_network_are_one_source() {
        let of = |text: &str| source(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.1.2.3"), "10.1.2.3");
    }
}
