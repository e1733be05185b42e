//! Why a call was refused: kept, listed and explained, with how things stood then and stand now.

use std::process::Command;

use serde_json::{Value, json};
use testkit::{Answer, TestGateway};

use crate::support::{BIN, CHAT, Stage, hello, refused, until};

/// What is told of a refused call, once it is kept.
fn why(gateway: &TestGateway, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").unwrap().to_owned();
    let path = format!("/tollgate/v1/refusals/{id}");
    let ask = || gateway.json(gateway.admin_key(), "GET", &path, &Value::Null);
    until("the refusal is kept", || ask().status == 200);
    ask().json()
}

fn look<'a>(why: &'a Value, stage: &str) -> &'a Value {
    let looks = why["looks"].as_array().unwrap();
    looks.iter().find(|look| look["stage"] == stage).unwrap()
}

#[track_caller]
fn results(why: &Value, passed: &[&str], refused: &str) {
    for stage in passed {
        assert_eq!(look(why, stage)["result"], "passed", "{stage}: {why}");
    }
    assert_eq!(look(why, refused)["result"], "refused", "{why}");
    assert_eq!(why["refusal"]["stage"], refused);
}

#[test]
fn a_spend_limit_is_shown_as_it_stood_and_as_it_stands() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let scope = json!({ "type": "api_key", "id": stage.key.id });
    let limit = |nanos: i64| {
        let body = json!({"scope": scope, "period": "month", "amount_nanos": nanos,
                          "clamp_output": false});
        gateway.admin("PUT", "/tollgate/v1/limits", &body)
    };
    limit(100);
    let answer = stage.chat(&hello());
    refused(&answer, 429, "api_key_spend_limit_exceeded");
    limit(5_000_000_000);
    let why = why(gateway, &answer);
    results(&why, &["request", "key", "permission", "room", "body", "model", "route"], "money");
    let refusal = &why["refusal"];
    assert_eq!(refusal["message"], answer.json()["error"]["message"]);
    assert_eq!((&refusal["model"], &refusal["api_key_id"]), (&json!("gpt-4o-mini"), &scope["id"]));
    let then = &refusal["figures"][0];
    assert_eq!((&then["limit"], &then["used"]), (&json!(100), &json!(0)));
    assert!(then["asked"].as_i64().unwrap() > 100);
    let now = &look(&why, "money")["now"][0]["limit"];
    assert_eq!((&now["unit"], &now["limit"]), (&json!("nanos"), &json!(5_000_000_000_i64)));
    assert!(why["remedy"].as_str().is_some_and(|text| !text.is_empty()));
}

#[test]
fn each_look_that_refuses_is_named_and_what_came_after_was_not_reached() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let project = gateway.default_project();
    let key = gateway.create_key(&json!({"name": "m", "scopes": ["api.files.read"]}));
    let answer = gateway.json(&key.value, "POST", CHAT, &hello());
    let told = why(gateway, &answer);
    results(&told, &["request", "key"], "permission");
    assert_eq!(look(&told, "model")["result"], "not_reached");

    let key = gateway.create_key(&json!({"name": "m", "models": ["o1*"]}));
    let answer = gateway.json(&key.value, "POST", CHAT, &hello());
    let told = why(gateway, &answer);
    results(&told, &["permission", "body"], "model");
    assert_eq!(look(&told, "model")["now"][0]["value"], "o1*");

    let path = format!("/v1/organization/projects/{project}/api_keys/{}", key.id);
    gateway.admin("DELETE", &path, &Value::Null);
    let answer = gateway.json(&key.value, "POST", CHAT, &hello());
    let told = why(gateway, &answer);
    assert_eq!(look(&told, "key")["result"], "refused");

    let path = format!("/tollgate/v1/api_keys/{}/rate_limits", stage.key.id);
    let set =
        gateway.json(gateway.admin_key(), "PUT", &path, &json!({"max_requests_per_1_minute": 1}));
    assert_eq!(set.status, 200, "{}", set.text());
    stage.chat(&hello());
    let answer = stage.chat(&hello());
    refused(&answer, 429, "rate_limit_exceeded");
    let told = why(gateway, &answer);
    results(&told, &["route"], "rate");
    let figure = &told["refusal"]["figures"][0];
    assert_eq!((&figure["limit"], &figure["unit"]), (&json!(1), &json!("count")));
    assert_eq!(look(&told, "rate")["now"][0]["limit"]["limit"], 1);

    let list = gateway.admin("GET", "/tollgate/v1/refusals?limit=3", &Value::Null);
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
    assert_eq!(list["has_more"], true);
    let of_code = "/tollgate/v1/refusals?code=rate_limit_exceeded";
    let of_code = gateway.admin("GET", of_code, &Value::Null);
    assert_eq!(of_code["data"].as_array().unwrap().len(), 1);
}

#[test]
fn the_command_line_says_why_and_the_refusals_outlive_a_restart() {
    let mut stage = Stage::new();
    let key = stage.gateway.create_key(&json!({"name": "m", "models": ["o1*"]}));
    let answer = stage.gateway.json(&key.value, "POST", CHAT, &hello());
    why(&stage.gateway, &answer);
    stage.gateway.restart();
    let id = answer.header("x-request-id").unwrap();
    let said = |arguments: &[&str]| {
        let output = Command::new(BIN)
            .args(arguments)
            .env("TOLLGATE_URL", stage.gateway.url())
            .env("TOLLGATE_ADMIN_KEY", stage.gateway.admin_key())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let told = said(&["requests", "why", id]);
    for part in ["model_not_allowed", "What to do:", "now: the key's models: o1*", "not reached"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let listed = said(&["requests", "refused"]);
    assert!(listed.contains(id) && listed.contains(&key.id), "{listed}");
}
