//! The other ways through the door: a lost password, an account of one's own, an invitation. The
//! links of mails are looked at with GET and used with POST (case 137).

use askama::Template;
use control::{AccountDraft, NewSession};
use domain::fault::catalogue;
use domain::{Fault, LinkPurpose, SignUp};

use super::super::cookies::SetCookie;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::second_factor;

/// A page that asks for an address to write to.
#[derive(Template)]
#[template(path = "ask.html")]
struct AskPage<'a> {
    frame: &'a Frame,
    lead: &'a str,
    action: &'a str,
    button: &'a str,
    email: &'a str,
    fault: Option<&'a Fault>,
}

/// A page with one sentence that says how it goes on.
#[derive(Template)]
#[template(path = "said.html")]
struct SaidPage<'a> {
    frame: &'a Frame,
    text: &'a str,
}

/// A page behind a link: who somebody is, or only a new password.
#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage<'a> {
    frame: &'a Frame,
    lead: &'a str,
    action: &'a str,
    button: &'a str,
    token: &'a str,
    /// Absent where only a password is asked for.
    person: Option<&'a str>,
    fault: Option<&'a Fault>,
}

pub(crate) async fn reset(visit: &Visit<'_>) -> Shown {
    ask_reset(visit, None)
}

pub(crate) async fn send_reset(visit: &Visit<'_>) -> Shown {
    match visit.control.ask_for_reset(&visit.visitor(), visit.form.text("email")).await {
        Ok(()) => said(
            visit,
            "Look into your mail",
            "If somebody has an account with this address, a link is on its way to it. It works \
             for 30 minutes.",
        ),
        Err(fault) if fault.entry.status < 500 => ask_reset(visit, Some(&fault)),
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn new_password(visit: &Visit<'_>) -> Shown {
    let token = visit.query.secret("token");
    visit.control.look_at_link(LinkPurpose::Reset, &token).await?;
    join_reset(visit, visit.query.text("token"), None)
}

pub(crate) async fn take_password(visit: &Visit<'_>) -> Shown {
    need_safe(visit)?;
    let (link, password) = (visit.form.secret("token"), visit.form.secret("password"));
    match visit.control.reset_password(&visit.visitor(), &link, password).await {
        Ok(opened) => come_in(visit, opened, "Your password is changed."),
        Err(fault) if fault.param.is_some() => {
            join_reset(visit, visit.form.text("token"), Some(&fault))
        }
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn sign_up(visit: &Visit<'_>) -> Shown {
    if visit.control.sign_up_policy().await? != SignUp::Open {
        return Err(Fault::new(&catalogue::SIGN_UP_CLOSED));
    }
    ask_account(visit, None)
}

pub(crate) async fn send_sign_up(visit: &Visit<'_>) -> Shown {
    match visit.control.ask_for_account(&visit.visitor(), visit.form.text("email")).await {
        Ok(()) => said(
            visit,
            "Look into your mail",
            "A link to go on is on its way to this address. It works for a day.",
        ),
        Err(fault) if fault.param.is_some() || fault.entry.status == 429 => {
            ask_account(visit, Some(&fault))
        }
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn go_on(visit: &Visit<'_>) -> Shown {
    let token = visit.query.secret("token");
    visit.control.look_at_link(LinkPurpose::SignUp, &token).await?;
    join_sign_up(visit, visit.query.text("token"), None)
}

pub(crate) async fn make_account(visit: &Visit<'_>) -> Shown {
    need_safe(visit)?;
    let link = visit.form.secret("token");
    match visit.control.sign_up(&visit.visitor(), &link, draft(visit)).await {
        Ok(opened) => come_in(visit, opened, "Welcome to Tollgate."),
        Err(fault) if fault.param.is_some() => {
            join_sign_up(visit, visit.form.text("token"), Some(&fault))
        }
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn invite(visit: &Visit<'_>) -> Shown {
    let invite = visit.control.invited(&visit.query.secret("token")).await?;
    join_invite(visit, visit.query.text("token"), &invite.email, None)
}

pub(crate) async fn accept(visit: &Visit<'_>) -> Shown {
    need_safe(visit)?;
    let link = visit.form.secret("token");
    match visit.control.accept_invitation(&visit.visitor(), &link, draft(visit)).await {
        Ok(opened) => come_in(visit, opened, "Welcome to Tollgate."),
        Err(fault) if fault.param.is_some() => {
            let invite = visit.control.invited(&link).await?;
            join_invite(visit, visit.form.text("token"), &invite.email, Some(&fault))
        }
        Err(fault) => Err(fault),
    }
}

pub(crate) fn need_safe(visit: &Visit<'_>) -> Result<(), Fault> {
    match visit.is_safe() {
        true => Ok(()),
        false => Err(Fault::new(&catalogue::PUBLIC_URL_REQUIRED)),
    }
}

/// Into the house, or to the second factor first.
fn come_in(visit: &Visit<'_>, opened: NewSession, said: &str) -> Shown {
    if opened.session.half {
        return second_factor::ask(visit, "/", None, None)
            .map(|page| page.setting(SetCookie::Session(opened.secret)));
    }
    Ok(Page::to("/").setting(SetCookie::Session(opened.secret)).saying(said))
}

fn draft(visit: &Visit<'_>) -> AccountDraft {
    let name = visit.form.text("name").to_owned();
    AccountDraft { name, password: visit.form.secret("password") }
}

fn ask_reset(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Forgot your password?");
    let lead = "Type the address of your account. A link to choose a new password is sent to it.";
    ask(visit, &frame, (lead, "/reset", "Send the link"), fault)
}

fn ask_account(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Make an account");
    let lead = "Type your address. A link to go on is sent to it.";
    ask(visit, &frame, (lead, "/sign-up", "Send the link"), fault)
}

fn ask(
    visit: &Visit<'_>,
    frame: &Frame,
    (lead, action, button): (&str, &str, &str),
    fault: Option<&Fault>,
) -> Shown {
    let email = visit.form.text("email");
    let page = visit.show(&AskPage { frame, lead, action, button, email, fault })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) fn said(visit: &Visit<'_>, title: &str, text: &str) -> Shown {
    let frame = visit.frame(title);
    visit.show(&SaidPage { frame: &frame, text })
}

fn join_reset(visit: &Visit<'_>, token: &str, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Choose a new password");
    let lead = "All your sessions are ended then.";
    join(visit, &frame, (lead, "/reset/new", "Change the password"), (token, None), fault)
}

fn join_sign_up(visit: &Visit<'_>, token: &str, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Make your account");
    let name = Some(visit.form.text("name"));
    join(visit, &frame, ("", "/sign-up/go-on", "Make the account"), (token, name), fault)
}

fn join_invite(visit: &Visit<'_>, token: &str, email: &str, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("You are invited");
    let lead = format!("Your account will be that of {email}.");
    let name = Some(visit.form.text("name"));
    join(visit, &frame, (&lead, "/invite", "Make the account"), (token, name), fault)
}

fn join(
    visit: &Visit<'_>,
    frame: &Frame,
    (lead, action, button): (&str, &str, &str),
    (token, person): (&str, Option<&str>),
    fault: Option<&Fault>,
) -> Shown {
    let page = JoinPage { frame, lead, action, button, token, person, fault };
    let page = visit.show(&page)?.with_secret();
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}
