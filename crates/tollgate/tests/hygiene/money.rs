//! Hard spend limits on real sockets: never a nano-dollar over, and all of it can be spent.

use std::thread;

use serde_json::{Value, json};
use testkit::{Act, Answer, Matcher, Script, TestGateway};

mod desk;
mod elastic;
mod endings;
mod hangups;
mod kill;
mod maximum;
mod outage;
mod reports;
mod scopes;
mod share;
mod tools;
mod zones;

use crate::support::{CHAT, Stage, hello, passed, refused, until};

/// A limit on the stage's project for the month, in nano-dollars.
fn limit(gateway: &TestGateway, nanos: i64, clamp: bool) {
    let scope = json!({"type": "project", "id": gateway.default_project()});
    let body = json!({
        "scope": scope, "period": "month", "amount_nanos": nanos, "clamp_output": clamp,
    });
    gateway.admin("PUT", "/tollgate/v1/limits", &body);
}

/// What the month's limit says of itself: spent, and held or leased, in nano-dollars.
fn balance(gateway: &TestGateway) -> (i64, i64) {
    let list = gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
    let of = |name: &str| list["data"][0][name].as_i64().unwrap_or_else(|| panic!("{list}"));
    (of("spent_nanos"), of("held_nanos"))
}

/// The most that a call can cost, as a refusal says it.
fn bound(stage: &Stage, body: &Value) -> i64 {
    limit(&stage.gateway, 0, false);
    let answer = stage.chat(body);
    refused(&answer, 429, "project_spend_limit_exceeded");
    amount(&answer, "required: $")
}

/// An amount in a refusal's message, in nano-dollars.
fn amount(answer: &Answer, name: &str) -> i64 {
    let text = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    let rest = text.split(name).nth(1).unwrap_or_else(|| panic!("no {name}: {text}"));
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let number = rest[..end].trim_end_matches('.');
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    format!("{whole}{part:0<9}").parse().unwrap()
}

fn spent(stage: &Stage) -> i64 {
    let mut last = balance(&stage.gateway);
    until("nothing is held", || {
        last = balance(&stage.gateway);
        last.1 == 0
    });
    last.0
}

#[test]
fn case_19_of_64_racing_calls_exactly_as_many_pass_as_the_limit_allows() {
    const PASS: usize = 10;
    let stage = Stage::new();
    let bound = bound(&stage, &hello());
    limit(&stage.gateway, bound * PASS as i64, false);
    // The provider answers only once all were decided.
    stage.provider.script(Matcher::new("POST", CHAT), Script::new(Act::Usual).gated().always());
    let (refusals, answers) = thread::scope(|scope| {
        let calls: Vec<_> = (0..64).map(|_| scope.spawn(|| stage.chat(&hello()))).collect();
        until("all but the lucky are refused", || {
            calls.iter().filter(|call| call.is_finished()).count() == 64 - PASS
        });
        assert_eq!(stage.provider.seen_count(), PASS);
        stage.provider.release();
        let all: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
        all.into_iter().partition::<Vec<_>, _>(|answer| answer.status != 200)
    });
    assert_eq!((refusals.len(), answers.len()), (64 - PASS, PASS));
    for refusal in &refusals {
        refused(refusal, 429, "project_spend_limit_exceeded");
    }
    assert_eq!(stage.provider.seen_count(), PASS);
    let spent = spent(&stage);
    assert!(spent > 0 && spent < bound * PASS as i64, "{spent}");
}

#[test]
fn case_20_a_call_that_does_not_fit_is_told_what_would() {
    let stage = Stage::new();
    let bound = bound(&stage, &hello());
    // Counted exactly, its input is a little less than its bytes.
    limit(&stage.gateway, bound * 9 / 10, false);
    let answer = stage.chat(&hello());
    refused(&answer, 429, "project_spend_limit_exceeded");
    assert_eq!(amount(&answer, "required: $"), bound);
    assert_eq!(amount(&answer, "remaining: $"), bound * 9 / 10);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("This call may cost up to $"), "{message}");
    let output = amount(&answer, "Send `max_completion_tokens` of at most ");
    assert_eq!(output, amount(&answer, "max_affordable_output_tokens: "), "{message}");
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(answer.json()["error"]["type"], "insufficient_quota");
    stage.kept_from_the_provider();
    assert_eq!(balance(&stage.gateway), (0, 0));
}

#[test]
fn case_21_a_call_is_cut_to_what_is_left() {
    let stage = Stage::new();
    let bound = bound(&stage, &hello());
    limit(&stage.gateway, bound / 2, true);
    let answer = stage.chat(&hello());
    passed(&answer);
    let clamped: u64 = answer.header("x-tollgate-clamped").unwrap().parse().unwrap();
    assert!(clamped >= 16);
    let seen = stage.provider.seen()[0].json();
    assert_eq!(seen["max_completion_tokens"], clamped);
    let spent = spent(&stage);
    assert!(spent > 0 && spent <= bound / 2);
}
