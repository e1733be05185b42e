//! What attempts may not do: begin after the first byte, act twice, or ride on another's money.

use testkit::Tokens;

use super::*;
use crate::support::{Wire, refused, until};

#[test]
fn p19_nothing_is_tried_again_once_a_byte_has_left() {
    let pair = Pair::new();
    for chunks in 0..6 {
        pair.first.script(chat(), Script::new(Act::ResetAfterChunks(chunks)));
        let answer = pair.chat(&hello_stream());
        passed(&answer);
        let (name, text) = (answer.header("x-tollgate-upstream"), answer.text());
        if chunks == 0 {
            assert_eq!((name, pair.backup.seen_count()), (Some("second"), 1));
            assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
            pair.backup.clear();
        } else {
            assert_eq!((name, pair.backup.seen_count()), (Some("first"), 0), "{chunks}");
            assert!(text.contains("before its end") && !text.contains("[DONE]"), "{text}");
        }
        // A success between failures: the breaker stays out of it.
        passed(&pair.chat(&hello()));
    }
}

#[test]
fn what_may_have_been_begun_is_not_begun_again() {
    let pair = Pair::new();
    let body = json!({"model": "gpt-4o-mini", "input": "hi", "background": true});
    let ask = || pair.gateway.json(&pair.key.value, "POST", "/v1/responses", &body);
    let responses = || Matcher::new("POST", "/v1/responses");
    // A job that nobody was told of: what it comes to, nobody can ask.
    let lost = Script::new(Act::ResetBeforeHead).bill(Tokens::text(0, 0));
    pair.first.script(responses(), lost);
    refused(&ask(), 502, "upstream_error");
    pair.first.script(responses(), Script::error(500, "server_error", None, "Sorry."));
    assert_eq!(ask().status, 500);
    assert_eq!((pair.first.seen_count(), pair.backup.seen_count()), (2, 0));
    // What was refused before any work is.
    let busy = Script::error(503, "server_error", Some("server_is_overloaded"), "Busy.");
    pair.first.script(responses(), busy);
    answered(&ask(), "second", "2");
}

#[test]
fn a_place_is_only_gone_to_for_its_reasons() {
    let route = ROUTE.replace("step = 1", "step = 1, on = [\"throttled\"]");
    let pair = Pair::routed(&route);
    pair.first.script(chat(), Script::new(Act::ResetBeforeHead));
    refused(&pair.chat(&hello()), 502, "upstream_error");
    assert_eq!(pair.backup.seen_count(), 0);
    let busy = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    pair.first.script(chat(), busy);
    answered(&pair.chat(&hello()), "second", "2");
}

#[test]
fn p21_no_attempt_is_made_for_a_client_that_has_left() {
    let pair = Pair::new();
    pair.first.script(chat(), Script::new(Act::HangBeforeHead));
    let bearer = format!("Bearer {}", pair.key.value);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // It waits for a head that never comes, for half as long as the first byte may take.
            let mut wire = Wire::open(&pair.gateway);
            let lines: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
            let body = hello().to_string();
            let length = body.len();
            wire.send(format!(
                "POST {CHAT} HTTP/1.1\r\nHost: x\r\n{lines}Content-Length: {length}\r\n\r\n{body}"
            ));
            pair.first.wait_seen(1, Duration::from_secs(60));
        });
    });
    // Its one attempt is settled, and nothing follows.
    let records = pair.gateway.wait_records(1);
    assert_eq!(records.len(), 1);
    passed(&pair.chat(&hello()));
    assert_eq!((pair.first.seen_count(), pair.backup.seen_count()), (2, 0));
}

#[test]
fn the_callers_mistake_is_one_everywhere() {
    let pair = Pair::new();
    for status in [400, 404, 409, 413, 422] {
        let wrong = Script::error(status, "invalid_request_error", Some("odd"), "No such thing.");
        pair.first.script(chat(), wrong);
        let answer = pair.chat(&hello());
        assert_eq!((answer.status, answer.header("x-tollgate-attempts")), (status, Some("1")));
    }
    assert_eq!(pair.backup.seen_count(), 0);
}

/// The most that a small call can cost, in nano-dollars, as a refusal says it.
fn bound(pair: &Pair) -> i64 {
    pair.limit(0);
    let text = pair.chat(&hello()).text();
    let rest = text.split("required: $").nth(1).expect("a refusal with its bound");
    let number: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let (whole, part) = number.split_once('.').unwrap();
    format!("{whole}{part:0<9}").parse().unwrap()
}

#[test]
fn case_41_a_free_refusal_gives_its_money_to_the_next_attempt() {
    let pair = Pair::new();
    let bound = bound(&pair);
    // Enough for one hold, not for two.
    pair.limit(bound + bound / 2);
    pair.first.script(chat(), Script::error(500, "server_error", None, "Sorry."));
    let answer = pair.chat(&hello());
    answered(&answer, "second", "2");
    let records = pair.gateway.wait_records(2);
    let id = json!(answer.header("x-request-id").unwrap());
    let mut attempts: Vec<(i64, i64)> = records
        .iter()
        .filter(|r| r["request_id"] == id)
        .map(|r| (r["attempt"].as_i64().unwrap(), r["status"].as_i64().unwrap()))
        .collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [(1, 500), (2, 200)]);
}

#[test]
fn case_42_an_attempt_that_its_limit_does_not_pay_for_is_not_made() {
    let pair = Pair::new();
    let bound = bound(&pair);
    pair.limit(bound + bound / 2);
    // Nobody knows what it cost, so all that was held for it is gone.
    pair.first.script(chat(), Script::new(Act::ResetBeforeHead));
    let answer = pair.chat(&hello());
    refused(&answer, 502, "upstream_error");
    assert_eq!(answer.header("x-tollgate-attempts"), Some("1"));
    assert_eq!(pair.backup.seen_count(), 0);
    until("it is posted", || {
        let list = pair.gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
        list["data"][0]["spent_nanos"] == json!(bound)
    });
}

#[test]
fn when_all_have_failed_the_reply_says_what_was_tried() {
    let pair = Pair::new();
    let busy = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    // What passes by itself is told rather than what somebody must mend.
    pair.first.script(chat(), busy.retry_after("31"));
    let wrong = Script::error(401, "invalid_request_error", Some("invalid_api_key"), "Wrong.");
    pair.backup.script(chat(), wrong);
    let answer = pair.chat(&hello());
    assert_eq!(answer.status, 429, "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("31"));
    assert_eq!(answer.header("x-tollgate-error"), Some("upstream_rate_limited"));
    assert_eq!(answer.header("x-tollgate-attempts"), Some("2"));

    let pair = Pair::new();
    pair.first.script(chat(), Script::new(Act::ResetBeforeHead));
    pair.backup.script(chat(), Script::new(Act::ResetBeforeHead));
    let answer = pair.chat(&hello());
    refused(&answer, 502, "upstream_error");
    let text = answer.text();
    assert!(text.contains("Tried: first (ambiguous), second (ambiguous)."), "{text}");
    assert!(!text.contains("127.0.0.1"), "{text}");
    assert_eq!(answer.header("x-tollgate-attempts"), Some("2"));
}

#[test]
fn p20_the_last_one_is_never_ejected() {
    let pair = Pair::new();
    for _ in 0..6 {
        pair.first.script(chat(), Script::new(Act::ResetBeforeHead));
        pair.backup.script(chat(), Script::new(Act::ResetBeforeHead));
        assert_eq!(pair.chat(&hello()).status, 502);
    }
    // Both breakers are open; the call goes out all the same, and closes one.
    passed(&pair.chat(&hello()));
    passed(&pair.chat(&hello()));
}
