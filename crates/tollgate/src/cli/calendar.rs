//! Dates in UTC as Unix seconds, and back.

use domain::calendar::{civil, days_of};
pub(super) use domain::calendar::{date, minute};

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

/// `2026-10-01 12:30:59`.
pub(super) fn second(seconds: i64) -> String {
    format!("{}:{:02}", minute(seconds), seconds.rem_euclid(60))
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
}
