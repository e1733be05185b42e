//! Tools that run at the provider: how often they may be called, and what they cost.

use serde_json::{Value, json};
use testkit::{Matcher, Piece, Script, Then, Tokens};

use super::desk::{AMPLE, bound_at, record};
use super::maximum::sent;
use crate::support::{Stage, passed};

fn response(items: &str, usage: &str) -> String {
    format!(
        r#"{{"id":"resp_1","object":"response","status":"completed","model":"o3","output":[{items}{{"type":"message","id":"msg_1","content":[{{"type":"output_text","text":"say \"web_search_call\""}}]}}],"usage":{usage}}}"#
    )
}

#[test]
fn case_32_tools_that_run_at_the_provider_are_bounded_and_paid_for() {
    const RESPONSES: &str = "/v1/responses";
    // A cent a search, by the price list.
    const FEE: i64 = 10_000_000;
    let stage = Stage::new();
    let body = |more: &str| -> Value {
        let text = format!(r#"{{"model":"o3","input":"hi","max_output_tokens":50{more}}}"#);
        serde_json::from_str(&text).unwrap()
    };
    let searching = body(r#","tools":[{"type":"web_search"}]"#);
    let with = bound_at(&stage, RESPONSES, &searching);
    let one = body(r#","tools":[{"type":"web_search"}],"max_tool_calls":1"#);
    let less = bound_at(&stage, RESPONSES, &one);
    assert!(with - less >= 7 * FEE, "{with} and {less}: eight calls, and one");
    super::limit(&stage.gateway, AMPLE, false);
    let usage = r#"{"input_tokens":10,"output_tokens":10,"total_tokens":20}"#;
    let items = r#"{"type":"web_search_call","id":"ws_1","status":"completed"},"#.repeat(3);
    let post = || Matcher::new("POST", RESPONSES);
    let tokens = Tokens::text(10, 10);
    let script = Script::json(200, response(&items, usage)).bill(tokens).fees(3 * FEE as u64);
    stage.provider.script(post(), script);
    let (answer, seen) = sent(&stage, RESPONSES, &searching);
    assert_eq!(seen["max_tool_calls"], 8);
    // 10 tokens at 2 dollars a million, 10 at 8, and three searches.
    let cost = 100_000 + 3 * FEE;
    assert_eq!(record(&stage, &answer)["cost_nanos"], json!(cost));
    let event = format!(
        "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{}}}\n\n",
        response(&items, usage)
    );
    let script = Script::stream(vec![Piece::new(0, event)], Then::End);
    stage.provider.script(post(), script.bill(tokens).fees(3 * FEE as u64));
    let mut streamed = searching.clone();
    streamed["stream"] = json!(true);
    let answer = stage.gateway.json(&stage.key.value, "POST", RESPONSES, &streamed);
    passed(&answer);
    assert_eq!(record(&stage, &answer)["cost_nanos"], json!(cost));
    // A large answer is looked through as well.
    let large = format!("{items}{{\"type\":\"reasoning\",\"id\":\"{}\"}},", "x".repeat(300_000));
    let script = Script::json(200, response(&large, usage)).bill(tokens).fees(3 * FEE as u64);
    stage.provider.script(post(), script);
    let mut unstored = searching;
    unstored["store"] = json!(false);
    let answer = stage.gateway.json(&stage.key.value, "POST", RESPONSES, &unstored);
    passed(&answer);
    assert_eq!(record(&stage, &answer)["cost_nanos"], json!(cost));
}
