//! Limits by rate, on real sockets.

use std::sync::Mutex;

use serde_json::{Value, json};
use testkit::{Act, Answer, Matcher, Script};

use crate::support::{CHAT, Stage, hello, hello_stream, metric, passed, refused, until};

const UNLIMITED: &str = "9007199254740991";
const MINI: &str = "gpt-4o-mini";

impl Stage {
    /// Limits the default project's calls to a model.
    fn limit_model(&self, model: &str, limits: &Value) {
        let path = format!("/v1/organization/projects/{}/rate_limits/rl-{model}", self.key.project);
        self.gateway.admin("POST", &path, limits);
    }

    /// Limits the stage's key.
    fn limit_key(&self, limits: &Value) {
        let path = format!("/tollgate/v1/api_keys/{}/rate_limits", self.key.id);
        self.gateway.admin("PUT", &path, limits);
    }

    fn limit_project(&self, limits: &Value) {
        let path = format!("/tollgate/v1/projects/{}/rate_limits", self.key.project);
        self.gateway.admin("PUT", &path, limits);
    }

    fn open_stream(&self, words: &str) -> testkit::Stream {
        let mut body = hello_stream();
        body["messages"][0]["content"] = json!(words);
        let bearer = self.bearer();
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.gateway.open("POST", CHAT, &headers, body.to_string())
    }
}

fn per_minute(requests: u64) -> Value {
    json!({ "max_requests_per_1_minute": requests })
}

fn of_model(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

fn number(answer: &Answer, header: &str) -> u64 {
    let text = answer.header(header).unwrap_or_else(|| panic!("no {header}"));
    text.parse().unwrap_or_else(|_| panic!("{header}: {text}"))
}

/// Checks a refusal by rate; gives its message.
#[track_caller]
fn limited(answer: &Answer, kind: &str) -> String {
    refused(answer, 429, "rate_limit_exceeded");
    let error = answer.json()["error"].clone();
    assert_eq!((&error["type"], &error["code"]), (&json!(kind), &json!("rate_limit_exceeded")));
    for name in ["limit", "remaining", "reset"] {
        for of in ["requests", "tokens"] {
            assert!(answer.header(&format!("x-ratelimit-{name}-{of}")).is_some());
        }
    }
    error["message"].as_str().unwrap().to_owned()
}

/// Checks that a refusal says when to come again, in all its places alike; gives the milliseconds.
#[track_caller]
fn told_to_wait(answer: &Answer) -> u64 {
    let ms = number(answer, "retry-after-ms");
    assert_eq!(number(answer, "retry-after"), ms.div_ceil(1000).max(1));
    assert_eq!(answer.header("x-should-retry"), (ms > 60_000).then_some("false"));
    ms
}

#[track_caller]
fn told_never(answer: &Answer) {
    assert_eq!(answer.header("x-should-retry"), Some("false"));
    assert!(answer.header("retry-after").is_none() && answer.header("retry-after-ms").is_none());
}

#[test]
fn p28_exactly_k_of_n_racing_calls_pass() {
    let stage = Stage::new();
    stage.limit_model(MINI, &per_minute(5));
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let answer = stage.chat(&hello());
                    answers.lock().unwrap().push(answer);
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap();
    let (through, stopped): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    assert_eq!((through.len(), stopped.len()), (5, 19));
    assert_eq!(stage.provider.seen_count(), 5);
    let mut left: Vec<u64> =
        through.iter().map(|a| number(a, "x-ratelimit-remaining-requests")).collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
    for answer in stopped {
        let message = limited(answer, "requests");
        let begin = format!("Rate limit reached for {MINI} in organization org-");
        let told = " on requests per min (RPM): Limit 5, Used 5, Requested 1. Please try again in ";
        assert!(message.starts_with(&begin) && message.contains(told), "{message}");
        assert!(message.contains(&format!("project `{}` for this model", stage.key.project)));
        let wait = told_to_wait(answer);
        assert!((30_000..=60_000).contains(&wait), "{wait}");
    }
    // Neither other models nor other projects are held up.
    passed(&stage.chat(&of_model("gpt-4o")));
    let elsewhere = stage.gateway.create_project("elsewhere");
    let other = stage.gateway.create_key_in(&elsewhere, &json!({}));
    passed(&stage.gateway.json(&other.value, "POST", CHAT, &hello()));
    // The same model in another spelling is the same model.
    let escaped = hello().to_string().replace("gpt-4o", "gpt\\u002d4o");
    let bearer = stage.bearer();
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    limited(&stage.gateway.request("POST", CHAT, &headers, escaped), "requests");
}

#[test]
fn every_paid_reply_tells_how_the_limits_stand() {
    let stage = Stage::new();
    let free = stage.chat(&hello());
    assert!(free.headers.iter().all(|(name, _)| !name.starts_with("x-ratelimit")));
    stage.limit_key(&per_minute(10));
    let check = |answer: &Answer, left: u64| {
        assert_eq!(number(answer, "x-ratelimit-limit-requests"), 10);
        assert_eq!(number(answer, "x-ratelimit-remaining-requests"), left);
        assert_eq!(answer.header("x-ratelimit-reset-requests"), Some("1m0s"));
        assert_eq!(answer.header("x-ratelimit-limit-tokens"), Some(UNLIMITED));
        assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some(UNLIMITED));
        assert_eq!(answer.header("x-ratelimit-reset-tokens"), Some("0s"));
    };
    check(&stage.chat(&hello()), 9);
    check(&stage.chat(&hello_stream()), 8);
    // A provider's refusal and its failure were calls, too.
    let chat = || Matcher::new("POST", CHAT);
    stage.provider.script(chat(), Script::error(400, "invalid_request_error", None, "No."));
    check(&stage.chat(&hello()), 7);
    stage.provider.script(chat(), Script::new(Act::ResetBeforeHead));
    let broken = stage.chat(&hello());
    refused(&broken, 502, "upstream_error");
    check(&broken, 6);
    // What is free meets no limit.
    let models = stage.gateway.json(&stage.key.value, "GET", "/v1/models", &Value::Null);
    assert!(models.header("x-ratelimit-limit-requests").is_none());
    check(&stage.chat(&hello()), 5);
}

#[test]
fn tokens_are_taken_by_estimate_and_corrected() {
    let stage = Stage::new();
    stage.limit_model(MINI, &json!({"max_tokens_per_1_minute": 1_000}));
    let asking = |most: u64| {
        let mut body = hello();
        body["max_tokens"] = json!(most);
        body
    };
    let never = stage.chat(&asking(1_001));
    let message = limited(&never, "tokens");
    assert!(message.starts_with("Request too large for gpt-4o-mini in organization org-"));
    assert!(message.contains("tokens per min (TPM): Limit 1000, Requested 1001."), "{message}");
    told_never(&never);

    let first = stage.chat(&asking(900));
    passed(&first);
    assert_eq!(number(&first, "x-ratelimit-remaining-tokens"), 100);
    let used = first.json()["usage"]["total_tokens"].as_u64().unwrap();
    assert!(used > 0 && used < 100, "{used}");
    // The rest came back before the first answer was out: a second one of the size fits.
    let second = stage.chat(&asking(900));
    passed(&second);
    assert_eq!(number(&second, "x-ratelimit-remaining-tokens"), 100 - used);
    // A stream is corrected before its last byte, counted by the provider or by us.
    let streamed = asking(900);
    let mut streamed = streamed.as_object().unwrap().clone();
    streamed.insert("stream".into(), json!(true));
    passed(&stage.chat(&streamed.clone().into()));
    let left = stage.chat(&asking(500));
    passed(&left);
    assert!(number(&left, "x-ratelimit-remaining-tokens") > 300);
    // While a call runs, its estimate is held.
    stage.provider.script(Matcher::new("POST", CHAT), Script::gate_open());
    std::thread::scope(|scope| {
        let running = scope.spawn(|| stage.chat(&asking(800)));
        until("the call runs", || stage.provider.seen_count() == 5);
        let stopped = stage.chat(&asking(800));
        assert!(limited(&stopped, "tokens").contains("Requested 800"));
        told_to_wait(&stopped);
        stage.provider.release();
        passed(&running.join().unwrap());
    });
    passed(&stage.chat(&asking(500)));
}

#[test]
fn case_58_a_call_refused_for_another_reason_burns_nothing() {
    let mut stage = Stage::new();
    // To the default project belongs what has no record; to another one it is unknown.
    let elsewhere = stage.gateway.create_project("elsewhere");
    stage.key = stage.gateway.create_key_in(&elsewhere, &json!({}));
    stage.limit_project(&per_minute(3));
    stage.limit_model(MINI, &per_minute(1));
    let narrow = stage.gateway.create_key_in(&elsewhere, &json!({"models": ["o3"]}));
    let ask = |key: &str, body: &Value| stage.gateway.json(key, "POST", CHAT, body);
    for _ in 0..5 {
        refused(&ask(&narrow.value, &hello()), 403, "model_not_allowed");
        refused(&ask(&stage.key.value, &json!([1])), 400, "invalid_json");
        let unknown = json!({"model": MINI, "input": "hi", "previous_response_id": "resp_none"});
        let answer = stage.gateway.json(&stage.key.value, "POST", "/v1/responses", &unknown);
        refused(&answer, 400, "previous_response_not_found");
    }
    stage.kept_from_the_provider();
    passed(&stage.chat(&hello()));
    // The model is full; its refusals take nothing from the project.
    for _ in 0..5 {
        assert!(limited(&stage.chat(&hello()), "requests").contains("Limit 1, Used 1"));
    }
    passed(&stage.chat(&of_model("gpt-4o")));
    passed(&stage.chat(&of_model("gpt-4o")));
    let full = limited(&stage.chat(&of_model("gpt-4o")), "requests");
    assert!(full.contains("Limit 3, Used 3"), "{full}");
    assert!(full.ends_with(&format!("It is the limit of project `{}`.", stage.key.project)));
    assert_eq!(stage.provider.seen_count(), 3);
}

#[test]
fn limits_hold_from_the_next_call_and_over_a_restart() {
    let mut stage = Stage::new();
    passed(&stage.chat(&hello()));
    stage.limit_key(&per_minute(0));
    let stopped = stage.chat(&hello());
    assert!(limited(&stopped, "requests").contains("Limit 0"));
    told_never(&stopped);
    let path = format!("/tollgate/v1/api_keys/{}/rate_limits", stage.key.id);
    stage.gateway.admin("DELETE", &path, &Value::Null);
    passed(&stage.chat(&hello()));

    stage.limit_model(MINI, &per_minute(1));
    stage.limit_key(&json!({"max_requests_per_1_day": 2, "max_concurrent_requests": 7}));
    stage.gateway.restart();
    passed(&stage.chat(&hello()));
    told_to_wait(&stage.chat(&hello()));
    passed(&stage.chat(&of_model("gpt-4o")));
    let tomorrow = stage.chat(&of_model("gpt-4o"));
    let message = limited(&tomorrow, "requests");
    assert!(message.contains("requests per day (RPD): Limit 2, Used 2"), "{message}");
    assert!(told_to_wait(&tomorrow) > 86_000_000);
    let held = stage.gateway.admin("GET", &path, &Value::Null);
    assert_eq!(held["max_concurrent_requests"], 7);
}

#[test]
fn calls_in_flight_are_limited_and_streams_give_their_places_back() {
    let stage = Stage::new();
    stage.limit_key(&json!({"max_concurrent_requests": 2}));
    stage.provider.script(Matcher::new("POST", CHAT), Script::gate_open().times(2));
    std::thread::scope(|scope| {
        let running =
            [scope.spawn(|| stage.chat(&hello())), scope.spawn(|| stage.chat(&hello_stream()))];
        until("both run", || stage.provider.seen_count() == 2);
        let stopped = stage.chat(&hello());
        let message = limited(&stopped, "requests");
        assert!(message.contains("concurrent requests: Limit 2, Used 2"), "{message}");
        assert_eq!(told_to_wait(&stopped), 1_000);
        stage.provider.release();
        running.into_iter().for_each(|call| passed(&call.join().unwrap()));
    });
    // A place is free before the last byte is out, however the call ends.
    stage.limit_key(&json!({"max_concurrent_requests": 1}));
    let chat = || Matcher::new("POST", CHAT);
    for _ in 0..10 {
        passed(&stage.chat(&hello()));
        passed(&stage.chat(&hello_stream()));
    }
    stage.provider.script(chat(), Script::error(500, "server_error", None, "No.").times(3));
    assert_eq!(stage.chat(&hello()).status, 500);
    stage.provider.script(chat(), Script::new(Act::ResetBeforeHead));
    assert_eq!(stage.chat(&hello()).status, 502);
    stage.provider.script(chat(), Script::new(Act::ResetAfterChunks(2)));
    assert_eq!(stage.chat(&hello_stream()).status, 200);
    passed(&stage.chat(&hello()));
}

#[test]
fn case_38_a_client_who_leaves_gives_its_place_back_with_the_drain() {
    let stage = Stage::new();
    stage.limit_key(&json!({"max_concurrent_requests": 1, "max_tokens_per_1_minute": 100_000}));
    for chunks in [0, 1, 3] {
        let mut stream = stage.open_stream("[[words=8]] [[gap_ms=10]]");
        for _ in 0..chunks {
            stream.next_chunk().unwrap().unwrap();
        }
        drop(stream);
        until("the place is free", || stage.chat(&hello()).status == 200);
    }
    until("nothing is open", || metric(&stage.gateway, "tollgate_calls_in_flight") == 0);
    passed(&stage.chat(&hello()));
}

#[test]
fn images_and_audio_have_limits_of_their_own() {
    let stage = Stage::new();
    stage.limit_project(
        &json!({"max_images_per_1_minute": 3, "max_audio_megabytes_per_1_minute": 1}),
    );
    let draw = |n: u64| {
        let body = json!({"model": "dall-e-3", "prompt": "a cat", "n": n});
        stage.gateway.json(&stage.key.value, "POST", "/v1/images/generations", &body)
    };
    passed(&draw(2));
    let stopped = limited(&draw(2), "requests");
    assert!(stopped.contains("images per min (IPM): Limit 3, Used 2, Requested 2"), "{stopped}");
    passed(&draw(1));
    told_never(&draw(4));

    let transcribe = |bytes: usize| {
        let mut body =
            b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
                .to_vec();
        body.resize(body.len() + bytes, b'x');
        body.extend(b"\r\n--b--\r\n");
        let bearer = stage.bearer();
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "multipart/form-data; boundary=b"),
        ];
        stage.gateway.request("POST", "/v1/audio/transcriptions", &headers, body)
    };
    passed(&transcribe(600_000));
    let stopped = limited(&transcribe(600_000), "requests");
    assert!(stopped.contains("audio megabytes per min: Limit 1, Used 1, Requested 1"), "{stopped}");
    passed(&transcribe(300_000));
    // Chat is none of both.
    passed(&stage.chat(&hello()));
}

#[test]
fn what_escapes_us_is_refused_where_a_rate_limit_stands() {
    let stage = Stage::new();
    let session = |status: u16| {
        let path = "/v1/realtime/client_secrets";
        let answer = stage.gateway.json(&stage.key.value, "POST", path, &json!({}));
        assert_eq!(answer.status, status, "{}", answer.text());
        answer
    };
    session(200);
    stage.limit_key(&json!({"max_tokens_per_1_minute": 1_000_000}));
    refused(&session(403), 403, "route_not_metered");
}
