//! What a leaked secret looks like: our own keys by their checksum, other providers' by their form.
//!
//! [`Finder`] looks through bytes once for the literals that kinds of secrets begin with, and only
//! where one stands is the rest checked, by hand: which characters, how many, at a boundary, and
//! neither a placeholder nor a word (`leaks/chance.rs`). What kinds there are is a table
//! (`leaks/kinds.rs`). Nothing here reads files; that is for the crate `scan`.

mod chance;
mod kinds;
mod shape;

use aho_corasick::{AhoCorasick, MatchKind, packed};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use kinds::{KINDS, Kind};
pub use shape::{LONGEST, LOOK_BEHIND};

use crate::key;

/// A secret in bytes that were searched.
#[derive(Clone, Copy)]
pub struct Find {
    pub kind: &'static Kind,
    /// Where its first byte stands.
    pub start: usize,
    /// Where its last byte has just gone by.
    pub end: usize,
}

/// Looks for secrets of all kinds at once. Made once and shared.
pub struct Finder {
    anchors: Anchors,
    /// For each anchor the kinds that may begin with it, in the table's order.
    kinds: Vec<Vec<&'static Kind>>,
}

/// The vector search where the processor has it; it also bounds how many literals there may be.
enum Anchors {
    Packed(packed::Searcher),
    Automaton(Box<AhoCorasick>),
}

impl Default for Finder {
    fn default() -> Self {
        Self::new()
    }
}

impl Finder {
    /// # Panics
    /// Never: the table of kinds is small, and a test builds it.
    #[must_use]
    #[allow(clippy::expect_used, reason = "the literals are our own and few")]
    pub fn new() -> Self {
        let literals = anchors();
        let kinds = literals.iter().map(|anchor| kinds_at(anchor)).collect();
        let packed = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(&literals)
            .build();
        let anchors = match packed {
            Some(searcher) => Anchors::Packed(searcher),
            None => Anchors::Automaton(Box::new(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(&literals)
                    .expect("a handful of short literals"),
            )),
        };
        Self { anchors, kinds }
    }

    /// Calls `found` for each secret in `text`, in the order they begin. Never reads past a find's
    /// [`LONGEST`] bytes, nor more than [`LOOK_BEHIND`] before it.
    pub fn find(&self, text: &[u8], found: &mut dyn FnMut(Find)) {
        let mut at = 0;
        while let Some((anchor, start, after)) = self.next(text, at) {
            let find = self.kinds[anchor].iter().find_map(|kind| {
                let (start, end) = kind.shape.check(text, start)?;
                Some(Find { kind, start, end })
            });
            at = match find {
                Some(find) => {
                    found(find);
                    find.end.max(after)
                }
                None => after,
            };
        }
    }

    /// Anchor, its start and its end.
    fn next(&self, text: &[u8], at: usize) -> Option<(usize, usize, usize)> {
        match &self.anchors {
            Anchors::Packed(searcher) => searcher
                .find_in(text, (at..text.len()).into())
                .map(|found| (found.pattern().as_usize(), found.start(), found.end())),
            Anchors::Automaton(automaton) => automaton
                .find(aho_corasick::Input::new(text).span(at..text.len()))
                .map(|found| (found.pattern().as_usize(), found.start(), found.end())),
        }
    }
}

fn kinds_at(anchor: &str) -> Vec<&'static Kind> {
    let begins = |kind: &&Kind| kind.shape.literals().any(|literal| literal.starts_with(anchor));
    KINDS.iter().filter(begins).collect()
}

/// The literals to look for: those that no shorter one already begins.
#[must_use]
pub fn anchors() -> Vec<&'static str> {
    let mut all: Vec<&str> = KINDS.iter().flat_map(|kind| kind.shape.literals()).collect();
    all.sort_unstable();
    all.dedup();
    let begun = |literal: &str| all.iter().any(|a| *a != literal && literal.starts_with(a));
    all.iter().copied().filter(|literal| !begun(literal)).collect()
}

/// What may be shown of a secret: its public beginning and its last four characters, and nothing
/// of one that is short.
#[must_use]
pub fn mask(kind: &Kind, secret: &[u8]) -> String {
    if kind.shape.is_block() {
        let line = secret.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\')).next();
        return format!("{}…", String::from_utf8_lossy(line.unwrap_or_default()));
    }
    let text = String::from_utf8_lossy(secret);
    let prefix = kind.shape.literals().filter(|literal| text.starts_with(literal));
    let prefix = match kind.shape.begins_secret() {
        true => prefix.max_by_key(|literal| literal.len()).unwrap_or_default(),
        false => "",
    };
    let tail = match text.len() - prefix.len() {
        ..16 => "",
        _ => text.char_indices().rev().nth(3).map_or("", |(at, _)| &text[at..]),
    };
    format!("{prefix}…{tail}")
}

/// A secret's mark: the same secret has the same mark under the same salt, and nobody comes from
/// the mark to the secret. 128 bits in hex.
#[must_use]
#[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
pub fn fingerprint(salt: &[u8], kind: &Kind, secret: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("any length will do");
    mac.update(kind.id.as_bytes());
    mac.update(&[0]);
    mac.update(secret);
    let hash = mac.finalize().into_bytes();
    hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a text is one of our own keys, whole and not mistyped.
#[must_use]
pub fn is_ours(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| key::parse(text).is_some())
}

#[cfg(test)]
mod tests;
