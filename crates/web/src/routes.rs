//! Every route, on one page.

mod accounts;
mod admin_api_keys;
mod advice;
mod audit_logs;
mod cache;
mod certificates;
mod comparisons;
mod costs;
mod doctor;
mod documents;
mod egress;
mod groups;
mod honeytokens;
mod invites;
mod key_rules;
mod key_secrets;
mod leaks;
mod ledger;
mod limits;
mod me;
mod model_routes;
mod near;
mod organization;
mod prices;
mod project_api_keys;
mod project_rules;
mod projects;
mod rate_limits;
mod refusals;
mod requests;
mod roles;
mod service_accounts;
mod sign_in;
mod spend_alerts;
mod spend_limits;
mod upstreams;
mod usage;
mod users;

use domain::ports::BoxFuture;
use domain::{Fault, Scope};
use http::Method;

use crate::call::{AdminCall, HolderCall, KeyedCall, OpenCall};
use crate::reply::Answer;

/// What a key would need, as the refusal of another key names it.
pub(crate) const READ: Scope = Scope::read("management");
pub(crate) const WRITE: Scope = Scope::write("management");
pub(crate) const USAGE: Scope = Scope::read("usage");
pub(crate) const SEE_USERS: Scope = Scope::read("organization.users");
pub(crate) const USERS: Scope = Scope::write("organization.users");
pub(crate) const SEE_INVITES: Scope = Scope::read("organization.invites");
pub(crate) const INVITES: Scope = Scope::write("organization.invites");
pub(crate) const SEE_MEMBERS: Scope = Scope::read("organization.projects.users");
pub(crate) const MEMBERS: Scope = Scope::write("organization.projects.users");
pub(crate) const SEE_KEYS: Scope = Scope::read("organization.projects.api_keys");
pub(crate) const KEYS: Scope = Scope::write("organization.projects.api_keys");
pub(crate) const SEE_ACCOUNTS: Scope = Scope::read("organization.projects.service_accounts");
pub(crate) const ACCOUNTS: Scope = Scope::write("organization.projects.service_accounts");
pub(crate) const SEE_ADMIN_KEYS: Scope = Scope::read("organization.admin_api_keys");
pub(crate) const ADMIN_KEYS: Scope = Scope::write("organization.admin_api_keys");
pub(crate) const SEE_PROJECTS: Scope = Scope::read("organization.projects");
pub(crate) const PROJECTS: Scope = Scope::write("organization.projects");
pub(crate) const SEE_ROLES: Scope = Scope::read("roles");
pub(crate) const ROLES: Scope = Scope::write("roles");
pub(crate) const SEE_GROUPS: Scope = Scope::read("groups");
pub(crate) const GROUPS: Scope = Scope::write("groups");

type AdminHandler = for<'a> fn(&'a AdminCall<'a>) -> BoxFuture<'a, Answer>;
type KeyedHandler = for<'a> fn(&'a KeyedCall<'a>) -> BoxFuture<'a, Answer>;
type OpenHandler = for<'a> fn(&'a OpenCall<'a>) -> BoxFuture<'a, Answer>;
type HolderHandler = for<'a> fn(&'a HolderCall<'a>) -> BoxFuture<'a, Answer>;

/// Who may call a route, and what answers.
#[derive(Clone, Copy)]
pub(crate) enum Serve {
    Admin(Scope, AdminHandler),
    /// A project's key, about itself.
    Holder(HolderHandler),
    /// A project's key, about itself, or an admin key.
    Keyed(Scope, KeyedHandler),
    /// Whoever proves by what they send who they are; asked first whether they may be heard out.
    Signed(fn(&OpenCall<'_>) -> Result<(), Fault>, OpenHandler),
    /// Anyone, with a key or without: what is the same for everybody.
    Anyone(fn() -> BoxFuture<'static, Answer>),
}

pub(crate) struct Route {
    pub(crate) method: Method,
    /// Segments in braces are ids; `{…...}` takes all that follows, slashes too.
    pub(crate) template: &'static str,
    pub(crate) serve: Serve,
}

macro_rules! admin {
    ($method:ident $template:literal $scope:ident $handler:path) => {
        Route {
            method: Method::$method,
            template: $template,
            serve: Serve::Admin($scope, |call| Box::pin($handler(call))),
        }
    };
}

#[rustfmt::skip]
pub(crate) static ALL: &[Route] = &[
    admin!(GET "/v1/organization/admin_api_keys" SEE_ADMIN_KEYS admin_api_keys::list),
    admin!(POST "/v1/organization/admin_api_keys" ADMIN_KEYS admin_api_keys::create),
    admin!(GET "/v1/organization/admin_api_keys/{key_id}" SEE_ADMIN_KEYS admin_api_keys::get),
    admin!(DELETE "/v1/organization/admin_api_keys/{key_id}" ADMIN_KEYS admin_api_keys::delete),

    admin!(GET "/v1/organization/audit_logs" READ audit_logs::list),

    // Before the id, since `activate` is none.
    admin!(POST "/v1/organization/certificates/activate" WRITE certificates::activate),
    admin!(POST "/v1/organization/certificates/deactivate" WRITE certificates::deactivate),
    admin!(GET "/v1/organization/certificates" READ certificates::list),
    admin!(POST "/v1/organization/certificates" WRITE certificates::upload),
    admin!(GET "/v1/organization/certificates/{certificate_id}" READ certificates::get),
    admin!(POST "/v1/organization/certificates/{certificate_id}" WRITE certificates::update),
    admin!(DELETE "/v1/organization/certificates/{certificate_id}" WRITE certificates::delete),
    admin!(GET "/v1/organization/projects/{project_id}/certificates" READ certificates::list),
    admin!(POST "/v1/organization/projects/{project_id}/certificates/activate" WRITE certificates::activate),
    admin!(POST "/v1/organization/projects/{project_id}/certificates/deactivate" WRITE certificates::deactivate),

    admin!(GET "/v1/organization/users" SEE_USERS users::list),
    admin!(GET "/v1/organization/users/{user_id}" SEE_USERS users::get),
    admin!(POST "/v1/organization/users/{user_id}" USERS users::update),
    admin!(DELETE "/v1/organization/users/{user_id}" USERS users::delete),
    admin!(GET "/v1/organization/projects/{project_id}/users" SEE_MEMBERS users::list_members),
    admin!(POST "/v1/organization/projects/{project_id}/users" MEMBERS users::add_member),
    admin!(GET "/v1/organization/projects/{project_id}/users/{user_id}" SEE_MEMBERS users::get_member),
    admin!(POST "/v1/organization/projects/{project_id}/users/{user_id}" MEMBERS users::update_member),
    admin!(DELETE "/v1/organization/projects/{project_id}/users/{user_id}" MEMBERS users::remove_member),
    admin!(GET "/v1/organization/invites" SEE_INVITES invites::list),
    admin!(POST "/v1/organization/invites" INVITES invites::create),
    admin!(GET "/v1/organization/invites/{invite_id}" SEE_INVITES invites::get),
    admin!(DELETE "/v1/organization/invites/{invite_id}" INVITES invites::delete),
    admin!(POST "/tollgate/v1/invites/{invite_id}/accept" INVITES invites::accept),
    admin!(POST "/tollgate/v1/setup_link" WRITE accounts::setup_link),
    admin!(GET "/tollgate/v1/mail" WRITE accounts::mail),
    admin!(GET "/tollgate/v1/sign_in" READ sign_in::get),
    admin!(POST "/tollgate/v1/sign_in" WRITE sign_in::set),

    admin!(GET "/v1/organization/groups" SEE_GROUPS groups::list),
    admin!(POST "/v1/organization/groups" GROUPS groups::create),
    admin!(GET "/v1/organization/groups/{group_id}" SEE_GROUPS groups::get),
    admin!(POST "/v1/organization/groups/{group_id}" GROUPS groups::update),
    admin!(DELETE "/v1/organization/groups/{group_id}" GROUPS groups::delete),
    admin!(GET "/v1/organization/groups/{group_id}/users" SEE_GROUPS groups::list_users),
    admin!(POST "/v1/organization/groups/{group_id}/users" GROUPS groups::add_user),
    admin!(GET "/v1/organization/groups/{group_id}/users/{user_id}" SEE_GROUPS groups::get_user),
    admin!(DELETE "/v1/organization/groups/{group_id}/users/{user_id}" GROUPS groups::remove_user),
    admin!(GET "/v1/organization/projects/{project_id}/groups" SEE_GROUPS groups::list_of_project),
    admin!(POST "/v1/organization/projects/{project_id}/groups" GROUPS groups::add_to_project),
    admin!(GET "/v1/organization/projects/{project_id}/groups/{group_id}" SEE_GROUPS groups::get_of_project),
    admin!(DELETE "/v1/organization/projects/{project_id}/groups/{group_id}" GROUPS groups::remove_from_project),

    admin!(GET "/v1/organization/roles" SEE_ROLES roles::list),
    admin!(POST "/v1/organization/roles" ROLES roles::create),
    admin!(GET "/v1/organization/roles/{role_id}" SEE_ROLES roles::get),
    admin!(POST "/v1/organization/roles/{role_id}" ROLES roles::update),
    admin!(DELETE "/v1/organization/roles/{role_id}" ROLES roles::delete),
    admin!(GET "/v1/organization/users/{user_id}/roles" SEE_ROLES roles::list_assigned),
    admin!(POST "/v1/organization/users/{user_id}/roles" ROLES roles::assign),
    admin!(GET "/v1/organization/users/{user_id}/roles/{role_id}" SEE_ROLES roles::get_assigned),
    admin!(DELETE "/v1/organization/users/{user_id}/roles/{role_id}" ROLES roles::unassign),
    admin!(GET "/v1/organization/groups/{group_id}/roles" SEE_ROLES roles::list_assigned),
    admin!(POST "/v1/organization/groups/{group_id}/roles" ROLES roles::assign),
    admin!(GET "/v1/organization/groups/{group_id}/roles/{role_id}" SEE_ROLES roles::get_assigned),
    admin!(DELETE "/v1/organization/groups/{group_id}/roles/{role_id}" ROLES roles::unassign),
    admin!(GET "/v1/projects/{project_id}/roles" SEE_ROLES roles::list),
    admin!(POST "/v1/projects/{project_id}/roles" ROLES roles::create),
    admin!(GET "/v1/projects/{project_id}/roles/{role_id}" SEE_ROLES roles::get),
    admin!(POST "/v1/projects/{project_id}/roles/{role_id}" ROLES roles::update),
    admin!(DELETE "/v1/projects/{project_id}/roles/{role_id}" ROLES roles::delete),
    admin!(GET "/v1/projects/{project_id}/users/{user_id}/roles" SEE_ROLES roles::list_assigned),
    admin!(POST "/v1/projects/{project_id}/users/{user_id}/roles" ROLES roles::assign),
    admin!(GET "/v1/projects/{project_id}/users/{user_id}/roles/{role_id}" SEE_ROLES roles::get_assigned),
    admin!(DELETE "/v1/projects/{project_id}/users/{user_id}/roles/{role_id}" ROLES roles::unassign),
    admin!(GET "/v1/projects/{project_id}/groups/{group_id}/roles" SEE_ROLES roles::list_assigned),
    admin!(POST "/v1/projects/{project_id}/groups/{group_id}/roles" ROLES roles::assign),
    admin!(GET "/v1/projects/{project_id}/groups/{group_id}/roles/{role_id}" SEE_ROLES roles::get_assigned),
    admin!(DELETE "/v1/projects/{project_id}/groups/{group_id}/roles/{role_id}" ROLES roles::unassign),

    admin!(GET "/v1/organization/projects" SEE_PROJECTS projects::list),
    admin!(POST "/v1/organization/projects" PROJECTS projects::create),
    admin!(GET "/v1/organization/projects/{project_id}" SEE_PROJECTS projects::get),
    admin!(POST "/v1/organization/projects/{project_id}" PROJECTS projects::modify),
    admin!(POST "/v1/organization/projects/{project_id}/archive" PROJECTS projects::archive),

    admin!(GET "/v1/organization/projects/{project_id}/api_keys" SEE_KEYS project_api_keys::list),
    admin!(POST "/v1/organization/projects/{project_id}/api_keys" KEYS project_api_keys::create),
    admin!(GET "/v1/organization/projects/{project_id}/api_keys/{api_key_id}" SEE_KEYS project_api_keys::get),
    admin!(POST "/v1/organization/projects/{project_id}/api_keys/{api_key_id}" KEYS project_api_keys::update),
    admin!(DELETE "/v1/organization/projects/{project_id}/api_keys/{api_key_id}" KEYS project_api_keys::delete),

    admin!(GET "/v1/organization/projects/{project_id}/service_accounts" SEE_ACCOUNTS service_accounts::list),
    admin!(POST "/v1/organization/projects/{project_id}/service_accounts" ACCOUNTS service_accounts::create),
    admin!(GET "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}" SEE_ACCOUNTS service_accounts::get),
    admin!(POST "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}" ACCOUNTS service_accounts::update),
    admin!(DELETE "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}" ACCOUNTS service_accounts::delete),
    admin!(POST "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys" ACCOUNTS service_accounts::create_key),

    admin!(GET "/v1/organization/projects/{project_id}/model_permissions" READ project_rules::models),
    admin!(POST "/v1/organization/projects/{project_id}/model_permissions" WRITE project_rules::set_models),
    admin!(DELETE "/v1/organization/projects/{project_id}/model_permissions" WRITE project_rules::delete_models),
    admin!(GET "/v1/organization/projects/{project_id}/hosted_tool_permissions" READ project_rules::tools),
    admin!(POST "/v1/organization/projects/{project_id}/hosted_tool_permissions" WRITE project_rules::set_tools),
    admin!(GET "/v1/organization/projects/{project_id}/data_retention" READ project_rules::retention),
    admin!(POST "/v1/organization/projects/{project_id}/data_retention" WRITE project_rules::set_retention),
    admin!(GET "/v1/organization/data_retention" READ project_rules::organization_retention),
    admin!(POST "/v1/organization/data_retention" WRITE project_rules::set_organization_retention),

    admin!(GET "/v1/organization/projects/{project_id}/rate_limits" READ rate_limits::list),
    admin!(POST "/v1/organization/projects/{project_id}/rate_limits/{rate_limit_id}" WRITE rate_limits::update),

    admin!(GET "/v1/organization/projects/{project_id}/spend_limit" READ spend_limits::get),
    admin!(POST "/v1/organization/projects/{project_id}/spend_limit" WRITE spend_limits::update),
    admin!(DELETE "/v1/organization/projects/{project_id}/spend_limit" WRITE spend_limits::delete),
    admin!(GET "/v1/organization/projects/{project_id}/spend_alerts" READ spend_alerts::list),
    admin!(POST "/v1/organization/projects/{project_id}/spend_alerts" WRITE spend_alerts::create),
    admin!(GET "/v1/organization/projects/{project_id}/spend_alerts/{alert_id}" READ spend_alerts::get),
    admin!(POST "/v1/organization/projects/{project_id}/spend_alerts/{alert_id}" WRITE spend_alerts::update),
    admin!(DELETE "/v1/organization/projects/{project_id}/spend_alerts/{alert_id}" WRITE spend_alerts::delete),
    admin!(GET "/v1/organization/spend_limit" READ spend_limits::get),
    admin!(POST "/v1/organization/spend_limit" WRITE spend_limits::update),
    admin!(DELETE "/v1/organization/spend_limit" WRITE spend_limits::delete),
    admin!(GET "/v1/organization/spend_alerts" READ spend_alerts::list),
    admin!(POST "/v1/organization/spend_alerts" WRITE spend_alerts::create),
    admin!(GET "/v1/organization/spend_alerts/{alert_id}" READ spend_alerts::get),
    admin!(POST "/v1/organization/spend_alerts/{alert_id}" WRITE spend_alerts::update),
    admin!(DELETE "/v1/organization/spend_alerts/{alert_id}" WRITE spend_alerts::delete),

    admin!(GET "/v1/organization/usage/completions" USAGE usage::completions),
    admin!(GET "/v1/organization/usage/embeddings" USAGE usage::embeddings),
    admin!(GET "/v1/organization/usage/moderations" USAGE usage::moderations),
    admin!(GET "/v1/organization/usage/images" USAGE usage::images),
    admin!(GET "/v1/organization/usage/audio_speeches" USAGE usage::audio_speeches),
    admin!(GET "/v1/organization/usage/audio_transcriptions" USAGE usage::audio_transcriptions),
    admin!(GET "/v1/organization/usage/vector_stores" USAGE usage::vector_stores),
    admin!(GET "/v1/organization/usage/code_interpreter_sessions" USAGE usage::code_interpreter_sessions),
    admin!(GET "/v1/organization/usage/file_search_calls" USAGE usage::file_search_calls),
    admin!(GET "/v1/organization/usage/web_search_calls" USAGE usage::web_search_calls),
    admin!(GET "/v1/organization/costs" USAGE costs::report),

    Route {
        method: Method::GET,
        template: "/tollgate/v1/openapi.json",
        serve: Serve::Anyone(documents::openapi),
    },
    Route {
        method: Method::GET,
        template: "/tollgate/v1/docs",
        serve: Serve::Anyone(documents::page),
    },
    Route {
        method: Method::GET,
        template: "/tollgate/v1/me",
        serve: Serve::Holder(|call| Box::pin(me::get(call))),
    },
    Route {
        method: Method::POST,
        template: "/tollgate/v1/leaks/check",
        serve: Serve::Keyed(SEE_KEYS, |call| Box::pin(leaks::check(call))),
    },
    Route {
        method: Method::POST,
        template: "/tollgate/v1/leaks/revoke",
        serve: Serve::Keyed(KEYS, |call| Box::pin(leaks::revoke(call))),
    },
    Route {
        method: Method::POST,
        template: "/tollgate/v1/leaks/report",
        serve: Serve::Signed(leaks::may_report, |call| Box::pin(leaks::report(call))),
    },
    admin!(GET "/tollgate/v1/leaks" SEE_KEYS leaks::list),
    admin!(GET "/tollgate/v1/honeytokens" SEE_KEYS honeytokens::list),
    admin!(POST "/tollgate/v1/honeytokens" KEYS honeytokens::create),
    admin!(DELETE "/tollgate/v1/honeytokens/{honeytoken_id}" KEYS honeytokens::delete),
    admin!(GET "/tollgate/v1/key_rules" READ key_rules::get),
    admin!(POST "/tollgate/v1/key_rules" WRITE key_rules::update),
    admin!(GET "/tollgate/v1/projects/{project_id}/key_rules" READ key_rules::get),
    admin!(POST "/tollgate/v1/projects/{project_id}/key_rules" WRITE key_rules::update),
    admin!(GET "/tollgate/v1/organization" READ organization::get),
    admin!(PUT "/tollgate/v1/organization" WRITE organization::update),
    admin!(GET "/tollgate/v1/cache" READ cache::sum),
    admin!(GET "/tollgate/v1/projects/{project_id}/cache" READ cache::get),
    admin!(POST "/tollgate/v1/projects/{project_id}/cache" WRITE cache::set),
    admin!(POST "/tollgate/v1/projects/{project_id}/cache/purge" WRITE cache::purge),
    admin!(GET "/tollgate/v1/limits" READ limits::list),
    admin!(PUT "/tollgate/v1/limits" WRITE limits::put),
    admin!(DELETE "/tollgate/v1/limits" WRITE limits::delete),
    admin!(GET "/tollgate/v1/ledger/accounts" READ ledger::accounts),
    admin!(GET "/tollgate/v1/ledger/entries" READ ledger::entries),
    admin!(POST "/tollgate/v1/ledger/verify" WRITE ledger::verify),
    admin!(POST "/tollgate/v1/ledger/corrections" WRITE ledger::correct),
    admin!(POST "/tollgate/v1/ledger/acknowledgements" WRITE ledger::acknowledge),
    admin!(POST "/tollgate/v1/audit/verify" READ audit_logs::verify),
    admin!(GET "/tollgate/v1/refusals" USAGE refusals::list),
    admin!(GET "/tollgate/v1/refusals/{request_id}" USAGE refusals::get),
    admin!(GET "/tollgate/v1/requests" USAGE requests::list),
    admin!(GET "/tollgate/v1/requests/{request_id}" USAGE requests::get),
    admin!(GET "/tollgate/v1/advice" USAGE advice::get),
    admin!(GET "/tollgate/v1/comparisons" READ comparisons::list),
    admin!(GET "/tollgate/v1/cache/matches" READ near::list),
    admin!(GET "/tollgate/v1/cache/evaluation" READ near::evaluation),
    admin!(GET "/tollgate/v1/prices" READ prices::list),
    admin!(POST "/tollgate/v1/prices" WRITE prices::set),
    admin!(GET "/tollgate/v1/prices/{model...}" READ prices::get),
    admin!(DELETE "/tollgate/v1/prices/{model...}" WRITE prices::delete),
    admin!(POST "/tollgate/v1/prices/import" WRITE prices::import),
    admin!(GET "/tollgate/v1/upstreams" READ upstreams::list),
    admin!(POST "/tollgate/v1/upstreams" WRITE upstreams::create),
    admin!(GET "/tollgate/v1/upstreams/{upstream_id}" READ upstreams::get),
    admin!(POST "/tollgate/v1/upstreams/{upstream_id}" WRITE upstreams::update),
    admin!(DELETE "/tollgate/v1/upstreams/{upstream_id}" WRITE upstreams::delete),
    admin!(POST "/tollgate/v1/upstreams/{upstream_id}/credentials" WRITE upstreams::add_credential),
    admin!(DELETE "/tollgate/v1/upstreams/{upstream_id}/credentials/{credential_id}" WRITE upstreams::delete_credential),
    admin!(POST "/tollgate/v1/upstreams/{upstream_id}/rotate" WRITE upstreams::rotate),
    admin!(POST "/tollgate/v1/upstreams/{upstream_id}/test" WRITE upstreams::test),
    admin!(GET "/tollgate/v1/routes" READ model_routes::list),
    admin!(POST "/tollgate/v1/routes" WRITE model_routes::create),
    admin!(POST "/tollgate/v1/routes/test" WRITE model_routes::test),
    admin!(GET "/tollgate/v1/routes/{route_id}" READ model_routes::get),
    admin!(POST "/tollgate/v1/routes/{route_id}" WRITE model_routes::update),
    admin!(DELETE "/tollgate/v1/routes/{route_id}" WRITE model_routes::delete),
    admin!(POST "/tollgate/v1/doctor" WRITE doctor::begin),
    admin!(GET "/tollgate/v1/doctor/{run_id}" READ doctor::look),
    admin!(GET "/tollgate/v1/egress" READ egress::list),
    admin!(POST "/tollgate/v1/egress" WRITE egress::create),
    admin!(GET "/tollgate/v1/egress/{egress_name}" READ egress::get),
    admin!(POST "/tollgate/v1/egress/{egress_name}" WRITE egress::update),
    admin!(DELETE "/tollgate/v1/egress/{egress_name}" WRITE egress::delete),
    admin!(POST "/tollgate/v1/egress/{egress_name}/test" WRITE egress::test),
    admin!(GET "/tollgate/v1/upstreams/{upstream_id}/egress" READ egress::of_upstream),
    admin!(PUT "/tollgate/v1/upstreams/{upstream_id}/egress" WRITE egress::put_upstream),
    admin!(GET "/tollgate/v1/projects/{project_id}/egress" READ egress::of_project),
    admin!(PUT "/tollgate/v1/projects/{project_id}/egress" WRITE egress::put_project),
    admin!(GET "/tollgate/v1/projects/{project_id}/rate_limits" READ rate_limits::of_project),
    admin!(PUT "/tollgate/v1/projects/{project_id}/rate_limits" WRITE rate_limits::put_project),
    admin!(DELETE "/tollgate/v1/projects/{project_id}/rate_limits" WRITE rate_limits::clear_project),
    admin!(GET "/tollgate/v1/api_keys/{key_id}/rate_limits" READ rate_limits::of_key),
    admin!(PUT "/tollgate/v1/api_keys/{key_id}/rate_limits" WRITE rate_limits::put_key),
    admin!(DELETE "/tollgate/v1/api_keys/{key_id}/rate_limits" WRITE rate_limits::clear_key),
    admin!(GET "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}" SEE_KEYS key_secrets::get),
    admin!(POST "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}/rotate" KEYS key_secrets::rotate),
    admin!(POST "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}/end_old_secrets" KEYS key_secrets::end_old),
    admin!(POST "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}/resume" KEYS key_secrets::resume),
    admin!(POST "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}/hand_over" KEYS key_secrets::hand_over),
];
