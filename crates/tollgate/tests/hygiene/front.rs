//! What answers beside the API.

use serde_json::{Value, json};

use crate::support::{Stage, hello, metric, passed, refused, until};

#[test]
fn head_and_get_of_the_root_are_200() {
    let stage = Stage::new();
    for method in ["HEAD", "GET"] {
        assert_eq!(stage.gateway.request(method, "/", &[], "").status, 200);
    }
}

#[test]
fn health_readiness_and_metrics_answer() {
    let stage = Stage::new();
    for path in ["/healthz", "/readyz"] {
        let answer = stage.gateway.request("GET", path, &[], "");
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok\n"));
        assert_eq!(stage.gateway.request("HEAD", path, &[], "").status, 200);
        refused(&stage.gateway.request("POST", path, &[], "x"), 404, "not_found");
    }
    let verbose = stage.gateway.request("GET", "/readyz?verbose", &[], "").text();
    assert!(verbose.contains("calls in flight: 0"), "{verbose}");
    passed(&stage.chat(&hello()));
    let answer = stage.gateway.request("GET", "/metrics", &[], "");
    assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    assert_eq!(metric(&stage.gateway, "tollgate_attempts_total{outcome=\"completed\"}"), 1);
    assert_eq!(metric(&stage.gateway, "tollgate_usage_records_total"), 1);
    // A connection that its client has closed may be on the gauge for a moment yet.
    until("one connection", || metric(&stage.gateway, "tollgate_connections") == 1);
    // No label tells who calls.
    let text = answer.text();
    assert!(!text.contains(&stage.key.id) && !text.contains(&stage.key.project), "{text}");
}

#[test]
fn a_refusal_is_counted_by_its_code() {
    let stage = Stage::new();
    stage.gateway.request("GET", "/v1/models", &[], "");
    stage.chat(&Value::String("no object".into()));
    assert_eq!(metric(&stage.gateway, "tollgate_refusals_total{code=\"missing_api_key\"}"), 1);
    assert_eq!(metric(&stage.gateway, "tollgate_refusals_total{code=\"invalid_json\"}"), 1);
}

#[test]
fn nothing_under_v1_redirects_and_a_base_url_without_v1_is_told() {
    let stage = Stage::new();
    for path in ["/v1", "/v1/", "/v1/models/", "/v1/chat/completions/", "/v1/organization"] {
        for method in ["GET", "POST"] {
            let answer = stage.gateway.json(&stage.key.value, method, path, &json!({}));
            assert!(answer.status >= 400, "{method} {path}: {}", answer.status);
            assert_eq!(answer.header("location"), None);
            assert!(answer.json()["error"]["message"].is_string());
        }
    }
    for path in ["/chat/completions", "/responses", "/models", "/embeddings", "/files"] {
        let answer = stage.gateway.json(&stage.key.value, "POST", path, &hello());
        refused(&answer, 404, "not_found");
        assert!(answer.text().contains("Add /v1 to the base URL"), "{path}: {}", answer.text());
    }
    stage.kept_from_the_provider();
}

#[test]
fn p12_the_most_talkative_log_holds_no_secret() {
    // The gateway's own check at the end searches its output for every planted key.
    let stage = Stage::with(|builder| builder.env("RUST_LOG", "trace"));
    passed(&stage.chat(&hello()));
    stage.gateway.json(&format!("{}x", stage.key.value), "GET", "/v1/models", &Value::Null);
    crate::http2::chat_over_h2(&stage);
    let output = stage.gateway.output();
    assert!(output.contains("TRACE"), "the log does not talk");
}

#[test]
fn nobody_without_a_key_has_a_body_kept() {
    let stage = Stage::new();
    for (method, path) in [
        ("POST", "/v1/organization/projects"),
        ("GET", "/tollgate/v1/me"),
        ("POST", "/v1/organization/nothing"),
    ] {
        for credential in ["", "Authorization: Bearer sk-admin-tg-nobody\r\n"] {
            let mut wire = stage.wire();
            // The body never comes; the answer does, and the connection is closed.
            wire.send(format!(
                "{method} {path} HTTP/1.1\r\nHost: x\r\n{credential}Content-Length: 1000000\r\n\r\n{{"
            ));
            let text = wire.rest();
            assert!(
                text.starts_with("HTTP/1.1 401") && text.contains("connection: close"),
                "{text}"
            );
        }
    }
}
