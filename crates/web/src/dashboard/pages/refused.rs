//! Why was I refused: a request id or a code in, every look in order out.

use askama::Template;
use control::{LookResult, Standing, StandingValue, WhatChangesIt, Why};
use domain::fault::catalogue;
use domain::{
    Fault, Figure, FigureUnit, Nanos, RefusedCall, RefusedFilter, RefusedQuery, Stage, Timestamp,
};

use super::super::figures::{count, instant, money, when};
use super::super::form::encode;
use super::super::frame::Frame;
use super::super::visit::{Shown, Visit, href};

const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    frame: &'a Frame,
    here: String,
    asked: String,
    /// What was asked for and is not kept; what it may be instead.
    missing: Option<&'static str>,
    /// A code of the catalogue: what it says, whose it is to act, what to do.
    code: Option<(&'static str, &'static str, &'static str)>,
    verdict: Option<Verdict>,
    rows: Vec<Line>,
    older: String,
}

struct Verdict {
    request: String,
    at: String,
    instant: String,
    status: u16,
    code: String,
    message: String,
    remedy: &'static str,
    key: String,
    model: String,
    looks: Vec<LookView>,
}

struct LookView {
    name: &'static str,
    question: &'static str,
    mood: &'static str,
    word: &'static str,
    then: Vec<String>,
    now: Vec<NowView>,
}

struct NowView {
    what: String,
    value: String,
    /// Where it is changed, and what the link says.
    change: Option<(String, &'static str)>,
}

struct Line {
    at: String,
    instant: String,
    href: String,
    request: String,
    code: String,
    status: u16,
    stage: &'static str,
    key: String,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let asked = visit.query.some("request").unwrap_or("").to_owned();
    let code = catalogue::find(&asked.to_ascii_lowercase());
    let mut verdict = None;
    let mut missing = None;
    if !asked.is_empty() && code.is_none() {
        match of_request(visit, &asked).await? {
            Some(why) => verdict = Some(view(visit, &why)),
            None => {
                missing = Some(
                    "No such refused call is here. One of the last second may still be on its way: ask \
                     again. Else it may have reached a provider (see Logs), be of another \
                     project, or be too old: the newest 20,000 are kept, and of a flood only its \
                     beginning.",
                );
            }
        }
    }
    let page = visit.control.refused_calls(list(visit, code.map(|it| it.code))).await?;
    let last = page.rows.last().filter(|_| page.has_more);
    let older = last.map_or_else(String::new, |row| {
        visit.href(&format!("refused?request={}&before={}", encode(&asked), row.place))
    });
    let frame = visit.frame("Why refused");
    visit.show(&RefusedPage {
        frame: &frame,
        here: visit.href("refused"),
        asked,
        missing,
        code: code.map(|entry| (entry.code, entry.what, entry.remedy)),
        verdict,
        rows: page.rows.iter().map(|row| line(visit, row)).collect(),
        older,
    })
}

fn list(visit: &Visit<'_>, code: Option<&str>) -> RefusedQuery {
    let filter = RefusedFilter {
        project: visit.project_id().map(|id| id.as_str().to_owned()),
        code: code.map(str::to_owned),
        ..RefusedFilter::default()
    };
    let before = visit.query.some("before").and_then(|text| text.parse().ok());
    RefusedQuery { filter, before, limit: ROWS }
}

/// `None` too for a call of another project than the page is about.
async fn of_request(visit: &Visit<'_>, id: &str) -> Result<Option<Why>, Fault> {
    match visit.control.why(id.into()).await {
        Err(fault) if fault.entry.status == 404 => Ok(None),
        Err(fault) => Err(fault),
        Ok(why) => {
            let project = visit.project_id().map(|id| id.as_str());
            let of_place = project.is_none() || why.call.project.as_deref() == project;
            Ok(Some(why).filter(|_| of_place))
        }
    }
}

fn view(visit: &Visit<'_>, why: &Why) -> Verdict {
    let call = &why.call;
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let look = |look: &control::Look| {
        let (mood, word) = match look.result {
            LookResult::Passed => ("good", "Passed"),
            LookResult::Refused => ("bad", "Refused here"),
            LookResult::NotReached => ("", "Not reached"),
        };
        let refused = look.result == LookResult::Refused;
        let (name, question) = words(look.stage);
        LookView {
            name,
            question,
            mood,
            word,
            then: call.figures.iter().filter(|_| refused).map(then).collect(),
            now: look.now.iter().map(|standing| now(visit, standing)).collect(),
        }
    };
    Verdict {
        request: call.request.as_str().to_owned(),
        at: when(call.at),
        instant: instant(call.at),
        status: call.status,
        code: call.code.clone(),
        message: call.message.clone(),
        remedy: call.entry().map_or("", |entry| entry.remedy),
        key: or_dash(&call.key),
        model: or_dash(&call.model),
        looks: why.looks.iter().map(look).collect(),
    }
}

fn words(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Request => ("Request", "Can it be read in one way only?"),
        Stage::Key => ("Key", "Is the key known, alive, and used from where it may be?"),
        Stage::Permission => ("Permission", "May the key use this endpoint?"),
        Stage::Room => ("Room", "Is there room for one more call?"),
        Stage::Body => ("Body", "Can the body be read, and is it small enough?"),
        Stage::Model => ("Model", "May key and project use these models and tools?"),
        Stage::Route => ("Route", "Where can it go, and is what it names the project's own?"),
        Stage::Rate => ("Rate limits", "Is there room within each limit by rate?"),
        Stage::Money => ("Spend limits", "Does the most it can cost fit into every limit?"),
    }
}

fn then(figure: &Figure) -> String {
    let counted = |n| counted(figure.unit, n);
    let resets = figure.resets_at.map_or_else(String::new, |at| {
        format!(" It begins anew {}.", when(Timestamp::from_seconds(at)))
    });
    format!(
        "Then: {} of {}: {} of {} used, {} asked for.{resets}",
        figure.what,
        figure.scope,
        counted(figure.used),
        counted(figure.limit),
        counted(figure.asked),
    )
}

fn counted(unit: FigureUnit, n: i64) -> String {
    match unit {
        FigureUnit::Nanos => money(Nanos(n)),
        FigureUnit::Count => count(u64::try_from(n).unwrap_or(0)),
    }
}

fn now(visit: &Visit<'_>, standing: &Standing) -> NowView {
    let value = match &standing.value {
        StandingValue::Text(text) => text.clone(),
        StandingValue::Limit { unit, limit, used: None, .. } => counted(*unit, *limit),
        StandingValue::Limit { unit, limit, used: Some(used), held, .. } => {
            let [used, limit, held] = [*used, *limit, *held].map(|n| counted(*unit, n));
            format!("{used} of {limit} used, {held} held")
        }
    };
    NowView { what: standing.what.clone(), value, change: change(visit, &standing.change) }
}

/// A link for whoever may follow it.
fn change(visit: &Visit<'_>, change: &WhatChangesIt) -> Option<(String, &'static str)> {
    let may = |scope| visit.may(scope);
    let write = domain::Scope::write("management");
    let link = match change {
        WhatChangesIt::Nothing => return None,
        WhatChangesIt::Key(project, key) => {
            (href(Some(project), &format!("keys/{key}")), "Change the key")
        }
        WhatChangesIt::Project(project) => (href(Some(project), "settings"), "Change the project"),
        WhatChangesIt::Routes => (visit.href("routes"), "Change the route"),
        WhatChangesIt::Rates(project) => (href(Some(project), "limits"), "Change the rate limits"),
        WhatChangesIt::Limits(_) => (visit.href("limits"), "Change the limit"),
    };
    may(write).then_some(link)
}

fn line(visit: &Visit<'_>, call: &RefusedCall) -> Line {
    Line {
        at: when(call.at),
        instant: instant(call.at),
        href: visit.href(&format!("refused?request={}", encode(call.request.as_str()))),
        request: call.request.as_str().to_owned(),
        code: call.code.clone(),
        status: call.status,
        stage: words(call.stage).0,
        key: call.key.clone().unwrap_or_else(|| "—".to_owned()),
    }
}
