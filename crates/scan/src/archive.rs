//! What is inside of archives: zip (and all that is one, from wheels to office files), tar, gzip.

pub(crate) mod tar;
pub(crate) mod zip;

use std::cell::Cell;
use std::io::{self, Read, Seek};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Zip,
    Tar,
    Gzip,
    /// One that we know, but do not open.
    Closed,
}

/// A content that is a file of its own, or held in memory.
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

pub(crate) fn form(head: &[u8]) -> Option<Form> {
    const CLOSED: [&[u8]; 5] =
        [b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"];
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(Form::Zip);
    }
    if head.starts_with(&[0x1f, 0x8b, 8]) {
        return Some(Form::Gzip);
    }
    if tar::is_header(head) {
        return Some(Form::Tar);
    }
    CLOSED.iter().any(|magic| head.starts_with(magic)).then_some(Form::Closed)
}

/// Gives no more bytes than may still be unfolded.
pub(crate) struct Metered<'a, R> {
    pub(crate) inner: R,
    pub(crate) left: &'a Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        let left = self.left.get().checked_sub(read as u64);
        let Some(left) = left else {
            self.left.set(0);
            return Err(io::Error::other("it unfolds to too much"));
        };
        self.left.set(left);
        Ok(read)
    }
}
