//! The figures are true, their names bounded, and strangers do not see them.

use std::net::UdpSocket;

use serde_json::json;
use testkit::{FakeProvider, TestGateway};

use super::page::Page;
use crate::support::{CHAT, Process, Stage, Wire, hello, hello_stream, passed, refused, until};

/// A gateway whose key has made some calls of each kind, all of them settled.
pub fn busy() -> Stage {
    let stage = Stage::new();
    let scope = json!({"type": "project", "id": stage.key.project});
    let limit = json!({"scope": scope, "period": "month", "amount_nanos": 100_000_000_000_i64});
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    for _ in 0..3 {
        passed(&stage.chat(&hello()));
    }
    passed(&stage.chat(&hello_stream()));
    let mut unknown = hello();
    unknown["model"] = json!("no-such-model");
    assert_eq!(stage.chat(&unknown).status, 403, "a model without a price under a limit");
    refused(&stage.gateway.request("GET", "/v1/models", &[], ""), 401, "missing_api_key");
    stage.gateway.request("GET", "/nowhere", &[], "");
    until("all is settled", || Page::of(&stage.gateway).sum("tollgate_calls_total", &[]) == 4);
    stage
}

#[test]
fn figures_are_those_of_the_calls() {
    let stage = busy();
    let page = Page::of(&stage.gateway);
    let chat = ("operation", "createChatCompletion");
    let done = [chat, ("model", "gpt-4o-mini"), ("upstream", "openai"), ("outcome", "completed")];
    assert_eq!(page.one("tollgate_calls_total", &done), "4");
    let route = [("method", "POST"), ("route", CHAT)];
    let code =
        |code| page.sum("tollgate_http_requests_total", &[route[0], route[1], ("code", code)]);
    assert_eq!((code("200"), code("403")), (4, 1));
    let other = [("route", "other"), ("code", "404")];
    assert_eq!(page.one("tollgate_http_requests_total", &other), "1");
    let class = [("upstream", "openai"), ("class", "completed")];
    assert_eq!(page.one("tollgate_upstream_attempts_total", &class), "4");

    // Tokens and money are the bill's.
    let bill = stage.provider.bill();
    let tokens =
        |kind| page.one("tollgate_tokens_total", &[("model", "gpt-4o-mini"), ("kind", kind)]);
    let billed = |of: fn(&testkit::Tokens) -> u64| {
        bill.iter().map(|line| of(&line.tokens)).sum::<u64>().to_string()
    };
    assert_eq!(tokens("input"), billed(|tokens| tokens.input));
    assert_eq!(tokens("output"), billed(|tokens| tokens.output));
    let cost = page.one("tollgate_cost_usd_total", &[("project", "Default project")]);
    let nanos: i64 = stage
        .gateway
        .wait_records(4)
        .iter()
        .map(|record| record["cost_nanos"].as_i64().unwrap_or(0))
        .sum();
    assert_eq!(cost.parse::<f64>().unwrap() * 1e9, nanos as f64);

    // Each attempt is in each histogram once.
    assert_eq!(page.one("tollgate_call_duration_seconds_count", &[chat]), "4");
    assert_eq!(page.one("tollgate_overhead_seconds_count", &[]), "4");
    assert_eq!(page.one("tollgate_time_to_first_byte_seconds_count", &[]), "4");
    let chat = ("gen_ai_operation_name", "chat");
    let input = [chat, ("gen_ai_token_type", "input"), ("gen_ai_provider_name", "openai")];
    assert_eq!(page.one("gen_ai_client_token_usage_count", &input), "4");
    assert_eq!(page.one("gen_ai_client_operation_duration_seconds_count", &[chat]), "4");
    let first = page.one("gen_ai_client_operation_time_to_first_chunk_seconds_count", &[chat]);
    assert_eq!(first, "1", "of the stream alone");
    let ours: f64 = page.one("tollgate_overhead_seconds_sum", &[]).parse().unwrap();
    let whole: f64 = page.one("tollgate_call_duration_seconds_sum", &[]).parse().unwrap();
    assert!(ours > 0.0 && ours < whole, "{ours} of {whole}");

    let limit = [("scope", "project"), ("project", "Default project"), ("period", "month")];
    assert_eq!(page.one("tollgate_limit_usd", &limit), "100");
    let left: f64 = page.one("tollgate_limit_remaining_usd", &limit).parse().unwrap();
    assert!(left < 100.0 && left > 99.0, "{left}");
    let memory: u64 = page.one("process_resident_memory_bytes", &[]).parse().unwrap();
    assert!(memory > 1 << 20);
}

#[test]
fn a_jobs_cost_counts_when_it_has_ended() {
    let stage = Stage::new();
    let body = json!({"model": "gpt-4o-mini", "input": "one two three", "background": true,
                      "max_output_tokens": 50});
    passed(&stage.gateway.json(&stage.key.value, "POST", "/v1/responses", &body));
    let model = [("model", "gpt-4o-mini"), ("kind", "output")];
    let output = || Page::of(&stage.gateway).sum("tollgate_tokens_total", &model);
    until("the job has ended", || output() > 0);
    let bills = stage.provider.bill();
    assert_eq!(output(), bills.iter().map(|bill| bill.tokens.output).sum::<u64>());
}

#[test]
fn every_family_is_in_the_table_and_every_histogram_is_sound() {
    let stage = busy();
    let page = Page::of(&stage.gateway);
    let table = include_str!("../../../../../docs/metrics.md");
    for (name, kind) in &page.kinds {
        assert!(
            table.contains(&format!("| `{name}` | {kind} |")),
            "{name} is not in docs/metrics.md"
        );
    }
    let rows = table.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(page.kinds.len(), rows, "a metric of the table is not on the page");
    for sample in page.samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
        if sample.labels["le"] != "+Inf" {
            continue;
        }
        let family = page.family(&sample.name);
        let mut labels: Vec<(&str, &str)> =
            sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        labels.retain(|(name, _)| *name != "le");
        assert_eq!(page.one(&format!("{family}_count"), &labels), sample.value);
        let buckets: Vec<u64> = page
            .find(&sample.name, &labels)
            .iter()
            .map(|bucket| bucket.value.parse().unwrap())
            .collect();
        assert!(buckets.is_sorted() && buckets.len() > 5, "{family} {labels:?}");
    }
}

#[test]
fn openmetrics_is_written_where_it_is_asked_for() {
    let stage = busy();
    let accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2";
    let answer = stage.gateway.request("GET", "/metrics", &[("Accept", accept)], "");
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let text = answer.text();
    assert!(text.ends_with("\n# EOF\n"));
    assert!(text.contains("# TYPE tollgate_calls counter\n"));
    assert!(text.contains("\ntollgate_calls_total{"));
}

#[test]
fn what_clients_write_makes_no_series() {
    let provider = FakeProvider::start();
    let gateway =
        TestGateway::builder(std::path::Path::new(crate::support::BIN)).provider(&provider).start();
    let key = gateway.create_key(&json!({"name": "k"}));
    let mut body = hello();
    for number in 0..40 {
        body["model"] = json!(format!("no-such-{number}\"}} 1"));
        assert_eq!(gateway.json(&key.value, "POST", CHAT, &body).status, 404);
        let path = format!("/v1/files/file-{number}");
        gateway.json(&key.value, "GET", &path, &json!(null));
        gateway.json(&key.value, "POST", &format!("/v1/made-up/{number}"), &body);
    }
    let done = [("model", "other"), ("outcome", "refused")];
    until("all is settled", || Page::of(&gateway).sum("tollgate_calls_total", &done) == 40);
    let page = Page::of(&gateway);
    let series = page.find("tollgate_calls_total", &[]);
    assert!(series.len() <= 3, "{series:?}");
    for sample in &page.samples {
        let odd = sample.labels.values().find(|value| {
            value.contains("no-such") || value.contains("made-up") || value.contains("file-")
        });
        assert_eq!(odd, None, "{}", sample.name);
    }
    assert!(page.find("tollgate_http_requests_total", &[]).len() < 12);
}

/// An address of this machine that is not the loopback's, where it has one.
fn outer_address() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: this asks the system for the way there.
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then(|| address.to_string())
}

#[test]
fn a_stranger_sees_no_figures() {
    let Some(outer) = outer_address() else { return };
    let home = tempfile::tempdir().unwrap();
    let (admin, token) = ("sk-admin-0123456789abcdef0123456789", "metrics-token-0123456789");
    let env = [("TOLLGATE_ADMIN_KEY", admin), ("TOLLGATE_METRICS_TOKEN", token)];
    let mut process =
        Process::spawn(home.path(), &["serve", "--listen", "0.0.0.0:0", "--data-dir", "d"], &env);
    let line = process.wait_for("listening on http://0.0.0.0:");
    let port = line.trim();
    let ask = |host: &str, path: &str, bearer: &str| {
        let mut wire = Wire::to(&format!("{host}:{port}"));
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let auth = match bearer {
            "" => String::new(),
            bearer => format!("Authorization: Bearer {bearer}\r\n"),
        };
        wire.send(format!("{head}{auth}\r\n"));
        wire.rest()
    };
    let stranger = ask(&outer, "/metrics", "");
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
    assert!(!stranger.contains("tollgate_build_info"));
    assert!(ask(&outer, "/metrics", "metrics-token-012345678x").starts_with("HTTP/1.1 401"));
    for bearer in [admin, token] {
        assert!(ask(&outer, "/metrics", bearer).contains("tollgate_build_info"));
        assert!(ask(&outer, "/readyz?verbose", bearer).contains("calls in flight: 0"));
    }
    assert!(ask("127.0.0.1", "/metrics", "").contains("tollgate_build_info"));
    // A word for everybody, and no more for a stranger.
    let ready = ask(&outer, "/readyz?verbose", "");
    assert!(ready.starts_with("HTTP/1.1 200") && ready.ends_with("\r\n\r\nok\n"), "{ready}");
}
