//! A scanner for the few top-level fields of a JSON answer, fed in any pieces.
//!
//! It does not validate: an answer is the provider's. It skips strings by `memchr`, keeps only the
//! wanted values, and looks one level into `response`, where the Responses API's events carry them.

use crate::json::short_string;

/// At most this many bytes are kept of one value.
const KEPT: usize = 16 * 1024;

/// The noted fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Text between quotes, escapes as written.
    pub id: Option<Vec<u8>>,
    pub object: Option<Vec<u8>>,
    pub model: Option<Vec<u8>>,
    pub service_tier: Option<Vec<u8>>,
    pub kind: Option<Vec<u8>>,
    pub status: Option<Vec<u8>>,
    /// The `usage` object as it stands; the last one that was not `null`.
    pub usage: Option<Vec<u8>>,
    /// The `duration` number as text.
    pub duration: Option<Vec<u8>>,
    pub seconds: Option<Vec<u8>>,
    /// Whether `error` stood there and was not `null`.
    pub error: bool,
    /// The elements of a top-level `data` or `choices` list.
    pub elements: u32,
    /// Whether there was such a list.
    pub list: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Object,
    Model,
    ServiceTier,
    Kind,
    Status,
    Usage,
    Duration,
    Seconds,
    Error,
    List,
    Response,
}

fn field(key: &[u8]) -> Option<Field> {
    Some(match key {
        b"id" => Field::Id,
        b"object" => Field::Object,
        b"model" => Field::Model,
        b"service_tier" => Field::ServiceTier,
        b"type" => Field::Kind,
        b"status" => Field::Status,
        b"usage" => Field::Usage,
        b"duration" => Field::Duration,
        b"seconds" => Field::Seconds,
        b"error" => Field::Error,
        b"data" | b"choices" => Field::List,
        b"response" => Field::Response,
        _ => return None,
    })
}

/// Room for a usage object, which has a few hundred bytes.
const USAGE: usize = 512;

/// What the scanner is in the middle of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sink {
    Nothing,
    Key,
    Value(Field),
}

/// The length of a string up to behind its closing quote, if it is whole here and has no escape.
pub(super) fn plain_string(text: &[u8]) -> Option<usize> {
    if let Some(length) = short_string(text) {
        return Some(length + 1);
    }
    let end = memchr::memchr2(b'"', b'\\', text)?;
    (text[end] == b'"').then_some(end + 1)
}

/// The scanner. Feed it the answer's bytes in order, then read [`Scan::noted`].
pub struct Scan {
    noted: Noted,
    depth: u32,
    /// The depth whose keys are looked at: 1, or 2 inside `response`.
    level: u32,
    at_key: bool,
    in_string: bool,
    escaped: bool,
    current: Option<Field>,
    sink: Sink,
    buffer: Vec<u8>,
}

impl Default for Scan {
    fn default() -> Self {
        Self {
            noted: Noted::default(),
            depth: 0,
            level: 1,
            at_key: false,
            in_string: false,
            escaped: false,
            current: None,
            sink: Sink::Nothing,
            buffer: Vec::new(),
        }
    }
}

impl Scan {
    /// Scans a whole text.
    #[must_use]
    pub fn whole(text: &[u8]) -> Noted {
        let mut scan = Self::default();
        scan.feed(text);
        scan.noted
    }

    #[must_use]
    pub fn noted(&self) -> &Noted {
        &self.noted
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            text = if self.in_string {
                self.string(text)
            } else if self.depth <= self.level {
                self.plain(text)
            } else if self.sink == Sink::Nothing {
                self.skip(text)
            } else {
                self.gather(text)
            };
        }
    }

    /// Inside a string that came in several pieces, or has escapes: takes up to its end.
    fn string<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        if self.escaped {
            self.escaped = false;
            self.keep(&text[..1]);
            return &text[1..];
        }
        let Some(at) = memchr::memchr2(b'"', b'\\', text) else {
            self.keep(text);
            return &[];
        };
        self.keep(&text[..at]);
        if text[at] == b'\\' {
            self.escaped = true;
            self.keep(b"\\");
        } else {
            self.in_string = false;
            self.end_string();
        }
        &text[at + 1..]
    }

    /// Inside an object that is kept: keeps up to its end, or to the end of the piece.
    fn gather<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let mut at = 0;
        while let Some(&byte) = text.get(at)
            && self.depth > self.level
            && !self.in_string
        {
            at += 1;
            match byte {
                b'"' => match plain_string(&text[at..]) {
                    Some(length) => at += length,
                    None => self.in_string = true,
                },
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        self.keep(&text[..at]);
        if self.depth == self.level && self.sink == Sink::Value(Field::Usage) {
            self.store_kept(true);
        }
        &text[at..]
    }

    /// Below what is looked at: only strings and brackets matter, and a noted list's elements.
    fn skip<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => {
                    self.count_element();
                    match plain_string(&text[at..]) {
                        Some(length) => at += length,
                        None => {
                            self.in_string = true;
                            break;
                        }
                    }
                }
                b'{' | b'[' => {
                    self.count_element();
                    self.depth += 1;
                }
                b'}' | b']' => {
                    self.close();
                    if self.depth <= self.level {
                        break;
                    }
                }
                _ => {}
            }
        }
        &text[at..]
    }

    fn count_element(&mut self) {
        if self.counts() {
            self.noted.elements = self.noted.elements.saturating_add(1);
        }
    }

    /// At the level that is looked at, or above it.
    fn plain<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        match text[0] {
            b'"' => return self.begin_string(&text[1..]),
            byte @ (b'{' | b'[') => self.open(byte),
            b'}' | b']' => self.close(),
            b',' => self.comma(),
            b':' => self.at_key = false,
            b' ' | b'\t' | b'\n' | b'\r' => self.end_literal(),
            _ => {
                let ends = |byte: &u8| {
                    matches!(
                        byte,
                        b'"' | b'{'
                            | b'['
                            | b'}'
                            | b']'
                            | b','
                            | b':'
                            | b' '
                            | b'\t'
                            | b'\n'
                            | b'\r'
                    )
                };
                let end = text.iter().position(ends);
                let (literal, rest) = text.split_at(end.unwrap_or(text.len()));
                self.begin_literal();
                self.keep(literal);
                return rest;
            }
        }
        &text[1..]
    }

    /// A string from behind its quote. One that is whole and has no escape is read where it stands.
    fn begin_string<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let looked_at = self.depth == self.level;
        let Some(length) = plain_string(text) else {
            self.in_string = true;
            self.buffer.clear();
            self.sink = match self.current {
                _ if !looked_at => Sink::Nothing,
                _ if self.at_key => Sink::Key,
                Some(field) => Sink::Value(field),
                None => Sink::Nothing,
            };
            return text;
        };
        self.sink = Sink::Nothing;
        let raw = &text[..length - 1];
        if looked_at && self.at_key {
            self.current = field(raw);
        } else if looked_at && let Some(field) = self.current {
            self.store(field, raw[..raw.len().min(KEPT)].to_vec(), true);
        }
        &text[length..]
    }

    fn end_string(&mut self) {
        match self.sink {
            // Within what is kept, a string is a part of it.
            Sink::Value(_) if self.depth > self.level => self.keep(b"\""),
            Sink::Key => {
                self.current = field(&self.buffer);
                self.sink = Sink::Nothing;
            }
            Sink::Value(_) => self.store_kept(true),
            Sink::Nothing => {}
        }
    }

    fn begin_literal(&mut self) {
        if self.depth == self.level
            && self.sink == Sink::Nothing
            && !self.at_key
            && let Some(field) = self.current
        {
            self.buffer.clear();
            self.sink = Sink::Value(field);
        }
    }

    fn end_literal(&mut self) {
        if self.depth == self.level {
            self.store_kept(false);
        }
    }

    fn comma(&mut self) {
        self.end_literal();
        if self.depth == self.level {
            self.at_key = true;
            self.current = None;
        }
    }

    fn open(&mut self, byte: u8) {
        if self.depth == self.level {
            match self.current {
                Some(Field::Usage) if byte == b'{' => {
                    self.buffer.clear();
                    self.buffer.reserve(USAGE);
                    self.sink = Sink::Value(Field::Usage);
                }
                Some(Field::Response) if byte == b'{' && self.level == 1 => {
                    self.level = 2;
                    self.at_key = true;
                    self.current = None;
                    self.depth += 1;
                    return;
                }
                Some(Field::List) if byte == b'[' => self.noted.list = true,
                Some(Field::Error) => self.noted.error = true,
                _ => {}
            }
        }
        self.depth += 1;
        // An object that is kept is kept from its first byte.
        if self.depth > self.level {
            self.keep(&[byte]);
        }
        if self.depth == 1 {
            self.at_key = byte == b'{';
        }
    }

    /// Whether an element of the noted list begins here (a list's own depth has no keys).
    fn counts(&self) -> bool {
        self.depth == self.level + 1 && self.current == Some(Field::List)
    }

    fn close(&mut self) {
        self.end_literal();
        self.depth = self.depth.saturating_sub(1);
        if self.level == 2 && self.depth == 1 {
            self.level = 1;
            self.current = None;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.sink != Sink::Nothing {
            // Cut, not left out: what is kept must not depend on how the bytes were split.
            let room = (KEPT - self.buffer.len()).min(bytes.len());
            self.buffer.extend_from_slice(&bytes[..room]);
        }
    }

    /// Notes what was kept, if it is a value.
    fn store_kept(&mut self, whole: bool) {
        if let Sink::Value(field) = std::mem::replace(&mut self.sink, Sink::Nothing) {
            let kept = std::mem::take(&mut self.buffer);
            self.store(field, kept, whole);
        }
    }

    /// `whole` tells a string or an object from a literal.
    fn store(&mut self, field: Field, value: Vec<u8>, whole: bool) {
        if !whole && value == b"null" {
            return;
        }
        let value = Some(value);
        match field {
            Field::Id => self.noted.id = value,
            Field::Object => self.noted.object = value,
            Field::Model => self.noted.model = value,
            Field::ServiceTier => self.noted.service_tier = value,
            Field::Kind if self.level == 1 => self.noted.kind = value,
            Field::Status => self.noted.status = value,
            Field::Usage => self.noted.usage = value,
            Field::Duration => self.noted.duration = value,
            Field::Seconds => self.noted.seconds = value,
            Field::Error => self.noted.error = true,
            Field::Kind | Field::List | Field::Response => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: &str = r#" { "id" : "chatcmpl-1", "choices":[{"message":{"content":"say \"usage\": {} \\","usage":1}},{"x":[]}],
      "model":"gpt-4o","usage":{"prompt_tokens":12,"d":{"s":"a}\"b"},"completion_tokens":3 } , "error":null,"service_tier":"default" }"#;

    fn text(bytes: Option<&Vec<u8>>) -> Option<&str> {
        bytes.and_then(|b| std::str::from_utf8(b).ok())
    }

    #[test]
    fn fields_are_found_at_the_top_only() {
        let noted = Scan::whole(CHAT.as_bytes());
        assert_eq!(text(noted.id.as_ref()), Some("chatcmpl-1"));
        assert_eq!(text(noted.model.as_ref()), Some("gpt-4o"));
        assert_eq!(text(noted.service_tier.as_ref()), Some("default"));
        assert_eq!(
            text(noted.usage.as_ref()),
            Some(r#"{"prompt_tokens":12,"d":{"s":"a}\"b"},"completion_tokens":3 }"#)
        );
        assert_eq!((noted.elements, noted.list, noted.error), (2, true, false));
    }

    #[test]
    fn any_split_gives_the_same() {
        let whole = Scan::whole(CHAT.as_bytes());
        for at in 0..CHAT.len() {
            let mut scan = Scan::default();
            scan.feed(&CHAT.as_bytes()[..at]);
            scan.feed(&CHAT.as_bytes()[at..]);
            assert_eq!(scan.noted(), &whole, "split at {at}");
        }
    }

    #[test]
    fn a_response_event_is_looked_into() {
        let noted = Scan::whole(
            br#"{"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","type":"x","usage":{"input_tokens":1},"error":null},"z":1}"#,
        );
        assert_eq!(text(noted.id.as_ref()), Some("resp_1"));
        assert_eq!(text(noted.kind.as_ref()), Some("response.completed"));
        assert_eq!(text(noted.usage.as_ref()), Some(r#"{"input_tokens":1}"#));
    }

    #[test]
    fn null_usage_and_empty_lists_are_told() {
        let noted = Scan::whole(br#"{"choices":[],"usage":null,"duration":1.5}"#);
        assert_eq!((noted.usage, noted.elements, noted.list), (None, 0, true));
        assert_eq!(noted.duration.as_deref(), Some(b"1.5".as_slice()));
        assert!(Scan::whole(br#"{"error":{"message":"x"}}"#).error);
        assert!(Scan::whole(br#"{"error":"x"}"#).error);
    }

    #[test]
    fn garbage_does_no_harm() {
        for text in ["", "}", "]]]]", "{\"", "\"\\", "{\"usage\":{", "nul", "{\"id\":}"] {
            let _ = Scan::whole(text.as_bytes());
        }
    }
}
