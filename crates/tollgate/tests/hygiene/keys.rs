//! Who may call at all.

use serde_json::{Value, json};

use crate::support::{CHAT, Stage, hello, metric, passed, refused, statuses, until};

const REJECTS: &str = "tollgate_key_checksum_rejects_total";

#[test]
fn case_1_no_key_is_401_and_asks_for_one() {
    let stage = Stage::new();
    for authorization in [None, Some(""), Some("Bearer"), Some("Bearer   ")] {
        let headers: Vec<_> = authorization.iter().map(|value| ("Authorization", *value)).collect();
        let answer = stage.gateway.request("POST", CHAT, &headers, "{}");
        refused(&answer, 401, "missing_api_key");
        assert_eq!(answer.json()["error"]["code"], Value::Null);
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    stage.kept_from_the_provider();
}

#[test]
fn case_2_a_wrong_checksum_is_counted_and_never_looked_up() {
    let stage = Stage::new();
    let mut wrong = stage.key.value.clone();
    let last = wrong.pop().unwrap();
    wrong.push(if last == 'x' { 'y' } else { 'x' });
    let before = metric(&stage.gateway, REJECTS);
    let answer = stage.gateway.json(&wrong, "POST", CHAT, &hello());
    refused(&answer, 401, "invalid_api_key");
    assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
    assert!(!answer.text().contains(&wrong), "the key is repeated");
    assert_eq!(metric(&stage.gateway, REJECTS), before + 1);
    stage.kept_from_the_provider();
}

#[test]
fn case_3_many_unknown_keys_from_one_address_are_stopped() {
    let stage = Stage::new();
    // A key in use stays in use.
    passed(&stage.chat(&hello()));
    let unknown = vault::key::mint(domain::KeyKind::Project);
    let bearer = format!("Bearer {}", unknown.expose());
    let mut wire = stage.wire();
    let request = format!("GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\n\r\n");
    let mut seen = Vec::new();
    for _ in 0..400 {
        wire.send(&request);
        seen.push(wire.answer().0);
    }
    let stopped = seen.iter().position(|s| *s == 429).expect("a stop");
    assert!(seen[..stopped].iter().all(|s| *s == 401) && seen[stopped..].iter().all(|s| *s == 429));
    let answer = stage.gateway.json(unknown.expose(), "GET", "/v1/models", &Value::Null);
    refused(&answer, 429, "too_many_auth_failures");
    assert!(answer.header("retry-after").is_some());
    passed(&stage.chat(&hello()));
}

#[test]
fn case_4_hostile_key_texts_are_401_or_400_and_never_500() {
    let stage = Stage::new();
    let long = "x".repeat(20 * 1024);
    for text in ["' OR 1=1 --", "sk-tg-", "😀", "sk-tg-😀😀😀", "\"; DROP TABLE keys; --", &long]
    {
        let answer = stage.gateway.json(text, "POST", CHAT, &hello());
        refused(&answer, 401, "invalid_api_key");
        assert!(!answer.text().contains("DROP") && answer.body.len() < 1024);
    }
    // What HTTP itself forbids is refused by the parser.
    let huge = "x".repeat(1 << 20);
    for (text, status) in [("a\0b", 400), ("a\nX-Api-Key: b", 401), (huge.as_str(), 431)] {
        let mut wire = stage.wire();
        let request = format!(
            "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {text}\r\n\r\n"
        );
        // A server may close before it has read a megabyte.
        assert!(wire.try_send(&request) || status == 431);
        let found = statuses(&wire.rest());
        let fine = found.iter().all(|s| *s == status || *s == 400);
        assert!(fine && !found.is_empty(), "{found:?} for {:?}", text.get(..12));
    }
    stage.kept_from_the_provider();
}

#[test]
fn case_5_two_credentials_that_differ_are_ambiguous() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let other = vault::key::mint(domain::KeyKind::Project);
    for second in [("x-api-key", other.expose()), ("Authorization", "Bearer other")] {
        let headers = [("Authorization", bearer.as_str()), second];
        let answer = stage.gateway.request("GET", "/v1/models", &headers, "");
        refused(&answer, 400, "ambiguous_credentials");
    }
    stage.kept_from_the_provider();
    let same = [("Authorization", bearer.as_str()), ("x-api-key", stage.key.value.as_str())];
    passed(&stage.gateway.request("GET", "/v1/models", &same, ""));
}

#[test]
fn case_6_unknown_revoked_and_archived_keys_are_told_apart() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let unknown = vault::key::mint(domain::KeyKind::Project);
    refused(&gateway.json(unknown.expose(), "POST", CHAT, &hello()), 401, "invalid_api_key");

    let revoked = gateway.create_key(&json!({"name": "short-lived"}));
    passed(&gateway.json(&revoked.value, "GET", "/v1/models", &Value::Null));
    let path = format!("/v1/organization/projects/{}/api_keys/{}", revoked.project, revoked.id);
    gateway.admin("DELETE", &path, &Value::Null);
    stage.provider.clear();
    let answer = gateway.json(&revoked.value, "POST", CHAT, &hello());
    refused(&answer, 401, "key_revoked");
    assert_eq!(answer.json()["error"]["code"], "invalid_api_key");

    let project = gateway.create_project("Soon gone");
    let key = gateway.create_key_in(&project, &json!({"name": "k"}));
    passed(&gateway.json(&key.value, "GET", "/v1/models", &Value::Null));
    gateway.admin("POST", &format!("/v1/organization/projects/{project}/archive"), &Value::Null);
    stage.provider.clear();
    let answer = gateway.json(&key.value, "POST", CHAT, &hello());
    refused(&answer, 401, "key_disabled");
    assert_eq!(answer.json()["error"]["code"], "not_authorized_invalid_project");
    stage.kept_from_the_provider();
}

#[test]
fn case_6_a_key_ends_when_its_time_is_over() {
    let stage = Stage::new();
    let key = stage.gateway.create_key(&json!({"name": "k", "expires_in_seconds": 1}));
    let ask = || stage.gateway.json(&key.value, "GET", "/v1/models", &Value::Null);
    until("the key expires", || ask().status == 401);
    stage.provider.clear();
    let answer = ask();
    refused(&answer, 401, "key_expired");
    assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
    stage.kept_from_the_provider();
}

#[test]
fn p26_a_rotated_key_ends_at_once_or_with_its_grace() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let works = |key: &str| gateway.json(key, "GET", "/v1/models", &Value::Null);
    for grace in [0, 3600] {
        let old = gateway.create_key(&json!({"name": "k"}));
        passed(&works(&old.value));
        let base = format!("/tollgate/v1/projects/{}/api_keys/{}", old.project, old.id);
        let made =
            gateway.admin("POST", &format!("{base}/rotate"), &json!({"grace_seconds": grace}));
        let new = made["value"].as_str().unwrap().to_owned();
        gateway.plant(&new);
        assert_ne!(new, old.value);
        assert_eq!(made["id"], old.id.as_str());
        passed(&works(&new));
        if grace > 0 {
            passed(&works(&old.value));
            gateway.admin("POST", &format!("{base}/end_old_secrets"), &Value::Null);
        }
        refused(&works(&old.value), 401, "key_revoked");
        passed(&works(&new));
    }
}

#[test]
fn case_8_a_key_in_the_query_is_refused_and_not_logged() {
    let stage = Stage::with(|builder| builder.env("RUST_LOG", "trace"));
    let key = &stage.key.value;
    for query in [format!("key={key}"), format!("limit=1&api_key={key}"), format!("%6bey={key}")] {
        let answer = stage.gateway.request("GET", &format!("/v1/models?{query}"), &[], "");
        refused(&answer, 400, "key_in_query_not_allowed");
        assert!(!answer.text().contains(key.as_str()));
        let path = format!("/v1/organization/projects?{query}");
        let answer = stage.gateway.request("GET", &path, &[], "");
        refused(&answer, 400, "key_in_query_not_allowed");
    }
    stage.kept_from_the_provider();
}

#[test]
fn case_9_no_carrier_of_a_key_reaches_the_provider() {
    let stage = Stage::new();
    let key = stage.key.value.clone();
    let body = hello().to_string();
    for carrier in ["Authorization", "x-api-key", "x-goog-api-key", "api-key", "xi-api-key"] {
        let headers = [(carrier, key.as_str()), ("Content-Type", "application/json")];
        passed(&stage.gateway.request("POST", CHAT, &headers, &body));
    }
    let cookie = format!("session={key}; key={key}");
    let headers = [("Cookie", cookie.as_str()), ("Content-Type", "application/json")];
    let alone = stage.gateway.request("POST", CHAT, &headers, &body);
    refused(&alone, 401, "missing_api_key");
    let bearer = stage.bearer();
    let both = [headers[0], headers[1], ("Authorization", bearer.as_str())];
    passed(&stage.gateway.request("POST", CHAT, &both, &body));
    let ours = format!("Bearer {}", stage.provider.credential());
    let seen = stage.provider.seen();
    assert_eq!(seen.len(), 6);
    for request in seen {
        let carried = |(_, value): &&(String, String)| value.contains(&key);
        assert!(request.headers.iter().find(carried).is_none(), "our key went up");
        let credentials: Vec<_> = request
            .headers
            .iter()
            .filter(|(n, _)| {
                let name = n.to_lowercase();
                name.ends_with("api-key") || name == "authorization" || name == "cookie"
            })
            .collect();
        assert_eq!(credentials.len(), 1);
        assert_eq!(request.header("authorization"), Some(ours.as_str()));
    }
}

#[test]
fn p11_admin_and_project_keys_stay_on_their_sides() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let made = gateway.admin("POST", "/v1/organization/admin_api_keys", &json!({"name": "second"}));
    let admin = made["value"].as_str().unwrap().to_owned();
    gateway.plant(&admin);
    let answer = gateway.json(&admin, "POST", CHAT, &hello());
    refused(&answer, 401, "permission_denied");
    let answer = gateway.json(gateway.admin_key(), "POST", CHAT, &hello());
    assert_eq!(answer.status, 401, "{}", answer.text());
    for path in ["/v1/organization/projects", "/v1/organization/admin_api_keys", "/v1/organization"]
    {
        let answer = gateway.json(&stage.key.value, "GET", path, &Value::Null);
        assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        assert!(answer.header("x-tollgate-error").is_some());
    }
    stage.kept_from_the_provider();
}

#[test]
fn last_used_at_moves() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let path = format!("/v1/organization/projects/{}/api_keys/{}", stage.key.project, stage.key.id);
    let last = || gateway.admin("GET", &path, &Value::Null)["last_used_at"].as_i64();
    assert_eq!(last(), None);
    passed(&stage.chat(&hello()));
    until("last_used_at is set", || last().is_some());
    let first = last().unwrap();
    until("last_used_at moves", || {
        passed(&stage.chat(&hello()));
        last().is_some_and(|at| at > first)
    });
}
