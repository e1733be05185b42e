//! multipart/form-data as it passes: fields are kept, files are only measured (RFC 7578).

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
    files: Vec<FilePart>,
}

/// The boundary of a Content-Type, if it is multipart/form-data.
#[must_use]
pub fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|p| {
        let (name, value) = p.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim())
    })?;
    let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    (!value.is_empty() && value.len() <= 70).then_some(value)
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
            files: Vec::new(),
        })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`BadForm`] as soon as it is sure.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), BadForm> {
        if self.state == State::End {
            return Ok(());
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
        Ok(Form { fields: self.fields, files: self.files })
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
        let Some(at) = memmem::find(&self.window, &self.delimiter) else {
            let safe = self.window.len().saturating_sub(self.delimiter.len());
            self.take(safe);
            return Ok(false);
        };
        // Two bytes behind the delimiter say whether the form ends here.
        let behind = at + self.delimiter.len();
        let Some(next) = self.window.get(behind..behind + 2) else {
            self.take(at);
            return Ok(false);
        };
        let next = [next[0], next[1]];
        self.take(at);
        self.window.drain(..self.delimiter.len());
        match &next {
            b"--" => {
                self.state = State::End;
                self.window.clear();
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
        self.window.drain(..end + 2);
        let (name, file) = disposition(&head).ok_or(BadForm::Malformed)?;
        if file {
            self.files.push(FilePart { name, bytes: 0 });
            self.state = State::File;
        } else {
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
        self.window.drain(..count);
    }
}

/// The name of a part and whether it is a file, from its Content-Disposition.
fn disposition(head: &str) -> Option<(String, bool)> {
    let line = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let name = parameter(line, "name")?;
    let file = parameter(line, "filename").is_some() || parameter(line, "filename*").is_some();
    Some((name, file))
}

fn parameter(line: &str, wanted: &str) -> Option<String> {
    let mut rest = line;
    loop {
        let (_, after) = rest.split_once(';')?;
        let (name, value) = after.split_once('=')?;
        let value = value.trim_start();
        let (text, tail) = match value.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted)?,
            None => {
                let end = value.find(';').unwrap_or(value.len());
                (value[..end].trim().to_owned(), &value[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(text);
        }
        rest = tail;
    }
}

fn quoted_text(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((text, &quoted[at + 1..])),
            '\\' => text.push(chars.next()?.1),
            _ => text.push(c),
        }
    }
    None
}

/// What a form holds.
#[derive(Debug, Default)]
pub struct Form {
    pub fields: Vec<(String, Vec<u8>)>,
    pub files: Vec<FilePart>,
}

impl Form {
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
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=XyZ";
    const FORM: &[u8] = b"--XyZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\\\"; name=b.wav\"\r\nContent-Type: audio/wav\r\n\r\n\x00\r\n--Xy\r\nrest\r\n--XyZ\r\ncontent-disposition: form-data; name=model\r\n\r\nwhisper-1\r\n--XyZ\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--XyZ--\r\n";

    fn read(pieces: &[&[u8]]) -> Result<Form, BadForm> {
        let mut scanner = Scanner::new(TYPE)?;
        for piece in pieces {
            scanner.feed(piece)?;
        }
        scanner.finish()
    }

    #[test]
    fn the_model_is_found_behind_the_file_for_every_split() {
        for at in 0..FORM.len() {
            let form = read(&[&FORM[..at], &FORM[at..]]).unwrap();
            assert_eq!(form.one("model"), Ok(Some("whisper-1")), "split at {at}");
            assert_eq!(form.one("empty"), Ok(Some("")));
            assert_eq!(form.files, [FilePart { name: "file".into(), bytes: 13 }]);
        }
    }

    #[test]
    fn case_92_bad_forms_are_refused() {
        assert_eq!(Scanner::new("multipart/form-data").err(), Some(BadForm::Boundary));
        assert_eq!(Scanner::new("text/plain; boundary=x").err(), Some(BadForm::Boundary));
        assert_eq!(read(&[&FORM[..FORM.len() - 8]]).err(), Some(BadForm::Malformed));
        assert_eq!(read(&[b"no boundary at all"]).err(), Some(BadForm::Malformed));
        let part = b"--XyZ\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n".repeat(1_001);
        assert_eq!(read(&[&part]).err(), Some(BadForm::TooMany));
    }

    #[test]
    fn a_field_that_stands_twice_decides_nothing() {
        let part = b"--XyZ\r\nContent-Disposition: form-data; name=model\r\n\r\nx\r\n".repeat(2);
        let form = read(&[&part, b"--XyZ--"]).unwrap();
        assert_eq!(form.one("model"), Err(BadForm::Malformed));
    }
}
