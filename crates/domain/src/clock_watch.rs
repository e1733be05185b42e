//! Whether the wall clock can be believed about which period it is (case 66).
//!
//! A clock that is suddenly days ahead would begin a period early. Nobody here can say which time is
//! right; but a steady clock says how much has passed, and a jump that nothing explains is believed
//! only once it has stood for a minute. A clock that goes back begins nothing: the period of then
//! still has all that was spent in it.

use crate::Timestamp;

/// More than this (ms) is a jump and no correction.
const JUMP: i64 = 60_000;
/// For so long (ms, by the steady clock) a jump is doubted.
const DOUBTED: i64 = 60_000;

/// Compares the wall clock with a clock that only goes on.
#[derive(Debug)]
pub struct ClockWatch {
    /// What both said when they last agreed.
    wall: Timestamp,
    steady: i64,
    /// Since when the wall clock is ahead.
    doubted: Option<i64>,
}

impl ClockWatch {
    /// `steady` is in milliseconds, from any beginning.
    #[must_use]
    pub fn new(wall: Timestamp, steady: i64) -> Self {
        Self { wall, steady, doubted: None }
    }

    /// Whether the wall clock is believed.
    pub fn look(&mut self, wall: Timestamp, steady: i64) -> bool {
        let ahead = Self::ahead(self.wall, wall, steady.saturating_sub(self.steady));
        let since = *self.doubted.get_or_insert(steady);
        if ahead && steady.saturating_sub(since) < DOUBTED {
            return false;
        }
        *self = Self::new(wall, steady);
        true
    }

    /// Whether a wall clock that said `then` cannot say `now` after `passed` milliseconds.
    #[must_use]
    pub fn ahead(then: Timestamp, now: Timestamp, passed: i64) -> bool {
        now.0.saturating_sub(then.0).saturating_sub(passed) > JUMP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const NOW: i64 = 1_700_000_000_000;

    fn looks(steps: &[(i64, i64)]) -> Vec<bool> {
        let mut watch = ClockWatch::new(Timestamp(NOW), 5);
        steps.iter().map(|(wall, passed)| watch.look(Timestamp(NOW + wall), 5 + passed)).collect()
    }

    #[test]
    fn case_66_a_clock_that_jumps_ahead_is_doubted_until_it_is_back() {
        let jumped = [(1_000, 1_000), (40 * DAY, 2_000), (40 * DAY + 1_000, 3_000), (4_000, 4_000)];
        assert_eq!(looks(&jumped), [true, false, false, true]);
        // Doubt begins anew with the next jump.
        let twice = [(40 * DAY, 1_000), (2_000, 2_000), (40 * DAY, 61_500), (62_000, 62_000)];
        assert_eq!(looks(&twice), [false, true, false, true]);
    }

    #[test]
    fn case_66_a_jump_that_stands_for_a_minute_is_believed() {
        let stands = [(DAY, 1_000), (DAY + 59_000, 60_000), (DAY + 60_000, 61_000)];
        assert_eq!(looks(&stands), [false, false, true]);
    }

    #[test]
    fn case_66_a_clock_that_goes_back_or_is_set_right_is_believed() {
        assert_eq!(looks(&[(-40 * DAY, 1_000), (1_000 - 40 * DAY, 2_000)]), [true, true]);
        assert_eq!(looks(&[(61_000, 1_000), (62_001, 62_000)]), [true, true]);
        // A machine that slept: both clocks say so.
        assert_eq!(looks(&[(40 * DAY, 40 * DAY)]), [true]);
    }
}
