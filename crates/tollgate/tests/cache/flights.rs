//! Equal calls in flight share one upstream call.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::{Act, Matcher, Script, Then};

use crate::support::{CHAT, Stage, chat, text_of, used, with};

const LONG: Duration = Duration::from_secs(60);

/// Waits until so many calls are in flight.
fn wait_in_flight(stage: &Stage, count: usize) {
    let end = Instant::now() + LONG;
    let name = "tollgate_calls_in_flight ";
    loop {
        let text = stage.gateway.request("GET", "/metrics", &[], "").text();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        if line.and_then(|line| line.trim().parse().ok()) >= Some(count) {
            return;
        }
        assert!(Instant::now() < end, "{line:?} of {count} calls are in flight");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The provider stops in the middle of the next answer, until it is released.
fn stop_midway(stage: &Stage) {
    stage.provider.script(Matcher::any(), Script::new(Act::Usual).waits_after(20));
}

#[test]
fn case_116_a_hundred_equal_calls_at_once_are_one_upstream_call() {
    let stage = Stage::new();
    for (round, stream) in [false, true].into_iter().enumerate() {
        stage.provider.clear();
        let mark = format!("round {round}");
        let gated = Script::gate_open().gated();
        stage.provider.script(Matcher::any().containing(&mark), gated);
        let body = with(chat(&mark), json!({ "stream": stream }));
        let answers: Vec<_> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..100).map(|_| scope.spawn(|| stage.ask(&body))).collect();
            stage.provider.wait_seen(1, LONG);
            wait_in_flight(&stage, 50);
            stage.provider.release();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert_eq!(stage.asked(), 1, "stream: {stream}");
        let of = |what: &str| answers.iter().filter(|answer| used(answer) == what).count();
        assert_eq!((of("miss"), of("joined") + of("hit")), (1, 99));
        assert!(of("joined") > 0);
        assert!(answers.iter().all(|answer| answer.body == answers[0].body), "100 right answers");
    }
    let records = stage.gateway.wait_records(200);
    let paid = records.iter().filter(|record| record["cost_nanos"].as_i64().unwrap() > 0).count();
    assert_eq!(paid, 2, "each has its own record, and who joined pays nothing");
}

#[test]
fn who_joins_a_stream_late_gets_all_of_it() {
    let stage = Stage::new();
    stop_midway(&stage);
    let body = with(chat("[[words=40]]"), json!({ "stream": true }));
    let mut leader = stage.open(&body);
    let begun = leader.read_until("word10");
    let late = stage.open(&body);
    assert_eq!(late.header("x-tollgate-cache"), Some("joined"));
    stage.provider.release();
    let late = late.collect().unwrap();
    let whole = [begun, leader.collect().unwrap().body].concat();
    assert_eq!(late.body, whole);
    assert_eq!(text_of(&late.text()).split(' ').count(), 40);
    assert_eq!(stage.asked(), 1);
}

#[test]
fn a_leader_who_leaves_does_not_stop_the_others() {
    let stage = Stage::new();
    stop_midway(&stage);
    let body = with(chat("[[words=40]] [[gap_ms=5]]"), json!({ "stream": true }));
    let mut leader = stage.open(&body);
    leader.read_until("word5");
    let follower = stage.open(&body);
    drop(leader);
    stage.provider.release();
    let answer = follower.collect().unwrap();
    assert_eq!(text_of(&answer.text()).split(' ').count(), 40);
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    assert_eq!(used(&stage.ask(&body)), "hit", "and it was kept");
    assert_eq!(stage.asked(), 1);
    let records = stage.gateway.wait_records(3);
    let outcome = |used: &str| {
        records.iter().find(|r| r["cache"] == used).map(|r| r["outcome"].clone()).unwrap()
    };
    assert_eq!((outcome("miss"), outcome("joined")), (json!("client_gone"), json!("completed")));
}

#[test]
fn a_plain_leader_who_leaves_does_not_stop_the_others() {
    let stage = Stage::new();
    stage.provider.script(Matcher::any().containing("slow"), Script::gate_open().gated());
    let body = chat("slow");
    let answer = std::thread::scope(|scope| {
        let bearer = format!("Bearer {}", stage.key.value);
        let leader = std::net::TcpStream::connect(&stage.gateway.url()[7..]).unwrap();
        let text = body.to_string();
        let head = format!(
            "POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: {bearer}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        std::io::Write::write_all(&mut &leader, head.as_bytes()).unwrap();
        stage.provider.wait_seen(1, LONG);
        let follower = scope.spawn(|| stage.ask(&body));
        wait_in_flight(&stage, 2);
        drop(leader);
        std::thread::sleep(Duration::from_millis(100));
        stage.provider.release();
        follower.join().unwrap()
    });
    assert_eq!(used(&answer), "joined");
    assert_eq!(stage.asked(), 1);
}

#[test]
fn case_116_when_the_leader_fails_one_follower_leads() {
    let stage = Stage::with(|builder| builder.config("[retries]\nrepeats = 0\n"));
    // The first is reset while the others wait for it.
    let fails = Script::new(testkit::Act::ResetBeforeHead).gated();
    stage.provider.script(Matcher::any().containing("fails"), fails);
    let body = chat("fails once");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let leader = scope.spawn(|| stage.ask(&body));
        stage.provider.wait_seen(1, LONG);
        let calls: Vec<_> = (0..20).map(|_| scope.spawn(|| stage.ask(&body))).collect();
        std::thread::sleep(Duration::from_millis(300));
        stage.provider.release();
        assert_ne!(leader.join().unwrap().status, 200, "its own failure is its own");
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(stage.asked(), 2, "the one that failed, and one more");
    let misses = answers.iter().filter(|answer| used(answer) == "miss").count();
    assert_eq!(misses, 1, "exactly one follower led");
}

#[test]
fn a_mistake_of_the_callers_is_told_to_each() {
    let stage = Stage::new();
    let refusal = || Script::error(400, "invalid_request_error", Some("bad"), "no such thing");
    stage.provider.script(Matcher::any().containing("bad"), refusal().gated());
    stage.provider.script(Matcher::any().containing("bad"), refusal().always());
    let body = chat("bad");
    let answers: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| stage.ask(&body))).collect();
        stage.provider.wait_seen(1, LONG);
        std::thread::sleep(Duration::from_millis(100));
        stage.provider.release();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 400));
}

#[test]
fn a_stream_that_breaks_ends_for_all_who_share_it() {
    let stage = Stage::new();
    let first = testkit::Piece::new(
        0,
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"},\"finish_reason\":null}]}\n\n",
    );
    let script = Script::stream(vec![first], Then::Cut).gated();
    stage
        .provider
        .script(Matcher::any().containing("breaks"), script.bill(testkit::Tokens::text(1, 1)));
    let body = with(chat("breaks"), json!({ "stream": true }));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| stage.open(&body).collect())).collect();
        stage.provider.wait_seen(1, LONG);
        std::thread::sleep(Duration::from_millis(200));
        stage.provider.release();
        calls.into_iter().map(|call| call.join().unwrap().unwrap()).collect()
    });
    for answer in &answers {
        assert!(
            answer.text().contains("closed the stream before its end")
                || answer.text().ends_with("[DONE]\n\n"),
            "{}",
            answer.text()
        );
    }
    assert!(
        answers.iter().any(|answer| answer.text().contains("closed the stream before its end"))
    );
}
