//! The proleptic Gregorian calendar, in UTC.

const DAY: i64 = 86_400;

/// Days since 1970-01-01 of a civil date. Years are counted from March, so that the leap day is
/// the last of its year; 146,097 days make 400 years (Hinnant's era method).
#[must_use]
pub fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let from_march = (month + 9) % 12;
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month (1 to 12) and day of a day since 1970-01-01; [`days_of`] backwards.
#[must_use]
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Unix seconds as `2026-10-01`.
#[must_use]
pub fn date(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Unix seconds as `2026-10-01 12:30`.
#[must_use]
pub fn minute(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(DAY);
    format!("{} {:02}:{:02}", date(seconds), of_day / 3_600, of_day / 60 % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_one_date() {
        assert_eq!(civil(0), (1970, 1, 1));
        let mut last = civil(-800_000);
        for day in -799_999..800_000 {
            let next = civil(day);
            assert_eq!(days_of(next.0, next.1, next.2), day);
            assert!(next > last);
            last = next;
        }
    }

    #[test]
    fn a_moment_is_written_to_the_minute() {
        // date -u -d @1709251199
        assert_eq!(minute(1_709_251_199), "2024-02-29 23:59");
        assert_eq!(date(-1), "1969-12-31");
    }
}
