//! A store that cannot be written: nothing is sent that it has no money for, nothing is lost, and
//! when it is back all is as before.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use testkit::{Answer, FakeProvider, Script, TestGateway};

use super::desk::{AMPLE, chat, entries, posted, put, with_limit};
use crate::support::{BIN, CHAT, PATIENCE, Stage, hello, hello_stream, passed, refused, until};

/// Takes the store's write lock until it is dropped.
fn locked(stage: &Stage) -> Connection {
    let db = Connection::open(stage.gateway.data_dir().join("tollgate.db")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    db
}

/// A stage whose files cannot grow when [`full`] says so. A process that may not write would be
/// ended by a signal; a full disk sends none.
fn stage_on_a_disk() -> Stage {
    let provider = FakeProvider::start();
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("tollgate");
    std::fs::write(&bin, format!("#!/bin/sh\ntrap '' XFSZ\nexec {BIN} \"$@\"\n")).unwrap();
    std::fs::set_permissions(&bin, PermissionsExt::from_mode(0o755)).unwrap();
    let gateway = TestGateway::builder(&bin).provider(&provider).start();
    let key = gateway.create_key(&json!({"name": "k"}));
    put(&gateway, ("project", &key.project), AMPLE, &json!({}));
    Stage { gateway, provider, key }
}

/// No file of the gateway's may be written beyond this many bytes; `None`: room again.
fn full(stage: &Stage, beyond: Option<u64>) {
    let pid = Pid::from_raw(stage.gateway.pid() as i32);
    let old = prlimit(pid, Resource::Fsize, Rlimit { current: beyond, maximum: None });
    old.expect("limit the size of files");
}

/// Refused at once, with a time to come again, and not sent.
fn kept_waiting(stage: &Stage) {
    let seen = stage.provider.seen_count();
    let began = testkit::Watch::start();
    let answer = stage.chat(&hello());
    refused(&answer, 503, "ledger_unavailable");
    assert!(answer.header("retry-after").is_some(), "{:?}", answer.headers);
    assert_ne!(answer.header("x-should-retry"), Some("false"));
    assert_eq!(stage.provider.seen_count(), seen, "it was sent");
    assert!(began.elapsed() < Duration::from_millis(1_900), "{:?}", began.elapsed());
}

fn works_again(stage: &Stage) {
    let mut answer: Option<Answer> = None;
    until("it works again", || {
        answer = Some(stage.chat(&hello()));
        answer.as_ref().is_some_and(|answer| answer.status == 200)
    });
}

#[test]
fn case_48_a_locked_store_refuses_what_needs_more_money() {
    let stage = with_limit(AMPLE);
    let lock = locked(&stage);
    for _ in 0..2 {
        kept_waiting(&stage);
    }
    // What costs nothing needs no ledger.
    let models = stage.gateway.json(&stage.key.value, "GET", "/v1/models", &json!(null));
    passed(&models);
    stage.provider.clear();
    drop(lock);
    works_again(&stage);
    assert_eq!(stage.provider.seen_count(), 1);
    super::spent(&stage);
}

#[test]
fn case_48_a_limit_that_changed_before_the_store_was_locked_strands_nothing() {
    let stage = with_limit(AMPLE);
    passed(&stage.chat(&hello()));
    super::limit(&stage.gateway, AMPLE * 2, false);
    let lock = locked(&stage);
    // The shares under the old limit cannot be given back: nothing is sent before they are. Three
    // seconds, as the store waits two for a lock before it says no.
    for _ in 0..3 {
        kept_waiting(&stage);
    }
    drop(lock);
    works_again(&stage);
    // All of it is there again, without a restart.
    super::spent(&stage);
}

#[test]
fn case_48_a_full_disk_refuses_what_needs_more_money() {
    let stage = stage_on_a_disk();
    for beyond in [0, 64 << 10] {
        full(&stage, Some(beyond));
        let answer = stage.chat(&hello());
        refused(&answer, 503, "ledger_unavailable");
        assert!(answer.header("retry-after").is_some());
        stage.kept_from_the_provider();
    }
    full(&stage, None);
    works_again(&stage);
    assert_eq!(stage.provider.seen_count(), 1);
    super::spent(&stage);
}

/// A call is in flight when the fault begins, and answered while it lasts.
fn settled_late(stage: &Stage, begin: impl FnOnce(), end: impl FnOnce()) {
    stage.provider.script(chat(), Script::gate_open().times(2));
    std::thread::scope(|scope| {
        let calls = [hello(), hello_stream()].map(|body| scope.spawn(move || stage.chat(&body)));
        stage.provider.wait_seen(2, PATIENCE);
        begin();
        stage.provider.release();
        for call in calls {
            let answer = call.join().unwrap();
            passed(&answer);
            assert!(answer.text().contains("Hello"), "{}", answer.text());
        }
    });
    let (spent, held) = super::balance(&stage.gateway);
    assert!(spent == 0 && held > 0, "{spent} and {held}: the holds stand");
    end();
    let billed: u64 =
        stage.provider.bill().iter().map(|b| b.tokens.input * 150 + b.tokens.output * 600).sum();
    assert_eq!(posted(stage, 2), billed as i64);
    let attempts: i64 = entries(&stage.gateway).iter().map(|entry| entry.attempts).sum();
    assert_eq!(attempts, 2, "each is posted once");
}

#[test]
fn case_49_a_store_that_is_locked_at_settlement_is_told_later() {
    let stage = with_limit(AMPLE);
    let lock = std::cell::RefCell::new(None);
    settled_late(&stage, || *lock.borrow_mut() = Some(locked(&stage)), || drop(lock.take()));
}

#[test]
fn case_49_a_disk_that_is_full_at_settlement_is_written_later() {
    let stage = stage_on_a_disk();
    settled_late(&stage, || full(&stage, Some(0)), || full(&stage, None));
}

#[test]
fn case_49_what_was_not_told_to_the_store_survives_a_kill() {
    let mut stage = Stage::with(testkit::Builder::without_bill_check);
    super::limit(&stage.gateway, AMPLE, false);
    stage.provider.script(chat(), Script::gate_open());
    let lock = std::thread::scope(|scope| {
        let call = scope.spawn(|| stage.chat(&hello()));
        stage.provider.wait_seen(1, PATIENCE);
        let lock = locked(&stage);
        stage.provider.release();
        passed(&call.join().unwrap());
        lock
    });
    stage.gateway.kill9();
    drop(lock);
    stage.gateway.restart();
    let bill = stage.provider.bill().pop().unwrap().tokens;
    assert_eq!(posted(&stage, 1), (bill.input * 150 + bill.output * 600) as i64);
    assert_eq!(stage.gateway.json(&stage.key.value, "POST", CHAT, &hello()).status, 200);
}
