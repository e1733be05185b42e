//! Limits over keys, users, projects and the organization: which of them refuses, and what becomes
//! of their money when limits and keys change.

use std::thread;

use serde_json::{Value, json};
use testkit::Script;

use super::desk::{AMPLE, bound_at, chat, entries, full, posted, put};
use crate::support::{CHAT, Stage, hello, passed, refused, until};

/// The stage's scopes with their kinds: key, user, project, organization.
fn scopes(stage: &Stage) -> [(&'static str, String); 4] {
    let mut record = json!(null);
    until("a call is on record", || {
        record = stage.gateway.records().pop().unwrap_or_default();
        record.is_object()
    });
    let text = |name: &str| record[name].as_str().unwrap().to_owned();
    let db = super::desk::books(&stage.gateway);
    let organization = "SELECT organization FROM ledger_entries LIMIT 1";
    let organization = db.query_row(organization, [], |row| row.get(0)).unwrap();
    [
        ("api_key", text("key_id")),
        ("user", text("user_id")),
        ("project", text("project_id")),
        ("organization", organization),
    ]
}

fn limits(stage: &Stage) -> Vec<Value> {
    let list = stage.gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
    list["data"].as_array().unwrap().clone()
}

#[test]
fn case_58_the_scope_that_is_full_refuses_and_no_other_keeps_anything() {
    let stage = Stage::new();
    passed(&stage.chat(&hello()));
    let scopes = scopes(&stage);
    let path = format!("/tollgate/v1/api_keys/{}/rate_limits", stage.key.id);
    stage.gateway.admin("PUT", &path, &json!({"max_requests_per_1_minute": 5}));
    for (kind, id) in &scopes {
        put(&stage.gateway, (kind, id), AMPLE, &json!({}));
    }
    let seen = stage.provider.seen_count();
    for (kind, id) in &scopes {
        // It has spent something already: a limit of nothing lets nothing pass.
        put(&stage.gateway, (kind, id), 0, &json!({}));
        let answer = stage.chat(&hello());
        refused(&answer, 429, &format!("{kind}_spend_limit_exceeded"));
        assert!(answer.text().contains(&format!("limit_source: {kind} {id}")), "{}", answer.text());
        put(&stage.gateway, (kind, id), AMPLE, &json!({}));
    }
    assert_eq!(stage.provider.seen_count(), seen);
    // What the others had set aside has gone back.
    until("nothing is held", || limits(&stage).iter().all(|limit| limit["held_nanos"] == 0));
    // Of the five that a minute has, four refusals have taken none.
    for left in (0..5).rev() {
        let answer = stage.chat(&hello());
        passed(&answer);
        let shown = answer.header("x-ratelimit-remaining-requests").map(str::to_owned);
        assert_eq!(shown, Some(left.to_string()));
    }
    let answer = stage.chat(&hello());
    refused(&answer, 429, "rate_limit_exceeded");
}

#[test]
fn case_59_calls_under_the_same_limits_never_wait_for_each_other() {
    let stage = Stage::new();
    passed(&stage.chat(&hello()));
    let bound = bound_at(&stage, CHAT, &hello());
    let second = stage.gateway.create_key(&json!({"name": "second"}));
    let project = stage.gateway.default_project();
    // Set in opposite orders, and each with room for two calls at a time.
    for (kind, id) in [("api_key", &stage.key.id), ("project", &project), ("api_key", &second.id)] {
        put(&stage.gateway, (kind, id), bound * 2 + 1_000_000, &json!({}));
    }
    let answers = thread::scope(|scope| {
        let calls: Vec<_> = (0..32)
            .map(|at| {
                let key = if at % 2 == 0 { &stage.key.value } else { &second.value };
                scope.spawn(|| stage.gateway.json(key, "POST", CHAT, &hello()).status)
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(answers.iter().all(|status| [200, 429].contains(status)), "{answers:?}");
    assert!(answers.iter().filter(|status| **status == 200).count() >= 2, "{answers:?}");
}

#[test]
fn case_51_a_lowered_limit_refuses_at_once_and_lets_what_runs_finish() {
    let stage = Stage::new();
    let bound = bound_at(&stage, CHAT, &hello());
    super::limit(&stage.gateway, AMPLE, false);
    stage.provider.script(chat(), Script::gate_open());
    thread::scope(|scope| {
        let running = scope.spawn(|| stage.chat(&hello()));
        stage.provider.wait_seen(1, crate::support::PATIENCE);
        // The one that runs has this held already.
        super::limit(&stage.gateway, bound, false);
        let answer = stage.chat(&hello());
        assert_eq!((answer.status, stage.provider.seen_count()), (429, 1), "{}", answer.text());
        super::limit(&stage.gateway, 1, false);
        refused(&stage.chat(&hello()), 429, "project_spend_limit_exceeded");
        stage.provider.release();
        passed(&running.join().unwrap());
    });
    let spent = posted(&stage, 1);
    assert!(spent > 1 && spent <= bound);
    refused(&stage.chat(&hello()), 429, "project_spend_limit_exceeded");
    super::limit(&stage.gateway, spent + bound, false);
    passed(&stage.chat(&hello()));
}

#[test]
fn case_52_a_key_that_is_deleted_leaves_nothing_behind() {
    let stage = Stage::new();
    let project = stage.gateway.default_project();
    let key = stage.gateway.create_key(&json!({"name": "short-lived"}));
    put(&stage.gateway, ("api_key", &key.id), AMPLE, &json!({}));
    put(&stage.gateway, ("project", &project), AMPLE, &json!({}));
    stage.provider.script(chat(), Script::gate_open());
    thread::scope(|scope| {
        let running = scope.spawn(|| stage.gateway.json(&key.value, "POST", CHAT, &hello()));
        stage.provider.wait_seen(1, crate::support::PATIENCE);
        let path = format!("/v1/organization/projects/{project}/api_keys/{}", key.id);
        stage.gateway.admin("DELETE", &path, &Value::Null);
        refused(&stage.gateway.json(&key.value, "POST", CHAT, &hello()), 401, "key_revoked");
        stage.provider.release();
        passed(&running.join().unwrap());
    });
    stage.gateway.wait_records(1);
    let entries = entries(&stage.gateway);
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    let of = |kind: &str, id: &str| {
        let found = limits(&stage).into_iter();
        found.clone().find(|l| l["scope"]["type"] == kind && l["scope"]["id"] == id)
    };
    assert_eq!(of("project", &project).unwrap()["spent_nanos"], entry.cost);
    if let Some(own) = of("api_key", &key.id) {
        assert_eq!(own["spent_nanos"], entry.cost);
    }
}

#[test]
fn case_53_a_rotated_or_a_new_key_does_not_begin_anew() {
    let stage = Stage::new();
    passed(&stage.chat(&full()));
    let [_, (_, user), (_, project), _] = scopes(&stage);
    let bound = bound_at(&stage, CHAT, &full());
    // Each has room for one more call, not for two.
    let spent = posted(&stage, 1);
    super::limit(&stage.gateway, AMPLE, false);
    put(&stage.gateway, ("api_key", &stage.key.id), spent + bound, &json!({}));
    let path = format!("/tollgate/v1/projects/{project}/api_keys/{}/rotate", stage.key.id);
    let rotated = stage.gateway.admin("POST", &path, &json!({}));
    let rotated = rotated["value"].as_str().unwrap().to_owned();
    stage.gateway.plant(&rotated);
    passed(&stage.gateway.json(&rotated, "POST", CHAT, &full()));
    stage.gateway.wait_records(2);
    // A rotated key is the same key: both of its secrets stand under its one limit.
    for value in [&rotated, &stage.key.value] {
        let answer = stage.gateway.json(value, "POST", CHAT, &full());
        refused(&answer, 429, "api_key_spend_limit_exceeded");
    }
    // A new key has no limit of its own, and the same owner.
    let fresh = stage.gateway.create_key(&json!({"name": "fresh"}));
    passed(&stage.gateway.json(&fresh.value, "POST", CHAT, &full()));
    stage.gateway.wait_records(3);
    put(&stage.gateway, ("user", &user), spent + bound, &json!({}));
    let another = stage.gateway.create_key(&json!({"name": "another"}));
    let answer = stage.gateway.json(&another.value, "POST", CHAT, &full());
    refused(&answer, 429, "user_spend_limit_exceeded");
}

#[test]
fn case_55_a_limit_of_nothing_lets_nothing_pass_and_null_is_none() {
    let stage = Stage::new();
    let scope = json!({"type": "project", "id": stage.gateway.default_project()});
    let put = |amount: Value| {
        let body = json!({"scope": scope, "period": "month", "amount_nanos": amount});
        let admin = stage.gateway.admin_key();
        stage.gateway.json(admin, "PUT", "/tollgate/v1/limits", &body).status
    };
    assert_eq!(put(json!(0)), 200);
    refused(&stage.chat(&hello()), 429, "project_spend_limit_exceeded");
    // Nothing to pay for is nothing to refuse.
    let path = "/v1/models";
    assert_eq!(stage.gateway.json(&stage.key.value, "GET", path, &Value::Null).status, 200);
    stage.provider.clear();
    for bad in [json!("1e9"), json!(-1), json!(1.5), json!(9_223_372_036_854_775_808_u64)] {
        assert_eq!(put(bad.clone()), 400, "{bad}");
    }
    refused(&stage.chat(&hello()), 429, "project_spend_limit_exceeded");
    stage.kept_from_the_provider();
    assert_eq!(put(json!(i64::MAX)), 200);
    passed(&stage.chat(&hello()));
    assert_eq!(put(Value::Null), 200);
    assert_eq!(limits(&stage).len(), 0);
    passed(&stage.chat(&hello()));
}
