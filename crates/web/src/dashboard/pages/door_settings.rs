//! Settings of the door: who may make an account, and whether everybody needs a checked phone.

use askama::Template;
use domain::fault::catalogue;
use domain::{Fault, PhonePolicy, SignUp};

use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};

#[derive(Template)]
#[template(path = "door_settings.html")]
struct DoorSettingsPage<'a> {
    frame: &'a Frame,
    open: bool,
    /// Whether somebody brings codes to phones.
    phones: bool,
    required: bool,
    fault: Option<&'a Fault>,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    page(visit, None).await
}

async fn page(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let open = visit.control.sign_up_policy().await? == SignUp::Open;
    let required = visit.control.phone_policy().await? == PhonePolicy::Required;
    let phones = visit.control.checks_phones();
    let frame = visit.frame("Signing in");
    let page = visit.show(&DoorSettingsPage { frame: &frame, open, phones, required, fault })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn set_phones(visit: &Visit<'_>) -> Shown {
    let policy = PhonePolicy::parse(visit.form.text("phone_check"));
    let policy = policy.ok_or_else(|| Fault::new(&catalogue::INVALID_VALUE))?;
    match visit.control.set_phone_policy(&visit.author()?, policy).await {
        Ok(()) => {
            let said = match policy {
                PhonePolicy::Required => "Everybody checks a phone from now on.",
                PhonePolicy::Optional => "A checked phone is everybody's own choice now.",
            };
            Ok(Page::to("/settings/sign-in").saying(said))
        }
        Err(fault) => page(visit, Some(&fault)).await,
    }
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
