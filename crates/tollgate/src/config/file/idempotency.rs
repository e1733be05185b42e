//! `[idempotency]`: how much is kept of answers to calls that carry an `Idempotency-Key`.

use std::ops::RangeInclusive;
use std::time::Duration;

use dataplane::IdempotencySettings;
use toml_edit::Table;

use super::Reader;

const MIB: u64 = 1 << 20;
/// Seconds: a week.
const LONGEST: i64 = 604_800;
/// MiB.
const BYTES: RangeInclusive<i64> = 0..=1_048_576;
const KEYS: RangeInclusive<i64> = 1..=100_000_000;

impl Reader<'_> {
    pub(super) fn idempotency(&mut self, root: &Table) -> IdempotencySettings {
        let mut settings = IdempotencySettings::default();
        let Some(table) = self.table(root, "idempotency") else { return settings };
        let keys = [
            "keep_seconds",
            "answer_mib",
            "memory_mib",
            "project_mib",
            "total_mib",
            "project_keys",
            "total_keys",
        ];
        self.known(table, "idempotency.", &keys);
        if let Some(seconds) = self.whole(table, keys[0], 1..=LONGEST) {
            settings.keep = Duration::from_secs(seconds);
        }
        let mut mib = |key| Some(self.whole(table, key, BYTES)? * MIB);
        let sized = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        settings.answer = mib(keys[1]).map_or(settings.answer, sized);
        settings.memory = mib(keys[2]).map_or(settings.memory, sized);
        let bounds = &mut settings.bounds;
        bounds.project_bytes = mib(keys[3]).unwrap_or(bounds.project_bytes);
        bounds.bytes = mib(keys[4]).unwrap_or(bounds.bytes);
        bounds.project_answers = self.whole(table, keys[5], KEYS).unwrap_or(bounds.project_answers);
        bounds.answers = self.whole(table, keys[6], KEYS).unwrap_or(bounds.answers);
        settings
    }
}
