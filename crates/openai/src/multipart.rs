//! multipart/form-data as it passes: fields are kept, files are only measured (RFC 7578).

use std::ops::Range;

use memchr::memmem;

/// Limits: parts in a form, bytes of a part's head, bytes kept of a field's value.
const PARTS: usize = 1_000;
const HEAD: usize = 8 * 1024;
const VALUE: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadForm {
    /// The Content-Type has no usable boundary.
    Boundary,
    /// The body does not follow its boundary, or ends in the middle.
    Malformed,
    /// Too many parts (case 92).
    TooMany,
}

/// A part with a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    pub name: String,
    pub bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Preamble,
    Head,
    Value,
    File,
    End,
}

/// Reads a form in any pieces.
pub struct Scanner {
    delimiter: Vec<u8>,
    state: State,
    window: Vec<u8>,
    /// Bytes at the window's start that are no content: the line break that ends a head.
    break_before: usize,
    parts: usize,
    fields: Vec<(String, Vec<u8>)>,
    spans: Vec<Range<u64>>,
    files: Vec<FilePart>,
    text_bytes: u64,
    /// Bytes that have left the window. It began with two that are not the body's.
    gone: u64,
}

/// Fields by which policy, ownership or cost is decided. None of them is ever a file: a reader that
/// takes a file's content for the field's text would see another value than we do.
fn decides(name: &str) -> bool {
    matches!(
        name,
        "model"
            | "stream"
            | "user"
            | "consent"
            | "video[id]"
            | "video_id"
            | "file_id"
            | "input_reference[file_id]"
            | "n"
            | "size"
            | "seconds"
            | "partial_images"
    ) || (name.starts_with("characters[") && name.ends_with("[id]"))
}

/// The boundary of a Content-Type, if it is multipart/form-data and has exactly one reading.
///
/// What RFC 2046 allows but readers disagree on is no boundary here: escapes, a repeated or
/// extended parameter, space inside.
#[must_use]
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut found = None;
    // No value may hold a semicolon, so that splitting before quotes are looked at is right.
    for parameter in parameters.split(';') {
        let (name, value) = parameter.trim_matches([' ', '\t']).split_once('=')?;
        if name.is_empty() || !name.bytes().all(|b| is_token(b) && b != b'*') {
            return None;
        }
        let plain = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        if plain.is_empty() || !plain.bytes().all(is_bchar) {
            return None;
        }
        if name.eq_ignore_ascii_case("boundary") && found.replace(plain).is_some() {
            return None;
        }
    }
    found.filter(|value| value.len() <= 70)
}

/// The one spelling in which a boundary is sent on.
#[must_use]
pub fn content_type(boundary: &str) -> String {
    if boundary.bytes().all(is_token) {
        format!("multipart/form-data; boundary={boundary}")
    } else {
        // Such as `=` and `/`: no token, so that RFC 9110 wants it quoted.
        format!("multipart/form-data; boundary=\"{boundary}\"")
    }
}

/// RFC 9110's token.
fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// RFC 2046's bchars, without the space.
fn is_bchar(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b)
}

impl Scanner {
    /// # Errors
    /// [`BadForm::Boundary`] when the Content-Type names none.
    pub fn new(content_type: &str) -> Result<Self, BadForm> {
        let boundary = boundary(content_type).ok_or(BadForm::Boundary)?;
        Ok(Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            state: State::Preamble,
            // The first boundary may stand at the very start, without a line break before it.
            window: b"\r\n".to_vec(),
            break_before: 0,
            parts: 0,
            fields: Vec::new(),
            spans: Vec::new(),
            files: Vec::new(),
            text_bytes: 0,
            gone: 0,
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`BadForm`] as soon as it is sure.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), BadForm> {
        if self.state == State::End {
            return epilogue(bytes);
        }
        self.window.extend_from_slice(bytes);
        while self.step()? {}
        Ok(())
    }

    /// The form, once its closing boundary was seen.
    ///
    /// # Errors
    /// [`BadForm::Malformed`] when it was not.
    pub fn finish(self) -> Result<Form, BadForm> {
        if self.state != State::End {
            return Err(BadForm::Malformed);
        }
        let Self { fields, spans, files, text_bytes, .. } = self;
        Ok(Form { fields, spans, files, text_bytes })
    }

    /// One move; whether another may follow without more bytes.
    fn step(&mut self) -> Result<bool, BadForm> {
        match self.state {
            State::End => Ok(false),
            State::Head => self.head(),
            State::Preamble | State::Value | State::File => self.body(),
        }
    }

    /// Takes a part's content up to the delimiter.
    fn body(&mut self) -> Result<bool, BadForm> {
        let dashes = memmem::find(&self.window, &self.delimiter[2..]);
        if self.state == State::Preamble {
            // A reader that takes what stands before the first boundary for a part would see
            // fields that we do not: nothing may stand there but one line break.
            let given = dashes.unwrap_or(self.window.len().saturating_sub(self.delimiter.len()));
            if given > 4 {
                return Err(BadForm::Malformed);
            }
        }
        let Some(dashes) = dashes else {
            if self.state != State::Preamble {
                let safe = self.window.len().saturating_sub(self.delimiter.len());
                self.take(safe);
            }
            return Ok(false);
        };
        // Readers differ in which line breaks they take before a boundary.
        let at = dashes.checked_sub(2).ok_or(BadForm::Malformed)?;
        if &self.window[at..dashes] != b"\r\n"
            || (self.state == State::Preamble && at > 0 && !self.window.starts_with(b"\r\n\r\n"))
        {
            return Err(BadForm::Malformed);
        }
        // Two bytes behind the delimiter say whether the form ends here.
        let behind = at + self.delimiter.len();
        let Some(next) = self.window.get(behind..behind + 2) else {
            if self.state != State::Preamble {
                self.take(at);
            }
            return Ok(false);
        };
        let next = [next[0], next[1]];
        self.take(at);
        self.leave(self.delimiter.len());
        match &next {
            b"--" => {
                self.state = State::End;
                epilogue(&std::mem::take(&mut self.window)[2..])?;
                Ok(false)
            }
            b"\r\n" => {
                self.parts += 1;
                if self.parts > PARTS {
                    return Err(BadForm::TooMany);
                }
                self.state = State::Head;
                Ok(true)
            }
            _ => Err(BadForm::Malformed),
        }
    }

    /// Reads a part's head: `\r\n` lines up to an empty one.
    fn head(&mut self) -> Result<bool, BadForm> {
        let Some(end) = memmem::find(&self.window, b"\r\n\r\n") else {
            // The last three bytes may be the beginning of the end.
            let sure = self.window.len().saturating_sub(3) > HEAD;
            return if sure { Err(BadForm::Malformed) } else { Ok(false) };
        };
        if end > HEAD {
            return Err(BadForm::Malformed);
        }
        let head = String::from_utf8_lossy(&self.window[..end]).into_owned();
        // The line break of the empty line stays: it may be the delimiter's own.
        self.leave(end + 2);
        let (name, file) = disposition(&head).ok_or(BadForm::Malformed)?;
        if file && decides(&name) {
            return Err(BadForm::Malformed);
        }
        if file {
            self.files.push(FilePart { name, bytes: 0 });
            self.state = State::File;
        } else {
            // The break that ends the head is as long as the window's start that is not the body's.
            self.spans.push(self.gone..self.gone);
            self.fields.push((name, Vec::new()));
            self.state = State::Value;
        }
        self.break_before = 2;
        Ok(true)
    }

    /// Moves `count` bytes of content out of the window.
    fn take(&mut self, count: usize) {
        let skipped = self.break_before.min(count);
        self.break_before -= skipped;
        let content = &self.window[skipped..count];
        match self.state {
            State::Value => {
                self.text_bytes += content.len() as u64;
                if let Some(span) = self.spans.last_mut() {
                    span.end += content.len() as u64;
                }
                if let Some((_, value)) = self.fields.last_mut() {
                    let room = VALUE.saturating_sub(value.len()).min(content.len());
                    value.extend_from_slice(&content[..room]);
                }
            }
            State::File => {
                if let Some(file) = self.files.last_mut() {
                    file.bytes += content.len() as u64;
                }
            }
            State::Preamble | State::Head | State::End => {}
        }
        self.leave(count);
    }

    fn leave(&mut self, count: usize) {
        self.window.drain(..count);
        self.gone += count as u64;
    }
}

/// Behind the closing boundary may stand blank space only: a reader that goes on there would see
/// parts that we do not.
fn epilogue(bytes: &[u8]) -> Result<(), BadForm> {
    if bytes.iter().all(|b| b" \t\r\n".contains(b)) { Ok(()) } else { Err(BadForm::Malformed) }
}

/// The name of a part and whether it is a file, from its head; `None` for a head that another
/// reader could understand differently.
fn disposition(head: &str) -> Option<(String, bool)> {
    let mut found = None;
    for line in head.split("\r\n").skip(1) {
        // A bare line break or a NUL ends a line for some; a space at the start folds it.
        if line.starts_with([' ', '\t']) || line.contains(|c: char| c.is_control() && c != '\t') {
            return None;
        }
        let (name, value) = line.split_once(':')?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        if name.eq_ignore_ascii_case("content-transfer-encoding") {
            // RFC 7578 gave it up; a reader that honours it decodes other values than we read.
            return None;
        }
        if name.eq_ignore_ascii_case("content-disposition") && found.replace(value).is_some() {
            return None;
        }
    }
    named(found?)
}

/// `form-data; name="…"; filename="…"`, each parameter once.
fn named(value: &str) -> Option<(String, bool)> {
    let (kind, mut rest) = value.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let mut seen: Vec<(String, String)> = Vec::new();
    loop {
        let (key, text, tail) = parameter(rest)?;
        let extended = key.contains('*') && key != "filename*";
        let tricky = key == "name" && text.contains('\\');
        let nameless = key.starts_with("filename") && text.is_empty();
        if extended || tricky || nameless || seen.iter().any(|(k, _)| *k == key) {
            return None;
        }
        seen.push((key, text));
        let tail = tail.trim_matches([' ', '\t']);
        if tail.is_empty() {
            break;
        }
        rest = tail.strip_prefix(';')?;
    }
    let file = seen.iter().any(|(key, _)| key == "filename" || key == "filename*");
    let (_, name) = seen.into_iter().find(|(key, _)| key == "name")?;
    Some((name, file))
}

/// The parameter at the start: its name in lower case, its value, and what follows.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let (key, value) = text.trim_start_matches([' ', '\t']).split_once('=')?;
    if key.is_empty() || !key.bytes().all(is_token) {
        return None;
    }
    let (text, tail) = match value.strip_prefix('"') {
        Some(quoted) => quoted_text(quoted)?,
        None => {
            let end = value.find([';', ' ', '\t']).unwrap_or(value.len());
            let (text, tail) = value.split_at(end);
            if text.contains(['"', '\\']) {
                return None;
            }
            (text, tail)
        }
    };
    Some((key.to_ascii_lowercase(), text.to_owned(), tail))
}

/// The text up to the closing quote, escapes as written. Some clients write a backslash as it is
/// and some readers take `\"` for the end: a text with a backslash must not look like parameters.
fn quoted_text(quoted: &str) -> Option<(&str, &str)> {
    let mut chars = quoted.char_indices();
    let mut escapes = false;
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let text = &quoted[..at];
                let ambiguous = escapes && text.contains([';', '=']);
                return (!ambiguous).then_some((text, &quoted[at + 1..]));
            }
            '\\' => {
                escapes = true;
                chars.next()?;
            }
            _ => {}
        }
    }
    None
}

/// What a form holds.
#[derive(Debug, Default)]
pub struct Form {
    pub fields: Vec<(String, Vec<u8>)>,
    /// Where each field's value stands in the body.
    pub spans: Vec<Range<u64>>,
    pub files: Vec<FilePart>,
    /// Bytes of all fields' values, also of what was too long to be kept.
    pub text_bytes: u64,
}

impl Form {
    /// Where the value of a field stands in the body; of the first of that name.
    #[must_use]
    pub fn span(&self, name: &str) -> Option<Range<u64>> {
        let at = self.fields.iter().position(|(n, _)| n == name)?;
        self.spans.get(at).cloned()
    }

    /// The only field of a name; `Err` when it stands twice (policy and provider could differ).
    ///
    /// # Errors
    /// [`BadForm::Malformed`] for a repeated field or one that is not UTF-8.
    pub fn one(&self, name: &str) -> Result<Option<&str>, BadForm> {
        let mut found = self.fields.iter().filter(|(n, _)| n == name);
        let first = found.next();
        if found.next().is_some() {
            return Err(BadForm::Malformed);
        }
        match first {
            Some((_, value)) => {
                std::str::from_utf8(value).map(Some).map_err(|_| BadForm::Malformed)
            }
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
