//! What a key may do: scopes and networks.

use serde_json::{Value, json};

use crate::support::{CHAT, Stage, hello, passed, refused};

#[test]
fn a_missing_scope_is_401_and_is_named() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let key = |body: Value| gateway.create_key(&body).value;
    let read_only = key(json!({"name": "r", "permission": "read_only"}));
    let files = key(json!({"name": "f", "permission": "restricted",
                           "scopes": ["api.files.read", "api.made.up", "nonsense"]}));
    let model = key(json!({"name": "m", "permission": "restricted",
                           "scopes": ["api.model.request"]}));
    let unknown = key(json!({"name": "u", "permission": "restricted", "scopes": ["api.x.y"]}));
    for (key, method, path, missing) in [
        (&read_only, "POST", CHAT, "api.chat.request"),
        (&read_only, "POST", "/v1/responses", "api.responses.write"),
        (&read_only, "DELETE", "/v1/files/file-1", "api.files.write"),
        (&files, "POST", CHAT, "api.chat.request"),
        (&files, "POST", "/v1/files", "api.files.write"),
        (&files, "POST", "/v1/embeddings", "api.embeddings.request"),
        (&model, "GET", "/v1/files", "api.files.read"),
        (&unknown, "POST", CHAT, "api.chat.request"),
        (&unknown, "GET", "/v1/files", "api.files.read"),
    ] {
        let body = if method == "POST" { hello() } else { Value::Null };
        let answer = gateway.json(key, method, path, &body);
        refused(&answer, 401, "permission_denied");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("Missing scopes: {missing}")), "{path}: {message}");
    }
    stage.kept_from_the_provider();
    passed(&gateway.json(&read_only, "GET", "/v1/files", &Value::Null));
    passed(&gateway.json(&files, "GET", "/v1/files", &Value::Null));
    passed(&gateway.json(&model, "POST", CHAT, &hello()));
}

#[test]
fn a_changed_permission_holds_from_the_next_call() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    passed(&stage.chat(&hello()));
    let path = format!("/v1/organization/projects/{}/api_keys/{}", stage.key.project, stage.key.id);
    gateway.admin("POST", &path, &json!({"permission": "read_only"}));
    refused(&stage.chat(&hello()), 401, "permission_denied");
    gateway.admin("POST", &path, &json!({"permission": "all"}));
    passed(&stage.chat(&hello()));
}

#[test]
fn case_73_the_address_is_the_sockets_and_no_headers() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let abroad = gateway.create_key(&json!({"name": "a", "networks": ["10.0.0.0/8"]}));
    let here = gateway.create_key(&json!({"name": "h", "networks": ["127.0.0.0/8", "::1"]}));
    let bearer = format!("Bearer {}", abroad.value);
    for forged in
        ["X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"]
    {
        let value = if forged == "Forwarded" { "for=10.1.2.3" } else { "10.1.2.3" };
        let headers = [("Authorization", bearer.as_str()), (forged, value)];
        let answer = gateway.request("GET", "/v1/models", &headers, "");
        refused(&answer, 401, "address_not_allowed");
    }
    stage.kept_from_the_provider();
    passed(&gateway.json(&here.value, "GET", "/v1/models", &Value::Null));
}
