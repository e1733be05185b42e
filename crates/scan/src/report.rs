//! What a scan came to, and how it is told.

mod human;
mod json;
mod sarif;

pub use human::{advice, human, summary};
pub use json::json;
pub use sarif::sarif;

use crate::{Baseline, Find};

#[derive(Default)]
pub struct Report {
    /// In the order of their places.
    pub finds: Vec<Find>,
    /// Finds that the baseline accepts.
    pub accepted: Vec<Find>,
    /// Finds in objects that no ref of the repository reaches.
    pub unreached: u64,
}

impl Report {
    pub(crate) fn of(mut finds: Vec<Find>, baseline: Option<&Baseline>) -> Self {
        finds.sort_by(|a, b| (&a.place, a.kind.id).cmp(&(&b.place, b.kind.id)));
        let known = |find: &Find| baseline.is_some_and(|baseline| baseline.knows(find));
        let (accepted, finds) = finds.into_iter().partition(known);
        Self { finds, accepted, unreached: 0 }
    }

    /// How many finds make the scan fail.
    #[must_use]
    pub fn count(&self, ignored_too: bool) -> usize {
        self.finds.iter().filter(|find| ignored_too || !find.ignored).count()
    }
}
