//! Overview: what this month came to, against its limits, and what needs care.

use std::cmp::Reverse;

use askama::Template;
use control::{Figures, LimitState, Overview};
use domain::{
    Fault, LoggedAttempt, PeriodKind, RefusedCall, RefusedFilter, RefusedQuery, Scope, Timestamp,
};
use serde_json::json;

use super::super::figures::{count, instant, money, when};
use super::super::form::encode;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit, href};
use super::limits::Standing;

/// Rows of failed and refused calls.
const FAILURES: u32 = 6;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage<'a> {
    frame: &'a Frame,
    live: String,
    figures: Vec<Figure>,
    limits: Vec<LimitLine>,
    /// Where the first limit is set, for whoever may.
    set_limit: Option<String>,
    failures: Vec<Failure>,
    care: Vec<Care>,
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

/// What somebody should look at: a sentence, and the page where it is done.
struct Care {
    sentence: String,
    href: String,
    link: &'static str,
}

/// A call that failed at a provider, or that Tollgate refused.
struct Failure {
    time: Timestamp,
    at: String,
    instant: String,
    model: String,
    status: u16,
    why: String,
    request: String,
    href: String,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let overview = visit.control.overview(visit.project_id()).await?;
    let frame = visit.frame("Overview");
    let limits: Vec<LimitLine> = overview.limits.iter().map(limit_line).collect();
    visit.show(&OverviewPage {
        frame: &frame,
        live: visit.href("overview/live"),
        figures: figures(&overview.month, &overview.today),
        care: care(visit, &overview, &limits),
        set_limit: visit.may(Scope::write("management")).then(|| visit.href("limits")),
        unfinished: super::welcome::is_due(visit).await?,
        limits,
        failures: failures(visit, &overview).await?,
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

/// The newest of both kinds: people look here for what their programs complain of, whoever said no.
async fn failures(visit: &Visit<'_>, overview: &Overview) -> Result<Vec<Failure>, Fault> {
    let project = visit.project_id().map(|id| id.as_str().to_owned());
    let filter = RefusedFilter { project, ..RefusedFilter::default() };
    let query = RefusedQuery { filter, before: None, limit: FAILURES };
    let refused = visit.control.refused_calls(query).await?.rows;
    let mut all: Vec<Failure> = overview.failures.iter().map(|it| failed(visit, it)).collect();
    all.extend(refused.iter().map(|it| refusal(visit, it)));
    all.sort_by_key(|failure| Reverse(failure.time));
    all.truncate(FAILURES as usize);
    Ok(all)
}

fn failed(visit: &Visit<'_>, attempt: &LoggedAttempt) -> Failure {
    let model = attempt.model_asked.as_deref().or(attempt.model_served.as_deref());
    let request = attempt.request.as_str();
    Failure {
        time: attempt.at,
        at: when(attempt.at),
        instant: instant(attempt.at),
        model: model.unwrap_or("—").to_owned(),
        status: attempt.status,
        why: attempt.error.clone().unwrap_or_default(),
        request: request.to_owned(),
        href: visit.href(&format!("logs/{}", encode(request))),
    }
}

fn refusal(visit: &Visit<'_>, call: &RefusedCall) -> Failure {
    let request = call.request.as_str();
    Failure {
        time: call.at,
        at: when(call.at),
        instant: instant(call.at),
        model: call.model.clone().unwrap_or_else(|| "—".to_owned()),
        status: call.status,
        why: call.code.clone(),
        request: request.to_owned(),
        href: visit.href(&format!("refused?request={}", encode(request))),
    }
}

fn care(visit: &Visit<'_>, overview: &Overview, limits: &[LimitLine]) -> Vec<Care> {
    let mut care = Vec::new();
    let to_limits = |sentence, link| Care { sentence, href: visit.href("limits"), link };
    if limits.is_empty() {
        let sentence = "No spend limit is set here: nothing stops the bill from growing.";
        care.push(to_limits(sentence.to_owned(), "Set a limit"));
    }
    for limit in limits.iter().filter(|limit| limit.state != "good") {
        let (period, spent, amount) = (limit.period.to_lowercase(), &limit.spent, &limit.amount);
        let sentence =
            format!("The limit {period}: {spent} of {amount} is spent. {}.", limit.words);
        care.push(to_limits(sentence, "Look at the limits"));
    }
    if overview.month.unpriced > 0 {
        let requests = count(overview.month.unpriced);
        let (href, link) = match visit.may(Scope::read("management")) {
            true => (href(None, "prices"), "Set a price"),
            false => (visit.href("logs"), "Look at the calls"),
        };
        let sentence =
            format!("{requests} requests this month had no price: what they cost is not counted.");
        care.push(Care { sentence, href, link });
    }
    care
}
