//! `[cache]`: how much of answers is kept, where, and for how long at most.

use toml_edit::Table;

use super::super::CacheConfig;
use super::Reader;

/// Megabytes: the most that may be asked for.
const MOST: i64 = 1 << 20;
/// A year, in seconds.
const LONGEST: i64 = 365 * 86_400;

impl Reader<'_> {
    pub(super) fn cache(&mut self, root: &Table) -> CacheConfig {
        let mut cache = CacheConfig::default();
        let Some(table) = self.table(root, "cache") else { return cache };
        self.known(table, "cache.", &["memory_mb", "disk_mb", "max_ttl_seconds"]);
        let megabytes = |number: u64| number << 20;
        cache.memory_bytes = self.whole(table, "memory_mb", 0..=MOST).map(megabytes);
        cache.disk_bytes = self.whole(table, "disk_mb", 0..=MOST).map(megabytes);
        let longest = self.whole(table, "max_ttl_seconds", 1..=LONGEST);
        cache.longest_seconds = longest.and_then(|seconds| u32::try_from(seconds).ok());
        cache
    }
}
