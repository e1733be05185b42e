//! What a provider says of its usage, and what is made of it when it says nothing sensible
//! (cases 34 to 36).

use serde_json::{Value, json};
use testkit::{Matcher, Piece, Script, Then};

use crate::rig::Rig;

const WORDS: &str = "The quick brown fox jumps over the lazy dog and runs away again.";

fn ask(rig: &Rig, stream: bool) -> Value {
    let had = rig.gateway.records().len();
    let body = json!({"model": "gpt-4o", "stream": stream,
                      "messages": [{"role": "user", "content": "How is the weather in Paris today?"}]});
    rig.post(&rig.a, "/chat/completions", body);
    rig.gateway.wait_records(had + 1).remove(had)
}

fn whole(usage: &str) -> Script {
    Script::json(
        200,
        format!(
            r#"{{"id":"c","model":"gpt-4o","choices":[{{"index":0,"message":{{"role":"assistant","content":"{WORDS}"}}}}]{usage}}}"#
        ),
    )
}

fn streamed(last: &str) -> Script {
    let mut pieces: Vec<Piece> = WORDS
        .split_inclusive(' ')
        .map(|word| {
            let delta = json!({"id": "c", "model": "gpt-4o", "choices": [{"index": 0, "delta": {"content": word}}]});
            Piece::new(0, format!("data: {delta}\n\n"))
        })
        .collect();
    pieces.push(Piece::new(0, format!("{last}data: [DONE]\n\n")));
    Script::stream(pieces, Then::End)
}

fn counts(record: &Value) -> (i64, i64, i64) {
    let count = |name: &str| record[name].as_i64().unwrap();
    (count("estimated"), count("input_tokens"), count("output_tokens"))
}

/// By the tokenizer: 8 tokens in, 15 out, and what a template adds.
fn is_estimate(record: &Value) -> bool {
    let (estimated, input, output) = counts(record);
    estimated == 1 && (8..=20).contains(&input) && (12..=18).contains(&output)
}

#[test]
fn case_34_no_usage_is_counted_by_us_and_marked() {
    let rig = Rig::new();
    for script in [
        whole(""),
        whole(r#","usage":null"#),
        streamed(""),
        streamed("data: {\"id\":\"c\",\"choices\":[],\"usage\":null}\n\n"),
    ] {
        let stream = !matches!(&script, s if format!("{s:?}").contains("application/json"));
        rig.provider.script(Matcher::any(), script);
        let record = ask(&rig, stream);
        assert!(is_estimate(&record), "{record:#}");
        assert_eq!(record["outcome"], "completed");
    }
    assert_eq!(rig.metric("tollgate_bad_usage_total"), 0);
    assert_eq!(rig.metric("tollgate_usage_estimated_total"), 4);
    rig.provider.script(Matcher::any(), Script::json(200, r#"{"data":[],"model":"e"}"#));
    rig.post(&rig.a, "/embeddings", json!({"model": "e", "input": ["one two three", "four"]}));
    let records = rig.gateway.wait_records(5);
    let embedding = records.iter().find(|r| r["operation"] == "createEmbedding").unwrap();
    let (estimated, input, output) = counts(embedding);
    assert!(estimated == 1 && (3..8).contains(&input) && output == 0, "{input} {output}");
}

#[test]
fn case_34_usage_that_cannot_be_is_not_believed() {
    let rig = Rig::new();
    let bad = [
        r#"{"prompt_tokens":-1,"completion_tokens":2,"total_tokens":1}"#,
        r#"{"prompt_tokens":5,"completion_tokens":-2,"total_tokens":3}"#,
        r#"{"prompt_tokens":1000000000000000000,"completion_tokens":2,"total_tokens":2}"#,
        r#"{"prompt_tokens":123456789012345678901234567890,"completion_tokens":2}"#,
        r#"{"prompt_tokens":1.5,"completion_tokens":2,"total_tokens":3}"#,
        r#"{"prompt_tokens":"5","completion_tokens":2,"total_tokens":7}"#,
        r#"{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":6}}"#,
        r#"{"prompt_tokens":5,"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":3}}"#,
        r#"{"prompt_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":-1}}"#,
        "{}",
    ];
    for (number, usage) in (1..).step_by(2).zip(bad) {
        rig.provider.script(Matcher::any(), whole(&format!(r#","usage":{usage}"#)));
        let record = ask(&rig, false);
        assert!(is_estimate(&record), "{usage}: {record:#}");
        assert_eq!(rig.metric("tollgate_bad_usage_total"), number, "{usage}");
        let chunk = format!("data: {{\"id\":\"c\",\"choices\":[],\"usage\":{usage}}}\n\n");
        rig.provider.script(Matcher::any(), streamed(&chunk));
        let record = ask(&rig, true);
        assert!(is_estimate(&record), "{usage} in a stream: {record:#}");
    }
    // What is no object reports nothing.
    for usage in ["[]", "7", r#""many""#, "false"] {
        rig.provider.script(Matcher::any(), whole(&format!(r#","usage":{usage}"#)));
        let record = ask(&rig, false);
        assert!(is_estimate(&record), "{usage}: {record:#}");
    }
}

#[test]
fn case_35_the_last_usage_wins_and_nothing_is_summed() {
    let rig = Rig::new();
    let usage = |input: u32, output: u32| {
        format!(
            r#""usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{}}}"#,
            input + output
        )
    };
    let extra = |usage: String| format!("data: {{\"id\":\"c\",\"choices\":[],{usage}}}\n\n");
    let choice = |usage: String| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}],{usage}}}\n\n"
        )
    };
    let cases = [
        extra(usage(7, 1)) + &extra(usage(7, 15)),
        choice(usage(7, 15)),
        choice(usage(7, 3)) + &extra(usage(7, 15)),
        choice(usage(7, 15)) + &extra("\"usage\":null".into()),
        extra("\"usage\" : null".into()) + &extra(usage(7, 15)),
        extra(format!("\"obfuscation\":\"\\\"usage\\\":null\",{}", usage(7, 15))),
    ];
    for last in cases {
        rig.provider.script(Matcher::any(), streamed(&last));
        let record = ask(&rig, true);
        assert_eq!(counts(&record), (0, 7, 15), "{last}");
    }
    let twice = format!(",{},{}", usage(1, 1), usage(7, 15));
    rig.provider.script(Matcher::any(), whole(&twice));
    assert_eq!(counts(&ask(&rig, false)), (0, 7, 15));
    let both = r#","usage":{"prompt_tokens":7,"input_tokens":7,"completion_tokens":15,"output_tokens":15}"#;
    rig.provider.script(Matcher::any(), whole(both));
    assert_eq!(counts(&ask(&rig, false)), (0, 7, 15));
    assert_eq!(rig.metric("tollgate_bad_usage_total"), 0);
}

#[test]
fn a_responses_stream_is_counted_by_its_last_event() {
    let rig = Rig::new();
    for kind in ["completed", "incomplete", "failed"] {
        let created =
            json!({"type": "response.created", "response": {"id": "resp_1", "usage": null}});
        let last = json!({"type": format!("response.{kind}"), "response": {"id": "resp_1", "model": "gpt-4o",
            "output": [], "usage": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13,
                "input_tokens_details": {"cached_tokens": 3}, "output_tokens_details": {"reasoning_tokens": 2}}}});
        let text = format!("data: {created}\n\ndata: {last}\n\n");
        rig.provider.script(Matcher::any(), Script::stream(vec![Piece::new(0, text)], Then::End));
        let had = rig.gateway.records().len();
        rig.post(&rig.a, "/responses", json!({"model": "gpt-4o", "input": "x", "stream": true}));
        let record = rig.gateway.wait_records(had + 1).remove(had);
        assert_eq!(counts(&record), (0, 9, 4), "{kind}");
        assert_eq!(
            (&record["input_cached_tokens"], &record["output_reasoning_tokens"]),
            (&json!(3), &json!(2))
        );
    }
}

#[test]
fn case_36_a_stream_that_the_provider_drops_is_estimated_from_what_came() {
    let rig = Rig::new();
    for then in [Then::Cut, Then::Reset] {
        let text = format!(
            "data: {}\n\n",
            json!({"id": "c", "choices": [{"index": 0, "delta": {"content": WORDS}}]})
        );
        let pieces = vec![Piece::new(0, text), Piece::new(20, "data: {\"id\":\"c\"")];
        rig.provider.script(Matcher::any(), Script::stream(pieces, then));
        let record = ask(&rig, true);
        assert!(is_estimate(&record), "{record:#}");
        assert_eq!(record["outcome"], "upstream_failed");
        // Usage that was already told is believed.
        let usage = json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 15}});
        let pieces = vec![Piece::new(0, format!("data: {usage}\n\n")), Piece::new(20, ": cut")];
        rig.provider.script(Matcher::any(), Script::stream(pieces, then));
        let record = ask(&rig, true);
        assert_eq!((counts(&record), &record["outcome"]), ((0, 7, 15), &json!("upstream_failed")));
    }
}
