//! The proleptic Gregorian calendar, in UTC.

use crate::Timestamp;

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

/// A moment as RFC 3339 writes it: `2026-10-01T12:30:00Z`, with a fraction or an offset where there
/// is one. A leap second is the one before it.
#[must_use]
pub fn rfc3339(text: &str) -> Option<Timestamp> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<i64>().ok().filter(|_| plain)
    };
    let is = |at: usize, marks: &[u8]| text.as_bytes().get(at).is_some_and(|b| marks.contains(b));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (month, day) = (number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let sound = (1..=12).contains(&month) && (1..=31).contains(&day);
    if !sound || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut ms = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        let digits = fraction.get(..end.min(3)).filter(|digits| !digits.is_empty())?;
        ms = digits.parse::<i64>().ok()? * [1, 100, 10, 1][digits.len()];
        rest = &fraction[end..];
    }
    let offset = match rest.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - 5;
            let minutes = number(at, at + 2)? * 60 + number(at + 3, at + 5)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days_of(number(0, 4)?, month, day) * DAY
        + hour * 3_600
        + (minute - offset) * 60
        + second.min(59);
    Some(Timestamp(seconds * 1_000 + ms))
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

    #[test]
    fn a_moment_is_read_as_it_is_written() {
        // date -u -d 2024-02-29T23:59:59Z +%s
        for (text, ms) in [
            ("2024-02-29T23:59:59Z", Some(1_709_251_199_000)),
            ("2024-02-29T23:59:60Z", Some(1_709_251_199_000)),
            ("2024-03-01T01:59:59.25+02:00", Some(1_709_251_199_250)),
            ("2024-02-29 18:59:59.123456789-05:00", Some(1_709_251_199_123)),
            ("2024-02-29T23:59:59", None),
            ("2024-13-29T23:59:59Z", None),
            ("2024-02-29T23:59:59.Z", None),
            ("2024-02-29T23:59:59+2:00", None),
            ("2024-02-29T23:59:5éZ", None),
            ("", None),
        ] {
            assert_eq!(rfc3339(text).map(|at| at.0), ms, "{text}");
        }
    }
}
