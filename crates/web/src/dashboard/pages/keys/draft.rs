//! What a person types of a key: read into what control takes, with each field's fault.

use std::collections::BTreeSet;

use control::{Expiry, KeyDraft, KeyPatch, Network};
use domain::fault::catalogue;
use domain::{
    Fault, Key, KeyPolicy, ModelPattern, Nanos, PeriodKind, Permission, Timestamp, calendar,
};
use openai::surface::OPERATIONS;

use super::super::super::form::Form;

/// The fields as they were typed, for the page that shows them again.
pub(in super::super) struct Typed {
    pub(in super::super) name: String,
    pub(in super::super) permission: String,
    pub(in super::super) scopes: Vec<String>,
    pub(in super::super) models: String,
    pub(in super::super) networks: String,
    pub(in super::super) expiry: String,
    pub(in super::super) expires: String,
    pub(in super::super) limit: String,
    pub(in super::super) period: String,
}

impl Typed {
    pub(in super::super) fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            name: text("name"),
            permission: form.some("permission").unwrap_or("all").to_owned(),
            scopes: form.every("scope").map(str::to_owned).collect(),
            models: text("models"),
            networks: text("networks"),
            expiry: form.some("expiry").unwrap_or("never").to_owned(),
            expires: text("expires"),
            limit: text("limit"),
            period: form.some("period").unwrap_or("month").to_owned(),
        }
    }

    pub(in super::super) fn from_key(key: &Key) -> Self {
        let policy = &key.policy;
        let (permission, scopes) = match &policy.permission {
            Permission::All => ("all", Vec::new()),
            Permission::ReadOnly => ("read_only", Vec::new()),
            Permission::Restricted(scopes) => ("restricted", scopes.clone()),
        };
        let models = policy.models.iter().flatten().map(|pattern| pattern.0.clone());
        let networks = policy.networks.iter().flatten().map(ToString::to_string);
        let expires = key.expires_at.map(|at| {
            let (year, month, day) = calendar::civil(at.seconds().div_euclid(86_400));
            format!("{year:04}-{month:02}-{day:02}")
        });
        Self {
            name: key.name.clone(),
            permission: permission.to_owned(),
            scopes,
            models: models.collect::<Vec<_>>().join(", "),
            networks: networks.collect::<Vec<_>>().join(", "),
            expiry: if expires.is_some() { "keep" } else { "never" }.to_owned(),
            expires: expires.unwrap_or_default(),
            limit: String::new(),
            period: String::new(),
        }
    }
}

/// The permissions that operations ask for, in their order.
pub(super) fn scopes() -> Vec<String> {
    let all: BTreeSet<String> = OPERATIONS.iter().map(|it| it.scope.to_string()).collect();
    all.into_iter().collect()
}

/// The same, and those that the key has and no operation asks for.
pub(super) fn scopes_with(key: &Key) -> Vec<String> {
    let mut all = scopes();
    if let Permission::Restricted(scopes) = &key.policy.permission {
        let others = scopes.iter().filter(|scope| !all.contains(scope)).cloned();
        let others: Vec<_> = others.collect();
        all.extend(others);
    }
    all
}

type Limit = Option<(PeriodKind, Nanos)>;

pub(in super::super) fn key(form: &Form, now: Timestamp) -> Result<(KeyDraft, Limit), Fault> {
    let policy = KeyPolicy {
        permission: permission(form)?,
        models: models(form)?,
        networks: networks(form)?,
    };
    let expiry = expiry(form, now)?.flatten();
    let draft = KeyDraft { name: name(form)?, policy, expiry };
    Ok((draft, limit(form)?))
}

pub(super) fn patch(form: &Form, now: Timestamp) -> Result<KeyPatch, Fault> {
    Ok(KeyPatch {
        name: Some(name(form)?),
        permission: Some(permission(form)?),
        models: Some(models(form)?),
        networks: Some(networks(form)?),
        expiry: expiry(form, now)?,
    })
}

fn invalid(field: &'static str, why: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::because(&catalogue::INVALID_VALUE, why).param(field)
}

fn name(form: &Form) -> Result<String, Fault> {
    let name = form.text("name");
    if name.is_empty() || name.chars().count() > 256 {
        return Err(invalid("name", "Give the key a name of 1 to 256 characters."));
    }
    Ok(name.to_owned())
}

fn permission(form: &Form) -> Result<Permission, Fault> {
    match form.text("permission") {
        "" | "all" => Ok(Permission::All),
        "read_only" => Ok(Permission::ReadOnly),
        "restricted" => {
            let scopes: Vec<String> = form.every("scope").map(str::to_owned).collect();
            if scopes.is_empty() {
                return Err(invalid("permission", "Choose what the restricted key may do."));
            }
            Ok(Permission::Restricted(scopes))
        }
        _ => Err(invalid("permission", "Choose what the key may do.")),
    }
}

/// Words between commas, blanks or lines.
fn words(text: &str) -> Vec<&str> {
    text.split([',', ' ', '\n', '\r', '\t']).filter(|word| !word.is_empty()).collect()
}

fn models(form: &Form) -> Result<Option<Vec<ModelPattern>>, Fault> {
    let words = words(form.text("models"));
    let misplaced = |word: &&str| word.strip_suffix('*').unwrap_or(word).contains('*');
    if words.iter().any(misplaced) {
        return Err(invalid("models", "A * may stand only at the end of a name: gpt-4o*"));
    }
    let patterns = words.iter().map(|word| ModelPattern((*word).to_owned()));
    Ok(Some(patterns.collect::<Vec<_>>()).filter(|list| !list.is_empty()))
}

fn networks(form: &Form) -> Result<Option<Vec<Network>>, Fault> {
    let words = words(form.text("networks"));
    let parsed = words.iter().map(|word| {
        let why =
            || format!("'{word}' is no network: write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32");
        control::parse_network(word).ok_or_else(|| invalid("networks", why()))
    });
    let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
    Ok(Some(parsed).filter(|list| !list.is_empty()))
}

/// `None`: as it is; `Some(None)`: without an end.
fn expiry(form: &Form, now: Timestamp) -> Result<Option<Option<Expiry>>, Fault> {
    match form.text("expiry") {
        "keep" => Ok(None),
        "" | "never" => Ok(Some(None)),
        "date" => {
            let day = date(form.text("expires"));
            let day = day.ok_or_else(|| invalid("expires", "Give the day as 2027-01-31."))?;
            // The key lives through the day that is named.
            let end = Timestamp::from_seconds((day + 1) * 86_400);
            if end <= now {
                return Err(invalid("expires", "This day is over: choose a later one."));
            }
            Ok(Some(Some(Expiry::At(end))))
        }
        days => {
            let days = days.parse().ok().filter(|days| [1, 7, 30, 90].contains(days));
            let days: i64 = days.ok_or_else(|| invalid("expiry", "Choose when the key ends."))?;
            Ok(Some(Some(Expiry::InSeconds(days * 86_400))))
        }
    }
}

/// Days since 1970 of `2027-01-31`.
pub(in super::super) fn date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let year = parts.next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let month = parts.next()?.parse().ok()?;
    let day = parts.next()?.parse().ok()?;
    let days = calendar::days_of(year, month, day);
    (calendar::civil(days) == (year, month, day)).then_some(days)
}

fn limit(form: &Form) -> Result<Limit, Fault> {
    let Some(text) = form.some("limit") else { return Ok(None) };
    let text = text.trim_start_matches('$').replace(',', "");
    let amount = Nanos::from_dollars(&text).filter(|amount| amount.0 >= 0);
    let amount = amount
        .ok_or_else(|| invalid("limit", "Enter US dollars, such as 50 or 0.25, or nothing."))?;
    let period = PeriodKind::parse(form.text("period"));
    Ok(Some((period.ok_or_else(|| invalid("period", "Choose a period."))?, amount)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_437_000_000);

    fn typed(text: &str) -> Result<(KeyDraft, Limit), Fault> {
        key(&Form::parse(text).unwrap(), NOW)
    }

    #[test]
    fn a_key_is_read_as_it_was_typed() {
        let text = "name=App&permission=restricted&scope=api.model.request&models=gpt-4o*,+o1\
                    &networks=10.1.0.0/16&expiry=7&limit=$1,000.5&period=day";
        let (draft, limit) = typed(text).unwrap();
        assert_eq!(draft.policy.models.unwrap().len(), 2);
        assert_eq!(
            draft.policy.permission,
            Permission::Restricted(vec!["api.model.request".to_owned()])
        );
        assert_eq!(limit, Some((PeriodKind::Day, Nanos(1_000_500_000_000))));
        assert!(matches!(draft.expiry, Some(Expiry::InSeconds(604_800))));
    }

    #[test]
    fn each_mistake_is_told_at_its_field() {
        for (text, field) in [
            ("name=", "name"),
            ("name=a&permission=restricted", "permission"),
            ("name=a&models=g*t", "models"),
            ("name=a&networks=10.0.0.0/40", "networks"),
            ("name=a&expiry=date&expires=2026-02-30", "expires"),
            ("name=a&expiry=date&expires=2020-02-01", "expires"),
            ("name=a&expiry=8", "expiry"),
            ("name=a&limit=-1&period=day", "limit"),
            ("name=a&limit=1e9&period=day", "limit"),
            ("name=a&limit=1&period=year", "period"),
        ] {
            let fault = typed(text).expect_err(text);
            assert_eq!(fault.param.as_deref(), Some(field), "{text}");
        }
    }
}
