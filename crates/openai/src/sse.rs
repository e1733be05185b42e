//! Where server-sent events end, for any spelling of a line end and any split of the bytes.
//!
//! Source: WHATWG HTML, "Server-sent events". Events are never rewritten: a [`Splitter`] hands
//! out whole events as the bytes that came, and holds back an unfinished one, so that an error
//! event of ours never lands in the middle of somebody's line.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// A stream broke a limit (cases 93, 94).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Cuts a stream of bytes behind whole events.
pub struct Splitter {
    held: BytesMut,
    /// How far `held` is known to hold no end of an event.
    scanned: usize,
    limit: usize,
}

impl Splitter {
    /// `limit` in bytes bounds one event and its longest line.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { held: BytesMut::new(), scanned: 0, limit }
    }

    /// Takes what arrived; gives all whole events so far, in one piece.
    ///
    /// # Errors
    /// [`TooLong`] when an unfinished event is over the limit.
    pub fn push(&mut self, chunk: Bytes) -> Result<Bytes, TooLong> {
        if self.held.is_empty() {
            let end = last_end(&chunk, 0).unwrap_or(0);
            let rest = &chunk[end..];
            if rest.len() > self.limit {
                return Err(TooLong);
            }
            self.held.extend_from_slice(rest);
            self.scanned = self.held.len().saturating_sub(3);
            return Ok(chunk.slice(..end));
        }
        self.held.extend_from_slice(&chunk);
        let end = last_end(&self.held, self.scanned).unwrap_or(0);
        let whole = self.held.split_to(end).freeze();
        if self.held.len() > self.limit {
            return Err(TooLong);
        }
        self.scanned = self.held.len().saturating_sub(3);
        Ok(whole)
    }

    /// What is left when the stream has ended.
    #[must_use]
    pub fn rest(&mut self) -> Bytes {
        self.scanned = 0;
        self.held.split().freeze()
    }
}

/// Just behind the last blank line that begins at or behind `from`.
fn last_end(text: &[u8], from: usize) -> Option<usize> {
    let searched = &text[from..];
    if memchr::memchr(b'\r', searched).is_none() {
        return memchr::memmem::rfind(searched, b"\n\n").map(|at| from + at + 2);
    }
    let mut last = None;
    let mut at = from;
    while let Some(end) = next_end(text, at) {
        // Half a CRLF: its other half would stand before the next event.
        if end == text.len() && text.ends_with(b"\n\r") {
            break;
        }
        last = Some(end);
        at = end;
    }
    last
}

/// Just behind the first blank line at or behind `from`.
fn next_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'\r', b'\n', &text[at..])?;
        let line_end = at + line_break(&text[at..]);
        match line_break(&text[line_end..]) {
            0 => at = line_end,
            n => return Some(line_end + n),
        }
        if at >= text.len() {
            return None;
        }
    }
}

/// The length of the line break that `text` begins with, or 0.
fn line_break(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// The spans of the events in a piece that a [`Splitter`] gave; the last may lack its end.
pub fn events(piece: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= piece.len() {
            return None;
        }
        let start = at;
        let plain = memchr::memmem::find(&piece[start..], b"\n\n").map(|n| start + n + 2);
        at = match plain {
            Some(end) if memchr::memchr(b'\r', &piece[start..end]).is_none() => end,
            _ => next_end(piece, start).unwrap_or(piece.len()),
        };
        Some(start..at)
    })
}

/// A stream's text without the byte order mark that it may begin with, and that no later event may.
#[must_use]
pub fn without_mark(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start)
}

/// The event's data: what stands behind `data:`, several lines joined.
#[must_use]
pub fn data(event: &[u8]) -> Cow<'_, [u8]> {
    let mut found: Cow<'_, [u8]> = Cow::Borrowed(b"");
    let mut lines = 0;
    let mut rest = event;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or(b"");
        let Some(value) = line.strip_prefix(b"data:") else { continue };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if lines == 0 {
            found = Cow::Borrowed(value);
        } else {
            found.to_mut().push(b'\n');
            found.to_mut().extend_from_slice(value);
        }
        lines += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b"\xef\xbb\xbfdata: {\"a\":1}\n\n: comment\n\nevent: x\r\ndata: {\"b\":\r\ndata: 2}\r\n\r\ndata:\xc3\xa9\r\rdata: [DONE]\n\n";

    fn run(splits: &[usize]) -> Vec<Vec<u8>> {
        let mut splitter = Splitter::new(1 << 20);
        let mut found = Vec::new();
        let mut start = 0;
        let mut note = |piece: &[u8]| {
            for event in events(piece) {
                let event = &piece[event];
                let text = if found.is_empty() { without_mark(event) } else { event };
                found.push(data(text).into_owned());
            }
        };
        for &end in splits.iter().chain([&STREAM.len()]) {
            note(&splitter.push(Bytes::copy_from_slice(&STREAM[start..end])).unwrap());
            start = end;
        }
        note(&splitter.rest());
        found.retain(|d| !d.is_empty());
        found
    }

    #[test]
    fn case_95_every_split_gives_the_same_events() {
        let whole = run(&[]);
        assert_eq!(whole.len(), 4);
        assert_eq!(whole[1], b"{\"b\":\n2}");
        for first in 0..STREAM.len() {
            assert_eq!(run(&[first]), whole, "split at {first}");
            for second in first..STREAM.len() {
                assert_eq!(run(&[first, second]), whole, "split at {first} and {second}");
            }
        }
    }

    #[test]
    fn an_event_keeps_all_of_its_line_ends() {
        let stream = b"data: 1\r\n\r\ndata: 2\r\n\r\n";
        for at in 0..=stream.len() {
            let mut splitter = Splitter::new(1 << 20);
            let mut found = Vec::new();
            for part in [&stream[..at], &stream[at..]] {
                let piece = splitter.push(Bytes::copy_from_slice(part)).unwrap();
                found.extend(events(&piece).map(|e| piece[e].to_vec()));
            }
            assert_eq!(found, [&stream[..11], &stream[11..]], "split at {at}");
        }
    }

    #[test]
    fn every_byte_comes_out_once_in_order() {
        for size in 1..20 {
            let mut splitter = Splitter::new(1 << 20);
            let mut out = Vec::new();
            for chunk in STREAM.chunks(size) {
                out.extend_from_slice(&splitter.push(Bytes::copy_from_slice(chunk)).unwrap());
            }
            out.extend_from_slice(&splitter.rest());
            assert_eq!(out, STREAM);
        }
    }

    #[test]
    fn case_93_a_line_without_end_is_cut_at_the_limit() {
        let mut splitter = Splitter::new(100);
        assert!(splitter.push(Bytes::from(vec![b'x'; 100])).is_ok());
        assert_eq!(splitter.push(Bytes::from_static(b"y")), Err(TooLong));
    }
}
