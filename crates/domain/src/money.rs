//! Money: integer nano-dollars for amounts, integer pico-dollars for prices. Never a float.

use std::fmt;

/// An amount in nano-dollars (10⁻⁹ US dollars).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl fmt::Display for Nanos {
    /// US dollars as a decimal, without needless zeros: `0.00004125`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write_to(&mut [0; Self::TEXT]))
    }
}

const NANOS_A_DOLLAR: i64 = 1_000_000_000;
const NANOS_A_CENT: i64 = 10_000_000;

impl Nanos {
    /// Bytes that any amount's text has room in.
    pub const TEXT: usize = 24;

    /// The amount's text, written into the end of `room`: every paid answer shows one, and
    /// formatting would take longer than pricing it.
    #[must_use]
    pub fn write_to(self, room: &mut [u8; Self::TEXT]) -> &str {
        let magnitude = self.0.unsigned_abs();
        let (mut whole, mut rest) = (magnitude / 1_000_000_000, magnitude % 1_000_000_000);
        let mut at = room.len();
        let mut put = |byte: u8| {
            at -= 1;
            room[at] = byte;
        };
        let digit = |number: u64| b'0' + (number % 10) as u8;
        if rest > 0 {
            let mut places = 9;
            while rest.is_multiple_of(10) {
                (rest, places) = (rest / 10, places - 1);
            }
            for _ in 0..places {
                put(digit(rest));
                rest /= 10;
            }
            put(b'.');
        }
        loop {
            put(digit(whole));
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        if self.0 < 0 {
            put(b'-');
        }
        // Only ASCII was written.
        std::str::from_utf8(&room[at..]).unwrap_or("")
    }

    /// US dollars as plain decimal text: `12`, `12.50`, at most nine places. No sign, no
    /// exponent, no blanks. `None` for anything else, and for what an amount cannot hold.
    #[must_use]
    pub fn from_dollars(text: &str) -> Option<Self> {
        let (whole, places) = match text.split_once('.') {
            Some((whole, places)) => (whole, places),
            None => (text, "0"),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(places) || places.len() > 9 {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let places: i64 = format!("{places:0<9}").parse().ok()?;
        whole.checked_mul(NANOS_A_DOLLAR)?.checked_add(places).map(Self)
    }

    /// Whole US cents; `None` for what an amount cannot hold.
    #[must_use]
    pub fn from_cents(cents: i64) -> Option<Self> {
        cents.checked_mul(NANOS_A_CENT).map(Self)
    }

    /// Whole US cents, rounded down.
    #[must_use]
    pub fn cents(self) -> i64 {
        self.0.div_euclid(NANOS_A_CENT)
    }
}

/// What an attempt cost, by what it was for. The parts sum exactly to what is posted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    pub input: Nanos,
    /// Input that the provider had cached.
    pub input_cached: Nanos,
    pub output: Nanos,
    /// Tool calls, images, seconds, characters: whatever is not counted in tokens.
    pub other: Nanos,
}

impl Cost {
    /// A cost that is all output: of something that has no parts.
    #[must_use]
    pub fn of(total: Nanos) -> Self {
        Self { output: total, ..Self::default() }
    }

    #[must_use]
    pub fn total(&self) -> Nanos {
        let parts = [self.input, self.input_cached, self.output, self.other];
        Nanos(parts.iter().fold(0, |sum: i64, part| sum.saturating_add(part.0)))
    }

    /// What each of so many pays, in whole nano-dollars: together never more than all of it.
    #[must_use]
    pub fn part_of(&self, payers: u64) -> Self {
        let payers = i64::try_from(payers.max(1)).unwrap_or(i64::MAX);
        self.each(|part| Nanos(part.0 / payers))
    }

    /// As much of it as `most` pays for.
    #[must_use]
    pub fn at_most(&self, most: Nanos) -> Self {
        let mut left = most.0.max(0);
        self.each(|part| {
            let taken = part.0.min(left);
            left -= taken;
            Nanos(taken)
        })
    }

    /// What is left of it without a part of it.
    #[must_use]
    pub fn less(&self, part: &Self) -> Self {
        Self {
            input: Nanos(self.input.0 - part.input.0),
            input_cached: Nanos(self.input_cached.0 - part.input_cached.0),
            output: Nanos(self.output.0 - part.output.0),
            other: Nanos(self.other.0 - part.other.0),
        }
    }

    fn each(&self, mut change: impl FnMut(Nanos) -> Nanos) -> Self {
        Self {
            input: change(self.input),
            input_cached: change(self.input_cached),
            output: change(self.output),
            other: change(self.other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_dollars() {
        assert_eq!(Nanos(41_250).to_string(), "0.00004125");
        assert_eq!(Nanos(2_000_000_000).to_string(), "2");
        assert_eq!(Nanos(120_500_000_000).to_string(), "120.5");
        assert_eq!(Nanos(0).to_string(), "0");
        assert_eq!(Nanos(i64::MIN).to_string(), "-9223372036.854775808");
        assert_eq!(Nanos(-1).to_string(), "-0.000000001");
    }

    #[test]
    fn a_cost_is_divided_to_the_last_nano_dollar() {
        let cost =
            Cost { input: Nanos(10), input_cached: Nanos(1), output: Nanos(100), other: Nanos(0) };
        for payers in 1..=120_u64 {
            let part = cost.part_of(payers);
            let own = (1..payers).fold(cost, |left, _| left.less(&part));
            let sum = own.total().0 + part.total().0 * (payers as i64 - 1);
            assert_eq!(sum, cost.total().0, "{payers}");
            assert!(own.total() >= part.total(), "{payers}");
        }
        assert_eq!(cost.at_most(Nanos(30)).total(), Nanos(30));
        assert_eq!(cost.at_most(Nanos(30)).output, Nanos(19));
        assert_eq!(cost.at_most(Nanos(-1)), Cost::default());
        assert_eq!(cost.at_most(Nanos(i64::MAX)), cost);
    }

    #[test]
    fn case_55_dollars_are_plain_decimals_that_fit() {
        for (text, nanos) in [
            ("0", 0),
            ("12.50", 12_500_000_000),
            ("0.000000001", 1),
            ("007.1", 7_100_000_000),
            ("9223372036.854775807", i64::MAX),
        ] {
            assert_eq!(Nanos::from_dollars(text), Some(Nanos(nanos)), "{text}");
        }
        for text in [
            "",
            ".",
            ".5",
            "5.",
            "-1",
            "+1",
            "1e9",
            "1,000",
            " 1",
            "1 ",
            "$1",
            "0x1",
            "NaN",
            "inf",
            "1.0000000001",
            "9223372036.854775808",
            "99999999999999999999",
            "١",
        ] {
            assert_eq!(Nanos::from_dollars(text), None, "{text}");
        }
    }

    #[test]
    fn cents_are_whole_and_rounded_down() {
        assert_eq!(Nanos::from_cents(1), Some(Nanos(10_000_000)));
        assert_eq!(Nanos::from_cents(i64::MAX), None);
        assert_eq!((Nanos(19_999_999).cents(), Nanos(20_000_000).cents()), (1, 2));
    }
}
