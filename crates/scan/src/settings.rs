//! What all threads of a scan share.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use vault::leaks::Finder;

use crate::limits;
use crate::notes::Notes;

/// Finds secrets. One is made for a scan; its threads share it.
pub struct Scanner {
    pub(crate) finder: Finder,
    pub(crate) salt: Vec<u8>,
    pub(crate) threads: usize,
    pub(crate) variables: crate::Variables,
    pub progress: std::sync::Arc<Progress>,
    pub notes: Notes,
    kept: AtomicU64,
}

/// How far a scan is.
#[derive(Default)]
pub struct Progress {
    /// Files, or objects of a history.
    pub files: AtomicU64,
    pub bytes: AtomicU64,
    /// Of `files`, where that is known.
    pub all: AtomicU64,
}

impl Scanner {
    /// `salt` is what fingerprints are made under; `variables` the environment for git.
    #[must_use]
    pub fn new(salt: &[u8], variables: crate::Variables) -> Self {
        Self {
            finder: Finder::new(),
            salt: salt.to_vec(),
            threads: std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(16),
            variables,
            progress: std::sync::Arc::default(),
            notes: Notes::default(),
            kept: AtomicU64::new(0),
        }
    }

    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    /// Whether one more find is kept; it is counted in any case.
    pub(crate) fn keeps(&self, of_this: usize) -> bool {
        let kept = of_this < limits::FINDS_OF_ONE
            && self.kept.fetch_add(1, Ordering::Relaxed) < limits::FINDS as u64;
        if !kept {
            self.notes.untold.fetch_add(1, Ordering::Relaxed);
        }
        kept
    }
}
