//! Service accounts of a project, and their keys: for programs that outlive whoever set them up.

use askama::Template;
use control::{OwnerRecord, ServiceAccountDraft, ServiceAccountPatch};
use domain::{Fault, Order, Role, ServiceAccount, ServiceAccountId};

use super::super::super::frame::Frame;
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::confirm::Question;
use super::super::typed::{self, When, both};
use super::view::KeyLine;
use super::{draft, project, revealed, view};
use crate::routes::ACCOUNTS;

#[derive(Template)]
#[template(path = "service_accounts.html")]
struct ListPage<'a> {
    frame: &'a Frame,
    here: String,
    keys: String,
    may: bool,
    rows: Vec<Line>,
    older: String,
    name: &'a str,
    fault: Option<&'a Fault>,
}

struct Line {
    href: String,
    name: String,
    role: &'static str,
    created: When,
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    listed(visit, None).await
}

async fn listed(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let asked = typed::rows(visit, Order::Ascending);
    let page = visit.control.list_service_accounts(project(visit)?, asked).await?;
    let last = page.rows.last().map(|account| account.id.as_str());
    let frame = visit.frame("Service accounts");
    let shown = visit.show(&ListPage {
        frame: &frame,
        here: visit.href("service-accounts"),
        keys: visit.href("keys"),
        may: visit.may(ACCOUNTS),
        older: typed::older(visit, "service-accounts", page.has_more, last),
        rows: page.rows.iter().map(|account| line(visit, account)).collect(),
        name: visit.form.text("name"),
        fault,
    })?;
    Ok(shown.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn line(visit: &Visit<'_>, account: &ServiceAccount) -> Line {
    Line {
        href: path(visit, account),
        name: account.name.clone(),
        role: account.role.as_str(),
        created: both(account.created_at),
    }
}

fn path(visit: &Visit<'_>, account: &ServiceAccount) -> String {
    visit.href(&format!("service-accounts/{}", account.id))
}

/// An account with its first key, which this one page shows.
pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let (project, author) = (project(visit)?, visit.author()?);
    let name = match typed::name(&visit.form, "name") {
        Ok(name) => name,
        Err(fault) => return listed(visit, Some(&fault)).await,
    };
    let draft = ServiceAccountDraft { name, with_key: true, expiry: None };
    match visit.control.create_service_account(&author, project, draft).await {
        Ok((_, Some(made))) => revealed(visit, &made, "The service account's first key").await,
        Ok((account, None)) => Ok(Page::to(&path(visit, &account))),
        Err(fault) => listed(visit, Some(&typed::onto(fault, &["name"]))).await,
    }
}

#[derive(Template)]
#[template(path = "service_account.html")]
struct OnePage<'a> {
    frame: &'a Frame,
    path: String,
    may: bool,
    account: ServiceAccount,
    created: When,
    keys: Vec<KeyLine>,
    name: String,
    owns: bool,
    fault: Option<&'a Fault>,
}

pub(crate) async fn one(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let project = project(visit)?;
    let account = visit.control.service_account(project, &visit.id(0)).await?;
    let mut keys = Vec::new();
    for owned in visit.control.list_keys(project, typed::all()).await?.rows {
        let ours = matches!(&owned.owner, OwnerRecord::ServiceAccount(it) if it.id == account.id);
        if ours {
            keys.push(view::line(visit, project, &owned).await?);
        }
    }
    let again = fault.is_some_and(|fault| fault.param.as_deref() == Some("name"));
    let frame = visit.frame("Service account");
    let page = visit.show(&OnePage {
        frame: &frame,
        path: path(visit, &account),
        may: visit.may(ACCOUNTS),
        created: both(account.created_at),
        keys,
        name: if again { visit.form.text("name").to_owned() } else { account.name.clone() },
        owns: account.role == Role::Owner,
        account,
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let (project, id) = (project(visit)?, visit.id::<ServiceAccountId>(0));
    let name = match typed::name(&visit.form, "name") {
        Ok(name) => Some(name),
        Err(fault) => return shown(visit, Some(&fault)).await,
    };
    let role = match visit.form.text("role") {
        "owner" => Some(Role::Owner),
        "member" => Some(Role::Member),
        _ => None,
    };
    let patch = ServiceAccountPatch { name, role };
    match visit.control.update_service_account(&visit.author()?, project, &id, patch).await {
        Ok(account) => {
            Ok(Page::to(&path(visit, &account)).saying("The service account is changed."))
        }
        Err(fault) => shown(visit, Some(&typed::onto(fault, &["name"]))).await,
    }
}

/// One more key; its secret is on this page only.
pub(crate) async fn new_key(visit: &Visit<'_>) -> Shown {
    let (project, id) = (project(visit)?, visit.id::<ServiceAccountId>(0));
    let (mut draft, _) = match draft::key(&visit.form, visit.control.now()) {
        Ok(draft) => draft,
        Err(fault) => {
            // This form's name has a field of its own beside the account's.
            let about_name = fault.param.as_deref() == Some("name");
            let fault = if about_name { fault.param("key_name") } else { fault };
            return shown(visit, Some(&typed::onto(fault, &["key_name"]))).await;
        }
    };
    draft.name = match typed::name(&visit.form, "name") {
        Ok(name) => name,
        Err(fault) => return shown(visit, Some(&fault.param("key_name"))).await,
    };
    let author = visit.author()?;
    let made = visit.control.create_service_account_key(&author, project, &id, draft).await?;
    revealed(visit, &made, "The service account's new key").await
}

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let account = visit.control.service_account(project(visit)?, &visit.id(0)).await?;
    Ok(Question {
        title: "Delete a service account",
        question: format!("Delete {}?", account.name),
        lead: "All of its keys end at once: the next call of every program that uses one is \
               refused. This cannot be undone."
            .to_owned(),
        action: format!("{}/delete", path(visit, &account)),
        fields: Vec::new(),
        button: "Delete the service account",
        back: path(visit, &account),
        typed: Some(account.name),
    })
}

pub(crate) async fn ask_delete(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

pub(crate) async fn delete(visit: &Visit<'_>) -> Shown {
    if let Some(page) = question(visit).await?.unsure(visit) {
        return page;
    }
    let (project, id) = (project(visit)?, visit.id::<ServiceAccountId>(0));
    visit.control.delete_service_account(&visit.author()?, project, &id).await?;
    let page = Page::to(&visit.href("service-accounts"));
    Ok(page.saying("The service account is deleted, and its keys are ended."))
}
