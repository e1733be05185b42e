//! A new installation in three steps: a provider's key, a key of one's own, a first call with it.

mod first_call;

use askama::Template;
use control::KeyDraft;
use domain::fault::catalogue;
use domain::{Fault, KeyPolicy, Order, PageQuery, Project};
use openai::snippets::SNIPPETS;

use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::WRITE;
use super::upstreams::{Offer, at_its_field, draft, offers, probed};
use crate::reveal;

pub(crate) use first_call::call;

/// What a new installation still lacks.
pub(super) struct Lacks {
    pub(super) provider: bool,
    pub(super) key: bool,
}

/// Of the whole installation.
pub(super) async fn lacks(visit: &Visit<'_>) -> Result<Lacks, Fault> {
    let provider = lacks_provider(visit).await?;
    let mut key = true;
    for project in visit.projects() {
        let one = PageQuery { limit: 1, after: None, order: Order::Descending };
        if !visit.control.list_keys(&project.id, one).await?.rows.is_empty() {
            key = false;
            break;
        }
    }
    Ok(Lacks { provider, key })
}

/// Whether only the demo answers.
pub(super) async fn lacks_provider(visit: &Visit<'_>) -> Result<bool, Fault> {
    let all = visit.control.upstream_states().await?;
    Ok(!all.iter().any(is_usable))
}

/// The model that examples name: one that answers here.
pub(super) async fn usual_model(visit: &Visit<'_>) -> Result<&'static str, Fault> {
    Ok(if lacks_provider(visit).await? { "demo-chat" } else { "gpt-4o-mini" })
}

fn is_usable(it: &control::UpstreamState) -> bool {
    it.is_named && it.upstream.enabled && !it.upstream.is_demo()
}

/// Whether Overview has somebody go on with this.
pub(super) async fn is_due(visit: &Visit<'_>) -> Result<bool, Fault> {
    if visit.project().is_some() || !visit.may(WRITE) {
        return Ok(false);
    }
    let lacks = lacks(visit).await?;
    Ok(lacks.provider || lacks.key)
}

/// Goes on where it stopped.
pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let lacks = lacks(visit).await?;
    if !lacks.provider && !lacks.key {
        return Ok(Page::to("/overview"));
    }
    match lacks.provider && visit.query.text("provider") != "demo" {
        true => provider_form(visit, None),
        false => key_form(visit, None),
    }
}

#[derive(Template)]
#[template(path = "welcome_provider.html")]
struct ProviderPage<'a> {
    frame: &'a Frame,
    step: u8,
    providers: Vec<Offer>,
    base_url: &'a str,
    fault: Option<&'a Fault>,
    /// What the provider said to the key that was given.
    refused: Option<&'a str>,
}

fn provider_form(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    provider_page(visit, fault, None)
}

fn provider_page(visit: &Visit<'_>, fault: Option<&Fault>, refused: Option<&str>) -> Shown {
    let frame = visit.frame("Welcome");
    let page = visit.show(&ProviderPage {
        frame: &frame,
        step: 1,
        providers: offers(visit),
        base_url: visit.form.text("base_url"),
        fault,
        refused,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Adds it and asks it at once. One that does not take the key is taken away again, so that the
/// step can be done anew.
pub(crate) async fn provider(visit: &Visit<'_>) -> Shown {
    let author = visit.author()?;
    let made = match visit.control.create_upstream(&author, draft(&visit.form)).await {
        Ok(made) => made.upstream,
        Err(fault) => return provider_form(visit, Some(&at_its_field(fault))),
    };
    match probed(visit, made.id.as_str()).await? {
        Ok(answered) => Ok(Page::to("/welcome").saying(format!("{} works. {answered}", made.name))),
        Err(why) => {
            visit.control.remove_upstream(&author, made.id.as_str()).await?;
            provider_page(visit, None, Some(&why))
        }
    }
}

#[derive(Template)]
#[template(path = "welcome_key.html")]
struct KeyPage<'a> {
    frame: &'a Frame,
    step: u8,
    name: String,
    fault: Option<&'a Fault>,
}

fn key_form(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Welcome");
    let name = visit.form.some("name").unwrap_or("My first key").to_owned();
    let page = visit.show(&KeyPage { frame: &frame, step: 2, name, fault })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

#[derive(Template)]
#[template(path = "welcome_call.html")]
struct CallPage<'a> {
    frame: &'a Frame,
    step: u8,
    secret: String,
    env: String,
    said: String,
}

/// Makes the key, shows it this once, and offers the first call with it.
pub(crate) async fn key(visit: &Visit<'_>) -> Shown {
    let project = first_project(visit)?;
    let policy = KeyPolicy::default();
    let draft = KeyDraft { name: visit.form.text("name").to_owned(), policy, expiry: None };
    let made = match visit.control.create_key(&visit.author()?, &project.id, draft).await {
        Ok(made) => made,
        Err(fault) => return key_form(visit, Some(&fault)),
    };
    let secret = reveal::token(&made.secret);
    let env = format!("OPENAI_API_KEY={secret}\nOPENAI_BASE_URL={}/v1", visit.address());
    let frame = visit.frame("Welcome");
    let said = "Say hello in five words.".to_owned();
    Ok(visit.show(&CallPage { frame: &frame, step: 3, secret, env, said })?.with_secret())
}

fn first_project<'v>(visit: &'v Visit<'_>) -> Result<&'v Project, Fault> {
    let why = "There is no project that you may use. Make one first.";
    visit.projects().first().ok_or_else(|| Fault::because(&catalogue::NOT_FOUND, why))
}

/// Python, Node and curl.
pub(super) fn snippets(url: &str, model: &str) -> Vec<(&'static str, String)> {
    let shown = SNIPPETS.iter().filter(|it| ["python", "node", "curl"].contains(&it.id));
    shown.map(|it| (it.name, it.render(url, model))).collect()
}
