//! Leaks, honeytokens, rules of keys, hand-overs and traits.

use super::placeholders;

pub(crate) const LEAKS: &str = "SELECT id, at, secret_hash, key_id, project_id, display, reporter,
        source, url, action
    FROM leaks WHERE 1 = 1";
/// The first report of a secret at a place is the one that counts.
pub(crate) const RECORD_LEAK: &str = "INSERT INTO leaks
    (id, at, secret_hash, key_id, project_id, display, reporter, source, url, action)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT (secret_hash, reporter, url) DO NOTHING";
pub(crate) const END_LEAKED: &str = "UPDATE key_secrets SET leaked_at = $1,
        ends_at = CASE WHEN ends_at IS NULL OR ends_at > $1 THEN $1 ELSE ends_at END
    WHERE hash = $2 AND leaked_at IS NULL";
/// Only what the leak itself ended begins to work again.
pub(crate) const UNEND_LEAKED: &str = "UPDATE key_secrets SET leaked_at = NULL,
        ends_at = CASE WHEN ends_at = leaked_at THEN NULL ELSE ends_at END
    WHERE key_id = $1 AND leaked_at IS NOT NULL";

pub(crate) const HONEYTOKENS: &str = "SELECT id, secret_hash, display, name, project_id,
        created_at, last_used_at
    FROM honeytokens ORDER BY seq";
pub(crate) const CREATE_HONEYTOKEN: &str = "INSERT INTO honeytokens
    (id, secret_hash, display, name, project_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const REMOVE_HONEYTOKEN: &str = "DELETE FROM honeytokens WHERE id = $1";
pub(crate) const TOUCH_HONEYTOKEN: &str = "UPDATE honeytokens SET last_used_at = $1
    WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";

const RULES: &str = "project_id, leak_response, max_age_days, idle_days, remind_days,
        unusual_network, unusual_model, unusual_spend, unusual_requests, recipients, webhook_url,
        webhook_secret";

pub(crate) fn key_rules() -> String {
    format!("SELECT {RULES} FROM key_rules WHERE project_id = $1")
}

pub(crate) fn all_key_rules() -> String {
    format!("SELECT {RULES} FROM key_rules ORDER BY project_id")
}

pub(crate) const REMOVE_KEY_RULES: &str = "DELETE FROM key_rules WHERE project_id = $1";

pub(crate) fn put_key_rules() -> String {
    format!("INSERT INTO key_rules ({RULES}) VALUES ({})", placeholders(1, 12))
}

pub(crate) const SUSPEND_KEY: &str = "UPDATE api_keys
    SET suspended_as = $1, suspended_at = $2, suspended_note = $3
    WHERE id = $4 AND revoked_at IS NULL AND suspended_as IS NULL";
pub(crate) const RESUME_KEY: &str = "UPDATE api_keys
    SET suspended_as = NULL, suspended_at = NULL, suspended_note = NULL, resumed_at = $1
    WHERE id = $2 AND revoked_at IS NULL";

pub(crate) const TELL_ONCE: &str =
    "INSERT INTO told (mark, at) VALUES ($1, $2) ON CONFLICT (mark) DO NOTHING";
pub(crate) const FORGET_TOLD: &str = "DELETE FROM told WHERE at < $1";
pub(crate) const IS_TOLD: &str = "SELECT 1 FROM told WHERE mark = $1";

pub(crate) const HANDOVERS: &str = "SELECT key_id, sealed, begun_at, attempts, next_at, last_error
    FROM handovers ORDER BY next_at";
pub(crate) const BEGIN_HANDOVER: &str = "INSERT INTO handovers
    (key_id, sealed, begun_at, attempts, next_at, last_error) VALUES ($1, $2, $3, $4, $5, $6)";
pub(crate) const PUT_OFF_HANDOVER: &str = "UPDATE handovers
    SET attempts = $1, next_at = $2, last_error = $3 WHERE key_id = $4";
pub(crate) const END_HANDOVER: &str = "DELETE FROM handovers WHERE key_id = $1";

pub(crate) const ADD_TRAIT: &str = "INSERT INTO key_traits (key_id, kind, value, first_at)
    VALUES ($1, $2, $3, $4) ON CONFLICT (key_id, kind, value) DO NOTHING";

pub(crate) fn key_traits(keys: usize) -> String {
    format!(
        "SELECT key_id, kind, value, first_at FROM key_traits WHERE key_id IN ({})",
        placeholders(1, keys)
    )
}
