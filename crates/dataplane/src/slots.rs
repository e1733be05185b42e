//! One attempt, one slot: a file that says what a killed process had in flight.
//!
//! A slot is written when its request is about to leave (*sent*: what is held, and for whom) and
//! when the attempt ends (*settled*: its whole usage record). A write goes to the system's memory
//! and no further, so it costs about a microsecond and survives `kill -9`; only a power cut can
//! lose it. Nothing is read here but at a start. The file is one worker's: no other thread writes
//! to it, and its size is fixed, so that what is in flight is bounded by it.
//!
//! Settlements carry ascending numbers. The store remembers the last number that it has posted;
//! a settled slot at or below it is history, and its place may be used again without a word.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::{Nanos, UsageRecord};

mod codec;

/// Bytes of a slot.
const SIZE: usize = 1024;
const MAGIC: &[u8; 8] = b"TGSLOT01";
const SENT: u8 = 1;
const SETTLED: u8 = 2;
/// Settled by a start: nobody had.
const ORPHANED: u8 = 3;

/// A place in the file, taken by one attempt.
#[derive(Debug)]
#[must_use = "a slot must be given back"]
pub struct Slot(u32);

/// What is known of an attempt's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// Nano-dollars set aside.
    pub hold: Nanos,
    /// Nano-dollars to post; meaningful once settled.
    pub posted: Nanos,
}

/// An attempt that a start found.
#[derive(Debug)]
pub struct Found {
    /// Its slot's place in the file.
    pub place: u32,
    /// `None`: it was sent, and nobody knows how it ended.
    pub settled: Option<u64>,
    /// An earlier start has settled it.
    pub orphan: bool,
    pub money: Money,
    pub record: UsageRecord,
}

/// One worker's slots.
pub struct Slots {
    file: File,
    free: Mutex<Vec<u32>>,
    last: AtomicU64,
}

impl Slots {
    /// Opens or makes the file, with `count` slots, and gives what an earlier process left in it.
    /// Settlements are numbered from `last` on.
    ///
    /// # Errors
    /// The file cannot be read or made.
    pub fn open(path: &Path, count: u32, last: u64) -> io::Result<(Self, Vec<Found>)> {
        let mut how = File::options();
        how.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = how.open(path)?;
        let found = read(&file, last)?;
        let newest = found.iter().filter_map(|f| f.settled).max().unwrap_or(0).max(last);
        let free = Mutex::new((0..count).rev().collect());
        Ok((Self { file, free, last: AtomicU64::new(newest) }, found))
    }

    /// Empties the file: everything that was found in it has been posted.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn clear(&self) -> io::Result<()> {
        // It grows again as far as slots are used; the lowest are taken first.
        self.file.set_len(0)
    }

    /// A slot for an attempt; `None` when all are taken.
    pub fn take(&self) -> Option<Slot> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).pop().map(Slot)
    }

    pub fn give_back(&self, slots: impl IntoIterator<Item = Slot>) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(slots.into_iter().map(|slot| slot.0));
    }

    /// Settles what a start found: should it be the last thing that this process does, the next one
    /// will not do it again. Gives the settlement's number.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn settle_found(&self, place: u32, money: Money, record: &UsageRecord) -> io::Result<u64> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.write(&Slot(place), ORPHANED, number, money, record)?;
        Ok(number)
    }

    /// The number of the last settlement.
    pub fn last_number(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// How many attempts may still begin.
    pub fn free(&self) -> usize {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Notes that an attempt is about to be sent; `record` is what is known of it by now.
    ///
    /// # Errors
    /// The file cannot be written: the attempt must not be sent.
    pub fn sent(&self, slot: &Slot, hold: Nanos, record: &UsageRecord) -> io::Result<()> {
        let money = Money { hold, posted: Nanos(0) };
        self.write(slot, SENT, 0, money, record)
    }

    /// Notes how an attempt ended, and gives the settlement's number. To be called in the order in
    /// which settlements are queued for the store.
    pub fn settled(&self, slot: &Slot, money: Money, record: &UsageRecord) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        if let Err(error) = self.write(slot, SETTLED, number, money, record) {
            // It is in memory as well, and goes to the store from there.
            tracing::error!(%error, "a settlement could not be written to its slot");
        }
        number
    }

    /// Wipes a slot: what became of its attempt is kept elsewhere.
    pub fn forget(&self, slot: &Slot) {
        if let Err(error) = self.file.write_all_at(&[0; HEAD], u64::from(slot.0) * SIZE as u64) {
            // It would be posted in full at the next start.
            tracing::error!(%error, "a slot could not be wiped");
        }
    }

    fn write(
        &self,
        slot: &Slot,
        state: u8,
        number: u64,
        money: Money,
        record: &UsageRecord,
    ) -> io::Result<()> {
        let mut bytes = [0; SIZE];
        let length = codec::encode(&mut bytes[HEAD..], record);
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8] = state;
        bytes[10..12].copy_from_slice(&u16::try_from(length).unwrap_or(0).to_le_bytes());
        bytes[16..24].copy_from_slice(&number.to_le_bytes());
        bytes[24..32].copy_from_slice(&money.hold.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&money.posted.0.to_le_bytes());
        let sum = checksum(&bytes, HEAD + length);
        bytes[40..48].copy_from_slice(&sum.to_le_bytes());
        self.file.write_all_at(&bytes[..HEAD + length], u64::from(slot.0) * SIZE as u64)
    }
}

const HEAD: usize = 48;

/// Reads the slots that matter: sent ones, and settlements that are not posted yet.
fn read(file: &File, last: u64) -> io::Result<Vec<Found>> {
    let count = file.metadata()?.len().div_ceil(SIZE as u64);
    let mut found = Vec::new();
    for place in 0..u32::try_from(count).unwrap_or(u32::MAX) {
        let mut bytes = [0; SIZE];
        read_up_to(file, &mut bytes, u64::from(place) * SIZE as u64)?;
        if let Some(slot) = parse(&bytes, place)
            && slot.settled.is_none_or(|number| number > last)
        {
            found.push(slot);
        }
    }
    found.sort_by_key(|slot| slot.settled.unwrap_or(u64::MAX));
    Ok(found)
}

/// The last slot of a file may be shorter than its place.
fn read_up_to(file: &File, bytes: &mut [u8], from: u64) -> io::Result<()> {
    let mut at = 0;
    while at < bytes.len() {
        match file.read_at(&mut bytes[at..], from + at as u64) {
            Ok(0) => break,
            Ok(read) => at += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn parse(bytes: &[u8; SIZE], place: u32) -> Option<Found> {
    let word = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).ok();
    let length = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    if &bytes[..8] != MAGIC || HEAD + length > SIZE {
        return None;
    }
    // A slot that was being written when the power went is not what anybody meant.
    let mut summed = *bytes;
    summed[40..48].fill(0);
    // Behind a short record may stand the end of a longer one.
    summed[HEAD + length..].fill(0);
    if word(40)? != checksum(&summed, HEAD + length) {
        return None;
    }
    let settled = match bytes[8] {
        SENT => None,
        SETTLED | ORPHANED => Some(word(16)?),
        _ => return None,
    };
    let amount = |at| word(at).map(|n| Nanos(n.cast_signed()));
    let money = Money { hold: amount(24)?, posted: amount(32)? };
    Some(Found {
        place,
        settled,
        orphan: bytes[8] == ORPHANED,
        money,
        record: codec::decode(&bytes[HEAD..HEAD + length])?,
    })
}

/// FNV-1a over words: enough to tell a torn slot from a whole one.
fn checksum(bytes: &[u8; SIZE], length: usize) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().take(length.div_ceil(8)).fold(0xcbf2_9ce4_8422_2325, |sum, word| {
        (sum ^ u64::from_le_bytes(*word)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
