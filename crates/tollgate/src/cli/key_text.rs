//! Keys as text for people.

use super::calendar::minute;
use super::duration::words;
use super::project::Place;
use super::shapes::{Key, Owner};
use super::table::{Table, facts, plain};

/// One line a key.
pub(super) fn table(keys: &[(&Place, Key)], now: i64) -> String {
    let mut table = Table::new([
        "ID",
        "NAME",
        "KEY",
        "PROJECT",
        "OWNER",
        "MAY",
        ">AGE",
        "LAST USED (UTC)",
        "EXPIRES (UTC)",
    ]);
    for (place, key) in keys {
        table.row([
            &key.id,
            &key.name,
            &key.redacted_value,
            place.name.as_ref().unwrap_or(&place.id),
            owner_id(key),
            &key.permission,
            &age(key, now),
            &time(key.last_used_at),
            &time(key.expires_at),
        ]);
    }
    table.render()
}

/// What a limit on the key's owner is set with.
fn owner_id(key: &Key) -> &String {
    match &key.owner {
        Owner::User { user: owner } | Owner::ServiceAccount { service_account: owner } => &owner.id,
    }
}

/// Everything about one key.
pub(super) fn detail(key: &Key, project: &str, now: i64) -> String {
    let owner = match &key.owner {
        Owner::User { user } => format!("{} ({})", user.name, user.id),
        Owner::ServiceAccount { service_account: account } => {
            format!("service account {} ({})", account.name, account.id)
        }
    };
    let mut text = facts(&[
        ("id", key.id.clone()),
        ("name", key.name.clone()),
        ("project", project.to_owned()),
        ("owner", owner),
        ("may", may(key)),
        ("models", listed(key.models.as_deref(), "any")),
        ("networks", listed(key.networks.as_deref(), "any")),
        ("created", format!("{} UTC", minute(key.created_at))),
        ("age", age(key, now)),
        ("expires", utc(key.expires_at)),
        ("last used", utc(key.last_used_at)),
        ("state", state(key)),
    ]);
    let mut secrets =
        Table::new(["SECRET", "MADE (UTC)", "ENDS (UTC)", "LAST USED (UTC)", "LEAKED (UTC)"]);
    for secret in &key.secrets {
        secrets.row([
            &secret.redacted_value,
            &minute(secret.created_at),
            &time(secret.ends_at),
            &time(secret.last_used_at),
            &time(secret.leaked_at),
        ]);
    }
    text.push('\n');
    text.push_str(&secrets.render());
    text
}

/// What to know about a key that was just made.
pub(super) fn made(key: &Key, project: &str, url: &str) -> String {
    let (name, project) = (plain(&key.name), plain(project));
    let ends = key.expires_at.map(|at| format!(" It expires at {} UTC.", minute(at)));
    format!(
        "Made {} \"{name}\" in {project}; it may: {}.{}\n\
         The secret is shown this once. For OpenAI's SDKs and tools:\n\
         \x20 export OPENAI_BASE_URL={url}/v1\n\
         \x20 export OPENAI_API_KEY=(the secret)\n",
        key.id,
        plain(&may(key)),
        ends.unwrap_or_default(),
    )
}

/// What to know about a key's new secret.
pub(super) fn rotated(key: &Key, grace: i64, before: &Key) -> String {
    let old = match grace {
        0 => "Its old secrets have ended.".to_owned(),
        _ => format!(
            "Its old secret works for {} more{}; `tollgate keys end-old {}` ends it sooner.",
            words(grace),
            earlier(before),
            key.id
        ),
    };
    format!("{} has a new secret, shown this once. {old}\n", key.id)
}

/// What becomes of the grace of the rotation before.
fn earlier(before: &Key) -> String {
    let last = before.secrets.iter().filter_map(|secret| secret.ends_at).max();
    last.map_or_else(String::new, |end| {
        format!(", the one before it until {} UTC at the latest", minute(end))
    })
}

/// Of its newest secret.
fn age(key: &Key, now: i64) -> String {
    let days = (now - key.secret_created_at.unwrap_or(key.created_at)).max(0) / 86_400;
    format!("{days} d")
}

fn state(key: &Key) -> String {
    let Some(suspended) = &key.suspended else { return "in use".to_owned() };
    let why = match suspended.reason.as_str() {
        "unusual" => "paused for unusual use",
        "idle" => "out of use: idle",
        _ => "out of use: too old",
    };
    format!("{why} since {} UTC: {}", minute(suspended.at), suspended.note)
}

fn may(key: &Key) -> String {
    match key.scopes.is_empty() {
        true => key.permission.clone(),
        false => key.scopes.join(", "),
    }
}

fn listed(list: Option<&[String]>, none: &str) -> String {
    list.map_or_else(|| none.to_owned(), |list| list.join(", "))
}

pub(super) fn time(at: Option<i64>) -> String {
    at.map_or_else(|| "never".to_owned(), minute)
}

fn utc(at: Option<i64>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| format!("{} UTC", minute(at)))
}
