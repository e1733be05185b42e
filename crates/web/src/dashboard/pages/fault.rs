//! Refusals, as pages.

use askama::Template;
use domain::Fault;
use domain::fault::catalogue;

use super::super::Dashboard;
use super::super::cookies::Cookies;
use super::super::form::Form;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use crate::ApiRequest;

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    frame: &'a Frame,
    status: u16,
    code: &'a str,
    message: &'a str,
    remedy: &'a str,
    request: &'a str,
    was_form: bool,
}

pub(crate) fn page(visit: &Visit<'_>, fault: &Fault) -> Shown {
    let frame = visit.frame("Not done");
    let shown = FaultPage {
        frame: &frame,
        status: fault.entry.status,
        code: fault.entry.code,
        message: &fault.message,
        remedy: remedy(fault),
        request: visit.request.request_id.as_str(),
        was_form: visit.is_post(),
    };
    Ok(Page::of(&shown)?.status(fault.entry.status))
}

/// What a person can do. The catalogue speaks to programs, of base URLs.
fn remedy(fault: &Fault) -> &'static str {
    match std::ptr::eq(fault.entry, &raw const catalogue::NOT_FOUND) {
        true => {
            "It may have been removed, be in another project, or not be for you to see. Check the \
             address, or begin at the first page."
        }
        false => fault.entry.remedy,
    }
}

/// The same for a request that nothing was read of yet.
pub(crate) fn bare(dashboard: &Dashboard, request: &ApiRequest<'_>, fault: &Fault) -> Page {
    let cookies = Cookies::default();
    let visit = Visit::new(dashboard, request, &cookies, None, Form::default());
    page(&visit, fault).unwrap_or_else(|_| Page::to("/").status(500))
}
