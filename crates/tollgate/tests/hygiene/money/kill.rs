//! After `kill -9` no money is given back that the provider may have billed, and none is lost.

use std::thread;

use serde_json::json;
use testkit::{Builder, FakeProvider, Matcher, Script, TestGateway};

use super::desk::{AMPLE, Entry, bound_at, chat, entries, posted, put};
use crate::kill::call_until_dead;
use crate::support::{CHAT, PATIENCE, Stage, Wire, hello, passed, refused, signal, until};

fn killable() -> Stage {
    Stage::with(Builder::without_bill_check)
}

/// One small call, sent and not answered.
fn in_flight(stage: &Stage) -> Wire {
    stage.provider.script(chat(), Script::gate_open());
    let seen = stage.provider.seen_count();
    let body = hello().to_string();
    let mut wire = stage.wire();
    wire.send(format!("{}Content-Length: {}\r\n\r\n{body}", stage.raw_post(CHAT), body.len()));
    stage.provider.wait_seen(seen + 1, PATIENCE);
    wire
}

fn of_kind<'a>(entries: &'a [Entry], kind: &str) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.kind == kind).collect()
}

/// What the provider billed in all, in nano-dollars: small calls of one model.
fn billed(provider: &FakeProvider) -> i64 {
    let of_one = |bill: &testkit::Bill| bill.tokens.input * 150 + bill.tokens.output * 600;
    provider.bill().iter().map(of_one).sum::<u64>() as i64
}

#[test]
fn case_46_what_a_kill_leaves_in_flight_is_posted_in_full_once() {
    let mut stage = killable();
    let bound = bound_at(&stage, CHAT, &hello());
    super::limit(&stage.gateway, bound * 29 / 10, false);
    let _wires = [in_flight(&stage), in_flight(&stage)];
    stage.gateway.kill9();
    stage.provider.release();
    for _ in 0..2 {
        stage.gateway.restart();
        assert_eq!(super::balance(&stage.gateway), (bound * 2, 0));
        let entries = entries(&stage.gateway);
        let orphans = of_kind(&entries, "orphan");
        assert_eq!(orphans.len(), 2, "{entries:?}");
        assert!(orphans.iter().all(|entry| entry.cost == bound && entry.attempts == 1));
        let records = stage.gateway.records();
        let named = records.iter().filter(|record| record["error_code"] == "orphaned").count();
        assert_eq!(named, 2, "{records:?}");
    }
    // The start that posted them said so once, with their sum.
    let told = stage.gateway.output();
    assert_eq!(told.matches("nobody can say what they cost").count(), 1, "{told}");
    assert!(billed(&stage.provider) <= bound * 2);
    // What is left is still there, and no more than that.
    refused(&stage.chat(&hello()), 429, "project_spend_limit_exceeded");
    super::limit(&stage.gateway, bound * 3, false);
    passed(&stage.chat(&hello()));
}

#[test]
fn case_46_after_a_power_cut_the_whole_share_counts_as_spent() {
    let mut stage = killable();
    let bound = bound_at(&stage, CHAT, &hello());
    let limit = bound * 1_000;
    super::limit(&stage.gateway, limit, false);
    passed(&stage.chat(&hello()));
    let wire = in_flight(&stage);
    let (spent, held) = super::balance(&stage.gateway);
    assert!(held >= bound);
    stage.gateway.kill9();
    drop(wire);
    stage.provider.release();
    // As if the machine had started again since.
    let db = rusqlite::Connection::open(stage.gateway.data_dir().join("tollgate.db")).unwrap();
    let boot = "UPDATE meta SET value = CAST('another' AS BLOB) WHERE name = 'boot_id'";
    assert_eq!(db.execute(boot, []).unwrap(), 1);
    drop(db);
    stage.gateway.restart();
    let entries = entries(&stage.gateway);
    assert!(!of_kind(&entries, "forfeit").is_empty(), "{entries:?}");
    assert!(stage.gateway.output().contains("nobody could account for"));
    let (after, left) = super::balance(&stage.gateway);
    assert_eq!(left, 0);
    assert!(after >= spent + held && after >= billed(&stage.provider), "{after}");
    assert!(after <= limit, "{after} of {limit}");
    // A start that follows a clean stop forfeits nothing.
    stage.gateway.restart();
    assert_eq!(super::balance(&stage.gateway), (after, 0));
    passed(&stage.chat(&hello()));
}

#[test]
fn case_46_kills_under_load_never_let_the_bill_pass_the_limit() {
    let mut stage = killable();
    let bound = bound_at(&stage, CHAT, &hello());
    let limit = bound * 40;
    super::limit(&stage.gateway, limit, false);
    let body = hello().to_string();
    let request = format!("{}Content-Length: {}\r\n\r\n{body}", stage.raw_post(CHAT), body.len());
    for round in 0..4 {
        let before = stage.provider.seen_count();
        let address = stage.gateway.url().trim_start_matches("http://").to_owned();
        let clients: Vec<_> = (0..12)
            .map(|_| {
                let (address, request) = (address.clone(), request.clone());
                thread::spawn(move || call_until_dead(&address, request.as_bytes()))
            })
            .collect();
        stage.provider.wait_seen(before + 40 + round * 17, PATIENCE);
        stage.gateway.kill9();
        let answered: u64 = clients.into_iter().map(|client| client.join().unwrap()).sum();
        assert!(answered > 0, "round {round}");
        stage.gateway.restart();
        let (spent, held) = super::balance(&stage.gateway);
        let billed = billed(&stage.provider);
        assert_eq!(held, 0, "round {round}");
        assert!(billed <= spent, "round {round}: {spent} posted, {billed} billed");
        assert!(spent <= limit, "round {round}: {spent} of {limit}");
        let orphans: i64 = entries(&stage.gateway)
            .iter()
            .filter(|entry| entry.kind == "orphan")
            .map(|entry| entry.cost)
            .sum();
        // P3: what is posted beyond the bill is at most what was in flight.
        assert!(spent - billed <= orphans, "round {round}");
        assert!(orphans <= bound * 12 * (round as i64 + 1), "round {round}");
    }
}

#[test]
fn case_46_a_call_that_a_stop_cuts_is_posted_in_full() {
    let provider = FakeProvider::start();
    let bin = std::path::Path::new(crate::support::BIN);
    let mut gateway = TestGateway::builder(bin).provider(&provider).start();
    let key = gateway.create_key(&json!({"name": "k"}));
    put(&gateway, ("project", &key.project), 0, &json!({}));
    let told = gateway.json(&key.value, "POST", CHAT, &hello());
    let bound = super::amount(&told, "required: $");
    put(&gateway, ("project", &key.project), AMPLE, &json!({}));
    provider.script(Matcher::any(), Script::gate_open());
    let body = hello().to_string();
    let mut wire = Wire::open(&gateway);
    wire.send(format!(
        "POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        key.value,
        body.len()
    ));
    provider.wait_seen(1, PATIENCE);
    signal(gateway.pid(), "TERM");
    until("it stops", || gateway.output().contains("stopping"));
    // A second one means: now.
    assert_eq!(gateway.terminate(), 0);
    provider.release();
    gateway.restart();
    assert_eq!(super::balance(&gateway), (bound, 0));
    let entries = entries(&gateway);
    assert_eq!(of_kind(&entries, "settled").len(), 1, "{entries:?}");
}

#[test]
fn case_44_a_settlement_that_the_slots_kept_is_posted_exactly() {
    let mut stage = killable();
    super::limit(&stage.gateway, AMPLE, false);
    let body = hello().to_string();
    let request = format!("{}Content-Length: {}\r\n\r\n{body}", stage.raw_post(CHAT), body.len());
    let mut wire = stage.wire();
    for _ in 0..5 {
        wire.send(&request);
        assert_eq!(wire.answer().0, 200);
    }
    // Heard to the end by the client, and most likely not yet in the store.
    stage.gateway.kill9();
    stage.gateway.restart();
    assert_eq!(posted(&stage, 5), billed(&stage.provider));
    assert_eq!(of_kind(&entries(&stage.gateway), "orphan").len(), 0);
}
