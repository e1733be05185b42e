//! A whole answer looked at in one pass, its fields lent and not copied.
//!
//! This is [`Scan`](super::Scan) for the answer that almost all are: whole, and without anything
//! odd at its top. Whatever is odd is left to the scanner, so that there is one word on it.

use super::usage::{BadUsage, Counted, parse_usage, usage_prefix};
use super::{Noted, scan::plain_string};

/// What is counted by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Text between quotes, escapes as written.
    pub id: Option<&'a [u8]>,
    pub model: Option<&'a [u8]>,
    pub service_tier: Option<&'a [u8]>,
    pub status: Option<&'a [u8]>,
    pub usage: Option<Result<Counted, BadUsage>>,
    pub duration: Option<&'a [u8]>,
    pub seconds: Option<&'a [u8]>,
    /// The elements of a top-level `data` or `choices` list.
    pub elements: u32,
    /// Whether there was such a list.
    pub list: bool,
}

impl Noted {
    /// The fields that are counted by.
    #[must_use]
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            id: self.id.as_deref(),
            model: self.model.as_deref(),
            service_tier: self.service_tier.as_deref(),
            status: self.status.as_deref(),
            usage: self.usage.as_deref().map(parse_usage),
            duration: self.duration.as_deref(),
            seconds: self.seconds.as_deref(),
            elements: self.elements,
            list: self.list,
        }
    }
}

impl<'a> Seen<'a> {
    /// `None` for a text with something odd in it, or that is no object: the scanner knows.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Option<Self> {
        let mut look = Look { text, at: 0 };
        let mut seen = Self::default();
        look.expect(b'{')?;
        loop {
            look.expect(b'"')?;
            let key = look.string()?;
            look.expect(b':')?;
            look.space();
            seen.take(key, &mut look)?;
            match look.next()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        look.space();
        (look.at == text.len()).then_some(seen)
    }

    fn take(&mut self, key: &[u8], look: &mut Look<'a>) -> Option<()> {
        let field = match key {
            b"id" => &mut self.id,
            b"model" => &mut self.model,
            b"service_tier" => &mut self.service_tier,
            b"status" => &mut self.status,
            b"usage" if self.usage.is_none() => {
                if look.null() {
                    return Some(());
                }
                let (counted, length) = usage_prefix(&look.text[look.at..])?;
                self.usage = Some(counted);
                look.at += length;
                return Some(());
            }
            b"data" | b"choices" if !self.list => {
                self.list = true;
                return look.list(&mut self.elements);
            }
            b"usage" | b"data" | b"choices" | b"response" | b"duration" | b"seconds" => {
                return None;
            }
            _ => return look.value(),
        };
        if look.null() {
            return Some(());
        }
        look.expect(b'"')?;
        let text = look.string()?;
        let first = field.replace(text).is_none();
        (first && text.len() <= SHORT).then_some(())
    }
}

/// The scanner cuts what is longer than anything that is looked at.
const SHORT: usize = 1024;

struct Look<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Look<'a> {
    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// The next byte that is no space.
    fn next(&mut self) -> Option<u8> {
        self.space();
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn null(&mut self) -> bool {
        let is = self.text[self.at..].starts_with(b"null");
        self.at += if is { 4 } else { 0 };
        is
    }

    /// A string without escapes, from behind its opening quote.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        self.at += plain_string(&self.text[start..])?;
        Some(&self.text[start..self.at - 1])
    }

    /// Passes over a value; what is in it is the provider's affair.
    fn value(&mut self) -> Option<()> {
        match self.text.get(self.at)? {
            b'"' => {
                self.at += 1;
                self.pass_string()
            }
            b'{' | b'[' => self.nested(&mut 0),
            _ => {
                while !matches!(self.text.get(self.at)?, b',' | b'}' | b' ' | b'\n' | b'\r' | b'\t')
                {
                    self.at += 1;
                }
                Some(())
            }
        }
    }

    /// Passes over a list, and counts its elements that are strings, lists or objects.
    fn list(&mut self, elements: &mut u32) -> Option<()> {
        (self.text.get(self.at)? == &b'[').then_some(())?;
        self.nested(elements)
    }

    /// Passes over an object or a list: only strings and brackets matter. What begins at its own
    /// level is counted.
    fn nested(&mut self, begun: &mut u32) -> Option<()> {
        let mut depth = 0_u32;
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => {
                    *begun += u32::from(depth == 1);
                    self.pass_string()?;
                }
                b'{' | b'[' => {
                    *begun += u32::from(depth == 1);
                    depth += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
                _ => {}
            }
        }
    }

    /// Any string, from behind its opening quote.
    fn pass_string(&mut self) -> Option<()> {
        loop {
            let rest = &self.text[self.at..];
            if let Some(length) = plain_string(rest) {
                self.at += length;
                return Some(());
            }
            // A backslash, and what it escapes.
            let escape = memchr::memchr(b'\\', rest)?;
            self.at = (self.at + escape + 2).min(self.text.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Scan;

    const WHOLE: [&str; 8] = [
        r#"{"id":"c","model":"m","choices":[{"a":"\"}"},{"b":[1,"x\\"]}],"usage":{"prompt_tokens":3,
            "completion_tokens":4,"total_tokens":7}, "service_tier" : "default" } "#,
        r#"{"data":[1,"b",[2],{}],"usage":{"prompt_tokens":1,"total_tokens":1}}"#,
        r#"{"id":null,"usage":null,"choices":[],"status":"queued"}"#,
        r#"{"object":"x","created":12,"ok":true,"e":{"usage":{"prompt_tokens":9}}}"#,
        r#"{"error":{"message":"no \u0041"},"model":"m"}"#,
        r#"{"usage":{}}"#,
        r#"{"a":[[["]"]]],"id":"i"}"#,
        "{\"m\":\"\u{e9}\",\"model\":\"\u{e9}\"}\n",
    ];
    const ODD: [&str; 15] = [
        "",
        "[]",
        "{}",
        r#"{"id":"a","id":"b"}"#,
        r#"{"id":"a\n"}"#,
        r#"{"i\u0064":"a"}"#,
        r#"{"id":5}"#,
        r#"{"id":"a"} x"#,
        r#"{"id":"a""#,
        r#"{"choices":{}}"#,
        r#"{"response":{"id":"r"}}"#,
        r#"{"usage":{"prompt_tokens":1},"usage":null}"#,
        r#"{"usage":[1]}"#,
        r#"{"duration":1.5}"#,
        r#"{"model":"m","usage":{"prompt_tokens":-1,"completion_tokens":1}}"#,
    ];

    #[test]
    fn it_sees_what_the_scanner_notes() {
        for text in WHOLE {
            let noted = Scan::whole(text.as_bytes());
            assert_eq!(Seen::of(text.as_bytes()), Some(noted.seen()), "{text}");
        }
    }

    #[test]
    fn what_is_odd_or_cut_is_left_to_the_scanner() {
        for text in ODD {
            let noted = Scan::whole(text.as_bytes());
            let seen = Seen::of(text.as_bytes());
            assert!(seen.is_none() || seen == Some(noted.seen()), "{text}");
        }
        for text in WHOLE {
            for end in 0..text.trim_end().len() {
                let seen = Seen::of(&text.as_bytes()[..end]);
                assert_eq!(seen, None, "{text} up to {end}");
            }
        }
    }
}
