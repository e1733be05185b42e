//! Age and idleness of keys, day by day.

use std::sync::{Arc, Mutex};

use domain::ports::BoxFuture;
use domain::{KeyId, Message, RotationRule, Secret, SecretHandlers};
use serde_json::json;
use web::Api;

use crate::gateway::Gateway;
use crate::world::{NOON, block_on};

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
fn a_reminder_goes_by_mail_and_to_the_webhook_and_says_until_when() {
    let gateway = Gateway::start();
    gateway.ok(
        "POST",
        RULES,
        r#"{"max_age_days":30,"remind_days":5,"recipients":["a@example.com"],
            "webhook_url":"https://hooks.example.com/x"}"#,
    );
    let (id, _) = gateway.new_key(r#"{"name":"app"}"#);
    gateway.world.pass(25 * DAY);
    assert_eq!((look(&gateway), look(&gateway)), (1, 0));
    let state = gateway.world.state();
    let (mut mails, mut hooks) = (Vec::new(), Vec::new());
    for waiting in &state.outbox {
        match &waiting.delivery.message {
            Message::Email { to, subject, text, .. } => mails.push((to, subject, text)),
            Message::Webhook { url, body, .. } => hooks.push((url, body)),
        }
    }
    assert_eq!((mails.len(), hooks.len()), (1, 1));
    let (to, subject, text) = mails[0];
    assert!(to == "a@example.com" && subject.contains("app"), "{subject}");
    let (url, body) = hooks[0];
    let body: serde_json::Value = serde_json::from_str(body.as_str()).unwrap();
    assert_eq!(
        (url.as_str(), &body["type"]),
        ("https://hooks.example.com/x", &json!("api_key.reminder"))
    );
    assert!(text.contains(&id) && body["data"].to_string().contains(&id), "{text} {body}");
    assert!(text.contains("in 5 days") && text.contains("tollgate keys rotate"), "{text}");
    assert_eq!(body["data"]["ends_at"], NOON + 30 * DAY);
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

/// Takes the secrets of one key, or fails.
#[derive(Default)]
struct Taker {
    key: Mutex<Option<KeyId>>,
    fails: Mutex<bool>,
    taken: Mutex<Vec<String>>,
}

impl SecretHandlers for Taker {
    fn rule(&self, key: &KeyId) -> Option<RotationRule> {
        let rule = RotationRule { every_seconds: Some(30 * DAY), grace_seconds: 600 };
        self.keys().contains(key).then_some(rule)
    }

    fn keys(&self) -> Vec<KeyId> {
        self.key.lock().unwrap().iter().cloned().collect()
    }

    fn hand_over<'a>(
        &'a self,
        _: &'a KeyId,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), String>> {
        self.taken.lock().unwrap().push(secret.expose().to_owned());
        let fails = *self.fails.lock().unwrap();
        Box::pin(std::future::ready(if fails { Err("it is away".into()) } else { Ok(()) }))
    }
}

fn with_taker() -> (Gateway, Arc<Taker>) {
    let taker = Arc::<Taker>::default();
    let Gateway { world, control, api, admin, project } = Gateway::start();
    drop(api);
    let control = Arc::into_inner(control).expect("the one control");
    let control = Arc::new(control.with_secret_handlers(taker.clone()));
    (Gateway { api: Api::new(control.clone()), world, control, admin, project }, taker)
}

#[test]
fn a_key_with_a_handler_is_rotated_on_its_day_and_its_old_secret_ends_after_the_grace() {
    let (gateway, taker) = with_taker();
    gateway.ok("POST", RULES, r#"{"max_age_days":400}"#);
    let (id, old) = gateway.new_key("{}");
    *taker.key.lock().unwrap() = Some(id.as_str().into());
    let status = |secret: &str| gateway.call_as(secret, "GET", "/tollgate/v1/me", "").status;
    let hand_over = || block_on(gateway.control.hand_over_due()).unwrap();
    gateway.world.pass(29 * DAY);
    assert_eq!((look(&gateway), hand_over()), (0, 0));
    gateway.world.pass(DAY);
    assert_eq!(look(&gateway), 1);
    assert_eq!(look(&gateway), 0, "one at a time");

    *taker.fails.lock().unwrap() = true;
    assert_eq!((hand_over(), mails(&gateway)), (0, 1));
    assert_eq!(hand_over(), 0, "not before its pause is over");
    assert_eq!(status(&old), 200, "the old one works on");
    gateway.world.pass(5);
    assert_eq!((hand_over(), mails(&gateway)), (0, 1), "told once");
    *taker.fails.lock().unwrap() = false;
    gateway.world.pass(60);
    assert_eq!(hand_over(), 1);
    let taken = taker.taken.lock().unwrap().clone();
    assert!(taken.len() == 3 && taken.iter().all(|it| *it == taken[0]), "the same each time");
    assert_eq!((status(&taken[0]), status(&old)), (200, 200));
    gateway.world.pass(600);
    assert_eq!((status(&taken[0]), status(&old)), (200, 401));
    assert!(gateway.world.state().handovers.is_empty());
}
