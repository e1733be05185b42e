//! Leaks, honeytokens and the rules of keys.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::world::NOON;

const CHECK: &str = "/tollgate/v1/leaks/check";
const REVOKE: &str = "/tollgate/v1/leaks/revoke";
const RULES: &str = "/tollgate/v1/key_rules";

fn token(value: &str) -> String {
    json!({ "token": value }).to_string()
}

#[test]
fn a_live_key_is_known_and_never_repeated() {
    let gateway = Gateway::start();
    let (id, value) = gateway.new_key(r#"{"name":"app","networks":["10.0.0.0/8"]}"#);
    let reply = gateway.ok("POST", CHECK, &token(&value));
    assert_eq!(
        reply.body,
        json!({
            "object": "tollgate.leak_check", "ours": true, "live": true, "status": "live",
            "api_key_id": id, "name": "app", "project_id": gateway.project,
            "redacted_value": format!("sk-tg-...{}", &value[value.len() - 4..]),
        })
    );
    assert!(!reply.body.to_string().contains(&value[6..]));
    gateway.ok("DELETE", &format!("{}/{id}", gateway.keys()), "");
    let reply = gateway.ok("POST", CHECK, &token(&value));
    assert_eq!((reply.text("/status"), &reply.body["live"]), ("revoked".to_owned(), &json!(false)));
}

#[test]
fn what_is_no_key_of_ours_costs_no_look_up() {
    let gateway = Gateway::start();
    let stranger = vault::key::mint(domain::KeyKind::Project);
    for (value, looks) in [("", 1), ("sk-proj-abc", 1), ("sk-tg-short", 1), (stranger.expose(), 2)]
    {
        let before = gateway.world.lookups.load(std::sync::atomic::Ordering::SeqCst);
        let reply = gateway.ok("POST", CHECK, &token(value));
        let after = gateway.world.lookups.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(reply.text("/status"), "unknown", "{value}");
        assert_eq!((&reply.body["ours"], after - before), (&json!(false), looks), "{value}");
    }
}

#[test]
fn a_projects_key_may_speak_of_itself_and_of_no_other() {
    let gateway = Gateway::start();
    let (id, own) = gateway.new_key("{}");
    let (_, other) = gateway.new_key("{}");
    for body in ["", "{}", &token(&own)] {
        let reply = gateway.call_as(&own, "POST", CHECK, body);
        assert_eq!((reply.status, reply.text("/api_key_id")), (200, id.clone()), "{body}");
    }
    for path in [CHECK, REVOKE] {
        let reply = gateway.call_as(&own, "POST", path, &token(&other));
        assert_eq!(reply.refusal(), (401, "permission_denied", "token"));
    }
    assert_eq!(gateway.ok("POST", CHECK, &token(&other)).text("/status"), "live");
    let reply = gateway.call_as(&own, "POST", REVOKE, "{}");
    assert_eq!((reply.status, reply.text("/status")), (200, "leaked".to_owned()));
    assert_eq!(gateway.call_as(&own, "POST", CHECK, "{}").refusal().1, "key_revoked");
}

#[test]
fn a_revocation_ends_that_secret_alone_tells_its_owners_and_is_on_record() {
    let gateway = Gateway::start();
    gateway.ok("POST", RULES, r#"{"recipients":["sec@example.com"]}"#);
    let (id, old) = gateway.new_key(r#"{"name":"app"}"#);
    let path = format!("/tollgate/v1/projects/{}/api_keys/{id}", gateway.project);
    let new = gateway.ok("POST", &format!("{path}/rotate"), "{}").text("/value");
    assert_eq!(gateway.ok("POST", REVOKE, &token(&old)).text("/status"), "leaked");
    assert_eq!(gateway.ok("POST", CHECK, &token(&new)).text("/status"), "live");
    let refused = gateway.call_as(&old, "GET", "/tollgate/v1/me", "");
    assert_eq!(refused.refusal().1, "key_revoked");
    assert!(refused.text("/error/message").contains("key-hygiene.md"));
    let detail = gateway.get(&path).body;
    assert_eq!(detail["secrets"][1]["leaked_at"], NOON);
    assert_eq!(detail["secrets"][0]["leaked_at"], Value::Null);

    // Again it changes nothing, and tells nobody twice.
    gateway.ok("POST", REVOKE, &token(&old));
    let state = gateway.world.state();
    let leaked = state.audit.iter().filter(|line| line.event == "api_key.leaked").count();
    assert_eq!((leaked, state.outbox.len(), state.leaks.len()), (1, 1, 1));
    let message = format!("{:?}", state.outbox[0]);
    assert!(message.contains("sec@example.com") && message.contains(&id), "{message}");
    assert!(!message.contains(&old[6..]) && !format!("{:?}", state.audit).contains(&old[6..]));
    drop(state);
    let leaks = gateway.get("/tollgate/v1/leaks").body;
    assert_eq!(
        (&leaks["data"][0]["action"], &leaks["data"][0]["reporter"]),
        (&json!("revoked"), &json!("admin"))
    );
}

#[test]
fn a_false_alarm_can_be_taken_back() {
    let gateway = Gateway::start();
    let (id, value) = gateway.new_key("{}");
    gateway.ok("POST", REVOKE, &token(&value));
    let path = format!("/tollgate/v1/projects/{}/api_keys/{id}/resume", gateway.project);
    gateway.ok("POST", &path, r#"{"even_leaked":true}"#);
    assert_eq!(gateway.world.events().last(), Some(&"api_key.resumed"));
}

#[test]
fn nobody_tries_keys_by_the_thousand() {
    let gateway = Gateway::start();
    let body = token("sk-tg-x");
    for _ in 0..600 {
        gateway.ok("POST", CHECK, &body);
    }
    let reply = gateway.call_as(&gateway.admin, "POST", CHECK, &body);
    assert_eq!(reply.refusal(), (429, "rate_limit_exceeded", ""));
    assert_eq!(reply.header("retry-after"), "60");
    gateway.world.pass(60);
    gateway.ok("POST", CHECK, &body);
}

#[test]
fn what_the_operator_sets_at_every_start_is_not_ended_here() {
    let gateway = Gateway::start();
    let key = "an-operators-own-admin-key-of-forty-characters";
    crate::world::block_on(gateway.control.register_admin_key(key.into())).unwrap();
    let reply = gateway.call_as(&gateway.admin, "POST", REVOKE, &token(key));
    assert_eq!(reply.refusal(), (409, "managed_by_file", ""));
    assert_eq!(gateway.ok("POST", CHECK, &token(key)).text("/status"), "live");
}

#[test]
fn reports_are_no_path_where_nobody_set_them_up() {
    let gateway = Gateway::start();
    let reply = gateway.call_as("", "POST", "/tollgate/v1/leaks/report", "[]");
    assert_eq!(reply.refusal(), (404, "not_found", ""));
}

#[test]
fn a_honeytoken_is_a_wrong_key_to_whoever_shows_it_and_an_alarm_to_its_owners() {
    let gateway = Gateway::start();
    gateway.ok("POST", RULES, r#"{"webhook_url":"https://hooks.example.com/x"}"#);
    let made = gateway.ok("POST", "/tollgate/v1/honeytokens", r#"{"name":"in the wiki"}"#);
    assert_eq!(made.header("cache-control"), "no-store");
    let (id, value) = (made.text("/id"), made.text("/value"));
    let stranger = vault::key::mint(domain::KeyKind::Project);

    let path = "/v1/organization/projects";
    let trap = gateway.call_as(&value, "GET", path, "");
    let wrong = gateway.call_as(stranger.expose(), "GET", path, "");
    let masked = |text: String| text.split("sk-tg-...").next().unwrap().to_owned();
    assert_eq!(trap.refusal(), wrong.refusal());
    assert_eq!(masked(trap.text("/error/message")), masked(wrong.text("/error/message")));
    let names = |reply: &crate::gateway::Reply| {
        reply.headers.keys().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(names(&trap), names(&wrong));

    let tell = || crate::world::block_on(gateway.control.tell_of_trips(vec![])).unwrap();
    assert_eq!(tell(), 1);
    // The same address within the hour is no news.
    gateway.call_as(&value, "GET", path, "");
    assert_eq!(tell(), 0);
    let state = gateway.world.state();
    let line = state.audit.iter().find(|line| line.event == "honeytoken.used").unwrap();
    assert!(line.payload.contains(path) && line.address.as_deref() == Some("127.0.0.1"));
    assert_eq!(state.outbox.len(), 1);
    assert!(!format!("{:?} {:?}", state.outbox, state.audit).contains(&value[6..]));
    drop(state);
    assert_eq!(gateway.ok("POST", CHECK, &token(&value)).text("/status"), "honeytoken");
    gateway.ok("DELETE", &format!("/tollgate/v1/honeytokens/{id}"), "");
    assert_eq!(gateway.ok("POST", CHECK, &token(&value)).text("/status"), "unknown");
}

#[test]
fn rules_are_set_and_taken_back_field_by_field() {
    let gateway = Gateway::start();
    let own = format!("/tollgate/v1/projects/{}/key_rules", gateway.project);
    let made = gateway.ok(
        "POST",
        &own,
        r#"{"leak_response":"alert","max_age_days":90,"unusual_spend":"pause",
            "recipients":["a@example.com"],"webhook_url":"https://hooks.example.com/x"}"#,
    );
    assert!(made.text("/webhook_secret").starts_with("whsec_"));
    assert_eq!(made.header("cache-control"), "no-store");
    let again = gateway.ok("POST", &own, r#"{"leak_response":null,"idle_days":30}"#);
    assert_eq!(
        again.body,
        json!({
            "object": "tollgate.key_rules", "project_id": gateway.project, "leak_response": null,
            "max_age_days": 90, "idle_days": 30, "remind_days": null, "unusual_network": null,
            "unusual_model": null, "unusual_spend": "pause", "unusual_requests": null,
            "recipients": ["a@example.com"], "webhook_url": "https://hooks.example.com/x",
        })
    );
    assert_eq!(gateway.get(&own).body, again.body);
    assert_eq!(gateway.get(RULES).body["idle_days"], Value::Null);
    for (body, field) in [
        (r#"{"leak_response":"ignore"}"#, "leak_response"),
        (r#"{"max_age_days":0}"#, "max_age_days"),
        (r#"{"recipients":["nobody"]}"#, "recipients"),
        (r#"{"webhook_url":"http://10.0.0.1/"}"#, "webhook_url"),
        (r#"{"command":["sh"]}"#, "command"),
    ] {
        let reply = gateway.call_as(&gateway.admin, "POST", RULES, body);
        assert_eq!((reply.status, reply.refusal().2), (400, field), "{body}");
    }
}
