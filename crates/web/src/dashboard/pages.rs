//! Every page, on one page.

pub(crate) mod account;
mod admin_keys;
mod advice;
mod alerts;
mod audit;
mod cache;
mod confirm;
mod door;
mod door_settings;
mod egress;
mod email;
pub(crate) mod fault;
mod keys;
mod limits;
mod logs;
mod oidc;
mod overview;
mod people;
pub(crate) mod phone;
mod playground;
mod prices;
mod projects;
pub(crate) mod prove;
mod refused;
mod routes;
mod second_factor;
mod settings;
mod setup;
pub(crate) mod sign_in;
mod typed;
mod upstreams;
mod usage;
mod welcome;

use domain::fault::catalogue;
use domain::ports::BoxFuture;
use domain::{Fault, Scope};
use http::Method;
use openai::target;

use super::visit::{Shown, Visit};
use crate::routes::{
    ACCOUNTS, ADMIN_KEYS, GROUPS, INVITES, MEMBERS, PROJECTS, ROLES, SEE_ACCOUNTS, SEE_ADMIN_KEYS,
    SEE_GROUPS, SEE_MEMBERS, SEE_PROJECTS, SEE_ROLES, SEE_USERS, USERS,
};

pub(crate) use fault::bare;

/// What it takes to look at a place at all.
pub(crate) const SEE: Scope = Scope::read("usage");
const READ: Scope = Scope::read("management");
const WRITE: Scope = Scope::write("management");
const CALL: Scope = Scope::request("model");

type Handler = for<'a> fn(&'a Visit<'a>) -> BoxFuture<'a, Shown>;

/// Who may ask for a page.
#[derive(Clone, Copy)]
pub(crate) enum Who {
    Anyone,
    /// Whoever is signed in, about themselves.
    SignedIn,
    /// The same, who has shown who they are a short while ago.
    ProvedSelf,
    /// Whoever has the permission, in the place that the page is about.
    May(Scope),
    /// The same, and has shown who they are a short while ago.
    Proved(Scope),
}

/// Where a page is: under `/`, under `/projects/{id}/`, or both.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum In {
    Organization,
    Project,
    Both,
}

pub(crate) struct PageRoute {
    pub(crate) method: Method,
    /// Without the slash before it and the place. Segments in braces are ids.
    pub(crate) template: &'static str,
    place: In,
    pub(crate) tab: Option<Tab>,
    pub(crate) who: Who,
    pub(crate) serve: Handler,
}

/// The entries of the navigation. A page that belongs to none has no tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Overview,
    Keys,
    Usage,
    Costs,
    Advice,
    Cache,
    Limits,
    Logs,
    Playground,
    Refused,
    Upstreams,
    Egress,
    Routes,
    Prices,
    Projects,
    Members,
    Audit,
    Settings,
}

/// The navigation, in groups. A tab is shown once it stands here: add yours with its page.
pub(crate) const NAVIGATION: &[(&str, &[Tab])] = &[
    (
        "",
        &[
            Tab::Overview,
            Tab::Keys,
            Tab::Usage,
            Tab::Costs,
            Tab::Advice,
            Tab::Cache,
            Tab::Limits,
            Tab::Logs,
            Tab::Refused,
            Tab::Playground,
        ],
    ),
    ("Providers", &[Tab::Upstreams, Tab::Routes, Tab::Egress, Tab::Prices]),
    ("Manage", &[Tab::Projects, Tab::Members, Tab::Audit, Tab::Settings]),
];

impl Tab {
    pub(crate) fn label(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn path(self) -> &'static str {
        self.row().1
    }

    pub(crate) fn scope(self) -> Scope {
        self.row().2
    }

    pub(crate) fn in_organization(self) -> bool {
        self.row().3 != In::Project
    }

    pub(crate) fn in_project(self) -> bool {
        self.row().3 != In::Organization
    }

    /// Label, path, what it takes to see it, where it is.
    fn row(self) -> (&'static str, &'static str, Scope, In) {
        match self {
            Self::Overview => ("Overview", "overview", SEE, In::Both),
            Self::Keys => ("API keys", "keys", READ, In::Both),
            Self::Usage => ("Usage", "usage", SEE, In::Both),
            Self::Costs => ("Costs", "costs", SEE, In::Both),
            Self::Advice => ("Advice", "advice", SEE, In::Organization),
            Self::Cache => ("Cache", "cache", READ, In::Both),
            Self::Limits => ("Limits", "limits", READ, In::Both),
            Self::Logs => ("Logs", "logs", SEE, In::Both),
            Self::Playground => ("Playground", "playground", Scope::request("model"), In::Project),
            Self::Refused => ("Why refused", "refused", SEE, In::Both),
            Self::Upstreams => ("Upstreams", "upstreams", READ, In::Organization),
            Self::Egress => ("Egress", "egress", READ, In::Organization),
            Self::Routes => ("Routes", "routes", READ, In::Both),
            Self::Prices => ("Prices", "prices", READ, In::Organization),
            Self::Projects => ("Projects", "projects", SEE_PROJECTS, In::Organization),
            Self::Members => ("Members", "members", SEE_MEMBERS, In::Both),
            Self::Audit => ("Audit log", "audit", READ, In::Organization),
            Self::Settings => ("Settings", "settings", READ, In::Both),
        }
    }
}

macro_rules! page {
    ($method:ident $template:literal $place:ident $tab:expr, $who:expr, $handler:path) => {
        PageRoute {
            method: Method::$method,
            template: $template,
            place: In::$place,
            tab: $tab,
            who: $who,
            serve: |visit| Box::pin($handler(visit)),
        }
    };
}

#[rustfmt::skip]
pub(crate) const ALL: &[PageRoute] = &[
    page!(GET "" Organization None, Who::Anyone, sign_in::home),
    page!(GET "overview" Both Some(Tab::Overview), Who::May(SEE), overview::show),
    page!(GET "overview/live" Both Some(Tab::Overview), Who::May(SEE), overview::live),
    page!(GET "usage" Both Some(Tab::Usage), Who::May(SEE), usage::show),
    page!(GET "usage.csv" Both Some(Tab::Usage), Who::May(SEE), usage::file),
    page!(GET "costs" Both Some(Tab::Costs), Who::May(SEE), usage::costs),
    page!(GET "costs.csv" Both Some(Tab::Costs), Who::May(SEE), usage::file),
    page!(GET "cache" Both Some(Tab::Cache), Who::May(READ), cache::show),
    page!(POST "cache" Project Some(Tab::Cache), Who::Proved(WRITE), cache::set),
    page!(GET "cache/purge" Project Some(Tab::Cache), Who::May(WRITE), cache::ask_purge),
    page!(POST "cache/purge" Project Some(Tab::Cache), Who::Proved(WRITE), cache::purge),
    page!(GET "logs" Both Some(Tab::Logs), Who::May(SEE), logs::show),
    page!(GET "logs/{request_id}" Both Some(Tab::Logs), Who::May(SEE), logs::one),
    page!(GET "advice" Organization Some(Tab::Advice), Who::May(SEE), advice::show),
    page!(GET "refused" Both Some(Tab::Refused), Who::May(SEE), refused::show),
    page!(GET "limits" Both Some(Tab::Limits), Who::May(READ), limits::show),
    page!(GET "limits/live" Both Some(Tab::Limits), Who::May(READ), limits::live),
    page!(POST "limits" Both Some(Tab::Limits), Who::Proved(WRITE), limits::put),
    page!(GET "limits/rates" Project Some(Tab::Limits), Who::May(READ), limits::rates::show),
    page!(POST "limits/rates" Project Some(Tab::Limits), Who::Proved(WRITE), limits::rates::set),
    page!(GET "limits/remove" Both Some(Tab::Limits), Who::May(WRITE), limits::confirm),
    page!(POST "limits/remove" Both Some(Tab::Limits), Who::Proved(WRITE), limits::remove),
    page!(GET "keys" Both Some(Tab::Keys), Who::May(READ), keys::list),
    page!(GET "keys/new" Project Some(Tab::Keys), Who::May(WRITE), keys::new),
    page!(POST "keys/new" Project Some(Tab::Keys), Who::Proved(WRITE), keys::create),
    page!(GET "keys/{key_id}" Project Some(Tab::Keys), Who::May(READ), keys::one),
    page!(POST "keys/{key_id}" Project Some(Tab::Keys), Who::Proved(WRITE), keys::update),
    page!(POST "keys/{key_id}/rotate" Project Some(Tab::Keys), Who::Proved(WRITE), keys::rotate),
    page!(POST "keys/{key_id}/end-old" Project Some(Tab::Keys), Who::Proved(WRITE), keys::end_old),
    page!(GET "keys/{key_id}/revoke" Project Some(Tab::Keys), Who::May(WRITE), keys::ask_revoke),
    page!(POST "keys/{key_id}/revoke" Project Some(Tab::Keys), Who::Proved(WRITE), keys::revoke),
    page!(GET "service-accounts" Project Some(Tab::Keys), Who::May(SEE_ACCOUNTS), keys::service_accounts::list),
    page!(POST "service-accounts" Project Some(Tab::Keys), Who::Proved(ACCOUNTS), keys::service_accounts::create),
    page!(GET "service-accounts/{id}" Project Some(Tab::Keys), Who::May(SEE_ACCOUNTS), keys::service_accounts::one),
    page!(POST "service-accounts/{id}" Project Some(Tab::Keys), Who::Proved(ACCOUNTS), keys::service_accounts::update),
    page!(POST "service-accounts/{id}/keys" Project Some(Tab::Keys), Who::Proved(ACCOUNTS), keys::service_accounts::new_key),
    page!(GET "service-accounts/{id}/delete" Project Some(Tab::Keys), Who::May(ACCOUNTS), keys::service_accounts::ask_delete),
    page!(POST "service-accounts/{id}/delete" Project Some(Tab::Keys), Who::Proved(ACCOUNTS), keys::service_accounts::delete),
    page!(GET "projects" Organization Some(Tab::Projects), Who::May(SEE_PROJECTS), projects::list),
    page!(POST "projects" Organization Some(Tab::Projects), Who::Proved(PROJECTS), projects::create),
    page!(GET "archive" Project Some(Tab::Settings), Who::May(PROJECTS), projects::ask_archive),
    page!(POST "archive" Project Some(Tab::Settings), Who::Proved(PROJECTS), projects::archive),
    page!(GET "members" Organization Some(Tab::Members), Who::May(SEE_USERS), people::list),
    page!(POST "members/invite" Organization Some(Tab::Members), Who::Proved(INVITES), people::invite),
    page!(POST "members/invites/{id}/withdraw" Organization Some(Tab::Members), Who::Proved(INVITES), people::withdraw),
    page!(GET "members" Project Some(Tab::Members), Who::May(SEE_MEMBERS), people::of_project),
    page!(POST "members" Project Some(Tab::Members), Who::Proved(MEMBERS), people::add),
    page!(POST "members/groups" Project Some(Tab::Members), Who::Proved(GROUPS), people::add_group),
    page!(POST "members/groups/remove" Project Some(Tab::Members), Who::Proved(GROUPS), people::remove_group),
    page!(GET "members/{id}" Organization Some(Tab::Members), Who::May(SEE_USERS), people::one),
    page!(POST "members/{id}" Organization Some(Tab::Members), Who::Proved(USERS), people::update),
    page!(GET "members/{id}/remove" Organization Some(Tab::Members), Who::May(USERS), people::ask_remove),
    page!(POST "members/{id}/remove" Organization Some(Tab::Members), Who::Proved(USERS), people::remove),
    page!(GET "members/{id}" Project Some(Tab::Members), Who::May(SEE_MEMBERS), people::one),
    page!(POST "members/{id}" Project Some(Tab::Members), Who::Proved(MEMBERS), people::update),
    page!(GET "members/{id}/remove" Project Some(Tab::Members), Who::May(MEMBERS), people::ask_remove),
    page!(POST "members/{id}/remove" Project Some(Tab::Members), Who::Proved(MEMBERS), people::remove),
    page!(POST "members/{id}/roles" Both Some(Tab::Members), Who::Proved(ROLES), people::give),
    page!(POST "members/{id}/roles/remove" Both Some(Tab::Members), Who::Proved(ROLES), people::take),
    page!(GET "groups" Organization Some(Tab::Members), Who::May(SEE_GROUPS), people::groups::list),
    page!(POST "groups" Organization Some(Tab::Members), Who::Proved(GROUPS), people::groups::create),
    page!(GET "groups/{id}" Organization Some(Tab::Members), Who::May(SEE_GROUPS), people::groups::one),
    page!(POST "groups/{id}" Organization Some(Tab::Members), Who::Proved(GROUPS), people::groups::rename),
    page!(GET "groups/{id}/delete" Organization Some(Tab::Members), Who::May(GROUPS), people::groups::ask_delete),
    page!(POST "groups/{id}/delete" Organization Some(Tab::Members), Who::Proved(GROUPS), people::groups::delete),
    page!(POST "groups/{id}/users" Organization Some(Tab::Members), Who::Proved(GROUPS), people::groups::add),
    page!(POST "groups/{id}/users/remove" Organization Some(Tab::Members), Who::Proved(GROUPS), people::groups::remove),
    page!(POST "groups/{id}/roles" Organization Some(Tab::Members), Who::Proved(ROLES), people::groups::give),
    page!(POST "groups/{id}/roles/remove" Organization Some(Tab::Members), Who::Proved(ROLES), people::groups::take),
    page!(GET "roles" Both Some(Tab::Members), Who::May(SEE_ROLES), people::roles::list),
    page!(GET "roles/new" Both Some(Tab::Members), Who::May(ROLES), people::roles::new),
    page!(POST "roles/new" Both Some(Tab::Members), Who::Proved(ROLES), people::roles::create),
    page!(GET "roles/{id}" Both Some(Tab::Members), Who::May(SEE_ROLES), people::roles::one),
    page!(POST "roles/{id}" Both Some(Tab::Members), Who::Proved(ROLES), people::roles::update),
    page!(GET "roles/{id}/delete" Both Some(Tab::Members), Who::May(ROLES), people::roles::ask_delete),
    page!(POST "roles/{id}/delete" Both Some(Tab::Members), Who::Proved(ROLES), people::roles::delete),
    page!(GET "audit" Organization Some(Tab::Audit), Who::May(READ), audit::show),
    page!(GET "audit.csv" Organization Some(Tab::Audit), Who::May(READ), audit::csv),
    page!(GET "audit.jsonl" Organization Some(Tab::Audit), Who::May(READ), audit::lines),
    page!(POST "audit/verify" Organization Some(Tab::Audit), Who::May(READ), audit::verify),
    page!(GET "settings" Both Some(Tab::Settings), Who::May(READ), settings::show),
    page!(POST "settings/zone" Organization Some(Tab::Settings), Who::Proved(WRITE), settings::zone),
    page!(POST "settings/retention" Both Some(Tab::Settings), Who::Proved(WRITE), settings::retention),
    page!(POST "settings/name" Organization Some(Tab::Settings), Who::Proved(WRITE), settings::organization_name),
    page!(POST "settings/name" Project Some(Tab::Settings), Who::Proved(PROJECTS), settings::name),
    page!(POST "settings/models" Project Some(Tab::Settings), Who::Proved(WRITE), settings::models),
    page!(POST "settings/tools" Project Some(Tab::Settings), Who::Proved(WRITE), settings::set_tools),
    page!(POST "settings/egress" Project Some(Tab::Settings), Who::Proved(WRITE), egress::of_project),
    page!(GET "alerts" Both Some(Tab::Settings), Who::May(READ), alerts::list),
    page!(POST "alerts" Both Some(Tab::Settings), Who::Proved(WRITE), alerts::create),
    page!(GET "alerts/{id}" Both Some(Tab::Settings), Who::May(READ), alerts::one),
    page!(POST "alerts/{id}" Both Some(Tab::Settings), Who::Proved(WRITE), alerts::update),
    page!(GET "alerts/{id}/delete" Both Some(Tab::Settings), Who::May(WRITE), alerts::ask_delete),
    page!(POST "alerts/{id}/delete" Both Some(Tab::Settings), Who::Proved(WRITE), alerts::delete),
    page!(GET "admin-keys" Organization Some(Tab::Settings), Who::May(SEE_ADMIN_KEYS), admin_keys::list),
    page!(POST "admin-keys" Organization Some(Tab::Settings), Who::Proved(ADMIN_KEYS), admin_keys::create),
    page!(GET "admin-keys/{id}/delete" Organization Some(Tab::Settings), Who::May(ADMIN_KEYS), admin_keys::ask_delete),
    page!(POST "admin-keys/{id}/delete" Organization Some(Tab::Settings), Who::Proved(ADMIN_KEYS), admin_keys::delete),
    page!(GET "upstreams" Organization Some(Tab::Upstreams), Who::May(READ), upstreams::list),
    page!(GET "upstreams/new" Organization Some(Tab::Upstreams), Who::May(WRITE), upstreams::new),
    page!(POST "upstreams/new" Organization Some(Tab::Upstreams), Who::Proved(WRITE), upstreams::create),
    page!(GET "upstreams/{upstream_id}" Organization Some(Tab::Upstreams), Who::May(READ), upstreams::one),
    page!(POST "upstreams/{upstream_id}" Organization Some(Tab::Upstreams), Who::Proved(WRITE), upstreams::update),
    page!(POST "upstreams/{upstream_id}/switch" Organization Some(Tab::Upstreams), Who::Proved(WRITE), upstreams::switch),
    page!(POST "upstreams/{upstream_id}/test" Organization Some(Tab::Upstreams), Who::May(WRITE), upstreams::run),
    page!(GET "upstreams/{upstream_id}/test/{run_id}" Organization Some(Tab::Upstreams), Who::May(READ), upstreams::found),
    page!(POST "upstreams/{upstream_id}/egress" Organization Some(Tab::Upstreams), Who::Proved(WRITE), egress::of_upstream),
    page!(POST "upstreams/{upstream_id}/credentials" Organization Some(Tab::Upstreams), Who::Proved(WRITE), upstreams::add_credential),
    page!(GET "upstreams/{upstream_id}/credentials/{credential_id}/remove" Organization Some(Tab::Upstreams), Who::May(WRITE), upstreams::ask_remove_credential),
    page!(POST "upstreams/{upstream_id}/credentials/{credential_id}/remove" Organization Some(Tab::Upstreams), Who::Proved(WRITE), upstreams::remove_credential),
    page!(GET "upstreams/{upstream_id}/remove" Organization Some(Tab::Upstreams), Who::May(WRITE), upstreams::ask_remove),
    page!(POST "upstreams/{upstream_id}/remove" Organization Some(Tab::Upstreams), Who::Proved(WRITE), upstreams::remove),
    page!(GET "egress" Organization Some(Tab::Egress), Who::May(READ), egress::list),
    page!(GET "egress/new" Organization Some(Tab::Egress), Who::May(WRITE), egress::new),
    page!(POST "egress/new" Organization Some(Tab::Egress), Who::Proved(WRITE), egress::create),
    page!(GET "egress/{egress_name}" Organization Some(Tab::Egress), Who::May(READ), egress::one),
    page!(POST "egress/{egress_name}" Organization Some(Tab::Egress), Who::Proved(WRITE), egress::update),
    page!(POST "egress/{egress_name}/test" Organization Some(Tab::Egress), Who::May(WRITE), egress::test),
    page!(GET "egress/{egress_name}/remove" Organization Some(Tab::Egress), Who::May(WRITE), egress::ask_remove),
    page!(POST "egress/{egress_name}/remove" Organization Some(Tab::Egress), Who::Proved(WRITE), egress::remove),
    page!(GET "routes" Both Some(Tab::Routes), Who::May(READ), routes::list),
    page!(GET "routes/new" Organization Some(Tab::Routes), Who::May(WRITE), routes::new),
    page!(POST "routes/new" Organization Some(Tab::Routes), Who::Proved(WRITE), routes::create),
    page!(GET "routes/{route_id}" Organization Some(Tab::Routes), Who::May(READ), routes::one),
    page!(POST "routes/{route_id}" Organization Some(Tab::Routes), Who::Proved(WRITE), routes::update),
    page!(GET "routes/{route_id}/remove" Organization Some(Tab::Routes), Who::May(WRITE), routes::ask_remove),
    page!(POST "routes/{route_id}/remove" Organization Some(Tab::Routes), Who::Proved(WRITE), routes::remove),
    page!(GET "prices" Organization Some(Tab::Prices), Who::May(READ), prices::list),
    page!(POST "prices" Organization Some(Tab::Prices), Who::Proved(WRITE), prices::set),
    page!(GET "prices/model" Organization Some(Tab::Prices), Who::May(READ), prices::one),
    page!(GET "prices/remove" Organization Some(Tab::Prices), Who::May(WRITE), prices::ask_remove),
    page!(POST "prices/remove" Organization Some(Tab::Prices), Who::Proved(WRITE), prices::remove),
    page!(POST "prices/approve" Organization Some(Tab::Prices), Who::Proved(WRITE), prices::approve),
    page!(GET "playground" Project Some(Tab::Playground), Who::May(CALL), playground::show),
    page!(POST "playground" Project Some(Tab::Playground), Who::May(CALL), playground::submit),
    page!(POST "playground/stream" Project Some(Tab::Playground), Who::May(CALL), playground::stream),
    page!(GET "playground/calls/{request_id}" Project Some(Tab::Playground), Who::May(CALL), playground::came_to),
    page!(GET "welcome" Organization None, Who::May(WRITE), welcome::show),
    page!(POST "welcome/provider" Organization None, Who::Proved(WRITE), welcome::provider),
    page!(POST "welcome/key" Organization None, Who::Proved(WRITE), welcome::key),
    page!(POST "welcome/call" Organization None, Who::May(WRITE), welcome::call),
    page!(GET "setup" Organization None, Who::Anyone, setup::show),
    page!(POST "setup" Organization None, Who::Anyone, setup::submit),
    page!(GET "sign-in" Organization None, Who::Anyone, sign_in::show),
    page!(POST "sign-in" Organization None, Who::Anyone, sign_in::submit),
    page!(POST "sign-out" Organization None, Who::SignedIn, sign_in::out),
    page!(GET "reset" Organization None, Who::Anyone, door::reset),
    page!(POST "reset" Organization None, Who::Anyone, door::send_reset),
    page!(GET "reset/new" Organization None, Who::Anyone, door::new_password),
    page!(POST "reset/new" Organization None, Who::Anyone, door::take_password),
    page!(GET "sign-up" Organization None, Who::Anyone, door::sign_up),
    page!(POST "sign-up" Organization None, Who::Anyone, door::send_sign_up),
    page!(GET "sign-up/go-on" Organization None, Who::Anyone, door::go_on),
    page!(POST "sign-up/go-on" Organization None, Who::Anyone, door::make_account),
    page!(GET "invite" Organization None, Who::Anyone, door::invite),
    page!(POST "invite" Organization None, Who::Anyone, door::accept),
    page!(GET "sign-in/with/{provider}" Organization None, Who::Anyone, oidc::begin),
    page!(GET "sign-in/with/{provider}/back" Organization None, Who::Anyone, oidc::finish),
    page!(GET "account/link/{provider}" Organization None, Who::ProvedSelf, oidc::begin_link),
    page!(POST "account/unlink" Organization None, Who::ProvedSelf, oidc::unlink),
    page!(POST "second-factor" Organization None, Who::Anyone, second_factor::submit),
    page!(GET "account" Organization None, Who::SignedIn, account::show),
    page!(POST "account/name" Organization None, Who::SignedIn, account::rename),
    page!(POST "account/email" Organization None, Who::ProvedSelf, email::ask),
    page!(GET "account/email/new" Organization None, Who::SignedIn, email::look),
    page!(POST "account/email/new" Organization None, Who::SignedIn, email::change),
    page!(GET "account/phone" Organization None, Who::SignedIn, phone::show),
    page!(POST "account/phone" Organization None, Who::ProvedSelf, phone::ask),
    page!(POST "account/phone/code" Organization None, Who::SignedIn, phone::take),
    page!(POST "account/phone/remove" Organization None, Who::ProvedSelf, phone::remove),
    page!(POST "account/password" Organization None, Who::SignedIn, account::password),
    page!(POST "account/sessions/end" Organization None, Who::SignedIn, account::end_all),
    page!(POST "account/sessions/{session_id}/end" Organization None, Who::SignedIn, account::end_session),
    page!(GET "account/second-factor" Organization None, Who::ProvedSelf, second_factor::new),
    page!(POST "account/second-factor" Organization None, Who::ProvedSelf, second_factor::enable),
    page!(GET "account/second-factor/off" Organization None, Who::ProvedSelf, account::confirm_disable),
    page!(POST "account/second-factor/off" Organization None, Who::ProvedSelf, second_factor::disable),
    page!(POST "account/recovery-codes" Organization None, Who::ProvedSelf, second_factor::renew_codes),
    page!(POST "settings/mail/test" Organization Some(Tab::Settings), Who::Proved(WRITE), settings::test_mail),
    page!(GET "settings/sign-in" Organization Some(Tab::Settings), Who::May(READ), door_settings::show),
    page!(POST "settings/sign-in" Organization Some(Tab::Settings), Who::Proved(WRITE), door_settings::set),
    page!(POST "settings/sign-in/phones" Organization Some(Tab::Settings), Who::Proved(WRITE), door_settings::set_phones),
    page!(POST "prove" Organization None, Who::SignedIn, prove::submit),
    page!(POST "theme" Organization None, Who::Anyone, account::theme),
];

/// Every page and action: its method and its path, one line for each place that it is in.
pub(crate) fn listed() -> Vec<(Method, String)> {
    let places = |route: &'static PageRoute| {
        let organization = route.place != In::Project;
        let project = route.place != In::Organization;
        let of_all = organization.then(|| format!("/{}", route.template));
        let of_one = project.then(|| format!("/projects/{{project}}/{}", route.template));
        of_all.into_iter().chain(of_one).map(|path| (route.method.clone(), path))
    };
    ALL.iter().flat_map(places).collect()
}

/// The pages of a path, by any method.
pub(crate) struct Found {
    routes: Vec<&'static PageRoute>,
    pub(crate) project: Option<String>,
    pub(crate) ids: Vec<String>,
}

impl Found {
    pub(crate) fn route(&self, method: &Method) -> Result<&'static PageRoute, Fault> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        let found = self.routes.iter().find(|route| route.method == *method);
        found.copied().ok_or_else(|| Fault::new(&catalogue::METHOD_NOT_ALLOWED))
    }
}

pub(crate) fn knows(path: &str) -> bool {
    find(path).is_some()
}

pub(crate) fn find(path: &str) -> Option<Found> {
    let path = path.strip_prefix('/')?;
    let (project, page) = match path.strip_prefix("projects/").and_then(|rest| rest.split_once('/'))
    {
        Some((project, page)) => (Some(target::decode(project)?.into_owned()), page),
        None => (None, path),
    };
    let excluded = if project.is_some() { In::Organization } else { In::Project };
    let mut found = Found { routes: Vec::new(), project, ids: Vec::new() };
    for route in ALL.iter().filter(|route| route.place != excluded) {
        if let Some(ids) = ids_of(route.template, page) {
            found.routes.push(route);
            found.ids = ids;
        }
    }
    // A page's own name goes before an id in its place.
    let fewest = found.routes.iter().map(|route| route.template.matches('{').count()).min()?;
    found.routes.retain(|route| route.template.matches('{').count() == fewest);
    found.ids = ids_of(found.routes.first()?.template, page)?;
    Some(found)
}

fn ids_of(template: &str, path: &str) -> Option<Vec<String>> {
    let mut ids = Vec::new();
    let mut given = path.split('/');
    for wanted in template.split('/') {
        let segment = given.next()?;
        if wanted.starts_with('{') {
            ids.push(target::decode(segment).filter(|id| !id.is_empty())?.into_owned());
        } else if segment != wanted {
            return None;
        }
    }
    given.next().is_none().then_some(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_in_their_places() {
        assert!(knows("/") && knows("/overview") && knows("/projects/proj_1/overview"));
        assert!(!knows("/projects/proj_1/sign-in") && !knows("/overview/") && !knows("/nothing"));
        let found = find("/projects/proj_1/overview").unwrap();
        assert_eq!(found.project.as_deref(), Some("proj_1"));
        assert!(found.route(&Method::HEAD).is_ok() && found.route(&Method::POST).is_err());
    }

    #[test]
    fn every_tab_of_the_navigation_has_its_page() {
        for tab in NAVIGATION.iter().flat_map(|(_, tabs)| *tabs) {
            let page = ALL.iter().find(|page| page.template == tab.path()).unwrap();
            assert_eq!(page.tab, Some(*tab));
        }
    }
}
