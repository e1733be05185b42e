//! Zip, by the directory at its end.

use std::io::{self, Read, SeekFrom};

use flate2::read::DeflateDecoder;

use super::ReadSeek;
use crate::limits::{DIRECTORY, NAME};

const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// The end record, and the longest comment behind it.
const TAIL: u64 = 22 + 65_535;

/// An entry that cannot be read is told as `Err`, and the others are read all the same.
pub(crate) type Each<'a> = &'a mut dyn FnMut(&str, io::Result<&mut dyn Read>);

/// Calls `each` with every file's name and content.
pub(crate) fn each(file: &mut dyn ReadSeek, each: Each<'_>) -> io::Result<()> {
    let directory = Directory::find(file)?;
    let mut rest = directory.bytes.as_slice();
    for _ in 0..directory.entries {
        let Some(entry) = Entry::take(&mut rest) else {
            return Err(io::Error::other("its directory is damaged"));
        };
        if entry.name.ends_with('/') {
            continue;
        }
        match entry.open(file, directory.moved) {
            Ok(mut content) => each(&entry.name, Ok(&mut *content)),
            Err(error) => each(&entry.name, Err(error)),
        }
    }
    Ok(())
}

struct Directory {
    bytes: Vec<u8>,
    entries: u64,
    /// How far everything stands behind where the records say, as in an executable.
    moved: u64,
}

impl Directory {
    fn find(file: &mut dyn ReadSeek) -> io::Result<Self> {
        let all = file.seek(SeekFrom::End(0))?;
        let from = all.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        (&mut *file).take(TAIL).read_to_end(&mut tail)?;
        let at = memchr::memmem::rfind(&tail, END).ok_or(io::ErrorKind::UnexpectedEof)?;
        let end = &tail[at..];
        let (mut entries, mut size, mut offset) = (
            u64::from(number_16(end, 10)?),
            u64::from(number_32(end, 12)?),
            u64::from(number_32(end, 16)?),
        );
        let mut end_at = from + at as u64;
        if entries == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
            let before = &tail[..at];
            let at = memchr::memmem::rfind(before, END_64).ok_or(io::ErrorKind::UnexpectedEof)?;
            let end = &before[at..];
            (entries, size, offset) =
                (number_64(end, 32)?, number_64(end, 40)?, number_64(end, 48)?);
            end_at = from + at as u64;
        }
        if size > DIRECTORY {
            return Err(io::Error::other("its directory is too large"));
        }
        let start = end_at.checked_sub(size).ok_or(io::ErrorKind::InvalidData)?;
        let moved = start.checked_sub(offset).ok_or(io::ErrorKind::InvalidData)?;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        (&mut *file).take(size).read_to_end(&mut bytes)?;
        Ok(Self { bytes, entries, moved })
    }
}

struct Entry {
    name: String,
    flags: u16,
    method: u16,
    packed: u64,
    offset: u64,
}

impl Entry {
    fn take(rest: &mut &[u8]) -> Option<Self> {
        let bytes = *rest;
        if !bytes.starts_with(ENTRY) {
            return None;
        }
        let length = |at| number_16(bytes, at).map(usize::from).ok();
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        let text = bytes.get(46..46 + name)?;
        let mut entry = Self {
            name: String::from_utf8_lossy(&text[..text.len().min(NAME)]).into_owned(),
            flags: number_16(bytes, 8).ok()?,
            method: number_16(bytes, 10).ok()?,
            packed: u64::from(number_32(bytes, 20).ok()?),
            offset: u64::from(number_32(bytes, 42).ok()?),
        };
        let unpacked = number_32(bytes, 24).ok()?;
        entry.widen(unpacked, bytes.get(46 + name..46 + name + extra)?);
        *rest = bytes.get(46 + name + extra + comment..)?;
        Some(entry)
    }

    /// Takes the numbers that did not fit from the field that has room for them.
    fn widen(&mut self, unpacked: u32, mut extra: &[u8]) {
        while let (Ok(id), Ok(size)) = (number_16(extra, 0), number_16(extra, 2)) {
            let Some(field) = extra.get(4..4 + usize::from(size)) else { return };
            if id == 1 {
                let mut at = if unpacked == u32::MAX { 8 } else { 0 };
                for number in [&mut self.packed, &mut self.offset] {
                    if *number == u64::from(u32::MAX)
                        && let Ok(wide) = number_64(field, at)
                    {
                        *number = wide;
                        at += 8;
                    }
                }
            }
            extra = &extra[4 + usize::from(size)..];
        }
    }

    fn open<'a>(&self, file: &'a mut dyn ReadSeek, moved: u64) -> io::Result<Box<dyn Read + 'a>> {
        if self.flags & 1 != 0 {
            return Err(io::Error::other("it is encrypted"));
        }
        let at = self.offset.checked_add(moved).ok_or(io::ErrorKind::InvalidData)?;
        file.seek(SeekFrom::Start(at))?;
        let mut local = [0; 30];
        file.read_exact(&mut local)?;
        if !local.starts_with(LOCAL) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let skip = i64::from(number_16(&local, 26)?) + i64::from(number_16(&local, 28)?);
        file.seek(SeekFrom::Current(skip))?;
        let packed = file.take(self.packed);
        match self.method {
            0 => Ok(Box::new(packed)),
            8 => Ok(Box::new(DeflateDecoder::new(packed))),
            _ => Err(io::Error::other("it is packed in a way that is not opened")),
        }
    }
}

fn bytes<const N: usize>(text: &[u8], at: usize) -> io::Result<[u8; N]> {
    let part = text.get(at..at + N).and_then(|part| part.try_into().ok());
    part.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn number_16(text: &[u8], at: usize) -> io::Result<u16> {
    bytes(text, at).map(u16::from_le_bytes)
}

fn number_32(text: &[u8], at: usize) -> io::Result<u32> {
    bytes(text, at).map(u32::from_le_bytes)
}

fn number_64(text: &[u8], at: usize) -> io::Result<u64> {
    bytes(text, at).map(u64::from_le_bytes)
}
