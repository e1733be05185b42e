//! The bodies of valid calls: all that is written by hand.

use serde_json::{Value, json};
use testkit::spec::Operation;

use crate::name;
use crate::world::World;

/// Null where there is none.
pub fn valid(operation: &Operation, world: &World) -> Value {
    if operation.body.is_none() {
        return Value::Null;
    }
    let name = name(operation);
    match name.strip_prefix("POST ").expect("only POST has a body") {
        "/organization/admin_api_keys" => json!({"name": "made", "expires_in_seconds": 3600}),
        "/organization/certificates" => json!({"certificate": world.pem, "name": "made"}),
        "/organization/certificates/{certificate_id}" => json!({"name": "renamed"}),
        path if path.ends_with("activate") => json!({"certificate_ids": [world.certificate]}),
        "/organization/data_retention" => json!({"retention_type": "modified_abuse_monitoring"}),
        "/organization/groups" => json!({"name": "made"}),
        "/organization/groups/{group_id}" => json!({"name": "renamed"}),
        "/organization/groups/{group_id}/users" => json!({"user_id": world.later_user}),
        "/organization/invites" => json!({"email": "made@example.com", "role": "reader",
            "projects": [{"id": world.project, "role": "member"}]}),
        "/organization/projects" => json!({"name": "made"}),
        "/organization/projects/{project_id}" => json!({"name": "renamed"}),
        path => of_project(path, world),
    }
}

fn of_project(path: &str, world: &World) -> Value {
    let Some(rest) = path.strip_prefix("/organization/projects/{project_id}/") else {
        return of_both(path, world);
    };
    match rest {
        "data_retention" => json!({"retention_type": "organization_default"}),
        "groups" => json!({"group_id": world.later_group, "role": "role-api-project-member"}),
        "hosted_tool_permissions" => json!({
            "code_interpreter": {"enabled": false}, "file_search": {"enabled": true},
            "image_generation": {"enabled": false}, "mcp": {"enabled": true},
            "web_search": {"enabled": false},
        }),
        "model_permissions" => json!({"mode": "deny_list", "model_ids": ["gpt-none"]}),
        "rate_limits/{rate_limit_id}" => json!({"max_requests_per_1_minute": 77}),
        "service_accounts" => json!({"name": "made", "create_service_account_only": false}),
        "service_accounts/{service_account_id}" => json!({"name": "renamed", "role": "member"}),
        "service_accounts/{service_account_id}/api_keys" => json!({"name": "made", "scopes": []}),
        "users" => json!({"user_id": world.later_user, "role": "member"}),
        "users/{user_id}" => json!({"role": "member"}),
        _ => of_both(path, world),
    }
}

/// What the organization and its projects have alike.
fn of_both(path: &str, world: &World) -> Value {
    let role = if path.starts_with("/projects/") { &world.project_role } else { &world.role };
    if path.ends_with("/spend_limit") {
        return json!({"currency": "USD", "interval": "month", "threshold_amount": 500});
    }
    if path.contains("/spend_alerts") {
        return json!({"currency": "USD", "interval": "month", "threshold_amount": 400,
            "notification_channel": {"type": "email", "recipients": ["ada@example.com"],
                                     "subject_prefix": "made"}});
    }
    if path.contains("s/{user_id}/roles") || path.contains("s/{group_id}/roles") {
        return json!({"role_id": role});
    }
    if path.ends_with("/roles") {
        return json!({"role_name": "made", "permissions": ["api.groups.read"],
                      "description": "made"});
    }
    if path.ends_with("/roles/{role_id}") {
        return json!({"role_name": "renamed", "permissions": ["api.roles.read"]});
    }
    match path {
        "/organization/users/{user_id}" => json!({"role": "reader", "technical_level": "high"}),
        _ => panic!("no valid body for {path}"),
    }
}
