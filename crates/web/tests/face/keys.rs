//! API keys of projects and of the administration.

use crate::gateway::Gateway;
use serde_json::{Value, json};

const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";

#[test]
fn a_project_key_is_made_with_a_policy_and_its_secret_is_never_shown_again() {
    let gateway = Gateway::start();
    let body = r#"{"name":"app","scopes":["api.chat.request","api.mystery.read"],
        "models":["gpt-4o*"],"networks":["10.1.2.3/8","::1"],"expires_in_seconds":60}"#;
    let made = gateway.ok("POST", &gateway.keys(), body);
    assert_eq!(made.header("cache-control"), "no-store");
    let (id, value) = (made.text("/id"), made.text("/value"));
    let mut shape = made.body.clone();
    shape.as_object_mut().unwrap().remove("value");
    assert_eq!(
        shape,
        json!({
            "object": "organization.project.api_key", "id": id, "name": "app",
            "redacted_value": format!("sk-tg-...{}", &value[value.len() - 4..]),
            "created_at": crate::world::NOON, "last_used_at": null, "owner_project_access": "active",
            "owner": {"type": "user", "user": {
                "id": made.text("/owner/user/id"), "email": "owner@localhost", "name": "Owner",
                "created_at": crate::world::NOON, "role": "owner",
            }},
            "expires_at": crate::world::NOON + 60,
            "secret_created_at": crate::world::NOON, "permission": "restricted",
            "scopes": ["api.chat.request", "api.mystery.read"], "models": ["gpt-4o*"],
            "networks": ["10.0.0.0/8", "::1/128"],
        })
    );
    let path = format!("{}/{id}", gateway.keys());
    assert_eq!(gateway.get(&path).body, shape);
    assert_eq!(gateway.get(&gateway.keys()).body["data"], json!([shape]));
    let inactive = gateway.get(&format!("{}?owner_project_access=inactive", gateway.keys()));
    assert_eq!(inactive.body["data"], json!([]));
    let secret = &value[6..];
    let state = gateway.world.state();
    assert!(!format!("{:?} {:?}", state.keys, state.audit).contains(secret), "P11");
    let audit = state.audit.last().unwrap();
    assert!(audit.payload.contains("api.chat.request"));
    assert_eq!(audit.address.as_deref(), Some("127.0.0.1"));
}

#[test]
fn a_key_is_changed_by_parts_and_deleted() {
    let gateway = Gateway::start();
    let (id, value) =
        gateway.new_key(r#"{"permission":"read_only","models":["m"],"networks":["127.0.0.1"]}"#);
    let path = format!("{}/{id}", gateway.keys());
    let hashes = gateway.world.state().keys[1].secrets[0].hash;
    let changed = gateway.ok("POST", &path, r#"{"name":"new","expires_in_seconds":9}"#);
    assert_eq!(changed.text("/permission"), "read_only");
    assert_eq!(changed.body["expires_at"], json!(crate::world::NOON + 9));
    assert_eq!(gateway.world.state().invalidated.last().unwrap(), &[hashes]);
    let body = r#"{"scopes":[],"models":null,"networks":null,"expires_in_seconds":null}"#;
    let lifted = gateway.ok("POST", &path, body);
    assert_eq!(lifted.text("/permission"), "all");
    for field in ["models", "networks", "expires_at"] {
        assert!(lifted.body[field].is_null(), "{field}");
    }
    assert_eq!(gateway.get(&path).body, lifted.body);
    let narrowed = gateway.ok("POST", &path, r#"{"scopes":["api.files.read"]}"#);
    assert_eq!(narrowed.text("/permission"), "restricted");
    assert_eq!(gateway.call("POST", &path, r#"{"x":1}"#).refusal(), (400, "unknown_field", "x"));

    let gone = gateway.ok("DELETE", &path, "");
    assert_eq!(gone.text("/object"), "organization.project.api_key.deleted");
    assert_eq!(gateway.call("DELETE", &path, "").refusal(), (404, "not_found", ""));
    let reply = gateway.call_as(&value, "GET", "/tollgate/v1/me", "");
    assert_eq!(reply.refusal(), (401, "key_revoked", ""));
    let events = gateway.world.events();
    assert_eq!(
        events[3..],
        ["api_key.updated", "api_key.updated", "api_key.updated", "api_key.deleted"]
    );
}

#[test]
fn case_12_bad_policies_are_400_and_name_the_field() {
    let gateway = Gateway::start();
    for (body, expected) in [
        (r#"{"permission":"god"}"#, ("invalid_value", "permission")),
        (r#"{"permission":"restricted"}"#, ("missing_required_parameter", "scopes")),
        (r#"{"permission":"all","scopes":["api.chat.request"]}"#, ("invalid_value", "scopes")),
        (r#"{"scopes":"api.chat.request"}"#, ("invalid_value", "scopes")),
        (r#"{"scopes":[1]}"#, ("invalid_value", "scopes")),
        (r#"{"models":[]}"#, ("invalid_value", "models")),
        (r#"{"models":["a*b"]}"#, ("invalid_value", "models")),
        (r#"{"networks":["10.0.0.0/33"]}"#, ("invalid_value", "networks")),
        (r#"{"expires_at":1}"#, ("invalid_value", "expires_at")),
        (r#"{"expires_at":9999999999,"expires_in_seconds":1}"#, ("invalid_value", "expires_at")),
        (r#"{"owner":"me"}"#, ("unknown_field", "owner")),
    ] {
        let reply = gateway.call("POST", &gateway.keys(), body);
        let (code, param) = expected;
        assert_eq!(reply.refusal(), (400, code, param), "{body}");
    }
    assert_eq!(gateway.world.events().len(), 2, "nothing was written");
}

#[test]
fn an_admin_key_is_shown_once_listed_and_deleted() {
    let gateway = Gateway::start();
    let made = gateway.ok("POST", ADMIN_KEYS, r#"{"name":"ops","expires_in_seconds":3600}"#);
    assert_eq!(made.header("cache-control"), "no-store");
    let (id, value) = (made.text("/id"), made.text("/value"));
    assert!(value.starts_with("sk-admin-tg-"));
    assert_eq!(made.body["expires_at"], json!(crate::world::NOON + 3600));

    let mut shape = made.body.clone();
    shape.as_object_mut().unwrap().remove("value");
    let read = gateway.ok("GET", &format!("{ADMIN_KEYS}/{id}"), "");
    assert_eq!(read.body, shape);
    assert_eq!(read.text("/owner/type"), "user");
    assert_eq!(read.text("/owner/object"), "organization.user");
    assert!(read.body.get("last_used_at").is_some_and(Value::is_null));
    assert_eq!(read.text("/redacted_value")[..15], *"sk-admin-tg-...");

    let newest_first = gateway.get(&format!("{ADMIN_KEYS}?order=desc"));
    assert_eq!(newest_first.text("/data/0/id"), id);
    assert_eq!(gateway.get(ADMIN_KEYS).text("/data/1/id"), id);
    let gone = gateway.ok("DELETE", &format!("{ADMIN_KEYS}/{id}"), "");
    assert_eq!(
        gone.body,
        json!({"object":"organization.admin_api_key.deleted","id":id,"deleted":true})
    );
    assert_eq!(gateway.get(&format!("{ADMIN_KEYS}/{id}")).refusal().0, 404);
}
