//! Money: integer nano-dollars for amounts, integer pico-dollars for prices. Never a float.

use std::fmt;

/// An amount in nano-dollars (10⁻⁹ US dollars).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

impl fmt::Display for Nanos {
    /// US dollars as a decimal, without needless zeros: `0.00004125`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (whole, rest) = (magnitude / 1_000_000_000, magnitude % 1_000_000_000);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{rest:09}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_dollars() {
        assert_eq!(Nanos(41_250).to_string(), "0.00004125");
        assert_eq!(Nanos(2_000_000_000).to_string(), "2");
        assert_eq!(Nanos(-1).to_string(), "-0.000000001");
    }
}
