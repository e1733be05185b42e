//! The official SDKs as programs of `tollgate exec`: they read the environment, and nothing else
//! is told to them.

use serde_json::{Value, json};
use testkit::{FakeProvider, TestGateway};

use crate::language::{Language, NODE, PYTHON};
use crate::{BIN, gateway, nobody, straight_to, transcript};

#[test]
fn python_under_exec() {
    under_exec(&PYTHON);
}

#[test]
fn node_under_exec() {
    under_exec(&NODE);
}

/// What a person's shell has, with what is left over from other accounts: all of it would send
/// calls elsewhere.
fn shell(gateway: &TestGateway) -> Vec<(&'static str, String)> {
    vec![
        ("TOLLGATE_URL", gateway.url().to_owned()),
        ("TOLLGATE_ADMIN_KEY", gateway.admin_key().to_owned()),
        ("OPENAI_BASE_URL", nobody()),
        ("OPENAI_API_KEY", "sk-left-over".to_owned()),
        ("OPENAI_ORG_ID", "org-left-over".to_owned()),
        ("OPENAI_PROJECT_ID", "proj_left_over".to_owned()),
        ("NOBODY_URL", nobody()),
    ]
}

fn under_exec(language: &Language) {
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let mint = ["exec", "--mint", "--for", "1h", "--limit", "0.50", "--"];
    let words: Vec<&str> = [BIN].into_iter().chain(mint).collect();
    let seen = language.run_within(&words, "exec", &shell(&gateway)).finish();
    let key = seen[0]["key"].as_str().unwrap();
    gateway.plant(key);
    assert!(key.starts_with("sk-tg-") && seen[0]["expires_at"].is_i64(), "{}", seen[0]);
    assert_eq!(seen[1]["step"], "answered");
    assert_eq!(provider.seen_count(), 2, "a call and a stream");
    // It ended with the run.
    let after = gateway.json(key, "GET", "/v1/models", &Value::Null);
    assert_eq!((after.status, after.header("x-tollgate-error")), (401, Some("key_revoked")));

    // Every endpoint of text, as the provider itself answers it, by a key that is kept.
    let control = FakeProvider::start();
    let expected = language.run("text", &straight_to(&control)).finish();
    let kept = gateway.create_key(&json!({"name": "kept"})).value;
    let mut env = shell(&gateway);
    env.push(("TOLLGATE_API_KEY", kept));
    let seen = language.run_within(&[BIN, "exec", "--"], "text", &env).finish();
    transcript::must_be_equal(&expected, &seen);
    gateway.finish();
}
