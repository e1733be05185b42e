//! The request log, the rollups, and the reports over them.

use std::sync::LazyLock;

use domain::{AttemptFilter, GroupBy, UsageFilter};

use super::placeholders;
use crate::rollup::COUNTER_COLUMNS;

// ---- the request log

/// The columns of a logged attempt as the view `requests` shows them, in the order in which they are
/// read.
const ATTEMPT_COLUMNS: [&str; 46] = [
    "request_id",
    "attempt",
    "at_ms",
    "operation",
    "family",
    "project_id",
    "key_id",
    "user_id",
    "user_label",
    "model_asked",
    "model_served",
    "service_tier",
    "upstream_id",
    "upstream_request_id",
    "status",
    "outcome",
    "stream",
    "batch",
    "estimated",
    "input_tokens",
    "input_cached_tokens",
    "input_cache_write_tokens",
    "input_audio_tokens",
    "input_image_tokens",
    "output_tokens",
    "output_reasoning_tokens",
    "output_audio_tokens",
    "output_image_tokens",
    "images",
    "audio_ms",
    "characters",
    "cost_nanos",
    "error_code",
    "queue_us",
    "first_byte_us",
    "total_us",
    "bytes_in",
    "bytes_out",
    "cost_input_nanos",
    "cost_cached_nanos",
    "cost_output_nanos",
    "cache",
    "saved_nanos",
    "shadow",
    "prompt",
    "prompt_prefix",
];

/// The columns that a row is written by: those that are searched, and all the rest in one.
pub(crate) const LOGGED: [&str; 8] = [
    "request_id",
    "project_id",
    "key_id",
    "model_asked",
    "model_served",
    "status",
    "outcome",
    "detail",
];

pub(crate) static LOG_REQUEST: LazyLock<String> = LazyLock::new(|| {
    let (columns, values) = (LOGGED.join(", "), placeholders(1, LOGGED.len()));
    format!("INSERT INTO attempts ({columns}) VALUES ({values})")
});

/// Answered calls with hashes, newest first. Ids of calls begin with the time: `$1` is the least that
/// one of them can be, so that the index leads there.
pub(crate) const PROMPT_CALLS: &str = "SELECT project_id, COALESCE(model_served, model_asked, ''),
        at_ms, prompt, prompt_prefix, cost_nanos, input_tokens, input_cached_tokens
    FROM requests WHERE request_id >= $1 AND prompt IS NOT NULL AND cost_nanos IS NOT NULL
        AND outcome = 'completed'
    ORDER BY request_id DESC LIMIT $2";
pub(crate) const COUNT_REQUESTS: &str = "SELECT COUNT(*) FROM attempts";

/// The place of the newest row.
pub(crate) const LAST_PLACE: &str = "SELECT MAX(id) FROM attempts";

/// All attempts of a call; the place is the column behind the others.
pub(crate) static ATTEMPTS_OF: LazyLock<String> = LazyLock::new(|| {
    let columns = ATTEMPT_COLUMNS.join(", ");
    format!(
        "SELECT {columns}, id FROM requests WHERE request_id = $1 ORDER BY attempt, id LIMIT $2"
    )
});

/// A page of the log: `$1` and `$2` are the newest and oldest place that is looked at (the newest
/// itself not), then the filter's values in the order of its fields, then the limit.
pub(crate) fn attempts(filter: &AttemptFilter) -> String {
    let columns = ATTEMPT_COLUMNS.join(", ");
    let mut next = 2;
    let mut value = || {
        next += 1;
        format!("${next}")
    };
    let mut wanted = String::new();
    for (given, column) in [(&filter.project, "project_id"), (&filter.key, "key_id")] {
        if given.is_some() {
            wanted += &format!(" AND {column} = {}", value());
        }
    }
    if filter.model.is_some() {
        let model = value();
        wanted += &format!(" AND (model_served = {model} OR model_asked = {model})");
    }
    if filter.status.is_some() {
        wanted += &format!(" AND status >= {} AND status <= {}", value(), value());
    }
    if filter.outcome.is_some() {
        wanted += &format!(" AND outcome = {}", value());
    }
    if filter.request.is_some() {
        wanted += &format!(" AND request_id = {}", value());
    }
    format!(
        "SELECT {columns}, id FROM requests WHERE id < $1 AND id >= $2{wanted}
         ORDER BY id DESC LIMIT {}",
        value()
    )
}

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
