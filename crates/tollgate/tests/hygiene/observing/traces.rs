//! Spans reach a collector: once, true, without content.

use serde_json::{Value, json};
use testkit::Builder;

use super::collector::Collector;
use super::page::Page;
use crate::support::{CHAT, Stage, hello, hello_stream, passed, until};

fn traced(collector: &Collector, more: impl FnOnce(Builder) -> Builder) -> Stage {
    let url = collector.url();
    Stage::with(|builder| {
        more(
            builder
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
                .env("OTEL_BSP_SCHEDULE_DELAY", "20"),
        )
    })
}

fn attribute<'a>(span: &'a Value, name: &str) -> &'a Value {
    let all = span["attributes"].as_array().unwrap();
    let found = all.iter().find(|pair| pair["key"] == name);
    found.map_or(&Value::Null, |pair| pair["value"].as_object().unwrap().values().next().unwrap())
}

#[test]
fn a_call_is_a_span_of_its_clients_trace_and_goes_on_to_the_provider() {
    let collector = Collector::start();
    let stage = traced(&collector, |builder| {
        builder.env("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-key=PLANTED%20collector-key")
    });
    stage.gateway.plant("PLANTED collector-key");
    let bearer = stage.bearer();
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("traceparent", given),
    ];
    let mut body = hello_stream();
    body["messages"][0]["content"] = json!("the private question [[reasoning=3]]");
    body["temperature"] = json!(0.5);
    body["max_completion_tokens"] = json!(64);
    let answer = stage.gateway.request("POST", CHAT, &headers, body.to_string());
    passed(&answer);
    until("a span comes", || !collector.spans().is_empty());
    let spans = collector.spans();
    let [span] = &spans[..] else { panic!("{spans:?}") };

    assert_eq!(span["name"], "chat gpt-4o-mini");
    assert_eq!((&span["kind"], &span["traceId"]), (&json!(3), &json!(&given[3..35])));
    assert_eq!(span["parentSpanId"], json!(&given[36..52]));
    let sent = &stage.provider.seen()[0];
    let own = span["spanId"].as_str().unwrap();
    let expected = format!("00-{}-{own}-01", &given[3..35]);
    assert_eq!(sent.header("traceparent"), Some(expected.as_str()));

    let id = answer.header("x-request-id").unwrap();
    let record = &stage.gateway.wait_records(1)[0];
    for (name, value) in [
        ("tollgate.request.id", json!(id)),
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.provider.name", json!("openai")),
        ("gen_ai.request.model", json!("gpt-4o-mini")),
        ("gen_ai.request.stream", json!(true)),
        ("gen_ai.request.temperature", json!(0.5)),
        ("gen_ai.request.max_tokens", json!("64")),
        ("gen_ai.response.model", record["model_served"].clone()),
        ("gen_ai.usage.reasoning.output_tokens", json!("3")),
        ("server.address", json!("127.0.0.1")),
        ("server.port", json!(stage.provider.port().to_string())),
        ("openai.api.type", json!("chat_completions")),
        ("tollgate.outcome", json!("completed")),
        ("tollgate.attempt", json!("1")),
        ("error.type", Value::Null),
    ] {
        assert_eq!(attribute(span, name), &value, "{name}");
    }
    let tokens = &stage.provider.bill()[0].tokens;
    assert_eq!(attribute(span, "gen_ai.usage.input_tokens"), &json!(tokens.input.to_string()));
    assert_eq!(attribute(span, "gen_ai.usage.output_tokens"), &json!(tokens.output.to_string()));
    let time = |name: &str| span[name].as_str().unwrap().parse::<u64>().unwrap();
    assert!(time("endTimeUnixNano") > time("startTimeUnixNano"));
    assert!(attribute(span, "gen_ai.response.time_to_first_chunk").as_f64().unwrap() > 0.0);

    let posted = &collector.posted()[0];
    assert_eq!(posted.target, "/v1/traces");
    assert_eq!(posted.header("content-type"), Some("application/json"));
    assert_eq!(posted.header("x-collector-key"), Some("PLANTED collector-key"));
    let text = String::from_utf8_lossy(&posted.body);
    assert!(!text.contains("private question") && !text.contains(&stage.key.value), "{text}");
}

#[test]
fn a_failure_is_told_by_its_code_and_a_refusal_by_its_status() {
    let collector = Collector::start();
    let stage = traced(&collector, |builder| builder);
    let mut body = hello();
    body["model"] = json!("no-such-model");
    assert_eq!(stage.chat(&body).status, 404);
    until("a span comes", || !collector.spans().is_empty());
    let span = &collector.spans()[0];
    assert_eq!(attribute(span, "error.type"), "404");
    assert_eq!(span["status"]["code"], 2);
    assert!(span.get("parentSpanId").is_none(), "a trace of its own: {span}");
}

#[test]
fn a_collector_that_is_busy_gets_its_spans_later_and_once() {
    let collector = Collector::start();
    collector.answer(&["503 Service Unavailable\r\nretry-after: 1"]);
    let stage = traced(&collector, |builder| builder);
    passed(&stage.chat(&hello()));
    until("they are sent again", || collector.posted().len() == 2);
    let posted = collector.posted();
    assert_eq!(posted[0].body, posted[1].body);
    until("they count as exported", || {
        Page::of(&stage.gateway).one("tollgate_trace_spans_exported_total", &[]) == "1"
    });
    // What cannot be taken is not tried again.
    collector.answer(&["400 Bad Request"]);
    passed(&stage.chat(&hello()));
    until("it counts as dropped", || {
        Page::of(&stage.gateway).one("tollgate_trace_spans_dropped_total", &[]) == "1"
    });
    assert_eq!(collector.posted().len(), 3);
}

#[test]
fn a_collector_that_hangs_costs_spans_and_no_calls() {
    let collector = Collector::start();
    collector.hang();
    let stage = traced(&collector, |builder| {
        builder.env("OTEL_BSP_MAX_QUEUE_SIZE", "2").env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2")
    });
    until("spans are dropped", || {
        passed(&stage.chat(&hello()));
        Page::of(&stage.gateway).one("tollgate_trace_spans_dropped_total", &[]) != "0"
    });
    // The stop at the end is bounded all the same.
}

#[test]
fn a_stop_sends_what_is_left() {
    let collector = Collector::start();
    let mut stage = traced(&collector, |builder| builder.env("OTEL_BSP_SCHEDULE_DELAY", "600000"));
    for _ in 0..3 {
        passed(&stage.chat(&hello()));
    }
    assert!(collector.posted().is_empty());
    assert_eq!(stage.gateway.terminate(), 0);
    assert_eq!(collector.spans().len(), 3);
}

#[test]
fn sampling_goes_by_the_client_and_protobuf_is_spoken_by_default() {
    let collector = Collector::start();
    let url = collector.url();
    let stage = Stage::with(|builder| {
        builder
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
            .env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
            .env("OTEL_TRACES_SAMPLER_ARG", "0")
            .env("OTEL_BSP_SCHEDULE_DELAY", "20")
    });
    passed(&stage.chat(&hello()));
    let sent = stage.provider.seen()[0].header("traceparent").unwrap().to_owned();
    assert!(sent.ends_with("-00"), "{sent}");
    let bearer = stage.bearer();
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    passed(&stage.gateway.request("POST", CHAT, &headers, hello().to_string()));
    until("the sampled one comes", || !collector.posted().is_empty());
    let posted = &collector.posted()[0];
    assert_eq!(posted.header("content-type"), Some("application/x-protobuf"));
    let name = b"\x2a\x10chat gpt-4o-mini";
    assert_eq!(posted.body.windows(name.len()).filter(|window| window == name).count(), 1);
}

#[test]
fn without_a_collector_the_clients_header_goes_on_as_it_came() {
    let stage = Stage::new();
    let bearer = stage.bearer();
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("traceparent", given),
        ("tracestate", "a=b"),
    ];
    passed(&stage.gateway.request("POST", CHAT, &headers, hello().to_string()));
    passed(&stage.chat(&hello()));
    let seen = stage.provider.seen();
    assert_eq!(seen[0].header("traceparent"), Some(given));
    assert_eq!(seen[0].header("tracestate"), Some("a=b"));
    assert_eq!(seen[1].header("traceparent"), None);
}
