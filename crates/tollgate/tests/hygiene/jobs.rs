//! Work that goes on after its reply, under spend limits: held meanwhile, and posted for what it
//! cost, whether or not its client ever looks, and whatever happens to the process in between.

use serde_json::{Value, json};
use testkit::{Answer, Bill, TestGateway};

use crate::support::{Stage, passed, refused, until};

const BATCHES: &str = "/v1/batches";
const RESPONSES: &str = "/v1/responses";
const VIDEOS: &str = "/v1/videos";

/// Nano-dollars a token of gpt-4o-mini: read and written.
const USUAL: (i64, i64) = (150, 600);
const IN_BATCH: (i64, i64) = (75, 300);

/// A limit on the stage's project for the month, in nano-dollars.
fn limit(gateway: &TestGateway, nanos: i64) {
    let scope = json!({"type": "project", "id": gateway.default_project()});
    let body = json!({"scope": scope, "period": "month", "amount_nanos": nanos});
    gateway.admin("PUT", "/tollgate/v1/limits", &body);
}

/// What the month's limit says of itself: spent, and held or leased, in nano-dollars.
fn balance(gateway: &TestGateway) -> (i64, i64) {
    let list = gateway.admin("GET", "/tollgate/v1/limits", &Value::Null);
    let of = |name: &str| list["data"][0][name].as_i64().unwrap_or_else(|| panic!("{list}"));
    (of("spent_nanos"), of("held_nanos"))
}

/// Waits until nothing is held any more; what was spent.
fn spent(stage: &Stage) -> i64 {
    let mut last = balance(&stage.gateway);
    until("the job has ended", || {
        last = balance(&stage.gateway);
        last.1 == 0
    });
    last.0
}

/// The provider's own bill for the work.
fn bill(stage: &Stage) -> Bill {
    let bills = stage.provider.bill();
    bills.into_iter().find(|bill| bill.job).expect("a bill for work that went on")
}

fn priced(bill: &Bill, (input, output): (i64, i64)) -> i64 {
    bill.tokens.input.cast_signed() * input + bill.tokens.output.cast_signed() * output
}

fn line(model: &str, more: &str) -> String {
    let messages = r#""messages":[{"role":"user","content":"one two three"}]"#;
    format!(
        r#"{{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{{"model":"{model}",{messages}{more}}}}}"#
    )
}

fn three_lines() -> String {
    let line = line("gpt-4o-mini", r#","max_completion_tokens":50"#);
    format!("{line}\n{line}\n{line}\n")
}

fn upload(stage: &Stage, lines: &str) -> String {
    let part = "--b\r\nContent-Disposition: form-data; name=";
    let form = format!(
        "{part}\"purpose\"\r\n\r\nbatch\r\n{part}\"file\"; filename=\"a.jsonl\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{lines}\r\n--b--\r\n"
    );
    let bearer = stage.bearer();
    let kind = "multipart/form-data; boundary=b";
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", kind)];
    let answer = stage.gateway.request("POST", "/v1/files", &headers, form);
    passed(&answer);
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn post(stage: &Stage, path: &str, body: &Value) -> Answer {
    stage.gateway.json(&stage.key.value, "POST", path, body)
}

fn batch(stage: &Stage, lines: &str) -> Answer {
    let body = json!({
        "input_file_id": upload(stage, lines), "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
    });
    post(stage, BATCHES, &body)
}

fn in_background() -> Value {
    json!({
        "model": "gpt-4o-mini", "input": "one two three", "background": true,
        "max_output_tokens": 50,
    })
}

fn was_made(stage: &Stage, path: &str) -> bool {
    stage.provider.seen().iter().any(|seen| seen.method == "POST" && seen.target == path)
}

#[test]
fn case_60_a_batch_is_held_and_posts_its_true_bill_at_batch_price() {
    let stage = Stage::new();
    limit(&stage.gateway, 1_000_000);
    stage.provider.work_for(1);
    passed(&batch(&stage, &three_lines()));
    let (before, held) = balance(&stage.gateway);
    // At least what 150 tokens of output cost, and nothing is spent yet.
    assert!(before == 0 && held >= 150 * IN_BATCH.1, "{before} {held}");
    // What is held for it is nobody else's.
    limit(&stage.gateway, held + held / 2);
    refused(&batch(&stage, &three_lines()), 429, "project_spend_limit_exceeded");
    let spent = spent(&stage);
    assert_eq!(spent, priced(&bill(&stage), IN_BATCH));
    assert!(spent > 0 && spent < held / 2);
    passed(&batch(&stage, &three_lines()));
}

#[test]
fn case_57_a_batch_that_does_not_fit_is_not_made() {
    let stage = Stage::new();
    limit(&stage.gateway, 100 * IN_BATCH.1);
    refused(&batch(&stage, &three_lines()), 429, "project_spend_limit_exceeded");
    limit(&stage.gateway, 1_000_000_000);
    // Nothing can be told to a line, so that what has no price or no bound is refused.
    for (line, code) in [
        (line("no-price-for-this", ""), "model_price_unknown"),
        (
            line("gpt-4o-mini", "").replace("/v1/chat/completions", "/v1/embeddings"),
            "invalid_value",
        ),
        (line("gpt-4o-mini", r#","max_completion_tokens":0"#), "invalid_max_tokens"),
    ] {
        let answer = batch(&stage, &line);
        assert_eq!(answer.header("x-tollgate-error"), Some(code), "{}", answer.text());
    }
    let nameless = post(&stage, BATCHES, &json!({"endpoint": "/v1/chat/completions"}));
    refused(&nameless, 400, "invalid_value");
    assert!(!was_made(&stage, BATCHES));
    assert_eq!(spent(&stage), 0);
    // A line without a maximum may write what its model can.
    passed(&batch(&stage, &line("gpt-4o-mini", "")));
    assert!(balance(&stage.gateway).1 >= 16_384 * IN_BATCH.1);
}

#[test]
fn case_60_a_job_survives_a_kill() {
    let mut stage = Stage::new();
    limit(&stage.gateway, 1_000_000);
    stage.provider.work_for(1);
    passed(&batch(&stage, &three_lines()));
    passed(&post(&stage, RESPONSES, &in_background()));
    let (_, held) = balance(&stage.gateway);
    stage.gateway.kill9();
    stage.gateway.restart();
    assert_eq!(balance(&stage.gateway), (0, held), "neither booked nor freed");
    let spent = spent(&stage);
    let bills = stage.provider.bill();
    let [lines, response] = bills.iter().filter(|b| b.job).collect::<Vec<_>>()[..] else {
        panic!("{bills:?}")
    };
    assert_eq!(spent, priced(lines, IN_BATCH) + priced(response, USUAL));
}

#[test]
fn case_60_a_background_response_is_held_and_posts_its_true_bill() {
    let stage = Stage::new();
    limit(&stage.gateway, 1_000_000);
    let answer = post(&stage, RESPONSES, &in_background());
    passed(&answer);
    assert_eq!(answer.json()["status"], "queued");
    let (before, held) = balance(&stage.gateway);
    assert!(before == 0 && held >= 50 * USUAL.1, "{before} {held}");
    assert_eq!(spent(&stage), priced(&bill(&stage), USUAL));
}

#[test]
fn case_60_what_was_cancelled_posts_what_it_says() {
    let stage = Stage::new();
    limit(&stage.gateway, 1_000_000);
    stage.provider.work_for(1);
    let made = batch(&stage, &three_lines());
    let path = format!("{BATCHES}/{}/cancel", made.json()["id"].as_str().unwrap());
    passed(&post(&stage, &path, &json!({})));
    assert_eq!(spent(&stage), priced(&bill(&stage), IN_BATCH));
}

#[test]
fn case_60_what_ends_without_a_word_of_its_cost_is_posted_in_full() {
    // The fake charges for what it says has failed.
    let stage = Stage::with(testkit::Builder::without_bill_check);
    limit(&stage.gateway, 1_000_000);
    stage.provider.end_work_as("cancelled");
    passed(&post(&stage, RESPONSES, &in_background()));
    let (_, held) = balance(&stage.gateway);
    assert_eq!(spent(&stage), held);
    stage.provider.end_work_as("failed");
    passed(&post(&stage, RESPONSES, &in_background()));
    assert_eq!(spent(&stage), 2 * held, "it may have run long before it failed");
}

#[test]
fn case_60_what_is_deleted_tells_its_cost_before() {
    let stage = Stage::new();
    limit(&stage.gateway, 1_000_000);
    let made = post(&stage, RESPONSES, &in_background()).json();
    let path = format!("{RESPONSES}/{}", made["id"].as_str().unwrap());
    passed(&stage.gateway.json(&stage.key.value, "DELETE", &path, &Value::Null));
    assert_eq!(balance(&stage.gateway), (priced(&bill(&stage), USUAL), 0));
}

#[test]
fn case_60_a_video_is_posted_by_its_seconds_and_a_failed_one_is_free() {
    let stage = Stage::with(testkit::Builder::without_bill_check);
    limit(&stage.gateway, 2_000_000_000);
    let video = json!({"model": "sora-2", "prompt": "x", "seconds": "8"});
    passed(&post(&stage, VIDEOS, &video));
    assert_eq!(balance(&stage.gateway), (0, 800_000_000));
    assert_eq!(spent(&stage), 800_000_000);
    stage.provider.end_work_as("failed");
    passed(&post(&stage, VIDEOS, &video));
    assert_eq!(spent(&stage), 800_000_000);
}

#[test]
fn a_batch_of_several_models_is_priced_line_by_line() {
    let stage = Stage::new();
    limit(&stage.gateway, 10_000_000);
    stage.provider.keep_batch_usage_silent();
    let limited = r#","max_completion_tokens":50"#;
    let lines = format!("{}\n{}\n", line("gpt-4o-mini", limited), line("gpt-4o", limited));
    passed(&batch(&stage, &lines));
    let spent = spent(&stage);
    let half = bill(&stage).tokens;
    // Both models answered the same; gpt-4o costs 1,250 and 5,000 nano-dollars a token in a batch.
    let (read, written) = (half.input.cast_signed() / 2, half.output.cast_signed() / 2);
    assert_eq!(spent, read * (75 + 1_250) + written * (300 + 5_000));
}

#[test]
fn a_jobs_usage_is_on_the_bill_without_a_limit_too() {
    let stage = Stage::new();
    passed(&batch(&stage, &three_lines()));
    let job = |record: &Value| record["operation"] == "createBatch" && record["batch"] == 1;
    until("the batch is on the bill", || stage.gateway.records().iter().any(job));
    let record = stage.gateway.records().into_iter().find(job).unwrap();
    let bill = bill(&stage);
    assert_eq!(record["input_tokens"], bill.tokens.input);
    assert_eq!(record["service_tier"], "batch");
    assert_eq!(record["cost_nanos"], priced(&bill, IN_BATCH));
}
