//! Who joins a call in flight pays a part of it, where the project says so; all parts together are
//! the provider's bill, which every test here is held against when it ends.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, Key, Matcher, Script, Then};

use crate::support::{CHAT, Stage, chat, text_of, used, with};

const LONG: Duration = Duration::from_secs(20);
/// A hundred dollars: more than any call here can cost.
const AMPLE: i64 = 100_000_000_000;

fn sharing() -> Stage {
    let stage = Stage::new();
    let set = stage.set(&stage.key, json!({ "joiners": "share" }));
    assert_eq!(set["joiners"], "share");
    stage
}

/// More keys of the stage's project.
fn keys(stage: &Stage, count: usize) -> Vec<Key> {
    let key = |number| json!({ "name": format!("joiner {number}") });
    (0..count).map(|number| stage.gateway.create_key(&key(number))).collect()
}

fn limit(stage: &Stage, key: &Key, nanos: i64) {
    let body = json!({
        "scope": { "type": "api_key", "id": key.id }, "period": "month", "amount_nanos": nanos,
        "clamp_output": false,
    });
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &body);
}

fn limit_project(stage: &Stage, nanos: i64) {
    let body = json!({
        "scope": { "type": "project", "id": stage.key.project }, "period": "month",
        "amount_nanos": nanos, "clamp_output": false,
    });
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &body);
}

/// What a limit's scope has spent, once nothing is held there.
fn spent(stage: &Stage, scope: &str) -> i64 {
    let end = Instant::now() + LONG;
    loop {
        let list = stage.gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
        let all = list["data"].as_array().unwrap();
        let one = all.iter().find(|one| one["scope"]["id"] == scope).expect("a limit");
        if one["held_nanos"] == 0 {
            return one["spent_nanos"].as_i64().unwrap();
        }
        assert!(Instant::now() < end, "still held: {one}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn cost_of(answer: &Answer) -> String {
    answer.header("x-tollgate-cost").expect("a cost").to_owned()
}

/// Dollars as nano-dollars.
fn nanos(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<9}").parse().unwrap()
}

/// What the provider billed for small calls of the one model.
fn billed(stage: &Stage) -> i64 {
    let of = |bill: &testkit::Bill| bill.tokens.input * 150 + bill.tokens.output * 600;
    stage.provider.bill().iter().map(of).sum::<u64>() as i64
}

/// Records of the log, once there are so many: by key, with what each cost.
fn costs(stage: &Stage, count: usize) -> Vec<(String, String, i64)> {
    let records = stage.gateway.wait_records(count);
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let one = |record: &Value| {
        (text(record, "key_id"), text(record, "cache"), record["cost_nanos"].as_i64().unwrap_or(0))
    };
    records.iter().map(one).collect()
}

#[test]
fn joiners_pay_equal_parts_that_are_the_bill_to_the_nano_dollar() {
    let stage = sharing();
    limit_project(&stage, AMPLE);
    let joiners = keys(&stage, 6);
    joiners.iter().for_each(|key| limit(&stage, key, AMPLE));
    stage.provider.script(Matcher::any().containing("plain"), Script::gate_open().gated());
    let body = chat("plain [[words=7]]");
    let stream = with(body.clone(), json!({ "stream": true }));
    let (led, joined) = thread::scope(|scope| {
        let leader = scope.spawn(|| stage.ask(&body));
        stage.provider.wait_seen(1, LONG);
        let calls: Vec<_> = joiners
            .iter()
            .enumerate()
            // A plain answer is shared by those who want it as a stream.
            .map(|(at, key)| (key, if at % 2 == 0 { &body } else { &stream }))
            .map(|(key, body)| scope.spawn(|| stage.post(key, CHAT, body, &[])))
            .collect();
        stage.wait_slots(7);
        stage.provider.release();
        let joined: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
        (leader.join().unwrap(), joined)
    });
    assert_eq!((used(&led), stage.asked()), ("miss", 1));
    assert!(joined.iter().all(|answer| used(answer) == "joined"));
    let bill = billed(&stage);
    let part = bill / 7;
    assert!(bill % 7 != 0, "the test wants a rest: {bill}");
    assert_eq!(nanos(&cost_of(&led)), bill - part * 6);
    assert!(joined.iter().all(|answer| nanos(&cost_of(answer)) == part));
    let records = costs(&stage, 7);
    assert_eq!(records.iter().map(|(.., cost)| cost).sum::<i64>(), bill);
    for key in &joiners {
        let own: Vec<_> = records.iter().filter(|(id, ..)| *id == key.id).collect();
        assert_eq!(own, [&(key.id.clone(), "joined".to_owned(), part)]);
        assert_eq!(spent(&stage, &key.id), part);
    }
    assert_eq!(spent(&stage, &stage.key.project), bill, "the project's sum is the bill");
    let hit = stage.ask(&body);
    assert_eq!((used(&hit), &*cost_of(&hit)), ("hit", "0"));
}

#[test]
fn who_reads_a_stream_pays_a_part_whether_it_stays_or_goes() {
    let stage = sharing();
    limit_project(&stage, AMPLE);
    let joiners = keys(&stage, 2);
    let body = with(chat("[[words=40]] [[gap_ms=25]]"), json!({ "stream": true }));
    let mut leader = stage.open(&body);
    let begun = leader.read_until("word5");
    let mut goes = stage.open_by(&joiners[0], &body);
    let stays = stage.open_by(&joiners[1], &body);
    assert_eq!(stays.header("x-tollgate-cache"), Some("joined"));
    goes.read_until("word10");
    drop(goes);
    let stays = stays.collect().unwrap();
    let whole = [begun, leader.collect().unwrap().body].concat();
    assert_eq!(stays.body, whole);
    assert_eq!((text_of(&stays.text()).split(' ').count(), stage.asked()), (40, 1));
    let (bill, records) = (billed(&stage), costs(&stage, 3));
    let of = |key: &Key| records.iter().find(|(id, ..)| *id == key.id).unwrap().2;
    assert_eq!((of(&joiners[0]), of(&joiners[1])), (bill / 3, bill / 3));
    assert_eq!(of(&stage.key), bill - bill / 3 * 2);
    assert_eq!(spent(&stage, &stage.key.project), bill);
}

#[test]
fn a_leader_who_leaves_pays_its_part_and_the_others_theirs() {
    let stage = sharing();
    let joiner = keys(&stage, 1).remove(0);
    let body = with(chat("[[words=40]] [[gap_ms=20]]"), json!({ "stream": true }));
    let mut leader = stage.open(&body);
    leader.read_until("word5");
    let follower = stage.open_by(&joiner, &body);
    drop(leader);
    let answer = follower.collect().unwrap();
    assert!(answer.text().ends_with("data: [DONE]\n\n"));
    let (bill, records) = (billed(&stage), costs(&stage, 2));
    let of = |key: &Key| records.iter().find(|(id, ..)| *id == key.id).unwrap().2;
    assert_eq!((of(&stage.key), of(&joiner)), (bill - bill / 2, bill / 2));
}

#[test]
fn who_cannot_pay_is_refused_and_burdens_nobody() {
    let stage = sharing();
    let keys = keys(&stage, 2);
    limit(&stage, &keys[0], 1);
    limit(&stage, &keys[1], AMPLE);
    stage.provider.script(Matcher::any().containing("held"), Script::gate_open().gated());
    let body = chat("held");
    thread::scope(|scope| {
        let leader = scope.spawn(|| stage.ask(&body));
        stage.provider.wait_seen(1, LONG);
        let refused = stage.post(&keys[0], CHAT, &body, &[]);
        assert_eq!(refused.header("x-tollgate-error"), Some("api_key_spend_limit_exceeded"));
        let joiner = scope.spawn(|| stage.post(&keys[1], CHAT, &body, &[]));
        stage.wait_slots(2);
        stage.provider.release();
        assert_eq!(used(&leader.join().unwrap()), "miss");
        assert_eq!(used(&joiner.join().unwrap()), "joined");
    });
    let bill = billed(&stage);
    assert_eq!(spent(&stage, &keys[1].id), bill / 2, "of two, not of three");
    assert_eq!(spent(&stage, &keys[0].id), 0);
    let hit = stage.post(&keys[0], CHAT, &body, &[]);
    assert_eq!(used(&hit), "hit", "what is stored costs nothing");
}

#[test]
fn a_joiner_who_goes_while_it_waits_owes_nothing() {
    let stage = sharing();
    let joiner = keys(&stage, 1).remove(0);
    limit(&stage, &joiner, AMPLE);
    stage.provider.script(Matcher::any().containing("waits"), Script::gate_open().gated());
    let body = chat("waits");
    thread::scope(|scope| {
        let leader = scope.spawn(|| stage.ask(&body));
        stage.provider.wait_seen(1, LONG);
        let wire = stage.send_by(&joiner, &body);
        stage.wait_slots(2);
        drop(wire);
        stage.wait_slots(1);
        stage.provider.release();
        assert_eq!(nanos(&cost_of(&leader.join().unwrap())), billed(&stage));
    });
    assert_eq!(costs(&stage, 1).len(), 1);
    assert_eq!(spent(&stage, &joiner.id), 0);
}

#[test]
fn when_the_leader_fails_one_leads_and_the_others_share_with_it() {
    let stage = Stage::with(|builder| builder.config("[retries]\nrepeats = 0\n"));
    stage.set(&stage.key, json!({ "joiners": "share" }));
    limit_project(&stage, AMPLE);
    let joiners = keys(&stage, 3);
    let mark = || Matcher::any().containing("fails");
    stage.provider.script(mark(), Script::new(testkit::Act::ResetBeforeHead).gated());
    stage.provider.script(mark(), Script::gate_open().gated());
    let body = chat("fails once");
    thread::scope(|scope| {
        let leader = scope.spawn(|| stage.ask(&body));
        stage.provider.wait_seen(1, LONG);
        let calls: Vec<_> =
            joiners.iter().map(|key| scope.spawn(|| stage.post(key, CHAT, &body, &[]))).collect();
        stage.wait_slots(4);
        stage.provider.release();
        assert_ne!(leader.join().unwrap().status, 200, "its failure is its own");
        stage.provider.wait_seen(2, LONG);
        stage.wait_slots(3);
        stage.provider.release();
        let answers: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
        let led = answers.iter().filter(|answer| used(answer) == "miss").count();
        assert_eq!((led, stage.asked()), (1, 2));
    });
    // The provider bills the one that it broke off as well.
    let bill = billed(&stage) / 2;
    let records = costs(&stage, 4);
    let of = |used: &str| -> Vec<i64> {
        let joined = records.iter().filter(|(id, what, _)| what == used && *id != stage.key.id);
        joined.map(|(.., cost)| *cost).collect()
    };
    assert_eq!((of("joined"), of("miss")), (vec![bill / 3; 2], vec![bill - bill / 3 * 2]));
}

#[test]
fn a_stream_that_breaks_is_the_leaders_alone() {
    let stage = sharing();
    let joiner = keys(&stage, 1).remove(0);
    limit_project(&stage, AMPLE);
    limit(&stage, &joiner, AMPLE);
    let piece = |after, text: &str| {
        let event = format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}},\"finish_reason\":null}}]}}\n\n"
        );
        testkit::Piece::new(after, event)
    };
    let pieces = vec![piece(0, "one"), piece(1_500, "two")];
    let script = Script::stream(pieces, Then::Cut).bill(testkit::Tokens::text(1, 1));
    stage.provider.script(Matcher::any().containing("breaks"), script);
    let body = with(chat("breaks"), json!({ "stream": true }));
    let mut leader = stage.open(&body);
    leader.read_until("one");
    let joined = stage.open_by(&joiner, &body);
    assert_eq!(joined.header("x-tollgate-cache"), Some("joined"));
    assert!(joined.collect().unwrap().text().contains("closed the stream before its end"));
    drop(leader);
    let records = costs(&stage, 2);
    let own = records.iter().find(|(id, ..)| *id == joiner.id).unwrap();
    assert_eq!((&*own.1, own.2, spent(&stage, &joiner.id)), ("joined", 0, 0));
    assert!(spent(&stage, &stage.key.project) >= billed(&stage));
}

#[test]
fn case_46_a_kill_leaves_the_whole_hold_with_the_leader() {
    let mut stage = sharing();
    stage.gateway.without_bill_check();
    let joiner = keys(&stage, 1).remove(0);
    limit(&stage, &stage.key, AMPLE);
    limit(&stage, &joiner, AMPLE);
    limit_project(&stage, AMPLE);
    stage.provider.script(Matcher::any().containing("killed"), Script::gate_open());
    let body = chat("killed");
    let leader = stage.send_by(&stage.key, &body);
    stage.provider.wait_seen(1, LONG);
    let waits = stage.send_by(&joiner, &body);
    stage.wait_slots(2);
    stage.gateway.kill9();
    stage.provider.release();
    stage.gateway.restart();
    drop((leader, waits));
    let (project, own) = (spent(&stage, &stage.key.project), spent(&stage, &stage.key.id));
    assert!(project > 0 && project == own, "{project}, {own}");
    assert_eq!(spent(&stage, &joiner.id), 0, "nothing was sent for it");
    assert!(project >= billed(&stage));
}

#[test]
fn case_46_kills_at_any_moment_never_post_less_than_the_bill() {
    let mut stage = sharing();
    stage.gateway.without_bill_check();
    let joiners = keys(&stage, 3);
    limit_project(&stage, AMPLE);
    joiners.iter().for_each(|key| limit(&stage, key, AMPLE));
    for round in 0..4_u64 {
        let before = stage.provider.seen_count();
        let wires: Vec<_> = (0..40)
            .map(|number| {
                let body = chat(&format!("round {round}, question {}", number / 4));
                let who = [&stage.key, &joiners[0], &joiners[1], &joiners[2]][number % 4];
                stage.send_by(who, &body)
            })
            .collect();
        stage.provider.wait_seen(before + 4, LONG);
        thread::sleep(Duration::from_micros(500 * round));
        stage.gateway.kill9();
        drop(wires);
        stage.gateway.restart();
        let (spent, bill) = (spent(&stage, &stage.key.project), billed(&stage));
        assert!(spent >= bill, "round {round}: {spent} posted, {bill} billed");
    }
}
