//! Looking through a content of any size, a window at a time, with lines and columns.

use std::io::{self, ErrorKind, Read};

use vault::leaks::{Finder, Kind, LONGEST, LOOK_BEHIND};

use crate::limits::WINDOW;

/// Stands on the line of a secret that is meant to be there.
const ALLOW: &[u8] = b"tollgate:allow";
/// How far on either side of a find its comment may stand, for lines without an end.
const ALLOW_REACH: usize = 1024;
/// What stays of a window when the next is read.
const KEPT: usize = if LOOK_BEHIND > ALLOW_REACH { LOOK_BEHIND } else { ALLOW_REACH };

/// A secret as it stands in a content.
pub(crate) struct Seen<'a> {
    pub(crate) kind: &'static Kind,
    pub(crate) secret: &'a [u8],
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// Bytes that are looked at, used over and over.
pub(crate) struct Window {
    bytes: Box<[u8]>,
    filled: usize,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; WINDOW].into_boxed_slice(), filled: 0 }
    }

    /// Reads until it is full or the content ends; says whether it ended.
    pub(crate) fn fill(&mut self, reader: &mut dyn Read) -> io::Result<bool> {
        while self.filled < self.bytes.len() {
            match reader.read(&mut self.bytes[self.filled..]) {
                Ok(0) => return Ok(true),
                Ok(read) => self.filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Begins with the first bytes of a content.
    pub(crate) fn start(&mut self, reader: &mut dyn Read) -> io::Result<bool> {
        self.filled = 0;
        self.fill(reader)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Looks through the window and what follows it. Returns the bytes that it has seen; after an
    /// error everything before it was looked at.
    pub(crate) fn search(
        &mut self,
        mut ended: bool,
        rest: &mut dyn Read,
        finder: &Finder,
        each: &mut dyn FnMut(Seen<'_>),
    ) -> (u64, io::Result<()>) {
        let mut lines = Lines::default();
        let mut from = 0;
        let mut seen = self.filled as u64;
        let mut failed = Ok(());
        loop {
            let text = &self.bytes[..self.filled];
            let until = if ended { text.len() } else { text.len() - LONGEST };
            finder.find(text, &mut |find| {
                if (from..until).contains(&find.start) && !is_allowed(text, find.start, find.end) {
                    let (line, column) = lines.at(text, find.start);
                    let secret = &text[find.start..find.end];
                    each(Seen { kind: find.kind, secret, line, column });
                }
            });
            if ended {
                return (seen, failed);
            }
            let keep = until - KEPT;
            lines.pass(&text[..keep]);
            self.bytes.copy_within(keep..self.filled, 0);
            self.filled -= keep;
            from = until - keep;
            let before = self.filled;
            let read = self.fill(rest);
            seen += (self.filled - before) as u64;
            // What came before an error is still looked at.
            match read {
                Ok(end) => ended = end,
                Err(error) => (ended, failed) = (true, Err(error)),
            }
        }
    }
}

fn is_allowed(text: &[u8], start: usize, end: usize) -> bool {
    let first = start.saturating_sub(ALLOW_REACH);
    let line = memchr::memrchr(b'\n', &text[first..start]).map_or(first, |at| first + at + 1);
    let last = text.len().min(end + ALLOW_REACH);
    let line_end = memchr::memchr(b'\n', &text[end..last]).map_or(last, |at| end + at);
    memchr::memmem::find(&text[line..line_end], ALLOW).is_some()
}

/// Counts newlines only where something was found, or where bytes are let go.
#[derive(Default)]
struct Lines {
    /// Newlines before the window.
    before: u64,
    /// Bytes between the last of those and the window.
    into_line: u64,
}

impl Lines {
    fn at(&self, text: &[u8], start: usize) -> (u64, u64) {
        let ahead = &text[..start];
        let newlines = memchr::memchr_iter(b'\n', ahead).count() as u64;
        let column = match memchr::memrchr(b'\n', ahead) {
            Some(at) => (start - at) as u64,
            None => self.into_line + start as u64 + 1,
        };
        (self.before + newlines + 1, column)
    }

    fn pass(&mut self, gone: &[u8]) {
        self.before += memchr::memchr_iter(b'\n', gone).count() as u64;
        self.into_line = match memchr::memrchr(b'\n', gone) {
            Some(at) => (gone.len() - at - 1) as u64,
            None => self.into_line + gone.len() as u64,
        };
    }
}

#[cfg(test)]
mod tests;
