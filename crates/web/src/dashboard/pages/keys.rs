//! API keys: the list, making one, its secret once, changing, rotating and revoking it.

pub(super) mod draft;
pub(super) mod service_accounts;
mod view;

use askama::Template;
use control::{LimitDraft, MadeKey};
use domain::fault::catalogue;
use domain::{Fault, KeyId, Order, PageQuery, ProjectId, Scope, ScopeId, ScopeKind};
use openai::snippets::SNIPPETS;

use super::super::form::encode;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit, href};
use super::confirm::Question;
use crate::reveal;
use view::{KeyLine, KeyView};

const ROWS: u32 = 50;
const WRITE: Scope = Scope::write("management");
const CALL: Scope = Scope::request("model");

#[derive(Template)]
#[template(path = "keys.html")]
struct KeysPage<'a> {
    frame: &'a Frame,
    /// The projects to choose from; none on a project's own page.
    projects: Vec<(String, String)>,
    here: String,
    create: String,
    accounts: String,
    may: bool,
    /// What the names and ends of the keys are searched for.
    find: String,
    rows: Vec<KeyLine>,
    older: String,
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    let frame = visit.frame("API keys");
    let mut page = KeysPage {
        frame: &frame,
        projects: Vec::new(),
        here: visit.href("keys"),
        create: visit.href("keys/new"),
        accounts: visit.href("service-accounts"),
        may: visit.may(WRITE),
        find: visit.query.text("find").to_owned(),
        rows: Vec::new(),
        older: String::new(),
    };
    let Some(project) = visit.project_id() else {
        let link = |id: &ProjectId| href(Some(id), "keys");
        page.projects = visit.projects().iter().map(|it| (link(&it.id), it.name.clone())).collect();
        return visit.show(&page);
    };
    let after = visit.query.some("after").map(str::to_owned);
    let asked = PageQuery { limit: ROWS, after, order: Order::Descending };
    let listed = visit.control.list_keys(project, asked).await?;
    if let Some(last) = listed.rows.last().filter(|_| listed.has_more) {
        let (find, after) = (encode(&page.find), encode(last.key.id.as_str()));
        page.older = visit.href(&format!("keys?find={find}&after={after}"));
    }
    let wanted = page.find.to_lowercase();
    for owned in &listed.rows {
        let line = view::line(visit, project, owned).await?;
        if line.fits(&wanted) {
            page.rows.push(line);
        }
    }
    visit.show(&page)
}

#[derive(Template)]
#[template(path = "key_new.html")]
struct NewPage<'a> {
    frame: &'a Frame,
    action: String,
    scopes: Vec<(String, bool)>,
    typed: draft::Typed,
    fault: Option<&'a Fault>,
}

pub(crate) async fn new(visit: &Visit<'_>) -> Shown {
    form(visit, None)
}

fn form(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Create an API key");
    let typed = draft::Typed::of(&visit.form);
    let scopes = draft::scopes().into_iter();
    let page = visit.show(&NewPage {
        frame: &frame,
        action: visit.href("keys/new"),
        scopes: scopes.map(|scope| (scope.clone(), typed.scopes.contains(&scope))).collect(),
        typed,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// Makes the key, then its limit; a key whose limit cannot be set is not kept.
pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let (project, author) = (project(visit)?, visit.author()?);
    let (draft, limit) = match draft::key(&visit.form, visit.control.now()) {
        Ok(draft) => draft,
        Err(fault) => return form(visit, Some(&fault)),
    };
    let made = match visit.control.create_key(&author, project, draft).await {
        Ok(made) => made,
        Err(fault) => return form(visit, Some(&fault)),
    };
    if let Some((period, amount)) = limit {
        let id = made.owned.key.id.as_str().to_owned();
        let scope = ScopeId { kind: ScopeKind::ApiKey, id };
        let draft = LimitDraft { scope, period, amount, rules: None, calendar: None };
        if let Err(fault) = visit.control.put_limit(&author, draft).await {
            visit.control.delete_key(&author, project, &made.owned.key.id).await?;
            return Err(fault);
        }
    }
    revealed(visit, &made, "Your new key").await
}

#[derive(Template)]
#[template(path = "key_made.html")]
struct MadePage<'a> {
    frame: &'a Frame,
    title: &'a str,
    secret: String,
    /// The two lines of a `.env`.
    env: String,
    snippets: Vec<(&'static str, String)>,
    key: String,
    playground: Option<String>,
}

/// The one page that shows a key's secret.
async fn revealed(visit: &Visit<'_>, made: &MadeKey, title: &str) -> Shown {
    let url = visit.address();
    let secret = reveal::token(&made.secret);
    let frame = visit.frame(title);
    let env = format!("OPENAI_API_KEY={secret}\nOPENAI_BASE_URL={url}/v1");
    let model = super::welcome::usual_model(visit).await?;
    let shown = SNIPPETS.iter().filter(|it| ["python", "node", "curl"].contains(&it.id));
    let page = visit.show(&MadePage {
        frame: &frame,
        title,
        env,
        secret,
        snippets: shown.map(|it| (it.name, it.render(&url, model))).collect(),
        key: visit.href(&format!("keys/{}", made.owned.key.id)),
        playground: visit.may(CALL).then(|| visit.href("playground")),
    })?;
    Ok(page.with_secret())
}

#[derive(Template)]
#[template(path = "key.html")]
struct KeyPage<'a> {
    frame: &'a Frame,
    key: KeyView,
    path: String,
    may: bool,
    typed: draft::Typed,
    scopes: Vec<(String, bool)>,
    fault: Option<&'a Fault>,
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let project = project(visit)?;
    let owned = visit.control.key(project, &visit.id(0)).await?;
    let typed = match fault {
        Some(_) => draft::Typed::of(&visit.form),
        None => draft::Typed::from_key(&owned.key),
    };
    let scopes = draft::scopes_with(&owned.key).into_iter();
    let frame = visit.frame("API key");
    let page = visit.show(&KeyPage {
        frame: &frame,
        key: view::whole(visit, project, &owned).await?,
        path: visit.href(&format!("keys/{}", owned.key.id)),
        may: visit.may(WRITE),
        scopes: scopes.map(|scope| (scope.clone(), typed.scopes.contains(&scope))).collect(),
        typed,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let (project, id) = (project(visit)?, visit.id::<KeyId>(0));
    let patch = match draft::patch(&visit.form, visit.control.now()) {
        Ok(patch) => patch,
        Err(fault) => return shown(visit, Some(&fault)).await,
    };
    match visit.control.update_key(&visit.author()?, project, &id, patch).await {
        Ok(_) => {
            let page = Page::to(&visit.href(&format!("keys/{id}")));
            Ok(page.saying("The key is changed. It holds from the next call on."))
        }
        Err(fault) => shown(visit, Some(&fault)).await,
    }
}

/// A new secret beside the old one.
pub(crate) async fn rotate(visit: &Visit<'_>) -> Shown {
    let (project, id) = (project(visit)?, visit.id::<KeyId>(0));
    let grace = visit.form.text("grace").parse().ok();
    let grace = grace.filter(|grace| (0..=7 * 86_400).contains(grace));
    let grace: i64 = grace.ok_or_else(|| {
        Fault::because(&catalogue::INVALID_VALUE, "Choose how long the old secret lives on.")
            .param("grace")
    })?;
    let made = visit.control.rotate_key(&visit.author()?, project, &id, grace).await?;
    revealed(visit, &made, "The key's new secret").await
}

pub(crate) async fn end_old(visit: &Visit<'_>) -> Shown {
    let (project, id) = (project(visit)?, visit.id::<KeyId>(0));
    visit.control.end_old_secrets(&visit.author()?, project, &id).await?;
    Ok(Page::to(&visit.href(&format!("keys/{id}"))).saying("The old secrets are ended."))
}

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let owned = visit.control.key(project(visit)?, &visit.id(0)).await?;
    let (name, path) = (view::name(&owned.key), visit.href(&format!("keys/{}", owned.key.id)));
    Ok(Question {
        title: "Revoke a key",
        question: format!("Revoke {name}?"),
        lead: "Its next call is refused, and this cannot be undone. Where the program should go \
               on, rotate the key instead."
            .to_owned(),
        action: format!("{path}/revoke"),
        fields: Vec::new(),
        button: "Revoke the key",
        back: path,
        typed: Some(name),
    })
}

pub(crate) async fn ask_revoke(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

/// Only with the key's name typed: it cannot be undone.
pub(crate) async fn revoke(visit: &Visit<'_>) -> Shown {
    if let Some(page) = question(visit).await?.unsure(visit) {
        return page;
    }
    visit.control.delete_key(&visit.author()?, project(visit)?, &visit.id::<KeyId>(0)).await?;
    Ok(Page::to(&visit.href("keys")).saying("The key is revoked. Its next call is refused."))
}

fn project<'v>(visit: &'v Visit<'_>) -> Result<&'v ProjectId, Fault> {
    visit.project_id().ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))
}
