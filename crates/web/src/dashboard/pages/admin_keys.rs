//! Admin API keys: the keys of the Administration API, good for nothing else.

use std::collections::BTreeSet;

use askama::Template;
use control::{AdminKeyDraft, OwnerRecord};
use domain::{Fault, KeyId, Order, Permission};

use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::confirm::Question;
use super::keys::draft;
use super::typed::{self, When, both};
use crate::reveal;
use crate::routes::{self, ADMIN_KEYS, Serve};

struct Line {
    path: String,
    name: String,
    masked: String,
    owner: String,
    may: String,
    used: Option<When>,
    expires: Option<When>,
}

#[derive(Template)]
#[template(path = "admin_keys.html")]
struct KeysPage<'a> {
    frame: &'a Frame,
    rows: Vec<Line>,
    older: String,
    may: bool,
    typed: draft::Typed,
    scopes: Vec<(String, bool)>,
    fault: Option<&'a Fault>,
}

/// What the Administration API asks for.
fn scopes() -> BTreeSet<String> {
    let asked = routes::ALL.iter().filter_map(|route| match route.serve {
        Serve::Admin(scope, _) | Serve::Keyed(scope, _) => Some(scope.to_string()),
        Serve::Holder(_) | Serve::Signed(..) | Serve::Anyone(_) => None,
    });
    asked.collect()
}

pub(crate) async fn list(visit: &Visit<'_>) -> Shown {
    listed(visit, None).await
}

async fn listed(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let page = visit.control.list_admin_keys(typed::rows(visit, Order::Descending)).await?;
    let last = page.rows.last().map(|owned| owned.key.id.as_str());
    let typed = draft::Typed::of(&visit.form);
    let scopes = scopes().into_iter();
    let frame = visit.frame("Admin API keys");
    let shown = visit.show(&KeysPage {
        frame: &frame,
        older: typed::older(visit, "admin-keys", page.has_more, last),
        rows: page.rows.iter().map(line).collect(),
        may: visit.may(ADMIN_KEYS),
        scopes: scopes.map(|it| (it.clone(), typed.scopes.contains(&it))).collect(),
        typed,
        fault,
    })?;
    Ok(shown.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn line(owned: &control::OwnedKey) -> Line {
    let key = &owned.key;
    Line {
        path: format!("/admin-keys/{}/delete", key.id),
        name: if key.name.is_empty() { key.id.as_str().to_owned() } else { key.name.clone() },
        masked: key.secrets.first().map_or_else(String::new, |it| it.display.clone()),
        owner: match &owned.owner {
            OwnerRecord::User(user) if user.email.is_empty() => user.name.clone(),
            OwnerRecord::User(user) => user.email.clone(),
            OwnerRecord::ServiceAccount(account) => account.name.clone(),
        },
        may: match &key.policy.permission {
            Permission::All => "Everything that its owner may".to_owned(),
            Permission::ReadOnly => "Read only".to_owned(),
            Permission::Restricted(scopes) => scopes.join(", "),
        },
        used: key.secrets.iter().filter_map(|it| it.last_used_at).max().map(both),
        expires: key.expires_at.map(both),
    }
}

#[derive(Template)]
#[template(path = "admin_key_made.html")]
struct MadePage<'a> {
    frame: &'a Frame,
    secret: String,
}

pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let draft = match draft::key(&visit.form, visit.control.now()) {
        Ok((draft, _)) => draft,
        Err(fault) => return listed(visit, Some(&fault)).await,
    };
    let draft = AdminKeyDraft {
        name: draft.name,
        permission: draft.policy.permission,
        expiry: draft.expiry,
    };
    match visit.control.create_admin_key(&visit.author()?, draft).await {
        Ok(made) => {
            let frame = visit.frame("Your new admin API key");
            let secret = reveal::token(&made.secret);
            Ok(visit.show(&MadePage { frame: &frame, secret })?.with_secret())
        }
        Err(fault) => {
            let about_scopes = fault.param.as_deref() == Some("scopes");
            let fault = if about_scopes { fault.param("permission") } else { fault };
            let fault = typed::onto(fault, &["name", "permission", "expiry", "expires"]);
            listed(visit, Some(&fault)).await
        }
    }
}

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let owned = visit.control.admin_key(&visit.id::<KeyId>(0)).await?;
    let shown = line(&owned);
    Ok(Question {
        title: "Delete an admin API key",
        question: format!("Delete {}?", shown.name),
        lead: "Every program that manages this Tollgate with it is refused from its next call on. \
               This cannot be undone."
            .to_owned(),
        action: shown.path,
        fields: Vec::new(),
        button: "Delete the key",
        back: "/admin-keys".to_owned(),
        typed: Some(shown.name),
    })
}

pub(crate) async fn ask_delete(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

pub(crate) async fn delete(visit: &Visit<'_>) -> Shown {
    let question = question(visit).await?;
    if let Some(page) = question.unsure(visit) {
        return page;
    }
    match visit.control.delete_admin_key(&visit.author()?, &visit.id(0)).await {
        Ok(()) => Ok(Page::to("/admin-keys").saying("The key is deleted.")),
        // The key of this start stays, and the page says where it comes from.
        Err(fault) => question.refused(visit, fault),
    }
}
