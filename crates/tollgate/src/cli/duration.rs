//! Lengths of time as people write them: `30d`, `12h`, `90m`, `3600`.

/// Whole seconds. A number without a unit is seconds already.
pub(super) fn seconds(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(WANTED.to_owned()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(WANTED.to_owned());
    }
    let number: Option<i64> = digits.parse().ok();
    number.and_then(|n| n.checked_mul(unit)).ok_or_else(|| "it is too long".to_owned())
}

const WANTED: &str = "write a number of seconds, or a number with s, m, h, d or w: 30d, 12h, 3600";

/// The same in the largest unit that fits: `1 day`, `36 hours`.
pub(super) fn words(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let fits = units.iter().find(|(unit, _)| seconds != 0 && seconds % unit == 0);
    let (unit, name) = fits.unwrap_or(&(1, "second"));
    let count = seconds / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit() {
        for (text, read) in [
            ("30d", 2_592_000),
            ("12h", 43_200),
            ("90m", 5_400),
            ("3600", 3_600),
            ("5s", 5),
            ("2w", 1_209_600),
            ("0", 0),
        ] {
            assert_eq!(seconds(text), Ok(read), "{text}");
        }
        for text in ["", "d", "-1", "1.5h", "1y", "1 d", "3h30m", "999999999999999999999d"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert!(seconds("999999999999999d").is_err(), "overflow");
    }

    #[test]
    fn durations_are_said_in_the_largest_unit() {
        for (seconds, said) in
            [(86_400, "1 day"), (129_600, "36 hours"), (61, "61 seconds"), (0, "0 seconds")]
        {
            assert_eq!(words(seconds), said);
        }
    }
}
