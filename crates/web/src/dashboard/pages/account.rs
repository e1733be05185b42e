//! What somebody chooses for themselves.

use super::super::cookies::{SetCookie, Theme};
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use super::sign_in::way_back;

/// `POST /theme`: light, dark, or as the system has it. Kept in this browser.
pub(crate) async fn theme(visit: &Visit<'_>) -> Shown {
    let theme = Theme::parse(visit.form.text("theme")).unwrap_or_default();
    let back = way_back(visit.form.text("back")).unwrap_or("/");
    Ok(Page::to(back).setting(SetCookie::Theme(theme)))
}
