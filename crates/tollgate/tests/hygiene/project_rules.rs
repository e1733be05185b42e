//! What a project may use, whichever key of it calls, and what is kept of its calls.

use serde_json::{Value, json};
use testkit::Answer;

use crate::support::{CHAT, Stage, hello, passed, refused};

const RESPONSES: &str = "/v1/responses";

fn path(stage: &Stage, what: &str) -> String {
    format!("/v1/organization/projects/{}/{what}", stage.key.project)
}

fn get(stage: &Stage, what: &str) -> Value {
    stage.gateway.admin("GET", &path(stage, what), &Value::Null)
}

fn post(stage: &Stage, what: &str, body: Value) -> Value {
    stage.gateway.admin("POST", &path(stage, what), &body)
}

fn ask(stage: &Stage, target: &str, body: Value) -> Answer {
    stage.gateway.json(&stage.key.value, "POST", target, &body)
}

/// A response that asks for a tool.
fn with_tool(tool: Value) -> Value {
    json!({ "model": "gpt-4o-mini", "input": "x", "max_output_tokens": 8, "max_tool_calls": 1, "tools": [tool] })
}

#[test]
fn a_projects_list_of_models_holds_for_all_its_keys() {
    let stage = Stage::new();
    let model = hello()["model"].as_str().unwrap().to_owned();
    assert_eq!(get(&stage, "model_permissions")["model_ids"], json!([]));
    passed(&ask(&stage, CHAT, hello()));

    let list = |mode: &str, names: Value| json!({ "mode": mode, "model_ids": names });
    let set = post(&stage, "model_permissions", list("deny_list", json!(["o3", model])));
    assert_eq!(set["mode"], "deny_list");
    assert_eq!(get(&stage, "model_permissions"), set);
    refused(&ask(&stage, CHAT, hello()), 403, "model_not_allowed");
    let shown = stage.gateway.json(&stage.key.value, "GET", "/v1/models", &Value::Null).text();
    assert!(!shown.contains(&format!("\"{model}\"")), "what may not be used is not listed");
    // The key's own list and the project's both hold.
    let other = stage.gateway.create_key_in(&stage.key.project, &json!({ "models": ["o3"] }));
    let answer = stage.gateway.json(&other.value, "POST", CHAT, &json!({ "model": "o3" }));
    refused(&answer, 403, "model_not_allowed");

    post(&stage, "model_permissions", list("allow_list", json!([model])));
    passed(&ask(&stage, CHAT, hello()));
    post(&stage, "model_permissions", list("allow_list", json!([])));
    refused(&ask(&stage, CHAT, hello()), 403, "model_not_allowed");
    let elsewhere = stage.gateway.create_project("elsewhere");
    let key = stage.gateway.create_key_in(&elsewhere, &json!({ "name": "x" }));
    passed(&stage.gateway.json(&key.value, "POST", CHAT, &hello()));

    for _ in 0..2 {
        let gone = path(&stage, "model_permissions");
        assert_eq!(stage.gateway.admin("DELETE", &gone, &Value::Null)["deleted"], true);
    }
    passed(&ask(&stage, CHAT, hello()));
}

#[test]
fn a_hosted_tool_that_is_off_cannot_be_asked_for_under_any_name() {
    let stage = Stage::new();
    let all = get(&stage, "hosted_tool_permissions");
    assert!(all.as_object().unwrap().values().all(|tool| tool["enabled"] == true));
    let off = |tool: &str| {
        let mut body = json!({});
        body[tool] = json!({ "enabled": false });
        post(&stage, "hosted_tool_permissions", body)
    };
    passed(&ask(&stage, RESPONSES, with_tool(json!({ "type": "web_search" }))));
    for tool in ["web_search", "mcp", "image_generation", "file_search", "code_interpreter"] {
        assert_eq!(off(tool)[tool]["enabled"], false);
    }
    stage.provider.clear();
    for tool in [
        json!({ "type": "web_search" }),
        json!({ "type": "web_search_preview" }),
        json!({ "type": "mcp", "server_url": "https://x.example" }),
        json!({ "type": "image_generation" }),
        json!({ "type": "file_search" }),
        json!({ "type": "code_interpreter", "container": { "type": "auto" } }),
        json!({ "type": "shell" }),
        json!({ "type": "of_next_year" }),
        json!({ "type": "namespace", "name": "n", "tools": [{ "type": "mcp" }] }),
    ] {
        let answer = ask(&stage, RESPONSES, with_tool(tool.clone()));
        refused(&answer, 403, "tool_not_allowed");
        assert_eq!(answer.json()["error"]["param"], "tools", "{tool}");
    }
    let mut searching = hello();
    searching["web_search_options"] = json!({});
    refused(&ask(&stage, CHAT, searching), 403, "tool_not_allowed");
    let prompt = json!({ "model": "gpt-4o-mini", "prompt": { "id": "pmpt_1" } });
    refused(&ask(&stage, RESPONSES, prompt), 403, "tool_not_allowed");
    stage.kept_from_the_provider();
    // A tool that the client runs itself is none of them.
    let own = json!({ "type": "function", "name": "f", "parameters": {} });
    passed(&ask(&stage, RESPONSES, with_tool(own)));

    // One back on; the others stay off.
    let set = post(&stage, "hosted_tool_permissions", json!({ "web_search": { "enabled": true } }));
    assert_eq!(
        (&set["web_search"]["enabled"], &set["mcp"]["enabled"]),
        (&json!(true), &json!(false))
    );
    passed(&ask(&stage, RESPONSES, with_tool(json!({ "type": "web_search" }))));
}

#[test]
fn two_who_switch_different_tools_at_once_both_have_their_way() {
    let stage = Stage::new();
    let tools = ["web_search", "mcp", "image_generation", "file_search", "code_interpreter"];
    std::thread::scope(|scope| {
        for tool in tools {
            let stage = &stage;
            scope.spawn(move || {
                let mut body = json!({});
                body[tool] = json!({ "enabled": false });
                post(stage, "hosted_tool_permissions", body);
            });
        }
    });
    let all = get(&stage, "hosted_tool_permissions");
    assert!(tools.iter().all(|tool| all[tool]["enabled"] == false), "{all}");
}

#[test]
fn where_nothing_is_to_be_kept_no_label_out_of_a_body_is() {
    let mut stage = Stage::new();
    let label = |stage: &Stage, count: usize| {
        let mut body = hello();
        body["user"] = json!("somebody");
        passed(&ask(stage, CHAT, body));
        stage.gateway.wait_records(count);
        let page = stage.gateway.admin("GET", "/tollgate/v1/requests?limit=1", &Value::Null);
        page["data"][0]["user_label"].clone()
    };
    assert_eq!(get(&stage, "data_retention")["type"], "organization_default");
    assert_eq!(label(&stage, 1), "somebody");
    let organization = "/v1/organization/data_retention";
    let of_all = stage.gateway.admin("GET", organization, &Value::Null);
    assert_eq!(of_all["type"], "modified_abuse_monitoring");
    let zero = json!({ "retention_type": "zero_data_retention" });
    stage.gateway.admin("POST", organization, &zero);
    assert_eq!(label(&stage, 2), Value::Null);
    // The project's own word goes before the organization's, and stays over a restart.
    post(&stage, "data_retention", json!({ "retention_type": "none" }));
    assert_eq!(label(&stage, 3), "somebody");
    post(&stage, "data_retention", json!({ "retention_type": "enhanced_zero_data_retention" }));
    stage.gateway.restart();
    assert_eq!(label(&stage, 4), Value::Null);
    post(&stage, "data_retention", json!({ "retention_type": "organization_default" }));
    assert_eq!(label(&stage, 5), Value::Null);
}

#[test]
fn case_12_bad_rules_are_refused_and_name_the_field() {
    let stage = Stage::new();
    let admin = stage.gateway.admin_key().to_owned();
    let send = |target: &str, body: &Value| stage.gateway.json(&admin, "POST", target, body);
    let models = path(&stage, "model_permissions");
    let tools = path(&stage, "hosted_tool_permissions");
    let retention = path(&stage, "data_retention");
    let organization = "/v1/organization/data_retention".to_owned();
    for (target, body, code, param) in [
        (&models, json!({}), "missing_required_parameter", "mode"),
        (&models, json!({ "mode": "allow_list" }), "missing_required_parameter", "model_ids"),
        (&models, json!({ "mode": "some", "model_ids": [] }), "invalid_value", "mode"),
        (&models, json!({ "mode": "deny_list", "model_ids": "o3" }), "invalid_value", "model_ids"),
        (&models, json!({ "mode": "deny_list", "model_ids": [1] }), "invalid_value", "model_ids"),
        (&tools, json!({ "shell": { "enabled": false } }), "unknown_field", "shell"),
        (&retention, json!({}), "missing_required_parameter", "retention_type"),
        (&retention, json!({ "retention_type": "forever" }), "invalid_value", "retention_type"),
        (&organization, json!({ "retention_type": "none" }), "invalid_value", "retention_type"),
    ] {
        let answer = send(target, &body);
        refused(&answer, 400, code);
        assert_eq!(answer.json()["error"]["param"], param, "{body}");
    }
    let nowhere = "/v1/organization/projects/proj_of_another/model_permissions";
    refused(&send(nowhere, &json!({ "mode": "deny_list", "model_ids": [] })), 404, "not_found");
    let answer = stage.gateway.json(&stage.key.value, "GET", &models, &Value::Null);
    assert_eq!(answer.status, 401, "a project's key");
    stage.gateway.create_project("other");
    post(&stage, "archive", json!({}));
    refused(&send(&tools, &json!({ "mcp": { "enabled": false } })), 400, "invalid_value");
}
