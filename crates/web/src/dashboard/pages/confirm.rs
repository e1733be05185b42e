//! The page that asks before what cannot be undone.

use askama::Template;
use domain::Fault;

use super::super::frame::Frame;
use super::super::visit::{Shown, Visit};
use super::typed::invalid;

pub(super) struct Question {
    pub(super) title: &'static str,
    pub(super) question: String,
    pub(super) lead: String,
    /// Where the form goes.
    pub(super) action: String,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) button: &'static str,
    pub(super) back: String,
    /// What is to be typed first, where it is grave.
    pub(super) typed: Option<String>,
}

#[derive(Template)]
#[template(path = "sure.html")]
struct SurePage<'a> {
    frame: &'a Frame,
    ask: &'a Question,
    fault: Option<&'a Fault>,
}

impl Question {
    pub(super) fn ask(&self, visit: &Visit<'_>) -> Shown {
        self.show(visit, None)
    }

    fn show(&self, visit: &Visit<'_>, fault: Option<&Fault>) -> Shown {
        let frame = visit.frame(self.title);
        let page = visit.show(&SurePage { frame: &frame, ask: self, fault })?;
        Ok(page.status(fault.map_or(200, |fault| fault.entry.status)))
    }

    /// The same page once more, with what is wrong; `None` where the name was typed as it stands.
    pub(super) fn unsure(&self, visit: &Visit<'_>) -> Option<Shown> {
        let wanted = self.typed.as_deref()?;
        (visit.form.text("typed") != wanted.trim()).then(|| {
            let fault = invalid("typed", "Type the name as it stands above.");
            self.show(visit, Some(&fault))
        })
    }

    /// The same page with what the change was refused for.
    pub(super) fn refused(&self, visit: &Visit<'_>, fault: Fault) -> Shown {
        self.show(visit, Some(&super::typed::onto(fault, &["typed"])))
    }
}
