//! Waiting for a provider's rate limit, and what happens when there is more work than room.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, Key, Matcher, Script};

use crate::support::{CHAT, Stage, hello, metric, passed, refused, until};

fn waiting(stage: &Stage, key: &Key, wait: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {}", key.value);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("X-Tollgate-Max-Wait", wait),
    ];
    stage.gateway.request("POST", CHAT, &headers, body.to_string())
}

fn saying(text: &str) -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]})
}

/// One call, after which the account's limit is known.
fn introduced(limit: u64, per: Duration) -> Stage {
    let stage = Stage::new();
    stage.provider.limit_rate(limit, per);
    passed(&stage.chat(&hello()));
    stage
}

#[test]
fn an_account_at_its_limit_refuses_nobody_who_waits() {
    let stage = Stage::new();
    stage.provider.limit_rate(20, Duration::from_secs(1));
    let began = Instant::now();
    let answers: Vec<Answer> = thread::scope(|scope| {
        let one = || waiting(&stage, &stage.key, "30s", &hello());
        let calls: Vec<_> = (0..60).map(|_| scope.spawn(one)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    answers.iter().for_each(passed);
    assert_eq!(stage.provider.rate_refusals(), 0);
    // A bucket of 20 and 20 a second: not sooner than in two seconds.
    assert!(began.elapsed() >= Duration::from_millis(1_900), "{:?}", began.elapsed());
    let waits = answers.iter().filter_map(|answer| answer.header("x-tollgate-queue-ms"));
    let waits: Vec<u64> = waits.map(|ms| ms.parse().unwrap()).collect();
    assert!(waits.len() >= 30 && waits.iter().any(|ms| *ms >= 1_000), "{waits:?}");
    assert!(metric(&stage.gateway, "tollgate_pacing_waited_total") >= 30);
    assert_eq!(metric(&stage.gateway, "tollgate_pacing_waiting"), 0);
    let longest = stage.gateway.wait_records(60).iter().map(|r| r["queue_us"].as_u64()).max();
    assert!(longest.flatten() >= waits.iter().max().map(|ms| ms * 1_000), "{longest:?}");
    assert!(stage.gateway.output().contains("calls wait for an upstream's rate limit"));
}

#[test]
fn whoever_cannot_wait_is_told_the_time_and_nothing_is_sent() {
    let stage = introduced(1, Duration::from_secs(3_600));
    stage.provider.clear();
    for wait in ["0", "1s", "59m"] {
        let answer = waiting(&stage, &stage.key, wait, &hello());
        refused(&answer, 429, "upstream_rate_limited");
        let ms: u64 = answer.header("retry-after-ms").unwrap().parse().unwrap();
        assert!((3_590_000..=3_600_000).contains(&ms), "{ms}");
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert_eq!(seconds, ms.div_ceil(1_000));
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    stage.kept_from_the_provider();
    assert_eq!(metric(&stage.gateway, "tollgate_pacing_late_total"), 3);
}

#[test]
fn a_wait_that_cannot_be_read_is_named() {
    let stage = Stage::new();
    for wait in ["soon", "-1", "", "1h", "30 s"] {
        let answer = waiting(&stage, &stage.key, wait, &hello());
        refused(&answer, 400, "invalid_value");
        assert_eq!(answer.json()["error"]["param"], "X-Tollgate-Max-Wait");
    }
    stage.kept_from_the_provider();
}

#[test]
fn a_client_that_leaves_gives_its_turn_to_the_next() {
    let stage = introduced(2, Duration::from_secs(10));
    let bodies = [saying("goes"), saying("leaves"), saying("stays")];
    passed(&waiting(&stage, &stage.key, "0", &bodies[0]));
    stage.provider.clear();
    let mut leaves = stage.wire();
    let (head, body) = (stage.raw_post(CHAT), bodies[1].to_string());
    leaves.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    until("it waits", || metric(&stage.gateway, "tollgate_pacing_waiting") == 1);
    thread::scope(|scope| {
        let stays = scope.spawn(|| waiting(&stage, &stage.key, "20s", &bodies[2]));
        until("both wait", || metric(&stage.gateway, "tollgate_pacing_waiting") == 2);
        drop(leaves);
        until("one has left", || metric(&stage.gateway, "tollgate_pacing_waiting") == 1);
        let answer = stays.join().unwrap();
        passed(&answer);
        let waited: u64 = answer.header("x-tollgate-queue-ms").unwrap().parse().unwrap();
        assert!(waited <= 6_000, "it waited for two turns: {waited} ms");
    });
    assert_eq!(stage.provider.seen_count(), 1, "the provider saw who had left");
}

#[test]
fn a_keys_flood_does_not_keep_another_key_from_its_turn() {
    let stage = introduced(4, Duration::from_secs(1));
    let other = stage.gateway.create_key(&json!({"name": "other"}));
    thread::scope(|scope| {
        let flood: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| waiting(&stage, &stage.key, "30s", &saying("flood"))))
            .collect();
        until("the flood waits", || metric(&stage.gateway, "tollgate_pacing_waiting") >= 10);
        let before = stage.provider.seen_count();
        passed(&waiting(&stage, &other, "20s", &saying("other")));
        let seen = stage.provider.seen_count() - before;
        assert!(seen <= 4, "{seen} calls came before its turn");
        flood.into_iter().for_each(|call| passed(&call.join().unwrap()));
    });
    assert_eq!(stage.provider.rate_refusals(), 0);
}

#[test]
fn case_88_a_refusal_is_waited_out_by_whoever_is_willing() {
    let stage = Stage::new();
    let script = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(Matcher::new("POST", CHAT), script.retry_after("1"));
    let began = Instant::now();
    let answer = waiting(&stage, &stage.key, "5s", &hello());
    passed(&answer);
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(answer.header("x-tollgate-attempts"), Some("2"));
}

#[test]
fn p17_more_than_may_be_in_flight_is_refused_at_once() {
    let stage = Stage::configured("[overload]\ncalls = 2\n");
    stage.provider.script(Matcher::new("POST", CHAT), Script::gate_open().times(2));
    thread::scope(|scope| {
        let held: Vec<_> = (0..2).map(|_| scope.spawn(|| stage.chat(&hello()))).collect();
        stage.provider.wait_seen(2, Duration::from_secs(60));
        let answer = stage.chat(&hello());
        refused(&answer, 503, "overloaded");
        assert!(answer.header("retry-after").is_some());
        let ready = stage.gateway.request("GET", "/readyz?verbose", &[], "").text();
        assert!(ready.contains("slots in use: 2\nwaiting for a slot: 0"), "{ready}");
        stage.provider.release();
        held.into_iter().for_each(|call| passed(&call.join().unwrap()));
    });
    passed(&stage.chat(&hello()));
    assert_eq!(stage.provider.seen_count(), 3);
}

#[test]
fn all_mistakes_of_pacing_are_told_at_once() {
    let toml = "[pacing]\nmax_wait_seconds = -1\nfast = 1\n[pacing.weights]\nproj_1 = 0\n\
                [overload]\ncalls = 0\n";
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("tollgate.toml");
    std::fs::write(&path, toml).unwrap();
    let path = path.display().to_string();
    let mut process =
        crate::support::Process::spawn(home.path(), &["serve", "--config", &path], &[]);
    assert_ne!(process.exit(), Some(0));
    let output = process.output();
    for part in ["max_wait_seconds", "pacing.fast", "proj_1", "`calls`"] {
        assert!(output.contains(part), "no {part}:\n{output}");
    }
}
