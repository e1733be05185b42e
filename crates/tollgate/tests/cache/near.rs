//! Near matches: the answer to a question that is nearly the same, where a route allows it.

use serde_json::{Value, json};
use testkit::{Act, Answer, Key, Matcher, Script};

use crate::support::{CHAT, Stage, chat, text_of, used, with};

const LONG: std::time::Duration = std::time::Duration::from_secs(20);
/// The fake's vectors are sums over words: nine of ten in common lie at about 0.9.
const ASKED: &str = "how do i reset the password of my mail account";
const NEARLY: &str = "how do i reset the password of our mail account";
const FAR: &str = "what is the weather like in rome on this day";

fn stage(near: Value) -> Stage {
    stage_with(near, "")
}

fn stage_with(near: Value, config: &str) -> Stage {
    let stage = Stage::off(|builder| match config {
        "" => builder,
        config => builder.config(config),
    });
    let cache = with(
        json!({ "enabled": true, "near_model": "text-embedding-3-small", "near_threshold": 800 }),
        near,
    );
    let route = json!({
        "model": "faq", "cache": cache,
        "targets": [{ "upstream": "openai", "model": "gpt-4o-mini" }],
    });
    stage.gateway.admin("POST", "/tollgate/v1/routes", &route);
    stage
}

fn faq(text: &str) -> Value {
    with(chat(text), json!({ "model": "faq" }))
}

fn matches(stage: &Stage, count: usize) -> Vec<Value> {
    let list = || stage.gateway.admin("GET", "/tollgate/v1/cache/matches", &Value::Null);
    let found = |list: &Value| list["data"].as_array().cloned().unwrap_or_default();
    let mut all = found(&list());
    for _ in 0..2_000 {
        if all.len() >= count {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
        all = found(&list());
    }
    assert_eq!(all.len(), count, "{all:?}");
    all
}

#[test]
fn case_57_a_question_that_is_nearly_the_same_gets_its_answer_marked_and_written_down() {
    let stage = stage(json!({}));
    let first = stage.ask(&faq(ASKED));
    assert_eq!(used(&first), "miss");
    let near = stage.ask(&faq(NEARLY));
    assert_eq!((used(&near), near.body == first.body), ("near", true));
    let told: f32 = near.header("x-tollgate-cache-similarity").unwrap().parse().unwrap();
    assert!((0.8..1.0).contains(&told), "{told}");
    assert_eq!(near.header("x-tollgate-cache-key"), first.header("x-tollgate-cache-key"));
    assert_eq!(near.header("x-tollgate-cost"), Some("0"));
    assert_eq!(used(&stage.ask(&faq(ASKED))), "hit", "the very same is no near match");
    assert_eq!(used(&stage.ask(&faq(FAR))), "miss");
    let plain = with(faq(NEARLY), json!({ "stream": true }));
    let stream = stage.ask(&plain);
    assert_eq!(used(&stream), "near");
    assert_eq!(
        text_of(&stream.text()),
        first.json()["choices"][0]["message"]["content"].as_str().unwrap()
    );
    // Each vector was a call of the same key, booked like any other; the bill is held against it.
    let records = stage.gateway.wait_records(9);
    let of = |field: &str, value: &str| records.iter().filter(|r| r[field] == value).count();
    assert_eq!((of("operation", "createEmbedding"), of("cache", "near")), (4, 2));
    let embedded = records.iter().find(|r| r["operation"] == "createEmbedding").unwrap();
    assert!(embedded["cost_nanos"].as_i64().unwrap() > 0, "{embedded}");
    let given = records.iter().find(|r| r["cache"] == "near").unwrap();
    let miss = records.iter().find(|r| r["cache"] == "miss").unwrap();
    assert_eq!((&given["cost_nanos"], &given["saved_nanos"]), (&json!(0), &miss["cost_nanos"]));
    let figures = stage.figures(&stage.key);
    let figure = |name: &str| figures[name].as_u64().unwrap();
    assert_eq!((figure("near"), figure("misses"), figure("hits")), (2, 2, 1));
    // What matched, for a person to judge.
    let all = matches(&stage, 2);
    let told = &all[1];
    assert_eq!((&told["given"], &told["model"]), (&json!(true), &json!("faq")));
    assert_eq!((&told["texts"]["asked"], &told["texts"]["near"]), (&json!(NEARLY), &json!(ASKED)));
    assert!(told["texts"]["stored_answer"].as_str().unwrap().contains("Hello"));
    assert_eq!(told["cache_key"].as_str(), first.header("x-tollgate-cache-key"));
}

#[test]
fn case_111_nothing_is_near_that_differs_in_more_than_the_question() {
    let stage = stage(json!({}));
    let system = |text: &str| {
        json!([
            { "role": "system", "content": text }, { "role": "user", "content": ASKED },
        ])
    };
    let nearly = |body: Value| {
        let mut body = body;
        let last = body["messages"].as_array().unwrap().len() - 1;
        body["messages"][last]["content"] = json!(NEARLY);
        used(&stage.ask(&body)).to_owned()
    };
    let base = with(faq(ASKED), json!({ "messages": system("be short") }));
    assert_eq!(used(&stage.ask(&base)), "miss");
    for more in [
        json!({ "messages": system("be long") }),
        json!({ "temperature": 0 }),
        json!({ "max_tokens": 500 }),
        json!({ "tools": [{ "type": "function", "function": { "name": "f" } }] }),
        json!({ "model": "gpt-4o" }),
    ] {
        assert_ne!(nearly(with(base.clone(), more.clone())), "near", "{more}");
    }
    assert_eq!(nearly(base.clone()), "near");
    // Whoever wants a new answer gets one; whoever is another project gets its own.
    let asks = |key: &Key, text: &str, more: &[(&str, &str)]| {
        let messages = json!([
            { "role": "system", "content": "be short" }, { "role": "user", "content": text },
        ]);
        let body = with(faq(text), json!({ "messages": messages }));
        used(&stage.post(key, CHAT, &body, more)).to_owned()
    };
    assert_eq!(asks(&stage.key, NEARLY, &[("Cache-Control", "no-cache")]), "miss");
    let stranger = stage.stranger("other");
    assert_eq!(asks(&stranger, NEARLY, &[]), "miss");
    // What was purged is not near any more.
    assert_eq!(stage.purge(&stranger, json!({ "model": "faq" })), 1);
    assert_eq!(asks(&stranger, ASKED, &[]), "miss");
}

#[test]
fn observed_matches_are_not_given_and_tell_how_often_they_would_have_been_wrong() {
    let stage = stage(json!({ "near_observe": true }));
    assert_eq!(used(&stage.ask(&faq(ASKED))), "miss");
    // The fake's answer counts the words: the same here, and quite another there.
    assert_eq!(used(&stage.ask(&faq(NEARLY))), "miss");
    let other = "how do i reset the password of my mail [[words=30]]";
    assert_eq!(used(&stage.ask(&faq(other))), "miss");
    let all = matches(&stage, 2);
    assert!(all.iter().all(|told| told["given"] == false));
    let common: Vec<u64> = all.iter().map(|t| t["common_words"].as_u64().unwrap()).collect();
    assert_eq!(common, [0, 1_000]);
    let evaluation =
        stage.gateway.admin("GET", "/tollgate/v1/cache/evaluation?model=faq", &Value::Null);
    assert_eq!((&evaluation["pairs"], &evaluation["same"]), (&json!(2), &json!(500)));
    let row = &evaluation["thresholds"][0];
    assert_eq!(
        (&row["threshold"], &row["pairs"], &row["false_hits"], &row["false_rate"]),
        (&json!(700), &json!(2), &json!(1), &json!(500))
    );
    let last = evaluation["thresholds"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["pairs"], &last["false_rate"]), (&json!(0), &Value::Null));
}

#[test]
fn case_116_equal_questions_at_once_share_one_near_match() {
    let stage = stage(json!({}));
    stage.ask(&faq(ASKED));
    let before = stage.asked();
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..20).map(|_| scope.spawn(|| stage.ask(&faq(NEARLY)))).collect();
        for call in calls {
            assert_eq!(used(&call.join().unwrap()), "near");
        }
    });
    // Only vectors were asked for, and most calls waited for another one's.
    let vectors = stage.asked() - before;
    assert!((1..=20).contains(&vectors), "{vectors}");
    let chats = stage.provider.seen().iter().filter(|s| s.target.contains("chat")).count();
    assert_eq!(chats, 1);
}

/// One call, and five equal ones that wait for it while its vector, or its answer, is being made.
fn led_and_joined(stage: &Stage) -> (Answer, Vec<Answer>) {
    // Who pays a part has a slot while it waits: that can be seen.
    stage.set(&stage.key, json!({ "joiners": "share" }));
    stage.gateway.wait_records(2);
    stage.wait_slots(0);
    let seen = stage.provider.seen_count();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| stage.ask(&faq(NEARLY)));
        stage.provider.wait_seen(seen + 1, LONG);
        let calls: Vec<_> = (0..5).map(|_| scope.spawn(|| stage.ask(&faq(NEARLY)))).collect();
        // The vector's call, and those who wait.
        stage.wait_slots(6);
        stage.provider.release();
        let leader = leader.join().unwrap();
        (leader, calls.into_iter().map(|call| call.join().unwrap()).collect())
    })
}

fn seen(stage: &Stage, what: &str) -> usize {
    stage.provider.seen().iter().filter(|seen| seen.target.contains(what)).count()
}

#[test]
fn who_waits_for_a_leader_gets_its_near_match_and_pays_nothing() {
    let stage = stage(json!({}));
    let first = stage.ask(&faq(ASKED));
    stage.provider.script(Matcher::any().containing(NEARLY), Script::new(Act::Usual).gated());
    let (led, joined) = led_and_joined(&stage);
    for answer in joined.iter().chain([&led]) {
        assert_eq!((used(answer), &answer.body), ("near", &first.body));
        assert_eq!(answer.header("x-tollgate-cost"), Some("0"));
        assert_eq!(answer.header("x-tollgate-cache-key"), first.header("x-tollgate-cache-key"));
    }
    assert_eq!((seen(&stage, "chat"), seen(&stage, "embeddings")), (1, 2));
}

#[test]
fn a_leader_without_a_vector_leads_to_an_answer_for_all() {
    let stage = stage(json!({}));
    assert_eq!(used(&stage.ask(&faq(ASKED))), "miss");
    let refused = Script::error(400, "invalid_request_error", Some("bad"), "no vector").gated();
    stage.provider.script(Matcher::new("POST", "/v1/embeddings"), refused);
    let (led, joined) = led_and_joined(&stage);
    assert_eq!(used(&led), "miss");
    assert!(joined.iter().all(|answer| used(answer) == "joined" && answer.body == led.body));
    assert_eq!((seen(&stage, "chat"), seen(&stage, "embeddings")), (2, 2));
}

#[test]
fn when_a_leader_without_a_near_match_fails_one_follower_leads() {
    let stage = stage_with(json!({ "near_threshold": 1_000 }), "[retries]\nrepeats = 0\n");
    assert_eq!(used(&stage.ask(&faq(ASKED))), "miss");
    stage.provider.script(Matcher::new("POST", "/v1/embeddings"), Script::new(Act::Usual).gated());
    stage.provider.script(Matcher::new("POST", CHAT), Script::new(Act::ResetBeforeHead));
    let (led, joined) = led_and_joined(&stage);
    assert_ne!(led.status, 200, "its failure is its own");
    let of = |what: &str| joined.iter().filter(|answer| used(answer) == what).count();
    assert_eq!((of("miss"), of("joined") + of("hit")), (1, 4));
    assert_eq!((seen(&stage, "chat"), seen(&stage, "embeddings")), (3, 3));
}

#[test]
fn after_a_restart_near_matches_begin_anew_while_answers_are_there() {
    let mut stage = stage(json!({}));
    let asked = |stage: &Stage, text: &str| used(&stage.ask(&faq(text))).to_owned();
    assert_eq!((asked(&stage, ASKED), asked(&stage, NEARLY)), ("miss".into(), "near".into()));
    stage.gateway.restart();
    // The answer itself is there; a file that is slow once is asked once more.
    let stored = |stage: &Stage| {
        let only = [("Cache-Control", "only-if-cached")];
        stage.post(&stage.key, CHAT, &faq(ASKED), &only).status == 200
    };
    assert!((0..200).any(|_| stored(&stage)));
    assert_eq!(asked(&stage, NEARLY), "miss", "and is not found from its question");
    let third = NEARLY.replace("our", "her");
    assert_eq!(asked(&stage, &third), "near", "what was asked since is");
}

#[test]
fn a_model_that_is_away_costs_near_matches_alone() {
    let stage = stage(json!({ "near_model": "no-such-embedding" }));
    assert_eq!(used(&stage.ask(&faq(ASKED))), "miss");
    assert_eq!(used(&stage.ask(&faq(NEARLY))), "miss");
    assert_eq!(used(&stage.ask(&faq(NEARLY))), "hit");
}

#[test]
fn a_key_that_may_not_have_vectors_made_has_none_made_and_no_near_match() {
    let stage = stage(json!({}));
    assert_eq!(used(&stage.ask(&faq(ASKED))), "miss");
    let narrow = json!({ "name": "narrow", "models": ["faq"] });
    let narrow = stage.gateway.create_key_in(&stage.key.project, &narrow);
    let before = stage.asked();
    assert_eq!(used(&stage.post(&narrow, CHAT, &faq(NEARLY), &[])), "miss");
    assert_eq!(stage.asked() - before, 1, "the answer alone");
    // The very same question needs no vector.
    assert_eq!(used(&stage.post(&narrow, CHAT, &faq(ASKED), &[])), "hit");
    // And the model that is asked for is the key's own matter first.
    let other = json!({ "name": "other", "models": ["text-embedding-3-small"] });
    let other = stage.gateway.create_key_in(&stage.key.project, &other);
    let before = stage.asked();
    let refused = stage.post(&other, CHAT, &faq(NEARLY), &[]);
    assert_eq!((refused.status, stage.asked() - before), (403, 0), "{}", refused.text());
}

#[test]
fn where_nothing_is_left_to_spend_no_vector_is_made() {
    let stage = stage(json!({}));
    assert_eq!(used(&stage.ask(&faq(ASKED))), "miss");
    let limit = json!({
        "scope": { "type": "project", "id": stage.key.project }, "period": "month",
        "amount_usd": "0",
    });
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    let before = stage.asked();
    let refused = stage.ask(&faq(NEARLY));
    assert_eq!(refused.header("x-tollgate-error"), Some("project_spend_limit_exceeded"));
    assert_eq!(stage.asked(), before);
    assert_eq!(used(&stage.ask(&faq(ASKED))), "hit");
}

#[test]
fn without_a_model_for_vectors_nothing_but_the_answer_is_asked_for() {
    let stage = stage(json!({ "near_model": null, "near_threshold": null }));
    for (text, count) in [(ASKED, 1), (NEARLY, 2), (ASKED, 2)] {
        stage.ask(&faq(text));
        assert_eq!(stage.asked(), count, "{text}");
    }
    assert!(matches(&stage, 0).is_empty());
}
