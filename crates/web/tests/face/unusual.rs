//! The watch over keys: what is unusual for one, and what follows from it.

use std::collections::BTreeSet;

use domain::{Cost, KeySeen, Nanos, UsageRow};
use serde_json::json;

use crate::gateway::Gateway;
use crate::world::{NOON, block_on};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
const ME: &str = "/tollgate/v1/me";

struct Watched {
    gateway: Gateway,
    id: String,
    value: String,
}

impl Watched {
    fn new(rules: &str) -> Self {
        let gateway = Gateway::start();
        gateway.ok("POST", "/tollgate/v1/key_rules", rules);
        let (id, value) = gateway.new_key(r#"{"name":"app"}"#);
        Self { gateway, id, value }
    }

    /// A minute in which the key was used so.
    fn look(&self, network: &str, model: &str) -> usize {
        let seen = KeySeen {
            key: self.id.as_str().into(),
            project: self.gateway.project.as_str().into(),
            network: network.into(),
            model: Some(model.into()),
        };
        block_on(self.gateway.control.watch_keys(&BTreeSet::from([seen]))).unwrap()
    }

    /// So much in the hour that begins then.
    fn spent(&self, start: i64, dollars: i64, requests: u64) {
        let part = Nanos(dollars * 1_000_000_000);
        let cost = Cost { output: part, ..Cost::default() };
        let row = UsageRow { key: Some(self.id.clone()), requests, cost, ..UsageRow::default() };
        self.gateway.world.state().usage.insert(start, row);
    }

    fn status(&self) -> u16 {
        self.gateway.call_as(&self.value, "GET", ME, "").status
    }

    fn told(&self) -> usize {
        self.gateway.world.state().outbox.len()
    }
}

#[test]
fn a_new_network_and_a_new_model_are_told_of_once_after_a_week() {
    let it = Watched::new(r#"{"recipients":["a@example.com"]}"#);
    assert_eq!(it.look("10.1.1.0/24", "gpt-4o"), 0);
    it.gateway.world.pass(3 * DAY);
    assert_eq!(it.look("10.1.2.0/24", "gpt-4o"), 0, "learnt");
    it.gateway.world.pass(4 * DAY);
    assert_eq!(it.look("10.1.2.0/24", "gpt-4o"), 0, "known");
    assert_eq!(it.look("203.0.113.0/24", "gpt-4o"), 1);
    assert_eq!(it.look("203.0.113.0/24", "gpt-4o"), 0, "once");
    assert_eq!(it.look("203.0.113.0/24", "o3-pro"), 1);
    assert_eq!((it.told(), it.status()), (2, 200));
    let message = format!("{:?}", it.gateway.world.state().outbox[0]);
    assert!(message.contains("it was used from 203.0.113.0/24, for the first time"), "{message}");
}

#[test]
fn a_sudden_burst_pauses_where_the_policy_says_so_until_somebody_resumes_the_key() {
    let it = Watched::new(r#"{"unusual_spend":"pause","unusual_requests":"off"}"#);
    it.gateway.world.pass(10 * DAY);
    // Half a dollar an hour would do; a dollar is easier to add up.
    for hour in 24..10 * 24 - 2 {
        it.spent(NOON + hour * HOUR, 1, 10);
    }
    assert_eq!(it.look("10.1.1.0/24", "gpt-4o"), 0);
    it.spent(NOON + 10 * DAY - 60, 14, 900);
    assert_eq!(it.look("10.1.1.0/24", "gpt-4o"), 1);
    let refused = it.gateway.call_as(&it.value, "GET", ME, "");
    assert_eq!(refused.refusal(), (401, "key_paused", ""));
    let path = format!("/tollgate/v1/projects/{}/api_keys/{}", it.gateway.project, it.id);
    let shown = it.gateway.get(&path).body["suspended"].clone();
    assert_eq!(shown["reason"], "unusual");
    let note = shown["note"].as_str().unwrap();
    assert!(note.contains("$14.00") && note.contains("14 × its usual hour ($1.00"), "{note}");
    assert_eq!(it.gateway.world.events().last(), Some(&"api_key.unusual_use"));

    it.gateway.ok("POST", &format!("{path}/resume"), "");
    assert_eq!(it.status(), 200);
    // Whoever resumed it has seen that hour.
    assert_eq!(it.look("10.1.1.0/24", "gpt-4o"), 0);
    assert_eq!(it.status(), 200);
}

#[test]
fn an_alert_lets_calls_go_on_and_comes_once_a_day() {
    let it = Watched::new("{}");
    it.gateway.world.pass(10 * DAY);
    for hour in 24..10 * 24 - 2 {
        it.spent(NOON + hour * HOUR, 1, 10);
    }
    it.spent(NOON + 10 * DAY - 60, 14, 10);
    assert_eq!((it.look("10.1.1.0/24", "gpt-4o"), it.status()), (1, 200));
    assert_eq!((it.look("10.1.1.0/24", "gpt-4o"), it.told()), (0, 1));
}

#[test]
fn what_is_off_is_not_told_and_small_amounts_read_no_past() {
    let off = json!({"unusual_network": "off", "unusual_model": "off", "unusual_spend": "off",
        "unusual_requests": "off"});
    let it = Watched::new(&off.to_string());
    it.look("10.1.1.0/24", "gpt-4o");
    it.gateway.world.pass(10 * DAY);
    for hour in 24..10 * 24 - 2 {
        it.spent(NOON + hour * HOUR, 1, 10);
    }
    it.spent(NOON + 10 * DAY - 60, 4, 499);
    it.gateway.world.state().questions.clear();
    assert_eq!(it.look("203.0.113.0/24", "o3-pro"), 0);
    assert_eq!(it.gateway.world.state().questions.len(), 1, "the last hour alone");
    it.spent(NOON + 10 * DAY - 60, 140, 99_000);
    assert_eq!(it.look("203.0.113.0/24", "o3-pro"), 0);
    assert_eq!(it.told(), 0);
}
