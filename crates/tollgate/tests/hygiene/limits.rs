//! Spend limits of the API, of the command line and of the config file, over restarts and reloads.

use serde_json::{Value, json};
use testkit::TestGateway;

use crate::support::{Process, Stage, refused, signal, until};

const ORGANIZATION: &str = "/v1/organization/spend_limit";
const OF_FILE: &str = "[[limits]]\nproject = \"Default project\"\nperiod = \"month\"\n\
                       amount_usd = \"50.00\"\n";

fn limits(gateway: &TestGateway) -> Vec<Value> {
    let list = gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
    list["data"].as_array().unwrap().clone()
}

fn cents(amount: i64) -> Value {
    json!({"threshold_amount": amount, "currency": "USD", "interval": "month"})
}

#[test]
fn limits_outlive_a_restart_and_hold_to_the_nano_dollar() {
    let mut stage = Stage::new();
    stage.gateway.admin("POST", ORGANIZATION, &cents(1234));
    let body = json!({
        "scope": { "type": "api_key", "id": stage.key.id }, "period": "day",
        "amount_nanos": i64::MAX, "clamp_output": false,
    });
    let made = stage.gateway.admin("PUT", "/tollgate/v1/limits", &body);
    assert_eq!(made["amount_usd"], "9223372036.854775807");
    let before = limits(&stage.gateway);
    stage.gateway.restart();
    assert_eq!(limits(&stage.gateway), before);
    let shown = stage.gateway.admin("GET", ORGANIZATION, &Value::Null);
    assert_eq!(shown["threshold_amount"], 1234);
    let me = stage.gateway.json(&stage.key.value, "GET", "/tollgate/v1/me", &Value::Null).json();
    assert_eq!(me["limits"].as_array().unwrap().len(), 2);
}

#[test]
fn what_the_config_file_limits_only_the_config_file_changes() {
    let stage = Stage::configured(OF_FILE);
    let gateway = &stage.gateway;
    let path = format!("/v1/organization/projects/{}/spend_limit", gateway.default_project());
    let change = |amount| gateway.json(gateway.admin_key(), "POST", &path, &cents(amount));
    let told = change(1);
    refused(&told, 409, "managed_by_file");
    let message = told.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&gateway.default_project()), "{message}");
    assert!(message.contains("in the config file"), "{message}");
    let delete = gateway.json(gateway.admin_key(), "DELETE", &path, &Value::Null);
    refused(&delete, 409, "managed_by_file");
    let shown = || gateway.json(gateway.admin_key(), "GET", &path, &Value::Null);
    assert_eq!(shown().json()["threshold_amount"], 5000);

    let file = gateway.home().join("tollgate.toml");
    std::fs::write(&file, OF_FILE.replace("50.00", "7.5")).unwrap();
    signal(gateway.pid(), "HUP");
    until("the new amount holds", || shown().json()["threshold_amount"] == 750);
    until("the reload is told", || gateway.output().contains("the config was reloaded"));
    // A limit for nobody is told, and the old ones stay.
    std::fs::write(&file, OF_FILE.replace("Default project", "nowhere")).unwrap();
    signal(gateway.pid(), "HUP");
    until("the mistake is told", || gateway.output().contains("'nowhere'"));
    let line = OF_FILE[..OF_FILE.find("[[limits]]").unwrap()].lines().count() + 1;
    let place = format!("tollgate.toml:{line}: No project has the id or name 'nowhere'");
    assert!(gateway.output().contains(&place), "{}", gateway.output());
    assert_eq!(shown().json()["threshold_amount"], 750);
    std::fs::write(&file, "").unwrap();
    signal(gateway.pid(), "HUP");
    until("what is no longer named is gone", || shown().status == 404);
    assert_eq!(change(1).status, 200);
}

#[test]
fn a_limit_for_nobody_keeps_it_from_starting() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("t.toml");
    std::fs::write(&config, OF_FILE.replace("Default project", "nowhere")).unwrap();
    let arguments = ["serve", "--data-dir", "d", "--listen", "127.0.0.1:0", "--config", "t.toml"];
    let mut process = Process::spawn(home.path(), &arguments, &[]);
    assert_eq!(process.exit(), Some(1));
    assert!(process.output().contains("No project has the id or name 'nowhere'"));
}

#[test]
fn limits_are_set_shown_and_cleared_from_the_command_line() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let (url, key) = (gateway.url(), gateway.admin_key().to_owned());
    let env = [("TOLLGATE_URL", url.as_str()), ("TOLLGATE_ADMIN_KEY", key.as_str())];
    let run = |arguments: &[&str], code: i32| {
        let line: Vec<&str> = ["limits"].iter().chain(arguments).copied().collect();
        let mut process = Process::spawn(gateway.home(), &line, &env);
        assert_eq!(process.exit(), Some(code), "{}", process.output());
        process.output()
    };
    let project = ["--project", "Default project"];
    run(&["set", project[0], project[1], "--month", "50.00"], 0);
    let shown = run(&["show"], 0);
    assert!(shown.contains("project Default project") && shown.contains("$50.00"), "{shown}");
    let refused = run(&["set", project[0], project[1], "--month", "1e9"], 1);
    assert!(refused.contains("amount_usd"), "{refused}");
    run(&["set", "--organization"], 2);
    run(&["clear", project[0], project[1], "--month"], 0);
    assert!(limits(gateway).is_empty());
}

#[test]
fn an_alert_outlives_a_restart_and_its_secret_is_nowhere_in_the_clear() {
    let mut stage = Stage::new();
    let body = json!({
        "threshold_amount": 500, "currency": "USD", "interval": "month",
        "notification_channel": { "type": "email", "recipients": ["a@example.com"] },
        "webhook_url": "https://hooks.example.com/x",
    });
    let path = "/v1/organization/spend_alerts";
    let made = stage.gateway.admin("POST", path, &body);
    // The gateway's end looks for it in all that was written.
    stage.gateway.plant(made["webhook_secret"].as_str().unwrap());
    stage.gateway.restart();
    let list = stage.gateway.admin("GET", path, &Value::Null);
    assert_eq!(list["data"][0]["id"], made["id"]);
    assert_eq!(list["data"][0]["webhook_url"], "https://hooks.example.com/x");
}
