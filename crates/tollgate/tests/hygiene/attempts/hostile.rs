//! What a hostile provider, client or neighbour does to a call that has several attempts.

use super::*;
use crate::support::{Stage, Wire, metric, refused, until};

#[test]
fn a_refusal_that_comes_by_drops_is_given_up_with_its_attempt() {
    let pair = Pair::new();
    let drops = (0..40).map(|_| Piece::new(500, " ")).collect();
    let kind = [("Content-Type", "application/json")];
    pair.first.script(chat(), Script::raw(503, &kind, drops, Then::End));
    let began = Instant::now();
    answered(&pair.chat(&hello()), "second", "2");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_call_whose_time_ends_before_its_turn_is_not_sent() {
    let stage = Stage::configured("[timeouts]\ntotal_seconds = 2\n");
    let slow = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(chat(), slow.retry_after("4"));
    refused(&waiting(&stage, "0"), 429, "upstream_rate_limited");
    stage.provider.clear();
    refused(&waiting(&stage, "10s"), 429, "upstream_rate_limited");
    stage.kept_from_the_provider();
}

fn waiting(stage: &Stage, wait: &str) -> Answer {
    let bearer = stage.bearer();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("X-Tollgate-Max-Wait", wait),
    ];
    stage.gateway.request("POST", CHAT, &headers, hello().to_string())
}

#[test]
fn p21_who_leaves_between_two_attempts_leaves_the_queue_as_well() {
    let stage = Stage::new();
    let slow = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(chat(), slow.retry_after("12"));
    let mut leaves = Wire::open(&stage.gateway);
    let (head, body) = (stage.raw_post(CHAT), hello().to_string());
    let length = body.len();
    leaves
        .send(format!("{head}X-Tollgate-Max-Wait: 60s\r\nContent-Length: {length}\r\n\r\n{body}"));
    let count = || metric(&stage.gateway, "tollgate_pacing_waiting");
    until("it waits for its second turn", || count() == 1);
    let began = Instant::now();
    drop(leaves);
    until("it waits no more", || count() == 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(stage.provider.seen_count(), 1);
}

#[test]
fn what_is_another_projects_at_the_second_place_does_not_go_there() {
    let pair = Pair::new();
    let responses = || Matcher::new("POST", "/v1/responses");
    let busy = || Script::error(503, "server_error", Some("server_is_overloaded"), "Busy.");
    let ask = |key: &str, body: &Value| pair.gateway.json(key, "POST", "/v1/responses", body);
    pair.first.script(responses(), busy());
    let made = ask(&pair.key.value, &json!({"model": "gpt-4o-mini", "input": "hi"}));
    answered(&made, "second", "2");
    let item = made.json()["output"][0]["id"].as_str().unwrap().to_owned();
    let stranger = pair.gateway.create_project("stranger");
    let stranger = pair.gateway.create_key_in(&stranger, &json!({"name": "stranger"})).value;
    let given = json!({
        "model": "gpt-4o-mini",
        "input": [
            {"id": item, "type": "message", "role": "assistant", "status": "completed",
             "content": [{"type": "output_text", "text": "x", "annotations": []}]},
            {"role": "user", "content": "go on"},
        ],
    });
    pair.backup.clear();
    pair.first.script(responses(), busy());
    answered(&ask(&stranger, &given), "first", "2");
    assert_eq!(pair.backup.seen_count(), 0, "another project's item was sent");
    // Its owner may.
    pair.first.script(responses(), busy());
    answered(&ask(&pair.key.value, &given), "second", "2");
}
