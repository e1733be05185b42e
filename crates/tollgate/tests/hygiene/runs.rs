//! Runs of assistants and evals, and fine-tuning: no limit can bound them, and what they cost is on
//! the bill all the same, once, when the provider says it.

use serde_json::{Value, json};
use testkit::{Answer, Builder, Matcher, Piece, Script, Then};

use crate::support::{Stage, passed, refused, until};

const RUNS: &str = "/v1/threads/runs";
const MINI: &str = "gpt-4o-mini";

fn post(stage: &Stage, path: &str, body: &Value) -> Answer {
    stage.gateway.json(&stage.key.value, "POST", path, body)
}

fn run(stream: bool) -> Value {
    let messages = json!([{"role": "user", "content": "one two three"}]);
    json!({"assistant_id": "", "model": MINI, "thread": {"messages": messages}, "stream": stream})
}

/// The records that have a cost, with their tokens read and written.
fn on_the_bill(stage: &Stage) -> Vec<(String, i64, i64, i64)> {
    let number = |record: &Value, name: &str| record[name].as_i64().unwrap();
    let records = stage.gateway.records();
    let priced = records.iter().filter(|record| !record["cost_nanos"].is_null());
    priced
        .map(|record| {
            let operation = record["operation"].as_str().unwrap().to_owned();
            let [input, output] = ["input_tokens", "output_tokens"].map(|n| number(record, n));
            (operation, input, output, number(record, "cost_nanos"))
        })
        .collect()
}

fn jobs(stage: &Stage) -> i64 {
    let db = rusqlite::Connection::open(stage.gateway.data_dir().join("tollgate.db")).unwrap();
    db.busy_timeout(crate::support::PATIENCE).unwrap();
    db.query_row("SELECT COUNT(*) FROM jobs", [], |row| row.get(0)).unwrap()
}

/// Waits until no job is open, and gives what is on the bill.
fn settled(stage: &Stage, count: usize) -> Vec<(String, i64, i64, i64)> {
    until("all jobs have ended", || jobs(stage) == 0 && on_the_bill(stage).len() >= count);
    let all = on_the_bill(stage);
    assert_eq!(all.len(), count, "{all:?}");
    all
}

/// By the provider's own bill.
fn true_cost(stage: &Stage) -> (i64, i64, i64) {
    let bill = stage.provider.bill().remove(0);
    let [input, output] = [bill.tokens.input, bill.tokens.output].map(u64::cast_signed);
    (input, output, input * 150 + output * 600)
}

#[test]
fn case_57_a_run_is_on_the_bill_once_it_has_ended() {
    let stage = Stage::new();
    let made = post(&stage, RUNS, &run(false));
    passed(&made);
    assert_eq!(jobs(&stage), 1, "before its caller hears of it");
    // Nobody but us looks at it.
    let (input, output, cost) = true_cost(&stage);
    assert_eq!(settled(&stage, 1), [("createThreadAndRun".to_owned(), input, output, cost)]);
}

#[test]
fn case_57_a_streamed_run_is_on_the_bill_with_its_last_event() {
    let stage = Stage::new();
    passed(&post(&stage, RUNS, &run(true)));
    let (input, output, cost) = true_cost(&stage);
    assert_eq!(settled(&stage, 1), [("createThreadAndRun".to_owned(), input, output, cost)]);
}

fn told(status: &str, usage: &Value) -> Value {
    json!({
        "id": "run_1", "object": "thread.run", "thread_id": "thread_1", "model": MINI,
        "status": status, "usage": usage,
    })
}

fn stream(events: &[(&str, Value)]) -> Script {
    let piece =
        |(name, data): &(&str, Value)| Piece::new(0, format!("event: {name}\ndata: {data}\n\n"));
    let done = Piece::new(0, "event: done\ndata: [DONE]\n\n");
    Script::stream(events.iter().map(piece).chain([done]).collect(), Then::End)
}

#[test]
fn case_57_a_run_that_waits_for_its_caller_is_on_the_bill_once() {
    let stage = Stage::new();
    let thread = json!({"id": "thread_1", "object": "thread"});
    let half = json!({"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11});
    let step = json!({"object": "thread.run.step", "status": "completed", "usage": half});
    let begun = [
        ("thread.created", thread),
        ("thread.run.created", told("queued", &Value::Null)),
        ("thread.run.step.completed", step),
        ("thread.run.requires_action", told("requires_action", &Value::Null)),
    ];
    let all = json!({"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 34});
    let ended = [
        ("thread.run.queued", told("queued", &Value::Null)),
        ("thread.run.completed", told("completed", &all)),
    ];
    let looked = "/threads/thread_1/runs/run_1";
    let waits = told("requires_action", &Value::Null).to_string();
    stage.provider.script(Matcher::new("GET", looked), Script::json(200, waits));
    stage.provider.script(Matcher::new("POST", "/threads/runs"), stream(&begun));
    passed(&post(&stage, RUNS, &run(true)));
    until("the run is a job", || jobs(&stage) == 1);
    let outputs = "/threads/thread_1/runs/run_1/submit_tool_outputs";
    stage.provider.script(Matcher::new("POST", outputs), stream(&ended));
    let answer = json!({"tool_outputs": [], "stream": true});
    passed(&post(&stage, &format!("/v1{outputs}"), &answer));
    let done = told("completed", &all).to_string();
    stage.provider.script(Matcher::new("GET", looked), Script::json(200, done).always());
    let cost = 30 * 150 + 4 * 600;
    assert_eq!(settled(&stage, 1), [("createThreadAndRun".to_owned(), 30, 4, cost)]);
}

#[test]
fn case_57_training_is_on_the_bill_at_its_own_price() {
    let stage = Stage::with(Builder::with_other_prices);
    let price = json!({"model": "tuned", "training_cost_per_token": 0.000003,
        "input_cost_per_token": 0.000001, "output_cost_per_token": 0.000002});
    stage.gateway.admin("POST", "/tollgate/v1/prices", &price);
    let job = |status: &str, tokens: Value| {
        json!({"id": "ftjob-1", "object": "fine_tuning.job", "model": "tuned", "status": status,
            "fine_tuned_model": null, "trained_tokens": tokens})
        .to_string()
    };
    let path = "/fine_tuning/jobs";
    let queued = Script::json(200, job("validating_files", Value::Null));
    stage.provider.script(Matcher::new("POST", path), queued);
    let running = Script::json(200, job("running", Value::Null));
    stage.provider.script(Matcher::new("GET", "/fine_tuning/jobs/ftjob-1"), running);
    let done = Script::json(200, job("succeeded", json!(5_000)));
    stage.provider.script(Matcher::new("GET", "/fine_tuning/jobs/ftjob-1"), done.always());
    let body = json!({"model": "tuned", "training_file": upload(&stage)});
    passed(&post(&stage, &format!("/v1{path}"), &body));
    assert_eq!(settled(&stage, 1), [("createFineTuningJob".to_owned(), 0, 0, 5_000 * 3_000)]);
    // Nothing says beforehand how much that will be.
    let project = stage.gateway.default_project();
    let scope = json!({"type": "project", "id": project});
    let limit = json!({"scope": scope, "period": "month", "amount_usd": "1000"});
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    refused(&post(&stage, &format!("/v1{path}"), &body), 403, "route_not_metered");
}

fn upload(stage: &Stage) -> String {
    let part = "--b\r\nContent-Disposition: form-data; name=";
    let form = format!(
        "{part}\"purpose\"\r\n\r\nfine-tune\r\n{part}\"file\"; filename=\"a.jsonl\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{{}}\n\r\n--b--\r\n"
    );
    let bearer = stage.bearer();
    let kind = "multipart/form-data; boundary=b";
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
    let answer = stage.gateway.request("POST", "/v1/files", &headers, form);
    passed(&answer);
    answer.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn case_57_an_evals_run_is_on_the_bill_model_by_model() {
    let stage = Stage::new();
    let eval = post(&stage, "/v1/evals", &json!({"name": "e"}));
    let eval = eval.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/evals/{eval}/runs");
    let used = |model: &str, input: u64, output: u64| {
        json!({"model_name": model, "invocation_count": 2, "prompt_tokens": input,
            "completion_tokens": output, "total_tokens": input + output, "cached_tokens": 0})
    };
    let run = |status: &str, models: Value| {
        json!({"id": "evalrun_1", "object": "eval.run", "eval_id": eval, "status": status,
            "model": MINI, "per_model_usage": models})
        .to_string()
    };
    let queued = Script::json(201, run("queued", json!([])));
    stage.provider.script(Matcher::new("POST", &path), queued);
    let models = json!([used(MINI, 100, 10), used("gpt-4o", 7, 3)]);
    let done = Script::json(200, run("completed", models)).always();
    stage.provider.script(Matcher::new("GET", &format!("{path}/evalrun_1")), done);
    let made = post(&stage, &format!("/v1{path}"), &json!({"name": "r"}));
    assert_eq!(made.status, 201);
    let mut found = settled(&stage, 2);
    found.sort();
    let operation = || "createEvalRun".to_owned();
    let (mini, large) = (100 * 150 + 10 * 600, 7 * 2_500 + 3 * 10_000);
    assert_eq!(found, [(operation(), 7, 3, large), (operation(), 100, 10, mini)]);
}
