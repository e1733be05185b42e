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
