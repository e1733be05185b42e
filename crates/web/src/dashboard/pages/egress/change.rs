//! An egress is added, changed and removed.

use askama::Template;
use domain::Fault;
use domain::fault::catalogue;

use super::super::super::frame::Frame;
use super::super::super::page::Page;
use super::super::super::visit::{Shown, Visit};
use super::super::confirm::Question;
use super::super::typed::onto;
use super::shown;
use super::typed::{Logins, Typed};

const FIELDS: [&str; 7] =
    ["name", "proxies", "credential", "default", "proxy_resolves", "health_url", "logins"];

#[derive(Template)]
#[template(path = "egress_new.html")]
struct NewPage<'a> {
    frame: &'a Frame,
    typed: Typed,
    fault: Option<&'a Fault>,
}

pub(crate) async fn new(visit: &Visit<'_>) -> Shown {
    form(visit, None)
}

fn form(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Add an egress");
    let page = visit.show(&NewPage { frame: &frame, typed: Typed::of(&visit.form), fault })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn create(visit: &Visit<'_>) -> Shown {
    let draft = Typed::of(&visit.form).draft(visit.form.some("credential"));
    match visit.control.create_egress(&visit.author()?, draft).await {
        Ok(made) => {
            let page = Page::to(&format!("/egress/{}", made.egress.name));
            Ok(page.saying("The egress is added. Test it before somebody takes it."))
        }
        Err(fault) => form(visit, Some(&onto(fault, &FIELDS))),
    }
}

pub(crate) async fn update(visit: &Visit<'_>) -> Shown {
    let name: String = visit.id(0);
    let (typed, login) = (Typed::of(&visit.form), visit.form.some("credential"));
    if typed.logins == Logins::Replace && login.is_none() {
        let why = "Type the login that all of them get, or choose that none has one.";
        let fault = Fault::because(&catalogue::INVALID_VALUE, why).param("credential");
        return shown(visit, Vec::new(), Some(typed), Some(&fault)).await;
    }
    let before = visit.control.egress(&name).await?.egress;
    let patch = typed.patch(login, &before);
    match visit.control.update_egress(&visit.author()?, &name, patch).await {
        Ok(_) => {
            let page = Page::to(&format!("/egress/{name}"));
            Ok(page.saying("The egress is changed, from the next call on."))
        }
        Err(fault) => shown(visit, Vec::new(), Some(typed), Some(&onto(fault, &FIELDS))).await,
    }
}

async fn question(visit: &Visit<'_>) -> Result<Question, Fault> {
    let name = visit.control.egress(&visit.id::<String>(0)).await?.egress.name;
    Ok(Question {
        title: "Remove an egress",
        question: format!("Remove {name}?"),
        lead: "Its logins are gone then. It cannot be removed while somebody takes it.".to_owned(),
        action: format!("/egress/{name}/remove"),
        fields: Vec::new(),
        button: "Remove the egress",
        back: format!("/egress/{name}"),
        typed: Some(name),
    })
}

pub(crate) async fn ask_remove(visit: &Visit<'_>) -> Shown {
    question(visit).await?.ask(visit)
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    let question = question(visit).await?;
    if let Some(page) = question.unsure(visit) {
        return page;
    }
    match visit.control.remove_egress(&visit.author()?, &visit.id::<String>(0)).await {
        Ok(()) => Ok(Page::to("/egress").saying("The egress is removed.")),
        // Somebody takes it, and the page says who.
        Err(fault) => question.refused(visit, fault),
    }
}
