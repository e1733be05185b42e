//! The ladder of limits: what stands over the calls of a place, what is spent and held of it, and
//! where it leads.

use control::LimitState;
use domain::{Fault, Nanos, Paged, PeriodKind, ScopeId, ScopeKind, Timestamp};

use super::super::super::figures::{instant, money, percent, when};
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::{RUNGS, scope_text};

/// A limit on the ladder.
pub(super) struct Rung {
    pub(super) whose: String,
    pub(super) kind: &'static str,
    pub(super) period: &'static str,
    pub(super) spent: String,
    pub(super) held: String,
    pub(super) left: String,
    pub(super) amount: String,
    pub(super) percent: u64,
    pub(super) state: &'static str,
    pub(super) words: &'static str,
    pub(super) resets: Option<(String, String)>,
    pub(super) projected: Option<String>,
    /// How live figures find it.
    pub(super) live: String,
    /// For its form; empty where the config file owns it.
    pub(super) scope: String,
    pub(super) period_value: &'static str,
    pub(super) amount_value: String,
    pub(super) of_file: bool,
}

/// How far a limit is used up.
pub(in super::super) struct Standing {
    /// Spent and held.
    pub(in super::super) taken: Nanos,
    /// Of the limit; 0 to 100 for a bar.
    pub(in super::super) percent: u64,
    /// `good`, `near` or `full`, for a class of the stylesheet; and in words.
    pub(in super::super) state: &'static str,
    pub(in super::super) words: &'static str,
}

impl Standing {
    pub(in super::super) fn of(row: &LimitState) -> Self {
        let balance = &row.balance;
        let taken = Nanos(balance.posted.0.saturating_add(balance.held.0));
        let percent = percent(taken, row.limit.amount);
        let (state, words) = match percent {
            _ if balance.refusing => ("full", "Refusing calls"),
            0..80 => ("good", "Within the limit"),
            80..100 => ("near", "Nearly spent"),
            _ => ("full", "Spent"),
        };
        Self { taken, percent: percent.min(100), state, words }
    }
}

/// What changes with every call, for the script.
pub(crate) async fn live(visit: &Visit<'_>) -> Shown {
    let mut all = serde_json::Map::new();
    for row in listed(visit).await?.rows {
        let (name, standing) = (live_name(&row), Standing::of(&row));
        let balance = &row.balance;
        let left = Nanos(row.limit.amount.0.saturating_sub(standing.taken.0).max(0));
        for (what, text) in [
            ("spent", money(balance.posted)),
            ("held", money(balance.held)),
            ("left", money(left)),
            ("bar", standing.percent.to_string()),
            ("words", standing.words.to_owned()),
        ] {
            all.insert(format!("{name}-{what}"), text.into());
        }
    }
    Ok(Page::live(&all.into()))
}

fn live_name(row: &LimitState) -> String {
    format!("{}-{}", scope_text(&row.limit.scope), row.limit.period.as_str())
}

/// Of the organization everything; of a project what stands over its calls: the part that is asked
/// for.
pub(super) async fn listed(visit: &Visit<'_>) -> Result<Paged<LimitState>, Fault> {
    visit.control.ladder(visit.project_id(), visit.query.some("after"), RUNGS).await
}

pub(super) async fn rung(
    visit: &Visit<'_>,
    row: &LimitState,
    now: Timestamp,
) -> Result<Rung, Fault> {
    let (limit, balance) = (&row.limit, &row.balance);
    let Standing { taken, percent, state, words } = Standing::of(row);
    let end = balance.period.end.filter(|_| limit.period != PeriodKind::Total);
    let resets = end.map(|end| {
        let end = Timestamp::from_seconds(end);
        (instant(end), when(end))
    });
    // A limit of the organization is not a project's to change.
    let foreign = visit.project_id().is_some() && limit.scope.kind == ScopeKind::Organization;
    Ok(Rung {
        whose: whose(visit, &limit.scope).await?,
        kind: match limit.scope.kind {
            ScopeKind::Organization => "Organization",
            ScopeKind::Project => "Project",
            ScopeKind::User => "User",
            ScopeKind::ApiKey => "API key",
        },
        period: period_words(limit.period),
        spent: money(balance.posted),
        held: money(balance.held),
        left: money(Nanos(limit.amount.0.saturating_sub(taken.0).max(0))),
        amount: money(limit.amount),
        percent,
        state,
        words,
        resets,
        projected: projected(row, now),
        live: live_name(row),
        scope: if foreign { String::new() } else { scope_text(&limit.scope) },
        period_value: limit.period.as_str(),
        amount_value: limit.amount.to_string(),
        of_file: row.of_file,
    })
}

pub(super) fn period_words(period: PeriodKind) -> &'static str {
    match period {
        PeriodKind::Day => "each day",
        PeriodKind::Month => "each month",
        PeriodKind::Total => "in total",
    }
}

/// What the period would come to, were the rest of it like what has passed. Said only where enough
/// has passed to say it.
fn projected(row: &LimitState, now: Timestamp) -> Option<String> {
    let period = &row.balance.period;
    let (passed, whole) = (now.seconds() - period.start, period.end? - period.start);
    if row.limit.period == PeriodKind::Total || passed * 20 < whole || passed <= 0 {
        return None;
    }
    let sum = i128::from(row.balance.posted.0) * i128::from(whole) / i128::from(passed);
    Some(money(Nanos(i64::try_from(sum).ok()?)))
}

pub(super) async fn whose(visit: &Visit<'_>, scope: &ScopeId) -> Result<String, Fault> {
    let id = scope.id.as_str();
    let known = |id: &str| visit.projects().iter().find(|it| it.id.as_str() == id);
    Ok(match scope.kind {
        ScopeKind::Organization => "The whole organization".to_owned(),
        ScopeKind::Project => known(id).map_or_else(|| id.to_owned(), |it| it.name.clone()),
        ScopeKind::ApiKey => {
            let name = visit.control.key_name(&id.into()).await?;
            name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_owned())
        }
        ScopeKind::User => match visit.control.user(&id.into()).await {
            Ok(user) => user.name,
            Err(_) => id.to_owned(),
        },
    })
}
