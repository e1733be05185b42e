//! `GET /tollgate/v1/requests`, the request log.

use crate::gateway::Gateway;
use domain::{AttemptFilter, Cost, LoggedAttempt, Nanos, Outcome, Timestamp, Tokens};
use serde_json::json;

const LOG: &str = "/tollgate/v1/requests";

fn attempt(place: i64, request: &str, attempt: u32) -> LoggedAttempt {
    LoggedAttempt {
        place,
        request: request.into(),
        attempt,
        at: Timestamp(1_700_000_000_123),
        operation: "createChatCompletion".to_owned(),
        family: "completions".to_owned(),
        project: "proj_1".to_owned(),
        key: "key_1".to_owned(),
        user: "user-1".to_owned(),
        user_label: None,
        model_asked: Some("gpt".to_owned()),
        model_served: Some("gpt-2026".to_owned()),
        service_tier: None,
        upstream: "up_1".to_owned(),
        upstream_request: None,
        status: 200,
        outcome: Outcome::Completed,
        stream: true,
        batch: false,
        estimated: false,
        tokens: Tokens { input: 9, output: 3, ..Tokens::default() },
        images: 0,
        media_ms: 0,
        characters: 0,
        cost: Some(Cost { input: Nanos(40), other: Nanos(2), ..Cost::default() }),
        error: None,
        queue_us: 1,
        first_byte_us: 2,
        total_us: 3,
        bytes_in: 4,
        bytes_out: 5,
        cache: Some("hit".into()),
        saved: Some(domain::Nanos(1_500)),
        shadow: false,
    }
}

#[test]
fn the_log_is_paged_newest_first() {
    let gateway = Gateway::start();
    let rows = (1..=25).map(|n| attempt(n, &format!("req_{n}"), 1));
    gateway.world.state().attempts.extend(rows);
    let first = gateway.ok("GET", LOG, "");
    assert_eq!(first.body["data"].as_array().unwrap().len(), 20);
    assert_eq!(
        (first.text("/data/0/request_id"), first.text("/last_id")),
        ("req_25".into(), "log_6".into())
    );
    assert_eq!(first.body["has_more"], json!(true));
    let second = gateway.ok("GET", &format!("{LOG}?after={}", first.text("/last_id")), "");
    assert_eq!(second.text("/data/0/request_id"), "req_5");
    assert_eq!(
        (second.text("/last_id"), &second.body["has_more"]),
        ("log_1".into(), &json!(false))
    );
    let row = &second.body["data"][0];
    assert_eq!(
        *row,
        json!({
            "object": "tollgate.request", "id": "log_5", "request_id": "req_5", "attempt": 1,
            "created_at": 1_700_000_000, "created_at_ms": 1_700_000_000_123_i64,
            "operation": "createChatCompletion", "family": "completions",
            "project_id": "proj_1", "api_key_id": "key_1", "user_id": "user-1", "user_label": null,
            "model": "gpt", "model_served": "gpt-2026", "service_tier": null,
            "upstream_id": "up_1", "upstream_request_id": null,
            "status": 200, "outcome": "completed", "error": null, "stream": true, "batch": false,
            "usage": {
                "estimated": false, "input_tokens": 9, "input_cached_tokens": 0,
                "input_cache_write_tokens": 0, "input_audio_tokens": 0, "input_image_tokens": 0,
                "output_tokens": 3, "output_reasoning_tokens": 0, "output_audio_tokens": 0,
                "output_image_tokens": 0, "images": 0, "media_ms": 0, "characters": 0,
            },
            "cost": {
                "nanos": 42, "usd": "0.000000042", "input_nanos": 40, "input_cached_nanos": 0,
                "output_nanos": 0, "other_nanos": 2,
            },
            "times": {"queue_us": 1, "first_byte_us": 2, "total_us": 3},
            "bytes_in": 4, "bytes_out": 5, "cache": "hit", "saved_nanos": 1500, "shadow": false,
        })
    );
}

#[test]
fn a_call_is_shown_with_all_its_attempts() {
    let gateway = Gateway::start();
    let refused = LoggedAttempt { cost: None, status: 429, ..attempt(1, "req_1", 1) };
    let rows = [refused, attempt(2, "req_2", 1), attempt(3, "req_1", 2)];
    gateway.world.state().attempts.extend(rows);
    let reply = gateway.ok("GET", &format!("{LOG}/req_1"), "");
    let attempts = reply.body["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2);
    assert_eq!((&attempts[0]["cost"], &attempts[1]["attempt"]), (&json!(null), &json!(2)));
    assert_eq!(
        (&reply.body["cost_nanos"], reply.text("/cost")),
        (&json!(42), "0.000000042".into())
    );
    assert_eq!(gateway.get(&format!("{LOG}/req_9")).refusal(), (404, "not_found", ""));
}

#[test]
fn filters_are_compared_as_a_whole() {
    let gateway = Gateway::start();
    let query = "project_id=p&api_key_id=k&model=a%2Fb&status=4xx&outcome=client_gone&request_id=r";
    gateway.ok("GET", &format!("{LOG}?{query}&limit=1000&after=log_1f"), "");
    let asked = gateway.world.state().attempt_queries.pop().unwrap();
    let text = |text: &str| Some(text.to_owned());
    let expected = AttemptFilter {
        project: text("p"),
        key: text("k"),
        model: text("a/b"),
        status: Some((400, 499)),
        outcome: Some(Outcome::ClientGone),
        request: Some("r".into()),
    };
    assert_eq!((asked.filter, asked.before, asked.limit), (expected, Some(31), 1_000));
    // No wildcard means anything: it is a name like any other.
    gateway.ok("GET", &format!("{LOG}?model=%25%25%25"), "");
    let asked = gateway.world.state().attempt_queries.pop().unwrap();
    assert_eq!(asked.filter.model.as_deref(), Some("%%%"));
}

#[test]
fn case_14_hostile_filters_are_refused_by_name() {
    let gateway = Gateway::start();
    let long = "%25".repeat(600);
    let terms = "&model=m".repeat(10_000);
    for (query, param) in [
        ("status=abc", "status"),
        ("status=4x", "status"),
        ("status=999", "status"),
        ("outcome=lost", "outcome"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("after=req_1", "after"),
        ("after=log_0", "after"),
        ("after=log_%25", "after"),
        ("project_id=", "project_id"),
        ("model=a&model=b", "model"),
        (&format!("api_key_id={long}"), "api_key_id"),
        (&format!("x=1{terms}"), "model"),
    ] {
        let reply = gateway.get(&format!("{LOG}?{query}"));
        assert_eq!(reply.refusal(), (400, "invalid_value", param), "{:.60}", query);
    }
    assert!(gateway.world.state().attempt_queries.is_empty());
}
