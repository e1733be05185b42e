//! A file as memory: what is written survives the process, at the price of a store to memory.
//!
//! The one crate of the product with unsafe code (`docs/adr/0005-slots-are-mapped.md`). It lends
//! words of the file as atomics, so that nothing its users do can be a race.

#![allow(unsafe_code, reason = "lending mapped memory; the proof stands beside it")]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Bytes of a word.
pub const WORD: usize = 8;
/// Room is made on the disk in steps of this many bytes.
const STEP: usize = 256 * 1024;

/// A file, mapped as far as it may ever grow. It grows as its room is asked for.
pub struct Mapped {
    file: File,
    map: MmapRaw,
    /// Bytes that the file has, all with a place on the disk: touching what lies behind them, or
    /// what a full disk has no place for, would end the process.
    ready: AtomicUsize,
}

impl Mapped {
    /// Maps `most` bytes of a file that is open for reading and writing, of whatever length it is.
    /// Nobody else may shorten it: whoever opens it holds the lock of its directory.
    ///
    /// # Errors
    /// The file cannot be mapped.
    pub fn new(file: File, most: usize) -> io::Result<Self> {
        let map = MmapOptions::new().len(most.max(WORD)).map_raw(&file)?;
        Ok(Self { file, map, ready: AtomicUsize::new(0) })
    }

    /// Makes the file at least `length` bytes long, with a place on the disk for each.
    ///
    /// # Errors
    /// The disk is full, or `length` is more than was mapped.
    pub fn reserve(&self, length: usize) -> io::Result<()> {
        if length <= self.ready.load(Ordering::Acquire) {
            return Ok(());
        }
        let most = self.map.len();
        if length > most {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let length = length.next_multiple_of(STEP).min(most);
        match fallocate(&self.file, FallocateFlags::empty(), 0, length as u64) {
            Ok(()) => {}
            // A file system that cannot do it in one step.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => self.write_out(length)?,
            Err(error) => return Err(error.into()),
        }
        self.ready.fetch_max(length, Ordering::Release);
        Ok(())
    }

    /// Gives each byte a place on the disk by writing it.
    fn write_out(&self, length: usize) -> io::Result<()> {
        if self.file.metadata()?.len() < length as u64 {
            self.file.set_len(length as u64)?;
        }
        let mut bytes = [0; 4096];
        for at in (0..length).step_by(bytes.len()) {
            let part = &mut bytes[..(length - at).min(4096)];
            self.file.read_exact_at(part, at as u64)?;
            self.file.write_all_at(part, at as u64)?;
        }
        Ok(())
    }

    /// Empties the file. What was lent before is gone, which is why nobody may hold any of it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn clear(&mut self) -> io::Result<()> {
        *self.ready.get_mut() = 0;
        self.file.set_len(0)
    }

    /// `count` words from byte `at` on; `None` where no room was reserved, or `at` is within a word.
    #[must_use]
    pub fn words(&self, at: usize, count: usize) -> Option<&[AtomicU64]> {
        let end = count.checked_mul(WORD)?.checked_add(at)?;
        if end > self.ready.load(Ordering::Acquire) || !at.is_multiple_of(WORD) {
            return None;
        }
        // Inside the mapping: `end` is at most `ready`, and that at most the mapping's length.
        let first = self.map.as_mut_ptr().wrapping_add(at).cast::<AtomicU64>();
        // SAFETY: the memory is mapped for reading and writing for as long as `self` lives, which
        // the slice borrows. It is aligned: the mapping begins at a page and `at` is a multiple of
        // a word. Any bytes are an `AtomicU64`. All who reach it in this process do so through
        // these slices, so by atomics alone. The file is at least `ready` bytes long: only `clear`
        // shortens it, which takes `&mut self`, so that no slice is left then.
        Some(unsafe { std::slice::from_raw_parts(first, count) })
    }

    /// The file itself.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &std::path::Path) -> File {
        File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap()
    }

    #[test]
    fn what_is_stored_is_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let mapped = Mapped::new(open(&path), 1 << 20).unwrap();
        assert!(mapped.words(0, 1).is_none(), "nothing is reserved yet");
        mapped.reserve(4096).unwrap();
        mapped.words(4088, 1).unwrap()[0].store(7, Ordering::Relaxed);
        let mut word = [0; 8];
        open(&path).read_exact_at(&mut word, 4088).unwrap();
        assert_eq!(u64::from_ne_bytes(word), 7);
        // Another mapping of it finds the same, and does not shorten it.
        let other = Mapped::new(open(&path), 1 << 20).unwrap();
        other.reserve(8).unwrap();
        assert_eq!(other.words(4088, 1).unwrap()[0].load(Ordering::Relaxed), 7);
    }

    #[test]
    fn only_what_was_reserved_is_lent() {
        let dir = tempfile::tempdir().unwrap();
        let mut mapped = Mapped::new(open(&dir.path().join("f")), STEP + 64).unwrap();
        mapped.reserve(1).unwrap();
        assert!(mapped.words(STEP - 8, 1).is_some() && mapped.words(STEP - 8, 2).is_none());
        assert!(mapped.words(4, 1).is_none(), "within a word");
        assert!(mapped.words(8, usize::MAX).is_none());
        mapped.reserve(STEP + 64).unwrap();
        assert!(mapped.words(STEP, 8).is_some() && mapped.words(STEP, 9).is_none());
        assert!(mapped.reserve(STEP + 65).is_err());
        mapped.clear().unwrap();
        assert!(mapped.words(0, 1).is_none());
        mapped.reserve(8).unwrap();
        assert_eq!(mapped.words(0, 1).unwrap()[0].load(Ordering::Relaxed), 0);
    }

    #[test]
    fn room_can_be_made_by_writing_and_keeps_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = open(&dir.path().join("f"));
        file.write_all_at(b"kept", 4094).unwrap();
        let mapped = Mapped::new(file, 10_000).unwrap();
        mapped.write_out(10_000).unwrap();
        let mut four = [0; 4];
        mapped.file().read_exact_at(&mut four, 4094).unwrap();
        assert_eq!((&four, mapped.file().metadata().unwrap().len()), (b"kept", 10_000));
    }
}
