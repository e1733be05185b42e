//! Limits: the ladder from the organization to the key, what is spent and held now, and where it
//! leads; a form for each.

use askama::Template;
use control::{LimitDraft, LimitState};
use domain::rate::Measure;
use domain::{
    Fault, KeyKind, Nanos, Order, PageQuery, Paged, PeriodKind, ScopeId, ScopeKind, Timestamp,
    fault::catalogue,
};

use super::super::figures::{count, instant, money, percent, when};
use super::super::form::{Form, encode};
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};

/// Limits that one page shows; keys that a new one can be chosen for.
const RUNGS: u32 = 30;
const MOST: u32 = 100;

#[derive(Template)]
#[template(path = "limits.html")]
struct LimitsPage<'a> {
    frame: &'a Frame,
    here: String,
    may: bool,
    rungs: Vec<Rung>,
    /// Where the next limits are.
    older: String,
    rates: Vec<(String, String)>,
    scopes: Vec<Choice>,
    scope: String,
    period: String,
    amount: String,
    fault: Option<&'a Fault>,
}

/// A scope that a limit can be set for.
struct Choice {
    value: String,
    label: String,
}

/// A limit on the ladder.
struct Rung {
    whose: String,
    kind: &'static str,
    period: &'static str,
    spent: String,
    held: String,
    left: String,
    amount: String,
    percent: u64,
    state: &'static str,
    words: &'static str,
    resets: Option<(String, String)>,
    projected: Option<String>,
    /// For its form; empty where the config file owns it.
    scope: String,
    period_value: &'static str,
    amount_value: String,
    of_file: bool,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    page(visit, None).await
}

async fn page(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let after = visit.query.some("after");
    let Paged { rows, has_more } = visit.control.ladder(visit.project_id(), after, RUNGS).await?;
    let last = rows.last().filter(|_| has_more);
    let older = last.map(|last| visit.href(&format!("limits?after={}", encode(&last.id()))));
    let now = visit.control.now();
    let mut rungs = Vec::with_capacity(rows.len());
    for row in &rows {
        rungs.push(rung(visit, row, now).await?);
    }
    let frame = visit.frame("Limits");
    let text = |name: &str| visit.form.text(name).to_owned();
    let page = LimitsPage {
        frame: &frame,
        here: visit.href("limits"),
        may: visit.may(domain::Scope::write("management")),
        rungs,
        older: older.unwrap_or_default(),
        rates: rates(visit).await?,
        scopes: scopes(visit).await?,
        scope: text("scope"),
        period: text("period"),
        amount: text("amount"),
        fault,
    };
    let shown = visit.show(&page)?;
    Ok(match fault {
        Some(fault) => shown.status(fault.entry.status),
        None => shown,
    })
}

async fn rung(visit: &Visit<'_>, row: &LimitState, now: Timestamp) -> Result<Rung, Fault> {
    let (limit, balance) = (&row.limit, &row.balance);
    let taken = Nanos(balance.posted.0.saturating_add(balance.held.0));
    let percent = percent(taken, limit.amount);
    let (state, words) = match percent {
        _ if balance.refusing => ("full", "Refusing calls"),
        0..80 => ("good", "Within the limit"),
        80..100 => ("near", "Nearly spent"),
        _ => ("full", "Spent"),
    };
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
        percent: percent.min(100),
        state,
        words,
        resets,
        projected: projected(row, now),
        scope: if foreign { String::new() } else { scope_text(&limit.scope) },
        period_value: limit.period.as_str(),
        amount_value: limit.amount.to_string(),
        of_file: row.of_file,
    })
}

fn period_words(period: PeriodKind) -> &'static str {
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

async fn whose(visit: &Visit<'_>, scope: &ScopeId) -> Result<String, Fault> {
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

/// What a new limit can be for.
async fn scopes(visit: &Visit<'_>) -> Result<Vec<Choice>, Fault> {
    let choice = |kind: ScopeKind, id: &str, label: String| Choice {
        value: scope_text(&ScopeId { kind, id: id.to_owned() }),
        label,
    };
    let Some(project) = visit.project() else {
        let organization = visit.control.organization_scope().await?;
        let label = "The whole organization".to_owned();
        let mut all = vec![choice(ScopeKind::Organization, &organization.id, label)];
        all.extend(visit.projects().iter().map(|project| {
            choice(ScopeKind::Project, project.id.as_str(), format!("Project: {}", project.name))
        }));
        return Ok(all);
    };
    let label = format!("Project: {}", project.name);
    let mut all = vec![choice(ScopeKind::Project, project.id.as_str(), label)];
    let page = PageQuery { limit: MOST, after: None, order: Order::Ascending };
    for owned in visit.control.list_keys(&project.id, page).await?.rows {
        if owned.key.kind != KeyKind::Admin {
            let name = if owned.key.name.is_empty() {
                owned.key.id.as_str().to_owned()
            } else {
                owned.key.name.clone()
            };
            all.push(choice(ScopeKind::ApiKey, owned.key.id.as_str(), format!("API key: {name}")));
        }
    }
    Ok(all)
}

fn scope_text(scope: &ScopeId) -> String {
    format!("{}:{}", scope.kind.as_str(), scope.id)
}

/// The rate limits of a project that are set.
async fn rates(visit: &Visit<'_>) -> Result<Vec<(String, String)>, Fault> {
    let Some(project) = visit.project_id() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut add = |whose: &str, limits: &domain::rate::RateLimits| {
        for measure in Measure::ALL {
            if let Some(limit) = limits.get(measure) {
                found.push((format!("{whose}: {}", measure.words()), count(limit)));
            }
        }
    };
    let owner = control::RateOwner::Project(project.clone());
    add("All calls", &visit.control.owner_rates(&owner).await?);
    let page = control::CursorPage { limit: 10_000, after: None, before: None };
    for row in visit.control.list_model_rates(project, page).await?.rows {
        add(&row.model, &row.limits);
    }
    Ok(found)
}

/// Sets a limit, or changes its amount.
pub(crate) async fn put(visit: &Visit<'_>) -> Shown {
    let draft = match draft(visit, &visit.form).await {
        Ok(draft) => draft,
        Err(fault) => return page(visit, Some(&fault)).await,
    };
    match visit.control.put_limit(&visit.author()?, draft).await {
        Ok(made) => Ok(Page::to(&visit.href("limits")).saying(told(&made))),
        Err(fault) => page(visit, Some(&fault)).await,
    }
}

/// What the new limit means at once.
fn told(made: &LimitState) -> String {
    let (amount, spent) = (money(made.limit.amount), money(made.balance.posted));
    let period = period_words(made.limit.period);
    match made.balance.posted >= made.limit.amount {
        true => format!("The limit is {amount} {period}. {spent} is spent: calls are refused now."),
        false => format!("The limit is {amount} {period}. {spent} of it is spent."),
    }
}

async fn draft(visit: &Visit<'_>, form: &Form) -> Result<LimitDraft, Fault> {
    let invalid = |field: &'static str, why: &str| {
        Fault::because(&catalogue::INVALID_VALUE, why.to_owned()).param(field)
    };
    let scope = scope(visit, form).await?;
    let period = PeriodKind::parse(form.text("period"));
    let period = period.ok_or_else(|| invalid("period", "Choose a period."))?;
    let text = form.text("amount").trim_start_matches('$').replace(',', "");
    let amount = Nanos::from_dollars(&text).filter(|amount| amount.0 >= 0);
    let amount = amount.ok_or_else(|| {
        invalid("amount", "Enter an amount in US dollars, such as 50 or 0.25. 0 lets nothing pass.")
    })?;
    Ok(LimitDraft { scope, period, amount, rules: None, calendar: None })
}

/// The scope of a form; on a project's page only what is the project's own.
async fn scope(visit: &Visit<'_>, form: &Form) -> Result<ScopeId, Fault> {
    let unknown = || {
        let why = "Choose what the limit is for.";
        Fault::because(&catalogue::INVALID_VALUE, why).param("scope")
    };
    let (kind, id) = form.text("scope").split_once(':').ok_or_else(unknown)?;
    let kind = ScopeKind::parse(kind).ok_or_else(unknown)?;
    let foreign = match (visit.project_id(), kind) {
        (None, _) | (Some(_), ScopeKind::ApiKey) => false,
        (Some(project), ScopeKind::Project) => project.as_str() != id,
        (Some(_), _) => true,
    };
    if foreign {
        return Err(Fault::new(&catalogue::NOT_FOUND));
    }
    if let (Some(project), ScopeKind::ApiKey) = (visit.project_id(), kind) {
        visit.control.key(project, &id.into()).await?;
    }
    Ok(ScopeId { kind, id: id.to_owned() })
}

#[derive(Template)]
#[template(path = "confirm.html")]
pub(crate) struct ConfirmPage<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) question: String,
    pub(crate) lead: String,
    pub(crate) action: String,
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) button: &'static str,
    pub(crate) back: String,
}

/// Asks before a limit is taken away: nothing stops the bill then.
pub(crate) async fn confirm(visit: &Visit<'_>) -> Shown {
    let (scope, period) = named(visit, &visit.query).await?;
    let limit = visit.control.limit(&scope, period).await?;
    let frame = visit.frame("Remove a limit");
    let whose = whose(visit, &scope).await?;
    visit.show(&ConfirmPage {
        question: format!("Remove the limit of {whose}?"),
        lead: format!(
            "{} {}, of which {} is spent. Without it this scope is stopped by no amount of its own.",
            money(limit.limit.amount),
            period_words(period),
            money(limit.balance.posted),
        ),
        action: visit.href("limits/remove"),
        fields: vec![
            ("scope", scope_text(&scope)),
            ("period", period.as_str().to_owned()),
        ],
        button: "Remove the limit",
        back: visit.href("limits"),
        frame: &frame,
    })
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let (scope, period) = named(visit, &visit.form).await?;
    visit.control.remove_limit(&visit.author()?, &scope, period).await?;
    Ok(Page::to(&visit.href("limits")).saying("The limit is removed."))
}

async fn named(visit: &Visit<'_>, form: &Form) -> Result<(ScopeId, PeriodKind), Fault> {
    let scope = scope(visit, form).await?;
    let period = PeriodKind::parse(form.text("period"));
    let missing = || Fault::because(&catalogue::INVALID_VALUE, "Choose a period.").param("period");
    Ok((scope, period.ok_or_else(missing)?))
}
