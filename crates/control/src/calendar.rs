//! Calendar months in UTC, as Unix seconds.

const DAY: i64 = 86_400;

/// The month that holds `seconds`: `[start, end)`.
pub(crate) fn month_of(seconds: i64) -> (i64, i64) {
    let (year, month) = civil(seconds.div_euclid(DAY));
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (first_day(year, month) * DAY, first_day(next_year, next_month) * DAY)
}

/// Year and month of a day since the epoch. Years are counted from March, so that the leap day is
/// the last; 146,097 days make 400 years.
fn civil(day: i64) -> (i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month)
}

/// The day since the epoch on which a month begins.
fn first_day(year: i64, month: i64) -> i64 {
    let from_march = (month + 9) % 12;
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * from_march + 2) / 5;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
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
