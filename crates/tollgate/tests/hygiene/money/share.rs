//! A limit is not only kept: it can be spent, by many at once, to its end.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::Answer;

use super::desk::{AMPLE, bound_at, full, posted};
use crate::support::{CHAT, Stage, passed, refused, until};

const CLIENTS: usize = 64;
/// The limit, in bounds of one call.
const CALLS: i64 = 200;

/// Calls until there is nothing left to wait for. Its refusals.
fn spend_all(stage: &Stage) -> Vec<(Instant, Answer)> {
    let mut refusals = Vec::new();
    loop {
        let answer = stage.chat(&full());
        if answer.status == 200 {
            continue;
        }
        refused(&answer, 429, "project_spend_limit_exceeded");
        let over = answer.header("x-should-retry") == Some("false");
        refusals.push((Instant::now(), answer));
        if over {
            return refusals;
        }
    }
}

fn ninety_nine_percent_can_be_spent(clamp: bool) {
    let stage = Stage::new();
    let limit = bound_at(&stage, CHAT, &full()) * CALLS;
    super::limit(&stage.gateway, limit, clamp);
    let mut refusals: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| spend_all(&stage))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let ended = testkit::Watch::start();
    refusals.sort_by_key(|(at, _)| *at);
    let first = &refusals[0].1;
    let left = super::amount(first, "remaining: $");
    assert!(left * 100 <= limit, "{left} of {limit} were left at the first refusal");
    let spent = posted(&stage, stage.provider.bill().len());
    assert!(spent <= limit, "{spent} of {limit} are spent");
    assert!(spent * 100 >= limit * 99, "only {spent} of {limit} could be spent");
    let after = super::spent(&stage);
    assert!(ended.elapsed() < Duration::from_secs(5), "held for {:?}", ended.elapsed());
    assert_eq!(after, spent);
}

#[test]
fn p1_ninety_nine_percent_of_a_limit_can_be_spent() {
    ninety_nine_percent_can_be_spent(false);
}

#[test]
fn p1_ninety_nine_percent_of_a_limit_can_be_spent_with_calls_that_are_cut() {
    ninety_nine_percent_can_be_spent(true);
}

#[test]
fn p4_nothing_is_held_five_seconds_after_the_last_call() {
    let stage = super::desk::with_limit(AMPLE);
    for _ in 0..3 {
        passed(&stage.chat(&full()));
    }
    let ended = testkit::Watch::start();
    until("nothing is held", || super::balance(&stage.gateway).1 == 0);
    assert!(ended.elapsed() < Duration::from_secs(5), "{:?}", ended.elapsed());
}

#[test]
fn case_56_a_fraction_of_a_nano_dollar_is_rounded_up_once_a_call() {
    const TIMES: i64 = 10;
    let stage = super::desk::with_limit(AMPLE);
    let body = json!({
        "model": "gpt-5", "service_tier": "flex",
        "messages": [{"role": "user", "content": "[[cached=1]] [[words=1]]"}],
    });
    for _ in 0..TIMES {
        passed(&stage.chat(&body));
    }
    let spent = posted(&stage, TIMES as usize);
    // Flex: 625 nano-dollars a token, 62.5 one from the cache, 5,000 one that is written.
    let picos: u64 = stage
        .provider
        .bill()
        .iter()
        .map(|bill| {
            let fresh = bill.tokens.input - bill.tokens.cached;
            fresh * 625_000 + bill.tokens.cached * 62_500 + bill.tokens.output * 5_000_000
        })
        .sum();
    assert_eq!(spent * 1_000, picos as i64 + TIMES * 500, "half a nano-dollar a call");
}
