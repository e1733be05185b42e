//! Decimal text to whole pico-dollars and back, exactly.

/// Why a text is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPrice {
    NotANumber,
    Negative,
    /// More than any price can be.
    Absurd,
}

/// Pico-dollars in 10^12 of which a dollar is.
const PLACES: i64 = 12;

/// A JSON number in dollars, in pico-dollars; what is below one is rounded up to it.
pub(super) fn picos(text: &str) -> Result<u64, NoPrice> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if whole.is_empty() || !digits().all(|b| b.is_ascii_digit()) {
        return Err(NoPrice::NotANumber);
    }
    if digits().all(|b| b == b'0') {
        return Ok(0);
    }
    if negative {
        return Err(NoPrice::Negative);
    }
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let signed = exponent.strip_prefix('-').unwrap_or(exponent);
    if signed.is_empty() || !signed.bytes().all(|b| b.is_ascii_digit()) {
        return Err(NoPrice::NotANumber);
    }
    // An exponent that is no i64 has nineteen digits: far beyond what a mantissa can make good.
    let tiny = exponent.starts_with('-');
    let Ok(exponent) = exponent.parse::<i64>() else {
        return if tiny { Ok(1) } else { Err(NoPrice::Absurd) };
    };
    let digits: Vec<u8> = digits().skip_while(|b| *b == b'0').collect();
    let places = i64::try_from(fraction.len()).map_err(|_| NoPrice::NotANumber)?;
    // How many of the digits stand before the point, once it is counted in pico-dollars.
    let shift = exponent.saturating_add(PLACES).saturating_sub(places);
    let count = i64::try_from(digits.len()).map_err(|_| NoPrice::NotANumber)?;
    let kept = count.saturating_add(shift);
    if kept > 18 {
        return Err(NoPrice::Absurd);
    }
    let kept = usize::try_from(kept).unwrap_or(0);
    let digit = |at: usize| digits.get(at).map_or(0, |b| u64::from(b - b'0'));
    let value = (0..kept).fold(0_u64, |sum, at| sum * 10 + digit(at));
    let more = digits.iter().skip(kept).any(|b| *b != b'0');
    Ok(value + u64::from(more))
}

/// Pico-dollars as a JSON number in dollars.
pub(super) fn dollars(picos: u64) -> String {
    let (whole, rest) = (picos / 1_000_000_000_000, picos % 1_000_000_000_000);
    let text = format!("{whole}.{rest:012}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_is_read_exactly() {
        for (text, wanted) in [
            ("1.25e-06", 1_250_000),
            ("0.0000025", 2_500_000),
            ("1e-12", 1),
            ("0.1", 100_000_000_000),
            ("3E-5", 30_000_000),
            ("12e+0", 12_000_000_000_000),
            ("0.000833333333333", 833_333_334),
            // Below a pico-dollar: up, never down to nothing.
            ("1.59263611e-07", 159_264),
            ("1e-13", 1),
            ("1e-99999999999999999999", 1),
            ("0", 0),
            ("0.0", 0),
            ("-0.0", 0),
            ("0e999999999999999999999", 0),
        ] {
            assert_eq!(picos(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn case_26_what_is_no_price_is_refused() {
        for (text, wanted) in [
            ("-1e-6", NoPrice::Negative),
            ("1e30", NoPrice::Absurd),
            ("1e999999999999999999999", NoPrice::Absurd),
            ("99999999999999999999", NoPrice::Absurd),
            ("null", NoPrice::NotANumber),
            ("\"0.1\"", NoPrice::NotANumber),
            ("NaN", NoPrice::NotANumber),
            ("inf", NoPrice::NotANumber),
            ("1e", NoPrice::NotANumber),
            ("1e-", NoPrice::NotANumber),
            ("", NoPrice::NotANumber),
            ("1.2.3", NoPrice::NotANumber),
        ] {
            assert_eq!(picos(text), Err(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_as_it_was() {
        for value in [1, 10, 2_500_000, 1_000_000_000_000, 30_000_000_000, 123_456_789_012_345] {
            assert_eq!(picos(&dollars(value)), Ok(value));
        }
        assert_eq!(dollars(2_500_000), "0.0000025");
        assert_eq!(dollars(3_000_000_000_000), "3");
    }
}
