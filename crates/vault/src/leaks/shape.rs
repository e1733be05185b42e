//! The forms that secrets have, each checked by hand where its literal stands.

use super::chance::{self, Strength};
use crate::key;

/// No find is longer, in bytes.
pub const LONGEST: usize = 16 * 1024;
/// No check looks further back, in bytes.
pub const LOOK_BEHIND: usize = 256;

/// How far behind a name its value may stand.
const REACH: usize = 120;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// Lower case only.
    Hex,
    /// Upper case and 2 to 7.
    Base32,
    /// Upper case and digits, as in age's keys.
    Bech32,
    LowerAlnum,
    Alnum,
    /// Letters, digits, `_`.
    Underscored,
    /// Letters, digits, `+`, `/`.
    Base64,
    /// Letters, digits, `-`, `_`.
    Base64Url,
}

impl Alphabet {
    fn holds(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            Self::Base32 => matches!(byte, b'A'..=b'Z' | b'2'..=b'7'),
            Self::Bech32 => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::LowerAlnum => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Underscored => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
            Self::Base64Url => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
        }
    }

    fn strength(self) -> Strength {
        match self {
            Self::Hex => Strength::Hex,
            Self::Base32 => Strength::Short,
            Self::Bech32 | Self::LowerAlnum => Strength::OneCase,
            _ => Strength::BothCases,
        }
    }
}

pub(super) enum Shape {
    /// Our own keys: the checksum decides.
    Ours,
    /// A literal and a run of characters behind it.
    Run(Run),
    /// A value without a form of its own, behind a name that says what it is.
    Named { names: &'static [&'static str], of: Alphabet, length: usize },
    /// Azure's signed form: 84 characters around a literal in the middle.
    AzureSigned,
    /// `lsv2_pt_` and `lsv2_sk_`: 32 hex digits, `_`, 10 hex digits.
    LangSmith,
    /// `SG.`, 22 characters, `.`, 43 characters.
    SendGrid,
    /// A private key in PEM.
    Block,
}

pub(super) struct Run {
    prefixes: &'static [&'static str],
    of: Alphabet,
    least: usize,
    most: usize,
    /// A literal that must stand in it.
    holds: &'static str,
    /// A word that must stand before it, unless it is full of digits.
    near: &'static str,
    strength: Strength,
}

pub(super) const OURS: Shape = Shape::Ours;
pub(super) const BLOCK: Shape = Shape::Block;

const OUR_PREFIXES: &[&str] = &["sk-svcacct-tg-", "sk-admin-tg-", "sk-tg-"];
const OUR_REST: usize = 38;
const AZURE_MIDDLE: &str = "JQQJ99";
/// Characters before the middle literal, and in all.
const AZURE_BEFORE: usize = 52;
const AZURE_ALL: usize = 84;
const LANGSMITH: &[&str] = &["lsv2_pt_", "lsv2_sk_"];
const BEGIN: &str = "-----BEGIN ";

pub(super) const fn run(
    prefixes: &'static [&'static str],
    of: Alphabet,
    least: usize,
    most: usize,
) -> Shape {
    let strength = match of {
        Alphabet::Hex => Strength::Hex,
        Alphabet::Base32 => Strength::Short,
        Alphabet::Bech32 | Alphabet::LowerAlnum => Strength::OneCase,
        _ => Strength::BothCases,
    };
    Shape::Run(Run { prefixes, of, least, most, holds: "", near: "", strength })
}

pub(super) const fn named(names: &'static [&'static str], of: Alphabet, length: usize) -> Shape {
    Shape::Named { names, of, length }
}

impl Shape {
    /// With a literal inside.
    pub(super) const fn holding(self, literal: &'static str) -> Self {
        match self {
            Self::Run(run) => Self::Run(Run { holds: literal, ..run }),
            other => other,
        }
    }

    /// With a prefix that also begins ordinary names.
    pub(super) const fn weak(self, near: &'static str) -> Self {
        match self {
            Self::Run(run) => Self::Run(Run { near, ..run }),
            other => other,
        }
    }

    /// Made of hex digits and dashes only.
    pub(super) const fn of_hex(self) -> Self {
        match self {
            Self::Run(run) => Self::Run(Run { strength: Strength::Hex, ..run }),
            other => other,
        }
    }

    pub(super) fn literals(&self) -> impl Iterator<Item = &'static str> + use<> {
        let (list, one): (&'static [&'static str], Option<&'static str>) = match self {
            Self::Ours => (OUR_PREFIXES, None),
            Self::Run(run) => (run.prefixes, None),
            Self::Named { names, .. } => (names, None),
            Self::AzureSigned => (&[], Some(AZURE_MIDDLE)),
            Self::LangSmith => (LANGSMITH, None),
            Self::SendGrid => (&[], Some("SG.")),
            Self::Block => (&[], Some(BEGIN)),
        };
        list.iter().copied().chain(one)
    }

    pub(super) fn is_block(&self) -> bool {
        matches!(self, Self::Block)
    }

    /// Whether a find begins with one of its literals.
    pub(super) fn begins_secret(&self) -> bool {
        !matches!(self, Self::Named { .. } | Self::AzureSigned)
    }

    /// Where the secret begins and ends whose literal stands `at` a place.
    pub(super) fn check(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        match self {
            Self::Ours => ours(text, at),
            Self::Run(run) => run.check(text, at),
            Self::Named { names, of, length } => {
                let name = names.iter().find(|name| text[at..].starts_with(name.as_bytes()))?;
                value_of(text, at, at + name.len(), *of, *length)
            }
            Self::AzureSigned => azure(text, at),
            Self::LangSmith => parts(text, at, "lsv2_pt_".len(), &[32, 10], b'_', Alphabet::Hex),
            Self::SendGrid => parts(text, at, "SG.".len(), &[22, 43], b'.', Alphabet::Base64Url),
            Self::Block => block(text, at),
        }
    }
}

impl Run {
    fn check(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        if !begins_word(text, at) {
            return None;
        }
        let prefix = self.prefixes.iter().find(|p| text[at..].starts_with(p.as_bytes()))?;
        let from = at + prefix.len();
        let length = run_length(&text[from..], self.of, self.most + 1);
        if length < self.least || length > self.most {
            return None;
        }
        let value = &text[from..from + length];
        if !self.holds.is_empty() {
            memchr::memmem::find(value, self.holds.as_bytes())?;
        }
        let many_digits = value.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2;
        if !self.near.is_empty() && !many_digits && !stands_before(text, at, self.near) {
            return None;
        }
        chance::is_random(value, self.strength).then_some((at, from + length))
    }
}

fn run_length(text: &[u8], of: Alphabet, most: usize) -> usize {
    text.iter().take(most).take_while(|byte| of.holds(**byte)).count()
}

/// Whether a word can begin here: behind anything but a letter, a digit, `_` or `-`, or behind an
/// escape such as `\n`, `%3D` or `\u0022` whose last character only looks like a letter.
fn begins_word(text: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|last| text[last]) else { return true };
    if !before.is_ascii_alphanumeric() {
        return !matches!(before, b'_' | b'-');
    }
    let back = |n: usize| at.checked_sub(n).map(|place| text[place]);
    let hex = |n: usize| (1..=n).all(|i| back(i).is_some_and(|b| b.is_ascii_hexdigit()));
    (back(2) == Some(b'\\') && matches!(before, b'n' | b'r' | b't' | b'v' | b'f' | b'b' | b'0'))
        || (hex(2) && (back(3) == Some(b'%') || (back(3) == Some(b'x') && back(4) == Some(b'\\'))))
        || (hex(4) && back(5) == Some(b'u') && back(6) == Some(b'\\'))
}

fn stands_before(text: &[u8], at: usize, word: &str) -> bool {
    let before = &text[at.saturating_sub(LOOK_BEHIND)..at];
    before.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

fn ours(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let prefix = OUR_PREFIXES.iter().find(|prefix| text[at..].starts_with(prefix.as_bytes()))?;
    let end = at + prefix.len() + OUR_REST;
    let secret = std::str::from_utf8(text.get(at..end)?).ok()?;
    key::parse(secret).map(|_| (at, end))
}

/// The first value of the right form behind a name, if something between them says that it is a
/// key and not, say, a digest.
fn value_of(
    text: &[u8],
    at: usize,
    after: usize,
    of: Alphabet,
    length: usize,
) -> Option<(usize, usize)> {
    let reach = &text[after..text.len().min(after + REACH + length)];
    let mut from = 0;
    while from < reach.len().min(REACH) {
        let here = run_length(&reach[from..], of, length + 1);
        if here == length && chance::is_random(&reach[from..from + length], of.strength()) {
            let said = &text[at..after + from];
            let ends = reach.get(from + length).is_none_or(|b| !matches!(b, b'-' | b'_'));
            // `=` may close base64, and is no other value's beginning.
            return (ends && says_secret(said)).then_some((after + from, after + from + length));
        }
        // The rest of a longer run is no value either.
        from += run_length(&reach[from..], of, reach.len()).max(1);
    }
    None
}

fn says_secret(text: &[u8]) -> bool {
    const WORDS: [&str; 5] = ["key", "token", "secret", "bearer", "password"];
    let says =
        |word: &str| text.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()));
    // At most the name's own line and the next, as in a list of names and values.
    WORDS.into_iter().any(says)
        && text.iter().any(|b| matches!(b, b'=' | b':' | b',' | b'(' | b' '))
        && text.iter().filter(|byte| **byte == b'\n').count() <= 1
}

fn azure(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let start = at.checked_sub(AZURE_BEFORE)?;
    let whole = text.get(start..start + AZURE_ALL)?;
    let fits = begins_word(text, start)
        && run_length(&text[start..], Alphabet::Alnum, AZURE_ALL + 1) == AZURE_ALL
        && chance::is_random(whole, Strength::BothCases);
    fits.then_some((start, start + AZURE_ALL))
}

/// Runs of fixed lengths with one byte between them.
fn parts(
    text: &[u8],
    at: usize,
    prefix: usize,
    lengths: &[usize],
    between: u8,
    of: Alphabet,
) -> Option<(usize, usize)> {
    if !begins_word(text, at) {
        return None;
    }
    let mut from = at + prefix;
    for (number, length) in lengths.iter().enumerate() {
        if number > 0 {
            (text.get(from) == Some(&between)).then_some(())?;
            from += 1;
        }
        if run_length(text.get(from..)?, of, length + 1) != *length {
            return None;
        }
        from += length;
    }
    let longest = &text[at + prefix..at + prefix + lengths[0]];
    chance::is_random(longest, of.strength()).then_some((at, from))
}

/// A private key's block, if there is a key in it and no pass phrase over it.
fn block(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let rest = &text[at..text.len().min(at + LONGEST)];
    let title_end = BEGIN.len()
        + memchr::memmem::find(
            rest.get(BEGIN.len()..)?.get(..64.min(rest.len() - BEGIN.len()))?,
            b"-----",
        )?;
    let title = &rest[BEGIN.len()..title_end];
    if !(title.ends_with(b"PRIVATE KEY") || title == b"PGP PRIVATE KEY BLOCK")
        || title.starts_with(b"ENCRYPTED")
    {
        return None;
    }
    let body = &rest[title_end + 5..];
    let end = memchr::memmem::find(body, b"-----END")?;
    let body = &body[..end];
    if memchr::memmem::find(body, b"ENCRYPTED").is_some() {
        return None;
    }
    // Lines of base64, ended by newlines or, in a string, by `\n`.
    let digits = body.iter().filter(|byte| Alphabet::Base64.holds(**byte)).count();
    let line = body.split(|b| !Alphabet::Base64.holds(*b)).map(<[u8]>::len).max()?;
    let strong = body
        .split(|b| !Alphabet::Base64.holds(*b))
        .any(|part| part.len() >= 24 && chance::is_random(part, Strength::BothCases));
    let ending = BEGIN.len() - 2 + title.len() + 5;
    (digits >= 40 && line >= 24 && strong)
        .then_some((at, text.len().min(at + title_end + 5 + end + ending)))
}
