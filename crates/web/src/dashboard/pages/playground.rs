//! Playground: one call to a model, as a program of the project would make it. It is held, metered
//! and logged like any other; what comes back is shown as text, whatever it holds (case 129).

mod ask;
mod code;

use std::time::Duration;

use askama::Template;
use domain::fault::catalogue;
use domain::{Fault, LoggedAttempt, ProjectId, RequestId};
use serde_json::{Value, json};

use super::super::caller::{CallKey, Called, PageCall};
use super::super::figures::{count, milliseconds, money};
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use ask::Typed;

/// For a call to be in the log, in looks of a moment each.
const LOOKS: u32 = 30;
const MOMENT: Duration = Duration::from_millis(50);

#[derive(Template)]
#[template(path = "playground.html")]
struct PlaygroundPage<'a> {
    frame: &'a Frame,
    action: String,
    logs: String,
    models: Vec<&'static str>,
    typed: Typed,
    fault: Option<&'a Fault>,
    answer: Option<Answer>,
    snippets: Vec<(&'static str, String)>,
}

/// What came back, whole.
struct Answer {
    text: String,
    refused: bool,
    request: String,
    figures: Vec<(&'static str, &'static str, String)>,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let demo_only = super::welcome::lacks_provider(visit).await?;
    page(visit, Typed::anew(&visit.query, demo_only), Extra::default())
}

/// What a page shows beside its form.
#[derive(Default)]
struct Extra<'a> {
    fault: Option<&'a Fault>,
    answer: Option<Answer>,
    snippets: Vec<(&'static str, String)>,
}

fn page(visit: &Visit<'_>, typed: Typed, extra: Extra<'_>) -> Shown {
    let frame = visit.frame("Playground");
    let page = visit.show(&PlaygroundPage {
        frame: &frame,
        action: visit.href("playground"),
        logs: visit.href("logs/"),
        models: visit.control.chat_models().collect(),
        typed,
        fault: extra.fault,
        answer: extra.answer,
        snippets: extra.snippets,
    })?;
    Ok(page.status(extra.fault.map_or(200, |fault| fault.entry.status)))
}

/// Without script: the whole answer on a page. Or the code that would make the same call.
pub(crate) async fn submit(visit: &Visit<'_>) -> Shown {
    let typed = Typed::of(&visit.form);
    let body = match ask::body(&typed, false) {
        Ok(body) => body,
        Err(fault) => return page(visit, typed, Extra { fault: Some(&fault), ..Extra::default() }),
    };
    if visit.form.text("show") == "code" {
        let snippets = code::snippets(&visit.address(), &body);
        return page(visit, typed, Extra { snippets, ..Extra::default() });
    }
    let mut called = call(visit, &typed.model, &body).await?;
    let answer = called.json().await;
    let text = |path: &str| answer.pointer(path).and_then(Value::as_str).unwrap_or("").to_owned();
    let refused = called.status != 200;
    let request = called.header("x-request-id").to_owned();
    let found = figures_of(visit, &request).await?;
    let answer = Answer {
        text: text(if refused { "/error/message" } else { "/choices/0/message/content" }),
        refused,
        figures: found.map(|found| figures(&found).to_vec()).unwrap_or_default(),
        request,
    };
    page(visit, typed, Extra { answer: Some(answer), ..Extra::default() })
}

/// For the script: the same, in the provider's own events as they come.
pub(crate) async fn stream(visit: &Visit<'_>) -> Shown {
    let typed = Typed::of(&visit.form);
    let body = ask::body(&typed, true)?;
    Ok(Page::relayed(call(visit, &typed.model, &body).await?))
}

/// For the script: what a call came to, once it is in the log.
pub(crate) async fn came_to(visit: &Visit<'_>) -> Shown {
    let id: String = visit.id(0);
    let found = figures_of(visit, &id).await?.ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))?;
    let all = figures(&found).map(|(name, _, text)| (name.to_owned(), json!(text)));
    let all: serde_json::Map<String, Value> = all.into_iter().collect();
    Ok(Page::file("application/json", "figures.json", json!(all).to_string()))
}

async fn call(visit: &Visit<'_>, model: &str, body: &Value) -> Result<Called, Fault> {
    let missing = || Fault::new(&catalogue::NOT_FOUND);
    let caller = visit.dashboard.caller.as_ref().ok_or_else(missing)?;
    let (project, author) = (project(visit)?, visit.author()?);
    let of = ("playground", model);
    let key = visit.control.make_passing_key(&author, project, of).await?;
    let body = Some(body.to_string().into());
    let key = CallKey::Lent(author, key);
    caller.call(PageCall { key, path: "/v1/chat/completions", body }).await
}

/// The last attempt of a call of this project, once it is in the log.
async fn figures_of(visit: &Visit<'_>, request: &str) -> Result<Option<LoggedAttempt>, Fault> {
    let project = project(visit)?;
    for _ in 0..LOOKS {
        if let Ok(attempts) = visit.control.attempts_of(RequestId::from(request)).await {
            let mut own = attempts.into_iter().filter(|one| one.project == project.as_str());
            return Ok(own.next_back());
        }
        tokio::time::sleep(MOMENT).await;
    }
    Ok(None)
}

/// Name for the script, label, text.
fn figures(attempt: &LoggedAttempt) -> [(&'static str, &'static str, String); 5] {
    let cost = attempt.cost.map_or_else(|| "no price here".to_owned(), |it| money(it.total()));
    [
        ("input", "Input tokens", count(attempt.tokens.input)),
        ("output", "Output tokens", count(attempt.tokens.output)),
        ("cost", "Cost", cost),
        ("first", "To the first byte", milliseconds(attempt.first_byte_us)),
        ("total", "In all", milliseconds(attempt.total_us)),
    ]
}

fn project<'v>(visit: &'v Visit<'_>) -> Result<&'v ProjectId, Fault> {
    visit.project_id().ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))
}
