//! Two attempts at once, where the operator has chosen so: the first answer wins, both are paid for.

use super::*;
use crate::support::until;

fn hedged() -> Pair {
    hedged_after(100)
}

fn hedged_after(ms: u32) -> Pair {
    Pair::routed(&format!("{ROUTE}[retries]\nhedge_after_ms = {ms}\n"))
}

#[test]
fn case_43_the_first_answer_wins_and_the_other_attempt_is_posted_as_what_it_cost() {
    let pair = hedged();
    pair.limit(100_000_000_000);
    for body in [hello(), hello_stream()] {
        pair.first.script(chat(), Script::gate_open());
        let answer = pair.chat(&body);
        answered(&answer, "second", "2");
        assert!(!answer.text().contains("\"error\""), "{}", answer.text());
        pair.first.release();
    }
    let records = pair.gateway.wait_records(4);
    let gone = records.iter().filter(|record| record["outcome"] == "client_gone").count();
    assert_eq!(gone, 2, "{records:?}");
    // Both were counted to the end.
    assert!(records.iter().all(|record| record["estimated"] == json!(0)), "{records:?}");
    until("nothing is held", || {
        let list = pair.gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
        list["data"][0]["held_nanos"] == json!(0)
    });
}

#[test]
fn an_answer_in_time_is_the_only_one() {
    let pair = hedged_after(900);
    for body in [hello(), hello_stream()] {
        answered(&pair.chat(&body), "first", "1");
    }
    assert_eq!(pair.backup.seen_count(), 0);
}

#[test]
fn case_43_when_one_fails_the_other_is_waited_for() {
    let pair = hedged();
    pair.first.script(chat(), Script::gate_open());
    let sorry = Script::error(500, "server_error", None, "Sorry.");
    pair.backup.script(chat(), sorry);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| pair.chat(&hello()));
        pair.backup.wait_seen(1, Duration::from_secs(60));
        pair.first.release();
        answered(&call.join().unwrap(), "first", "2");
    });
}
