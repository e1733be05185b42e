//! One's own account: name, password, second factor, sessions; and what this browser likes.

use askama::Template;
use domain::{Fault, Session};

use super::super::cookies::{SetCookie, Theme};
use super::super::figures::{instant, when};
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::confirm::Question;
use super::sign_in::way_back;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    frame: &'a Frame,
    person_name: &'a str,
    email: &'a str,
    /// As it was typed, or as it is.
    new_email: &'a str,
    has_password: bool,
    has_factor: bool,
    /// Whether phones are checked here, and theirs as far as it can be seen.
    phones: bool,
    phone: Option<&'a str>,
    codes_left: u32,
    /// Issuer, address there.
    identities: Vec<(String, String)>,
    /// Address and label of each provider that is no way in yet.
    providers: Vec<(String, String)>,
    sessions: Vec<SessionLine>,
    fault: Option<&'a Fault>,
}

struct SessionLine {
    id: String,
    agent: String,
    address: String,
    since: (String, String),
    seen: (String, String),
    here: bool,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    page(visit, None).await
}

pub(crate) async fn rename(visit: &Visit<'_>) -> Shown {
    let name = visit.form.text("name");
    match visit.control.rename_myself(&visit.visitor(), visit.who()?, name).await {
        Ok(()) => Ok(Page::to("/account").saying("Your name is changed.")),
        Err(fault) => page(visit, Some(&fault)).await,
    }
}

pub(crate) async fn password(visit: &Visit<'_>) -> Shown {
    let (old, new) = (visit.form.secret("password"), visit.form.secret("new_password"));
    match visit.control.change_password(&visit.visitor(), visit.who()?, old, new).await {
        Ok(secret) => {
            let done = Page::to("/account").setting(SetCookie::Session(secret));
            Ok(done.saying("Your password is changed. All other sessions are ended."))
        }
        Err(fault) if fault.entry.status < 500 => page(visit, Some(&fault)).await,
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn end_session(visit: &Visit<'_>) -> Shown {
    visit.control.end_session(&visit.visitor(), visit.who()?, &visit.id(0)).await?;
    Ok(Page::to("/account").saying("The session is ended."))
}

pub(crate) async fn end_all(visit: &Visit<'_>) -> Shown {
    visit.control.end_all_sessions(&visit.visitor(), visit.who()?).await?;
    let page = Page::to("/sign-in").setting(SetCookie::EndSession);
    Ok(page.saying("You are signed out everywhere."))
}

pub(crate) async fn confirm_disable(visit: &Visit<'_>) -> Shown {
    let question = Question {
        title: "Turn the second factor off",
        question: "Turn the second factor off?".to_owned(),
        lead: "From then on your password alone lets you in, and your recovery codes are void."
            .to_owned(),
        action: "/account/second-factor/off".to_owned(),
        fields: Vec::new(),
        button: "Turn it off",
        back: "/account".to_owned(),
        typed: None,
    };
    question.ask(visit)
}

/// `POST /theme`: light, dark, or as the system has it. Kept in this browser.
pub(crate) async fn theme(visit: &Visit<'_>) -> Shown {
    let theme = Theme::parse(visit.form.text("theme")).unwrap_or_default();
    let back = way_back(visit.form.text("back")).unwrap_or("/");
    Ok(Page::to(back).setting(SetCookie::Theme(theme)))
}

pub(crate) async fn page(visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
    let who = visit.who()?;
    let ways = visit.control.ways_in(who).await?;
    let sessions = visit.control.sessions_of(&who.user.id).await?;
    let identities = visit.control.identities(who).await?;
    let provider =
        |(name, label): (&str, &str)| (format!("/account/link/{name}"), label.to_owned());
    let frame = visit.frame("Your account");
    let page = visit.show(&AccountPage {
        identities: identities.into_iter().map(|it| (it.issuer, it.email)).collect(),
        providers: visit.control.identity_providers().map(provider).collect(),
        frame: &frame,
        person_name: visit.form.some("name").unwrap_or(&who.user.name),
        email: &who.user.email,
        new_email: visit.form.some("email").unwrap_or(&who.user.email),
        has_password: ways.password.is_some(),
        phones: visit.control.checks_phones(),
        phone: ways.phone.as_ref().map(|phone| phone.shown.as_str()),
        has_factor: ways.has_second_factor(),
        codes_left: ways.recovery_codes,
        sessions: sessions.iter().map(|it| line(it, it.id == who.session.id)).collect(),
        fault,
    })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

fn line(session: &Session, here: bool) -> SessionLine {
    SessionLine {
        id: session.id.as_str().to_owned(),
        agent: browser(&session.agent),
        address: session.address.clone().unwrap_or_default(),
        since: (instant(session.created_at), when(session.created_at)),
        seen: (instant(session.seen_at), when(session.seen_at)),
        here,
    }
}

/// The browser's name, where it is one that we know; else its own words, shortened.
fn browser(agent: &str) -> String {
    let known = |words: &[(&str, &'static str)]| {
        words.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name)
    };
    // Each claims to be the ones behind it.
    let browser = known(&[
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrom", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = known(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.is_empty() => "Unknown".to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_as_people_know_it() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome on Linux");
        assert_eq!(browser(&format!("{chrome} Edg/156.0")), "Edge on Linux");
        assert_eq!(browser("curl/8"), "curl/8");
        assert_eq!(browser(""), "Unknown");
    }
}
