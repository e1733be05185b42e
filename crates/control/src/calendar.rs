//! Calendar months in UTC, as Unix seconds.

use domain::calendar::{civil, days_of};

const DAY: i64 = 86_400;

/// The month that holds `seconds`: `[start, end)`.
pub(crate) fn month_of(seconds: i64) -> (i64, i64) {
    let (year, month, _) = civil(seconds.div_euclid(DAY));
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (days_of(year, month, 1) * DAY, days_of(next_year, next_month, 1) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_where_the_calendar_says() {
        assert_eq!(month_of(0), (0, 31 * DAY));
        // 2024-02-29 12:00 is in a February of 29 days.
        assert_eq!(month_of(1_709_208_000), (1_706_745_600, 1_709_251_200));
        // The last second of 2026, and the first of 2027.
        assert_eq!(month_of(1_798_761_599), (1_796_083_200, 1_798_761_600));
        assert_eq!(month_of(1_798_761_600).0, 1_798_761_600);
    }

    #[test]
    fn months_follow_each_other_without_a_gap_for_400_years() {
        let (mut start, mut end) = month_of(0);
        for _ in 0..4800 {
            let days = (end - start) / DAY;
            assert!((28..=31).contains(&days) && (end - start) % DAY == 0);
            assert_eq!(month_of(end - 1), (start, end));
            (start, end) = month_of(end);
        }
        assert_eq!(start, 146_097 * DAY);
    }
}
