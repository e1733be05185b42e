//! Egress: the proxies through which calls leave, how they fare, and what becomes of calls when all
//! are down.

mod change;
mod typed;
mod uses;

use askama::Template;
use control::EgressState;
use domain::{EgressSource, EgressUser, Fault, ProxyFigures, ProxyTest};

use super::super::figures::{count, milliseconds};
use super::super::form::encode;
use super::super::frame::Frame;
use super::super::visit::{Shown, Visit, href};
use super::WRITE;
use typed::Typed;

pub(crate) use change::{ask_remove, create, new, remove, update};
pub(super) use uses::Chosen;
pub(crate) use uses::{of_project, of_upstream};

#[derive(Template)]
#[template(path = "egresses.html")]
struct ListPage<'a> {
    frame: &'a Frame,
    may: bool,
    rows: Vec<EgressView>,
}

struct EgressView {
    name: String,
    proxies: usize,
    working: usize,
    mood: &'static str,
    state: &'static str,
    closed: bool,
    default: bool,
    /// Where each that takes it is shown, and its name.
    used_by: Vec<(String, String)>,
    choice: String,
    session: &'static str,
    proxy_resolves: String,
    health_url: String,
    of_file: bool,
    figures: Vec<FigureView>,
}

struct FigureView {
    proxy: String,
    mood: &'static str,
    state: &'static str,
    attempts: String,
    failures: String,
    busy: String,
    opening: String,
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    let all = visit.control.list_egresses().await?;
    let frame = visit.frame("Egress");
    visit.show(&ListPage {
        frame: &frame,
        may: visit.may(WRITE),
        rows: all.iter().map(|state| view(visit, state)).collect(),
    })
}

fn view(visit: &Visit<'_>, state: &EgressState) -> EgressView {
    let egress = &state.egress;
    let ejected = state.figures.iter().filter(|figures| figures.ejected).count();
    let working = egress.proxies.len().saturating_sub(ejected);
    let (mood, words) = match (working, ejected) {
        (_, 0) => ("good", "All working"),
        (0, _) => ("bad", "All down"),
        _ => ("near", "Some down"),
    };
    EgressView {
        name: egress.name.clone(),
        proxies: egress.proxies.len(),
        working,
        mood,
        state: words,
        closed: working == 0 && !egress.allow_direct,
        default: egress.default,
        used_by: state.used_by.iter().map(|user| taker(visit, user)).collect(),
        choice: egress.choice.as_str().replace('_', " "),
        session: egress.session.as_str(),
        proxy_resolves: egress.proxy_resolves.join(", "),
        health_url: egress.health_url.clone().unwrap_or_default(),
        of_file: egress.source == EgressSource::File,
        figures: state.figures.iter().map(figure).collect(),
    }
}

fn taker(visit: &Visit<'_>, user: &EgressUser) -> (String, String) {
    match user {
        EgressUser::Upstream(id) => (format!("/upstreams/{id}"), user.to_string()),
        EgressUser::UpstreamNamed(name) => {
            (format!("/upstreams/{}", encode(name)), user.to_string())
        }
        EgressUser::Project(id) => {
            let known = visit.projects().iter().find(|project| project.id == *id);
            let name = known.map_or_else(|| user.to_string(), |it| format!("project {}", it.name));
            (href(Some(id), "settings"), name)
        }
    }
}

fn figure(figures: &ProxyFigures) -> FigureView {
    let failures: Vec<String> =
        figures.failures.iter().map(|(reason, times)| format!("{reason}: {times}")).collect();
    FigureView {
        proxy: figures.proxy.clone(),
        mood: if figures.ejected { "bad" } else { "good" },
        state: if figures.ejected { "Down for now" } else { "Working" },
        attempts: count(figures.attempts),
        failures: failures.join(", "),
        busy: count(figures.busy),
        opening: match figures.opening_micros.checked_div(figures.opened) {
            Some(mean) => milliseconds(mean),
            None => "—".to_owned(),
        },
    }
}

#[derive(Template)]
#[template(path = "egress.html")]
struct OnePage<'a> {
    frame: &'a Frame,
    egress: EgressView,
    allow_direct: bool,
    path: String,
    may: bool,
    url: &'a str,
    tests: Vec<TestView>,
    /// What its form has, and what is wrong with it.
    typed: Typed,
    fault: Option<&'a Fault>,
}

struct TestView {
    proxy: String,
    mood: &'static str,
    words: String,
    took: String,
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, Vec::new(), None, None).await
}

/// `typed`: what somebody wanted to make of it.
async fn shown(
    visit: &Visit<'_>,
    tests: Vec<TestView>,
    typed: Option<Typed>,
    fault: Option<&Fault>,
) -> Shown {
    let state = visit.control.egress(&visit.id::<String>(0)).await?;
    let frame = visit.frame("Egress");
    let page = visit.show(&OnePage {
        frame: &frame,
        path: format!("/egress/{}", state.egress.name),
        typed: typed.unwrap_or_else(|| Typed::from_egress(&state.egress)),
        egress: view(visit, &state),
        allow_direct: state.egress.allow_direct,
        may: visit.may(WRITE),
        url: visit.form.text("url"),
        tests,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Fetches through each proxy, and shows what came of it.
pub(crate) async fn test(visit: &Visit<'_>) -> Shown {
    let url = visit.form.some("url").map(str::to_owned);
    match visit.control.test_egress(&visit.id::<String>(0), url).await {
        Ok(tests) => shown(visit, tests.iter().map(tested).collect(), None, None).await,
        Err(fault) => shown(visit, Vec::new(), None, Some(&fault)).await,
    }
}

fn tested(test: &ProxyTest) -> TestView {
    let (mood, words) = match &test.result {
        Ok(answer) => {
            let seen = answer.exit_address.as_deref();
            let seen = seen.map(|at| format!(", seen there as {at}")).unwrap_or_default();
            ("good", format!("Answered {}{seen}", answer.status))
        }
        Err(failure) => ("bad", format!("{}: {}", failure.reason, failure.why)),
    };
    TestView { proxy: test.proxy.clone(), mood, words, took: format!("{} ms", test.latency_ms) }
}
