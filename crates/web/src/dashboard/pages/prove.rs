//! Showing once more who one is, before what matters.

use askama::Template;
use domain::Fault;
use domain::fault::catalogue;

use super::super::cookies::SetCookie;
use super::super::form::Form;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::sign_in::way_back;

#[derive(Template)]
#[template(path = "prove.html")]
struct ProvePage<'a> {
    frame: &'a Frame,
    /// What was asked for: its path, and the fields where it was a form.
    path: &'a str,
    fields: &'a str,
    was_form: bool,
    fault: Option<&'a Fault>,
}

#[derive(Template)]
#[template(path = "resume.html")]
struct ResumePage<'a> {
    frame: &'a Frame,
    path: &'a str,
    fields: Vec<(&'a str, &'a str)>,
}

/// In place of a page that needs a fresh proof.
pub(crate) fn instead(visit: &Visit<'_>) -> Page {
    let (path, fields) = (visit.here(), visit.form.kept());
    let page = form(visit, &path, &fields, visit.is_post(), None);
    page.unwrap_or_else(|_| Page::to("/"))
}

pub(crate) async fn submit(visit: &Visit<'_>) -> Shown {
    let path = way_back(visit.form.text("resume")).unwrap_or("/");
    let fields = visit.form.text("resume_fields");
    let was_form = visit.form.text("resume_form") == "yes";
    let password = visit.form.secret("password");
    match visit.control.prove(&visit.visitor(), visit.who()?, password).await {
        Ok(proved) => {
            let page = if was_form {
                let kept = Form::parse(fields).unwrap_or_default();
                let mut frame = visit.frame("Go on");
                frame.proof = visit.control.form_proof(&proved);
                let fields = kept.fields().collect();
                visit.show(&ResumePage { frame: &frame, path, fields })?
            } else {
                Page::to(path)
            };
            Ok(page.setting(SetCookie::Session(proved)))
        }
        Err(fault) if fault.entry.status < 500 => form(visit, path, fields, was_form, Some(&fault)),
        Err(fault) => Err(fault),
    }
}

fn form(
    visit: &Visit<'_>,
    path: &str,
    fields: &str,
    was_form: bool,
    fault: Option<&Fault>,
) -> Shown {
    let frame = visit.frame("Confirm that it is you");
    let page = visit.show(&ProvePage { frame: &frame, path, fields, was_form, fault })?;
    Ok(page.status(fault.map_or(catalogue::PROOF_REQUIRED.status, |fault| fault.entry.status)))
}
