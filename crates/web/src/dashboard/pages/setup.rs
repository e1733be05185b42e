//! The first owner, behind the one-time setup link.

use askama::Template;
use control::SetupDraft;
use domain::Fault;
use domain::fault::catalogue;

use super::super::cookies::SetCookie;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage<'a> {
    frame: &'a Frame,
    token: &'a str,
    name: &'a str,
    email: &'a str,
    fault: Option<&'a Fault>,
}

/// Looking at it does not use it: mail scanners and previews look at every link (case 137).
pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let token = visit.query.secret("token");
    visit.control.check_setup_link(&token).await?;
    form(visit, visit.query.text("token"), None)
}

pub(crate) async fn submit(visit: &Visit<'_>) -> Shown {
    if !visit.is_safe() {
        return Err(Fault::new(&catalogue::PUBLIC_URL_REQUIRED));
    }
    let draft = SetupDraft {
        name: visit.form.text("name").to_owned(),
        email: visit.form.text("email").to_owned(),
        password: visit.form.secret("password"),
    };
    let link = visit.form.secret("token");
    match visit.control.set_up(&visit.visitor(), &link, draft).await {
        Ok(opened) => {
            // Goes on to the overview where there is everything already.
            let page = Page::to("/welcome").setting(SetCookie::Session(opened.secret));
            Ok(page.saying("Welcome. This Tollgate is yours now."))
        }
        // A field's fault: the page again, with what was typed.
        Err(fault) if fault.param.is_some() => form(visit, visit.form.text("token"), Some(&fault)),
        Err(fault) => Err(fault),
    }
}

fn form(visit: &Visit<'_>, token: &str, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Set up Tollgate");
    let (name, email) = (visit.form.text("name"), visit.form.text("email"));
    let page = visit.show(&SetupPage { frame: &frame, token, name, email, fault })?;
    Ok(page.with_secret().status(fault.map_or(200, |fault| fault.entry.status)))
}
