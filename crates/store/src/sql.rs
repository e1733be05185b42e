//! Every query text, once, in the subset that SQLite and PostgreSQL share.
//!
//! Placeholders are `$1`, `$2`, … in the order of their first use: PostgreSQL binds them by
//! number, SQLite by first appearance, and only in that order the two agree.

pub(crate) mod access;
pub(crate) mod answers;
pub(crate) mod audit;
pub(crate) mod care;
pub(crate) mod certificates;
pub(crate) mod comparisons;
pub(crate) mod ledger;
pub(crate) mod people;
pub(crate) mod refused;
pub(crate) mod sign_in;
pub(crate) mod usage;

use std::sync::LazyLock;

use domain::{Order, PageQuery};

pub(crate) const META: &str = "SELECT value FROM meta WHERE name = $1";
pub(crate) const PUT_META: &str = "INSERT INTO meta (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value";

// ---- who there is

pub(crate) const ORGANIZATION: &str = "SELECT id, name, created_at FROM organization";
/// One organization an installation: a second one adds no row.
pub(crate) const RENAME_ORGANIZATION: &str = "UPDATE organization SET name = $1";
pub(crate) const CREATE_ORGANIZATION: &str = "INSERT INTO organization (id, name, created_at)
    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM organization)";

pub(crate) const USER: &str = "SELECT id, name, email, role, created_at, technical_level,
        developer_persona
    FROM users WHERE id = $1 AND deleted_at IS NULL";
pub(crate) const OLDEST_OWNER: &str = "SELECT id, name, email, role, created_at, technical_level,
        developer_persona
    FROM users WHERE role = 'owner' AND deleted_at IS NULL ORDER BY seq LIMIT 1";
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
pub(crate) const OTHER_PROJECT: &str =
    "SELECT 1 FROM projects WHERE archived_at IS NULL AND id <> $1 LIMIT 1";
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
        s.ends_at, p.archived_at, s.leaked_at, k.suspended_as
    FROM key_secrets s
    JOIN api_keys k ON k.id = s.key_id
    LEFT JOIN projects p ON p.id = k.project_id
    WHERE s.hash = $1";
pub(crate) const KEY: &str = "SELECT id, kind, project_id, owner_type, owner_id, permission,
        scopes, models, networks, expires_at, revoked_at, name, created_at, suspended_as,
        suspended_at, suspended_note, resumed_at
    FROM api_keys WHERE id = $1";
const KEYS: &str = "SELECT id, kind, project_id, owner_type, owner_id, permission,
        scopes, models, networks, expires_at, revoked_at, name, created_at, suspended_as,
        suspended_at, suspended_note, resumed_at
    FROM api_keys WHERE revoked_at IS NULL";
pub(crate) const SECRETS: &str = "SELECT hash, display, created_at, ends_at, last_used_at,
        leaked_at
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

// ---- what projects may use

pub(crate) const PROJECT_RULES: &str =
    "SELECT model_mode, models, denied_tools, retention FROM project_rules WHERE project_id = $1";
pub(crate) const SET_PROJECT_MODELS: &str =
    "INSERT INTO project_rules (project_id, model_mode, models) VALUES ($1, $2, $3)
    ON CONFLICT (project_id) DO UPDATE SET model_mode = excluded.model_mode,
        models = excluded.models";
pub(crate) const SET_PROJECT_TOOLS: &str =
    "INSERT INTO project_rules (project_id, denied_tools) VALUES ($1, $2)
    ON CONFLICT (project_id) DO UPDATE SET
        denied_tools = (project_rules.denied_tools | $3) & ~$4";
pub(crate) const SET_PROJECT_RETENTION: &str =
    "INSERT INTO project_rules (project_id, retention) VALUES ($1, $2)
    ON CONFLICT (project_id) DO UPDATE SET retention = excluded.retention";

pub(crate) const CACHE_RULES: &str =
    "SELECT enabled, by_header, ttl_seconds, stale_seconds, replay, purged_at, joiners
    FROM project_cache WHERE project_id = $1";
pub(crate) const PUT_CACHE_RULES: &str = "INSERT INTO project_cache
    (project_id, enabled, by_header, ttl_seconds, stale_seconds, replay, purged_at, joiners)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (project_id) DO UPDATE SET enabled = excluded.enabled,
        by_header = excluded.by_header, ttl_seconds = excluded.ttl_seconds,
        stale_seconds = excluded.stale_seconds, replay = excluded.replay,
        purged_at = excluded.purged_at, joiners = excluded.joiners";

// ---- upstreams and objects

pub(crate) const UPSTREAMS: &str = "SELECT id, name, provider, base_url, source,
        unowned_project, created_at, enabled, api_version, headers
    FROM upstreams ORDER BY seq";
pub(crate) const PUT_UPSTREAM: &str = "INSERT INTO upstreams
    (id, name, provider, base_url, sealed_credential, source, unowned_project, created_at, enabled,
        api_version, headers)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, provider = excluded.provider,
        base_url = excluded.base_url, sealed_credential = excluded.sealed_credential,
        source = excluded.source, unowned_project = excluded.unowned_project,
        created_at = excluded.created_at, enabled = excluded.enabled,
        api_version = excluded.api_version, headers = excluded.headers";
pub(crate) const UPSTREAM_CREDENTIALS: &str = "SELECT upstream_id, id, sealed, last_four, weight,
        created_at
    FROM upstream_credentials ORDER BY upstream_id, ordinal";
pub(crate) const PUT_UPSTREAM_CREDENTIAL: &str = "INSERT INTO upstream_credentials
    (id, upstream_id, ordinal, sealed, last_four, weight, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";
pub(crate) const REMOVE_UPSTREAM_CREDENTIALS: &str =
    "DELETE FROM upstream_credentials WHERE upstream_id = $1";
pub(crate) const ROUTES: &str = "SELECT id, project_id, model, aliases, targets, deny,
        deny_upstreams, source, created_at, cache
    FROM routes ORDER BY seq";
pub(crate) const PUT_ROUTE: &str = "INSERT INTO routes
    (id, project_id, model, aliases, targets, deny, deny_upstreams, source, created_at, cache)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id, model = excluded.model,
        aliases = excluded.aliases, targets = excluded.targets, deny = excluded.deny,
        deny_upstreams = excluded.deny_upstreams, source = excluded.source,
        created_at = excluded.created_at, cache = excluded.cache";
pub(crate) const REMOVE_ROUTE: &str = "DELETE FROM routes WHERE id = $1";
pub(crate) const REMOVE_UPSTREAM: &str = "DELETE FROM upstreams WHERE id = $1";

// ---- prices

pub(crate) const PRICES: &str = "SELECT model, body, updated_at FROM prices ORDER BY model";
pub(crate) const PUT_PRICE: &str = "INSERT INTO prices (model, body, updated_at)
    VALUES ($1, $2, $3) ON CONFLICT (model) DO UPDATE
    SET body = excluded.body, updated_at = excluded.updated_at";
pub(crate) const REMOVE_PRICE: &str = "DELETE FROM prices WHERE model = $1";
pub(crate) const PRICE_IMPORTS: &str =
    "SELECT state, body, imported_at FROM price_imports ORDER BY state";
pub(crate) const PUT_PRICE_IMPORT: &str = "INSERT INTO price_imports (state, body, imported_at)
    VALUES ($1, $2, $3) ON CONFLICT (state) DO UPDATE
    SET body = excluded.body, imported_at = excluded.imported_at";
pub(crate) const REMOVE_PRICE_IMPORT: &str = "DELETE FROM price_imports WHERE state = $1";

pub(crate) const EGRESSES: &str = "SELECT name, choice, session, allow_direct, is_default,
    proxy_resolves, health_url, created_at FROM egresses ORDER BY name";
pub(crate) const EGRESS_PROXIES: &str =
    "SELECT url, sealed_credential FROM egress_proxies WHERE egress = $1 ORDER BY position";
pub(crate) const EGRESS_USES: &str = "SELECT kind, id, egress FROM egress_uses ORDER BY kind, id";
pub(crate) const PUT_EGRESS: &str = "INSERT INTO egresses (name, choice, session, allow_direct,
    is_default, proxy_resolves, health_url, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (name) DO UPDATE SET choice = excluded.choice, session = excluded.session,
    allow_direct = excluded.allow_direct, is_default = excluded.is_default,
    proxy_resolves = excluded.proxy_resolves, health_url = excluded.health_url";
pub(crate) const REMOVE_EGRESS: &str = "DELETE FROM egresses WHERE name = $1";
pub(crate) const PUT_EGRESS_PROXY: &str = "INSERT INTO egress_proxies
    (egress, position, url, sealed_credential) VALUES ($1, $2, $3, $4)";
pub(crate) const REMOVE_EGRESS_PROXIES: &str = "DELETE FROM egress_proxies WHERE egress = $1";
pub(crate) const PUT_EGRESS_USE: &str = "INSERT INTO egress_uses (kind, id, egress)
    VALUES ($1, $2, $3) ON CONFLICT (kind, id) DO UPDATE SET egress = excluded.egress";
pub(crate) const REMOVE_EGRESS_USE: &str = "DELETE FROM egress_uses WHERE kind = $1 AND id = $2";

pub(crate) const OBJECT_OWNER: &str =
    "SELECT project_id FROM objects WHERE upstream_id = $1 AND object_id = $2";
pub(crate) const CLAIM_OBJECT: &str = "INSERT INTO objects
    (upstream_id, object_id, kind, project_id, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (upstream_id, object_id) DO NOTHING";
pub(crate) const FORGET_OBJECT: &str =
    "DELETE FROM objects WHERE upstream_id = $1 AND object_id = $2";
pub(crate) const COUNT_OBJECTS: &str =
    "SELECT COUNT(*) FROM objects WHERE project_id = $1 AND upstream_id = $2 AND kind = $3";

// ---- limits, alerts and the outbox

pub(crate) const SPEND_LIMITS: &str = "SELECT scope_kind, scope_id, period, amount_nanos,
        clamp_output, allow_unbounded, default_max_output, updated_at, time_zone, anchor_day,
        elastic
    FROM spend_limits ORDER BY scope_kind, scope_id, period";
pub(crate) const SPEND_LIMITS_OF: &str = "SELECT scope_kind, scope_id, period, amount_nanos,
        clamp_output, allow_unbounded, default_max_output, updated_at, time_zone, anchor_day,
        elastic
    FROM spend_limits WHERE scope_kind = $1 AND scope_id = $2 ORDER BY period";
/// The rungs of one kind of scope behind `($2, $3)`.
pub(crate) const LADDER: &str = "SELECT scope_kind, scope_id, period, amount_nanos,
        clamp_output, allow_unbounded, default_max_output, updated_at, time_zone, anchor_day,
        elastic
    FROM spend_limits WHERE scope_kind = $1 AND (scope_id, period) > ($2, $3)
    ORDER BY scope_id, period LIMIT $4";
/// The same of a project's live keys. In this order the join leads along the limits, so that few
/// keys are looked up for a part.
pub(crate) const LADDER_OF_KEYS: &str = "SELECT scope_kind, scope_id, period, amount_nanos,
        clamp_output, allow_unbounded, default_max_output, updated_at, time_zone, anchor_day,
        elastic
    FROM spend_limits CROSS JOIN api_keys
    WHERE scope_kind = $1 AND (scope_id, period) > ($2, $3) AND api_keys.id = scope_id
        AND project_id = $4 AND revoked_at IS NULL
    ORDER BY scope_id, period LIMIT $5";
pub(crate) const PUT_SPEND_LIMIT: &str = "INSERT INTO spend_limits
    (scope_kind, scope_id, period, amount_nanos, clamp_output, allow_unbounded,
     default_max_output, updated_at, time_zone, anchor_day, elastic)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (scope_kind, scope_id, period) DO UPDATE SET
        amount_nanos = excluded.amount_nanos, clamp_output = excluded.clamp_output,
        allow_unbounded = excluded.allow_unbounded,
        default_max_output = excluded.default_max_output, updated_at = excluded.updated_at,
        time_zone = excluded.time_zone, anchor_day = excluded.anchor_day,
        elastic = excluded.elastic";
pub(crate) const REMOVE_SPEND_LIMIT: &str =
    "DELETE FROM spend_limits WHERE scope_kind = $1 AND scope_id = $2 AND period = $3";

pub(crate) const SPEND_ALERT: &str = "SELECT id, scope_kind, scope_id, period, threshold_nanos,
        recipients, subject_prefix, webhook_url, webhook_sealed_secret, created_at, fired_start
    FROM spend_alerts WHERE id = $1";
pub(crate) const SPEND_ALERTS: &str = "SELECT id, scope_kind, scope_id, period, threshold_nanos,
        recipients, subject_prefix, webhook_url, webhook_sealed_secret, created_at, fired_start
    FROM spend_alerts WHERE scope_kind = $1 AND scope_id = $2";
pub(crate) const ALL_SPEND_ALERTS: &str =
    "SELECT id, scope_kind, scope_id, period, threshold_nanos,
        recipients, subject_prefix, webhook_url, webhook_sealed_secret, created_at, fired_start
    FROM spend_alerts ORDER BY seq";
pub(crate) const PUT_SPEND_ALERT: &str = "INSERT INTO spend_alerts
    (id, scope_kind, scope_id, period, threshold_nanos, recipients, subject_prefix, webhook_url,
     webhook_sealed_secret, created_at, fired_start)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (id) DO UPDATE SET threshold_nanos = excluded.threshold_nanos,
        recipients = excluded.recipients, subject_prefix = excluded.subject_prefix,
        webhook_url = excluded.webhook_url,
        webhook_sealed_secret = excluded.webhook_sealed_secret,
        fired_start = excluded.fired_start";
pub(crate) const REMOVE_SPEND_ALERT: &str = "DELETE FROM spend_alerts WHERE id = $1";
pub(crate) const FIRE_SPEND_ALERT: &str = "UPDATE spend_alerts SET fired_start = $1
    WHERE id = $2 AND (fired_start IS NULL OR fired_start < $1)";

pub(crate) const WAITING_DELIVERIES: &str = "SELECT id, channel, target, subject, body,
        sealed_secret, created_at, attempts
    FROM outbox WHERE next_at <= $1 ORDER BY seq LIMIT $2";
pub(crate) const PUT_DELIVERY: &str = "INSERT INTO outbox
    (id, channel, target, subject, body, sealed_secret, created_at, attempts, next_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $7)";
pub(crate) const RETRY_DELIVERY: &str =
    "UPDATE outbox SET attempts = $1, next_at = $2 WHERE id = $3";
pub(crate) const END_DELIVERY: &str = "DELETE FROM outbox WHERE id = $1";

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

// ---- the ledger

/// An account with the limit that stands today; no row of its own is an account without entries.
pub(crate) const ACCOUNT: &str = "SELECT posted, leased, overage FROM accounts
    WHERE scope_kind = $1 AND scope_id = $2 AND period = $3 AND start_at = $4";
pub(crate) const LIMIT_OF: &str = "SELECT amount_nanos FROM spend_limits
    WHERE scope_kind = $1 AND scope_id = $2 AND period = $3";
pub(crate) const PUT_ACCOUNT: &str = "INSERT INTO accounts
    (scope_kind, scope_id, period, start_at, end_at, posted, leased, overage)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (scope_kind, scope_id, period, start_at) DO UPDATE SET
    posted = excluded.posted, leased = excluded.leased, overage = excluded.overage,
    overage_acknowledged = MIN(overage_acknowledged, excluded.overage)";
pub(crate) const ACKNOWLEDGE_OVERAGE: &str = "UPDATE accounts SET overage_acknowledged = overage
    WHERE scope_kind = $1 AND scope_id = $2";
pub(crate) const ACKNOWLEDGED_OF: &str = "SELECT period, start_at, overage_acknowledged
    FROM accounts WHERE scope_kind = $1 AND scope_id = $2 AND overage_acknowledged > 0";
pub(crate) const ACCOUNTS_OF: &str = concat!(
    "SELECT a.period, a.start_at, a.end_at, a.posted, a.leased,
    a.overage, l.amount_nanos FROM accounts a ",
    ledger::its_limit!(),
    " WHERE a.scope_kind = $1 AND a.scope_id = $2 ORDER BY a.start_at DESC, a.period"
);
pub(crate) const LEASE: &str = "SELECT amount FROM leases WHERE holder = $1
    AND scope_kind = $2 AND scope_id = $3 AND period = $4 AND start_at = $5";
pub(crate) const PUT_LEASE: &str = "INSERT INTO leases
    (holder, scope_kind, scope_id, period, start_at, amount) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (holder, scope_kind, scope_id, period, start_at)
    DO UPDATE SET amount = excluded.amount";
pub(crate) const LEASES_OF: &str = "SELECT l.scope_kind, l.scope_id, l.period, l.start_at,
    a.end_at, l.amount FROM leases l JOIN accounts a ON a.scope_kind = l.scope_kind
    AND a.scope_id = l.scope_id AND a.period = l.period AND a.start_at = l.start_at
    WHERE l.holder = $1 AND l.amount > 0";
pub(crate) const DROP_LEASES: &str = "DELETE FROM leases WHERE holder = $1";
pub(crate) const LAST_BATCH: &str = "SELECT batch FROM posted_batches WHERE holder = $1";
pub(crate) const PUT_BATCH: &str = "INSERT INTO posted_batches (holder, batch) VALUES ($1, $2)
    ON CONFLICT (holder) DO UPDATE SET batch = excluded.batch";
pub(crate) const ADD_ENTRY: &str = "INSERT INTO ledger_entries
    (at, kind, attempts, cost, overage, api_key, user, project, organization, day, month, quarter,
     until, request)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
// ---- jobs

const JOB_COLUMNS: &str =
    "id, kind, target, operation, family, request, attempt, admitted_at, project,
    api_key, user, organization, user_label, model, largest_input, upstream, upstream_request, status, hold,
    given_up_at, polls, container_sessions, tier";
pub(crate) static JOBS_DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {JOB_COLUMNS} FROM jobs WHERE next_poll_at <= $1 ORDER BY next_poll_at LIMIT $2"
    )
});
pub(crate) static JOB_OF: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {JOB_COLUMNS} FROM jobs WHERE upstream = $1 AND target = $2"));
pub(crate) static OPEN_JOB: LazyLock<String> = LazyLock::new(|| {
    format!("INSERT INTO jobs ({JOB_COLUMNS}, next_poll_at) VALUES ({})", placeholders(1, 24))
});
pub(crate) const JOB: &str = "SELECT 1 FROM jobs WHERE id = $1";
pub(crate) const POLL_LATER: &str =
    "UPDATE jobs SET polls = polls + 1, next_poll_at = $1 WHERE id = $2";
pub(crate) const END_JOB: &str = "DELETE FROM jobs WHERE id = $1";
pub(crate) const FORGET_BATCHES: &str = "DELETE FROM posted_batches WHERE holder = $1";
