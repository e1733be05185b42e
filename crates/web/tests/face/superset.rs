//! Our own routes: rotation, `me`, upstreams.

use crate::gateway::Gateway;
use crate::world::block_on;
use domain::{Cost, Nanos, Secret, Tokens, UsageRow};
use serde_json::json;

#[test]
fn the_document_and_its_page_are_read_without_a_key_and_nothing_else_is() {
    let gateway = Gateway::start();
    let document = gateway.call_as("", "GET", "/tollgate/v1/openapi.json", "");
    assert_eq!((document.status, document.header("content-type")), (200, "application/json"));
    assert_eq!(document.body["openapi"], "3.1.0");
    let me = &document.body["paths"]["/tollgate/v1/me"]["get"];
    assert_eq!(me["security"], json!([{ "project_key": [] }]));
    assert_eq!(me["operationId"], "get_me");
    let limits = &document.body["paths"]["/tollgate/v1/limits"]["get"];
    assert_eq!(limits["x-tollgate-scope"], "api.management.read");
    let model = &document.body["paths"]["/tollgate/v1/prices/{model}"]["get"];
    assert_eq!(model["parameters"][0]["name"], "model");

    let target = "/tollgate/v1/docs".to_owned();
    let request = web::ApiRequest {
        method: &http::Method::GET,
        path: &target,
        query: None,
        headers: &http::HeaderMap::new(),
        authority: None,
        body: bytes::Bytes::new(),
        address: [127, 0, 0, 1].into(),
        request_id: "req_1".into(),
    };
    let page = block_on(gateway.api.handle(request));
    assert_eq!(page.status, 200);
    assert!(page.body.starts_with(b"<!doctype html>"));
    let policy = page.headers.iter().find(|(name, _)| name == "content-security-policy");
    assert!(policy.unwrap().1.to_str().unwrap().starts_with("default-src 'none'"));
    for path in [target.as_str(), "/tollgate/v1/openapi.json"] {
        let refused = gateway.call_as("", "POST", path, "{}");
        assert_eq!(refused.refusal(), (401, "missing_api_key", ""), "{path}");
        let refused = gateway.call("POST", path, "{}");
        assert_eq!(refused.refusal().0, 405, "{path}");
    }
}

const ME: &str = "/tollgate/v1/me";

fn key_path(gateway: &Gateway, id: &str) -> String {
    format!("/tollgate/v1/projects/{}/api_keys/{id}", gateway.project)
}

#[test]
fn a_rotated_key_has_two_secrets_until_the_grace_is_over() {
    let gateway = Gateway::start();
    let (id, old) = gateway.new_key(r#"{"name":"app"}"#);
    let path = key_path(&gateway, &id);
    gateway.world.pass(10);
    let rotated = gateway.ok("POST", &format!("{path}/rotate"), "");
    assert_eq!(rotated.header("cache-control"), "no-store");
    let new = rotated.text("/value");
    assert!(new != old && rotated.text("/id") == id && rotated.text("/name") == "app");
    assert_eq!(rotated.text("/redacted_value"), format!("sk-tg-...{}", &new[new.len() - 4..]));

    let detail = gateway.ok("GET", &path, "");
    assert_eq!(
        detail.body["secrets"],
        json!([
            { "redacted_value": format!("sk-tg-...{}", &new[new.len() - 4..]),
              "created_at": crate::world::NOON + 10, "ends_at": null, "last_used_at": null, "leaked_at": null },
            { "redacted_value": format!("sk-tg-...{}", &old[old.len() - 4..]),
              "created_at": crate::world::NOON, "ends_at": crate::world::NOON + 10 + 86_400,
              "last_used_at": null, "leaked_at": null },
        ])
    );
    assert!(detail.body.get("value").is_none());
    gateway.world.pass(86_399);
    assert_eq!(gateway.call_as(&old, "GET", ME, "").status, 200);
    gateway.world.pass(1);
    assert_eq!(gateway.call_as(&old, "GET", ME, "").refusal(), (401, "key_revoked", ""));
    assert_eq!(gateway.call_as(&new, "GET", ME, "").status, 200);
    assert_eq!(gateway.world.events().last(), Some(&"api_key.rotated"));
    assert_eq!(gateway.world.state().invalidated.last().unwrap().len(), 2);
}

#[test]
fn no_grace_and_one_call_both_end_the_old_secret_at_once() {
    let gateway = Gateway::start();
    let (id, first) = gateway.new_key("{}");
    let path = key_path(&gateway, &id);
    let body = r#"{"grace_seconds":0}"#;
    let second = gateway.ok("POST", &format!("{path}/rotate"), body).text("/value");
    assert_eq!(gateway.call_as(&first, "GET", ME, "").status, 401);
    let third = gateway.ok("POST", &format!("{path}/rotate"), "{}").text("/value");
    assert_eq!(gateway.call_as(&second, "GET", ME, "").status, 200);
    let ended = gateway.ok("POST", &format!("{path}/end_old_secrets"), "");
    assert_eq!(ended.body["secrets"][1]["ends_at"], json!(crate::world::NOON));
    assert_eq!(gateway.call_as(&second, "GET", ME, "").status, 401);
    assert_eq!(gateway.call_as(&third, "GET", ME, "").status, 200);

    for (body, expected) in [
        (r#"{"grace_seconds":-1}"#, (400, "invalid_value", "grace_seconds")),
        (r#"{"grace_seconds":"1h"}"#, (400, "invalid_value", "grace_seconds")),
        (r#"{"grace":1}"#, (400, "unknown_field", "grace")),
    ] {
        assert_eq!(gateway.call("POST", &format!("{path}/rotate"), body).refusal(), expected);
    }
}

#[test]
fn a_service_accounts_key_rotates_as_its_kind() {
    let gateway = Gateway::start();
    let made = gateway.ok("POST", &gateway.accounts(), r#"{"name":"ci"}"#);
    let path = key_path(&gateway, &made.text("/api_key/id"));
    let rotated = gateway.ok("POST", &format!("{path}/rotate"), "");
    assert!(rotated.text("/value").starts_with("sk-svcacct-tg-"));
    assert_eq!(rotated.text("/owner/type"), "service_account");
}

#[test]
fn me_says_what_a_key_may_do_and_used_this_month() {
    let gateway = Gateway::start();
    let (id, key) = gateway.new_key(r#"{"name":"app","models":["m"],"expires_in_seconds":60}"#);
    let (march, april) = (1_772_323_200, 1_775_001_600);
    let row = |requests, nanos| UsageRow {
        requests,
        tokens: Tokens { input: 10, output: 3, ..Tokens::default() },
        cost: Cost::of(Nanos(nanos)),
        ..UsageRow::default()
    };
    gateway.world.state().usage.extend([
        (march - 86_400, row(100, 1)),
        (march, row(2, 41_000)),
        (march + 86_400, row(1, 250)),
        (april, row(100, 1)),
    ]);
    let me = gateway.call_as(&key, "GET", ME, "");
    assert_eq!(
        me.body,
        json!({
            "object": "tollgate.me", "id": id, "name": "app",
            "project": { "id": gateway.project, "name": "Default project" },
            "owner": { "type": "user", "id": me.text("/owner/id"), "name": "Owner" },
            "created_at": crate::world::NOON, "expires_at": crate::world::NOON + 60,
            "permission": "all", "scopes": [], "models": ["m"], "networks": null,
            "usage": { "start_time": march, "end_time": april, "requests": 3, "input_tokens": 20,
                       "output_tokens": 6, "cost_nanos": 41_250, "cost": "0.00004125" },
            "limits": [],
        })
    );
    let questions = &gateway.world.state().questions;
    assert!(questions.iter().all(|q| q.filter.keys == [id.clone()]));
}

#[test]
fn a_key_is_bound_to_its_networks_here_too() {
    let gateway = Gateway::start();
    let (_, key) = gateway.new_key(r#"{"networks":["10.0.0.0/8"]}"#);
    let reply = gateway.call_as(&key, "GET", ME, "");
    assert_eq!(reply.refusal(), (401, "address_not_allowed", ""));
}

#[test]
fn upstreams_are_listed_without_their_credential() {
    let gateway = Gateway::start();
    let url = "https://user:hidden@api.example.com/v1?k=hidden";
    let put = control::DeclaredUpstream {
        name: "openai".into(),
        provider: "openai".into(),
        base_url: url.into(),
        credentials: vec![Secret::from("sk-provider-hidden-abcd")],
        source: domain::UpstreamSource::Environment,
        unowned: control::Unowned::DefaultProject,
        enabled: true,
        api_version: None,
        headers: vec![("X-Title".into(), "Ours".into())],
    };
    block_on(gateway.control.declare_places(vec![put], vec![])).unwrap();
    let listed = gateway.ok("GET", "/tollgate/v1/upstreams", "");
    assert_eq!(
        listed.body["data"],
        json!([{
            "object": "tollgate.upstream", "id": listed.body["data"][0]["id"], "name": "openai",
            "provider": "openai", "base_url": "https://api.example.com/v1",
            "source": "environment", "unowned_project": gateway.project,
            "enabled": true, "in_use": true, "api_version": null,
            "headers": {"X-Title": "Ours"},
            "credentials": [{
                "id": listed.body["data"][0]["credentials"][0]["id"], "last_four": "abcd",
                "weight": 1, "created_at": crate::world::NOON,
            }],
            "created_at": crate::world::NOON,
        }])
    );
    assert!(!listed.body.to_string().contains("hidden"));
}
