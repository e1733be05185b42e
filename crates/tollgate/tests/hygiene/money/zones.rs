//! Limits whose days and months begin elsewhere than at midnight UTC.

use std::thread;

use serde_json::{Value, json};
use testkit::{Act, Builder, Matcher, Script, TestGateway};

use super::desk::{bound_at, chat};
use super::{balance, spent};
use crate::support::{CHAT, PATIENCE, Stage, hello, passed, refused, until};

/// Never a whole day of UTC.
const ZONE: &str = "Asia/Kathmandu";

fn limit(gateway: &TestGateway, nanos: i64) -> Value {
    let scope = json!({"type": "project", "id": gateway.default_project()});
    let body = json!({
        "scope": scope, "period": "day", "amount_nanos": nanos, "clamp_output": false,
        "time_zone": ZONE,
    });
    gateway.admin("PUT", "/tollgate/v1/limits", &body)
}

#[test]
fn case_64_a_limit_of_another_zone_is_as_hard_as_any() {
    const PASS: i64 = 10;
    let stage = Stage::new();
    let bound = bound_at(&stage, CHAT, &hello());
    let path = format!(
        "/tollgate/v1/limits?scope_type=project&scope_id={}&period=month",
        stage.gateway.default_project()
    );
    stage.gateway.admin("DELETE", &path, &Value::Null);
    // What was spent before there was a limit counts, once it is on the books.
    passed(&stage.chat(&hello()));
    let mut before = 0;
    until("the call is posted", || {
        let sum = "SELECT COALESCE(SUM(posted), 0) FROM accounts WHERE scope_kind = 'project' \
                   AND period = 'total'";
        before = super::desk::books(&stage.gateway).query_row(sum, [], |row| row.get(0)).unwrap();
        before > 0
    });
    let made = limit(&stage.gateway, before + bound * PASS);
    assert_eq!((&made["time_zone"], &made["spent_nanos"]), (&json!(ZONE), &json!(before)));
    // Midnight in Kathmandu is a quarter past six in the evening in UTC.
    assert_eq!(made["period_start"].as_i64().unwrap().rem_euclid(86_400), 65_700);
    stage.provider.script(Matcher::new("POST", CHAT), Script::new(Act::Usual).gated().always());
    let seen = stage.provider.seen_count();
    thread::scope(|scope| {
        let calls: Vec<_> = (0..64).map(|_| scope.spawn(|| stage.chat(&hello()))).collect();
        until("all but the lucky are refused", || {
            calls.iter().filter(|call| call.is_finished()).count() == 64 - PASS as usize
        });
        assert_eq!(stage.provider.seen_count() - seen, PASS as usize);
        stage.provider.release();
        for call in calls {
            let answer = call.join().unwrap();
            if answer.status != 200 {
                refused(&answer, 429, "project_spend_limit_exceeded");
            }
        }
    });
    let spent = spent(&stage);
    assert!(spent > before && spent <= before + bound * PASS, "{spent}");
    let end = made["resets_at"].as_i64().unwrap();
    limit(&stage.gateway, 0);
    let told = stage.chat(&hello());
    refused(&told, 429, "project_spend_limit_exceeded");
    assert!(told.text().contains(&format!("period_end: {end}")), "{}", told.text());
}

#[test]
fn case_46_an_orphan_is_in_the_account_of_its_limits_own_day() {
    let mut stage = Stage::with(Builder::without_bill_check);
    let bound = bound_at(&stage, CHAT, &hello());
    let path = format!(
        "/tollgate/v1/limits?scope_type=project&scope_id={}&period=month",
        stage.gateway.default_project()
    );
    stage.gateway.admin("DELETE", &path, &Value::Null);
    limit(&stage.gateway, bound * 19 / 10);
    stage.provider.script(chat(), Script::gate_open());
    let body = hello().to_string();
    let mut wire = stage.wire();
    wire.send(format!("{}Content-Length: {}\r\n\r\n{body}", stage.raw_post(CHAT), body.len()));
    stage.provider.wait_seen(1, PATIENCE);
    stage.gateway.kill9();
    drop(wire);
    stage.provider.release();
    stage.gateway.restart();
    assert_eq!(balance(&stage.gateway), (bound, 0));
    refused(&stage.chat(&hello()), 429, "project_spend_limit_exceeded");
    limit(&stage.gateway, bound * 2);
    passed(&stage.chat(&hello()));
}

#[test]
fn case_69_an_unknown_zone_is_refused_and_the_data_are_named() {
    let stage = Stage::new();
    let project = stage.gateway.default_project();
    let scope = json!({"type": "project", "id": project});
    let limit = |zone: &str| {
        let amount = json!({"scope": scope, "period": "day", "amount_usd": "1", "time_zone": zone});
        stage.gateway.json(stage.gateway.admin_key(), "PUT", "/tollgate/v1/limits", &amount)
    };
    refused(&limit("Europe/Atlantis"), 400, "unknown_time_zone");
    let organization = "/tollgate/v1/organization";
    let set = |zone: &str| {
        stage.gateway.json(
            stage.gateway.admin_key(),
            "PUT",
            organization,
            &json!({"time_zone": zone}),
        )
    };
    refused(&set("+02:00"), 400, "unknown_time_zone");
    assert_eq!(limit("europe/zurich").json()["time_zone"], "Europe/Zurich");
    assert_eq!(set("Asia/Tokyo").json()["time_zone"], "Asia/Tokyo");
    let shown = stage.gateway.admin("GET", organization, &Value::Null);
    assert_eq!((&shown["time_zone"], &shown["source"]), (&json!("Asia/Tokyo"), &json!("api")));
    let edition = shown["time_zone_data"].as_str().unwrap().to_owned();
    until("the edition is in the log", || stage.gateway.output().contains(&edition));
    // OpenAI's own limits stay months of UTC.
    let path = format!("/v1/organization/projects/{project}/spend_limit");
    let body = json!({"threshold_amount": 100, "currency": "USD", "interval": "month"});
    stage.gateway.admin("POST", &path, &body);
    let all = stage.gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
    let month = all["data"].as_array().unwrap().iter().find(|one| one["period"] == "month");
    assert_eq!(month.unwrap()["time_zone"], "UTC");
}
