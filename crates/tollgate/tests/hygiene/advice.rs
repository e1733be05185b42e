//! Advice on cost: what the records say, held against the provider's own bill.

use serde_json::{Value, json};
use testkit::TestGateway;

use crate::support::{CHAT, Process, Stage, passed, until};

fn advice(gateway: &TestGateway, kind: &str) -> Vec<Value> {
    let all = gateway.admin("GET", "/tollgate/v1/advice?days=1", &Value::Null);
    let findings = all["findings"].as_array().unwrap().clone();
    findings.into_iter().filter(|one| one["kind"] == kind).collect()
}

fn asking(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

/// US dollars of nano-dollars, as the API writes them.
fn dollars(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const RULES: &str = "[advice]\nprompts = true\n\n[[advice.equivalent]]\nmodel = \"gpt-4o\"\n\
                     cheaper = \"gpt-4o-mini\"\n";

#[test]
fn calls_of_a_dearer_model_and_repeats_are_told_with_what_they_cost() {
    let stage = Stage::configured(RULES);
    let said = "the secret of [[words=9]] words";
    for (text, spelled) in [(said, 0), (said, 1), ("another", 0)] {
        let mut body = asking("gpt-4o", text).to_string();
        if spelled == 1 {
            // The same request, otherwise written.
            body = body.replacen("{", "{ ", 1);
        }
        let bearer = stage.bearer();
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        passed(&stage.gateway.request("POST", CHAT, &headers, body));
    }
    passed(&stage.chat(&asking("gpt-4o-mini", said)));
    stage.gateway.wait_records(4);
    until("the rollups have them", || !advice(&stage.gateway, "cheaper_model").is_empty());

    // Two and a half dollars and ten a million tokens there; fifteen and sixty cents here.
    let bill: Vec<(u64, u64)> =
        stage.provider.bill().iter().map(|one| (one.tokens.input, one.tokens.output)).collect();
    let sum = |at: &[(u64, u64)], input: u64, output: u64| -> u64 {
        at.iter().map(|tokens| tokens.0 * input + tokens.1 * output).sum()
    };
    let (booked, elsewhere) = (sum(&bill[..3], 2_500, 10_000), sum(&bill[..3], 150, 600));
    let found = advice(&stage.gateway, "cheaper_model");
    let one = &found[0];
    assert_eq!((found.len(), &one["calls"], &one["of_calls"]), (1, &json!(3), &json!(4)));
    assert_eq!(one["api_key_id"], stage.key.id.as_str());
    assert_eq!(one["cost"], dollars(booked));
    assert_eq!(one["otherwise"], dollars(elsewhere));
    assert_eq!(one["saves"], dollars(booked - elsewhere));
    assert_eq!(one["basis"], "stated by the operator");
    let told = one["arithmetic"].as_str().unwrap();
    assert!(told.contains("× 0.15") && told.contains("× 0.6"), "{told}");

    // The second of the three came again; the smaller model's call is another request.
    let found = advice(&stage.gateway, "repeated_prompts");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["calls"], &found[0]["of_calls"]), (&json!(1), &json!(3)));
    assert_eq!(found[0]["saves"], dollars(sum(&bill[1..2], 2_500, 10_000)));

    for name in ["requests.db", "requests.db-wal", "tollgate.db", "tollgate.db-wal"] {
        let bytes = std::fs::read(stage.gateway.data_dir().join(name)).unwrap_or_default();
        let found = bytes.windows(10).any(|part| part == b"the secret");
        assert!(!found, "{name} has a word of a prompt");
    }
}

#[test]
fn hashes_are_of_a_project_and_of_none_that_retains_nothing() {
    let stage = Stage::configured(RULES);
    let other = stage.gateway.create_project("Other");
    let key = stage.gateway.create_key_in(&other, &json!({"name": "k"}));
    let quiet = stage.gateway.create_project("Quiet");
    let path = format!("/v1/organization/projects/{quiet}/data_retention");
    stage.gateway.admin("POST", &path, &json!({"retention_type": "zero_data_retention"}));
    let hushed = stage.gateway.create_key_in(&quiet, &json!({"name": "k"}));
    let secrets = [&stage.key.value, &key.value, &hushed.value, &hushed.value];
    for secret in secrets {
        passed(&stage.gateway.json(secret, "POST", CHAT, &asking("gpt-4o", "the same")));
    }
    let rows = stage.gateway.wait_records(4);
    // Two workers' records may come in either order.
    let prompts = |key: &str| -> Vec<&Value> {
        rows.iter().filter(|row| row["key_id"] == key).map(|row| &row["prompt"]).collect()
    };
    let (own, others) = (prompts(&stage.key.id), prompts(&key.id));
    assert!(own[0].is_i64() && others[0].is_i64() && own[0] != others[0]);
    let hushed = prompts(&hushed.id);
    assert!(hushed.len() == 2 && hushed.iter().all(|prompt| prompt.is_null()));
    assert!(advice(&stage.gateway, "repeated_prompts").is_empty());
}

#[test]
fn keys_and_limits_are_told_until_they_are_mended() {
    let stage = Stage::new();
    passed(&stage.chat(&asking("gpt-4o-mini", "hi")));
    stage.gateway.wait_records(1);
    until("the rollups have it", || {
        let found = advice(&stage.gateway, "key_without_limit");
        found.iter().any(|one| one["api_key_id"] == stage.key.id.as_str() && one["calls"] == 1)
    });
    let scope = json!({"type": "api_key", "id": stage.key.id});
    let body = json!({"scope": scope, "period": "month", "amount_usd": "10"});
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &body);
    let found = advice(&stage.gateway, "key_without_limit");
    assert!(found.iter().all(|one| one["api_key_id"] != stage.key.id.as_str()));
    // A key that was made today is not called unused, and hashes are not written unless wanted.
    assert!(advice(&stage.gateway, "unused_key").is_empty());
    let all = stage.gateway.admin("GET", "/tollgate/v1/advice", &Value::Null);
    assert!(all["notes"][0].as_str().unwrap().contains("prompts = true"), "{all}");
    assert!(stage.gateway.wait_records(1)[0]["prompt"].is_null());

    let env = [
        ("TOLLGATE_URL", stage.gateway.url()),
        ("TOLLGATE_ADMIN_KEY", stage.gateway.admin_key().to_owned()),
    ];
    let env: Vec<(&str, &str)> = env.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let mut told = Process::spawn(stage.gateway.home(), &["advise", "--days", "7"], &env);
    assert_eq!(told.exit(), Some(0), "{}", told.output());
    assert!(told.output().contains("UTC"), "{}", told.output());
}
