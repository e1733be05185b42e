//! How often something secret may be tried: passwords, codes, links. Counted before it is checked,
//! so that a hundred tries at once are a hundred tries.

use std::collections::HashMap;

use crate::Timestamp;

/// So many tries in so many seconds, from the first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryRule {
    pub tries: u32,
    pub seconds: i64,
}

/// Places that are remembered at once. Above it, those whose time is nearly over go first.
const MOST: usize = 50_000;

/// Tries by who made them or whom they are about.
#[derive(Debug, Default)]
pub struct Tries {
    counts: HashMap<String, (u32, Timestamp)>,
}

impl Tries {
    /// Counts a try.
    ///
    /// # Errors
    /// Where it is one too many: in how many milliseconds the next may be made.
    pub fn take(&mut self, of: &str, rule: TryRule, now: Timestamp) -> Result<(), u64> {
        if let Some((count, ends)) = self.counts.get_mut(of)
            && now < *ends
        {
            if *count >= rule.tries {
                return Err(ends.0.saturating_sub(now.0).max(1).cast_unsigned());
            }
            *count += 1;
            return Ok(());
        }
        self.make_room(now);
        self.counts.insert(of.to_owned(), (1, now.plus_seconds(rule.seconds)));
        Ok(())
    }

    /// Forgets the tries of somebody who got it right.
    pub fn forget(&mut self, of: &str) {
        self.counts.remove(of);
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.counts.len() < MOST {
            return;
        }
        self.counts.retain(|_, (_, ends)| now < *ends);
        if self.counts.len() >= MOST {
            let mut ends: Vec<Timestamp> = self.counts.values().map(|(_, ends)| *ends).collect();
            ends.sort_unstable();
            let middle = ends[ends.len() / 2];
            self.counts.retain(|_, (_, ends)| *ends > middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: TryRule = TryRule { tries: 3, seconds: 60 };

    #[test]
    fn case_136_the_fourth_try_waits_for_the_end_of_the_minute() {
        let mut tries = Tries::default();
        for _ in 0..3 {
            assert_eq!(tries.take("a", RULE, Timestamp(0)), Ok(()));
        }
        assert_eq!(tries.take("a", RULE, Timestamp(59_000)), Err(1_000));
        assert_eq!(tries.take("b", RULE, Timestamp(59_000)), Ok(()), "each has its own");
        assert_eq!(tries.take("a", RULE, Timestamp(60_000)), Ok(()));
    }

    #[test]
    fn who_gets_it_right_begins_anew() {
        let mut tries = Tries::default();
        for _ in 0..3 {
            assert_eq!(tries.take("a", RULE, Timestamp(0)), Ok(()));
        }
        tries.forget("a");
        assert_eq!(tries.take("a", RULE, Timestamp(0)), Ok(()));
    }

    #[test]
    fn there_are_never_more_than_can_be_kept() {
        let mut tries = Tries::default();
        for n in 0..i64::try_from(MOST).unwrap() + 10 {
            assert_eq!(tries.take(&n.to_string(), RULE, Timestamp(n)), Ok(()));
        }
        assert!(tries.counts.len() <= MOST);
    }
}
