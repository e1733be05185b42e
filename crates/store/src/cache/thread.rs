//! The thread that has the file, and what it does when the file fails it.

use std::path::PathBuf;
use std::sync::Arc;

use domain::{CacheEntry, CacheHolding, CacheKey, CachePurge, Clock, ProjectId, Timestamp};
use rusqlite::ErrorCode;
use tokio::sync::oneshot;

use super::codec::Codec;
use super::file::{self, CacheFile, Row};

/// How often, at most, the file is made anew (ms).
const PAUSE: i64 = 1_000;
/// A use is noted where the last one that was is older (ms).
const USED: i64 = 60_000;
/// An answer that waited longer is compressed quickly (ms).
const BEHIND: i64 = 20;
/// So many answers are kept between two looks for those that are over.
const LOOKS: u32 = 64;

pub(super) enum Job {
    Get { key: CacheKey, reply: oneshot::Sender<Option<CacheEntry>> },
    Put { key: CacheKey, entry: CacheEntry, asked: Timestamp },
    Purge { project: ProjectId, what: CachePurge, reply: oneshot::Sender<u64> },
    Holding { project: Option<ProjectId>, reply: oneshot::Sender<CacheHolding> },
}

pub(super) struct CacheThread {
    path: PathBuf,
    budget: u64,
    clock: Arc<dyn Clock>,
    codec: Codec,
    file: Option<CacheFile>,
    /// When it was last opened or made.
    opened: Option<Timestamp>,
    puts: u32,
}

impl CacheThread {
    pub(super) fn new(path: PathBuf, budget: u64, clock: Arc<dyn Clock>) -> Self {
        Self { path, budget, clock, codec: Codec::new(), file: None, opened: None, puts: 0 }
    }

    pub(super) fn work(&mut self, job: Job) {
        match job {
            // Whoever asked has a deadline, and may have gone.
            Job::Get { reply, .. } if reply.is_closed() => {}
            Job::Get { key, reply } => drop(reply.send(self.get(key))),
            Job::Put { key, entry, asked } => self.put(key, &entry, asked),
            Job::Purge { project, what, reply } => {
                let gone = self.with(|file| file.purge(&project, &what));
                let _ = reply.send(gone.unwrap_or_default());
            }
            Job::Holding { project, reply } => {
                let held = self.with(|file| file.holding(project.as_ref()));
                let _ = reply.send(held.unwrap_or_default());
            }
        }
    }

    pub(super) fn close(self) {
        if let Some(file) = self.file {
            file.close();
        }
    }

    fn get(&mut self, key: CacheKey) -> Option<CacheEntry> {
        let now = self.clock.now();
        let (value, used) = self.with(|file| file.get(key))??;
        match self.codec.decode(key, &value).filter(|entry| now < entry.until) {
            Some(entry) => {
                if now.0 - used.0 > USED {
                    self.with(|file| file.used(key, now));
                }
                Some(entry)
            }
            // Over, torn, or of another version.
            None => {
                self.with(|file| file.remove(key));
                None
            }
        }
    }

    fn put(&mut self, key: CacheKey, entry: &CacheEntry, asked: Timestamp) {
        let (now, budget) = (self.clock.now(), self.budget);
        let hurry = now.0 - asked.0 > BEHIND;
        let Some(value) = self.codec.encode(key, entry, hurry) else { return };
        let row = Row {
            key,
            project: &entry.project,
            model: &entry.model,
            at: entry.at,
            until: entry.until,
            raw: entry.body.len(),
            value: &value,
        };
        self.puts += 1;
        let looks = self.puts.is_multiple_of(LOOKS);
        self.with(|file| {
            if looks {
                file.expire(now)?;
            }
            file.put(&row, (now, budget))
        });
    }

    /// Does something with the file, and has it made anew where it is gone or damaged.
    fn with<T>(&mut self, act: impl FnOnce(&mut CacheFile) -> rusqlite::Result<T>) -> Option<T> {
        if self.file.as_ref().is_some_and(|file| !file.is_in_place()) {
            self.file = None;
        }
        if self.file.is_none() && !self.open() {
            return None;
        }
        match act(self.file.as_mut()?) {
            Ok(done) => Some(done),
            Err(error) => {
                // A full disk, or somebody who reads it from outside, is no damage.
                let passes = matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
                );
                if !passes {
                    self.file = None;
                    file::remove(&self.path);
                }
                None
            }
        }
    }

    fn open(&mut self) -> bool {
        let now = self.clock.now();
        if self.opened.is_some_and(|last| (0..PAUSE).contains(&(now.0 - last.0))) {
            return false;
        }
        self.opened = Some(now);
        self.file = CacheFile::open(&self.path).ok();
        self.file.is_some()
    }
}
