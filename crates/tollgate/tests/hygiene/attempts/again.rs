//! The same upstream once more: only for what surely cost nothing, only so often, only in time.

use super::*;
use crate::support::Stage;

fn sorry() -> Script {
    Script::error(500, "server_error", None, "Sorry.")
}

#[test]
fn a_call_that_was_refused_for_free_is_made_again() {
    let stage = Stage::new();
    stage.provider.script(chat(), sorry().times(2));
    answered(&stage.chat(&hello()), "openai", "3");
    stage.provider.script(chat(), sorry().times(3));
    let answer = stage.chat(&hello());
    assert_eq!((answer.status, answer.header("x-tollgate-attempts")), (500, Some("2")));
}

#[test]
fn p18_repeats_are_a_fifth_of_the_calls_in_a_total_outage() {
    let stage = Stage::new();
    let down = Script::error(503, "server_error", Some("server_is_overloaded"), "Down.");
    stage.provider.script(chat(), down.always());
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| (0..10).for_each(|_| assert_eq!(stage.chat(&hello()).status, 503)));
        }
    });
    let seen = stage.provider.seen_count();
    assert!((101..=120).contains(&seen), "{seen} attempts of 100 calls");
}

#[test]
fn case_88_a_short_wait_is_waited_and_a_long_one_is_told() {
    let stage = Stage::new();
    let slow = || Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(chat(), slow().retry_after("1"));
    let began = Instant::now();
    answered(&stage.chat(&hello()), "openai", "2");
    assert!(began.elapsed() >= Duration::from_secs(1));
    stage.provider.script(chat(), slow().retry_after("31"));
    let answer = stage.chat(&hello());
    let found = (answer.status, answer.header("retry-after"), answer.header("x-tollgate-attempts"));
    assert_eq!(found, (429, Some("31"), Some("1")));
}

#[test]
fn a_client_that_comes_back_by_itself_is_not_helped_twice() {
    let stage = Stage::new();
    stage.provider.script(chat(), sorry());
    let bearer = stage.bearer();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("X-Stainless-Retry-Count", "0"),
    ];
    let ask = || stage.gateway.request("POST", CHAT, &headers, hello().to_string());
    assert_eq!(ask().status, 500);
    passed(&ask());
    assert_eq!(stage.provider.seen_count(), 2);
}

#[test]
fn case_84_what_may_have_cost_something_is_not_asked_of_the_same_upstream_again() {
    let stage = Stage::new();
    for act in [Act::ResetBeforeHead, Act::ResetAfterHead, Act::Garbage] {
        stage.provider.clear();
        stage.provider.script(chat(), Script::new(act));
        assert_eq!(stage.chat(&hello()).status, 502);
        assert_eq!(stage.provider.seen_count(), 1);
    }
}
