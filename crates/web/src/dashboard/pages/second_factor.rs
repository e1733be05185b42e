//! The second factor: asked for behind the password, and set up on a page of the account.

use askama::Template;
use control::NewFactor;
use domain::{Fault, Secret};
use qrcodegen::{QrCode, QrCodeEcc};

use super::super::cookies::SetCookie;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::sign_in::{self, way_back};

#[derive(Template)]
#[template(path = "second_factor.html")]
struct AskPage<'a> {
    frame: &'a Frame,
    back: &'a str,
    resume: Option<(&'a str, &'a str)>,
    fault: Option<&'a Fault>,
}

#[derive(Template)]
#[template(path = "new_factor.html")]
struct NewFactorPage<'a> {
    frame: &'a Frame,
    secret: String,
    /// Side of the picture in modules, and its dark ones as the path of an SVG.
    side: i32,
    picture: String,
    fault: Option<&'a Fault>,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage<'a> {
    frame: &'a Frame,
    codes: Vec<String>,
}

/// In answer to a password that was right.
pub(crate) fn ask(
    visit: &Visit<'_>,
    back: &str,
    resume: Option<(&str, &str)>,
    fault: Option<&Fault>,
) -> Shown {
    let frame = visit.frame("Second factor");
    let page = visit.show(&AskPage { frame: &frame, back, resume, fault })?;
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

pub(crate) async fn submit(visit: &Visit<'_>) -> Shown {
    let back = way_back(visit.form.text("back")).unwrap_or("/");
    let resume = sign_in::resumed(&visit.form);
    let half = match &visit.cookies.session {
        Some(secret) => visit.control.half_signed_in(secret).await?,
        None => None,
    };
    // Too late: the password is asked for again.
    let Some(half) = half else { return Ok(Page::to("/sign-in")) };
    let code = visit.form.text("code");
    match visit.control.complete_sign_in(&visit.visitor(), half, code).await {
        Ok(opened) => sign_in::come_in(visit, opened.secret, back, resume),
        Err(fault) if fault.entry.status < 500 => ask(visit, back, resume, Some(&fault)),
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn new(visit: &Visit<'_>) -> Shown {
    let factor = visit.control.new_factor(visit.who()?);
    show(visit, &factor, None)
}

pub(crate) async fn enable(visit: &Visit<'_>) -> Shown {
    let (secret, code) = (visit.form.secret("factor"), visit.form.text("code"));
    let who = visit.who()?;
    match visit.control.enable_factor(&visit.visitor(), who, &secret, code).await {
        Ok(codes) => codes_page(visit, &codes),
        Err(fault) if fault.entry.status < 500 => {
            show(visit, &visit.control.factor_of(who, secret), Some(&fault))
        }
        Err(fault) => Err(fault),
    }
}

pub(crate) async fn disable(visit: &Visit<'_>) -> Shown {
    visit.control.disable_factor(&visit.visitor(), visit.who()?).await?;
    Ok(Page::to("/account").saying("The second factor is off."))
}

pub(crate) async fn renew_codes(visit: &Visit<'_>) -> Shown {
    let codes = visit.control.renew_recovery_codes(&visit.visitor(), visit.who()?).await?;
    codes_page(visit, &codes)
}

fn codes_page(visit: &Visit<'_>, codes: &[Secret]) -> Shown {
    let frame = visit.frame("Recovery codes");
    let codes = codes.iter().map(crate::reveal::token).collect();
    Ok(visit.show(&CodesPage { frame: &frame, codes })?.with_secret())
}

fn show(visit: &Visit<'_>, factor: &NewFactor, fault: Option<&Fault>) -> Shown {
    let frame = visit.frame("Set up a second factor");
    let (side, picture) = picture(&crate::reveal::token(&factor.link));
    let secret = crate::reveal::token(&factor.secret);
    let page = NewFactorPage { frame: &frame, secret, side, picture, fault };
    let page = visit.show(&page)?.with_secret();
    Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
}

/// A QR code, with the quiet edge of four modules that it must have.
fn picture(text: &str) -> (i32, String) {
    const EDGE: i32 = 4;
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return (0, String::new()) };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{},{}h1v1h-1z", x + EDGE, y + EDGE));
        }
    }
    (code.size() + 2 * EDGE, path)
}

/// For a session that was opened half; whoever calls has checked that it is.
pub(crate) fn instead_of_home(
    visit: &Visit<'_>,
    secret: Secret,
    back: &str,
    resume: Option<(&str, &str)>,
) -> Shown {
    Ok(ask(visit, back, resume, None)?.setting(SetCookie::Session(secret)))
}
