//! A client that hangs up pays what the provider bills, and is never given anything back.

use serde_json::json;
use testkit::{Act, Script};

use super::desk::{AMPLE, bound_at, chat, entries, posted, with_limit};
use crate::support::{CHAT, Stage, hello, hello_stream, until};

/// A stream of twelve words, one event each.
fn words() -> serde_json::Value {
    let mut body = hello_stream();
    body["messages"][0]["content"] = json!("[[words=12]] [[gap_ms=10]]");
    body
}

/// Hangs up after so many events.
fn leave(stage: &Stage, events: usize) {
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let mut stream = stage.gateway.open("POST", CHAT, &headers, words().to_string());
    let mut seen = 0;
    while seen < events {
        let Some(part) = stream.next_chunk() else { return };
        seen += String::from_utf8_lossy(&part.unwrap()).matches("\n\n").count();
    }
}

#[test]
fn case_38_a_client_that_leaves_a_stream_pays_what_the_provider_bills() {
    let stage = with_limit(AMPLE);
    // 4 words and 3, and the 12 that are written to the end whoever listens.
    let bill = |stage: &Stage| {
        let bill = stage.provider.bill().pop().unwrap();
        (bill.tokens.input * 150 + bill.tokens.output * 600) as i64
    };
    for (at, events) in [0, 1, 5, 12, 14].into_iter().enumerate() {
        let before = posted(&stage, at);
        leave(&stage, events);
        assert_eq!(posted(&stage, at + 1) - before, bill(&stage), "after {events} events");
    }
    let attempts: i64 = entries(&stage.gateway).iter().map(|entry| entry.attempts).sum();
    assert_eq!(attempts, 5, "each is posted once");
}

#[test]
fn case_38_where_the_provider_stops_as_well_the_hold_is_posted() {
    let stage = Stage::configured("[timeouts]\ngap_seconds = 1\ndrain_seconds = 1\n");
    let bound = bound_at(&stage, CHAT, &words());
    super::limit(&stage.gateway, AMPLE, false);
    let mut spent = 0;
    for (at, act) in [Act::HangAfterChunks(3), Act::ResetAfterChunks(3), Act::ResetAfterHead]
        .into_iter()
        .enumerate()
    {
        stage.provider.script(chat(), Script::new(act.clone()));
        leave(&stage, 1);
        spent += bound;
        assert_eq!(posted(&stage, at + 1), spent, "{act:?}");
    }
    // A provider whose meter stops with its reader is not believed to.
    stage.provider.stop_billing_on_disconnect(true);
    stage.provider.script(chat(), Script::new(Act::HangAfterChunks(5)));
    leave(&stage, 2);
    assert_eq!(posted(&stage, 4), spent + bound);
}

#[test]
fn case_39_a_client_that_leaves_before_an_answer_pays_for_it() {
    let stage = with_limit(AMPLE);
    for round in 0..3 {
        let before = posted(&stage, round);
        stage.provider.script(chat(), Script::gate_open());
        let body = hello().to_string();
        let mut wire = stage.wire();
        let head = stage.raw_post(CHAT);
        wire.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
        stage.provider.wait_seen(round + 1, crate::support::PATIENCE);
        drop(wire);
        until("the hold stands", || super::balance(&stage.gateway).1 > 0);
        stage.provider.release();
        let spent = posted(&stage, round + 1);
        let bill = stage.provider.bill().pop().unwrap().tokens;
        let cost = (bill.input * 150 + bill.output * 600) as i64;
        assert_eq!(spent - before, cost);
    }
}

#[test]
fn case_76_a_body_that_never_ends_holds_nothing() {
    let stage = with_limit(AMPLE);
    let mut wire = stage.wire();
    wire.send(format!("{}Content-Length: 1000\r\n\r\n{{\"model\":", stage.raw_post(CHAT)));
    assert_eq!(super::balance(&stage.gateway), (0, 0));
    drop(wire);
    stage.kept_from_the_provider();
}
