//! What a hostile provider, client or neighbour does to a call that has several attempts.

use std::thread;

use testkit::Tokens;

use super::*;
use crate::support::{Stage, Wire, metric, refused, signal, until};

#[test]
fn a_refusal_that_comes_by_drops_is_given_up_with_its_attempt() {
    let pair = Pair::new();
    let drops = (0..40).map(|_| Piece::new(500, " ")).collect();
    let kind = [("Content-Type", "application/json")];
    pair.first.script(chat(), Script::raw(503, &kind, drops, Then::End));
    let began = testkit::Watch::start();
    answered(&pair.chat(&hello()), "second", "2");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_call_whose_time_ends_before_its_turn_is_not_sent() {
    let stage = Stage::configured("[timeouts]\ntotal_seconds = 2\n");
    let slow = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(chat(), slow.retry_after("4"));
    refused(&waiting(&stage, "0"), 429, "upstream_rate_limited");
    stage.provider.clear();
    refused(&waiting(&stage, "10s"), 429, "upstream_rate_limited");
    stage.kept_from_the_provider();
}

fn waiting(stage: &Stage, wait: &str) -> Answer {
    let bearer = stage.bearer();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("X-Tollgate-Max-Wait", wait),
    ];
    stage.gateway.request("POST", CHAT, &headers, hello().to_string())
}

#[test]
fn p21_who_leaves_between_two_attempts_leaves_the_queue_as_well() {
    let stage = Stage::new();
    let slow = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(chat(), slow.retry_after("12"));
    let mut leaves = Wire::open(&stage.gateway);
    let (head, body) = (stage.raw_post(CHAT), hello().to_string());
    let length = body.len();
    leaves
        .send(format!("{head}X-Tollgate-Max-Wait: 60s\r\nContent-Length: {length}\r\n\r\n{body}"));
    let count = || metric(&stage.gateway, "tollgate_pacing_waiting");
    until("it waits for its second turn", || count() == 1);
    let began = testkit::Watch::start();
    drop(leaves);
    until("it waits no more", || count() == 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(stage.provider.seen_count(), 1);
}

#[test]
fn what_is_another_projects_at_the_second_place_does_not_go_there() {
    let pair = Pair::new();
    let responses = || Matcher::new("POST", "/v1/responses");
    let busy = || Script::error(503, "server_error", Some("server_is_overloaded"), "Busy.");
    let ask = |key: &str, body: &Value| pair.gateway.json(key, "POST", "/v1/responses", body);
    pair.first.script(responses(), busy());
    let made = ask(&pair.key.value, &json!({"model": "gpt-4o-mini", "input": "hi"}));
    answered(&made, "second", "2");
    let item = made.json()["output"][0]["id"].as_str().unwrap().to_owned();
    let stranger = pair.gateway.create_project("stranger");
    let stranger = pair.gateway.create_key_in(&stranger, &json!({"name": "stranger"})).value;
    let given = json!({
        "model": "gpt-4o-mini",
        "input": [
            {"id": item, "type": "message", "role": "assistant", "status": "completed",
             "content": [{"type": "output_text", "text": "x", "annotations": []}]},
            {"role": "user", "content": "go on"},
        ],
    });
    pair.backup.clear();
    pair.first.script(responses(), busy());
    answered(&ask(&stranger, &given), "first", "2");
    assert_eq!(pair.backup.seen_count(), 0, "another project's item was sent");
    // Its owner may.
    pair.first.script(responses(), busy());
    answered(&ask(&pair.key.value, &given), "second", "2");
}

#[test]
fn case_87_a_call_that_a_credential_may_not_make_does_not_bench_it_for_others() {
    let pair = Pair::new();
    let text = "You have insufficient permissions for this operation. Missing scopes: model.x.";
    for status in [401, 403] {
        pair.first.script(chat(), Script::error(status, "invalid_request_error", None, text));
        answered(&pair.chat(&hello()), "second", "2");
        answered(&pair.chat(&hello()), "first", "1");
    }
}

#[test]
fn comments_without_end_do_not_pile_up_before_an_answer() {
    let pair = Pair::new();
    let comment = format!(": {}\n\n", "x".repeat(20_000));
    let mut pieces: Vec<Piece> = (0..5).map(|_| Piece::new(0, comment.clone())).collect();
    let event = |delay, text: &str| Piece::new(delay, format!("data: {text}\n\n"));
    let chunk = json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    });
    // Later than a first byte may come, sooner than a pause may end.
    pieces.extend([
        Piece::new(700, ": still\n\n"),
        event(700, &chunk.to_string()),
        event(0, "[DONE]"),
    ]);
    let sent: String = pieces.iter().map(|p| String::from_utf8_lossy(&p.bytes)).collect();
    pair.first.script(chat(), Script::stream(pieces, Then::End).bill(Tokens::text(1, 1)));
    let mut body = hello_stream();
    body["stream_options"] = json!({"include_usage": true});
    let answer = pair.chat(&body);
    answered(&answer, "first", "1");
    assert_eq!(answer.text(), sent);
}

/// A call under a limit, refused for its rate and waiting for its second turn.
fn waits_for_a_second_turn(stage: &Stage) -> Wire {
    let project = stage.gateway.default_project();
    let limit = json!({
        "scope": {"type": "project", "id": project}, "period": "month",
        "amount_nanos": 1_000_000_000,
    });
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    let slow = Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow down.");
    stage.provider.script(chat(), slow.retry_after("300"));
    let mut wire = Wire::open(&stage.gateway);
    let (head, body) = (stage.raw_post(CHAT), hello().to_string());
    let length = body.len();
    wire.send(format!("{head}X-Tollgate-Max-Wait: 10m\r\nContent-Length: {length}\r\n\r\n{body}"));
    let waiting = || metric(&stage.gateway, "tollgate_pacing_waiting") == 1;
    until("it waits for its second turn", waiting);
    until("it holds no money while it waits", || money_of(&stage.gateway).0 == 0);
    wire
}

#[test]
fn a_kill_between_two_attempts_leaves_nothing_held_or_spent() {
    let mut stage = Stage::new();
    let wire = waits_for_a_second_turn(&stage);
    stage.gateway.kill9();
    drop(wire);
    stage.gateway.restart();
    assert_eq!(money_of(&stage.gateway), (0, 0));
    passed(&stage.chat(&hello()));
}

#[test]
fn p30_a_stop_that_cuts_ends_a_wait_between_two_attempts_and_frees_its_money() {
    let mut stage = Stage::new();
    let wire = waits_for_a_second_turn(&stage);
    signal(stage.gateway.pid(), "TERM");
    let address = stage.gateway.url();
    let address = address.trim_start_matches("http://");
    until("no new connections", || std::net::TcpStream::connect(address).is_err());
    let began = testkit::Watch::start();
    assert_eq!(stage.gateway.terminate(), 0);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let answer = wire.rest();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    stage.gateway.restart();
    assert_eq!(money_of(&stage.gateway), (0, 0));
}

/// Whatever the providers and the clients do: the ledger is held against the bill at the end.
#[test]
fn p19_a_hard_limit_holds_in_a_storm_of_failures_hedges_and_hang_ups() {
    const LIMIT: i64 = 40_000_000;
    let pair = Pair::routed(&format!("{ROUTE}[retries]\nhedge_after_ms = 30\nwait_seconds = 1\n"));
    pair.limit(LIMIT);
    for provider in [&pair.first, &pair.backup] {
        for round in 0..24 {
            let script = match round % 6 {
                0 => Script::error(500, "server_error", None, "Sorry."),
                1 => Script::new(Act::ResetBeforeHead),
                2 => Script::new(Act::ResetAfterChunks(0)),
                3 => Script::new(Act::ResetAfterChunks(2)),
                4 => Script::error(429, "requests", Some("rate_limit_exceeded"), "Slow.")
                    .retry_after("1"),
                _ => Script::new(Act::HangAfterChunks(1)),
            };
            provider.script(chat(), script);
        }
        provider.take_time(Duration::from_millis(25));
    }
    thread::scope(|scope| {
        for client in 0..6 {
            let pair = &pair;
            scope.spawn(move || (0..15).for_each(|call| one_of_a_storm(pair, client * 15 + call)));
        }
    });
    until("nothing is held", || money_of(&pair.gateway).0 == 0);
    let (_, posted) = money_of(&pair.gateway);
    assert!(posted > 0 && posted <= LIMIT, "{posted}");
}

/// Nano-dollars held and spent under the one limit.
fn money_of(gateway: &TestGateway) -> (i64, i64) {
    let list = gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
    let number = |name: &str| list["data"][0][name].as_i64().unwrap_or_else(|| panic!("{list}"));
    (number("held_nanos"), number("spent_nanos"))
}

fn one_of_a_storm(pair: &Pair, number: usize) {
    let body = if number.is_multiple_of(2) { hello() } else { hello_stream() };
    if !number.is_multiple_of(3) {
        let answer = pair.chat(&body);
        assert!(matches!(answer.status, 200 | 429 | 500..), "{}", answer.text());
        return;
    }
    let mut wire = Wire::open(&pair.gateway);
    let (body, key) = (body.to_string(), &pair.key.value);
    wire.send(format!(
        "POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: \
         application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    // It hangs up at whatever point the call has come to.
    thread::sleep(Duration::from_millis((number % 17) as u64 * 5));
}
