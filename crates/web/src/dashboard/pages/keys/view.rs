//! A key as its pages show it.

use control::{LimitState, OwnedKey, OwnerRecord};
use domain::{
    Fault, Key, KeySecret, Order, PageQuery, PeriodKind, ProjectId, ScopeId, ScopeKind, Suspension,
    Timestamp,
};

use super::super::super::figures::{age, instant, money, percent, when};
use super::super::super::visit::Visit;

const IDLE_DAYS: i64 = 90;
const DAY_MS: i64 = 86_400_000;

/// An instant for `<time>`, and in words.
pub(super) type When = (String, String);

/// A row of the list.
pub(super) struct KeyLine {
    pub(super) href: String,
    pub(super) name: String,
    pub(super) masked: String,
    pub(super) owner: String,
    /// For a class, and in words.
    pub(super) mood: &'static str,
    pub(super) state: &'static str,
    pub(super) badges: Vec<&'static str>,
    /// Of its newest secret.
    pub(super) age: String,
    pub(super) used: Option<When>,
    pub(super) expires: Option<When>,
    pub(super) limit: Option<LimitBar>,
}

pub(super) struct LimitBar {
    pub(super) text: String,
    pub(super) percent: u64,
    pub(super) mood: &'static str,
}

impl KeyLine {
    /// Whether a search in lower case finds it.
    pub(super) fn fits(&self, wanted: &str) -> bool {
        let found = |text: &str| text.to_lowercase().contains(wanted);
        wanted.is_empty() || found(&self.name) || found(&self.masked) || found(&self.owner)
    }
}

pub(super) async fn line(
    visit: &Visit<'_>,
    project: &ProjectId,
    owned: &OwnedKey,
) -> Result<KeyLine, Fault> {
    let (key, now) = (&owned.key, visit.control.now());
    let limits = limits(visit, key).await?;
    let used = last_used(key);
    let (mood, state) = state(key, now);
    let mut badges = Vec::new();
    if limits.is_empty() {
        badges.push("no limit of its own");
    }
    if key.expires_at.is_none() {
        badges.push("never expires");
    }
    let since = used.unwrap_or(key.created_at);
    if now.0 - since.0 > IDLE_DAYS * DAY_MS {
        badges.push("idle for 90 days");
    }
    let path = super::super::super::visit::href(Some(project), &format!("keys/{}", key.id));
    Ok(KeyLine {
        href: path,
        name: name(key),
        masked: key.secrets.first().map_or_else(String::new, |it| it.display.clone()),
        owner: owner(&owned.owner),
        mood,
        state,
        badges,
        age: age(newest(key), now),
        used: used.map(both),
        expires: key.expires_at.map(both),
        limit: limits.first().map(bar),
    })
}

/// All of a key, on its own page.
pub(super) struct KeyView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) mood: &'static str,
    pub(super) state: &'static str,
    /// Why it is paused or out of use, and what was seen.
    pub(super) why: Option<String>,
    /// Of its newest secret.
    pub(super) age: String,
    pub(super) created: When,
    pub(super) expires: Option<When>,
    pub(super) secrets: Vec<SecretLine>,
    pub(super) limits: Vec<LimitBar>,
    pub(super) month: Vec<(&'static str, String)>,
}

pub(super) struct SecretLine {
    pub(super) masked: String,
    pub(super) created: When,
    pub(super) age: String,
    pub(super) leaked: Option<When>,
    pub(super) used: Option<When>,
    pub(super) ends: Option<When>,
}

pub(super) async fn whole(
    visit: &Visit<'_>,
    _project: &ProjectId,
    owned: &OwnedKey,
) -> Result<KeyView, Fault> {
    let key = &owned.key;
    let now = visit.control.now();
    let (mood, state) = state(key, now);
    let (_, month) = visit.control.month_usage(&key.id).await?;
    let count = super::super::super::figures::count;
    let shown = |secret: &&KeySecret| {
        secret.ends_at.is_none_or(|end| end > now) || secret.leaked_at.is_some()
    };
    Ok(KeyView {
        id: key.id.as_str().to_owned(),
        name: name(key),
        owner: owner(&owned.owner),
        mood,
        state,
        why: key.suspended.as_ref().map(|it| it.note.clone()),
        age: age(newest(key), now),
        created: both(key.created_at),
        expires: key.expires_at.map(both),
        secrets: key.secrets.iter().filter(shown).map(|it| secret(it, now)).collect(),
        limits: limits(visit, key).await?.iter().map(bar).collect(),
        month: vec![
            ("Cost this month", money(month.cost.total())),
            ("Requests", count(month.requests)),
            ("Input tokens", count(month.tokens.input)),
            ("Output tokens", count(month.tokens.output)),
        ],
    })
}

fn secret(secret: &KeySecret, now: Timestamp) -> SecretLine {
    SecretLine {
        masked: secret.display.clone(),
        created: both(secret.created_at),
        age: age(secret.created_at, now),
        leaked: secret.leaked_at.map(both),
        used: secret.last_used_at.map(both),
        ends: secret.ends_at.map(both),
    }
}

/// Since when its newest secret is there.
fn newest(key: &Key) -> Timestamp {
    key.secrets.first().map_or(key.created_at, |secret| secret.created_at)
}

fn both(at: Timestamp) -> When {
    (instant(at), when(at))
}

/// What a key is called; one without a name by its id.
pub(super) fn name(key: &Key) -> String {
    if key.name.is_empty() { key.id.as_str().to_owned() } else { key.name.clone() }
}

fn owner(owner: &OwnerRecord) -> String {
    match owner {
        OwnerRecord::User(user) if user.name.is_empty() => user.id.as_str().to_owned(),
        OwnerRecord::User(user) => user.name.clone(),
        OwnerRecord::ServiceAccount(account) => format!("service account {}", account.name),
    }
}

fn state(key: &Key, now: Timestamp) -> (&'static str, &'static str) {
    let is_leaked = key.secrets.first().is_some_and(|secret| secret.leaked_at.is_some());
    match (key.revoked_at, &key.suspended, key.expires_at) {
        (Some(_), ..) => ("bad", "Revoked"),
        (None, _, Some(end)) if end <= now => ("bad", "Expired"),
        _ if is_leaked => ("bad", "Leaked"),
        (None, Some(suspended), _) => match suspended.why {
            Suspension::Unusual => ("bad", "Paused"),
            Suspension::Idle => ("bad", "Out of use: idle"),
            Suspension::TooOld => ("bad", "Out of use: too old"),
        },
        (None, None, Some(end)) if end.0 - now.0 < 7 * DAY_MS => ("near", "Ends soon"),
        _ => ("good", "Active"),
    }
}

fn last_used(key: &Key) -> Option<Timestamp> {
    key.secrets.iter().filter_map(|secret| secret.last_used_at).max()
}

async fn limits(visit: &Visit<'_>, key: &Key) -> Result<Vec<LimitState>, Fault> {
    let scope = ScopeId { kind: ScopeKind::ApiKey, id: key.id.as_str().to_owned() };
    let page = PageQuery { limit: 3, after: None, order: Order::Ascending };
    Ok(visit.control.list_limits(Some(scope), page).await?.rows)
}

fn bar(state: &LimitState) -> LimitBar {
    let (limit, balance) = (&state.limit, &state.balance);
    let taken = domain::Nanos(balance.posted.0.saturating_add(balance.held.0));
    let percent = percent(taken, limit.amount);
    let period = match limit.period {
        PeriodKind::Day => "a day",
        PeriodKind::Month => "a month",
        PeriodKind::Total => "in total",
    };
    LimitBar {
        text: format!("{} of {} {period}", money(balance.posted), money(limit.amount)),
        percent: percent.min(100),
        mood: match percent {
            0..80 => "good",
            80..100 => "near",
            _ => "full",
        },
    }
}
