//! Settings of the door: who may make an account.

use askama::Template;
use domain::Fault;
use domain::SignUp;
use domain::fault::catalogue;

use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};

#[derive(Template)]
#[template(path = "door_settings.html")]
struct DoorSettingsPage<'a> {
    frame: &'a Frame,
    open: bool,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let open = visit.control.sign_up_policy().await? == SignUp::Open;
    let frame = visit.frame("Signing in");
    visit.show(&DoorSettingsPage { frame: &frame, open })
}

pub(crate) async fn set(visit: &Visit<'_>) -> Shown {
    let policy = SignUp::parse(visit.form.text("sign_up"));
    let policy = policy.ok_or_else(|| Fault::new(&catalogue::INVALID_VALUE))?;
    visit.control.set_sign_up_policy(&visit.author()?, policy).await?;
    let said = match policy {
        SignUp::Open => "Whoever has an address may make an account now.",
        SignUp::Invited => "Accounts are made by invitation now.",
    };
    Ok(Page::to("/settings/sign-in").saying(said))
}
