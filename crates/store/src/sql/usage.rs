//! The request log, the rollups, and the reports over them.

use std::sync::LazyLock;

use domain::{GroupBy, UsageFilter};

use super::placeholders;
use crate::rollup::COUNTER_COLUMNS;

// ---- the request log

/// A new block, and one that is continued: rows, base, ids, kinds, calls, place.
pub(crate) const LOG_BLOCK: &str =
    "INSERT INTO blocks (rows, base_ms, least_request, greatest_request, kinds, calls, id)
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(crate) const LOG_MORE: &str =
    "UPDATE blocks SET rows = $1, base_ms = $2, least_request = $3, greatest_request = $4,
         kinds = $5, calls = $6
     WHERE id = $7";

pub(crate) const COUNT_REQUESTS: &str = "SELECT COALESCE(SUM(rows), 0) FROM blocks";

/// The place behind the newest call.
pub(crate) const END_OF_LOG: &str = "SELECT id + rows FROM blocks ORDER BY id DESC LIMIT 1";

/// What block `$1` is: of `rows` calls, of which there may be more than before.
pub(crate) const SUMMARISE: &str = "INSERT INTO block_summaries (id, rows, holds)
    VALUES ($1, $2, $3)
    ON CONFLICT (id) DO UPDATE SET rows = excluded.rows, holds = excluded.holds";

/// Of the blocks that begin before place `$1` and not before `$2`, the newest first.
pub(crate) const SUMMARIES: &str =
    "SELECT id, rows, holds FROM block_summaries WHERE id < $1 AND id >= $2 ORDER BY id DESC";
pub(crate) const FIRST_SUMMARY: &str = "SELECT MIN(id) FROM block_summaries";
/// Blocks before `$1`, of which there are no summaries, the newest first.
pub(crate) const BLOCKS_BEFORE: &str =
    "SELECT id, rows, kinds FROM blocks WHERE id < $1 ORDER BY id DESC LIMIT $2";

/// The same blocks, where nothing is known of them.
pub(crate) const BLOCKS: &str = "SELECT id FROM blocks WHERE id < $1 AND id >= $2 ORDER BY id DESC";

/// Blocks that may have the call `$1`. Ids of calls begin with the time, and a call is logged when it
/// has ended: it is in the first of them, or in one of its time. In no order: in that of their places
/// SQLite would go through all blocks and not by the index.
pub(crate) const BLOCKS_OF: &str =
    "SELECT id FROM blocks WHERE greatest_request >= $1 AND least_request <= $1";

/// Blocks with calls since the one with the least id that a time can have, the newest first.
pub(crate) const BLOCKS_SINCE: &str = "SELECT b.id, s.holds
    FROM blocks b LEFT JOIN block_summaries s ON s.id = b.id
    WHERE b.greatest_request >= $1 ORDER BY b.greatest_request DESC";

/// SQLite reads each column that is asked for, whether anybody looks at it or not: calls are ten times
/// as long as kinds.
pub(crate) const KINDS: &str = "SELECT base_ms, kinds FROM blocks WHERE id = $1";
pub(crate) const CALLS: &str = "SELECT calls FROM blocks WHERE id = $1";

// ---- rollups

const SLOT_COLUMNS: [&str; 9] = [
    "width_s",
    "start_s",
    "family",
    "project_id",
    "user_id",
    "key_id",
    "model",
    "batch",
    "service_tier",
];

/// Adds one folded row: the slot's columns, then the counters.
pub(crate) static ADD_USAGE: LazyLock<String> = LazyLock::new(|| {
    let slot = SLOT_COLUMNS.join(", ");
    let counters = COUNTER_COLUMNS.join(", ");
    let values = placeholders(1, SLOT_COLUMNS.len() + COUNTER_COLUMNS.len());
    let sums = COUNTER_COLUMNS.map(|c| format!("{c} = usage_rollup.{c} + excluded.{c}")).join(", ");
    format!(
        "INSERT INTO usage_rollup ({slot}, {counters}) VALUES ({values})
         ON CONFLICT ({slot}) DO UPDATE SET {sums}"
    )
});

/// The family column of images, which tells how they came about; NULL for other families.
const IMAGES: &str =
    "CASE WHEN family IN ('images', 'images.edit', 'images.variation') THEN family END";

/// A report over the rollups: `$1…$3` are grain, start and end, then the family column's values,
/// the filter's lists in the order of [`filter_lists`], and the batch flag. The columns are the
/// bucket's start, the seven dimensions (NULL where not asked for), and the counters.
pub(crate) fn report(group: &GroupBy, shelves: usize, filter: &UsageFilter) -> String {
    let dimensions = [
        (group.project, "project_id"),
        (group.user, "user_id"),
        (group.key, "key_id"),
        (group.model, "model"),
        (group.batch, "batch"),
        (group.service_tier, "service_tier"),
        (group.source, IMAGES),
    ];
    let shown = dimensions.map(|(asked, column)| if asked { column } else { "NULL" }).join(", ");
    let sums = COUNTER_COLUMNS.map(|c| format!("CAST(SUM({c}) AS BIGINT)")).join(", ");
    let mut keys = vec!["start_s"];
    keys.extend(dimensions.iter().filter(|(asked, _)| *asked).map(|(_, column)| column));
    let keys = keys.join(", ");

    let mut wanted = String::new();
    let mut next = 4;
    let lists = filter_lists(filter).map(|(column, list)| (column, list.len()));
    for (column, values) in [("family", shelves)].into_iter().chain(lists) {
        if values > 0 {
            wanted += &format!(" AND {column} IN ({})", placeholders(next, values));
            next += values;
        }
    }
    if filter.batch.is_some() {
        wanted += &format!(" AND batch = ${next}");
    }
    format!(
        "SELECT start_s, {shown}, {sums} FROM usage_rollup
         WHERE width_s = $1 AND start_s >= $2 AND start_s < $3{wanted}
         GROUP BY {keys} ORDER BY {keys}"
    )
}

pub(crate) fn filter_lists(filter: &UsageFilter) -> [(&'static str, &[String]); 4] {
    [
        ("project_id", &filter.projects),
        ("user_id", &filter.users),
        ("key_id", &filter.keys),
        ("model", &filter.models),
    ]
}
