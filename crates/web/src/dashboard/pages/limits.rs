//! Limits: the ladder from the organization to the key, what is spent and held now, and where it
//! leads; a form for each.

mod ladder;
pub(super) mod rates;

use askama::Template;
use control::{LimitDraft, LimitState};
use domain::rate::Measure;
use domain::{
    Calendar, Fault, KeyKind, LimitRules, Nanos, Order, PageQuery, Paged, PeriodKind, ScopeId,
    ScopeKind, fault::catalogue,
};

use super::super::figures::{count, money};
use super::super::form::{Form, encode};
use super::super::frame::Frame;
use super::super::page::{Page, Undo};
use super::super::visit::{Shown, Visit};
use super::confirm::Question;
pub(super) use ladder::Standing;
pub(crate) use ladder::live;
use ladder::{Rung, listed, period_words, rung, whose};

/// Limits that one page shows.
const RUNGS: u32 = 30;
/// Keys that a new one can be chosen for.
const MOST: u32 = 100;

#[derive(Template)]
#[template(path = "limits.html")]
struct LimitsPage<'a> {
    frame: &'a Frame,
    here: String,
    live: String,
    /// Where a project's limits by rate are set.
    rates_of: Option<String>,
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

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    page(visit, None).await
}

async fn page(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let Paged { rows, has_more } = listed(visit).await?;
    let last = rows.last().filter(|_| has_more);
    let older = last.map(|last| visit.href(&format!("limits?after={}", encode(&last.id()))));
    let now = visit.control.now();
    let mut rungs = Vec::with_capacity(rows.len());
    for row in &rows {
        rungs.push(rung(visit, row, now).await?);
    }
    let frame = visit.frame("Limits");
    let live = format!("limits/live?after={}", encode(visit.query.text("after")));
    let text = |name: &str| visit.form.text(name).to_owned();
    let page = LimitsPage {
        frame: &frame,
        here: visit.href("limits"),
        live: visit.href(&live),
        rates_of: visit.project().map(|_| visit.href("limits/rates")),
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
    let before = match visit.control.limit(&draft.scope, draft.period).await {
        Ok(before) => Some(before.limit.amount),
        Err(fault) if fault.entry.status == 404 => None,
        Err(fault) => return Err(fault),
    };
    match visit.control.put_limit(&visit.author()?, draft).await {
        Ok(made) => {
            let undo = match before {
                Some(amount) => set_again(visit, &made, amount),
                None => {
                    let scope = scope_text(&made.limit.scope);
                    let fields = [("scope", &*scope), ("period", made.limit.period.as_str())];
                    Undo::new(visit.href("limits/remove"), &fields)
                }
            };
            Ok(Page::to(&visit.href("limits")).saying_with_undo(told(&made), undo))
        }
        Err(fault) => page(visit, Some(&fault)).await,
    }
}

/// Sets a limit to what it was.
fn set_again(visit: &Visit<'_>, state: &LimitState, amount: Nanos) -> Undo {
    let (scope, amount) = (scope_text(&state.limit.scope), amount.to_string());
    let period = state.limit.period.as_str();
    let fields = [("scope", &*scope), ("period", period), ("amount", &amount)];
    Undo::new(visit.href("limits"), &fields)
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

/// Asks before a limit is taken away: nothing stops the bill then.
pub(crate) async fn confirm(visit: &Visit<'_>) -> Shown {
    let (scope, period) = named(visit, &visit.query).await?;
    let limit = visit.control.limit(&scope, period).await?;
    let whose = whose(visit, &scope).await?;
    let question = Question {
        title: "Remove a limit",
        question: format!("Remove the limit of {whose}?"),
        lead: format!(
            "{} {}, of which {} is spent. Without it this scope is stopped by no amount of its own.",
            money(limit.limit.amount),
            period_words(period),
            money(limit.balance.posted),
        ),
        action: visit.href("limits/remove"),
        fields: vec![("scope", scope_text(&scope)), ("period", period.as_str().to_owned())],
        button: "Remove the limit",
        back: visit.href("limits"),
        typed: None,
    };
    question.ask(visit)
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let (scope, period) = named(visit, &visit.form).await?;
    let before = visit.control.limit(&scope, period).await?;
    visit.control.remove_limit(&visit.author()?, &scope, period).await?;
    let (page, said) = (Page::to(&visit.href("limits")), "The limit is removed.");
    // What this page's form does not say of a limit would not come back with it.
    let limit = &before.limit;
    let plain = limit.rules == LimitRules::default() && limit.calendar == Calendar::utc();
    Ok(match plain {
        true => page.saying_with_undo(said, set_again(visit, &before, limit.amount)),
        false => page.saying(said),
    })
}

async fn named(visit: &Visit<'_>, form: &Form) -> Result<(ScopeId, PeriodKind), Fault> {
    let scope = scope(visit, form).await?;
    let period = PeriodKind::parse(form.text("period"));
    let missing = || Fault::because(&catalogue::INVALID_VALUE, "Choose a period.").param("period");
    Ok((scope, period.ok_or_else(missing)?))
}
