//! One attempt, one slot: a file that says what a killed process had in flight.
//!
//! A slot is written when its request is about to leave (*sent*: what is held, and for whom) and
//! when the attempt ends (*settled*: its whole usage record). The file is mapped: a write goes to
//! the system's memory and no further, so it costs a copy and survives `kill -9`; only a power cut
//! can lose it. Nothing is read here but at a start. The file is one worker's: no other thread
//! writes to it, but to wipe what is posted; its size is bounded, so that what is in flight is.
//!
//! A kill may come between any two stores. So a slot has two areas, one for each word, and an area
//! is no one's from its first store to its last: what was sent stands until what was settled does.
//!
//! Settlements carry ascending numbers. The store remembers the last number that it has posted;
//! a settled slot at or below it is history, and its place may be used again without a word. What
//! was sent carries the last number of its time: a settlement in the same slot with a larger one
//! is its own, or that of an attempt after it.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, PoisonError};

use domain::{Nanos, UsageRecord};
use mapped::{Mapped, WORD};

mod codec;

/// Bytes of an area; a slot has two.
const SIZE: usize = 1024;
const SENT_AREA: usize = 0;
const SETTLED_AREA: usize = 1;
/// Areas of a slot.
const AREAS: usize = 2;
/// The first word of an area that is somebody's; 0 while it is nobody's.
const MAGIC: [u8; 8] = *b"TGSLOT02";
const SENT: u8 = 1;
const SETTLED: u8 = 2;
/// Settled by a start: nobody had.
const ORPHANED: u8 = 3;

/// A place in the file, taken by one attempt.
#[derive(Debug)]
#[must_use = "a slot must be given back"]
pub struct Slot {
    place: u32,
    /// Its area for what was sent is in use.
    is_sent: bool,
}

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
    file: Mapped,
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
        let (found, newest) = read(&file, last)?;
        let free = Mutex::new((0..count).rev().collect());
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        let file = Mapped::new(file, length.max(count as usize * AREAS * SIZE))?;
        Ok((Self { file, free, last: AtomicU64::new(newest) }, found))
    }

    /// Empties the file: everything that was found in it has been posted.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn clear(&mut self) -> io::Result<()> {
        // It grows again as far as slots are used; the lowest are taken first.
        self.file.clear()
    }

    /// A slot for an attempt; `None` when all are taken.
    pub fn take(&self) -> Option<Slot> {
        let place = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        // Without room on the disk it cannot be written, which only a call under a limit must be.
        let _ = self.reserve(place);
        Some(Slot { place, is_sent: false })
    }

    fn reserve(&self, place: u32) -> io::Result<()> {
        self.file.reserve((place as usize + 1) * AREAS * SIZE)
    }

    /// Frees slots whose attempts are posted, or kept elsewhere.
    pub fn give_back(&self, slots: impl IntoIterator<Item = Slot>) {
        let wiped = slots.into_iter().map(|slot| {
            // Whoever has the slot next may end without ever having written here.
            if slot.is_sent {
                self.wipe(slot.place, SENT_AREA);
            }
            slot.place
        });
        self.free.lock().unwrap_or_else(PoisonError::into_inner).extend(wiped);
    }

    /// Settles what a start found: should it be the last thing that this process does, the next one
    /// will not do it again. Gives the settlement's number.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn settle_found(&self, place: u32, money: Money, record: &UsageRecord) -> io::Result<u64> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.reserve(place)?;
        self.write((place, SETTLED_AREA), ORPHANED, number, money, record)?;
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
    pub fn sent(&self, slot: &mut Slot, hold: Nanos, record: &UsageRecord) -> io::Result<()> {
        let money = Money { hold, posted: Nanos(0) };
        slot.is_sent = true;
        self.write((slot.place, SENT_AREA), SENT, self.last_number(), money, record)
    }

    /// Notes that more is held for an attempt that was sent: `more` in all, beyond what was held
    /// then. One word is stored, so that a kill finds the old hold or the new one.
    ///
    /// # Errors
    /// It cannot be written: what is more counts for nothing.
    pub fn extended(&self, slot: &Slot, more: Nanos) -> io::Result<()> {
        let words = self.area((slot.place, SENT_AREA)).ok_or(io::ErrorKind::UnexpectedEof)?;
        let more = u64::from_ne_bytes(more.0.to_le_bytes());
        words[EXTENSION / WORD].store(more, Ordering::Release);
        Ok(())
    }

    /// Notes how an attempt ended, and gives the settlement's number. To be called in the order in
    /// which settlements are queued for the store.
    pub fn settled(&self, slot: &Slot, money: Money, record: &UsageRecord) -> u64 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let area = (slot.place, SETTLED_AREA);
        if let Err(error) = self.write(area, SETTLED, number, money, record) {
            // It is in memory as well, and goes to the store from there.
            tracing::error!(%error, "a settlement could not be written to its slot");
        }
        number
    }

    /// Wipes a slot: what became of its attempt is kept elsewhere.
    pub fn forget(&self, slot: &Slot) {
        self.wipe(slot.place, SENT_AREA);
    }

    fn wipe(&self, place: u32, area: usize) {
        if let Some(words) = self.area((place, area)) {
            words[0].store(0, Ordering::Release);
        }
    }

    fn area(&self, (place, area): (u32, usize)) -> Option<&[AtomicU64]> {
        self.file.words((place as usize * AREAS + area) * SIZE, SIZE / WORD)
    }

    fn write(
        &self,
        area: (u32, usize),
        state: u8,
        number: u64,
        money: Money,
        record: &UsageRecord,
    ) -> io::Result<()> {
        let mut bytes = [0; SIZE];
        let length = codec::encode(&mut bytes[HEAD..], record);
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8] = state;
        bytes[10..12].copy_from_slice(&u16::try_from(length).unwrap_or(0).to_le_bytes());
        bytes[16..24].copy_from_slice(&number.to_le_bytes());
        bytes[24..32].copy_from_slice(&money.hold.0.to_le_bytes());
        bytes[32..40].copy_from_slice(&money.posted.0.to_le_bytes());
        let sum = checksum(&bytes, HEAD + length);
        bytes[40..48].copy_from_slice(&sum.to_le_bytes());
        let words = self.area(area).ok_or(io::ErrorKind::UnexpectedEof)?;
        let (new, _) = bytes.as_chunks::<WORD>();
        let count = (HEAD + length).div_ceil(WORD);
        words[0].store(0, Ordering::Relaxed);
        // Nobody's before any of it is new, and somebody's once all of it is.
        fence(Ordering::Release);
        for (word, new) in words[1..count].iter().zip(&new[1..]) {
            word.store(u64::from_ne_bytes(*new), Ordering::Relaxed);
        }
        words[0].store(u64::from_ne_bytes(MAGIC), Ordering::Release);
        Ok(())
    }
}

const HEAD: usize = 48;
/// Where an area has what is posted, and one of an attempt that was sent what its hold has grown by.
const EXTENSION: usize = 32;

/// Reads the slots that matter: sent ones, and settlements that are not posted yet. With them, the
/// largest number that was ever used.
fn read(file: &File, last: u64) -> io::Result<(Vec<Found>, u64)> {
    let count = file.metadata()?.len().div_ceil((AREAS * SIZE) as u64);
    let (mut found, mut largest) = (Vec::new(), last);
    for place in 0..u32::try_from(count).unwrap_or(u32::MAX) {
        let mut bytes = [0; AREAS * SIZE];
        read_up_to(file, &mut bytes, u64::from(place) * (AREAS * SIZE) as u64)?;
        let (areas, _) = bytes.as_chunks::<SIZE>();
        let [sent, settled] = [SENT_AREA, SETTLED_AREA].map(|area| parse(&areas[area], place));
        let numbers = sent.iter().chain(&settled).map(|(number, _)| *number);
        largest = numbers.fold(largest, u64::max);
        // What was settled after it was sent is what became of it.
        let sent = sent.filter(|(of, _)| settled.as_ref().is_none_or(|(number, _)| number <= of));
        let settled = settled.filter(|(number, _)| *number > last);
        found.extend(settled.into_iter().chain(sent).map(|(_, found)| found));
    }
    found.sort_by_key(|slot| slot.settled.unwrap_or(u64::MAX));
    Ok((found, largest))
}

/// The last slot of a file may have no more of its place than was written.
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

/// What stands in an area, with its number.
fn parse(bytes: &[u8; SIZE], place: u32) -> Option<(u64, Found)> {
    let word = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).ok();
    let length = usize::from(u16::from_le_bytes([bytes[10], bytes[11]]));
    if bytes[..8] != MAGIC || HEAD + length > SIZE {
        return None;
    }
    // An area that was being written when the power went is not what anybody meant.
    let mut summed = *bytes;
    summed[40..48].fill(0);
    let is_sent = bytes[8] == SENT;
    if is_sent {
        // It is written later, by itself.
        summed[EXTENSION..EXTENSION + WORD].fill(0);
    }
    // Behind a short record may stand the end of a longer one.
    summed[HEAD + length..].fill(0);
    if word(40)? != checksum(&summed, HEAD + length) {
        return None;
    }
    let number = word(16)?;
    let settled = match bytes[8] {
        SENT => None,
        SETTLED | ORPHANED => Some(number),
        _ => return None,
    };
    let amount = |at| word(at).map(|n| Nanos(n.cast_signed()));
    let (hold, other) = (amount(24)?, amount(EXTENSION)?);
    let money = match is_sent {
        true => Money { hold: Nanos(hold.0.checked_add(other.0)?), posted: Nanos(0) },
        false => Money { hold, posted: other },
    };
    let record = codec::decode(&bytes[HEAD..HEAD + length])?;
    Some((number, Found { place, settled, orphan: bytes[8] == ORPHANED, money, record }))
}

/// FNV-1a over words: enough to tell a torn area from a whole one.
fn checksum(bytes: &[u8; SIZE], length: usize) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().take(length.div_ceil(8)).fold(0xcbf2_9ce4_8422_2325, |sum, word| {
        (sum ^ u64::from_le_bytes(*word)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
