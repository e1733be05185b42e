//! Who gets in, on every route.

use std::sync::atomic::Ordering;

use crate::gateway::Gateway;
use http::{HeaderMap, HeaderName, HeaderValue};
use web::Api;

/// Every route with its ids filled in.
fn routes(gateway: &Gateway) -> Vec<(String, String)> {
    let filled = |template: &str| {
        template
            .replace("{project_id}", &gateway.project)
            .replace("{api_key_id}", "key_1")
            .replace("{key_id}", "key_1")
            .replace("{rate_limit_id}", "rl-gpt-4o")
            .replace("{service_account_id}", "svc_acct_1")
            .replace("{alert_id}", "alert_1")
            .replace("{request_id}", "req_1")
            .replace("{upstream_id}", "up_1")
            .replace("{credential_id}", "cred_1")
            .replace("{route_id}", "route_1")
            .replace("{egress_name}", "out")
            .replace("{run_id}", "run_1")
            .replace("{honeytoken_id}", "key_1")
            .replace("{user_id}", "user-1")
            .replace("{invite_id}", "invite-1")
            .replace("{group_id}", "group_1")
            .replace("{role_id}", "role_1")
            .replace("{run_id}", "run_1")
            .replace("{certificate_id}", "cert_1")
            .replace("{model...}", "gpt-4o")
    };
    Api::routes().map(|(method, path)| (method.to_string(), filled(path))).collect()
}

#[test]
fn every_route_is_one_that_the_api_serves() {
    let mut seen = std::collections::HashSet::new();
    for (method, template) in Api::routes() {
        assert!(Api::serves(template), "{template}");
        assert!(seen.insert((method, template)), "twice: {method} {template}");
    }
    for (path, served) in [
        ("/v1/organization", true),
        ("/v1/organization/x", true),
        ("/v1/projects/p/roles", true),
        ("/tollgate/v1/me", true),
        ("/v1/organizations", false),
        ("/v1/chat/completions", false),
        ("/", false),
        ("/healthz", false),
    ] {
        assert_eq!(Api::serves(path), served, "{path}");
    }
}

#[test]
fn case_1_and_18_no_key_is_401_on_every_route_without_a_look_up() {
    let gateway = Gateway::start();
    let before = gateway.world.lookups.load(Ordering::SeqCst);
    for (method, path) in routes(&gateway) {
        let reply = gateway.call_as("", &method, &path, "{}");
        assert_eq!(reply.refusal(), (401, "missing_api_key", ""), "{method} {path}");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        assert_eq!(reply.header("x-should-retry"), "false");
        assert!(reply.body["error"]["code"].is_null());
    }
    assert_eq!(gateway.world.lookups.load(Ordering::SeqCst), before);
}

#[test]
fn case_18_a_key_of_the_wrong_kind_is_401_on_every_route_and_changes_nothing() {
    let gateway = Gateway::start();
    let (_, project_key) = gateway.new_key("{}");
    let account = gateway.ok("POST", &gateway.accounts(), r#"{"name":"ci"}"#);
    let account_key = account.text("/api_key/value");
    let events = gateway.world.events().len();
    for (method, path) in routes(&gateway) {
        let wrong: &[&str] = match path.as_str() {
            "/tollgate/v1/me" => &[&gateway.admin],
            // Every key may speak of itself; see `leaks.rs`.
            "/tollgate/v1/leaks/check" | "/tollgate/v1/leaks/revoke" => &[],
            _ => &[&project_key, &account_key],
        };
        for key in wrong {
            let reply = gateway.call_as(key, &method, &path, "{}");
            assert_eq!(reply.refusal(), (401, "permission_denied", ""), "{method} {path}");
            let message = reply.text("/error/message");
            assert!(message.starts_with("You have insufficient permissions for this operation."));
            assert!(path.ends_with("/me") || message.contains("Missing scopes: api."));
        }
    }
    // Nothing but what was denied, ten lines a key: the world's minute does not end.
    assert_eq!(gateway.world.events().split_off(events), ["access.denied"; 20]);
}

#[test]
fn without_a_key_no_path_is_told_from_another() {
    let gateway = Gateway::start();
    for path in ["/v1/organization/projects", "/v1/organization/nothing", "/tollgate/v1/nothing"] {
        for method in ["GET", "POST", "PATCH"] {
            let reply = gateway.call_as("", method, path, "");
            assert_eq!(reply.refusal(), (401, "missing_api_key", ""), "{method} {path}");
        }
    }
}

#[test]
fn case_91_unknown_paths_are_404_and_wrong_methods_405() {
    let gateway = Gateway::start();
    for path in [
        "/v1/organization",
        "/v1/organization/x",
        "/v1/organization/projects/",
        "/v1/organization/Projects",
        "/v1/organization/%70rojects",
        "/v1/projects/p/things",
    ] {
        let reply = gateway.get(path);
        assert_eq!(reply.refusal(), (404, "not_found", ""), "{path}");
        assert_eq!(reply.text("/error/message"), format!("Invalid URL (GET {path})"));
    }
    for (method, path) in
        [("PUT", "/v1/organization/projects"), ("DELETE", "/v1/organization/projects")]
    {
        let reply = gateway.call(method, path, "");
        assert_eq!(reply.refusal(), (405, "method_not_allowed", ""));
        assert_eq!(reply.header("allow"), "GET, POST");
    }
    let (_, key) = gateway.new_key("{}");
    let reply = gateway.call_as(&key, "POST", "/tollgate/v1/me", "");
    assert_eq!(reply.refusal(), (405, "method_not_allowed", ""));
}

#[test]
fn case_2_and_4_a_wrong_key_is_401_and_shown_masked() {
    let gateway = Gateway::start();
    let unknown = vault::key::mint(domain::KeyKind::Admin).expose().to_owned();
    let mistyped = format!("{}x", &unknown[..unknown.len() - 1]);
    for key in [&unknown, &mistyped, "' OR 1=1 --", "x", &"k".repeat(9000)] {
        let reply = gateway.call_as(key, "GET", "/v1/organization/projects", "");
        assert_eq!(reply.refusal(), (401, "invalid_api_key", ""));
        assert_eq!(reply.text("/error/code"), "invalid_api_key");
        assert!(!reply.text("/error/message").contains(&format!(" {key}.")));
    }
    let reply = gateway.call_as(&unknown, "GET", "/v1/organization/projects", "");
    let tail = &unknown[unknown.len() - 4..];
    let message = format!("Incorrect API key provided: sk-admin-tg-...{tail}.");
    assert_eq!(reply.text("/error/message"), message);
}

#[test]
fn case_5_keys_that_differ_are_ambiguous() {
    let gateway = Gateway::start();
    let bearer = HeaderValue::from_str(&format!("Bearer {}", gateway.admin)).unwrap();
    for (name, value) in
        [("authorization", bearer.clone()), ("x-api-key", "other".parse().unwrap())]
    {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", bearer.clone());
        headers.append(name.parse::<HeaderName>().unwrap(), value);
        let reply = gateway.send("GET", "/v1/organization/projects", &headers, "");
        assert_eq!(reply.refusal(), (400, "ambiguous_credentials", ""), "{name}");
    }
}

#[test]
fn case_6_ended_keys_are_401_from_the_next_call_on() {
    let gateway = Gateway::start();
    let path = "/v1/organization/admin_api_keys";
    let made = gateway.ok("POST", path, r#"{"name":"a","expires_in_seconds":60}"#);
    let (id, key) = (made.text("/id"), made.text("/value"));
    assert_eq!(gateway.call_as(&key, "GET", path, "").status, 200);
    gateway.world.pass(60);
    let reply = gateway.call_as(&key, "GET", path, "");
    assert_eq!(reply.refusal(), (401, "key_expired", ""));
    assert_eq!(reply.text("/error/code"), "invalid_api_key");
    gateway.ok("DELETE", &format!("{path}/{id}"), "");
    assert_eq!(gateway.call_as(&key, "GET", path, "").refusal(), (401, "key_revoked", ""));

    let (_, key) = gateway.new_key("{}");
    assert_eq!(gateway.call_as(&key, "GET", "/tollgate/v1/me", "").status, 200);
    gateway.ok("POST", "/v1/organization/projects", r#"{"name":"other"}"#);
    gateway.ok("POST", &format!("/v1/organization/projects/{}/archive", gateway.project), "");
    let reply = gateway.call_as(&key, "GET", "/tollgate/v1/me", "");
    assert_eq!(reply.refusal(), (401, "key_disabled", ""));
}

#[test]
fn case_8_and_10_keys_in_urls_and_tricks_in_paths_are_400() {
    let gateway = Gateway::start();
    for target in ["/v1/organization/projects?key=x", "/v1/organization/projects?a=1&api_key=x"] {
        assert_eq!(gateway.get(target).refusal(), (400, "key_in_query_not_allowed", ""));
    }
    for path in
        ["/v1/organization//projects", "/v1/organization/x/../projects", "/v1/organization/%2e%2e"]
    {
        assert_eq!(gateway.get(path).refusal(), (400, "bad_request_target", ""), "{path}");
    }
}

#[test]
fn case_48_a_store_that_is_away_is_503_with_a_wait() {
    let gateway = Gateway::start();
    gateway.world.down.store(true, Ordering::SeqCst);
    let reply = gateway.get("/v1/organization/projects");
    assert_eq!(reply.refusal(), (503, "ledger_unavailable", ""));
    assert_eq!((reply.header("retry-after"), reply.header("retry-after-ms")), ("1", "1000"));
    assert_eq!(reply.header("x-should-retry"), "");
}

#[test]
fn a_call_can_run_on_any_thread() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let gateway = Gateway::start();
    let headers = HeaderMap::new();
    let request = web::ApiRequest {
        method: &http::Method::GET,
        path: "/tollgate/v1/me",
        query: None,
        headers: &headers,
        authority: None,
        body: bytes::Bytes::new(),
        address: [127, 0, 0, 1].into(),
        request_id: "req_1".into(),
    };
    let reply = crate::world::block_on(is_send(gateway.api.handle(request)));
    assert_eq!(reply.status, 401);
}
