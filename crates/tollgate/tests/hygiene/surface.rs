//! Every path there is, and the ones that are not.

use openai::surface::OPERATIONS;
use serde_json::Value;

use crate::support::{CHAT, Stage, hello, refused};

/// A template with an id in the place of each parameter.
fn concrete(template: &str) -> String {
    let one = |segment: &str| if segment.starts_with('{') { "some-id" } else { segment }.to_owned();
    template.split('/').map(one).collect::<Vec<_>>().join("/")
}

#[test]
fn p10_every_operation_without_a_key_is_401() {
    let stage = Stage::new();
    assert!(OPERATIONS.len() > 100);
    for operation in OPERATIONS {
        let path = format!("/v1{}", concrete(operation.path));
        let answer = stage.gateway.request(operation.method.as_str(), &path, &[], "");
        refused(&answer, 401, "missing_api_key");
    }
    stage.kept_from_the_provider();
}

#[test]
fn case_18_every_administration_route_wants_an_admin_key() {
    /// Where a project's key speaks of itself.
    const OF_ITSELF: [&str; 3] =
        ["/tollgate/v1/me", "/tollgate/v1/leaks/check", "/tollgate/v1/leaks/revoke"];
    let stage = Stage::new();
    for (method, template) in web::Api::routes() {
        let path = concrete(template);
        let answer = stage.gateway.request(method.as_str(), &path, &[], "");
        refused(&answer, 401, "missing_api_key");
        if !OF_ITSELF.contains(&template) {
            let answer = stage.gateway.json(&stage.key.value, method.as_str(), &path, &Value::Null);
            assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
        }
    }
    stage.kept_from_the_provider();
}

#[test]
fn case_91_unknown_paths_and_methods_are_404_and_405() {
    let stage = Stage::new();
    for (method, path, status, code) in [
        ("GET", "/v1/nonsense", 404, "not_found"),
        ("POST", "/v1/proxy/anything", 404, "not_found"),
        ("POST", "/v1/chat/completions/", 404, "not_found"),
        ("POST", "/v1/Chat/completions", 404, "not_found"),
        ("POST", "/v1/chat", 404, "not_found"),
        ("GET", "/v1/files/file-1/content/more", 404, "not_found"),
        ("PUT", CHAT, 405, "method_not_allowed"),
        ("PATCH", "/v1/models", 405, "method_not_allowed"),
        ("HEAD", "/v1/models", 405, "method_not_allowed"),
        ("DELETE", "/v1/responses", 405, "method_not_allowed"),
        ("OPTIONS", CHAT, 405, "method_not_allowed"),
    ] {
        let answer = stage.gateway.request(method, path, &[("Authorization", &stage.bearer())], "");
        if method == "HEAD" {
            assert_eq!(answer.status, status);
        } else {
            refused(&answer, status, code);
        }
        // A stranger learns nothing about paths.
        let answer = stage.gateway.request(method, path, &[], "");
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    for path in ["/v1", "/V1/models", "/v2/models", "/chat/completions"] {
        let answer = stage.gateway.json(&stage.key.value, "POST", path, &hello());
        refused(&answer, 404, "not_found");
    }
    stage.kept_from_the_provider();
}
