//! What these tests share: limits of any scope, what was posted, and what the provider is made to
//! say of its usage.

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use testkit::{Answer, Matcher, TestGateway};

use crate::support::{CHAT, Stage, until};

/// A hundred dollars: more than any call here can cost.
pub const AMPLE: i64 = 100_000_000_000;

pub fn chat() -> Matcher {
    Matcher::new("POST", CHAT)
}

/// A call that writes as much as it may: its cost is not far below its bound.
pub fn full() -> Value {
    json!({
        "model": "gpt-4o-mini", "max_completion_tokens": 1_000,
        "messages": [{"role": "user", "content": "[[words=1000]]"}],
    })
}

/// A stage whose project may spend this much in a month, nothing of it cut.
pub fn with_limit(nanos: i64) -> Stage {
    let stage = Stage::new();
    super::limit(&stage.gateway, nanos, false);
    stage
}

/// Sets a limit of a scope. `more` is what else its body says.
pub fn put(gateway: &TestGateway, scope: (&str, &str), nanos: i64, more: &Value) {
    let mut body = json!({
        "scope": {"type": scope.0, "id": scope.1}, "period": "month", "amount_nanos": nanos,
        "clamp_output": false,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    gateway.admin("PUT", "/tollgate/v1/limits", &body);
}

/// The most that a call to a path can cost, in nano-dollars, as a refusal says it.
pub fn bound_at(stage: &Stage, path: &str, body: &Value) -> i64 {
    super::limit(&stage.gateway, 0, false);
    let answer = stage.gateway.json(&stage.key.value, "POST", path, body);
    crate::support::refused(&answer, 429, "project_spend_limit_exceeded");
    super::amount(&answer, "required: $")
}

/// The record of an answer, once it is written.
pub fn record(stage: &Stage, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").expect("a request id").to_owned();
    let mut found = None;
    until("the call is on record", || {
        found = stage.gateway.records().into_iter().find(|r| r["request_id"] == json!(id));
        found.is_some()
    });
    found.unwrap()
}

/// What the month's limit has spent once so many calls are on record, in nano-dollars. What is on
/// record is in the ledger.
pub fn posted(stage: &Stage, calls: usize) -> i64 {
    stage.gateway.wait_records(calls);
    super::balance(&stage.gateway).0
}

/// A line of the ledger.
#[derive(Debug)]
pub struct Entry {
    pub kind: String,
    pub cost: i64,
    pub overage: i64,
    pub attempts: i64,
}

/// The ledger's lines, as they stand on the disk.
pub fn entries(gateway: &TestGateway) -> Vec<Entry> {
    let db = books(gateway);
    let text = "SELECT kind, cost, overage, attempts FROM ledger_entries ORDER BY seq";
    let mut query = db.prepare(text).unwrap();
    let entry = |row: &rusqlite::Row<'_>| {
        let (kind, cost, overage) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Entry { kind, cost, overage, attempts: row.get(3)? })
    };
    query.query_map([], entry).unwrap().map(Result::unwrap).collect()
}

pub fn books(gateway: &TestGateway) -> Connection {
    let path = gateway.data_dir().join("tollgate.db");
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    db.busy_timeout(crate::support::PATIENCE).unwrap();
    db
}

/// A chat answer that states this usage, as text.
pub fn answer_with(usage: &str) -> String {
    format!(
        r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1780000000,"model":"gpt-4o-mini","choices":[{{"index":0,"message":{{"role":"assistant","content":"hi"}},"finish_reason":"stop"}}],"usage":{usage}}}"#
    )
}

/// The usage of a chat, in words and numbers as given.
pub fn usage(prompt: &str, completion: &str) -> String {
    format!(
        r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{prompt}}}"#
    )
}
