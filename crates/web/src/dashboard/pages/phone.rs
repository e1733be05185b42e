//! Showing that a phone is one's own: its number, then the code that went to it.

use askama::Template;
use domain::{Fault, PhonePolicy};

use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};

#[derive(Template)]
#[template(path = "phone.html")]
struct PhonePage<'a> {
    frame: &'a Frame,
    /// The phone that they have shown to be theirs, as far as it can be seen.
    has: Option<&'a str>,
    /// The one that a code went to.
    asked: Option<&'a str>,
    required: bool,
    /// As it was typed.
    number: &'a str,
    fault: Option<&'a Fault>,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    page(visit, None).await
}

pub(crate) async fn ask(visit: &Visit<'_>) -> Shown {
    let number = visit.form.text("phone");
    match visit.control.ask_for_phone(&visit.visitor(), visit.who()?, number).await {
        Ok(_) => Ok(Page::to("/account/phone").saying("A code is on its way to this phone.")),
        Err(fault) => page(visit, Some(&fault)).await,
    }
}

pub(crate) async fn take(visit: &Visit<'_>) -> Shown {
    let code = visit.form.text("code");
    match visit.control.take_phone(&visit.visitor(), visit.who()?, code).await {
        Ok(()) => Ok(Page::to("/account").saying("Your phone is checked.")),
        Err(fault) => page(visit, Some(&fault)).await,
    }
}

pub(crate) async fn remove(visit: &Visit<'_>) -> Shown {
    visit.control.remove_phone(&visit.visitor(), visit.who()?).await?;
    Ok(Page::to("/account").saying("Your phone is removed."))
}

/// In place of every page but one's own account's, where everybody must have a phone.
pub(crate) fn instead() -> Page {
    Page::to("/account/phone").saying("Check your phone first: everybody does so here.")
}

async fn page(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let who = visit.who()?;
    let ways = visit.control.ways_in(who).await?;
    let asked = visit.control.asked_phone(who);
    let required = visit.control.phone_policy().await? == PhonePolicy::Required;
    let frame = visit.frame("Your phone");
    let page = visit.show(&PhonePage {
        frame: &frame,
        has: ways.phone.as_ref().map(|phone| phone.shown.as_str()),
        asked: asked.as_deref(),
        required,
        number: visit.form.text("phone"),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}
