//! Signing in and out. What was typed into another page's form meanwhile goes on behind it.

use askama::Template;
use domain::fault::catalogue;
use domain::{Fault, Secret, SignUp};

use super::super::cookies::SetCookie;
use super::super::form::Form;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::second_factor;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: &'a Frame,
    email: &'a str,
    /// Where to go then.
    back: &'a str,
    /// A form that was sent without a session: its path and its fields.
    resume: Option<(&'a str, &'a str)>,
    fault: Option<&'a Fault>,
    /// Nobody can sign in before the first owner has come.
    needs_setup: bool,
    /// Whether anybody may make an account.
    open: bool,
    /// Address and label of each provider of identities.
    providers: Vec<(String, String)>,
    safe: bool,
}

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumePage<'a> {
    frame: &'a Frame,
    path: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

/// `GET /`: whoever is signed in sees the first place that is theirs.
pub(crate) async fn home(visit: &Visit<'_>) -> Shown {
    let Some(who) = &visit.who else { return Ok(Page::to("/sign-in")) };
    if who.authority.allows(super::SEE, None) {
        return Ok(Page::to("/overview"));
    }
    match visit.projects().first() {
        Some(project) => Ok(Page::to(&format!("/projects/{}/overview", project.id))),
        None => Err(Fault::because(
            &catalogue::ROLE_REQUIRED,
            "You are signed in, but nobody has given you a role yet. Ask an owner of the \
             organization.",
        )),
    }
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    let back = way_back(visit.query.text("back")).unwrap_or("/");
    if visit.who.is_some() {
        return Ok(Page::to(back));
    }
    form(visit, "", back, None, None).await
}

pub(crate) async fn submit(visit: &Visit<'_>) -> Shown {
    if !visit.is_safe() {
        return Err(Fault::new(&catalogue::PUBLIC_URL_REQUIRED));
    }
    let typed = &visit.form;
    let back = way_back(typed.text("back")).unwrap_or("/");
    let resume = resumed(typed);
    let email = typed.text("email");
    let opened = visit.control.sign_in(&visit.visitor(), email, typed.secret("password")).await;
    match opened {
        Ok(opened) => {
            if opened.session.half {
                return second_factor::instead_of_home(visit, opened.secret, back, resume);
            }
            come_in(visit, opened.secret, back, resume)
        }
        Err(fault) if fault.entry.status < 500 => {
            form(visit, email, back, resume, Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}

/// A new secret at each sign-in: what the browser held before is worth nothing (case 132).
pub(crate) fn come_in(
    visit: &Visit<'_>,
    session: Secret,
    back: &str,
    resume: Option<(&str, &str)>,
) -> Shown {
    let page = match resume {
        Some((path, fields)) => go_on(visit, path, fields, &session)?,
        None => Page::to(back),
    };
    Ok(page.setting(SetCookie::Session(session)))
}

/// A form that was sent without a session, as the pages of the door hand it on.
pub(crate) fn resumed(typed: &Form) -> Option<(&str, &str)> {
    way_back(typed.text("resume")).map(|path| (path, typed.text("resume_fields")))
}

pub(crate) async fn out(visit: &Visit<'_>) -> Shown {
    visit.control.sign_out(&visit.visitor(), visit.who()?).await?;
    Ok(Page::to("/sign-in").setting(SetCookie::EndSession).saying("You are signed out."))
}

/// In place of a page that needs somebody signed in.
pub(crate) fn instead(visit: &Visit<'_>) -> Page {
    let here = visit.here();
    let asked = super::super::form::encode(&here);
    if !visit.is_post() {
        return Page::to(&format!("/sign-in?back={asked}"));
    }
    let kept = visit.form.kept();
    let frame = visit.frame("Sign in");
    let ended = Fault::because(
        &catalogue::SESSION_REQUIRED,
        "Your session has ended. Sign in, and what you typed is sent then.",
    );
    let page = SignInPage {
        frame: &frame,
        email: "",
        back: "/",
        resume: Some((&here, &kept)),
        fault: Some(&ended),
        needs_setup: false,
        open: false,
        // What was typed would be lost on the way there and back.
        providers: Vec::new(),
        safe: visit.is_safe(),
    };
    Page::of(&page).map_or_else(|_| Page::to("/sign-in"), |page| page.status(401))
}

async fn form(
    visit: &Visit<'_>,
    email: &str,
    back: &str,
    resume: Option<(&str, &str)>,
    fault: Option<&Fault>,
) -> Shown {
    let frame = visit.frame("Sign in");
    let needs_setup = visit.control.needs_setup().await?;
    let open = visit.control.sign_up_policy().await? == SignUp::Open;
    let safe = visit.is_safe();
    let encoded = super::super::form::encode(back);
    let provider = |(name, label): (&str, &str)| {
        (format!("/sign-in/with/{name}?back={encoded}"), label.to_owned())
    };
    let providers = match resume {
        None => visit.control.identity_providers().map(provider).collect(),
        Some(_) => Vec::new(),
    };
    let page = SignInPage {
        frame: &frame,
        email,
        back,
        resume,
        fault,
        needs_setup,
        open,
        providers,
        safe,
    };
    Ok(visit.show(&page)?.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// A page that sends the form once more, under the new session.
fn go_on(visit: &Visit<'_>, path: &str, fields: &str, session: &Secret) -> Shown {
    let fields = Form::parse(fields).unwrap_or_default();
    let mut frame = visit.frame("Go on");
    frame.proof = visit.control.form_proof(session);
    visit.show(&ResumePage { frame: &frame, path, fields: fields.fields().collect() })
}

/// A path of our own, so that nobody is sent to another host.
pub(crate) fn way_back(path: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    let ours = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(plain);
    ours.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_after_signing_in() {
        for path in ["/", "/keys?x=1", "/projects/p/keys"] {
            assert_eq!(way_back(path), Some(path));
        }
        for path in ["", "//evil", "/\\evil", "https://evil", "/a b", "/\n", "javascript:x", "/é"]
        {
            assert_eq!(way_back(path), None, "{path:?}");
        }
    }
}
