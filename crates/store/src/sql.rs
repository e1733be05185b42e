//! Every query text, once, in the subset that SQLite and PostgreSQL share.
//!
//! Placeholders are `$1`, `$2`, … in the order of their first use: PostgreSQL binds them by
//! number, SQLite by first appearance, and only in that order the two agree.

use std::sync::LazyLock;

use domain::{GroupBy, Order, PageQuery, UsageFilter};

use crate::rollup::COUNTER_COLUMNS;

pub(crate) const META: &str = "SELECT value FROM meta WHERE name = $1";
pub(crate) const PUT_META: &str = "INSERT INTO meta (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";

// ---- who there is

pub(crate) const ORGANIZATION: &str = "SELECT id, name, created_at FROM organization";
/// One organization an installation: a second one adds no row.
pub(crate) const CREATE_ORGANIZATION: &str = "INSERT INTO organization (id, name, created_at)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM organization)";

pub(crate) const USER: &str = "SELECT id, name, email, role, created_at FROM users WHERE id = $1";
pub(crate) const OLDEST_OWNER: &str = "SELECT id, name, email, role, created_at FROM users
    WHERE role = 'owner' ORDER BY seq LIMIT 1";
pub(crate) const CREATE_USER: &str =
    "INSERT INTO users (id, name, email, role, created_at) VALUES ($1, $2, $3, $4, $5)";

pub(crate) const PROJECT: &str =
    "SELECT id, name, created_at, archived_at, external_key_id, residency
    FROM projects WHERE id = $1";
pub(crate) const PROJECTS: &str =
    "SELECT id, name, created_at, archived_at, external_key_id, residency
    FROM projects WHERE archived_at IS NULL";
pub(crate) const PROJECTS_AND_ARCHIVED: &str =
    "SELECT id, name, created_at, archived_at, external_key_id, residency
    FROM projects WHERE 1 = 1";
pub(crate) const CREATE_PROJECT: &str = "INSERT INTO projects
    (id, name, created_at, archived_at, external_key_id, residency)
    VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const NAME_PROJECT: &str = "UPDATE projects SET name = $1 WHERE id = $2";
pub(crate) const SET_PROJECT_EXTERNAL_KEY: &str =
    "UPDATE projects SET external_key_id = $1 WHERE id = $2";
pub(crate) const ARCHIVE_PROJECT: &str = "UPDATE projects SET archived_at = $1 WHERE id = $2";
pub(crate) const DELETE_SERVICE_ACCOUNTS: &str = "UPDATE service_accounts SET deleted_at = $1
    WHERE project_id = $2 AND deleted_at IS NULL";

pub(crate) const SERVICE_ACCOUNT: &str = "SELECT id, project_id, name, role, created_at
    FROM service_accounts WHERE id = $1 AND deleted_at IS NULL";
pub(crate) const SERVICE_ACCOUNTS: &str = "SELECT id, project_id, name, role, created_at
    FROM service_accounts WHERE deleted_at IS NULL AND project_id = $1";
pub(crate) const SERVICE_ACCOUNT_STATE: &str = "SELECT s.deleted_at, p.archived_at, s.project_id
    FROM service_accounts s JOIN projects p ON p.id = s.project_id WHERE s.id = $1";
pub(crate) const CREATE_SERVICE_ACCOUNT: &str = "INSERT INTO service_accounts
    (id, project_id, name, role, created_at) VALUES ($1, $2, $3, $4, $5)";
pub(crate) const NAME_SERVICE_ACCOUNT: &str = "UPDATE service_accounts SET name = $1 WHERE id = $2";
pub(crate) const SET_SERVICE_ACCOUNT_ROLE: &str =
    "UPDATE service_accounts SET role = $1 WHERE id = $2";
pub(crate) const DELETE_SERVICE_ACCOUNT: &str = "UPDATE service_accounts SET deleted_at = $1
    WHERE id = $2 AND deleted_at IS NULL";
pub(crate) const REVOKE_KEYS_OF_SERVICE_ACCOUNT: &str = "UPDATE api_keys SET revoked_at = $1
    WHERE owner_id = $2 AND owner_type = 'service_account' AND revoked_at IS NULL";

// ---- keys

/// The one read on the way of a call: three look-ups by primary or unique key.
pub(crate) const FIND_SECRET: &str = "SELECT k.id, k.kind, k.project_id, k.owner_type, k.owner_id,
        k.permission, k.scopes, k.models, k.networks, k.expires_at, k.revoked_at,
        s.ends_at, p.archived_at
    FROM key_secrets s
    JOIN api_keys k ON k.id = s.key_id
    LEFT JOIN projects p ON p.id = k.project_id
    WHERE s.hash = $1";
pub(crate) const KEY: &str = "SELECT id, kind, project_id, owner_type, owner_id, permission,
        scopes, models, networks, expires_at, revoked_at, name, created_at
    FROM api_keys WHERE id = $1";
const KEYS: &str = "SELECT id, kind, project_id, owner_type, owner_id, permission,
        scopes, models, networks, expires_at, revoked_at, name, created_at
    FROM api_keys WHERE revoked_at IS NULL";
pub(crate) const SECRETS: &str = "SELECT hash, display, created_at, ends_at, last_used_at
    FROM key_secrets WHERE key_id = $1 ORDER BY ordinal DESC";
pub(crate) const KEY_STATE: &str = "SELECT k.revoked_at, p.archived_at
    FROM api_keys k LEFT JOIN projects p ON p.id = k.project_id WHERE k.id = $1";
pub(crate) const CREATE_KEY: &str = "INSERT INTO api_keys
    (id, kind, project_id, owner_type, owner_id, name, permission, scopes, models, networks,
     created_at, expires_at, revoked_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
pub(crate) const CREATE_SECRET: &str = "INSERT INTO key_secrets
    (hash, key_id, ordinal, display, created_at, ends_at, last_used_at)
    VALUES ($1, $2, (SELECT COALESCE(MAX(ordinal), 0) + 1 FROM key_secrets WHERE key_id = $2),
            $3, $4, $5, $6)";
pub(crate) const NAME_KEY: &str = "UPDATE api_keys SET name = $1 WHERE id = $2";
pub(crate) const SET_KEY_POLICY: &str = "UPDATE api_keys
    SET permission = $1, scopes = $2, models = $3, networks = $4 WHERE id = $5";
pub(crate) const SET_KEY_EXPIRY: &str = "UPDATE api_keys SET expires_at = $1 WHERE id = $2";
pub(crate) const REVOKE_KEY: &str =
    "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
pub(crate) const UNREVOKE_KEY: &str = "UPDATE api_keys SET revoked_at = NULL WHERE id = $1";
pub(crate) const END_SECRETS: &str = "UPDATE key_secrets SET ends_at = $1
    WHERE key_id = $2 AND (ends_at IS NULL OR ends_at > $1)";
pub(crate) const END_OLD_SECRETS: &str = "UPDATE key_secrets SET ends_at = $1
    WHERE key_id = $2 AND (ends_at IS NULL OR ends_at > $1)
      AND ordinal < (SELECT MAX(ordinal) FROM key_secrets WHERE key_id = $2)";
pub(crate) const UNEND_SECRET: &str = "UPDATE key_secrets SET ends_at = NULL WHERE hash = $1";
pub(crate) const TOUCH_SECRET: &str = "UPDATE key_secrets SET last_used_at = $1
    WHERE hash = $2 AND (last_used_at IS NULL OR last_used_at < $1)";

/// Live keys of some kinds, `$1…` the kinds, then the project where one is asked for.
pub(crate) fn keys(kinds: usize, of_project: bool) -> String {
    let project = match of_project {
        true => format!("project_id = ${}", kinds + 1),
        false => "project_id IS NULL".to_owned(),
    };
    format!("{KEYS} AND kind IN ({}) AND {project}", placeholders(1, kinds))
}

// ---- rate limits

pub(crate) const RATE_LIMITS: &str = "SELECT model, measure, amount FROM rate_limits
    WHERE scope_kind = $1 AND scope_id = $2 ORDER BY model, measure";
pub(crate) const PUT_RATE_LIMIT: &str = "INSERT INTO rate_limits
    (scope_kind, scope_id, model, measure, amount, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (scope_kind, scope_id, model, measure)
    DO UPDATE SET amount = excluded.amount, updated_at = excluded.updated_at";
pub(crate) const DROP_RATE_LIMIT: &str = "DELETE FROM rate_limits
    WHERE scope_kind = $1 AND scope_id = $2 AND model = $3 AND measure = $4";
pub(crate) const CLEAR_RATE_LIMITS: &str =
    "DELETE FROM rate_limits WHERE scope_kind = $1 AND scope_id = $2 AND model = $3";

// ---- upstreams and objects

pub(crate) const UPSTREAMS: &str = "SELECT id, name, provider, base_url, sealed_credential,
        source, unowned_project, created_at
    FROM upstreams ORDER BY seq";
pub(crate) const PUT_UPSTREAM: &str = "INSERT INTO upstreams
    (id, name, provider, base_url, sealed_credential, source, unowned_project, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, provider = excluded.provider,
        base_url = excluded.base_url, sealed_credential = excluded.sealed_credential,
        source = excluded.source, unowned_project = excluded.unowned_project,
        created_at = excluded.created_at";
pub(crate) const REMOVE_UPSTREAM: &str = "DELETE FROM upstreams WHERE id = $1";

pub(crate) const OBJECT_OWNER: &str =
    "SELECT project_id FROM objects WHERE upstream_id = $1 AND object_id = $2";
pub(crate) const CLAIM_OBJECT: &str = "INSERT INTO objects
    (upstream_id, object_id, kind, project_id, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (upstream_id, object_id) DO NOTHING";
pub(crate) const FORGET_OBJECT: &str =
    "DELETE FROM objects WHERE upstream_id = $1 AND object_id = $2";
pub(crate) const COUNT_OBJECTS: &str =
    "SELECT COUNT(*) FROM objects WHERE project_id = $1 AND upstream_id = $2 AND kind = $3";

pub(crate) const AUDIT: &str = "INSERT INTO audit_log
    (id, at, event, actor_type, actor_id, project_id, payload, request_id, address)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

// ---- usage

pub(crate) const LOG_REQUEST: &str = "INSERT INTO requests
    (request_id, attempt, at_ms, operation, family, project_id, key_id, user_id, user_label,
     model_asked, model_served, service_tier, upstream_id, upstream_request_id, status, outcome,
     stream, batch, estimated, input_tokens, input_cached_tokens, input_cache_write_tokens,
     input_audio_tokens, input_image_tokens, output_tokens, output_reasoning_tokens,
     output_audio_tokens, output_image_tokens, images, audio_ms, characters, cost_nanos,
     error_code, queue_us, first_byte_us, total_us, bytes_in, bytes_out)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,
            $37, $38)";
pub(crate) const COUNT_REQUESTS: &str = "SELECT COUNT(*) FROM requests";

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

/// A report over the rollups: `$1…$4` are width, start, end and family, then the filter's lists
/// in the order of [`filter_lists`], then the batch flag. The columns are the bucket's start, the
/// six dimensions (NULL where not asked for), and the counters.
pub(crate) fn report(group: &GroupBy, filter: &UsageFilter) -> String {
    let dimensions = [
        (group.project, "project_id"),
        (group.user, "user_id"),
        (group.key, "key_id"),
        (group.model, "model"),
        (group.batch, "batch"),
        (group.service_tier, "service_tier"),
    ];
    let shown = dimensions.map(|(asked, column)| if asked { column } else { "NULL" }).join(", ");
    let sums = COUNTER_COLUMNS.map(|c| format!("CAST(SUM({c}) AS BIGINT)")).join(", ");
    let mut keys = vec!["start_s"];
    keys.extend(dimensions.iter().filter(|(asked, _)| *asked).map(|(_, column)| column));
    let keys = keys.join(", ");

    let mut wanted = String::new();
    let mut next = 5;
    for (column, list) in filter_lists(filter) {
        if !list.is_empty() {
            wanted += &format!(" AND {column} IN ({})", placeholders(next, list.len()));
            next += list.len();
        }
    }
    if filter.batch.is_some() {
        wanted += &format!(" AND batch = ${next}");
    }
    format!(
        "SELECT start_s, {shown}, {sums} FROM usage_rollup
         WHERE width_s = $1 AND start_s >= $2 AND start_s < $3 AND family = $4{wanted}
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

// ---- pages

/// A list query with its page: the cursor's id where there is one is `$next`, the limit follows.
/// An unknown cursor compares with NULL and gives an empty page.
pub(crate) fn page(list: &str, table: &str, page: &PageQuery, next: usize) -> String {
    let (direction, beyond) = match page.order {
        Order::Ascending => ("ASC", ">"),
        Order::Descending => ("DESC", "<"),
    };
    let (cursor, limit) = match page.after {
        Some(_) => (
            format!(" AND seq {beyond} (SELECT c.seq FROM {table} c WHERE c.id = ${next})"),
            next + 1,
        ),
        None => (String::new(), next),
    };
    format!("{list}{cursor} ORDER BY seq {direction} LIMIT ${limit}")
}

fn placeholders(first: usize, count: usize) -> String {
    (first..first + count).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}
