//! A call that was asked before is answered from memory, as HTTP lets it be.

use serde_json::{Value, json};

use crate::support::{CHAT, Stage, chat, used, with};

#[test]
fn case_115_a_hit_is_the_same_answer_and_costs_nothing() {
    let stage = Stage::new();
    let first = stage.ask(&chat("hello"));
    assert_eq!((used(&first), first.header("age")), ("miss", None));
    let second = stage.ask(&chat("hello"));
    assert_eq!(used(&second), "hit");
    assert_eq!(second.body, first.body, "byte for byte");
    assert_eq!(second.header("content-type"), Some("application/json"));
    assert_eq!(second.header("x-tollgate-cost"), Some("0"));
    assert_eq!(second.header("x-tollgate-attempts"), Some("0"));
    assert_eq!(second.header("x-tollgate-upstream"), first.header("x-tollgate-upstream"));
    let key = first.header("x-tollgate-cache-key").unwrap();
    assert_eq!(second.header("x-tollgate-cache-key"), Some(key));
    assert!(second.header("age").unwrap().parse::<u64>().unwrap() < 60);
    assert_ne!(second.header("x-request-id"), first.header("x-request-id"));
    assert_eq!(stage.asked(), 1);

    let records = stage.gateway.wait_records(2);
    // Each worker writes its own: either may be the first in the log.
    let of = |word: &str| records.iter().find(|record| record["cache"] == word).unwrap();
    let (miss, hit) = (of("miss"), of("hit"));
    let cost = miss["cost_nanos"].as_i64().unwrap();
    assert!(cost > 0);
    assert_eq!(miss["saved_nanos"], Value::Null);
    assert_eq!((&hit["cache"], &hit["saved_nanos"]), (&json!("hit"), &json!(cost)));
    assert_eq!((&hit["cost_nanos"], &hit["input_tokens"]), (&json!(0), &json!(0)));
    let figures = stage.figures(&stage.key);
    assert_eq!((&figures["hits"], &figures["misses"]), (&json!(1), &json!(1)));
    assert_eq!(figures["saved_nanos"], json!(cost));
    assert_eq!(figures["memory"]["entries"], 1);
    // Spelling and labels do not matter.
    let same = with(chat("hello"), json!({ "user": "somebody", "metadata": { "a": "b" } }));
    assert_eq!(used(&stage.ask(&same)), "hit");
    assert_eq!(used(&stage.ask(&with(chat("hello"), json!({ "temperature": 0 })))), "miss");
}

#[test]
fn the_cache_is_off_until_it_is_turned_on_and_a_switch_holds_from_the_next_call() {
    let stage = Stage::off(|builder| builder);
    let shown = stage.shown(&stage.key);
    assert_eq!((&shown["enabled"], &shown["ttl_seconds"]), (&json!(false), &json!(3600)));
    for _ in 0..2 {
        assert_eq!(used(&stage.ask(&chat("hello"))), "bypass");
    }
    let on = [("x-tollgate-cache", "on")];
    let answer = stage.post(&stage.key, CHAT, &chat("hello"), &on);
    assert_eq!(used(&answer), "bypass", "the project does not let calls turn it on");
    stage.set(&stage.key, json!({ "by_header": true }));
    let uses = |headers: &[(&str, &str)]| {
        used(&stage.post(&stage.key, CHAT, &chat("hello"), headers)).to_owned()
    };
    assert_eq!([uses(&[]), uses(&on), uses(&on), uses(&[])], ["bypass", "miss", "hit", "bypass"]);
    stage.set(&stage.key, json!({ "enabled": true, "ttl_seconds": 60 }));
    assert_eq!([uses(&[]), uses(&[("x-tollgate-cache", "off")])], ["hit", "bypass"]);
    stage.set(&stage.key, json!({ "enabled": false, "by_header": false }));
    assert_eq!([uses(&[]), uses(&on)], ["bypass", "bypass"]);
    let shown = stage.shown(&stage.key);
    assert_eq!((&shown["ttl_seconds"], &shown["active"]), (&json!(60), &json!(false)));
}

#[test]
fn a_request_says_by_http_what_it_will_have() {
    let stage = Stage::new();
    let control = |directives: &str| {
        stage.post(&stage.key, CHAT, &chat("hello"), &[("Cache-Control", directives)])
    };
    let refused = control("only-if-cached");
    assert_eq!((refused.status, refused.header("x-tollgate-error")), (504, Some("not_cached")));
    assert_eq!(stage.asked(), 0);
    assert_eq!(used(&control("no-store")), "bypass");
    assert_eq!(used(&control("max-age=60")), "miss", "the one before was not kept");
    assert_eq!(used(&control("only-if-cached")), "hit");
    assert_eq!(used(&control("max-age=60")), "hit");
    assert_eq!(used(&control("min-fresh=3601")), "miss", "fresh for an hour at most");
    let before = control("only-if-cached");
    assert_eq!(used(&control("no-cache")), "miss");
    let after = control("only-if-cached");
    assert_ne!(before.json()["id"], after.json()["id"], "the new answer took the old one's place");
    assert_eq!(stage.asked(), 4);
}

#[test]
fn a_purge_takes_what_it_names() {
    let stage = Stage::new();
    let other = with(chat("hello"), json!({ "model": "gpt-4o" }));
    let fill = || {
        let key = stage.ask(&chat("hello"));
        stage.ask(&other);
        key.header("x-tollgate-cache-key").unwrap().to_owned()
    };
    let held = || {
        [chat("hello"), other.clone()].map(|body| {
            let asked = [("Cache-Control", "only-if-cached")];
            stage.post(&stage.key, CHAT, &body, &asked).status == 200
        })
    };
    let key = fill();
    assert_eq!(held(), [true, true]);
    assert_eq!(stage.purge(&stage.key, json!({ "key": key })), 1);
    assert_eq!(held(), [false, true]);
    fill();
    assert_eq!(stage.purge(&stage.key, json!({ "model": "gpt-4o" })), 1);
    assert_eq!(held(), [true, false]);
    fill();
    // The mark is by the millisecond.
    std::thread::sleep(std::time::Duration::from_millis(2));
    assert_eq!(stage.purge(&stage.key, json!({})), 2);
    assert_eq!(held(), [false, false]);
    std::thread::sleep(std::time::Duration::from_millis(2));
    fill();
    assert_eq!(held(), [true, true]);
}

#[test]
fn a_stale_answer_is_given_while_a_new_one_is_made() {
    let stage = Stage::new();
    stage.set(&stage.key, json!({ "ttl_seconds": 1, "stale_seconds": 3600 }));
    let first = stage.ask(&chat("hello"));
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let stale = stage.ask(&chat("hello"));
    assert_eq!((used(&stale), stale.body == first.body), ("hit", true));
    stage.provider.wait_seen(2, std::time::Duration::from_secs(60));
    let records = stage.gateway.wait_records(3);
    let of = |used: &str| records.iter().filter(|r| r["cache"] == used).count();
    assert_eq!((of("hit"), of("miss")), (1, 2), "the new one is a call of its own");
    assert_eq!(stage.figures(&stage.key)["stale"], 1);
    // It is kept a moment after it is on the bill.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let fresh = stage.ask(&chat("hello"));
        assert_eq!(used(&fresh), "hit");
        if fresh.json()["id"] != first.json()["id"] {
            break;
        }
        assert!(std::time::Instant::now() < end, "the stale answer stays");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn every_kind_of_answer_that_may_be_kept_is() {
    let stage = Stage::new();
    let model = json!({ "model": "gpt-4o-mini" });
    let bodies = [
        (CHAT, chat("hello")),
        ("/v1/completions", json!({ "model": "gpt-3.5-turbo-instruct", "prompt": "hello" })),
        ("/v1/responses", with(model.clone(), json!({ "input": "hello", "store": false }))),
        ("/v1/embeddings", json!({ "model": "text-embedding-3-small", "input": "hello" })),
        ("/v1/moderations", json!({ "model": "omni-moderation-latest", "input": "hello" })),
    ];
    for (path, body) in bodies {
        let [first, second] = [0, 1].map(|_| stage.post(&stage.key, path, &body, &[]));
        assert_eq!((used(&first), used(&second)), ("miss", "hit"), "{path}");
        assert_eq!(first.body, second.body, "{path}");
    }
}
