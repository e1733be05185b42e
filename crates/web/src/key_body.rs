//! The fields that make or change a key, in both creation and update.

use control::{Expiry, Network};
use domain::{Fault, KeyPolicy, ModelPattern, Permission, Timestamp};

use crate::body::{Fields, invalid, missing};

/// OpenAI's bound: one year.
const LONGEST_EXPIRY: i64 = 31_536_000;
/// The last second of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

/// `expires_in_seconds` alone, as OpenAI's bodies have it.
pub(crate) fn expires_in(fields: &mut Fields) -> Result<Option<Expiry>, Fault> {
    let seconds = fields.integer("expires_in_seconds", 1..=LONGEST_EXPIRY)?;
    Ok(seconds.map(Expiry::InSeconds))
}

/// `expires_in_seconds` or `expires_at`, not both.
pub(crate) fn expiry(fields: &mut Fields) -> Result<Option<Expiry>, Fault> {
    let within = expires_in(fields)?;
    let at = fields.integer("expires_at", 0..=LAST_SECOND)?;
    match (within, at) {
        (Some(_), Some(_)) => {
            Err(invalid("expires_at", "expected either expires_at or expires_in_seconds"))
        }
        (within, None) => Ok(within),
        (None, Some(at)) => Ok(Some(Expiry::At(Timestamp::from_seconds(at)))),
    }
}

/// As [`expiry`], where `null` in either field takes the expiry away.
pub(crate) fn changed_expiry(fields: &mut Fields) -> Result<Option<Option<Expiry>>, Fault> {
    let cleared = [fields.take_null("expires_in_seconds"), fields.take_null("expires_at")];
    match expiry(fields)? {
        Some(expiry) => Ok(Some(Some(expiry))),
        None => Ok(cleared.contains(&true).then_some(None)),
    }
}

/// `permission` and `scopes`. A list of scopes alone restricts; an empty one means all, as in
/// OpenAI's update.
pub(crate) fn permission(fields: &mut Fields) -> Result<Option<Permission>, Fault> {
    let word = fields.word("permission", &["all", "read_only", "restricted"])?;
    let scopes = fields.texts("scopes")?;
    let listed = scopes.as_ref().is_some_and(|scopes| !scopes.is_empty());
    match word {
        None if listed => Ok(scopes.map(Permission::Restricted)),
        None => Ok(scopes.map(|_| Permission::All)),
        Some("restricted") if listed => Ok(scopes.map(Permission::Restricted)),
        Some("restricted") => Err(missing("scopes")),
        Some(_) if listed => {
            Err(invalid("scopes", "expected scopes only with the permission 'restricted'"))
        }
        Some("read_only") => Ok(Some(Permission::ReadOnly)),
        Some(_) => Ok(Some(Permission::All)),
    }
}

/// `models`: exact names, or beginnings with a `*` behind them.
pub(crate) fn models(fields: &mut Fields) -> Result<Option<Vec<ModelPattern>>, Fault> {
    let Some(names) = fields.texts("models")? else { return Ok(None) };
    refuse_empty("models", &names)?;
    let misplaced = |name: &String| name.strip_suffix('*').unwrap_or(name).contains('*');
    if names.iter().any(misplaced) {
        return Err(invalid("models", "expected a '*' only at the end of a name"));
    }
    Ok(Some(names.into_iter().map(ModelPattern).collect()))
}

/// `networks`: CIDR blocks or single addresses.
pub(crate) fn networks(fields: &mut Fields) -> Result<Option<Vec<Network>>, Fault> {
    let Some(texts) = fields.texts("networks")? else { return Ok(None) };
    refuse_empty("networks", &texts)?;
    let parsed = texts.iter().map(|text| {
        control::parse_network(text).ok_or_else(|| {
            let why = format!("expected networks such as 10.0.0.0/8, but got '{text}'");
            invalid("networks", &why)
        })
    });
    parsed.collect::<Result<_, _>>().map(Some)
}

/// The policy of a new key.
pub(crate) fn policy(fields: &mut Fields) -> Result<KeyPolicy, Fault> {
    Ok(KeyPolicy {
        permission: permission(fields)?.unwrap_or_default(),
        models: models(fields)?,
        networks: networks(fields)?,
    })
}

/// An empty list could mean "any" or "none"; a guess either locks out or lets in.
fn refuse_empty(name: &'static str, list: &[String]) -> Result<(), Fault> {
    if list.is_empty() {
        return Err(invalid(name, "expected at least one element, or null for any"));
    }
    Ok(())
}
