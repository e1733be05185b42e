//! The file behind the memory: over restarts and kills, deleted and damaged.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Answer;

use crate::support::{CHAT, Stage, chat, used};

/// Asks for a stored answer until there is one: the file is written by and by.
fn stored(stage: &Stage, text: &str) -> Answer {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let asked = [("Cache-Control", "only-if-cached")];
        let answer = stage.post(&stage.key, CHAT, &chat(text), &asked);
        if answer.status == 200 {
            return answer;
        }
        assert!(Instant::now() < end, "never found: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn wait_kept(stage: &Stage, count: u64) {
    let end = Instant::now() + Duration::from_secs(60);
    while stage.figures(&stage.key)["stored"]["entries"].as_u64() < Some(count) {
        assert!(Instant::now() < end, "{}", stage.figures(&stage.key));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn answers_are_there_after_a_restart() {
    let mut stage = Stage::new();
    let first = stage.ask(&chat("hello"));
    stage.gateway.restart();
    let again = stored(&stage, "hello");
    assert_eq!((used(&again), &again.body), ("hit", &first.body));
    assert_eq!(used(&stage.ask(&chat("hello"))), "hit");
    assert_eq!(stage.asked(), 1);
    let figures = stage.figures(&stage.key);
    assert_eq!(
        (&figures["stored"]["entries"], &figures["memory"]["entries"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(stage.purge(&stage.key, json!({})), 1);
    stage.gateway.restart();
    assert_eq!(used(&stage.ask(&chat("hello"))), "miss");
}

#[test]
fn a_kill_at_any_moment_leaves_answers_whole_or_none() {
    let mut stage = Stage::with(|builder| builder.without_bill_check());
    let mut whole = std::collections::HashMap::new();
    let first = chat("there before the first kill");
    whole.insert("there before the first kill".to_owned(), stage.ask(&first).body);
    wait_kept(&stage, 1);
    for round in 0..6_u64 {
        let end = Instant::now() + Duration::from_millis(60 + 35 * round);
        let mut number = 0;
        while Instant::now() < end {
            let text = format!("round {round} question {number} [[words=400]]");
            let answer = stage.ask(&chat(&text));
            assert_eq!(answer.status, 200);
            whole.insert(text, answer.body);
            number += 1;
        }
        stage.gateway.kill9();
        stage.gateway.restart();
        let mut found = 0;
        for (text, body) in &whole {
            let asked = [("Cache-Control", "only-if-cached")];
            let answer = stage.post(&stage.key, CHAT, &chat(text), &asked);
            match answer.status {
                200 => assert_eq!(answer.body, *body, "a torn answer"),
                status => assert_eq!(status, 504, "{}", answer.text()),
            }
            found += usize::from(answer.status == 200);
        }
        assert!(found > 0, "the cache is of use after a kill");
    }
}

#[test]
fn a_file_that_is_deleted_or_damaged_under_us_costs_misses_only() {
    let stage = Stage::with(|builder| builder.config("[cache]\nmemory_mb = 0\n"));
    let path = stage.gateway.data_dir().join("cache.db");
    let fill = |round: &str| {
        for number in 0..20 {
            let answer = stage.ask(&chat(&format!("{round} {number} [[words=300]]")));
            assert_eq!(answer.status, 200);
        }
    };
    fill("first");
    wait_kept(&stage, 20);
    stored(&stage, "first 3 [[words=300]]");
    fs::remove_file(&path).unwrap();
    fill("second");
    // Overwritten where it lies, WAL and all.
    for name in ["cache.db", "cache.db-wal"] {
        let file = stage.gateway.data_dir().join(name);
        if let Ok(length) = fs::metadata(&file).map(|found| found.len()) {
            fs::write(&file, vec![0x5a; usize::try_from(length).unwrap().max(20_000)]).unwrap();
        }
    }
    std::thread::sleep(Duration::from_millis(1_100));
    fill("third");
    std::thread::sleep(Duration::from_millis(1_100));
    fill("fourth");
    let whole = stage.ask(&chat("fourth 5 [[words=300]]"));
    assert_eq!(
        whole.json()["choices"][0]["message"]["content"].as_str().unwrap().split(' ').count(),
        300
    );
    stored(&stage, "fourth 5 [[words=300]]");
}

#[test]
fn the_disk_has_its_budget() {
    let stage = Stage::with(|builder| builder.config("[cache]\nmemory_mb = 0\ndisk_mb = 0\n"));
    assert_eq!(used(&stage.ask(&chat("hello"))), "miss");
    assert_eq!(used(&stage.ask(&chat("hello"))), "miss", "nothing is kept anywhere");
    assert!(!stage.gateway.data_dir().join("cache.db").exists());
}
