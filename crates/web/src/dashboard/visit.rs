//! What a page's handler is given: who asks, about which place, and what they typed.

use std::hash::{DefaultHasher, Hash, Hasher};

use askama::Template;
use control::{Author, Control, SignedIn, Visitor};
use domain::fault::catalogue;
use domain::{Fault, Order, PageQuery, Project, ProjectId, Scope, Secret};
use http::{Method, header};

use super::cookies::{Cookies, SetCookie};
use super::form::Form;
use super::frame::Frame;
use super::page::Page;
use super::pages::{self, Tab};
use super::{Dashboard, guard};
use crate::ApiRequest;

/// What a page comes to.
pub type Shown = Result<Page, Fault>;

/// What a page is about.
#[derive(Clone)]
pub enum Place {
    Organization,
    Project(Project),
}

/// One look at one page.
pub struct Visit<'a> {
    pub control: &'a Control,
    pub(crate) dashboard: &'a Dashboard,
    pub(crate) request: &'a ApiRequest<'a>,
    pub(crate) cookies: &'a Cookies,
    pub(crate) who: Option<SignedIn>,
    /// What the path's `/projects/{id}` names, else the organization.
    pub place: Place,
    /// The page's place in the navigation.
    pub(crate) tab: Option<Tab>,
    pub(crate) ids: Vec<String>,
    pub query: Form,
    /// What was sent; empty for a page that is only looked at.
    pub form: Form,
    projects: Vec<Project>,
}

impl<'a> Visit<'a> {
    pub(crate) fn new(
        dashboard: &'a Dashboard,
        request: &'a ApiRequest<'a>,
        cookies: &'a Cookies,
        who: Option<SignedIn>,
        form: Form,
    ) -> Self {
        Self {
            control: &dashboard.control,
            dashboard,
            request,
            cookies,
            who,
            place: Place::Organization,
            tab: None,
            ids: Vec::new(),
            query: request.query.and_then(Form::parse).unwrap_or_default(),
            form,
            projects: Vec::new(),
        }
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// 401 on a page for anyone, where nobody may be.
    pub fn who(&self) -> Result<&SignedIn, Fault> {
        self.who.as_ref().ok_or_else(|| Fault::new(&catalogue::SESSION_REQUIRED))
    }

    /// Them as the author of a change.
    ///
    /// # Errors
    /// As [`Visit::who`].
    pub fn author(&self) -> Result<Author, Fault> {
        Ok(self.who()?.author(&self.visitor()))
    }

    /// Their browser, signed in or not.
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        let agent = self.request.headers.get(header::USER_AGENT);
        Visitor {
            address: self.request.address,
            agent: agent.and_then(|agent| agent.to_str().ok()).unwrap_or("").to_owned(),
            request: self.request.request_id.clone(),
        }
    }

    /// Whether they may do this here: the very function that the API asks.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        let project = self.project_id();
        self.who.as_ref().is_some_and(|who| who.authority.allows(scope, project))
    }

    /// # Errors
    /// 403 with the permission's name.
    pub fn need(&self, scope: Scope) -> Result<(), Fault> {
        if self.may(scope) {
            return Ok(());
        }
        let why = format!(
            "Your roles do not allow this: the permission '{scope}' is missing. An owner of the \
             organization can give it to you."
        );
        Err(Fault::because(&catalogue::ROLE_REQUIRED, why))
    }

    /// Whether they showed who they are a short while ago, for what matters.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        let now = self.control.now();
        self.who.as_ref().is_some_and(|who| who.session.is_proved(now))
    }

    #[must_use]
    pub fn project(&self) -> Option<&Project> {
        match &self.place {
            Place::Organization => None,
            Place::Project(project) => Some(project),
        }
    }

    #[must_use]
    pub fn project_id(&self) -> Option<&ProjectId> {
        self.project().map(|project| &project.id)
    }

    /// A page's address in this place: `visit.href("keys")` is `/projects/{id}/keys` or `/keys`.
    #[must_use]
    pub fn href(&self, page: &str) -> String {
        href(self.project_id(), page)
    }

    /// Tollgate's own address as people reach it, without a slash at its end: for snippets that
    /// only whoever asked sees.
    #[must_use]
    pub fn address(&self) -> String {
        let settings = &self.dashboard.settings;
        if let Some(url) = &settings.public_url {
            return url.clone();
        }
        let host = self.request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let scheme = if settings.tls { "https" } else { "http" };
        format!("{scheme}://{}", host.unwrap_or("127.0.0.1:8655"))
    }

    /// The id at a place of the page's path.
    #[must_use]
    pub fn id<T: for<'i> From<&'i str>>(&self, place: usize) -> T {
        self.ids.get(place).map_or("", String::as_str).into()
    }

    /// Where the browser is: path and query.
    #[must_use]
    pub fn here(&self) -> String {
        match self.request.query {
            Some(query) => format!("{}?{query}", self.request.path),
            None => self.request.path.to_owned(),
        }
    }

    /// The projects that they may look at, oldest first; at most a hundred.
    #[must_use]
    pub fn projects(&self) -> &[Project] {
        &self.projects
    }

    /// What stands around the page; give it to the template as its field `frame`.
    #[must_use]
    pub fn frame(&self, title: &str) -> Frame {
        Frame::of(self, title)
    }

    /// A page from its template. A message that waited for it is taken away.
    ///
    /// # Errors
    /// 500: the template could not be written out.
    pub fn show(&self, template: &impl Template) -> Shown {
        let page = Page::of(template)?;
        match &self.cookies.flash {
            Some(_) => Ok(page.setting(SetCookie::EndFlash)),
            None => Ok(page),
        }
    }

    /// Whether passwords may be typed at this address.
    pub(crate) fn is_safe(&self) -> bool {
        guard::is_safe(&self.dashboard.settings, self.request)
    }

    /// Reads what every page of somebody who is signed in needs.
    pub(crate) async fn prepare(&mut self) -> Result<(), Fault> {
        let Some(who) = &self.who else { return Ok(()) };
        let page = PageQuery { limit: 100, after: None, order: Order::Ascending };
        let mut listed = self.control.list_projects(page, false).await?.rows;
        listed.retain(|project| who.authority.allows(pages::SEE, Some(&project.id)));
        self.projects = listed;
        Ok(())
    }

    /// Whether the form is from a page that we gave to this very session.
    pub(crate) fn check_proof(&self) -> Result<(), Fault> {
        let Some(secret) = self.session_secret() else { return Ok(()) };
        let proof = self.control.form_proof(secret);
        match self.control.is_same(self.form.text("_proof"), &proof) {
            true => Ok(()),
            false => Err(Fault::new(&catalogue::CSRF_REJECTED)),
        }
    }

    pub(crate) fn proof(&self) -> String {
        self.session_secret().map_or_else(String::new, |secret| self.control.form_proof(secret))
    }

    fn session_secret(&self) -> Option<&Secret> {
        self.who.as_ref().and(self.cookies.session.as_ref())
    }

    /// The same for the same form sent again; `None` for one without an id.
    pub(crate) fn form_print(&self) -> Option<u64> {
        let id = self.form.some("_form")?;
        let mut print = DefaultHasher::new();
        let session = self.who.as_ref().map(|who| who.session.id.as_str());
        (id, session, self.request.path, &self.request.body).hash(&mut print);
        Some(print.finish())
    }

    /// The page of a refusal. What was typed is not lost: the browser's way back shows it.
    pub(crate) fn refused(&self, fault: &Fault) -> Shown {
        pages::fault::page(self, fault)
    }

    pub(crate) fn is_post(&self) -> bool {
        *self.request.method == Method::POST
    }
}

pub(crate) fn href(project: Option<&ProjectId>, page: &str) -> String {
    match project {
        Some(id) => format!("/projects/{id}/{page}"),
        None => format!("/{page}"),
    }
}
