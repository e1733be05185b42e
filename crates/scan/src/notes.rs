//! What a scan did and what it could not do, counted while it runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// As many of a kind are told by name.
const NAMED: usize = 10;

/// What was not looked at, or not wholly, with the first few names.
#[derive(Default)]
pub struct Notes {
    /// Paths that could not be read, and why.
    pub unreadable: List,
    /// Archives that are damaged, too deep or too large to be read to their end.
    pub in_part: List,
    /// Archives of forms that are not opened.
    pub unopened: List,
    /// Finds beyond the number that is kept.
    pub untold: AtomicU64,
}

/// A count, and the first few of what was counted.
#[derive(Default)]
pub struct List {
    count: AtomicU64,
    first: Mutex<Vec<String>>,
}

impl List {
    pub(crate) fn add(&self, what: impl FnOnce() -> String) {
        let before = self.count.fetch_add(1, Ordering::Relaxed);
        if before < NAMED as u64
            && let Ok(mut first) = self.first.lock()
        {
            first.push(what());
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn first(&self) -> Vec<String> {
        self.first.lock().map(|first| first.clone()).unwrap_or_default()
    }
}
