//! Byte pair encoding: the bytes of a piece, of which the two neighbours that together make the
//! token of least rank are merged, again and again, until no two make a token.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::LazyLock;

use miniz_oxide::inflate::decompress_to_vec;

/// Made by `build.rs`, which says how it is laid out.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/o200k_base.tokens"));

/// `None` if what the build packed could not be unpacked.
pub(super) static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::unpack(PACKED));

/// A rank: a token's number, which is also the order of merging.
type Rank = u32;

pub(super) struct Table {
    ranks: HashMap<&'static [u8], Rank>,
    /// The length of the longest token, in bytes.
    longest: usize,
}

/// Two neighbours that could be merged; the least comes first, and of its like the leftmost.
type Candidate = Reverse<(Rank, usize, usize)>;

impl Table {
    fn unpack(packed: &[u8]) -> Option<Self> {
        // It is never given back: the keys of the map are slices of it.
        let unpacked: &'static [u8] = decompress_to_vec(packed).ok()?.leak();
        let (count, rest) = unpacked.split_first_chunk::<4>()?;
        let (lengths, mut bytes) = rest.split_at_checked(u32::from_le_bytes(*count) as usize)?;
        let mut ranks = HashMap::with_capacity(lengths.len());
        for (rank, &length) in (0..).zip(lengths) {
            let (token, rest) = bytes.split_at_checked(length.into())?;
            ranks.insert(token, rank);
            bytes = rest;
        }
        let longest = lengths.iter().copied().max()?.into();
        Some(Self { ranks, longest })
    }

    /// The tokens of a piece.
    pub(super) fn count(&self, piece: &[u8]) -> usize {
        // Most pieces are a token.
        if piece.len() < 2 || self.rank(piece).is_some() {
            return piece.len().min(1);
        }
        self.merge(piece)
    }

    fn rank(&self, bytes: &[u8]) -> Option<Rank> {
        if bytes.len() > self.longest { None } else { self.ranks.get(bytes).copied() }
    }

    fn merge(&self, piece: &[u8]) -> usize {
        let mut parts = Parts::of_bytes(piece.len());
        let mut candidates = BinaryHeap::with_capacity(piece.len());
        for left in 0..piece.len() - 1 {
            candidates.extend(self.candidate(piece, left, left + 2));
        }
        while let Some(Reverse((_, left, end))) = candidates.pop() {
            if !parts.merge(left, end) {
                continue;
            }
            if let Some(before) = parts.before(left) {
                candidates.extend(self.candidate(piece, before, end));
            }
            if end < piece.len() {
                candidates.extend(self.candidate(piece, left, parts.end(end)));
            }
        }
        parts.count
    }

    fn candidate(&self, piece: &[u8], left: usize, end: usize) -> Option<Candidate> {
        Some(Reverse((self.rank(&piece[left..end])?, left, end)))
    }
}

/// The parts that a piece is in, each known by where it starts.
struct Parts {
    /// Where the part that starts here ends; 0 where no part starts.
    ends: Vec<usize>,
    /// Where the part that ends here starts; only of use where one does.
    starts: Vec<usize>,
    count: usize,
}

impl Parts {
    fn of_bytes(count: usize) -> Self {
        let starts = (0..=count).map(|at| at.saturating_sub(1)).collect();
        Self { ends: (1..=count).collect(), starts, count }
    }

    fn end(&self, start: usize) -> usize {
        self.ends[start]
    }

    fn before(&self, start: usize) -> Option<usize> {
        (start > 0).then(|| self.starts[start])
    }

    /// Makes one of the two parts that fill this range, if two do; they may have been merged with
    /// others since they were looked at.
    fn merge(&mut self, left: usize, end: usize) -> bool {
        let middle = self.ends[left];
        if middle == 0 || middle >= end || self.ends[middle] != end {
            return false;
        }
        self.ends[left] = end;
        self.ends[middle] = 0;
        self.starts[end] = left;
        self.count -= 1;
        true
    }
}
