//! One validating walk over a whole JSON text, without building anything.
//!
//! RFC 8259, strictly: UTF-8 without a byte order mark, no lone surrogates, one value, at most
//! [`MAX_DEPTH`] levels. The visitor is told keys and scalars as spans of the text.

use std::borrow::Cow;
use std::ops::Range;

/// Levels of nesting that are accepted (case 90).
pub const MAX_DEPTH: usize = 128;

/// Where and why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Byte offset.
    pub at: usize,
    pub why: &'static str,
}

/// Told what is met, in order. Depth 1 is inside the outermost object or array.
pub trait Visit {
    /// A key of an object; `raw` stands between the quotes, escapes as written.
    fn key(&mut self, depth: usize, raw: Range<usize>);
    /// A string value; `raw` stands between the quotes.
    fn string(&mut self, depth: usize, raw: Range<usize>);
    /// A number, `true`, `false` or `null`.
    fn literal(&mut self, depth: usize, raw: Range<usize>);
    /// A `{` or `[` at `at`; what is inside has depth `depth`.
    fn open(&mut self, depth: usize, at: usize, object: bool);
    /// The matching `}` or `]`; `end` is just behind it.
    fn close(&mut self, depth: usize, end: usize);
}

/// Walks `text`.
///
/// # Errors
/// [`Invalid`] at the first byte that cannot be part of a JSON text.
pub fn walk(text: &[u8], visitor: &mut impl Visit) -> Result<(), Invalid> {
    let mut walker = Walker { text, at: 0, depth: 0, objects: 0 };
    walker.run(visitor)?;
    walker.space();
    if walker.at < text.len() {
        return walker.fail("there is more text behind the value");
    }
    Ok(())
}

/// Walks the value that `text` begins with, and gives its length.
///
/// # Errors
/// As [`walk`]; what stands behind the value is not looked at.
pub(crate) fn walk_value(text: &[u8], visitor: &mut impl Visit) -> Result<usize, Invalid> {
    let mut walker = Walker { text, at: 0, depth: 0, objects: 0 };
    walker.run(visitor)?;
    Ok(walker.at)
}

struct Walker<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// One bit a level: whether the level is an object.
    objects: u128,
}

impl Walker<'_> {
    fn run(&mut self, visitor: &mut impl Visit) -> Result<(), Invalid> {
        loop {
            self.value(visitor)?;
            // A value ended, or an empty container; close what ends here, or go on behind a comma.
            loop {
                if self.depth == 0 {
                    return Ok(());
                }
                self.space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if self.in_object() {
                            self.space();
                            self.key(visitor)?;
                        }
                        break;
                    }
                    Some(b'}') if self.in_object() => self.close(visitor),
                    Some(b']') if !self.in_object() => self.close(visitor),
                    _ => return self.fail("expected a comma or the end of the object or array"),
                }
            }
        }
    }

    /// Reads one scalar, or opens containers down to the first scalar or empty container.
    fn value(&mut self, visitor: &mut impl Visit) -> Result<(), Invalid> {
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => {
                    let raw = self.quoted()?;
                    visitor.string(self.depth, raw);
                    return Ok(());
                }
                Some(b'{') => {
                    self.open(visitor, true)?;
                    self.space();
                    if self.peek() == Some(b'}') {
                        self.close(visitor);
                        return Ok(());
                    }
                    self.key(visitor)?;
                }
                Some(b'[') => {
                    self.open(visitor, false)?;
                    self.space();
                    if self.peek() == Some(b']') {
                        self.close(visitor);
                        return Ok(());
                    }
                }
                Some(_) => {
                    let start = self.at;
                    self.literal()?;
                    visitor.literal(self.depth, start..self.at);
                    return Ok(());
                }
                None => return self.fail("the text ends too early"),
            }
        }
    }

    fn key(&mut self, visitor: &mut impl Visit) -> Result<(), Invalid> {
        if self.peek() != Some(b'"') {
            return self.fail("expected a quoted key");
        }
        let raw = self.quoted()?;
        visitor.key(self.depth, raw);
        self.space();
        if self.peek() != Some(b':') {
            return self.fail("expected a colon");
        }
        self.at += 1;
        Ok(())
    }

    fn open(&mut self, visitor: &mut impl Visit, object: bool) -> Result<(), Invalid> {
        if self.depth == MAX_DEPTH {
            return self.fail("the text is nested too deeply");
        }
        self.objects = (self.objects << 1) | u128::from(object);
        self.depth += 1;
        visitor.open(self.depth, self.at, object);
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, visitor: &mut impl Visit) {
        self.at += 1;
        visitor.close(self.depth, self.at);
        self.depth -= 1;
        self.objects >>= 1;
    }

    fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// A string from its opening quote; leaves `at` behind the closing one.
    fn quoted(&mut self) -> Result<Range<usize>, Invalid> {
        self.at += 1;
        let start = self.at;
        if let Some(length) = short_string(&self.text[start..]) {
            self.at += length + 1;
            return Ok(start..start + length);
        }
        loop {
            let rest = &self.text[self.at..];
            let Some(plain) = memchr::memchr2(b'"', b'\\', rest) else {
                return self.fail("a string has no end");
            };
            if !is_plain_ascii(&rest[..plain]) {
                self.check(&rest[..plain])?;
            }
            self.at += plain;
            if rest[plain] == b'"' {
                self.at += 1;
                return Ok(start..self.at - 1);
            }
            self.escape()?;
        }
    }

    /// Looks at a part of a string that begins at `at`. Outside of strings no byte beyond ASCII is
    /// taken, and inside, neither quote nor backslash is a part of a longer character.
    fn check(&self, part: &[u8]) -> Result<(), Invalid> {
        if part.iter().any(|&byte| byte < 0x20) {
            return self.fail("a string holds a control character");
        }
        let not_utf8 = |e: std::str::Utf8Error| Invalid {
            at: self.at + e.valid_up_to(),
            why: "the text is not UTF-8",
        };
        std::str::from_utf8(part).map(drop).map_err(not_utf8)
    }

    fn escape(&mut self) -> Result<(), Invalid> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match self.unit(self.at) {
                Some(0xD800..=0xDBFF) => match self.unit(self.at + 6) {
                    Some(0xDC00..=0xDFFF) => {
                        self.at += 12;
                        Ok(())
                    }
                    _ => self.fail("a string holds half of a surrogate pair"),
                },
                Some(0xDC00..=0xDFFF) => self.fail("a string holds half of a surrogate pair"),
                Some(_) => {
                    self.at += 6;
                    Ok(())
                }
                None => self.fail("a string holds a bad escape"),
            },
            _ => self.fail("a string holds a bad escape"),
        }
    }

    /// The code unit of a `\uXXXX` at `at`.
    fn unit(&self, at: usize) -> Option<u32> {
        let escape = self.text.get(at..at + 6)?;
        if &escape[..2] != b"\\u" || !escape[2..].iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        u32::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    }

    fn literal(&mut self) -> Result<(), Invalid> {
        if matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return self.number();
        }
        for word in ["true", "false", "null"] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<(), Invalid> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("expected a value"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Ok(())
    }

    fn some_digits(&mut self) -> Result<(), Invalid> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.fail("expected a digit");
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn fail<T>(&self, why: &'static str) -> Result<T, Invalid> {
        Err(Invalid { at: self.at, why })
    }
}

/// The length of a string from behind its opening quote, if it is short, plain ASCII and without an
/// escape: most keys are, and eight bytes at a time are quicker than setting a search up.
pub(crate) fn short_string(text: &[u8]) -> Option<usize> {
    /// A bit for each byte that is the repeated one; above the lowest, some are not.
    const fn equal(word: u64, byte: u8) -> u64 {
        let odd = word ^ (ONES * byte as u64);
        odd.wrapping_sub(ONES) & !odd
    }
    const ONES: u64 = u64::MAX / 255;
    let (words, _) = text.as_chunks::<8>();
    for (place, bytes) in words.iter().take(4).enumerate() {
        let word = u64::from_le_bytes(*bytes);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let ends = (equal(word, b'"') | equal(word, b'\\') | control | word) & (ONES << 7);
        if ends != 0 {
            let at = ends.trailing_zeros() as usize / 8;
            return (bytes[at] == b'"').then_some(place * 8 + at);
        }
    }
    None
}

/// Whether text is of ASCII and without control characters: as signed bytes, both kinds of others
/// are less than a space. No early end: a plain fold runs on whole vectors, and long prompts are
/// most of a body.
fn is_plain_ascii(text: &[u8]) -> bool {
    text.iter().fold(true, |plain, &byte| plain & (byte.cast_signed() >= 0x20))
}

/// A raw span's bytes with its escapes resolved: borrowed unless it has some. `None` for an escape
/// that is none.
#[must_use]
pub fn plain(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    unescape(raw).map(|text| Cow::Owned(text.into_owned().into_bytes()))
}

/// The text of a string's raw span: borrowed unless it has escapes.
#[must_use]
pub fn unescape(raw: &[u8]) -> Option<Cow<'_, str>> {
    if memchr::memchr(b'\\', raw).is_none() {
        return std::str::from_utf8(raw).ok().map(Cow::Borrowed);
    }
    let quoted = [b"\"", raw, b"\""].concat();
    serde_json::from_slice::<String>(&quoted).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests;
