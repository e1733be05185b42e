//! What a bound is computed with is what is sent: maxima, tiers, tools, long prompts.

use std::thread;

use serde_json::{Value, json};
use testkit::{Answer, Script, Tokens};

use super::desk::{AMPLE, answer_with, bound_at, chat, posted, put, usage, with_limit};
use crate::support::{CHAT, Stage, hello, passed, refused, until};

/// Nano-dollars of a million tokens, by the price list.
const MINI_OUT: i64 = 600_000_000;

/// A call, and what the provider got of it.
pub fn sent(stage: &Stage, path: &str, body: &Value) -> (Answer, Value) {
    let answer = stage.gateway.json(&stage.key.value, "POST", path, body);
    passed(&answer);
    (answer, stage.provider.seen().pop().unwrap().json())
}

#[test]
fn case_22_an_absent_maximum_is_sent_as_it_is_held() {
    let stage = Stage::new();
    for (path, mut body, field, most) in [
        (CHAT, hello(), "max_completion_tokens", 16_384),
        ("/v1/responses", json!({"input": "hi"}), "max_output_tokens", 16_384),
        ("/v1/completions", json!({"prompt": "hi"}), "max_tokens", 16),
    ] {
        let legacy = path == "/v1/completions";
        body["model"] = json!(if legacy { "gpt-3.5-turbo-instruct" } else { "gpt-4o-mini" });
        let bound = bound_at(&stage, path, &body);
        let dear = if legacy { 2_000_000_000 } else { MINI_OUT };
        assert!(bound * 1_000_000 > most * dear, "{path}: {bound} does not cover the output");
        super::limit(&stage.gateway, AMPLE, false);
        let (answer, seen) = sent(&stage, path, &body);
        assert_eq!(seen[field], json!(most), "{path}");
        assert_eq!(answer.header("x-tollgate-clamped"), None, "{path}");
        assert_eq!(answer.json()["model"], body["model"], "{path}");
    }
    // A limit's own default takes the model's place, in the message and in the bound.
    let project = stage.gateway.default_project();
    let of_project = ("project", project.as_str());
    put(&stage.gateway, of_project, AMPLE, &json!({"default_max_output": 100}));
    let (_, seen) = sent(&stage, CHAT, &hello());
    assert_eq!(seen["max_completion_tokens"], 100);
    put(&stage.gateway, of_project, 0, &json!({"default_max_output": 100}));
    let small = super::amount(&stage.chat(&hello()), "required: $");
    let whole = bound_at(&stage, CHAT, &hello());
    assert_eq!((whole - small) * 1_000_000, (16_384 - 100) * MINI_OUT);
    // What the client names itself stays as it is.
    super::limit(&stage.gateway, AMPLE, false);
    let mut own = hello();
    own["max_tokens"] = json!(7);
    let (_, seen) = sent(&stage, CHAT, &own);
    assert_eq!((&seen["max_tokens"], seen.get("max_completion_tokens")), (&json!(7), None));
}

#[test]
fn case_22_a_maximum_that_nobody_knows_is_asked_for_by_its_name() {
    let stage = Stage::new();
    let price = json!({
        "model": "my-model", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6,
    });
    stage.gateway.admin("POST", "/tollgate/v1/prices", &price);
    super::limit(&stage.gateway, AMPLE, true);
    for (path, mut body, field) in [
        (CHAT, hello(), "max_completion_tokens"),
        ("/v1/responses", json!({"input": "hi"}), "max_output_tokens"),
    ] {
        body["model"] = json!("my-model");
        let answer = stage.gateway.json(&stage.key.value, "POST", path, &body);
        refused(&answer, 400, "feature_not_allowed_with_hard_limit");
        let error = &answer.json()["error"];
        assert_eq!(error["param"], field);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("Send `{field}`, or")), "{message}");
        assert!(message.contains("--default-max-output"), "{message}");
        body[field] = json!(20);
        passed(&stage.gateway.json(&stage.key.value, "POST", path, &body));
    }
    // The demo's own model has a maximum.
    let mut body = hello();
    body["model"] = json!("demo-chat");
    let (_, seen) = sent(&stage, CHAT, &body);
    assert_eq!(seen["max_completion_tokens"], 4_096);
}

#[test]
fn case_23_a_maximum_that_is_no_number_is_refused_where_a_limit_needs_it() {
    let stage = Stage::new();
    let messages = r#""model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]"#;
    let bad =
        ["0", "-1", "2147483648", "9223372036854775808", "1e400", "\"100\"", "1.5", "true", "[]"];
    let bodies = bad.map(|value| format!("{{{messages},\"max_tokens\":{value}}}"));
    let two = format!("{{{messages},\"max_tokens\":5,\"max_completion_tokens\":6}}");
    let send = |body: &String| {
        let bearer = stage.bearer();
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        stage.gateway.request("POST", CHAT, &headers, body)
    };
    super::limit(&stage.gateway, AMPLE, true);
    for body in bodies.iter().chain([&two]) {
        refused(&send(body), 400, "invalid_max_tokens");
        assert!(send(body).json()["error"]["param"].is_string(), "{body}");
    }
    stage.kept_from_the_provider();
    assert_eq!(super::balance(&stage.gateway), (0, 0));
    // Where nothing needs the number the provider is its judge.
    let scope = format!("scope_type=project&scope_id={}", stage.gateway.default_project());
    let path = format!("/tollgate/v1/limits?{scope}&period=month");
    stage.gateway.admin("DELETE", &path, &Value::Null);
    for body in bodies.iter().chain([&two]) {
        send(body);
    }
    assert_eq!(stage.provider.seen_count(), bad.len() + 1);
}

#[test]
fn case_25_a_model_without_a_price_is_refused_and_told() {
    let stage = with_limit(AMPLE);
    let mut body = hello();
    body["model"] = json!("no-such-price-2031");
    let answer = stage.chat(&body);
    refused(&answer, 403, "model_price_unknown");
    assert_eq!(answer.json()["error"]["param"], "model");
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("tollgate prices set no-such-price-2031 "), "{message}");
    stage.kept_from_the_provider();
    assert_eq!(super::balance(&stage.gateway), (0, 0));
    let bearer = format!("Bearer {}", stage.gateway.admin_key());
    let text = stage.gateway.request("GET", "/metrics", &[("Authorization", &bearer)], "").text();
    assert!(text.contains("tollgate_refusals_total{code=\"model_price_unknown\"} 1"), "{text}");
}

#[test]
fn case_28_a_long_prompt_is_held_and_settled_at_the_long_price() {
    const WORDS: usize = 280_000;
    let stage = Stage::new();
    let prompt = "a ".repeat(WORDS);
    let body = json!({
        "model": "gpt-5.4", "max_completion_tokens": 16,
        "messages": [{"role": "user", "content": prompt}],
    });
    let bound = bound_at(&stage, CHAT, &body);
    let by_bytes = body.to_string().len() as i64 * 5_000;
    assert!(bound > by_bytes, "{bound} is less than {by_bytes}, the bytes at the long price");
    super::limit(&stage.gateway, bound * 4, false);
    stage.provider.script(chat(), Script::gate_open().always());
    let answers = thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| stage.chat(&body))).collect();
        until("one is refused", || calls.iter().any(thread::ScopedJoinHandle::is_finished));
        assert_eq!(stage.provider.seen_count(), 4);
        stage.provider.release();
        calls.into_iter().map(|call| call.join().unwrap().status).collect::<Vec<_>>()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 4, "{answers:?}");
    // 280,003 tokens at 5 dollars a million, and the words of the answer.
    let spent = posted(&stage, 4);
    assert!(spent > 4 * 280_003 * 5_000 && spent <= bound * 4, "{spent}");
}

#[test]
fn case_29_a_tier_left_open_is_pinned_and_the_tier_served_is_settled() {
    let stage = Stage::new();
    let plain = bound_at(&stage, CHAT, &hello());
    let asking = |tier: &str| {
        let mut body = hello();
        body["service_tier"] = json!(tier);
        body
    };
    let priority = bound_at(&stage, CHAT, &asking("priority"));
    assert!(priority > plain * 3 / 2, "{priority} and {plain}");
    // The same at its other name, which is four bytes shorter.
    assert_eq!(bound_at(&stage, CHAT, &asking("fast")), priority - 4 * 250);
    super::limit(&stage.gateway, AMPLE, false);
    for (body, tier) in [
        (hello(), "default"),
        (asking("auto"), "default"),
        (asking("default"), "default"),
        (asking("priority"), "priority"),
        (asking("fast"), "fast"),
    ] {
        let (_, seen) = sent(&stage, CHAT, &body);
        assert_eq!(seen["service_tier"], tier);
    }
    // Asked for priority, served at the usual tier, billed at that: 100 × 0.15 + 10 × 0.6.
    let before = posted(&stage, 5);
    let answer = answer_with(&usage("100", "10")).replacen(
        "{\"id\"",
        "{\"service_tier\":\"default\",\"id\"",
        1,
    );
    stage.provider.script(chat(), Script::json(200, answer).bill(Tokens::text(100, 10)));
    passed(&stage.chat(&asking("priority")));
    assert_eq!(posted(&stage, 6) - before, 21_000);
    let seen = stage.provider.seen_count();
    let answer = stage.chat(&asking("warp"));
    refused(&answer, 400, "feature_not_allowed_with_hard_limit");
    assert_eq!(stage.provider.seen_count(), seen);
}

#[test]
fn case_31_what_a_body_only_points_at_is_bounded_by_the_window() {
    let stage = Stage::new();
    let respond = |body: &Value| {
        stage.gateway.json(&stage.key.value, "POST", "/v1/responses", body).json()["id"].clone()
    };
    let earlier = respond(&json!({"model": "gpt-4o", "input": "hi"}));
    let made = stage.gateway.json(&stage.key.value, "POST", "/v1/conversations", &json!({}));
    let image = json!({"type": "input_image", "image_url": "https://pictures.example/a.png"});
    let file = json!({"type": "input_file", "file_url": "https://files.example/a.pdf"});
    let said = |part: &Value| json!([{"role": "user", "content": [part]}]);
    // 128,000 tokens at 2.5 dollars a million.
    let window = 320_000_000;
    for body in [
        json!({"previous_response_id": earlier, "input": "hi"}),
        json!({"conversation": made.json()["id"], "input": "hi"}),
        json!({"input": said(&file)}),
    ] {
        let mut body = body;
        body["model"] = json!("gpt-4o");
        body["max_output_tokens"] = json!(16);
        let bound = bound_at(&stage, "/v1/responses", &body);
        assert!(bound >= window, "{body}: {bound}");
    }
    let body = json!({"model": "gpt-4o", "max_output_tokens": 16, "input": said(&image)});
    let one = bound_at(&stage, "/v1/responses", &body);
    let plain = json!({"model": "gpt-4o", "max_output_tokens": 16, "input": "hi"});
    let none = bound_at(&stage, "/v1/responses", &plain);
    assert!(one > none + 40_000 * 2_500, "a picture costs {one}, none {none}");
    super::limit(&stage.gateway, AMPLE, false);
    let tool = json!([{"type": "mcp", "server_label": "x", "server_url": "https://x.example"}]);
    let body = json!({"model": "gpt-4o", "input": "hi", "tools": tool});
    let answer = stage.gateway.json(&stage.key.value, "POST", "/v1/responses", &body);
    refused(&answer, 400, "feature_not_allowed_with_hard_limit");
}
