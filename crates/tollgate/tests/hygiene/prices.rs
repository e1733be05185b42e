//! What models cost: built in, in the config file, set and imported, over calls and restarts.

use std::process::Command;

use serde_json::{Value, json};
use testkit::{Answer, TestGateway};

use crate::support::{BIN, Stage, hello, refused, signal, until};

const PRICES: &str = "/tollgate/v1/prices";
const IMPORT: &str = "/tollgate/v1/prices/import";

fn chat(model: &str) -> Value {
    let mut body = hello();
    body["model"] = model.into();
    body
}

/// Nano-dollars of a call's header.
fn cost(answer: &Answer) -> Option<u64> {
    let dollars: String = answer.header("x-tollgate-cost")?.to_owned();
    let (whole, fraction) = dollars.split_once('.').unwrap_or((&dollars, ""));
    Some(format!("{whole}{fraction:0<9}").parse().unwrap())
}

/// What the usage of an answer costs at prices in nano-dollars a token.
fn at(answer: &Answer, input: u64, output: u64) -> Option<u64> {
    let usage = &answer.json()["usage"];
    let tokens = |name: &str| usage[name].as_u64().unwrap();
    Some(tokens("prompt_tokens") * input + tokens("completion_tokens") * output)
}

fn metric(gateway: &TestGateway, name: &str) -> u64 {
    let text = gateway.request("GET", "/metrics", &[], b"").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn a_call_costs_what_the_book_says_from_the_next_call_on() {
    let mut stage = Stage::new();
    let built_in = stage.chat(&chat("gpt-4o"));
    assert_eq!(cost(&built_in), at(&built_in, 2_500, 10_000));
    let price = json!({
        "model": "gpt-4o", "input_cost_per_token": 0.000_001, "output_cost_per_token": 2e-6,
    });
    let set = stage.gateway.admin("POST", PRICES, &price);
    assert_eq!((&set["id"], &set["source"]), (&json!("gpt-4o"), &json!("set")));
    let called = stage.chat(&chat("gpt-4o"));
    assert_eq!(cost(&called), at(&called, 1_000, 2_000));
    stage.gateway.restart();
    let called = stage.chat(&chat("gpt-4o"));
    assert_eq!(cost(&called), at(&called, 1_000, 2_000));
    stage.gateway.admin("DELETE", "/tollgate/v1/prices/gpt-4o", &Value::Null);
    let called = stage.chat(&chat("gpt-4o"));
    assert_eq!(cost(&called), at(&called, 2_500, 10_000));
}

#[test]
fn case_25_a_call_without_a_price_is_counted_and_told_once() {
    let stage = Stage::new();
    for _ in 0..2 {
        let called = stage.chat(&chat("unpriced-model"));
        assert_eq!((called.status, cost(&called)), (200, None));
    }
    assert_eq!(metric(&stage.gateway, "tollgate_unpriced_attempts_total "), 2);
    let listed = stage.gateway.admin("GET", PRICES, &Value::Null);
    let [unpriced] = &listed["unpriced"].as_array().unwrap()[..] else { panic!("{listed}") };
    assert_eq!((&unpriced["model"], &unpriced["attempts"]), (&json!("unpriced-model"), &json!(2)));
    let told = || stage.gateway.output().matches("unpriced-model").count();
    until("it is told", || told() > 0);
    assert_eq!(told(), 1);
    let price = json!({ "model": "unpriced-model", "free": true });
    stage.gateway.admin("POST", PRICES, &price);
    let called = stage.chat(&chat("unpriced-model"));
    assert_eq!(cost(&called), Some(0));
    assert_eq!(stage.gateway.admin("GET", PRICES, &Value::Null)["unpriced"], json!([]));
}

#[test]
fn case_27_an_alarming_import_is_held_until_somebody_approves() {
    let mut stage = Stage::new();
    let import = |gateway: &TestGateway, query: &str, input: f64| {
        let body = json!({
            "mine": { "input_cost_per_token": input, "output_cost_per_token": 1e-6 },
        });
        gateway.admin("POST", &format!("{IMPORT}{query}"), &body)
    };
    assert_eq!(import(&stage.gateway, "", 1e-6)["status"], "in_use");
    let called = stage.chat(&chat("mine"));
    assert_eq!(cost(&called), at(&called, 1_000, 1_000));

    let held = import(&stage.gateway, "", 1.1e-5);
    assert_eq!(held["status"], "held");
    assert_eq!(held["alarms"], json!(["mine: Input from 1000000 to 11000000 pico-dollars"]));
    let called = stage.chat(&chat("mine"));
    assert_eq!(cost(&called), at(&called, 1_000, 1_000));

    stage.gateway.restart();
    let approved = stage.gateway.admin("POST", &format!("{IMPORT}?approve=true"), &Value::Null);
    assert_eq!(approved["status"], "in_use");
    let called = stage.chat(&chat("mine"));
    assert_eq!(cost(&called), at(&called, 11_000, 1_000));

    let dropped = stage.gateway.admin("POST", IMPORT, &json!({ "other": { "free": true } }));
    assert_eq!(dropped["alarms"], json!(["mine: has no price any more"]));
    // Nothing held is left behind by one that was approved with it.
    assert_eq!(import(&stage.gateway, "?approve=true", 1e-6)["status"], "in_use");
    let gateway = &stage.gateway;
    let again =
        gateway.json(gateway.admin_key(), "POST", &format!("{IMPORT}?approve=true"), &Value::Null);
    refused(&again, 404, "not_found");
}

#[test]
fn case_26_a_bad_import_changes_nothing() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let file = json!({
        "good": { "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6 },
        "bad": { "input_cost_per_token": -1e-6, "output_cost_per_token": 1e30 },
    });
    let reply = gateway.json(gateway.admin_key(), "POST", IMPORT, &file);
    refused(&reply, 400, "invalid_value");
    let message = reply.json()["error"]["message"].to_string();
    assert!(message.contains("bad: `input_cost_per_token` is negative"), "{message}");
    assert!(message.contains("bad: `output_cost_per_token` is absurdly high"), "{message}");
    let good = gateway.json(gateway.admin_key(), "GET", &format!("{PRICES}/good"), &Value::Null);
    refused(&good, 404, "not_found");
}

#[test]
fn what_the_config_file_prices_only_the_config_file_changes() {
    let of_file = "[[prices]]\nmodel = \"gpt-4o\"\ninput_cost_per_token = 3e-6\n\
                   output_cost_per_token = 4e-6\n";
    let stage = Stage::configured(of_file);
    let called = stage.chat(&chat("gpt-4o"));
    assert_eq!(cost(&called), at(&called, 3_000, 4_000));
    let gateway = &stage.gateway;
    let price = json!({ "model": "gpt-4o", "free": true });
    refused(&gateway.json(gateway.admin_key(), "POST", PRICES, &price), 409, "managed_by_file");

    std::fs::write(gateway.home().join("tollgate.toml"), of_file.replace("3e-6", "5e-6")).unwrap();
    signal(gateway.pid(), "HUP");
    let shown = || gateway.admin("GET", "/tollgate/v1/prices/gpt-4o", &Value::Null);
    until("the new price holds", || shown()["price"]["input_cost_per_token"] == 5e-6);
    let called = stage.chat(&chat("gpt-4o"));
    assert_eq!(cost(&called), at(&called, 5_000, 4_000));
}

#[test]
fn prices_are_set_shown_and_imported_from_the_command_line() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    let run = |words: &[&str]| {
        let mut command = Command::new(BIN);
        command.current_dir(gateway.home()).arg("prices").args(words);
        let done = command
            .env("TOLLGATE_URL", gateway.url())
            .env("TOLLGATE_ADMIN_KEY", gateway.admin_key())
            .output()
            .unwrap();
        (done.status.success(), String::from_utf8(done.stdout).unwrap())
    };
    let set = ["set", "mine", "input_cost_per_token=0.00000250", "output_cost_per_token=1e-5"];
    assert!(run(&set).0);
    let (_, shown) = run(&["show", "mine"]);
    assert!(shown.contains("input_cost_per_token   0.0000025\n"), "{shown}");
    let (_, listed) = run(&["list"]);
    assert!(listed.lines().any(|line| {
        line.split_whitespace().collect::<Vec<_>>() == ["mine", "2.5", "10", "set"]
    }));
    assert!(run(&["remove", "mine"]).0);
    assert!(!run(&["show", "mine"]).0);
    let file = gateway.home().join("book.json");
    let row = |input: &str| {
        format!("{{\"mine\":{{\"input_cost_per_token\":{input},\"output_cost_per_token\":1e-5}}}}")
    };
    std::fs::write(&file, row("1e-6")).unwrap();
    assert!(run(&["import", "book.json"]).0);
    std::fs::write(&file, row("1e-4")).unwrap();
    assert!(!run(&["import", "book.json"]).0, "held");
    assert!(run(&["approve"]).0);
    assert!(run(&["show", "mine"]).1.contains("0.0001\n"));
}
