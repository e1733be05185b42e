//! What a hostile provider, client or neighbour does to a call that has several attempts.

use super::*;
use crate::support::{Stage, refused};

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
