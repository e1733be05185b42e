//! Figures as people read them: money to the digits that matter, counts with separators, times.

use domain::{Nanos, Timestamp};

/// Dollars: cents where there are any, more digits for less than a cent, never more than six.
#[must_use]
pub fn money(amount: Nanos) -> String {
    let sign = if amount.0 < 0 { "−" } else { "" };
    let nanos = amount.0.unsigned_abs();
    let places: u32 = match nanos {
        0 => 2,
        n if n >= 10_000_000 => 2,
        n if n >= 100_000 => 4,
        _ => 6,
    };
    let unit = 10_u64.pow(9 - places);
    let rounded = nanos.saturating_add(unit / 2) / unit;
    if rounded == 0 && nanos > 0 {
        return format!("{sign}<$0.000001");
    }
    let scale = 10_u64.pow(places);
    let (whole, rest) = (rounded / scale, rounded % scale);
    format!("{sign}${}.{rest:0width$}", count(whole), width = places as usize)
}

/// `1 234 567`, with thin spaces that do not break.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Microseconds as `40 µs`, `0.4 ms`, `12 ms`, `3.4 s`.
#[must_use]
pub fn milliseconds(us: u64) -> String {
    match us {
        ..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        10_000..10_000_000 => format!("{} ms", count(us / 1_000)),
        _ => format!("{}.{} s", count(us / 1_000_000), us % 1_000_000 / 100_000),
    }
}

/// Whole percent of a part, rounded down; 100 only where it is all.
#[must_use]
pub fn percent(part: Nanos, whole: Nanos) -> u64 {
    let (part, whole) = (part.0.max(0).cast_unsigned(), whole.0.max(0).cast_unsigned());
    if whole == 0 {
        return 100;
    }
    let percent = u128::from(part) * 100 / u128::from(whole);
    u64::try_from(percent).unwrap_or(u64::MAX)
}

/// `2026-11-23T19:40:00Z`, for `<time datetime>`; the script shows it in the reader's zone.
#[must_use]
pub fn instant(at: Timestamp) -> String {
    let (date, time) = parts(at);
    format!("{date}T{time}:{:02}Z", at.seconds().rem_euclid(60))
}

/// `2026-11-23 19:40 UTC`: what is read without script.
#[must_use]
pub fn when(at: Timestamp) -> String {
    let (date, time) = parts(at);
    format!("{date} {time} UTC")
}

/// How long ago something was, for people: whole days, below one hours. Never less than nothing:
/// clocks differ.
#[must_use]
pub fn age(from: Timestamp, now: Timestamp) -> String {
    let hours = (now.seconds() - from.seconds()).max(0) / 3_600;
    match hours {
        ..24 => format!("{hours} h"),
        24..48 => "1 day".to_owned(),
        _ => format!("{} days", count((hours / 24).unsigned_abs())),
    }
}

fn parts(at: Timestamp) -> (String, String) {
    let seconds = at.seconds();
    let (year, month, day) = domain::calendar::civil(seconds.div_euclid(86_400));
    let minutes = seconds.rem_euclid(86_400) / 60;
    (format!("{year:04}-{month:02}-{day:02}"), format!("{:02}:{:02}", minutes / 60, minutes % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_digits_that_matter() {
        for (nanos, text) in [
            (0, "$0.00"),
            (1, "<$0.000001"),
            (1_500, "$0.000002"),
            (41_250, "$0.000041"),
            (410_000, "$0.0004"),
            (12_340_000, "$0.01"),
            (999_999_999, "$1.00"),
            (1_234_567_890_000_000, "$1,234,567.89"),
            (-2_500_000_000, "−$2.50"),
        ] {
            assert_eq!(money(Nanos(nanos)), text);
        }
    }

    #[test]
    fn ages_are_told_in_days() {
        let age = |hours: i64| age(Timestamp(0), Timestamp(hours * 3_600_000));
        assert_eq!(
            [-1, 0, 23, 24, 47, 48, 24_000].map(age),
            ["0 h", "0 h", "23 h", "1 day", "1 day", "2 days", "1,000 days",]
        );
    }

    #[test]
    fn counts_and_times_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(milliseconds(450), "450 µs");
        assert_eq!(milliseconds(4_500), "4.5 ms");
        assert_eq!(milliseconds(1_234_567), "1,234 ms");
        assert_eq!(milliseconds(61_250_000), "61.2 s");
        assert_eq!(percent(Nanos(999), Nanos(1000)), 99);
        assert_eq!(percent(Nanos(5), Nanos(0)), 100);
        assert_eq!(instant(Timestamp(1_700_000_000_000)), "2023-11-14T22:13:20Z");
        assert_eq!(when(Timestamp(1_700_000_000_000)), "2023-11-14 22:13 UTC");
    }
}
