//! The pages that people see. Everything that is no API path is answered here.
//!
//! A request goes through [`Dashboard::handle`]: target → address that people see → origin of the
//! form → session → page → permission → the form's proof → handler → reply with its headers.
//!
//! * `pages.rs`: every page on one page; `pages/*.rs`: their handlers, by name of the page.
//! * `visit.rs`: what a handler is given; `page.rs`: what it gives back.
//! * `frame.rs`: what stands around every page; `templates/` how it all looks.
//! * `guard.rs`, `cookies.rs`, `once.rs`: which forms are taken, from whom, how often.

mod assets;
mod caller;
mod chart;
mod cookies;
mod figures;
mod form;
mod frame;
mod guard;
mod once;
mod page;
mod pages;
mod visit;

use std::sync::Arc;

use control::{Control, Doctor, SignedIn};
use domain::fault::catalogue;
use domain::{Fault, Project};
use http::{HeaderMap, Method, header};
use openai::target;

use crate::{ApiReply, ApiRequest};
pub use caller::{CallKey, Called, Caller, PageCall};
use cookies::Cookies;
use form::Form;
use once::{Once, Turn};
use page::Page;
use pages::{Found, Who};
use visit::{Place, Visit};

/// How the dashboard is reached.
#[derive(Clone, Debug, Default)]
pub struct DashboardSettings {
    /// The address that people see, without a slash at its end: `https://tollgate.example.com`.
    /// Absent: this machine only.
    pub public_url: Option<String>,
    /// Whether Tollgate itself speaks TLS.
    pub tls: bool,
}

pub struct Dashboard {
    control: Arc<Control>,
    settings: DashboardSettings,
    doctor: Option<Arc<dyn Doctor>>,
    caller: Option<Arc<dyn Caller>>,
    once: Once,
    /// The same of people who are not signed in: they must not crowd out those who are.
    strangers: Once,
}

/// Forms that are kept in mind, of people who are signed in and of others. Each holds a page of 64 KiB
/// at most.
const FORMS: [usize; 2] = [1_000, 200];

impl Dashboard {
    #[must_use]
    pub fn new(control: Arc<Control>, settings: DashboardSettings) -> Self {
        let [once, strangers] = FORMS.map(Once::of);
        Self { control, settings, doctor: None, caller: None, once, strangers }
    }

    /// With somebody who looks for what is wrong.
    #[must_use]
    pub fn with_doctor(mut self, doctor: Arc<dyn Doctor>) -> Self {
        self.doctor = Some(doctor);
        self
    }

    /// With somebody who makes the calls of its pages.
    #[must_use]
    pub fn with_caller(mut self, caller: Arc<dyn Caller>) -> Self {
        self.caller = Some(caller);
        self
    }

    /// Every page and action, for whoever checks that each is guarded: method and path, with braces
    /// where an id stands.
    #[must_use]
    pub fn pages() -> Vec<(Method, String)> {
        pages::listed()
    }

    /// Whether a request is for the dashboard: one of its paths, or a browser that looks for a page.
    #[must_use]
    pub fn serves(path: &str, headers: &HeaderMap) -> bool {
        let of_browser = accepts_html(headers);
        match path {
            // Programs look whether somebody is there.
            "/" => of_browser,
            path => of_browser || assets::find(path).is_some() || pages::knows(path),
        }
    }

    /// Whether a request's body may be read: by its head alone.
    ///
    /// # Errors
    /// The reply to a form that did not come from our pages.
    pub fn admit(&self, head: &ApiRequest<'_>) -> Result<(), ApiReply> {
        let checked = guard::check(&self.settings, head);
        checked.map_err(|fault| pages::bare(self, head, &fault).reply(self.guarded(head)))
    }

    /// Answers one request. Never fails: a refusal is a page.
    pub async fn handle(&self, request: ApiRequest<'_>) -> ApiReply {
        if let Some(asset) = assets::find(request.path) {
            return asset.reply(request.headers);
        }
        let page = match self.serve(&request).await {
            Ok(page) => page,
            Err(fault) => pages::bare(self, &request, &fault),
        };
        page.reply(self.guarded(&request))
    }

    async fn serve(&self, request: &ApiRequest<'_>) -> Result<Page, Fault> {
        target::check(request.path, request.query)
            .map_err(|_| Fault::new(&catalogue::BAD_REQUEST_TARGET))?;
        guard::check(&self.settings, request)?;
        let cookies = Cookies::of(request.headers, self.is_secure(request));
        let who = match &cookies.session {
            Some(secret) => self.control.signed_in(secret).await?,
            None => None,
        };
        let form = Form::posted(request)?;
        let mut visit = Visit::new(self, request, &cookies, who, form);
        let page = self.answer(&mut visit).await;
        page.or_else(|fault| visit.refused(&fault))
    }

    async fn answer(&self, visit: &mut Visit<'_>) -> Result<Page, Fault> {
        let request = visit.request;
        let found = pages::find(request.path).ok_or(&catalogue::NOT_FOUND)?;
        let route = found.route(request.method)?;
        visit.ids.clone_from(&found.ids);
        visit.tab = route.tab;
        // What was typed into the form goes on behind the sign-in.
        if visit.who.is_none() && !matches!(route.who, Who::Anyone) {
            return Ok(pages::sign_in::instead(visit));
        }
        if matches!(route.who, Who::May(_) | Who::Proved(_))
            && let Some(who) = &visit.who
            && self.control.lacks_phone(who).await?
        {
            return Ok(pages::phone::instead());
        }
        if let (Some(project), Some(who)) = (&found.project, &visit.who) {
            visit.place = Place::Project(self.project(who, project).await?);
        }
        match route.who {
            Who::Anyone => {}
            Who::SignedIn => {}
            Who::ProvedSelf if visit.is_proved() => {}
            Who::ProvedSelf => return Ok(pages::prove::instead(visit)),
            Who::May(scope) => visit.need(scope)?,
            Who::Proved(scope) => {
                visit.need(scope)?;
                if !visit.is_proved() {
                    return Ok(pages::prove::instead(visit));
                }
            }
        }
        visit.prepare().await?;
        if *request.method != Method::POST {
            return (route.serve)(visit).await;
        }
        visit.check_proof()?;
        self.at_most_once(visit, &found).await
    }

    /// A form that is sent twice is done once; the second time gets the first one's answer.
    async fn at_most_once(&self, visit: &Visit<'_>, found: &Found) -> Result<Page, Fault> {
        let route = found.route(visit.request.method)?;
        let Some(id) = visit.form_print() else { return (route.serve)(visit).await };
        let once = if visit.who.is_some() { &self.once } else { &self.strangers };
        match once.turn(id, visit.control.now()).await {
            Turn::First(turn) => {
                let page = (route.serve)(visit).await?;
                turn.done(page.repeatable());
                Ok(page)
            }
            Turn::Again(Some(page)) => Ok(page),
            Turn::Again(None) => Err(Fault::new(&catalogue::FORM_SENT_ALREADY)),
        }
    }

    /// A project that somebody may look at; to others it is not there (case 13).
    async fn project(&self, who: &SignedIn, id: &str) -> Result<Project, Fault> {
        let id = id.into();
        match who.authority.allows(pages::SEE, Some(&id)) {
            true => self.control.project(&id).await,
            false => Err(Fault::new(&catalogue::NOT_FOUND)),
        }
    }

    /// Whether the browser's connection is encrypted, as far as we can tell.
    fn is_secure(&self, _request: &ApiRequest<'_>) -> bool {
        let public = self.settings.public_url.as_deref();
        self.settings.tls || public.is_some_and(|url| url.starts_with("https://"))
    }

    fn guarded(&self, request: &ApiRequest<'_>) -> page::Manner {
        page::Manner { secure: self.is_secure(request) }
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
