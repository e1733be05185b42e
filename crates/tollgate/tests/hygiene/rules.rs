//! Routes by rule: which calls a target is there for, and copies of calls for comparison.

use serde_json::{Value, json};
use testkit::{Answer, Matcher, Script};

use crate::support::{CHAT, PATIENCE, Stage, passed, refused, until};

fn asking(text: &str) -> Value {
    json!({"model": "fast", "max_tokens": 32, "messages": [{"role": "user", "content": text}]})
}

fn route(targets: &str) -> String {
    format!("[[routes]]\nmodel = \"fast\"\ntargets = [{targets}]\n")
}

/// The model that a call went to, and the rule that brought it there.
#[track_caller]
fn goes(stage: &Stage, body: &Value) -> (String, Option<String>) {
    goes_as(stage, &stage.key.value, body)
}

#[track_caller]
fn goes_as(stage: &Stage, key: &str, body: &Value) -> (String, Option<String>) {
    stage.provider.clear();
    let answer = stage.gateway.json(key, "POST", CHAT, body);
    passed(&answer);
    let seen = stage.provider.seen();
    let model = seen[0].json()["model"].as_str().unwrap().to_owned();
    (model, answer.header("x-tollgate-rule").map(str::to_owned))
}

#[test]
fn short_calls_without_tools_and_images_go_to_the_smaller_model() {
    let stage = Stage::configured(&route(
        "{ upstream = \"openai\", model = \"gpt-4o-mini\", max_input_tokens = 100, tools = false, \
         images = false }, { upstream = \"openai\", model = \"gpt-4o\", step = 1 }",
    ));
    let small = (
        "gpt-4o-mini".to_owned(),
        Some("max_input_tokens=100, tools=false, images=false".to_owned()),
    );
    let large = ("gpt-4o".to_owned(), None);
    assert_eq!(goes(&stage, &asking("hi")), small);
    assert_eq!(goes(&stage, &asking(&"four ".repeat(100))), large, "five hundred bytes and more");
    let mut tools = asking("hi");
    tools["tools"] = json!([{"type": "function", "function": {"name": "f"}}]);
    assert_eq!(goes(&stage, &tools), large);
    let mut image = asking("hi");
    image["messages"][0]["content"] = json!([
        {"type": "text", "text": "hi"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    ]);
    assert_eq!(goes(&stage, &image), large);
}

#[test]
fn where_no_target_is_for_a_call_it_is_refused_with_the_reason() {
    let stage = Stage::configured(&route(
        "{ upstream = \"openai\", model = \"gpt-4o-mini\", min_input_tokens = 100 }",
    ));
    let answer = stage.gateway.json(&stage.key.value, "POST", CHAT, &asking("hi"));
    refused(&answer, 503, "no_upstream_available");
    assert!(answer.text().contains("shorter than its min_input_tokens"), "{}", answer.text());
    stage.kept_from_the_provider();
}

#[test]
fn a_share_of_the_keys_stays_with_its_target() {
    let stage = Stage::configured(&route(
        "{ upstream = \"openai\", model = \"gpt-4o-mini\", share = 50 }, \
         { upstream = \"openai\", model = \"gpt-4o\", step = 1 }",
    ));
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..16 {
        let key = stage.gateway.create_key(&json!({"name": n.to_string()})).value;
        let (first, rule) = goes_as(&stage, &key, &asking("hi"));
        assert_eq!(rule.is_some(), first == "gpt-4o-mini");
        assert_eq!(goes_as(&stage, &key, &asking("hello")).0, first, "the same key");
        seen.insert(first);
    }
    // All sixteen on one side is one chance in thirty-two thousand.
    assert_eq!(seen.len(), 2);
}

#[test]
fn near_a_limit_calls_go_to_the_cheaper_model() {
    let stage = Stage::configured(&route(
        "{ upstream = \"openai\", model = \"gpt-4o-mini\", near_limit = 20 }, \
         { upstream = \"openai\", model = \"gpt-4o\", step = 1 }",
    ));
    let dear = ("gpt-4o".to_owned(), None);
    assert_eq!(goes(&stage, &asking("hi")), dear, "without a limit nothing is near");
    let usage = stage.gateway.wait_records(1)[0]["cost_nanos"].as_i64().unwrap();
    let scope = json!({"type": "project", "id": stage.key.project});
    let limit = |nanos: i64| {
        let body = json!({"scope": scope, "period": "month", "amount_nanos": nanos});
        stage.gateway.admin("PUT", "/tollgate/v1/limits", &body);
    };
    limit(1_000 * usage);
    assert_eq!(goes(&stage, &asking("hi")), dear, "two of a thousand");
    // What the first call cost is a fifth of it, and there was one more.
    limit(5 * usage);
    for _ in 0..3 {
        let small = ("gpt-4o-mini".to_owned(), Some("near_limit=20".to_owned()));
        assert_eq!(goes(&stage, &asking("hi")), small);
    }
}

fn compared(stage: &Stage) -> Vec<Value> {
    let list = stage.gateway.admin("GET", "/tollgate/v1/comparisons", &Value::Null);
    list["data"].as_array().unwrap().clone()
}

fn shadowed(percent: u32) -> String {
    route(&format!(
        "{{ upstream = \"openai\", model = \"gpt-4o\" }}, \
         {{ upstream = \"openai\", model = \"gpt-4o-mini\", shadow = {percent} }}"
    ))
}

fn models(stage: &Stage) -> Vec<String> {
    let model = |seen: &testkit::Seen| seen.json()["model"].as_str().unwrap().to_owned();
    stage.provider.seen().iter().map(model).collect()
}

#[test]
fn a_copy_of_an_answered_call_is_kept_beside_it() {
    let stage = Stage::configured(&shadowed(100));
    let first = stage.gateway.json(&stage.key.value, "POST", CHAT, &asking("[[words=5]] plain"));
    passed(&first);
    until("the copy is kept", || compared(&stage).len() == 1);
    let mut stream = asking("[[words=7]] streamed");
    stream["stream"] = true.into();
    let streamed = stage.gateway.json(&stage.key.value, "POST", CHAT, &stream);
    assert!(streamed.text().ends_with("data: [DONE]\n\n"));
    until("both are kept", || compared(&stage).len() == 2);
    assert_eq!(models(&stage), ["gpt-4o", "gpt-4o-mini", "gpt-4o", "gpt-4o-mini"]);
    stage.gateway.wait_records(4);
    let all = compared(&stage);
    let plain = &all[1];
    assert_eq!(plain["answer"]["request_id"], first.header("x-request-id").unwrap());
    assert_eq!(plain["answer"]["text"], first.text());
    assert!(plain["request"].as_str().unwrap().contains("[[words=5]] plain"));
    for comparison in &all {
        let said = |which: &str| -> Value {
            serde_json::from_str(comparison[which]["text"].as_str().unwrap()).unwrap()
        };
        for (which, model) in [("answer", "gpt-4o"), ("shadow", "gpt-4o-mini")] {
            let said = said(which);
            assert!(said["choices"][0]["message"]["content"].is_string(), "{said}");
            assert!(comparison[which]["model"].as_str().unwrap().starts_with(model));
            assert!(comparison[which]["cost"].is_string(), "{comparison}");
        }
    }
    // Each is booked, and the copies say what they are.
    let log = stage.gateway.admin("GET", "/tollgate/v1/requests", &Value::Null);
    let rows = log["data"].as_array().unwrap();
    assert_eq!(rows.iter().filter(|row| row["shadow"] == true).count(), 2);
    assert!(rows.iter().all(|row| row["cost"].is_object()), "{log}");
}

#[test]
fn a_copy_never_delays_its_call_and_is_dropped_where_it_does_not_fit() {
    let stage = Stage::configured(&shadowed(100));
    let small = || Matcher::new("POST", CHAT).containing("gpt-4o-mini");
    stage.provider.script(small(), Script::gate_open());
    let ask = |text: &str| stage.gateway.json(&stage.key.value, "POST", CHAT, &asking(text));
    passed(&ask("one"));
    stage.provider.wait_seen(2, PATIENCE);
    passed(&ask("two"));
    stage.provider.release();
    until("both copies are kept", || compared(&stage).len() == 2);
    let spent: i64 =
        stage.gateway.wait_records(4).iter().map(|r| r["cost_nanos"].as_i64().unwrap()).sum();
    // Room for a call of the large model, and then for none of the small one: a bound of it is
    // three hundred thousand nano-dollars and more, one of the small a tenth of that.
    let scope = json!({"type": "project", "id": stage.key.project});
    let body =
        json!({"scope": scope, "period": "month", "amount_nanos": spent, "clamp_output": false});
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &body);
    assert_eq!(ask("three").status, 429);
    assert_eq!(stage.provider.seen_count(), 4);
    assert_eq!(compared(&stage).len(), 2, "what was not answered has no copy");
}

#[test]
fn a_copy_keeps_no_text_where_nothing_is_retained() {
    let stage = Stage::configured(&shadowed(100));
    let path = format!("/v1/organization/projects/{}/data_retention", stage.key.project);
    stage.gateway.admin("POST", &path, &json!({"retention_type": "zero_data_retention"}));
    let answer: Answer =
        stage.gateway.json(&stage.key.value, "POST", CHAT, &asking("hush [[words=5]]"));
    passed(&answer);
    until("the copy is kept", || compared(&stage).len() == 1);
    let one = &compared(&stage)[0];
    assert_eq!(one["request"], Value::Null);
    assert_eq!((&one["answer"]["text"], &one["shadow"]["text"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_is_no_rule_is_refused_with_its_place() {
    let stage = Stage::new();
    let with = |more: Value| {
        let mut target = json!({"upstream": "openai", "model": "gpt-4o-mini"});
        target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = json!({"model": "fast", "targets": [target]}).to_string();
        let admin = format!("Bearer {}", stage.gateway.admin_key());
        let headers = [("Authorization", admin.as_str()), ("Content-Type", "application/json")];
        stage.gateway.request("POST", "/tollgate/v1/routes", &headers, body)
    };
    for bad in [
        json!({"share": 0}),
        json!({"share": 101}),
        json!({"share_by": "key"}),
        json!({"share": 5, "share_by": "moon"}),
        json!({"near_limit": 0}),
        json!({"min_input_tokens": 5, "max_input_tokens": 4}),
        json!({"shadow": 5}),
        json!({"tools": "no"}),
    ] {
        let answer = with(bad.clone());
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
    let made =
        with(json!({"share": 5, "share_by": "call", "near_limit": 80, "tools": false})).json();
    let target = &made["targets"][0];
    assert_eq!((&target["share"], &target["share_by"]), (&json!(5), &json!("call")));
    assert_eq!((&target["near_limit"], &target["tools"]), (&json!(80), &json!(false)));
    let body = json!({"model": "fast"});
    let test = stage.gateway.admin("POST", "/tollgate/v1/routes/test", &body);
    assert_eq!(test["places"][0]["when"], "tools=false, share=5, share_by=call, near_limit=80");
    assert_eq!(test["places"][0]["input_price"], "0.15");
}
