//! Dates in UTC as Unix seconds, and back.

pub(super) const DAY: i64 = 86_400;

/// The last second of the year 9999, which the API takes at most.
const LAST_SECOND: i64 = 253_402_300_799;
/// Smaller numbers are a date without its dashes, not a time.
const FIRST_PLAUSIBLE: i64 = 100_000_000;

/// A time on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// A whole day, by its first second.
    Day(i64),
    At(i64),
}

impl When {
    /// `2026-10-01`, or Unix seconds.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wanted = || "write a date as YYYY-MM-DD (UTC), or Unix seconds".to_owned();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            let seconds = text.parse().map_err(|_| wanted())?;
            let known = (FIRST_PLAUSIBLE..=LAST_SECOND).contains(&seconds);
            return if known { Ok(Self::At(seconds)) } else { Err(wanted()) };
        }
        let mut parts = text.split('-').map(|part| {
            let digits = part.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| part.parse::<i64>().ok()).flatten()
        });
        let mut part = || parts.next().flatten().ok_or_else(wanted);
        let (year, month, day) = (part()?, part()?, part()?);
        let written = format!("{year:04}-{month:02}-{day:02}");
        if text != written || !(1970..=9999).contains(&year) {
            return Err(wanted());
        }
        let days = days_of(year, month, day);
        // A day that is not in the calendar comes back as another one.
        if civil(days) != (year, month, day) {
            return Err(format!("{text} is not in the calendar"));
        }
        Ok(Self::Day(days * DAY))
    }

    /// As the beginning of a range.
    pub(super) fn first_second(self) -> i64 {
        match self {
            Self::Day(at) | Self::At(at) => at,
        }
    }

    /// As the end of a range, which it does not hold: a day is in the range as a whole.
    pub(super) fn end(self) -> i64 {
        match self {
            Self::Day(at) => at + DAY,
            Self::At(at) => at,
        }
    }
}

/// `2026-10-01`.
pub(super) fn date(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2026-10-01 12:30`.
pub(super) fn minute(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(DAY);
    format!("{} {:02}:{:02}", date(seconds), of_day / 3_600, of_day / 60 % 60)
}

/// `2026-10-01 12:30:59`.
pub(super) fn second(seconds: i64) -> String {
    format!("{}:{:02}", minute(seconds), seconds.rem_euclid(60))
}

/// Days since 1970-01-01 of a civil date. Years are counted from March, so that the leap day is
/// the last of its year; 146,097 days make 400 years.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let from_march = (month + 9) % 12;
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day since 1970-01-01; [`days_of`] backwards.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400),
            ("2024-02-29", 1_709_164_800),
            ("2026-12-31", 1_798_675_200),
            ("2100-03-01", 4_107_542_400),
        ] {
            assert_eq!(When::parse(text), Ok(When::Day(seconds)), "{text}");
            assert_eq!(date(seconds + DAY - 1), text);
        }
        assert_eq!(minute(1_709_208_059), "2024-02-29 12:00");
        assert_eq!(When::parse("1709208059"), Ok(When::At(1_709_208_059)));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-1-1",
            "2026-01-01-01",
            "20260101",
            "yesterday",
            "-5",
            "1969-12-31",
            "253402300800",
        ] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_given_as_the_end_is_inside() {
        assert_eq!(When::Day(DAY).end(), 2 * DAY);
        assert_eq!((When::At(9).end(), When::Day(DAY).first_second()), (9, DAY));
    }

    #[test]
    fn every_day_of_400_years_comes_back() {
        let mut before = (0, 0, 0);
        for days in 0..146_097 {
            let (year, month, day) = civil(days);
            assert_eq!(days_of(year, month, day), days);
            assert!((year, month, day) > before);
            before = (year, month, day);
        }
        assert_eq!(before, (2369, 12, 31));
    }
}
