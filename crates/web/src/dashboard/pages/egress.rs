//! Egress: the proxies through which calls leave, how they fare, and what becomes of calls when all
//! are down.

use askama::Template;
use control::{EgressDraft, EgressState, ProxyCredential, ProxyDraft};
use domain::fault::catalogue;
use domain::{EgressSource, Fault, ProxyChoice, ProxyFigures, ProxyTest, SessionBy};

use super::super::figures::{count, milliseconds};
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::WRITE;

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
    used_by: String,
    choice: String,
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
        rows: all.iter().map(view).collect(),
    })
}

fn view(state: &EgressState) -> EgressView {
    let egress = &state.egress;
    let ejected = state.figures.iter().filter(|figures| figures.ejected).count();
    let working = egress.proxies.len().saturating_sub(ejected);
    let (mood, words) = match (working, ejected) {
        (_, 0) => ("good", "All working"),
        (0, _) => ("bad", "All down"),
        _ => ("near", "Some down"),
    };
    let users: Vec<String> = state.used_by.iter().map(ToString::to_string).collect();
    EgressView {
        name: egress.name.clone(),
        proxies: egress.proxies.len(),
        working,
        mood,
        state: words,
        closed: working == 0 && !egress.allow_direct,
        default: egress.default,
        used_by: users.join(", "),
        choice: egress.choice.as_str().replace('_', " "),
        health_url: egress.health_url.clone().unwrap_or_default(),
        of_file: egress.source == EgressSource::File,
        figures: state.figures.iter().map(figure).collect(),
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
    fault: Option<&'a Fault>,
}

struct TestView {
    proxy: String,
    mood: &'static str,
    words: String,
    took: String,
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, Vec::new(), None).await
}

async fn shown(visit: &Visit<'_>, tests: Vec<TestView>, fault: Option<&Fault>) -> Shown {
    let state = visit.control.egress(&visit.id::<String>(0)).await?;
    let frame = visit.frame("Egress");
    let page = visit.show(&OnePage {
        frame: &frame,
        path: format!("/egress/{}", state.egress.name),
        egress: view(&state),
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
        Ok(tests) => shown(visit, tests.iter().map(tested).collect(), None).await,
        Err(fault) => shown(visit, Vec::new(), Some(&fault)).await,
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

#[derive(Template)]
#[template(path = "egress_new.html")]
struct NewPage<'a> {
    frame: &'a Frame,
    name: &'a str,
    proxies: &'a str,
    health_url: &'a str,
    choices: Vec<(&'static str, bool)>,
    allow_direct: bool,
    default: bool,
    fault: Option<&'a Fault>,
}

pub(crate) async fn new(visit: &Visit<'_>) -> Shown {
    form(visit, None)
}

fn form(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let chosen = visit.form.text("choice");
    let frame = visit.frame("Add an egress");
    let page = visit.show(&NewPage {
        frame: &frame,
        name: visit.form.text("name"),
        proxies: visit.form.text("proxies"),
        health_url: visit.form.text("health_url"),
        choices: ProxyChoice::ALL.map(|it| (it.as_str(), it.as_str() == chosen)).to_vec(),
        allow_direct: visit.form.is_checked("allow_direct"),
        default: visit.form.is_checked("default"),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let form_of = &visit.form;
    let lines = form_of.text("proxies").lines().map(str::trim).filter(|line| !line.is_empty());
    let proxy = |url: &str| ProxyDraft {
        url: url.to_owned(),
        credential: match form_of.some("credential") {
            Some(typed) => ProxyCredential::New(domain::Secret::from(typed)),
            None => ProxyCredential::None,
        },
    };
    let draft = EgressDraft {
        name: form_of.text("name").to_owned(),
        proxies: lines.map(proxy).collect(),
        choice: ProxyChoice::parse(form_of.text("choice")).unwrap_or_default(),
        session: SessionBy::default(),
        allow_direct: form_of.is_checked("allow_direct"),
        default: form_of.is_checked("default"),
        proxy_resolves: Vec::new(),
        health_url: form_of.some("health_url").map(str::to_owned),
    };
    match visit.control.create_egress(&visit.author()?, draft).await {
        Ok(made) => {
            let page = Page::to(&format!("/egress/{}", made.egress.name));
            Ok(page.saying("The egress is added. Test it before somebody takes it."))
        }
        Err(fault) => form(visit, Some(&fault)),
    }
}

#[derive(Template)]
#[template(path = "egress_remove.html")]
struct RemovePage<'a> {
    frame: &'a Frame,
    name: String,
    fault: Option<&'a Fault>,
}

pub(crate) async fn ask_remove(visit: &Visit<'_>) -> Shown {
    removing(visit, None).await
}

async fn removing(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let name = visit.control.egress(&visit.id::<String>(0)).await?.egress.name;
    let frame = visit.frame("Remove an egress");
    let page = visit.show(&RemovePage { frame: &frame, name, fault })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let name: String = visit.id(0);
    if visit.form.text("typed") != name {
        let why = "Type the name as it stands above.";
        let fault = Fault::because(&catalogue::INVALID_VALUE, why).param("typed");
        return removing(visit, Some(&fault)).await;
    }
    visit.control.remove_egress(&visit.author()?, &name).await?;
    Ok(Page::to("/egress").saying("The egress is removed."))
}
