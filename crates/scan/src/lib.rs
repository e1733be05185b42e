//! The only crate that reads other people's files: looks for leaked secrets in a tree, in what is
//! staged, and in a history.
//!
//! What a secret looks like is `vault::leaks`. Here is how one is come by: folders (`walk`), git's
//! objects through a child that can run nothing of the repository's (`git`), archives (`archive`),
//! encodings (`wide`), windows over what may be of any size (`text`). A whole secret leaves this
//! crate only as a [`domain::Secret`], and only of our own keys; all else is a mask and a mark.

#![forbid(unsafe_code)]

mod archive;
mod baseline;
mod contents;
mod find;
mod git;
mod hook;
mod limits;
mod notes;
pub mod report;
mod rules;
mod settings;
mod text;
mod walk;
mod wide;

pub use baseline::{Baseline, DEFAULT_BASELINE};
pub use find::{Commit, Find, Place, Standing};
pub use git::Variables;
pub use git::ignored::{Keeping, keeping};
pub use hook::install as install_hook;
pub use notes::Notes;
pub use report::Report;
pub use rules::{RULE_FORMATS, rule};
pub use settings::{Progress, Scanner};

/// Why nothing could be scanned, as a sentence.
#[derive(Debug)]
pub struct Problem(pub String);

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Problem {}
