//! Nothing crosses projects (P14, cases 111 and 112).

use serde_json::json;

use crate::support::{CHAT, Stage, chat, used, with};

#[test]
fn case_111_two_projects_never_meet_over_a_matrix_of_pairs() {
    let stage = Stage::off(|builder| builder);
    let keys: Vec<_> = (0..10).map(|n| stage.stranger(&format!("project {n}"))).collect();
    keys.iter().for_each(|key| drop(stage.set(key, json!({ "enabled": true }))));
    // Each project asks each question first once: whoever asked it before was another project.
    let questions = 10;
    for question in 0..questions {
        for key in &keys {
            let answer = stage.post(key, CHAT, &chat(&format!("question {question}")), &[]);
            assert_eq!(used(&answer), "miss");
        }
    }
    assert_eq!(stage.asked(), keys.len() * questions);
    // Now everything is there, and each gets its own: 10^4 pairs of (project, question) that must not
    // meet, by what they are told.
    let mut ids = std::collections::HashSet::new();
    for key in &keys {
        for question in 0..questions {
            let answer = stage.post(key, CHAT, &chat(&format!("question {question}")), &[]);
            assert_eq!(used(&answer), "hit");
            assert!(ids.insert(answer.json()["id"].as_str().unwrap().to_owned()), "told to two");
        }
    }
    assert_eq!(ids.len(), 100, "all of 100 × 100 pairs are apart");
}

#[test]
fn case_111_what_another_project_keeps_changes_nothing_that_is_done() {
    let stage = Stage::new();
    let other = stage.stranger("other");
    stage.set(&other, json!({ "enabled": true }));
    // By counts and not by a clock: what is the same work takes the same time. Half of these are
    // kept for the first project, half were never asked for.
    let kept = |n: usize| n.is_multiple_of(2);
    for n in (0..40).filter(|n| kept(*n)) {
        stage.ask(&chat(&format!("question {n}")));
    }
    let counts = || {
        let figures = stage.figures(&other);
        let of = |name: &str| figures[name].as_u64().unwrap();
        let held = |tier: &str| figures[tier]["entries"].as_u64().unwrap();
        let asked = stage.asked() as u64;
        [asked, of("hits"), of("misses"), of("joined"), of("stale"), of("unkept"), held("memory")]
    };
    let mut before = counts();
    for n in 0..40 {
        let answer = stage.post(&other, CHAT, &chat(&format!("question {n}")), &[]);
        assert_eq!(used(&answer), "miss");
        let after = counts();
        let done: Vec<u64> = after.iter().zip(before).map(|(after, was)| after - was).collect();
        assert_eq!(done, [1, 0, 1, 0, 0, 0, 1], "question {n}, kept elsewhere: {}", kept(n));
        before = after;
    }
}

#[test]
fn case_111_a_flight_is_not_joined_from_another_project() {
    let stage = Stage::new();
    let other = stage.stranger("other");
    stage.set(&other, json!({ "enabled": true }));
    let body = with(chat("[[words=20]] [[gap_ms=20]]"), json!({ "stream": true }));
    let mut leader = stage.open(&body);
    leader.read_until("word2");
    let answer = stage.post(&other, CHAT, &body, &[]);
    assert_eq!(used(&answer), "miss");
    leader.collect().unwrap();
    assert_eq!(stage.asked(), 2);
}

#[test]
fn case_112_a_cache_key_of_a_clients_own_means_nothing() {
    let stage = Stage::new();
    let other = stage.stranger("other");
    stage.set(&other, json!({ "enabled": true }));
    let first = stage.ask(&chat("secret question"));
    let key = first.header("x-tollgate-cache-key").unwrap();
    for header in ["x-tollgate-cache-key", "x-litellm-cache-key", "x-cache-key"] {
        let answer = stage.post(&other, CHAT, &chat(header), &[(header, key)]);
        assert_eq!(used(&answer), "miss");
        assert_ne!(answer.json()["id"], first.json()["id"]);
    }
    // Nor does naming it to the other project's purge.
    assert_eq!(stage.purge(&other, json!({ "key": key })), 0);
    assert_eq!(used(&stage.ask(&chat("secret question"))), "hit");
}

#[test]
fn permission_comes_before_the_cache() {
    let stage = Stage::new();
    assert_eq!(used(&stage.ask(&chat("hello"))), "miss");
    let narrow = json!({ "name": "narrow", "models": ["gpt-4o"] });
    let narrow = stage.gateway.create_key_in(&stage.key.project, &narrow);
    assert_eq!(stage.post(&narrow, CHAT, &chat("hello"), &[]).status, 403);
    let wide = stage.gateway.create_key_in(&stage.key.project, &json!({ "name": "wide" }));
    assert_eq!(used(&stage.post(&wide, CHAT, &chat("hello"), &[])), "hit");
    stage.gateway.admin(
        "DELETE",
        &format!("/v1/organization/projects/{}/api_keys/{}", wide.project, wide.id),
        &serde_json::Value::Null,
    );
    assert_eq!(stage.post(&wide, CHAT, &chat("hello"), &[]).status, 401);
}
