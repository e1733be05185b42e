//! Holds that grow with a stream, before a provider that stops its meter when it is hung up on (A6).

use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use testkit::{Answer, Builder, FakeProvider, Piece, Script, Stream, TestGateway, Then, Tokens};

use super::desk::{AMPLE, bound_at, chat, entries, posted, put, record};
use crate::support::{BIN, CHAT, Stage, passed, refused, until};

/// Nano-dollars that a token of output costs.
const TOKEN: i64 = 600;
/// Tokens that a hold begins with, and that it grows by.
const FIRST: i64 = 3_072;
const SLICE: i64 = 2_048;
/// Tokens of output that the calls here ask for.
const MOST: i64 = 20_000;

/// A gateway before one provider that stops at a hang-up, and whose models cost what they cost at
/// OpenAI.
fn stage(more: impl FnOnce(Builder) -> Builder) -> Stage {
    let provider = FakeProvider::start();
    provider.stop_billing_on_disconnect(true);
    let config = format!(
        "[upstreams.own]\nprovider = \"vllm\"\nbase_url = \"{}\"\ncredential = \"env:OWN_KEY\"\n\
         [[prices]]\nmodel = \"vllm/gpt-4o-mini\"\ninput_cost_per_token = 1.5e-7\n\
         output_cost_per_token = 6e-7\n",
        provider.base_url()
    );
    let builder = TestGateway::builder(Path::new(BIN))
        .also_provider(&provider)
        .env("OWN_KEY", provider.credential())
        .config(&config);
    let gateway = more(builder).start();
    let key = gateway.create_key(&json!({"name": "everything"}));
    Stage { gateway, provider, key }
}

fn elastic(stage: &Stage, nanos: i64) {
    let project = stage.gateway.default_project();
    put(&stage.gateway, ("project", &project), nanos, &json!({"elastic": true}));
}

/// A stream of so many words, one event each, with a pause before each.
fn words(count: u64, gap_ms: u64) -> Value {
    json!({
        "model": "gpt-4o-mini", "stream": true, "max_tokens": MOST,
        "messages": [{"role": "user", "content": format!("[[words={count}]] [[gap_ms={gap_ms}]]")}],
    })
}

/// The most that a call costs besides its output, in nano-dollars.
fn input(stage: &Stage, body: &Value) -> i64 {
    bound_at(stage, CHAT, body) - MOST * TOKEN
}

/// What the provider bills in all, in nano-dollars.
fn billed(stage: &Stage) -> i64 {
    let bills = stage.provider.bill();
    bills.iter().map(|bill| (bill.tokens.input * 150 + bill.tokens.output * 600) as i64).sum()
}

/// Checks that an answer was ended by us for want of money.
fn was_cut(answer: &Answer) {
    passed(answer);
    let text = answer.text();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    let last = text.lines().rev().filter_map(|line| line.strip_prefix("data: {")).next().unwrap();
    let last: Value = serde_json::from_str(&format!("{{{last}")).unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "length", "{last}");
    assert_eq!(last["tollgate"]["code"], "budget_exhausted_mid_stream", "{last}");
    assert!(last["id"].as_str().is_some_and(|id| id.starts_with("chatcmpl")), "{last}");
}

fn is_cut(answer: &Answer) -> bool {
    answer.text().contains("budget_exhausted_mid_stream")
}

#[test]
fn a_stream_passes_under_less_than_its_bound_and_pays_what_it_cost() {
    let stage = stage(|builder| builder);
    let body = words(400, 1);
    let bound = bound_at(&stage, CHAT, &body);
    elastic(&stage, bound / 2);
    let answer = stage.chat(&body);
    passed(&answer);
    assert_eq!(answer.header("x-tollgate-clamped"), None);
    assert!(answer.text().contains("word400") && !is_cut(&answer));
    let seen = stage.provider.seen();
    assert_eq!(seen[0].json()["max_tokens"], json!(MOST), "its maximum is its own");
    assert_eq!(posted(&stage, 1), billed(&stage), "to the nano-dollar");
    assert!(entries(&stage.gateway).iter().all(|entry| entry.overage == 0));
}

#[test]
fn case_100_a_stream_that_cannot_be_held_further_ends_as_at_a_maximum() {
    let stage = stage(|builder| builder);
    let body = words(1_000, 2);
    let limit = input(&stage, &body) + (FIRST + SLICE + 500) * TOKEN;
    elastic(&stage, limit);
    let answer = stage.chat(&body);
    was_cut(&answer);
    assert_eq!(record(&stage, &answer)["error_code"], "budget_exhausted_mid_stream");
    let spent = super::spent(&stage);
    // It had grown once, and that is what is posted.
    assert_eq!(spent, limit - 500 * TOKEN);
    assert!(stage.provider.settle(crate::support::PATIENCE));
    let billed = billed(&stage);
    assert!(billed <= spent && billed < 1_000 * TOKEN, "{billed} of {spent}: it was cancelled");
    assert!(answer.text().contains("word300") && !answer.text().contains("word600"));
}

#[test]
fn p1_64_streams_that_race_for_the_end_of_a_limit_do_not_pass_it() {
    let stage = stage(|builder| builder);
    let body = words(500, 10);
    let limit = 64 * input(&stage, &body) + 64 * (FIRST + SLICE) * TOKEN;
    elastic(&stage, limit);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let calls: Vec<_> = (0..64).map(|_| scope.spawn(|| stage.chat(&body))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let passes: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!(passes.len() >= 32, "{} were let in", passes.len());
    passes.iter().filter(|answer| is_cut(answer)).for_each(|answer| was_cut(answer));
    assert!(passes.iter().any(|answer| is_cut(answer)), "the limit binds");
    let spent = super::spent(&stage);
    assert!(stage.provider.settle(crate::support::PATIENCE));
    let billed = billed(&stage);
    assert!(billed <= spent && spent <= limit, "{billed} billed, {spent} posted of {limit}");
    assert!(entries(&stage.gateway).iter().all(|entry| entry.overage == 0));
}

/// Opens a stream, and reads so many events of it.
fn after_events(stage: &Stage, body: &Value, events: usize) -> Stream {
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let mut stream = stage.gateway.open("POST", CHAT, &headers, body.to_string());
    let mut seen = 0;
    while seen < events {
        let part = stream.next_chunk().unwrap().unwrap();
        seen += String::from_utf8_lossy(&part).matches("\n\n").count();
    }
    stream
}

#[test]
fn case_38_a_client_that_leaves_ends_the_call_at_the_provider_and_pays_its_hold() {
    let stage = stage(|builder| builder);
    let body = words(1_000, 2);
    let first = input(&stage, &body) + FIRST * TOKEN;
    elastic(&stage, AMPLE);
    let mut all = 0;
    for (at, events) in [0, 1, 2, 3, 10, 100, 250, 400].into_iter().enumerate() {
        drop(after_events(&stage, &body, events));
        let spent = posted(&stage, at + 1);
        let cost = spent - all;
        all = spent;
        assert_eq!((cost - first) % (SLICE * TOKEN), 0, "after {events} events");
        assert!(stage.provider.settle(crate::support::PATIENCE));
        let bill = stage.provider.bill().pop().unwrap().tokens;
        assert!(bill.output < 1_000, "it was cancelled after {events} events");
        assert!((bill.input * 150 + bill.output * 600) as i64 <= cost, "after {events} events");
    }
    assert!(all > 8 * first, "the later ones had grown");
    assert_eq!(entries(&stage.gateway).iter().map(|entry| entry.attempts).sum::<i64>(), 8);
}

#[test]
fn case_46_a_kill_leaves_the_hold_as_far_as_it_had_grown() {
    let mut stage = stage(Builder::without_bill_check);
    let body = words(1_000, 2);
    let first = input(&stage, &body) + FIRST * TOKEN;
    elastic(&stage, AMPLE);
    // What has come needs one slice more than the first.
    let wire = after_events(&stage, &body, 300);
    stage.gateway.kill9();
    drop(wire);
    assert!(stage.provider.settle(crate::support::PATIENCE));
    stage.gateway.restart();
    until("the orphan is posted", || super::balance(&stage.gateway).0 > 0);
    let spent = super::balance(&stage.gateway).0;
    assert!(spent >= first + SLICE * TOKEN && (spent - first) % (SLICE * TOKEN) == 0, "{spent}");
    assert!(billed(&stage) <= spent);
}

#[test]
fn a_client_that_does_not_read_keeps_nothing_unread_at_the_provider() {
    const EVENTS: usize = 4_000;
    let stage = stage(|builder| builder);
    let body = words(1, 0);
    elastic(&stage, input(&stage, &body) + (FIRST + SLICE) * TOKEN);
    // More than sockets take in; with so little text in it that no more money is needed.
    let event = format!(
        "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
         \"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"delta\":{{}},\
         \"finish_reason\":null}}],\"padding\":\"{}\"}}\n\n",
        "x".repeat(8_000)
    );
    let pieces = (0..EVENTS).map(|_| Piece::new(0, event.clone())).collect();
    let script = Script::stream(pieces, Then::End).bill(Tokens::text(1, EVENTS as u64));
    stage.provider.script(chat(), script);
    let stream = after_events(&stage, &body, 1);
    // It is cut and cancelled while its client still does not read.
    let spent = posted(&stage, 1);
    assert!(stage.provider.settle(crate::support::PATIENCE));
    let bill = stage.provider.bill().pop().unwrap();
    assert!(!bill.delivered && bill.tokens.output < EVENTS as u64, "{bill:?}");
    assert!(billed(&stage) <= spent);
    assert_eq!(stage.gateway.records()[0]["error_code"], "budget_exhausted_mid_stream");
    drop(stream);
}

#[test]
fn what_could_be_written_unseen_is_held_whole() {
    let stage = stage(|builder| builder);
    let tool = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
    for (name, value) in
        [("tools", tool), ("n", json!(1)), ("ignore_eos", json!(true)), ("stream", json!(false))]
    {
        let mut body = words(5, 0);
        body[name] = value;
        let bound = bound_at(&stage, CHAT, &body);
        elastic(&stage, bound - 1);
        refused(&stage.chat(&body), 429, "project_spend_limit_exceeded");
    }
    stage.kept_from_the_provider();
    let body = words(5, 0);
    let bound = bound_at(&stage, CHAT, &body);
    elastic(&stage, bound - 1);
    // A strict limit over the same call is the stricter one.
    put(&stage.gateway, ("api_key", &stage.key.id), bound - 1, &json!({}));
    refused(&stage.chat(&body), 429, "api_key_spend_limit_exceeded");
    put(&stage.gateway, ("api_key", &stage.key.id), bound - 1, &json!({"elastic": true}));
    passed(&stage.chat(&body));
}

#[test]
fn before_a_provider_that_bills_to_the_end_nothing_is_elastic() {
    let stage = Stage::new();
    let body = words(5, 0);
    let bound = bound_at(&stage, CHAT, &body);
    elastic(&stage, bound * 9 / 10);
    refused(&stage.chat(&body), 429, "project_spend_limit_exceeded");
    stage.kept_from_the_provider();
}
