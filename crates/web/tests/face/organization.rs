//! Projects and service accounts, and what every list and body has in common.

use crate::gateway::Gateway;
use serde_json::{Value, json};

const PROJECTS: &str = "/v1/organization/projects";
const ADMIN_KEYS: &str = "/v1/organization/admin_api_keys";

#[test]
fn a_project_is_made_read_renamed_and_archived() {
    let gateway = Gateway::start();
    let made = gateway.ok("POST", PROJECTS, r#"{"name":"  Blue ","external_key_id":"ext"}"#);
    let id = made.text("/id");
    let shape = json!({
        "id": id, "object": "organization.project", "name": "Blue", "created_at": crate::world::NOON,
        "archived_at": null, "status": "active", "external_key_id": "ext", "residency": "GLOBAL",
    });
    assert_eq!(made.body, shape);
    let path = format!("{PROJECTS}/{id}");
    assert_eq!(gateway.get(&path).body, shape);
    let changed = gateway.ok("POST", &path, r#"{"name":"Red","external_key_id":null}"#);
    assert_eq!(changed.text("/name"), "Red");
    assert!(changed.body["external_key_id"].is_null());
    assert_eq!(gateway.ok("POST", &path, "{}").body, changed.body);

    for _ in 0..2 {
        let archived = gateway.ok("POST", &format!("{path}/archive"), "");
        assert_eq!(archived.text("/status"), "archived");
        assert_eq!(archived.body["archived_at"], json!(crate::world::NOON));
    }
    assert_eq!(gateway.get(&path).text("/status"), "archived");
    let listed = |query: &str| gateway.get(&format!("{PROJECTS}{query}")).body["data"].clone();
    assert_eq!(listed("").as_array().unwrap().len(), 1);
    assert_eq!(listed("?include_archived=true").as_array().unwrap().len(), 2);
    let events = gateway.world.events();
    assert_eq!(events[2..], ["project.created", "project.updated", "project.archived"]);
}

#[test]
fn an_archived_project_takes_no_change() {
    let gateway = Gateway::start();
    let project = format!("{PROJECTS}/{}", gateway.project);
    let (key, _) = gateway.new_key("{}");
    gateway.ok("POST", "/v1/organization/projects", r#"{"name":"other"}"#);
    gateway.ok("POST", &format!("{project}/archive"), "{}");
    for path in
        [project.clone(), gateway.keys(), gateway.accounts(), format!("{}/{key}", gateway.keys())]
    {
        let reply = gateway.call("POST", &path, r#"{"name":"x"}"#);
        assert_eq!(reply.refusal(), (400, "invalid_value", "project_id"), "{path}");
    }
    assert_eq!(gateway.get(&gateway.accounts()).body["data"], json!([]));
}

#[test]
fn case_12_bad_bodies_are_400_and_name_the_field() {
    let gateway = Gateway::start();
    let long = format!(r#"{{"name":"{}"}}"#, "n".repeat(257));
    let accounts = gateway.accounts();
    for (path, body, expected) in [
        (PROJECTS, "", ("missing_required_parameter", "name")),
        (PROJECTS, "{}", ("missing_required_parameter", "name")),
        (PROJECTS, r#"{"name":null}"#, ("missing_required_parameter", "name")),
        (PROJECTS, r#"{"name":5}"#, ("invalid_value", "name")),
        (PROJECTS, r#"{"name":"  "}"#, ("invalid_value", "name")),
        (PROJECTS, r#"{"name":"a\nb"}"#, ("invalid_value", "name")),
        (PROJECTS, &long, ("invalid_value", "name")),
        (PROJECTS, r#"{"name":"a","residency":"MOON"}"#, ("invalid_value", "residency")),
        (PROJECTS, r#"{"name":"a","role":"admin"}"#, ("unknown_field", "role")),
        (PROJECTS, "[]", ("invalid_json", "")),
        (PROJECTS, "{", ("invalid_json", "")),
        (PROJECTS, r#"{"name":"a","name":"b"}"#, ("invalid_json", "")),
        (
            ADMIN_KEYS,
            r#"{"name":"a","expires_in_seconds":0}"#,
            ("invalid_value", "expires_in_seconds"),
        ),
        (
            ADMIN_KEYS,
            r#"{"name":"a","expires_in_seconds":31536001}"#,
            ("invalid_value", "expires_in_seconds"),
        ),
        (
            ADMIN_KEYS,
            r#"{"name":"a","expires_in_seconds":1.5}"#,
            ("invalid_value", "expires_in_seconds"),
        ),
        (
            ADMIN_KEYS,
            r#"{"name":"a","expires_in_seconds":"9"}"#,
            ("invalid_value", "expires_in_seconds"),
        ),
        (ADMIN_KEYS, r#"{"name":"a","models":[]}"#, ("unknown_field", "models")),
        (
            &accounts,
            r#"{"name":"a","create_service_account_only":"no"}"#,
            ("invalid_value", "create_service_account_only"),
        ),
        (&accounts, r#"{"name":"a","used":0}"#, ("unknown_field", "used")),
    ] {
        let reply = gateway.call("POST", path, body);
        let (code, param) = expected;
        assert_eq!(reply.refusal(), (400, code, param), "{path} {body}");
    }
    assert_eq!(gateway.world.events().len(), 2, "nothing was written");
    let unknown = gateway.call("POST", PROJECTS, r#"{"name":"a","x":1}"#);
    assert_eq!(unknown.text("/error/code"), "unknown_parameter");
}

#[test]
fn case_92_a_body_that_is_not_json_is_415() {
    let gateway = Gateway::start();
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {}", gateway.admin).parse().unwrap());
    headers.insert("content-type", "text/plain".parse().unwrap());
    let reply = gateway.send("POST", PROJECTS, &headers, r#"{"name":"a"}"#);
    assert_eq!(reply.refusal(), (415, "unsupported_media_type", ""));
    headers.insert("content-type", "application/json; charset=utf-8".parse().unwrap());
    assert_eq!(gateway.send("POST", PROJECTS, &headers, r#"{"name":"a"}"#).status, 200);
    headers.insert("content-encoding", "gzip".parse().unwrap());
    let reply = gateway.send("POST", PROJECTS, &headers, r#"{"name":"a"}"#);
    assert_eq!(reply.refusal(), (415, "unsupported_content_encoding", ""));
}

#[test]
fn pages_go_on_from_the_last_id_until_the_end() {
    let gateway = Gateway::start();
    for name in ["b", "c", "d", "e"] {
        gateway.ok("POST", PROJECTS, &format!(r#"{{"name":"{name}"}}"#));
    }
    let mut names = Vec::new();
    let mut target = format!("{PROJECTS}?limit=2");
    loop {
        let page = gateway.ok("GET", &target, "");
        assert_eq!(page.text("/object"), "list");
        let rows = page.body["data"].as_array().unwrap().clone();
        assert_eq!(page.body["first_id"], rows[0]["id"]);
        assert_eq!(page.body["last_id"], rows[rows.len() - 1]["id"]);
        names.extend(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()));
        if page.body["has_more"] == json!(false) {
            break;
        }
        target = format!("{PROJECTS}?limit=2&after={}", page.text("/last_id"));
    }
    assert_eq!(names, ["Default project", "b", "c", "d", "e"]);
    let empty = gateway.get(&gateway.accounts());
    assert_eq!(
        empty.body,
        json!({"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false})
    );
}

#[test]
fn case_14_page_parameters_out_of_bounds_are_400_by_name() {
    let gateway = Gateway::start();
    for (target, param) in [
        (format!("{PROJECTS}?limit=0"), "limit"),
        (format!("{PROJECTS}?limit=101"), "limit"),
        (format!("{PROJECTS}?limit=ten"), "limit"),
        (format!("{PROJECTS}?limit=1&limit=2"), "limit"),
        (format!("{PROJECTS}?include_archived=maybe"), "include_archived"),
        (format!("{ADMIN_KEYS}?order=name"), "order"),
        (format!("{}?owner_project_access=x", gateway.keys()), "owner_project_access"),
    ] {
        assert_eq!(gateway.get(&target).refusal(), (400, "invalid_value", param), "{target}");
    }
}

#[test]
fn a_service_account_comes_with_a_key_and_takes_its_keys_along() {
    let gateway = Gateway::start();
    let body = r#"{"name":"ci","expires_in_seconds":100}"#;
    let made = gateway.ok("POST", &gateway.accounts(), body);
    assert_eq!(made.header("cache-control"), "no-store");
    let id = made.text("/id");
    let key_id = made.text("/api_key/id");
    assert!(made.text("/api_key/value").starts_with("sk-svcacct-tg-"));
    assert_eq!(made.text("/api_key/object"), "organization.project.service_account.api_key");
    assert_eq!(made.body["api_key"]["expires_at"], json!(crate::world::NOON + 100));
    let path = format!("{}/{id}", gateway.accounts());
    let shape = json!({
        "object": "organization.project.service_account", "id": id, "name": "ci",
        "role": "member", "created_at": crate::world::NOON,
    });
    assert_eq!(gateway.get(&path).body, shape);
    assert_eq!(gateway.get(&gateway.accounts()).body["data"], json!([shape]));
    let changed = gateway.ok("POST", &path, r#"{"name":"cd","role":"owner"}"#);
    assert_eq!((changed.text("/name"), changed.text("/role")), ("cd".into(), "owner".into()));

    let second = gateway.ok(
        "POST",
        &format!("{path}/api_keys"),
        r#"{"name":"two","scopes":["api.chat.request"]}"#,
    );
    assert_eq!(second.text("/name"), "two");
    let listed = gateway.get(&gateway.keys());
    assert_eq!(listed.text("/data/1/owner/service_account/name"), "cd");
    assert_eq!(listed.text("/data/1/permission"), "restricted");
    let reply = gateway.call("DELETE", &format!("{}/{key_id}", gateway.keys()), "");
    assert_eq!(reply.refusal(), (400, "invalid_value", "api_key_id"));

    gateway.ok("DELETE", &path, "");
    assert_eq!(gateway.get(&path).refusal(), (404, "not_found", ""));
    assert_eq!(gateway.get(&gateway.keys()).body["data"], json!([]));
    assert_eq!(gateway.world.state().invalidated.last().unwrap(), &[], "all views are dropped");
    for key in [made.text("/api_key/value"), second.text("/value")] {
        let reply = gateway.call_as(&key, "GET", "/tollgate/v1/me", "");
        assert_eq!(reply.refusal(), (401, "key_revoked", ""));
    }
}

#[test]
fn a_service_account_may_be_made_without_a_key() {
    let gateway = Gateway::start();
    let body = r#"{"name":"ci","create_service_account_only":true}"#;
    let made = gateway.ok("POST", &gateway.accounts(), body);
    assert!(made.body.get("api_key").is_some_and(Value::is_null));
    assert_eq!(made.text("/role"), "none");
    assert_eq!(gateway.get(&gateway.keys()).body["data"], json!([]));
}

#[test]
fn case_13_ids_of_another_project_are_like_ids_that_never_were() {
    let gateway = Gateway::start();
    let other = gateway.ok("POST", PROJECTS, r#"{"name":"other"}"#).text("/id");
    let (key, _) = gateway.new_key("{}");
    let account = gateway.ok("POST", &gateway.accounts(), r#"{"name":"ci"}"#).text("/id");
    let events = gateway.world.events().len();
    let tries = [
        ("GET", "/v1/organization/projects/{P}/api_keys/{K}", ""),
        ("POST", "/v1/organization/projects/{P}/api_keys/{K}", r#"{"name":"x"}"#),
        ("DELETE", "/v1/organization/projects/{P}/api_keys/{K}", ""),
        ("GET", "/tollgate/v1/projects/{P}/api_keys/{K}", ""),
        ("POST", "/tollgate/v1/projects/{P}/api_keys/{K}/rotate", ""),
        ("POST", "/tollgate/v1/projects/{P}/api_keys/{K}/end_old_secrets", ""),
        ("GET", "/v1/organization/projects/{P}/service_accounts/{S}", ""),
        ("POST", "/v1/organization/projects/{P}/service_accounts/{S}", r#"{"name":"x"}"#),
        ("DELETE", "/v1/organization/projects/{P}/service_accounts/{S}", ""),
        ("POST", "/v1/organization/projects/{P}/service_accounts/{S}/api_keys", "{}"),
    ];
    for (method, template, body) in tries {
        let at = |key: &str, account: &str| {
            let path = template.replace("{P}", &other).replace("{K}", key).replace("{S}", account);
            gateway.call(method, &path, body)
        };
        let (foreign, missing) = (at(&key, &account), at("key_none", "svc_none"));
        assert_eq!(foreign.refusal(), (404, "not_found", ""), "{method} {template}");
        let words = foreign.text("/error/message").replace(&key, "key_none");
        assert_eq!(words.replace(&account, "svc_none"), missing.text("/error/message"));
    }
    for path in
        ["/v1/organization/projects/proj_none", "/v1/organization/projects/proj_none/api_keys"]
    {
        assert_eq!(gateway.get(path).refusal(), (404, "not_found", ""), "{path}");
    }
    assert_eq!(gateway.get(&format!("{ADMIN_KEYS}/{key}")).refusal().0, 404);
    assert_eq!(gateway.world.events().len(), events);
}
