//! `[cache]`: how much of answers is kept, where, and for how long at most.

use domain::{CacheRules, NearRules, Replay, RouteCache};
use toml_edit::{Item, Table, TableLike};

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

    /// `cache = { ttl_seconds = 600 }` of a route, or `[routes.cache]`.
    pub(super) fn route_cache(&mut self, route: &Table) -> RouteCache {
        let Some(item) = route.get("cache") else { return RouteCache::default() };
        let Some(table) = item.as_table_like() else {
            self.mistake(item.span(), "a route's `cache` is such as { enabled = true }");
            return RouteCache::default();
        };
        let span = item.span().or_else(|| route.span());
        for (key, _) in table.iter().filter(|(key, _)| !RouteCache::FIELDS.contains(key)) {
            let known = RouteCache::FIELDS.join(", ");
            self.mistake(
                span.clone(),
                &format!("unknown key `routes.cache.{key}`. Known here: {known}"),
            );
        }
        let mut wrong = |key: &str, wanted: &str| {
            self.mistake(span.clone(), &format!("a route's `cache.{key}` must be {wanted}"));
        };
        let longest = CacheRules::LONGEST;
        let cache = RouteCache {
            enabled: read(table, "enabled", Item::as_bool),
            ttl_seconds: read(table, "ttl_seconds", |item| whole(item, 1..=longest)),
            stale_seconds: read(table, "stale_seconds", |item| whole(item, 0..=longest)),
            replay: read(table, "replay", |item| Replay::parse(item.as_str()?)),
            near_model: read(table, "near_model", |item| item.as_str().map(Into::into)),
            near_threshold: read(table, "near_threshold", |item| {
                u16::try_from(whole(item, NearRules::FLOOR.into()..=1_000)?).ok()
            }),
            near_observe: read(table, "near_observe", Item::as_bool),
        };
        for (key, is_read, wanted) in [
            ("enabled", cache.enabled.is_some(), "true or false"),
            ("ttl_seconds", cache.ttl_seconds.is_some(), "seconds, 1 to 31536000"),
            ("stale_seconds", cache.stale_seconds.is_some(), "seconds, 0 to 31536000"),
            ("replay", cache.replay.is_some(), "\"at_once\" or \"paced\""),
            ("near_model", cache.near_model.is_some(), "the name of a model for embeddings"),
            ("near_threshold", cache.near_threshold.is_some(), "thousandths, 700 to 1000"),
            ("near_observe", cache.near_observe.is_some(), "true or false"),
        ] {
            if table.contains_key(key) && !is_read {
                wrong(key, wanted);
            }
        }
        cache
    }
}

fn read<T>(table: &dyn TableLike, key: &str, of: impl FnOnce(&Item) -> Option<T>) -> Option<T> {
    table.get(key).and_then(of)
}

fn whole(item: &Item, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    u32::try_from(item.as_integer()?).ok().filter(|number| range.contains(number))
}
