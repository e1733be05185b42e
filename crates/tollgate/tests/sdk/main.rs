//! The official SDKs, unmodified, against the real binary.
//!
//! Each script prints what its client saw. What it sees of the provider itself is the control:
//! through the gateway it must see the same, but for ids and times. What only a gateway has
//! (keys, administration) is checked by scripts of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and start processes"
)]

mod exec;
mod language;
mod transcript;

use std::path::Path;

use serde_json::{Value, json};
use testkit::{Act, Authority, FakeProvider, Key, Matcher, Piece, Script, TestGateway, Then};

use language::{Language, NODE, PYTHON};

const BIN: &str = env!("CARGO_BIN_EXE_tollgate");

#[test]
fn python_text() {
    same_through_the_gateway(&PYTHON, "text");
}

#[test]
fn node_text() {
    same_through_the_gateway(&NODE, "text");
}

#[test]
fn python_replay() {
    from_the_cache(&PYTHON);
}

#[test]
fn node_replay() {
    from_the_cache(&NODE);
}

#[test]
fn python_media() {
    same_through_the_gateway(&PYTHON, "media");
}

#[test]
fn node_media() {
    same_through_the_gateway(&NODE, "media");
}

#[test]
fn python_objects() {
    same_through_the_gateway(&PYTHON, "objects");
}

#[test]
fn node_objects() {
    same_through_the_gateway(&NODE, "objects");
}

#[test]
fn python_errors() {
    same_errors_through_the_gateway(&PYTHON);
}

#[test]
fn node_errors() {
    same_errors_through_the_gateway(&NODE);
}

#[test]
fn python_keys() {
    keys(&PYTHON);
}

#[test]
fn node_keys() {
    keys(&NODE);
}

#[test]
fn python_admin() {
    admin(&PYTHON, "admin");
}

#[test]
fn python_people() {
    admin(&PYTHON, "people");
}

#[test]
fn node_admin() {
    admin(&NODE, "admin");
}

#[test]
fn python_story() {
    story(&PYTHON);
}

#[test]
fn node_story() {
    story(&NODE);
}

/// Every method of the administration client, in the order of an organization's life.
fn story(language: &Language) {
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let key = gateway.create_key(&json!({"name": "sdk"}));
    let mut env = through(&gateway, &key.value);
    let doomed = || gateway.create_key(&json!({"name": "doomed"})).id;
    env.extend([
        ("OPENAI_ADMIN_KEY", gateway.admin_key().to_owned()),
        ("DOOMED_PROJECT", key.project),
        ("DOOMED_SYNC", doomed()),
        ("DOOMED_ASYNC", doomed()),
        ("CERTIFICATE_SYNC", Authority::new("one").pem()),
        ("CERTIFICATE_ASYNC", Authority::new("two").pem()),
    ]);
    let seen = language.run("story", &env).finish();
    seen.iter().filter_map(|line| line["plant"].as_str()).for_each(|value| gateway.plant(value));
    gateway.finish();
}

#[test]
fn python_rates() {
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let key = gateway.create_key(&json!({"name": "sdk"}));
    let one = gateway.create_key(&json!({"name": "one at a time"}));
    let path = format!("/tollgate/v1/api_keys/{}/rate_limits", one.id);
    gateway.admin("PUT", &path, &json!({"max_concurrent_requests": 1}));
    let mut env = through(&gateway, &key.value);
    env.extend([
        ("OPENAI_ADMIN_KEY", gateway.admin_key().to_owned()),
        ("PROJECT", key.project),
        ("ONE_AT_A_TIME", one.value),
    ]);
    PYTHON.run("rates", &env).finish();
    // On a slow machine the call in the way takes longer than one wait.
    let refused = refusals(&gateway, "rate_limit_exceeded");
    assert!((2..=4).contains(&refused), "{refused}");
    gateway.finish();
}

#[test]
fn python_spending() {
    spending(&PYTHON);
}

#[test]
fn node_spending() {
    spending(&NODE);
}

/// What a client meets at a spend limit: told once where a retry cannot help, told to wait where
/// it can.
fn spending(language: &Language) {
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let limited = |name: &str, nanos: i64| {
        let key = gateway.create_key(&json!({ "name": name }));
        let body = json!({
            "scope": {"type": "api_key", "id": key.id}, "period": "month",
            "amount_nanos": nanos, "clamp_output": false,
        });
        gateway.admin("PUT", "/tollgate/v1/limits", &body);
        key.value
    };
    let mut env = through(&gateway, &limited("spent", 0));
    // gpt-4o writes 16,384 tokens for 0.16384 dollars: there is room for one call at a time.
    env.push(("ROOM_FOR_ONE", limited("room for one", 250_000_000)));
    let one = gateway.create_key(&json!({"name": "one at a time"}));
    let path = format!("/tollgate/v1/api_keys/{}/rate_limits", one.id);
    gateway.admin("PUT", &path, &json!({"max_concurrent_requests": 1}));
    env.push(("ONE_AT_A_TIME", one.value));
    language.run("spending", &env).finish();
    // One request for each of the three calls: nobody tried again.
    let spent = 3;
    let waited = refusals(&gateway, "api_key_spend_limit_exceeded") - spent;
    assert!((1..=2).contains(&waited), "{waited} were told to wait");
    assert!((1..=2).contains(&refusals(&gateway, "rate_limit_exceeded")));
    assert_eq!(provider.seen_count(), 4);
    gateway.finish();
}

fn gateway(provider: &FakeProvider) -> TestGateway {
    TestGateway::builder(Path::new(BIN)).provider(provider).start()
}

fn through(gateway: &TestGateway, key: &str) -> Vec<(&'static str, String)> {
    vec![
        ("OPENAI_BASE_URL", format!("{}/v1", gateway.url())),
        ("OPENAI_API_KEY", key.to_owned()),
        ("NOBODY_URL", nobody()),
    ]
}

fn straight_to(provider: &FakeProvider) -> Vec<(&'static str, String)> {
    vec![
        ("OPENAI_BASE_URL", provider.base_url()),
        ("OPENAI_API_KEY", provider.credential().to_owned()),
        ("NOBODY_URL", nobody()),
    ]
}

/// An address on which nothing listens.
fn nobody() -> String {
    static CLOSED: std::sync::LazyLock<testkit::Toxic> =
        std::sync::LazyLock::new(testkit::Toxic::closed);
    CLOSED.base_url()
}

fn same_through_the_gateway(language: &Language, script: &str) {
    let control = FakeProvider::start();
    let expected = language.run(script, &straight_to(&control)).finish();
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let key = gateway.create_key(&json!({"name": "sdk"}));
    let seen = language.run(script, &through(&gateway, &key.value)).finish();
    transcript::must_be_equal(&expected, &seen);
    gateway.finish();
}

/// The same where answers come from the cache, in either form. The script is run twice: the second
/// time the provider is not asked at all.
fn from_the_cache(language: &Language) {
    let control = FakeProvider::start();
    let expected = language.run("replay", &straight_to(&control)).finish();
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let key = gateway.create_key(&json!({"name": "sdk"}));
    let path = format!("/tollgate/v1/projects/{}/cache", key.project);
    gateway.admin("POST", &path, &json!({"enabled": true}));
    let seen = language.run("replay", &through(&gateway, &key.value)).finish();
    transcript::must_be_equal(&expected, &seen);
    let asked = provider.seen_count();
    assert!(asked * 2 <= control.seen_count(), "{asked} of {}", control.seen_count());
    let again = language.run("replay", &through(&gateway, &key.value)).finish();
    transcript::must_be_equal(&expected, &again);
    assert_eq!(provider.seen_count(), asked);
    gateway.finish();
}

fn same_errors_through_the_gateway(language: &Language) {
    let control = FakeProvider::start();
    let (expected, control_tries) = errors(language, &control, &straight_to(&control));
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let key = gateway.create_key(&json!({"name": "sdk"}));
    let (seen, tries) = errors(language, &provider, &through(&gateway, &key.value));
    transcript::must_be_equal(&expected, &seen);
    // Nothing but the SDK tries again: the provider is asked as often as without a gateway. But a
    // provider's rate limit is waited out, twice at most, before anybody hears of it.
    assert_eq!(control_tries, TRIES);
    let waited_out = |(case, tries)| (case, if case == "case-rate" { 3 } else { tries });
    assert_eq!(tries, TRIES.map(waited_out));
    gateway.finish();
}

/// How often the provider is asked in each case.
const TRIES: [(&str, usize); 14] = [
    // Plain, streamed, and one more: Python's asynchronous client, Node's `withResponse`.
    ("case-bad-request", 3),
    ("case-conflict", 1),
    ("case-unprocessable", 1),
    ("case-rate", 1),
    ("case-quota", 1),
    ("case-overloaded", 1),
    ("case-429-then-fine", 2),
    ("case-waits-as-told", 2),
    ("case-500-then-fine", 2),
    ("case-reset-then-fine", 2),
    ("case-stream-after-500", 2),
    ("case-gives-up", 3),
    ("case-timeout", 1),
    ("case-connection", 0),
];

/// Runs the script of errors; gives what it saw and how often the provider was asked.
fn errors(
    language: &Language,
    provider: &FakeProvider,
    env: &[(&str, String)],
) -> (Vec<Value>, [(&'static str, usize); TRIES.len()]) {
    let when = |case: &str, script| provider.script(Matcher::any().containing(case), script);
    let kind = "invalid_request_error";
    let too_long = Some("context_length_exceeded");
    when("case-bad-request", Script::error(400, kind, too_long, "Too many words.").always());
    when("case-conflict", Script::error(409, kind, None, "In use.").always());
    when("case-unprocessable", Script::error(422, kind, None, "No sense.").always());
    let slow_down = "Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3.";
    let rate = || Script::error(429, "requests", Some("rate_limit_exceeded"), slow_down);
    when("case-rate", rate().retry_after("1").always());
    let spent = envelope("insufficient_quota", Some("insufficient_quota"));
    when("case-quota", refusal(429, &[("x-should-retry", "false")], &spent).always());
    let busy =
        Script::error(503, "service_unavailable_error", Some("server_is_overloaded"), "Busy");
    when("case-overloaded", busy.retry_after("1").always());
    let limited = envelope("requests", Some("rate_limit_exceeded"));
    let soon = || refusal(429, &[("retry-after-ms", "20")], &limited);
    when("case-429-then-fine", soon());
    when("case-async-429", soon());
    when("case-waits-as-told", rate().retry_after("1"));
    let broken = envelope("server_error", None);
    let mend = || refusal(500, &[("retry-after-ms", "20")], &broken);
    when("case-500-then-fine", mend());
    when("case-stream-after-500", mend());
    when("case-gives-up", mend().always());
    when("case-reset-then-fine", Script::new(Act::ResetBeforeHead));
    when("case-timeout", Script::gate_open());
    when("case-stream-error", Script::stream(broken_stream(), Then::End));
    when("case-failed", Script::stream(failed_response(), Then::End));

    let seen = language.run("errors", env).finish();
    provider.release();
    let requests = provider.seen();
    let asked = |case: &str| {
        let about = format!("{case}\"");
        requests.iter().filter(|r| String::from_utf8_lossy(&r.body).contains(&about)).count()
    };
    (seen, TRIES.map(|(case, _)| (case, asked(case))))
}

fn envelope(kind: &str, code: Option<&str>) -> String {
    let error = json!({"message": "Not now.", "type": kind, "param": null, "code": code});
    json!({ "error": error }).to_string()
}

fn refusal(status: u16, headers: &[(&str, &str)], body: &str) -> Script {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend(headers);
    let chunks = vec![Piece::new(0, body.to_owned())];
    Script::raw(status, &all, chunks, Then::End).sized()
}

fn broken_stream() -> Vec<Piece> {
    let choice = json!({"index": 0, "delta": {"content": "half"}, "finish_reason": null});
    let chunk = json!({
        "id": "chatcmpl-half", "object": "chat.completion.chunk", "created": 1_780_000_000,
        "model": "gpt-4o", "choices": [choice],
    });
    let error = json!({"message": "it broke", "type": "server_error", "param": null, "code": null});
    let error = json!({ "error": error });
    [chunk, error].map(|data| Piece::new(0, format!("data: {data}\n\n"))).into()
}

fn failed_response() -> Vec<Piece> {
    let response = |status: &str| {
        json!({
            "id": "resp_failed", "object": "response", "created_at": 1_780_000_000,
            "status": status, "error": null, "incomplete_details": null, "instructions": null,
            "metadata": {}, "model": "gpt-4o", "output": [], "parallel_tool_calls": true,
            "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        })
    };
    let mut failed = response("failed");
    failed["error"] = json!({"code": "server_error", "message": "it broke"});
    let events = [("response.created", response("in_progress")), ("response.failed", failed)];
    let event = |(number, (name, response)): (usize, (&str, Value))| {
        let data = json!({"type": name, "sequence_number": number, "response": response});
        Piece::new(0, format!("event: {name}\ndata: {data}\n\n"))
    };
    events.into_iter().enumerate().map(event).collect()
}

/// Keys that may less than all, and providers that let a client down.
fn keys(language: &Language) {
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let key = gateway.create_key(&json!({"name": "sdk"}));
    let revoked = gateway.create_key(&json!({"name": "revoked"}));
    revoke(&gateway, &revoked);
    let restricted = gateway.create_key(&json!({"name": "few", "models": ["gpt-4o-mini"]}));
    let reader = gateway.create_key(&json!({"name": "reader", "permission": "read_only"}));
    let elsewhere = gateway.create_project("elsewhere");
    let other = gateway.create_key_in(&elsewhere, &json!({"name": "other"}));
    let dead = Script::new(Act::ResetAfterChunks(4)).times(2);
    provider.script(Matcher::any().containing("case-dead"), dead);
    let stale = Script::error(401, "invalid_request_error", Some("invalid_api_key"), "Wrong key.");
    provider.script(Matcher::any().containing("case-upstream-401"), stale);

    let mut env = through(&gateway, &key.value);
    env.extend([
        ("REVOKED_KEY", revoked.value),
        ("RESTRICTED_KEY", restricted.value),
        ("READ_ONLY_KEY", reader.value),
        ("OTHER_KEY", other.value),
    ]);
    for l in language.run("keys", &env).finish() {
        println!("{}", l);
    }
    // A stranger's call is refused once: the SDK is told not to try again.
    assert_eq!(refusals(&gateway, "invalid_api_key"), 1);
    assert_eq!(refusals(&gateway, "key_revoked"), 1);
    gateway.finish();
}

fn revoke(gateway: &TestGateway, key: &Key) {
    let path = format!("/v1/organization/projects/{}/api_keys/{}", key.project, key.id);
    gateway.admin("DELETE", &path, &Value::Null);
}

/// How many calls the gateway has refused with this code.
fn refusals(gateway: &TestGateway, code: &str) -> u64 {
    let answer = gateway.json(gateway.admin_key(), "GET", "/metrics", &Value::Null).text();
    let label = format!("tollgate_refusals_total{{code=\"{code}\"}} ");
    answer.lines().find_map(|line| line.strip_prefix(&label)?.parse().ok()).unwrap_or(0)
}

/// The administration client, in a script of its own.
fn admin(language: &Language, script: &str) {
    let provider = FakeProvider::start();
    let gateway = gateway(&provider);
    let key = gateway.create_key(&json!({"name": "sdk"}));
    let mut env = through(&gateway, &key.value);
    let doomed = gateway.create_key(&json!({"name": "doomed"}));
    env.extend([
        ("OPENAI_ADMIN_KEY", gateway.admin_key().to_owned()),
        ("DOOMED_ID", doomed.id),
        ("DOOMED_KEY", doomed.value),
        ("DOOMED_PROJECT", doomed.project),
    ]);
    let seen = language.run(script, &env).finish();
    seen.iter().filter_map(|line| line["plant"].as_str()).for_each(|value| gateway.plant(value));
    gateway.finish();
}
