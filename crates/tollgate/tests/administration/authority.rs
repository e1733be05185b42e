//! What an admin key may do, and may give.

use serde_json::{Value, json};

use crate::office::{INVITES, Office, PROJECTS, USERS, refusal, refused, text};

const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";
const ROLES: &str = "/v1/organization/roles";
const GROUPS: &str = "/v1/organization/groups";

/// A new admin key with these scopes.
fn key(office: &Office, scopes: &[&str]) -> String {
    let made = office.post(ADMIN_KEYS, json!({"name": "few", "scopes": scopes}));
    assert_eq!(
        (text(&made, "permission"), &made["scopes"]),
        ("restricted".to_owned(), &json!(scopes))
    );
    text(&made, "value")
}

#[test]
fn an_admin_key_does_what_its_scopes_say_and_nothing_else() {
    let office = Office::open();
    let groups = key(&office, &["api.groups.write", "api.made.up"]);
    let read_only = office.post(ADMIN_KEYS, json!({"name": "look", "permission": "read_only"}));
    let read_only = text(&read_only, "value");
    let call = |key: &str, method: &str, path: &str, body: Value| {
        office.gateway.json(key, method, path, &body)
    };
    assert_eq!(call(&groups, "POST", GROUPS, json!({"name": "a"})).status, 200);
    assert_eq!(call(&groups, "GET", GROUPS, Value::Null).status, 200);
    for path in [USERS, ROLES, PROJECTS, ADMIN_KEYS, INVITES, "/v1/organization/costs?start_time=1"]
    {
        let answer = call(&groups, "GET", path, Value::Null);
        assert_eq!(refusal(&answer), refused(401, "permission_denied", ""), "{path}");
        let message = text(&answer.json()["error"], "message");
        assert!(message.contains("Missing scopes: api."), "{message}");
        assert_eq!(call(&read_only, "GET", path, Value::Null).status, 200, "{path}");
    }
    let refused_write = call(&read_only, "POST", GROUPS, json!({"name": "b"}));
    assert_eq!(refusal(&refused_write), refused(401, "permission_denied", ""));
    assert_eq!(office.ids(GROUPS).len(), 1);
}

#[test]
fn case_11_nobody_gives_more_than_they_have() {
    let office = Office::open();
    let ada = office.person("ada@example.com", "reader");
    let group = text(&office.post(GROUPS, json!({"name": "strong"})), "id");
    office.post(
        &format!("{GROUPS}/{group}/roles"),
        json!({"role_id": "role-api-organization-owner"}),
    );
    let helper =
        office.post(ROLES, json!({"role_name": "helper", "permissions": ["api.roles.read"]}));
    let helper = text(&helper, "id");
    let few = key(
        &office,
        &[
            "api.roles.write",
            "api.groups.write",
            "api.organization.users.write",
            "api.organization.invites.write",
            "api.organization.projects.users.write",
            "api.organization.admin_api_keys.write",
        ],
    );
    let project = &office.project;
    let invite = json!({"email": "o@example.com", "role": "owner", "projects": []});
    let accept = text(&office.post(INVITES, invite), "id");
    let accept = format!("/tollgate/v1/invites/{accept}/accept");
    let before = (office.ids(ROLES), office.get(ADMIN_KEYS)["data"].clone(), office.ids(INVITES));
    let owner = json!({"role_id": "role-api-organization-owner"});
    for (path, body) in [
        (ADMIN_KEYS.to_owned(), json!({"name": "all"})),
        (ADMIN_KEYS.to_owned(), json!({"name": "look", "permission": "read_only"})),
        (
            ADMIN_KEYS.to_owned(),
            json!({"name": "x", "scopes": ["api.organization.projects.write"]}),
        ),
        (ROLES.to_owned(), json!({"role_name": "x", "permissions": ["api.usage.read"]})),
        (ROLES.to_owned(), json!({"role_name": "x", "permissions": ["unknown"]})),
        (format!("{ROLES}/{helper}"), json!({"permissions": ["api.management.write"]})),
        (format!("{USERS}/{ada}"), json!({"role": "owner"})),
        (format!("{USERS}/{ada}"), owner.clone()),
        (format!("{USERS}/{ada}/roles"), owner.clone()),
        (format!("{GROUPS}/{group}/roles"), owner),
        (format!("{GROUPS}/{group}/users"), json!({"user_id": ada})),
        (INVITES.to_owned(), json!({"email": "b@example.com", "role": "owner", "projects": []})),
        (accept, json!({})),
        (format!("{PROJECTS}/{project}/users"), json!({"user_id": ada, "role": "owner"})),
        (
            format!("/v1/projects/{project}/users/{ada}/roles"),
            json!({"role_id": "role-api-project-owner"}),
        ),
    ] {
        let answer = office.gateway.json(&few, "POST", &path, &body);
        let (status, code, _) = refusal(&answer);
        assert_eq!((status, code.as_str()), (403, "privilege_escalation"), "{path} {body}");
    }
    let after = (office.ids(ROLES), office.get(ADMIN_KEYS)["data"].clone(), office.ids(INVITES));
    assert_eq!((before.0, before.2), (after.0, after.2));
    assert_eq!(before.1.as_array().unwrap().len(), after.1.as_array().unwrap().len());
    // What it has, it may give.
    for (path, body) in [
        (ADMIN_KEYS.to_owned(), json!({"name": "less", "scopes": ["api.roles.read"]})),
        (ROLES.to_owned(), json!({"role_name": "y", "permissions": ["api.groups.read"]})),
        (format!("{USERS}/{ada}/roles"), json!({"role_id": helper})),
    ] {
        let answer = office.gateway.json(&few, "POST", &path, &body);
        assert_eq!(answer.status, 200, "{path} {}", answer.text());
    }
}

#[test]
fn an_admin_keys_expiry_is_kept_and_shown() {
    let office = Office::open();
    let made = office.post(ADMIN_KEYS, json!({"name": "short", "expires_in_seconds": 3600}));
    let lives = made["expires_at"].as_i64().unwrap() - made["created_at"].as_i64().unwrap();
    assert_eq!(lives, 3600);
    let kept = office.get(&format!("{ADMIN_KEYS}/{}", text(&made, "id")));
    assert_eq!(kept["expires_at"], made["expires_at"]);
    let forever = office.post(ADMIN_KEYS, json!({"name": "long"}));
    assert_eq!(forever["expires_at"], Value::Null);
}

#[test]
fn a_project_key_has_no_way_in() {
    let office = Office::open();
    let key = office.gateway.create_key(&json!({"name": "k"})).value;
    for path in [USERS, INVITES, ROLES, GROUPS] {
        for (method, body) in [("GET", Value::Null), ("POST", json!({}))] {
            let answer = office.gateway.json(&key, method, path, &body);
            assert_eq!(answer.status, 401, "{method} {path}");
        }
    }
}

#[test]
fn every_operation_on_people_and_permissions_is_served() {
    let office = Office::open();
    let nouns = ["users", "groups", "roles", "invites", "admin_api_keys", "service_accounts"];
    let mut served = 0;
    for operation in testkit::spec::Spec::administration().operations {
        if !operation.path.split('/').any(|segment| nouns.contains(&segment)) {
            continue;
        }
        let path = format!("/v1{}", operation.path.replace(['{', '}'], ""));
        let answer = office.call(&operation.method, &path, Value::Null);
        let known = answer.status != 405 && !answer.text().contains("Invalid URL");
        assert!(known, "{} {path}: {}", operation.method, answer.text());
        served += 1;
    }
    assert_eq!(served, 62, "operations of the document");
}

/// The lines of denied attempts, newest first.
fn denials(office: &Office) -> Vec<Value> {
    let lines = office.get("/v1/organization/audit_logs?limit=100&event_types[]=access.denied");
    lines["data"].as_array().unwrap().clone()
}

#[test]
fn case_11_a_denied_attempt_is_in_the_audit_log() {
    let office = Office::open();
    let few = key(&office, &["api.groups.read", "api.roles.write", "api.roles.read"]);
    let project_key = office.gateway.create_key(&json!({"name": "k"}));
    let archive = format!("{PROJECTS}/{}/archive", office.project);
    let helper = json!({"role_name": "more", "permissions": ["api.management.write"]});
    for (key, method, path, body, code) in [
        (&few, "POST", archive.as_str(), json!({}), "permission_denied"),
        (&few, "POST", ROLES, helper, "privilege_escalation"),
        (&project_key.value, "GET", USERS, Value::Null, "permission_denied"),
    ] {
        let answer = office.gateway.json(key, method, path, &body);
        let status = if code == "privilege_escalation" { 403 } else { 401 };
        assert_eq!(refusal(&answer).0, status, "{path}");
        let line = denials(&office).remove(0);
        let details = &line["tollgate"]["details"];
        let told = ["error_code", "method", "path"].map(|name| text(details, name));
        assert_eq!(told, [code, method, path], "{line}");
        assert_eq!(line["type"], "login.failed");
        assert_eq!(line["login.failed"]["error_code"], code);
        assert_eq!(
            line["tollgate"]["request_id"].as_str(),
            answer.header("x-request-id"),
            "{line}"
        );
        assert_eq!(line["tollgate"]["ip_address"], "127.0.0.1");
        assert_eq!(line["actor"]["api_key"]["type"], "user");
    }
    let of_project = &denials(&office)[2];
    assert_eq!(of_project["project"]["id"], office.project);
    // They are found by the document's name too, and are no change.
    let found = |event: &str| {
        office.ids(&format!("/v1/organization/audit_logs?event_types[]={event}&limit=100"))
    };
    assert_eq!(found("login.failed").len(), 3);
    let other = found("organization.updated");
    assert!(found("login.failed").iter().all(|id| !other.contains(id)));
    assert_eq!(office.post("/tollgate/v1/audit/verify", json!({}))["intact"], true);
}

#[test]
fn case_11_neither_strangers_nor_a_known_key_fill_the_audit_log() {
    let office = Office::open();
    let few = key(&office, &["api.groups.read"]);
    let wrong = format!("{few}x");
    let revoked = office.post(ADMIN_KEYS, json!({"name": "gone"}));
    office.delete(&format!("{ADMIN_KEYS}/{}", text(&revoked, "id")));
    for stranger in [wrong, "sk-none".to_owned(), text(&revoked, "value")] {
        for _ in 0..3 {
            assert_eq!(office.gateway.json(&stranger, "GET", USERS, &Value::Null).status, 401);
        }
    }
    assert_eq!(denials(&office).len(), 0);
    for _ in 0..50 {
        assert_eq!(office.gateway.json(&few, "GET", USERS, &Value::Null).status, 401);
    }
    // Ten a minute, and a minute may end in between.
    let lines = denials(&office).len();
    assert!((10..=20).contains(&lines), "{lines}");
}
