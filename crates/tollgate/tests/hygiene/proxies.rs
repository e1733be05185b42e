//! Whose word on a client's address is taken: `trusted_proxies`.

use serde_json::{Value, json};
use testkit::Answer;

use crate::support::{Stage, passed, refused};

/// Our own address stands for the proxy's.
const TRUSTED: &str = "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n";

fn ask(stage: &Stage, key: &str, more: &[(&str, &str)]) -> Answer {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("Authorization", bearer.as_str())];
    headers.extend_from_slice(more);
    stage.gateway.request("GET", "/v1/models", &headers, "")
}

#[test]
fn a_trusted_proxys_client_is_held_to_its_keys_networks() {
    let stage = Stage::configured(TRUSTED);
    let office = stage.gateway.create_key(&json!({"name": "o", "networks": ["192.0.2.0/24"]}));
    for (name, value) in [
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-For", "203.0.113.5, 192.0.2.7, 10.1.2.3"),
        ("Forwarded", "for=\"192.0.2.7:4711\";proto=https, for=10.1.2.3"),
    ] {
        passed(&ask(&stage, &office.value, &[(name, value)]));
    }
    for (name, value) in [
        // The client's own word stands to the left of what the proxy wrote.
        ("X-Forwarded-For", "192.0.2.7, 203.0.113.5"),
        ("X-Forwarded-For", "192.0.2.7, 203.0.113.5, 10.1.2.3"),
        ("Forwarded", "for=192.0.2.7, for=203.0.113.5"),
        // Headers that are nobody's standard are no proxy's either.
        ("X-Real-IP", "192.0.2.7"),
    ] {
        refused(&ask(&stage, &office.value, &[(name, value)]), 401, "address_not_allowed");
    }
    let told = stage.gateway.admin("GET", "/v1/organization/audit_logs", &Value::Null);
    assert!(!told["data"].as_array().unwrap().is_empty());
}

#[test]
fn what_a_trusted_proxy_cannot_mean_is_refused() {
    let stage = Stage::configured(TRUSTED);
    // A key for the proxy's own network, which garbage must not let anybody into.
    let inside = stage.gateway.create_key(&json!({"name": "i", "networks": ["127.0.0.0/8"]}));
    for (name, value) in [
        ("X-Forwarded-For", "unknown"),
        ("X-Forwarded-For", "192.0.2.7,"),
        ("X-Forwarded-For", ""),
        ("Forwarded", "for=_hidden"),
        ("Forwarded", "for=\"127.0.0.1, for=203.0.113.5"),
    ] {
        let answer = ask(&stage, &inside.value, &[(name, value)]);
        refused(&answer, 400, "bad_forwarded_address");
    }
    let two = [("X-Forwarded-For", "203.0.113.5"), ("Forwarded", "for=127.0.0.1")];
    refused(&ask(&stage, &inside.value, &two), 400, "bad_forwarded_address");
    stage.kept_from_the_provider();
    passed(&ask(&stage, &inside.value, &[]));
}

#[test]
fn another_peers_word_is_not_taken() {
    // We are none of these.
    let stage = Stage::configured("trusted_proxies = [\"192.0.2.1\"]\n");
    let office = stage.gateway.create_key(&json!({"name": "o", "networks": ["10.0.0.0/8"]}));
    let here = stage.gateway.create_key(&json!({"name": "h", "networks": ["127.0.0.0/8"]}));
    for (name, value) in [
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Forwarded-For", "10.1.2.3, 192.0.2.1"),
        ("Forwarded", "for=10.1.2.3"),
        ("X-Forwarded-For", "unknown"),
    ] {
        refused(&ask(&stage, &office.value, &[(name, value)]), 401, "address_not_allowed");
        passed(&ask(&stage, &here.value, &[(name, value)]));
    }
}

#[test]
fn the_audit_log_and_the_limits_of_guessing_go_by_the_client() {
    let stage = Stage::configured(TRUSTED);
    let admin = format!("Bearer {}", stage.gateway.admin_key());
    let headers = [("Authorization", admin.as_str()), ("X-Forwarded-For", "203.0.113.5, 10.1.2.3")];
    let made = stage.gateway.request(
        "POST",
        "/v1/organization/projects",
        &headers,
        "{\"name\": \"through a proxy\"}",
    );
    passed(&made);
    let log = "/v1/organization/audit_logs?limit=5";
    let told = stage.gateway.admin("GET", log, &Value::Null);
    assert!(told.to_string().contains("\"ip_address\":\"203.0.113.5\""), "{told}");
    // One client guesses until it is stopped; its neighbour behind the same proxy is not.
    let unknown = vault::key::mint(domain::KeyKind::Project);
    let guess = |from: &str| ask(&stage, unknown.expose(), &[("X-Forwarded-For", from)]);
    let stopped = (0..400).any(|_| guess("203.0.113.9").status == 429);
    assert!(stopped, "nobody was stopped");
    assert_eq!(guess("203.0.113.10").status, 401);
    passed(&ask(&stage, &stage.key.value, &[("X-Forwarded-For", "203.0.113.10")]));
}
