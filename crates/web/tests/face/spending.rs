//! Spend limits and alerts, in OpenAI's shapes and in ours.

use crate::gateway::{Gateway, Reply};
use crate::world::block_on;
use control::{DeclaredLimit, DeclaredScope};
use domain::{Balance, Calendar, LimitRules, Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};
use serde_json::{Value, json};

const OURS: &str = "/tollgate/v1/limits";
const ORGANIZATION: &str = "/v1/organization/spend_limit";
/// 2026-03-01 and 2026-04-01: the month of the world's clock.
const MARCH: i64 = 1_772_323_200;
const APRIL: i64 = 1_775_001_600;

fn of_project(gateway: &Gateway, thing: &str) -> String {
    format!("/v1/organization/projects/{}/{thing}", gateway.project)
}

fn cents(amount: i64) -> String {
    json!({"threshold_amount": amount, "currency": "USD", "interval": "month"}).to_string()
}

fn balance(posted: i64, held: i64) -> Balance {
    let period = PeriodKind::Month.around(Timestamp::from_seconds(crate::world::NOON));
    Balance { posted: Nanos(posted), held: Nanos(held), ..Balance::empty(period) }
}

fn spend(gateway: &Gateway, kind: ScopeKind, id: &str, balance: Balance) {
    let scope = ScopeId { kind, id: id.to_owned() };
    gateway.world.state().balances.insert(scope, vec![balance]);
}

fn put(gateway: &Gateway, body: &Value) -> Reply {
    gateway.call("PUT", OURS, &body.to_string())
}

/// A refusal that must have changed nothing and told nobody.
fn refused(gateway: &Gateway, reply: &Reply, expected: (u16, &str, &str)) {
    assert_eq!(reply.refusal(), expected, "{}", reply.body);
    let state = gateway.world.state();
    assert!(state.limits.is_empty() && state.alerts.is_empty() && state.limits_told.is_empty());
    assert!(state.audit.iter().all(|entry| !entry.event.starts_with("spend")));
}

#[test]
fn a_projects_spend_limit_is_made_replaced_and_deleted() {
    let gateway = Gateway::start();
    let path = of_project(&gateway, "spend_limit");
    assert_eq!(gateway.get(&path).refusal(), (404, "not_found", ""));
    gateway.ok("POST", &path, &cents(1));
    let made = gateway.ok("POST", &path, &cents(5000));
    let shape = |status: &str| {
        json!({ "object": "project.spend_limit", "threshold_amount": 5000, "currency": "USD",
                "interval": "month", "enforcement": { "status": status } })
    };
    assert_eq!(made.body, shape("inactive"));
    // The data plane is told each time, and the audit log has each change.
    assert_eq!(gateway.world.state().limits_told.len(), 2);
    assert_eq!(gateway.world.events().last(), Some(&"spend_limit.updated"));
    let entry = gateway.world.state().audit.last().unwrap().clone();
    assert_eq!(entry.project.unwrap().as_str(), gateway.project);

    let project = gateway.project.clone();
    spend(&gateway, ScopeKind::Project, &project, balance(49_999_999_999, 0));
    assert_eq!(gateway.ok("GET", &path, "").body, shape("inactive"));
    spend(&gateway, ScopeKind::Project, &project, balance(49_999_999_999, 1));
    assert_eq!(gateway.ok("GET", &path, "").body, shape("enforcing"));
    let refusing = Balance { refusing: true, ..balance(5, 0) };
    spend(&gateway, ScopeKind::Project, &project, refusing);
    assert_eq!(gateway.ok("GET", &path, "").body, shape("enforcing"));

    let deleted = gateway.ok("DELETE", &path, "");
    assert_eq!(deleted.body, json!({ "object": "project.spend_limit.deleted", "deleted": true }));
    assert_eq!(gateway.world.events().last(), Some(&"spend_limit.deleted"));
    assert_eq!(gateway.call("DELETE", &path, "").refusal(), (404, "not_found", ""));
}

#[test]
fn the_organizations_limit_is_its_own() {
    let gateway = Gateway::start();
    let made = gateway.ok("POST", ORGANIZATION, &cents(7));
    assert_eq!(made.text("/object"), "organization.spend_limit");
    assert_eq!(gateway.get(&of_project(&gateway, "spend_limit")).status, 404);
    let deleted = gateway.ok("DELETE", ORGANIZATION, "");
    let expected = json!({ "object": "organization.spend_limit.deleted", "deleted": true });
    assert_eq!(deleted.body, expected);
}

#[test]
fn case_55_bad_monthly_amounts_are_refused_by_name_and_change_nothing() {
    let gateway = Gateway::start();
    let body = |amount: &str| {
        format!(r#"{{"threshold_amount":{amount},"currency":"USD","interval":"month"}}"#)
    };
    let bad = (400, "invalid_value", "threshold_amount");
    let missing = (400, "missing_required_parameter", "threshold_amount");
    for path in [ORGANIZATION.to_owned(), of_project(&gateway, "spend_limit")] {
        for (amount, expected) in [
            ("0", bad),
            ("-1", bad),
            ("1.5", bad),
            ("1e9", bad),
            ("1.0", bad),
            ("\"1e9\"", bad),
            ("\"500\"", bad),
            ("9223372036854775807", bad),
            ("922337203686", bad),
            ("99999999999999999999", bad),
            ("true", bad),
            ("[1]", bad),
            ("null", missing),
        ] {
            let reply = gateway.call("POST", &path, &body(amount));
            refused(&gateway, &reply, expected);
            let told = reply.text("/error/message").contains("a whole number of US cents");
            assert_eq!(told, expected == bad, "{amount}: {}", reply.body);
        }
        for (body, expected) in [
            (r#"{"currency":"USD","interval":"month"}"#, missing),
            (
                r#"{"threshold_amount":1,"interval":"month"}"#,
                (400, "missing_required_parameter", "currency"),
            ),
            (
                r#"{"threshold_amount":1,"currency":"EUR","interval":"month"}"#,
                (400, "invalid_value", "currency"),
            ),
            (
                r#"{"threshold_amount":1,"currency":"USD","interval":"day"}"#,
                (400, "invalid_value", "interval"),
            ),
            (
                r#"{"threshold_amount":1,"currency":"USD","interval":"month","hard":true}"#,
                (400, "unknown_field", "hard"),
            ),
        ] {
            refused(&gateway, &gateway.call("POST", &path, body), expected);
        }
    }
    let nowhere = "/v1/organization/projects/proj_nowhere/spend_limit";
    refused(&gateway, &gateway.call("POST", nowhere, &cents(5)), (404, "not_found", ""));
    gateway.ok("POST", ORGANIZATION, &cents(922_337_203_685));
}

#[test]
fn case_55_our_own_limits_take_zero_an_explicit_null_and_the_largest_amount() {
    let gateway = Gateway::start();
    let project = gateway.project.clone();
    let body = |amount: Value| {
        let mut body = json!({ "scope": { "type": "project", "id": project }, "period": "total" });
        let fields = body.as_object_mut().unwrap();
        fields.extend(amount.as_object().unwrap().clone());
        body
    };
    let amount = |amount: Value| {
        let reply = put(&gateway, &body(amount));
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body["amount_nanos"].as_i64()
    };
    // Nothing passes: that is what the limit says at once.
    assert_eq!(amount(json!({ "amount_usd": "0" })), Some(0));
    assert_eq!(gateway.ok("GET", OURS, "").text("/data/0/enforcement/status"), "enforcing");
    assert_eq!(amount(json!({ "amount_usd": "12.50" })), Some(12_500_000_000));
    assert_eq!(amount(json!({ "amount_nanos": i64::MAX })), Some(i64::MAX));
    // No limit, once and again.
    for _ in 0..2 {
        let reply = put(&gateway, &body(json!({ "amount_usd": null })));
        assert_eq!(reply.body, json!({ "object": "tollgate.limit.deleted", "deleted": true }));
        assert!(gateway.world.state().limits.is_empty());
    }
}

#[test]
fn case_55_bad_limits_of_ours_are_refused_by_name_and_change_nothing() {
    let gateway = Gateway::start();
    let scope = json!({ "type": "project", "id": gateway.project });
    let with = |name: &str, value: Value| {
        let mut body = json!({ "scope": scope, "period": "month", "amount_usd": "1" });
        body[name] = value;
        body
    };
    let amount = (400, "invalid_value", "amount_usd");
    for value in [
        json!("-1"),
        json!("1e9"),
        json!("1.0000000001"),
        json!("9223372036.854775808"),
        json!(""),
        json!(" 1"),
        json!(5),
        json!(0.5),
    ] {
        refused(&gateway, &put(&gateway, &with("amount_usd", value)), amount);
    }
    for (name, value, expected) in [
        ("amount_nanos", json!(1), (400, "invalid_value", "amount_nanos")),
        ("amount_nanos", json!(null), (400, "invalid_value", "amount_nanos")),
        ("period", json!("year"), (400, "invalid_value", "period")),
        ("period", json!(null), (400, "missing_required_parameter", "period")),
        ("currency", json!("EUR"), (400, "unknown_field", "currency")),
        ("unbounded", json!("maybe"), (400, "invalid_value", "unbounded")),
        ("clamp_output", json!("yes"), (400, "invalid_value", "clamp_output")),
        ("elastic", json!("yes"), (400, "invalid_value", "elastic")),
        ("default_max_output", json!(0), (400, "invalid_value", "default_max_output")),
        ("scope", json!(null), (400, "missing_required_parameter", "scope")),
        ("scope", json!("project"), (400, "invalid_value", "scope")),
        ("scope", json!({ "type": "team" }), (400, "invalid_value", "scope.type")),
        ("scope", json!({ "id": "x" }), (400, "missing_required_parameter", "scope.type")),
        ("scope", json!({ "type": "user" }), (400, "missing_required_parameter", "scope.id")),
        (
            "scope",
            json!({ "type": "organization", "kind": 1 }),
            (400, "unknown_field", "scope.kind"),
        ),
    ] {
        refused(&gateway, &put(&gateway, &with(name, value)), expected);
    }
    let missing = json!({ "scope": scope, "period": "month" });
    let expected = (400, "missing_required_parameter", "amount_usd");
    refused(&gateway, &put(&gateway, &missing), expected);
    for nanos in [json!(-1), json!(1.5), json!("1"), json!(u64::MAX)] {
        let body = json!({ "scope": scope, "period": "month", "amount_nanos": nanos });
        refused(&gateway, &put(&gateway, &body), (400, "invalid_value", "amount_nanos"));
    }
    for kind in ["api_key", "user", "project", "organization"] {
        let unknown = with("scope", json!({ "type": kind, "id": "nobody" }));
        refused(&gateway, &put(&gateway, &unknown), (404, "not_found", ""));
    }
}

#[test]
fn a_limit_of_ours_shows_what_was_spent_is_held_and_is_left() {
    let gateway = Gateway::start();
    let (key, _) = gateway.new_key("{}");
    let body = json!({
        "scope": { "type": "api_key", "id": key }, "period": "month", "amount_usd": "2.5",
        "clamp_output": false, "elastic": true, "unbounded": "allow", "default_max_output": 1000,
    });
    let spent = Balance { overage: Nanos(3), ..balance(1_000_000_000, 500_000_000) };
    spend(&gateway, ScopeKind::ApiKey, &key, spent);
    let reply = put(&gateway, &body);
    let limit = json!({
        "object": "tollgate.limit", "id": format!("api_key:{key}:month"),
        "scope": { "type": "api_key", "id": key }, "period": "month",
        "amount_usd": "2.5", "amount_nanos": 2_500_000_000_i64,
        "clamp_output": false, "elastic": true, "unbounded": "allow", "default_max_output": 1000,
        "time_zone": null, "anchor_day": 1, "source": "api", "updated_at": crate::world::NOON,
        "period_start": MARCH, "resets_at": APRIL,
        "spent_usd": "1.000000003", "spent_nanos": 1_000_000_003,
        "held_usd": "0.5", "held_nanos": 500_000_000,
        "left_usd": "0.999999997", "left_nanos": 999_999_997,
        "overage_usd": "0.000000003", "overage_nanos": 3, "overage_acknowledged": false,
        "enforcement": { "status": "inactive" },
    });
    assert_eq!(reply.body, limit);
    let listed = gateway.ok("GET", &format!("{OURS}?scope_type=api_key&scope_id={key}"), "");
    assert_eq!(listed.body["data"], json!([limit]));
    // Case 33: the flag is off once somebody has taken note, until there is more.
    let note = json!({ "scope": { "type": "api_key", "id": key } }).to_string();
    let noted = gateway.ok("POST", "/tollgate/v1/ledger/acknowledgements", &note);
    assert_eq!(noted.text("/object"), "tollgate.ledger.acknowledgement");
    assert_eq!(gateway.world.events().last(), Some(&"ledger.overage_acknowledged"));
    let flag = || {
        let target = format!("{OURS}?scope_type=api_key&scope_id={key}");
        gateway.ok("GET", &target, "").body["data"][0]["overage_acknowledged"].clone()
    };
    assert_eq!(flag(), true);
    let more = Balance { overage: Nanos(4), acknowledged: Nanos(3), ..spent };
    spend(&gateway, ScopeKind::ApiKey, &key, more);
    assert_eq!(flag(), false);
    let others = gateway.ok("GET", &format!("{OURS}?scope_type=organization"), "");
    assert_eq!(others.body["data"], json!([]));
    let unknown = gateway.get(&format!("{OURS}?scope_type=user&scope_id=nobody"));
    assert_eq!(unknown.refusal(), (404, "not_found", ""));

    let target = format!("{OURS}?scope_type=api_key&scope_id={key}");
    let refusal = gateway.call("DELETE", &target, "");
    assert_eq!(refusal.refusal(), (400, "missing_required_parameter", "period"));
    gateway.ok("DELETE", &format!("{target}&period=month"), "");
    assert_eq!(gateway.ok("GET", OURS, "").body["data"], json!([]));
}

#[test]
fn limits_are_listed_page_by_page() {
    let gateway = Gateway::start();
    for period in ["day", "month", "total"] {
        let body =
            json!({ "scope": { "type": "organization" }, "period": period, "amount_nanos": 1 });
        assert_eq!(put(&gateway, &body).status, 200);
    }
    let first = gateway.ok("GET", &format!("{OURS}?limit=2"), "");
    assert_eq!(
        (first.body["has_more"].as_bool(), first.body["data"][1].is_object()),
        (Some(true), true)
    );
    let after = first.text("/last_id");
    let rest = gateway.ok("GET", &format!("{OURS}?limit=2&after={after}"), "");
    assert_eq!(rest.text("/data/0/period"), "total");
    assert_eq!(rest.body["has_more"], json!(false));
}

#[test]
fn openais_limit_keeps_the_rules_that_it_has_no_word_for() {
    let gateway = Gateway::start();
    let body = json!({
        "scope": { "type": "organization" }, "period": "month", "amount_usd": "1",
        "clamp_output": false,
    });
    put(&gateway, &body);
    gateway.ok("POST", ORGANIZATION, &cents(500));
    let listed = gateway.ok("GET", OURS, "");
    assert_eq!(listed.body["data"][0]["clamp_output"], json!(false));
    assert_eq!(listed.text("/data/0/amount_usd"), "5");
}

#[test]
fn a_limit_of_the_config_file_is_shown_and_nobody_else_changes_it() {
    let gateway = Gateway::start();
    let declare = |amount: Option<i64>| {
        let limit = |amount| DeclaredLimit {
            place: "tollgate.toml:7".to_owned(),
            scope: DeclaredScope::Project("Default project".into()),
            period: PeriodKind::Month,
            amount: Nanos(amount),
            rules: LimitRules::default(),
            calendar: Calendar::default(),
        };
        block_on(gateway.control.declare_limits(amount.into_iter().map(limit).collect()))
    };
    declare(Some(5)).unwrap();
    let path = of_project(&gateway, "spend_limit");
    let ours = format!("{OURS}?scope_type=project&scope_id={}&period=month", gateway.project);
    let body = json!({ "scope": { "type": "project", "id": gateway.project }, "period": "month",
                       "amount_usd": null });
    let written = gateway.world.state().audit.len();
    for reply in [
        gateway.call("POST", &path, &cents(5)),
        gateway.call("DELETE", &path, ""),
        gateway.call("DELETE", &ours, ""),
        put(&gateway, &body),
    ] {
        assert_eq!(reply.refusal(), (409, "managed_by_file", ""));
    }
    assert_eq!(gateway.world.state().audit.len(), written);
    assert_eq!(gateway.ok("GET", OURS, "").text("/data/0/source"), "file");
    // Another period of the same project is anybody's.
    let body = json!({ "scope": { "type": "project", "id": gateway.project }, "period": "day",
                       "amount_usd": "1" });
    assert_eq!(put(&gateway, &body).status, 200);

    // The same again writes nothing; another amount does; what is no longer named is gone.
    let written = gateway.world.state().audit.len();
    declare(Some(5)).unwrap();
    assert_eq!(gateway.world.state().audit.len(), written);
    declare(Some(6)).unwrap();
    assert_eq!(gateway.ok("GET", &path, "").status, 200);
    declare(None).unwrap();
    assert_eq!(gateway.get(&path).status, 404);
    assert_eq!(gateway.world.state().limits.len(), 1);
    gateway.ok("POST", &path, &cents(5));
}

#[test]
fn a_limit_of_the_config_file_for_nobody_is_refused_whole() {
    let gateway = Gateway::start();
    let limit = |scope| DeclaredLimit {
        place: "tollgate.toml:7".to_owned(),
        scope,
        period: PeriodKind::Month,
        amount: Nanos(1),
        rules: LimitRules::default(),
        calendar: Calendar::default(),
    };
    gateway.ok("POST", "/v1/organization/projects", r#"{"name":"twice"}"#);
    gateway.ok("POST", "/v1/organization/projects", r#"{"name":"twice"}"#);
    for (bad, said) in [
        (DeclaredScope::Project("nobody".into()), "'nobody'"),
        (DeclaredScope::Project("twice".into()), "proj_"),
        (DeclaredScope::ApiKey("key_nobody".into()), "key_nobody"),
        (DeclaredScope::Organization, "twice"),
    ] {
        let declared = vec![limit(DeclaredScope::Organization), limit(bad)];
        let fault = block_on(gateway.control.declare_limits(declared)).unwrap_err();
        assert!(fault.message.contains(said), "{}", fault.message);
        assert!(gateway.world.state().limits.is_empty());
    }
}

#[test]
fn me_shows_every_limit_that_a_key_counts_against() {
    let gateway = Gateway::start();
    let (id, key) = gateway.new_key("{}");
    let owner = gateway.call_as(&key, "GET", "/tollgate/v1/me", "").text("/owner/id");
    for (kind, id) in [("organization", None), ("user", Some(&owner)), ("api_key", Some(&id))] {
        let scope = json!({ "type": kind, "id": id });
        let body = json!({ "scope": scope, "period": "day", "amount_usd": "3" });
        assert_eq!(put(&gateway, &body).status, 200);
    }
    let (other, _) = gateway.new_key("{}");
    let scope = json!({ "type": "api_key", "id": other });
    put(&gateway, &json!({ "scope": scope, "period": "day", "amount_usd": "4" }));
    let me = gateway.call_as(&key, "GET", "/tollgate/v1/me", "");
    let kinds: Vec<_> = me.body["limits"].as_array().unwrap().iter().collect();
    let kinds: Vec<_> = kinds.iter().map(|limit| limit["scope"]["type"].clone()).collect();
    assert_eq!(kinds, ["api_key", "user", "organization"]);
    assert_eq!(me.text("/limits/0/left_usd"), "3");
}

fn alert_body(threshold: i64) -> Value {
    json!({
        "threshold_amount": threshold, "currency": "USD", "interval": "month",
        "notification_channel": {
            "type": "email", "recipients": ["finance@example.com"], "subject_prefix": "Bills",
        },
    })
}

#[test]
fn alerts_are_made_listed_changed_and_deleted() {
    let gateway = Gateway::start();
    for (path, object) in [
        (of_project(&gateway, "spend_alerts"), "project.spend_alert"),
        ("/v1/organization/spend_alerts".to_owned(), "organization.spend_alert"),
    ] {
        let made = gateway.ok("POST", &path, &alert_body(0).to_string());
        let id = made.text("/id");
        assert!(id.starts_with("alert_"));
        let mut shape = alert_body(0);
        shape["id"] = json!(id);
        shape["object"] = json!(object);
        shape["webhook_url"] = json!(null);
        assert_eq!(made.body, shape);
        let item = format!("{path}/{id}");
        assert_eq!(gateway.ok("GET", &item, "").body, shape);

        let changed = json!({
            "threshold_amount": 7, "currency": "USD", "interval": "month",
            "notification_channel": { "type": "email", "recipients": [] },
        });
        let changed = gateway.ok("POST", &item, &changed.to_string());
        assert_eq!(changed.body["threshold_amount"], json!(7));
        assert_eq!(changed.body["notification_channel"]["subject_prefix"], json!(null));

        gateway.ok("POST", &path, &alert_body(9).to_string());
        let page = gateway.ok("GET", &format!("{path}?limit=1&order=desc"), "");
        assert_eq!(page.body["data"][0]["threshold_amount"], json!(9));
        assert_eq!(page.body["has_more"], json!(true));
        assert_eq!(page.text("/first_id"), page.text("/last_id"));
        let none = gateway.ok("GET", &format!("{path}?limit=0"), "");
        assert_eq!((&none.body["data"], &none.body["last_id"]), (&json!([]), &json!(null)));

        let deleted = gateway.ok("DELETE", &item, "");
        let expected = json!({ "object": format!("{object}.deleted"), "id": id, "deleted": true });
        assert_eq!(deleted.body, expected);
        assert_eq!(gateway.get(&item).refusal(), (404, "not_found", ""));
    }
    let events = gateway.world.events();
    let events: Vec<_> = events.into_iter().filter(|e| e.starts_with("spend_alert")).collect();
    let one = ["created", "updated", "created", "deleted"].map(|e| format!("spend_alert.{e}"));
    assert_eq!(events, [one.clone(), one].concat());
}

#[test]
fn an_alert_of_another_scope_is_not_found() {
    let gateway = Gateway::start();
    let made = gateway.ok("POST", "/v1/organization/spend_alerts", &alert_body(5).to_string());
    let here = format!("{}/{}", of_project(&gateway, "spend_alerts"), made.text("/id"));
    for method in ["GET", "DELETE"] {
        assert_eq!(gateway.call(method, &here, "").refusal(), (404, "not_found", ""));
    }
    let update = gateway.call("POST", &here, &alert_body(6).to_string());
    assert_eq!(update.refusal(), (404, "not_found", ""));
}

#[test]
fn bad_alerts_are_refused_by_name_and_change_nothing() {
    let gateway = Gateway::start();
    let path = of_project(&gateway, "spend_alerts");
    let with = |pointer: &str, value: Value| {
        let mut body = alert_body(5);
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let channel = "/notification_channel";
    for (body, expected) in [
        (with("/threshold_amount", json!(-1)), (400, "invalid_value", "threshold_amount")),
        (with("/currency", json!("usd")), (400, "invalid_value", "currency")),
        (with(channel, json!(null)), (400, "missing_required_parameter", "notification_channel")),
        (
            with(channel, json!({ "type": "email" })),
            (400, "missing_required_parameter", "notification_channel.recipients"),
        ),
        (
            with(channel, json!({ "type": "sms", "recipients": [] })),
            (400, "invalid_value", "notification_channel.type"),
        ),
        (
            with(channel, json!({ "type": "email", "recipients": ["a@b\r\nBcc: c@d"] })),
            (400, "invalid_value", "notification_channel.recipients"),
        ),
        (
            with(channel, json!({ "type": "email", "recipients": ["nobody"] })),
            (400, "invalid_value", "notification_channel.recipients"),
        ),
        (
            with(channel, json!({ "type": "email", "recipients": [], "to": 1 })),
            (400, "unknown_field", "notification_channel.to"),
        ),
    ] {
        refused(&gateway, &gateway.call("POST", &path, &body.to_string()), expected);
    }
    let mut body = alert_body(5);
    for url in ["file:///etc/passwd", "http://10.0.0.1/x"] {
        body["webhook_url"] = json!(url);
        let reply = gateway.call("POST", &path, &body.to_string());
        refused(&gateway, &reply, (400, "invalid_value", "webhook_url"));
    }
}

#[test]
fn a_webhooks_secret_is_shown_once_and_sealed() {
    let gateway = Gateway::start();
    let path = of_project(&gateway, "spend_alerts");
    let mut body = alert_body(5);
    body["webhook_url"] = json!("https://hooks.example.com/x?y=1");
    let made = gateway.ok("POST", &path, &body.to_string());
    let secret = made.text("/webhook_secret");
    assert!(secret.starts_with("whsec_"));
    assert_eq!(made.header("cache-control"), "no-store");
    let item = format!("{path}/{}", made.text("/id"));
    let shown = gateway.ok("GET", &item, "");
    assert_eq!(shown.text("/webhook_url"), "https://hooks.example.com/x?y=1");
    assert!(!shown.body.to_string().contains("whsec"));
    {
        let state = gateway.world.state();
        let sealed = &state.alerts[0].webhook.as_ref().unwrap().sealed_secret;
        assert!(!sealed.windows(6).any(|part| part == b"whsec_"));
        assert!(!state.audit.iter().any(|entry| entry.payload.contains("hooks.example.com")));
    }
    // The same receiver keeps its secret; left out it stays; another one gets another secret.
    assert!(gateway.ok("POST", &item, &body.to_string()).body.get("webhook_secret").is_none());
    let kept = gateway.ok("POST", &item, &alert_body(6).to_string());
    assert_eq!(kept.text("/webhook_url"), "https://hooks.example.com/x?y=1");
    body["webhook_url"] = json!("https://other.example.com/");
    let other = gateway.ok("POST", &item, &body.to_string()).text("/webhook_secret");
    assert!(other.starts_with("whsec_") && other != secret);
    body["webhook_url"] = json!(null);
    let none = gateway.ok("POST", &item, &body.to_string());
    assert_eq!(none.body["webhook_url"], json!(null));
    assert!(gateway.world.state().alerts[0].webhook.is_none());
}

#[test]
fn a_new_threshold_arms_an_alert_again() {
    let gateway = Gateway::start();
    let path = "/v1/organization/spend_alerts";
    let made = gateway.ok("POST", path, &alert_body(5).to_string());
    let item = format!("{path}/{}", made.text("/id"));
    let organization = gateway.world.state().organization.clone().unwrap().id;
    let spent = balance(60_000_000, 0);
    spend(&gateway, ScopeKind::Organization, organization.as_str(), spent);
    let fire = || block_on(gateway.control.fire_due_alerts()).unwrap();
    assert_eq!((fire(), fire()), (1, 0));
    gateway.ok("POST", &item, &alert_body(5).to_string());
    assert_eq!(fire(), 0);
    gateway.ok("POST", &item, &alert_body(6).to_string());
    assert_eq!((fire(), fire()), (1, 0));
    gateway.ok("POST", &item, &alert_body(7).to_string());
    assert_eq!(fire(), 0);
    let state = gateway.world.state();
    let domain::Message::Email { to, subject, text, .. } = &state.outbox[0].delivery.message else {
        panic!("no e-mail")
    };
    assert_eq!(to, "finance@example.com");
    assert_eq!(subject, "Bills: The organization has reached $0.05");
    assert!(text.contains("has spent $0.06 this month"), "{text}");
}
