//! Another address of mail for one's own account.

use askama::Template;

use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::{account, door};

/// A page behind a link that asks whether to go on.
#[derive(Template)]
#[template(path = "new_email.html")]
struct NewEmailPage<'a> {
    frame: &'a Frame,
    email: &'a str,
    token: &'a str,
}

pub(crate) async fn ask(visit: &Visit<'_>) -> Shown {
    let email = visit.form.text("email");
    match visit.control.ask_for_email(&visit.visitor(), visit.who()?, email).await {
        Ok(()) => door::said(
            visit,
            "Look into your mail",
            "A link is on its way to the new address. Open it here, signed in. It works for 30 \
             minutes; until then your address stays as it is.",
        ),
        Err(fault) if fault.entry.status < 500 => account::page(visit, Some(&fault)).await,
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn look(visit: &Visit<'_>) -> Shown {
    let email = visit.control.new_email(visit.who()?, &visit.query.secret("token")).await?;
    let frame = visit.frame("Your new address");
    let token = visit.query.text("token");
    let page = visit.show(&NewEmailPage { frame: &frame, email: &email, token })?;
    Ok(page.with_secret())
}

pub(crate) async fn change(visit: &Visit<'_>) -> Shown {
    let link = visit.form.secret("token");
    visit.control.change_email(&visit.visitor(), visit.who()?, &link).await?;
    let said = "Your address is changed. All other sessions are ended.";
    Ok(Page::to("/account").saying(said))
}
