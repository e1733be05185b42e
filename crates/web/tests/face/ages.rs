//! Age and idleness of keys, day by day.

use crate::gateway::Gateway;
use crate::world::{NOON, block_on};
use serde_json::json;

const DAY: i64 = 86_400;
const RULES: &str = "/tollgate/v1/key_rules";

fn look(gateway: &Gateway) -> usize {
    block_on(gateway.control.look_after_ages()).unwrap()
}

fn mails(gateway: &Gateway) -> usize {
    gateway.world.state().outbox.len()
}

#[test]
fn an_old_key_is_warned_of_once_and_then_out_of_use_until_it_is_rotated() {
    let gateway = Gateway::start();
    gateway.ok("POST", RULES, r#"{"max_age_days":30,"recipients":["a@example.com"]}"#);
    let (id, value) = gateway.new_key(r#"{"name":"app"}"#);
    gateway.world.pass(22 * DAY);
    assert_eq!((look(&gateway), mails(&gateway)), (0, 0));
    gateway.world.pass(DAY);
    assert_eq!((look(&gateway), mails(&gateway)), (1, 1));
    gateway.world.pass(DAY);
    assert_eq!((look(&gateway), mails(&gateway)), (0, 1), "once");
    gateway.world.pass(6 * DAY);
    assert_eq!((look(&gateway), mails(&gateway)), (1, 2));
    let refused = gateway.call_as(&value, "GET", "/tollgate/v1/me", "");
    assert_eq!(refused.refusal(), (401, "key_retired", ""));
    let path = format!("/tollgate/v1/projects/{}/api_keys/{id}", gateway.project);
    let shown = gateway.get(&path).body["suspended"].clone();
    assert_eq!((&shown["reason"], &shown["at"]), (&json!("too_old"), &json!(NOON + 30 * DAY)));
    assert_eq!(look(&gateway), 0);

    // A new secret is a new beginning.
    let new = gateway.ok("POST", &format!("{path}/rotate"), r#"{"grace_seconds":0}"#);
    let new = new.text("/value");
    assert_eq!(gateway.call_as(&new, "GET", "/tollgate/v1/me", "").status, 200);
    assert_eq!(look(&gateway), 0);
}

#[test]
fn an_idle_key_is_out_of_use_until_it_is_resumed() {
    let gateway = Gateway::start();
    let rules = format!("/tollgate/v1/projects/{}/key_rules", gateway.project);
    gateway.ok("POST", &rules, r#"{"idle_days":10,"remind_days":3}"#);
    let (id, value) = gateway.new_key("{}");
    gateway.world.pass(7 * DAY);
    assert_eq!(look(&gateway), 1);
    // Somebody used it after the warning.
    let used = domain::Timestamp::from_seconds(NOON + 7 * DAY);
    gateway.world.state().keys.last_mut().unwrap().secrets[0].last_used_at = Some(used);
    gateway.world.pass(3 * DAY);
    assert_eq!(look(&gateway), 0);
    gateway.world.pass(7 * DAY);
    assert_eq!(look(&gateway), 1);
    let refused = || gateway.call_as(&value, "GET", "/tollgate/v1/me", "");
    assert_eq!(refused().refusal().1, "key_retired");
    assert_eq!(gateway.world.events().last(), Some(&"api_key.suspended"));
    let resume = format!("/tollgate/v1/projects/{}/api_keys/{id}/resume", gateway.project);
    gateway.ok("POST", &resume, "");
    assert_eq!(refused().status, 200);
    assert_eq!(look(&gateway), 0, "it has a week");
}

#[test]
fn without_a_rule_no_key_is_looked_at() {
    let gateway = Gateway::start();
    gateway.new_key("{}");
    gateway.world.pass(4_000 * DAY);
    assert_eq!((look(&gateway), mails(&gateway)), (0, 0));
}

#[test]
fn the_age_of_a_keys_secret_is_in_its_list() {
    let gateway = Gateway::start();
    let (id, _) = gateway.new_key("{}");
    gateway.world.pass(9 * DAY);
    let path = format!("/tollgate/v1/projects/{}/api_keys/{id}", gateway.project);
    gateway.ok("POST", &format!("{path}/rotate"), "{}");
    let row = gateway.get(&gateway.keys()).body["data"][0].clone();
    assert_eq!(
        (&row["created_at"], &row["secret_created_at"]),
        (&json!(NOON), &json!(NOON + 9 * DAY))
    );
}
