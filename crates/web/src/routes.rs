//! Every route, on one page.

mod admin_api_keys;
mod costs;
mod doctor;
mod egress;
mod key_secrets;
mod ledger;
mod limits;
mod me;
mod model_routes;
mod organization;
mod prices;
mod project_api_keys;
mod projects;
mod rate_limits;
mod requests;
mod service_accounts;
mod spend_alerts;
mod spend_limits;
mod upstreams;
mod usage;

use domain::Scope;
use domain::ports::BoxFuture;
use http::Method;

use crate::call::{AdminCall, HolderCall};
use crate::reply::Answer;

/// What a key would need, as the refusal of another key names it.
pub(crate) const READ: Scope = Scope::read("management");
pub(crate) const WRITE: Scope = Scope::write("management");
const USAGE: Scope = Scope::read("usage");

type AdminHandler = for<'a> fn(&'a AdminCall<'a>) -> BoxFuture<'a, Answer>;
type HolderHandler = for<'a> fn(&'a HolderCall<'a>) -> BoxFuture<'a, Answer>;

/// Who may call a route, and what answers.
#[derive(Clone, Copy)]
pub(crate) enum Serve {
    Admin(Scope, AdminHandler),
    /// A project's key, about itself.
    Holder(HolderHandler),
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
    admin!(GET "/v1/organization/admin_api_keys" READ admin_api_keys::list),
    admin!(POST "/v1/organization/admin_api_keys" WRITE admin_api_keys::create),
    admin!(GET "/v1/organization/admin_api_keys/{key_id}" READ admin_api_keys::get),
    admin!(DELETE "/v1/organization/admin_api_keys/{key_id}" WRITE admin_api_keys::delete),

    admin!(GET "/v1/organization/projects" READ projects::list),
    admin!(POST "/v1/organization/projects" WRITE projects::create),
    admin!(GET "/v1/organization/projects/{project_id}" READ projects::get),
    admin!(POST "/v1/organization/projects/{project_id}" WRITE projects::modify),
    admin!(POST "/v1/organization/projects/{project_id}/archive" WRITE projects::archive),

    admin!(GET "/v1/organization/projects/{project_id}/api_keys" READ project_api_keys::list),
    admin!(POST "/v1/organization/projects/{project_id}/api_keys" WRITE project_api_keys::create),
    admin!(GET "/v1/organization/projects/{project_id}/api_keys/{api_key_id}" READ project_api_keys::get),
    admin!(POST "/v1/organization/projects/{project_id}/api_keys/{api_key_id}" WRITE project_api_keys::update),
    admin!(DELETE "/v1/organization/projects/{project_id}/api_keys/{api_key_id}" WRITE project_api_keys::delete),

    admin!(GET "/v1/organization/projects/{project_id}/service_accounts" READ service_accounts::list),
    admin!(POST "/v1/organization/projects/{project_id}/service_accounts" WRITE service_accounts::create),
    admin!(GET "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}" READ service_accounts::get),
    admin!(POST "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}" WRITE service_accounts::update),
    admin!(DELETE "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}" WRITE service_accounts::delete),
    admin!(POST "/v1/organization/projects/{project_id}/service_accounts/{service_account_id}/api_keys" WRITE service_accounts::create_key),

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
        template: "/tollgate/v1/me",
        serve: Serve::Holder(|call| Box::pin(me::get(call))),
    },
    admin!(GET "/tollgate/v1/organization" READ organization::get),
    admin!(PUT "/tollgate/v1/organization" WRITE organization::update),
    admin!(GET "/tollgate/v1/limits" READ limits::list),
    admin!(PUT "/tollgate/v1/limits" WRITE limits::put),
    admin!(DELETE "/tollgate/v1/limits" WRITE limits::delete),
    admin!(GET "/tollgate/v1/ledger/accounts" READ ledger::accounts),
    admin!(GET "/tollgate/v1/ledger/entries" READ ledger::entries),
    admin!(POST "/tollgate/v1/ledger/verify" WRITE ledger::verify),
    admin!(POST "/tollgate/v1/ledger/corrections" WRITE ledger::correct),
    admin!(POST "/tollgate/v1/ledger/acknowledgements" WRITE ledger::acknowledge),
    admin!(GET "/tollgate/v1/requests" USAGE requests::list),
    admin!(GET "/tollgate/v1/requests/{request_id}" USAGE requests::get),
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
    admin!(GET "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}" READ key_secrets::get),
    admin!(POST "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}/rotate" WRITE key_secrets::rotate),
    admin!(POST "/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}/end_old_secrets" WRITE key_secrets::end_old),
];
