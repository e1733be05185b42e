//! Where a text is cut before its bytes are merged: no token reaches over a cut.
//!
//! The encoding's published pattern ends in `\s+(?!\S)|\s+`: white space before a word leaves its
//! last character to that word. An automaton cannot look ahead, so the last pattern takes all of
//! the white space, and [`Pieces`] gives a character back.

use std::sync::LazyLock;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};

/// A word with one leading mark, by case, with an English ending; up to three digits; marks; lines.
const WORDS_AND_MARKS: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"|\s*[\r\n]+",
);
const SPACES: &str = r"\s+";
/// The place of [`SPACES`] among the patterns.
const OF_SPACES: usize = 1;

/// `None` if the patterns were broken.
pub(super) static CUTTER: LazyLock<Option<Cutter>> =
    LazyLock::new(|| Regex::new_many(&[WORDS_AND_MARKS, SPACES]).ok().map(Cutter));

pub(super) struct Cutter(Regex);

impl Cutter {
    /// The pieces of a text, in order and without a gap.
    pub(super) fn pieces<'t>(&'t self, text: &'t str) -> Pieces<'t> {
        Pieces { patterns: &self.0, rest: text }
    }
}

pub(super) struct Pieces<'t> {
    patterns: &'t Regex,
    rest: &'t str,
}

impl<'t> Iterator for Pieces<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let found = self.patterns.find(Input::new(self.rest).anchored(Anchored::Yes))?;
        let mut end = found.end();
        if found.pattern().as_usize() == OF_SPACES && end < self.rest.len() {
            let last = self.rest[..end].chars().next_back().map_or(0, char::len_utf8);
            // A single space is a piece of its own all the same.
            end = if last < end { end - last } else { end };
        }
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(piece)
    }
}
