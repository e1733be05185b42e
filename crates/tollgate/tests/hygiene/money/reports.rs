//! What a provider says that a call cost, believed or not.

use serde_json::json;
use testkit::{Piece, Script, Then, Tokens};

use super::desk::{AMPLE, answer_with, bound_at, chat, entries, posted, record, usage, with_limit};
use crate::support::{CHAT, Stage, hello, hello_stream, metric, passed, refused};

#[test]
fn case_33_usage_above_the_bound_is_posted_in_full_and_told() {
    let stage = Stage::new();
    let bound = bound_at(&stage, CHAT, &hello());
    super::limit(&stage.gateway, bound * 2, false);
    let told = answer_with(&usage("1000000", "1000000"));
    let bill = Tokens::text(1_000_000, 1_000_000);
    stage.provider.script(chat(), Script::json(200, told.clone()).bill(bill));
    let answer = stage.chat(&hello());
    passed(&answer);
    assert_eq!(answer.text(), told, "the client hears nothing of it");
    // 0.15 + 0.6 dollars.
    let cost = 750_000_000;
    assert!(cost > bound * 2);
    assert_eq!(posted(&stage, 1), cost, "nothing is clipped");
    let entries = entries(&stage.gateway);
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.kind.as_str(), entry.cost), ("settled", cost));
    assert_eq!(entry.overage, cost - bound);
    assert_eq!(metric(&stage.gateway, "tollgate_overages_total"), 1);
    assert!(stage.gateway.output().contains("more than was held"), "{}", stage.gateway.output());
    // It is closed while it stands past its limit, and no longer.
    refused(&stage.chat(&hello()), 429, "project_spend_limit_exceeded");
    assert_eq!(stage.provider.seen_count(), 1);
    super::limit(&stage.gateway, cost + bound, false);
    passed(&stage.chat(&hello()));
}

#[test]
fn case_34_usage_that_makes_no_sense_is_posted_as_what_was_held() {
    let stage = Stage::new();
    let bound = bound_at(&stage, CHAT, &hello());
    super::limit(&stage.gateway, AMPLE, false);
    let mut spent = 0;
    for (at, usage) in [
        usage("-3", "9"),
        usage("1000000000000000000", "9"),
        usage("3", "99999999999999999999999999"),
        usage("3.5", "9"),
        usage("\"3\"", "9"),
        usage("1e3", "9"),
        r#"{"prompt_tokens":3}"#.to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let script = Script::json(200, answer_with(&usage)).bill(Tokens::text(3, 9));
        stage.provider.script(chat(), script.misreported());
        let answer = stage.chat(&hello());
        passed(&answer);
        let record = record(&stage, &answer);
        assert_eq!(record["cost_nanos"], json!(bound), "{usage}");
        assert_eq!(record["estimated"], 1, "{usage}");
        spent += bound;
        assert_eq!(posted(&stage, at + 1), spent, "{usage}");
    }
    // What is no object at all is as good as absent.
    assert_eq!(metric(&stage.gateway, "tollgate_bad_usage_total"), 8);
}

fn event(more: &str) -> Piece {
    let head = r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","model":"gpt-4o-mini""#;
    Piece::new(0, format!("{head},{more}}}\n\n"))
}

fn word(usage: Option<&str>) -> Piece {
    let choice = r#""choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]"#;
    event(&format!("{choice},\"usage\":{}", usage.unwrap_or("null")))
}

fn done() -> Piece {
    Piece::new(0, "data: [DONE]\n\n")
}

#[test]
fn case_36_a_stream_that_ends_without_its_usage_is_posted_as_what_was_held() {
    let stage = Stage::new();
    let bound = bound_at(&stage, CHAT, &hello_stream());
    super::limit(&stage.gateway, AMPLE, false);
    let early = usage("5", "1");
    let mut spent = 0;
    let streams = [
        ("no usage at all", vec![word(None), done()], Then::End),
        ("broken off", vec![word(None)], Then::Reset),
        ("closed early", vec![word(None)], Then::End),
        ("nothing came", vec![], Then::Reset),
        // Some providers count as they go: what they said last is not the end.
        ("broken off while counting", vec![word(Some(&early))], Then::Reset),
        ("closed while counting", vec![word(Some(&early))], Then::End),
        (
            "an error while counting",
            vec![word(Some(&early)), Piece::new(0, "data: {\"error\":{\"message\":\"no\"}}\n\n")],
            Then::End,
        ),
    ];
    let count = streams.len();
    for (at, (what, pieces, then)) in streams.into_iter().enumerate() {
        let script = Script::stream(pieces, then).bill(Tokens::text(5, 50)).misreported();
        stage.provider.script(chat(), script);
        let answer = stage.chat(&hello_stream());
        spent += bound;
        assert_eq!(posted(&stage, at + 1), spent, "{what}");
        if answer.status == 200 {
            assert_eq!(record(&stage, &answer)["estimated"], 1, "{what}");
        }
    }
    // A count that goes down is believed by nobody.
    let events =
        vec![word(Some(&usage("50", "20"))), event(&format!(r#""choices":[],"usage":{early}"#))];
    let script = Script::stream([events, vec![done()]].concat(), Then::End);
    stage.provider.script(chat(), script.bill(Tokens::text(50, 20)).misreported());
    passed(&stage.chat(&hello_stream()));
    assert_eq!(posted(&stage, count + 1), spent + bound, "decreasing");
}

#[test]
fn case_37_usage_that_only_we_asked_for_settles_the_call_and_stays_here() {
    let stage = with_limit(AMPLE);
    let answer = stage.chat(&hello_stream());
    passed(&answer);
    assert!(!answer.text().contains("\"prompt_tokens\""), "{}", answer.text());
    let seen = stage.provider.seen().pop().unwrap().json();
    assert_eq!(seen["stream_options"]["include_usage"], true);
    assert_eq!(seen["max_completion_tokens"], 16_384, "and what was held is told as well");
    let record = record(&stage, &answer);
    assert_eq!(record["estimated"], 0, "{record:#}");
    let spent = posted(&stage, 1);
    assert_eq!(record["cost_nanos"], json!(spent));
    // Exactly what it cost: the books are held to the bill when the stage is dropped.
    assert!(spent > 0 && spent < 10_000, "{spent}");
}
