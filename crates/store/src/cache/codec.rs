//! An entry as it lies outside the process: a checksum over everything, what is known of the answer,
//! and the answer compressed.
//!
//! The compressor begins with a list of words and forms that answers have, so that short ones become
//! short too. The list is part of the format: another list is another version.

use std::sync::Arc;

use domain::{CacheEntry, CacheKey, Nanos, Timestamp};
use sha2::{Digest, Sha256};
use zstd::bulk::{Compressor, Decompressor};

/// The form of what follows.
const VERSION: u8 = 1;
const WORDS: &[u8] = include_bytes!("words.txt");
/// Of the checksum's 32 bytes; nobody forges here, bytes only break.
const CHECK: usize = 16;
/// About 2 ms and 0.2 ms for an answer of 5 KB.
const DENSE: i32 = 19;
const QUICK: i32 = 3;
/// No answer that is kept is longer.
const LONGEST: usize = 16 << 20;

/// What compresses and what reads back; both keep their tables, once they are needed.
pub(super) struct Codec {
    /// Densely, and quickly.
    compressors: [Option<Compressor<'static>>; 2],
    decompressor: Option<Decompressor<'static>>,
}

impl Codec {
    pub(super) fn new() -> Self {
        Self { compressors: [None, None], decompressor: None }
    }

    /// `None` where it cannot be written. `hurry`: others wait.
    pub(super) fn encode(
        &mut self,
        key: CacheKey,
        entry: &CacheEntry,
        hurry: bool,
    ) -> Option<Vec<u8>> {
        let slot = &mut self.compressors[usize::from(hurry)];
        if slot.is_none() {
            let level = if hurry { QUICK } else { DENSE };
            *slot = Compressor::with_dictionary(level, WORDS).ok();
        }
        let compressor = slot.as_mut()?;
        let body = compressor.compress(&entry.body).ok()?;
        let mut out = vec![0; CHECK];
        out.push(VERSION);
        out.push(u8::from(entry.stream) | u8::from(entry.cost.is_some()) << 1);
        for number in [entry.at.0, entry.until.0, entry.cost.map_or(0, |cost| cost.0)] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&entry.took_ms.to_le_bytes());
        out.extend_from_slice(&u32::try_from(entry.body.len()).ok()?.to_le_bytes());
        let served = entry.served.as_deref();
        for text in
            [entry.project.as_str(), &entry.model, entry.upstream.as_str(), served.unwrap_or("")]
        {
            out.extend_from_slice(&u16::try_from(text.len()).ok()?.to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(&body);
        let check = checksum(key, &out[CHECK..]);
        out[..CHECK].copy_from_slice(&check);
        Some(out)
    }

    /// `None` for anything that [`Codec::encode`] did not write under this very key, whole.
    pub(super) fn decode(&mut self, key: CacheKey, bytes: &[u8]) -> Option<CacheEntry> {
        let (check, rest) = bytes.split_at_checked(CHECK)?;
        if check != checksum(key, rest) {
            return None;
        }
        let mut from = Reader(rest);
        if from.take::<1>()? != [VERSION] {
            return None;
        }
        let [flags] = from.take()?;
        let mut number = || from.take().map(i64::from_le_bytes);
        let (at, until, cost) = (number()?, number()?, number()?);
        let took_ms = u32::from_le_bytes(from.take()?);
        let length = usize::try_from(u32::from_le_bytes(from.take()?)).ok()?;
        let (project, model) = (from.text()?.into(), Arc::from(from.text()?));
        let upstream = from.text()?.into();
        let served = Some(from.text()?).filter(|text| !text.is_empty()).map(Arc::from);
        if length > LONGEST {
            return None;
        }
        if self.decompressor.is_none() {
            self.decompressor = Decompressor::with_dictionary(WORDS).ok();
        }
        let body = self.decompressor.as_mut()?.decompress(from.0, length).ok()?;
        (body.len() == length).then(|| CacheEntry {
            project,
            model,
            upstream,
            served,
            at: Timestamp(at),
            until: Timestamp(until),
            stream: flags & 1 != 0,
            took_ms,
            cost: (flags & 2 != 0).then_some(Nanos(cost)),
            body: body.into(),
        })
    }
}

/// What can be told of an entry by a few bytes near its begin.
pub(super) mod head {
    use domain::Timestamp;

    /// From when it was asked for to the length of its text.
    pub(crate) const SPAN: std::ops::Range<usize> = super::CHECK + 2..super::CHECK + 34;

    /// When it was asked for, and the bytes of its text as it is given.
    pub(crate) fn read(span: &[u8]) -> Option<(Timestamp, u64)> {
        let (at, _) = span.split_first_chunk::<8>()?;
        let length = span.get(28..32)?.first_chunk::<4>()?;
        Some((Timestamp(i64::from_le_bytes(*at)), u32::from_le_bytes(*length).into()))
    }
}

fn checksum(key: CacheKey, rest: &[u8]) -> [u8; CHECK] {
    let hash: [u8; 32] = Sha256::new().chain_update(key.0).chain_update(rest).finalize().into();
    std::array::from_fn(|at| hash[at])
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = u16::from_le_bytes(self.take()?);
        let (text, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}
