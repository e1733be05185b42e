//! Phones of people: a number in one form, and what is kept of it.

use std::fmt;

use crate::{SecretHash, Timestamp};

/// Digits of a number with its country, at least and at most (E.164).
const SHORTEST: usize = 8;
const LONGEST: usize = 15;
/// What people put between digits.
const BETWEEN: [char; 8] = [' ', '-', '.', '(', ')', '/', '\u{a0}', '\u{2011}'];

/// A number as E.164 has it: `+` and 8 to 15 digits. It does not show itself whole.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number as people write it. It must begin with its country: `+` or `00`. A zero in
    /// brackets behind the country is one that nobody dials from abroad.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().replacen("(0)", "", 1);
        let digits = text.strip_prefix('+').or_else(|| text.strip_prefix("00"))?;
        let digits: String = digits.chars().filter(|c| !BETWEEN.contains(c)).collect();
        let sound = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        (sound && (SHORTEST..=LONGEST).contains(&digits.len())).then(|| Self(format!("+{digits}")))
    }

    /// For whoever brings a message to it.
    #[must_use]
    pub fn whole(&self) -> &str {
        &self.0
    }

    /// Enough for its owner to know it again: `+49…67`.
    #[must_use]
    pub fn shown(&self) -> String {
        let (begin, end) = (self.0.get(..3), self.0.get(self.0.len() - 2..));
        format!("{}…{}", begin.unwrap_or_default(), end.unwrap_or_default())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(..)")
    }
}

/// What is kept of a number that was shown to be somebody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedPhone {
    /// As [`PhoneNumber::shown`].
    pub shown: String,
    /// By which the same number is known again: it is one account's.
    pub hash: SecretHash,
    pub checked_at: Timestamp,
}

/// Whether people must have shown that a phone is theirs before they see anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PhonePolicy {
    #[default]
    Optional,
    Required,
}

impl PhonePolicy {
    pub const ALL: [Self; 2] = [Self::Optional, Self::Required];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_form_however_it_is_written() {
        for text in [
            "+491711234567",
            " +49 171 1234567 ",
            "0049 171/123-45-67",
            "+49 (0)171 123.45.67",
            "+49\u{a0}(171)\u{a0}1234567",
        ] {
            assert_eq!(PhoneNumber::parse(text).unwrap().whole(), "+491711234567", "{text}");
        }
    }

    #[test]
    fn what_is_no_number_of_a_country_is_none() {
        for text in [
            "",
            "0171 1234567",
            "+",
            "+0491711234567",
            "+1234567",
            "+1234567890123456",
            "+49 171 CALLME",
            "+49+1711234567",
            "+٤٩١٧١١٢٣٤٥٦٧",
            "+491711234567\r\nTo: +1900",
            "tel:+491711234567",
        ] {
            assert!(PhoneNumber::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_number_does_not_show_itself_whole() {
        let number = PhoneNumber::parse("+491711234567").unwrap();
        assert_eq!(
            (number.shown().as_str(), format!("{number:?}").as_str()),
            ("+49…67", "PhoneNumber(..)")
        );
    }
}
