//! A hit is one request to the limits by rate, and nothing to those by money.

use serde_json::json;

use crate::support::{Stage, chat, used, with};

#[test]
fn a_hit_takes_a_request_and_no_tokens() {
    let stage = Stage::new();
    let path = format!("/tollgate/v1/api_keys/{}/rate_limits", stage.key.id);
    let limits = json!({ "max_requests_per_1_minute": 4, "max_tokens_per_1_minute": 3000 });
    stage.gateway.admin("PUT", &path, &limits);
    // Most of the minute's tokens, as far as anybody can tell before.
    let body = with(chat("hello"), json!({ "max_tokens": 2900 }));
    assert_eq!(used(&stage.ask(&body)), "miss");
    let left = |answer: &testkit::Answer| {
        let read = |name: &str| answer.header(name).unwrap().parse::<u64>().unwrap();
        (read("x-ratelimit-remaining-requests"), read("x-ratelimit-remaining-tokens"))
    };
    let hits = [0, 1, 2].map(|_| stage.ask(&body));
    assert!(hits.iter().all(|hit| used(hit) == "hit"));
    let [first, .., last] = hits.each_ref().map(left);
    assert_eq!((first.0, last.0), (2, 0));
    assert!(last.1 >= first.1, "no tokens were taken: {first:?}, {last:?}");
    let refused = stage.ask(&body);
    assert_eq!(
        (refused.status, refused.header("x-tollgate-error")),
        (429, Some("rate_limit_exceeded"))
    );
}

#[test]
fn a_hit_is_given_where_nothing_is_left_to_spend() {
    let stage = Stage::new();
    assert_eq!(used(&stage.ask(&chat("hello"))), "miss");
    let limit = json!({
        "scope": { "type": "project", "id": stage.key.project }, "period": "month",
        "amount_usd": "0",
    });
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    let other = stage.ask(&chat("another question"));
    assert_eq!(other.header("x-tollgate-error"), Some("project_spend_limit_exceeded"));
    let hit = stage.ask(&chat("hello"));
    assert_eq!((used(&hit), hit.header("x-tollgate-cost")), ("hit", Some("0")));
}
