//! Every route, on one page.

mod admin_api_keys;
mod completions_usage;
mod key_secrets;
mod me;
mod project_api_keys;
mod projects;
mod rate_limits;
mod service_accounts;
mod upstreams;

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
    /// Segments in braces are ids.
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

    admin!(GET "/v1/organization/usage/completions" USAGE completions_usage::report),

    Route {
        method: Method::GET,
        template: "/tollgate/v1/me",
        serve: Serve::Holder(|call| Box::pin(me::get(call))),
    },
    admin!(GET "/tollgate/v1/upstreams" READ upstreams::list),
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
