//! Overview: what this month came to, against its limits, and what needs care.

use askama::Template;
use control::{Figures, LimitState, Overview};
use domain::PeriodKind;
use serde_json::json;

use super::super::figures::{count, instant, money, when};
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::limits::Standing;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    frame: &'a Frame,
    live: String,
    figures: Vec<Figure>,
    limits: Vec<LimitLine>,
    failures: Vec<Failure>,
    care: Vec<String>,
    /// A new installation is not set up to its end.
    unfinished: bool,
}

/// A number in a tile. `name` is how live figures find it.
struct Figure {
    name: &'static str,
    label: &'static str,
    value: String,
    beside: String,
}

struct LimitLine {
    period: &'static str,
    spent: String,
    held: String,
    amount: String,
    /// Spent and held, of the limit; 0 to 100 for the bar.
    percent: u64,
    /// `good`, `near` or `full`, for a class of the stylesheet; and in words.
    state: &'static str,
    words: &'static str,
}

struct Failure {
    at: String,
    instant: String,
    model: String,
    status: u16,
    why: String,
    request: String,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let overview = visit.control.overview(visit.project_id()).await?;
    let frame = visit.frame("Overview");
    let limits: Vec<LimitLine> = overview.limits.iter().map(limit_line).collect();
    visit.show(&OverviewPage {
        frame: &frame,
        live: visit.href("overview/live"),
        figures: figures(&overview.month, &overview.today),
        care: care(&overview, &limits),
        unfinished: super::welcome::is_due(visit).await?,
        limits,
        failures: overview.failures.iter().map(failure).collect(),
    })
}

/// The figures alone, for the script.
pub(crate) async fn live(visit: &Visit<'_>) -> Shown {
    let (month, today) = visit.control.figures_of(visit.project_id()).await?;
    let mut all = serde_json::Map::new();
    for figure in figures(&month, &today) {
        all.insert(figure.name.to_owned(), json!(figure.value));
        all.insert(format!("{}-beside", figure.name), json!(figure.beside));
    }
    Ok(Page::live(&all.into()))
}

fn figures(month: &Figures, today: &Figures) -> Vec<Figure> {
    vec![
        Figure {
            name: "spend",
            label: "Spend this month",
            value: money(month.cost),
            beside: format!("{} today", money(today.cost)),
        },
        Figure {
            name: "requests",
            label: "Requests this month",
            value: count(month.requests),
            beside: format!("{} today", count(today.requests)),
        },
        Figure {
            name: "input",
            label: "Input tokens",
            value: count(month.input_tokens),
            beside: format!("{} today", count(today.input_tokens)),
        },
        Figure {
            name: "output",
            label: "Output tokens",
            value: count(month.output_tokens),
            beside: format!("{} today", count(today.output_tokens)),
        },
    ]
}

fn limit_line(state: &LimitState) -> LimitLine {
    let standing = Standing::of(state);
    LimitLine {
        period: match state.limit.period {
            PeriodKind::Day => "Each day",
            PeriodKind::Month => "Each month",
            PeriodKind::Total => "In total",
        },
        spent: money(state.balance.posted),
        held: money(state.balance.held),
        amount: money(state.limit.amount),
        percent: standing.percent,
        state: standing.state,
        words: standing.words,
    }
}

fn failure(attempt: &domain::LoggedAttempt) -> Failure {
    let model = attempt.model_asked.as_deref().or(attempt.model_served.as_deref());
    Failure {
        at: when(attempt.at),
        instant: instant(attempt.at),
        model: model.unwrap_or("—").to_owned(),
        status: attempt.status,
        why: attempt.error.clone().unwrap_or_default(),
        request: attempt.request.as_str().to_owned(),
    }
}

/// What somebody should look at, one sentence each.
fn care(overview: &Overview, limits: &[LimitLine]) -> Vec<String> {
    let mut care = Vec::new();
    if limits.is_empty() {
        care.push("No spend limit is set here: nothing stops the bill from growing.".to_owned());
    }
    for limit in limits.iter().filter(|limit| limit.state != "good") {
        let (period, spent, amount) = (limit.period.to_lowercase(), &limit.spent, &limit.amount);
        care.push(format!("The limit {period}: {spent} of {amount} is spent. {}.", limit.words));
    }
    if overview.month.unpriced > 0 {
        let requests = count(overview.month.unpriced);
        care.push(format!("{requests} requests this month had no price. Set one under Prices."));
    }
    care
}
