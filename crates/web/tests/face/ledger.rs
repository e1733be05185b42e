//! The ledger for operators.

use std::sync::atomic::Ordering;

use crate::gateway::{Gateway, Reply};
use crate::world::block_on;
use domain::ledger::{
    AccountId, AccountState, Entry, EntryKind, Holder, Imbalance, Note, Posted, Reason, Remedy,
    Row, Sum, Trust,
};
use domain::{Actor, Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};
use serde_json::{Value, json};

const ACCOUNTS: &str = "/tollgate/v1/ledger/accounts";
const ENTRIES: &str = "/tollgate/v1/ledger/entries";
const VERIFY: &str = "/tollgate/v1/ledger/verify";
const CORRECTIONS: &str = "/tollgate/v1/ledger/corrections";

fn account(id: &str, period: PeriodKind) -> AccountId {
    let scope = ScopeId { kind: ScopeKind::Project, id: id.into() };
    AccountId { scope, period: period.around(Timestamp::from_seconds(crate::world::NOON)) }
}

fn month() -> AccountId {
    account("proj_1", PeriodKind::Month)
}

fn state(id: AccountId) -> AccountState {
    let row = Row {
        limit: Some(Nanos(50_000_000_000)),
        posted: Nanos(1_500_000_000),
        leased: Nanos(7),
        overage: Nanos(3),
    };
    AccountState {
        id,
        row,
        holds: vec![(Holder("local".into()), Nanos(7))],
        orphans: 2,
        orphaned: Nanos(40),
        forfeited: Nanos(5),
        corrected: Nanos(-30),
    }
}

fn breach(account: AccountId) -> Imbalance {
    Imbalance { account, sum: Sum::Entries, kept: Nanos(30), summed: Nanos(25) }
}

fn entry(place: i64, reason: Reason, of: Posted) -> Entry {
    Entry {
        place,
        at: Timestamp::from_seconds(crate::world::NOON),
        reason,
        attempts: 1,
        cost: Nanos(40),
        overage: Nanos(0),
        of,
        request: Some("req_1".into()),
        correction: None,
        corrected_by: None,
    }
}

/// An orphan of 40 and what was taken back of it.
fn with_orphan() -> Gateway {
    let gateway = Gateway::start();
    let scopes = ["key_1", "user-1", "proj_1", "org-1"].map(str::to_owned);
    let of = Posted::Call { scopes, day: 1_773_532_800, quarter: 1_773_577_800 };
    let orphan = Entry { corrected_by: Some(9), ..entry(7, Reason::Orphan, of.clone()) };
    let note = Note { corrects: Some(7), why: "not billed".into(), author: "key_9".into() };
    let correction = Entry {
        cost: Nanos(-40),
        attempts: 0,
        request: None,
        correction: Some(note),
        ..entry(9, Reason::Correction, of)
    };
    let forfeit = Entry { request: None, ..entry(8, Reason::Forfeit, Posted::Account(month())) };
    gateway.world.state().entries = vec![orphan, forfeit, correction];
    gateway
}

fn correct(gateway: &Gateway, body: &Value) -> Reply {
    gateway.call("POST", CORRECTIONS, &body.to_string())
}

#[test]
fn an_account_is_shown_with_its_holds_and_what_is_out_of_the_ordinary() {
    let gateway = Gateway::start();
    gateway.world.state().ledger = vec![state(month())];
    let row = &gateway.ok("GET", ACCOUNTS, "").body["data"][0];
    let expected = json!({
        "object": "tollgate.ledger.account", "id": "project:proj_1:month:1772323200",
        "scope": {"type": "project", "id": "proj_1"}, "period": "month",
        "period_start": 1_772_323_200, "period_end": 1_775_001_600,
        "limit_usd": "50", "limit_nanos": 50_000_000_000_i64,
        "posted_usd": "1.5", "posted_nanos": 1_500_000_000,
        "held_usd": "0.000000007", "held_nanos": 7,
        "holds": [{"holder": "local", "held_usd": "0.000000007", "held_nanos": 7}],
        "overage_usd": "0.000000003", "overage_nanos": 3, "num_orphans": 2,
        "orphaned_usd": "0.00000004", "orphaned_nanos": 40,
        "forfeited_usd": "0.000000005", "forfeited_nanos": 5,
        "corrected_usd": "-0.00000003", "corrected_nanos": -30,
        "frozen": false, "breaches": [],
    });
    assert_eq!(*row, expected);
}

#[test]
fn accounts_are_walked_and_filtered() {
    let gateway = Gateway::start();
    let ids = ["proj_1", "proj_2", "proj_3"].map(|id| account(id, PeriodKind::Day));
    gateway.world.state().ledger = ids.clone().map(state).to_vec();
    let first = gateway.ok("GET", &format!("{ACCOUNTS}?limit=2"), "").body;
    assert_eq!((&first["has_more"], &first["last_id"]), (&json!(true), &json!(ids[1].name())));
    let after = format!("{ACCOUNTS}?limit=2&after={}", ids[1].name());
    assert_eq!(gateway.ok("GET", &after, "").body["data"][0]["id"], ids[2].name());
    let target = format!("{ACCOUNTS}?scope_type=project&scope_id=proj_2&period=day&all=true");
    assert_eq!(gateway.ok("GET", &target, "").body["data"].as_array().unwrap().len(), 1);
    let queries = gateway.world.state().account_queries.clone();
    assert_eq!(
        queries[0].filter.at,
        Some(Timestamp::from_seconds(crate::world::NOON)),
        "what holds now"
    );
    assert_eq!(queries[2].filter.at, None);
    for (query, param) in [
        ("after=proj_1", "after"),
        ("limit=101", "limit"),
        ("period=week", "period"),
        ("scope_id=proj_1", "scope_type"),
        ("all=maybe", "all"),
    ] {
        let reply = gateway.get(&format!("{ACCOUNTS}?{query}"));
        assert_eq!((reply.status, reply.refusal().2), (400, param), "{query}");
    }
}

#[test]
fn entries_are_shown_newest_first_with_what_corrects_them() {
    let gateway = with_orphan();
    let list = gateway.ok("GET", ENTRIES, "").body;
    let [correction, forfeit, orphan] = list["data"].as_array().unwrap().as_slice() else {
        panic!("{list}")
    };
    let expected = json!({
        "object": "tollgate.ledger.entry", "id": "entry_7", "created_at": crate::world::NOON,
        "reason": "orphan", "num_attempts": 1, "cost_usd": "0.00000004", "cost_nanos": 40,
        "overage_usd": "0", "overage_nanos": 0, "api_key_id": "key_1", "user_id": "user-1",
        "project_id": "proj_1", "day_start": 1_773_532_800, "account_id": null,
        "request_id": "req_1", "corrects": null, "corrected_by": "entry_9",
        "correction_reason": null, "corrected_with": null,
    });
    assert_eq!(*orphan, expected);
    assert_eq!(correction["corrects"], "entry_7");
    assert_eq!(correction["correction_reason"], "not billed");
    assert_eq!(correction["corrected_with"], "key_9");
    assert_eq!(forfeit["account_id"], month().name());
    assert_eq!((&forfeit["api_key_id"], &forfeit["day_start"]), (&Value::Null, &Value::Null));

    let page = gateway.ok("GET", &format!("{ENTRIES}?limit=1"), "").body;
    assert_eq!((&page["last_id"], &page["has_more"]), (&json!("entry_9"), &json!(true)));
    let name = month().name();
    for target in [
        format!("{ENTRIES}?reason=overage&after=entry_9"),
        format!("{ENTRIES}?account_id={name}&reason=orphan"),
        format!("{ENTRIES}?scope_type=api_key&scope_id=key_1"),
    ] {
        gateway.ok("GET", &target, "");
    }
    let asked = gateway.world.state().entry_queries.clone();
    assert_eq!((asked[2].kind, asked[2].before), (Some(EntryKind::Overage), Some(9)));
    assert_eq!((&asked[3].scope, asked[3].period), (&Some(month().scope), Some(month().period)));
    assert_eq!((asked[4].scope.as_ref().unwrap().kind, asked[4].period), (ScopeKind::ApiKey, None));
    for query in ["reason=gift", "after=7", "account_id=proj_1", "limit=0"] {
        assert_eq!(gateway.get(&format!("{ENTRIES}?{query}")).status, 400, "{query}");
    }
    let both = format!("{ENTRIES}?account_id={name}&scope_type=project&scope_id=proj_1");
    assert_eq!(gateway.get(&both).refusal(), (400, "invalid_value", "account_id"));
}

#[test]
fn a_breach_is_told_with_both_sums_and_freezes_its_scope_until_it_is_gone() {
    let gateway = Gateway::start();
    let (day, other) = (account("proj_1", PeriodKind::Day), account("proj_2", PeriodKind::Day));
    gateway.world.state().ledger = vec![state(month()), state(day), state(other)];
    let verify = || gateway.ok("POST", VERIFY, "").body;
    let fine = json!({"object": "tollgate.ledger.verification", "balanced": true, "breaches": []});
    assert_eq!(verify(), fine);
    gateway.world.state().breaches = vec![breach(month())];
    let found = verify();
    assert_eq!(
        (&found["balanced"], &found["breaches"][0]["sum"]),
        (&json!(false), &json!("entries"))
    );
    assert_eq!(found["breaches"][0]["account"]["id"], month().name());
    assert_eq!(found["breaches"][0]["kept_nanos"], 30);
    assert_eq!(found["breaches"][0]["summed_usd"], "0.000000025");
    assert_eq!(gateway.world.state().stopped, [breach(month())]);
    let shown = gateway.ok("GET", ACCOUNTS, "").body;
    let frozen: Vec<_> = (0..3).map(|at| shown["data"][at]["frozen"].clone()).collect();
    assert_eq!(frozen, [true, true, false], "every account of the scope");
    let own: Vec<_> =
        (0..3).map(|at| shown["data"][at]["breaches"].as_array().unwrap().len()).collect();
    assert_eq!(own, [1, 0, 0]);

    // While something is wrong every look is a whole one, and a store that is away frees nobody.
    block_on(gateway.control.verify_ledger(false)).unwrap();
    gateway.world.down.store(true, Ordering::SeqCst);
    assert_eq!(block_on(gateway.control.verify_ledger(false)).unwrap_err().entry.status, 503);
    gateway.world.down.store(false, Ordering::SeqCst);
    assert_eq!(gateway.world.state().stopped.len(), 1);
    gateway.world.state().breaches.clear();
    block_on(gateway.control.verify_ledger(false)).unwrap();
    block_on(gateway.control.verify_ledger(false)).unwrap();
    assert_eq!(gateway.world.state().looks, [true, true, true, true, false]);
    assert!(gateway.world.state().stopped.is_empty());
    assert_eq!(gateway.call("POST", VERIFY, r#"{"whole":true}"#).status, 400);
}

#[test]
fn an_entry_is_corrected_in_part_or_whole_with_its_line_in_the_audit_log() {
    let gateway = with_orphan();
    let body =
        json!({"entry_id": "entry_7", "amount_usd": "-0.00000003", "reason": " Not billed. "});
    let made = correct(&gateway, &body);
    assert_eq!(made.status, 200, "{}", made.body);
    let entry = gateway.world.state().audit.last().unwrap().clone();
    let expected = json!({
        "object": "tollgate.ledger.correction", "id": entry.id.as_str(),
        "created_at": crate::world::NOON, "entry_id": "entry_7", "account_id": null,
        "amount_usd": "-0.00000003", "amount_nanos": -30, "trust": null,
        "reason": "Not billed.", "breaches": [],
    });
    assert_eq!(made.body, expected);
    assert_eq!(entry.event, "ledger.corrected");
    let Actor::AdminKey(key) = &entry.actor else { panic!("{entry:?}") };
    let payload: Value = serde_json::from_str(&entry.payload).unwrap();
    let data = json!({"amount_nanos": -30, "trust": null, "reason": "Not billed."});
    assert_eq!((&payload["id"], &payload["data"]), (&json!("entry_7"), &data));
    // Without an amount, all of it.
    correct(&gateway, &json!({"entry_id": "entry_7", "reason": "r"}));
    let state = gateway.world.state();
    assert_eq!(state.corrections[0].author, key.as_str());
    assert_eq!(state.corrections[1].remedy, Remedy::Entry { place: 7, amount: Nanos(-40) });
}

#[test]
fn an_account_is_corrected_by_an_amount_or_by_the_side_to_trust() {
    let gateway = Gateway::start();
    gateway.world.state().ledger = vec![state(month())];
    let name = month().name();
    let up = json!({"account_id": name, "amount_nanos": 12, "reason": "r"});
    assert_eq!(correct(&gateway, &up).status, 200);
    let trust = json!({"account_id": name, "trust": "entries", "reason": "r"});
    assert_eq!(correct(&gateway, &trust).refusal(), (409, "conflict", ""), "nothing to settle");
    gateway.world.state().breaches = vec![breach(month())];
    let leases = json!({"account_id": name, "trust": "leases", "reason": "r"});
    assert_eq!(correct(&gateway, &leases).refusal().0, 409, "the leases agree");
    let made = correct(&gateway, &trust);
    assert_eq!((&made.body["amount_nanos"], &made.body["trust"]), (&json!(5), &json!("entries")));
    assert_eq!(made.body["breaches"], json!([]), "it was looked at again");
    let state = gateway.world.state();
    let account = month();
    let balance =
        Remedy::Balance { account, difference: Nanos(5), trust: Trust::Entries, after: 0 };
    assert_eq!(state.corrections[1].remedy, balance);
    assert!(state.stopped.is_empty());
    assert_eq!(state.audit.last().unwrap().project.as_ref().unwrap().as_str(), "proj_1");
}

#[test]
fn case_55_a_correction_is_refused_by_name_and_changes_nothing() {
    let gateway = with_orphan();
    let name = month().name();
    let of_entry = |more: Value| merged(json!({"entry_id": "entry_7", "reason": "r"}), more);
    let of_account = |more: Value| merged(json!({"account_id": name, "reason": "r"}), more);
    for (body, expected) in [
        (json!({"entry_id": "entry_7"}), (400, "missing_required_parameter", "reason")),
        (json!({"reason": "r"}), (400, "missing_required_parameter", "entry_id")),
        (of_account(json!({})), (400, "missing_required_parameter", "amount_usd")),
        (of_entry(json!({"entry_id": "7"})), (400, "invalid_value", "entry_id")),
        (of_entry(json!({"account_id": name})), (400, "invalid_value", "account_id")),
        (of_entry(json!({"trust": "entries"})), (400, "invalid_value", "trust")),
        (of_entry(json!({"amount_usd": "1e9"})), (400, "invalid_value", "amount_usd")),
        (of_entry(json!({"amount_usd": "--1"})), (400, "invalid_value", "amount_usd")),
        (of_entry(json!({"amount_usd": -1})), (400, "invalid_value", "amount_usd")),
        (of_entry(json!({"amount_nanos": 1.5})), (400, "invalid_value", "amount_nanos")),
        (
            of_entry(json!({"amount_usd": "1", "amount_nanos": 1})),
            (400, "invalid_value", "amount_nanos"),
        ),
        (of_entry(json!({"force": true})), (400, "unknown_field", "force")),
        (of_entry(json!({"reason": " "})), (400, "invalid_value", "reason")),
        (of_account(json!({"account_id": "proj_1"})), (400, "invalid_value", "account_id")),
        (of_account(json!({"trust": "me"})), (400, "invalid_value", "trust")),
        (
            of_account(json!({"trust": "posted", "amount_nanos": 1})),
            (400, "invalid_value", "trust"),
        ),
        (of_entry(json!({"entry_id": "entry_6"})), (404, "not_found", "")),
        (of_entry(json!({"entry_id": "entry_9223372036854775807"})), (404, "not_found", "")),
    ] {
        let reply = correct(&gateway, &body);
        assert_eq!(reply.refusal(), expected, "{body}: {}", reply.body);
    }
    // More than the entry cost, nothing, or of the wrong sign: its cost is named.
    for amount in [-41, 0, 1] {
        let reply = correct(&gateway, &of_entry(json!({"amount_nanos": amount})));
        assert_eq!(reply.refusal(), (409, "conflict", ""), "{amount}");
        let message = reply.text("/error/message");
        assert!(message.starts_with("'entry_7' cost $0.00000004: "), "{message}");
    }
    assert!(gateway.world.state().corrections.is_empty());
    assert!(!gateway.world.events().contains(&"ledger.corrected"));
}

fn merged(mut body: Value, more: Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}
