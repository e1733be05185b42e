//! Events leave as they come (case 103), and none leaves before its object has an owner.

use std::time::Duration;

use serde_json::json;
use testkit::{Matcher, Piece, Script, Then};

use crate::rig::{Body, Rig};

#[test]
fn p14_a_streamed_response_is_owned_before_its_first_event_leaves() {
    let mut rig = Rig::with(testkit::Builder::without_bill_check);
    for path in ["/responses", "/chat/completions", "/threads/runs"] {
        let slow = "[[words=200]] [[gap_ms=50]]";
        let message = json!([{"role": "user", "content": slow}]);
        let (body, prefix, at) = match path {
            "/responses" => (json!({"input": slow}), "resp_", "/responses"),
            "/chat/completions" => {
                (json!({"messages": message, "store": true}), "chatcmpl-", "/chat/completions")
            }
            _ => (json!({"thread": {"messages": message}}), "thread_", "/threads"),
        };
        let mut body = body;
        body["model"] = json!("gpt-4o");
        body["stream"] = json!(true);
        let mut stream = rig.open(&rig.a, "POST", path, &Body::json(&body));
        let first = String::from_utf8(stream.read_until("\n\n")).unwrap();
        rig.gateway.kill9();
        let value = format!(":\"{prefix}");
        let start = first.find(&value).unwrap_or_else(|| panic!("no {prefix} in {first}")) + 2;
        let id: String = first[start..].chars().take_while(|c| *c != '"').collect();
        rig.gateway.restart();
        assert_eq!(rig.get(&rig.a, &format!("{at}/{id}")).status, 200, "{id}");
        assert_eq!(rig.get(&rig.b, &format!("{at}/{id}")).status, 404, "{id}");
    }
}

#[test]
fn p14_what_a_client_was_told_of_survives_a_kill() {
    let mut rig = Rig::with(testkit::Builder::without_bill_check);
    for path in ["/vector_stores", "/assistants", "/responses"] {
        let id = rig.made(&rig.a, path, json!({"model": "gpt-4o", "input": "x"}));
        rig.gateway.kill9();
        rig.gateway.restart();
        assert_eq!(rig.get(&rig.a, &format!("{path}/{id}")).status, 200, "{id}");
        assert_eq!(rig.get(&rig.b, &format!("{path}/{id}")).status, 404, "{id}");
    }
}

#[test]
fn case_103_the_first_event_leaves_while_the_provider_holds_the_rest() {
    let rig = Rig::new();
    let event =
        "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let end = "data: [DONE]\n\n";
    let mut waits = Vec::new();
    for options in [json!(null), json!({"include_usage": true}), json!({"include_usage": false})] {
        for path in ["/chat/completions", "/completions"] {
            let pieces = vec![Piece::new(0, event), Piece::new(1500, end)];
            rig.provider.script(Matcher::new("POST", path), Script::stream(pieces, Then::End));
            let body = json!({"model": "gpt-4o", "stream": true, "stream_options": options,
                              "prompt": "x", "messages": [{"role": "user", "content": "x"}]});
            let begun = testkit::Watch::start();
            let mut stream = rig.open(&rig.a, "POST", path, &Body::json(&body));
            assert_eq!(stream.header("x-accel-buffering"), Some("no"));
            assert_eq!(stream.header("content-encoding"), None);
            let first = stream.read_until("\n\n");
            waits.push(begun.elapsed());
            assert_eq!(String::from_utf8(first).unwrap(), event);
            let rest = stream.collect().unwrap();
            assert_eq!(rest.text(), end);
        }
    }
    waits.sort();
    // From the request to its first event, with two hops; the rest comes after 1,500 ms.
    assert!(waits[waits.len() / 2] < Duration::from_millis(200), "{waits:?}");
    assert!(*waits.last().unwrap() < Duration::from_millis(1400), "{waits:?}");
}

#[test]
fn case_103_every_later_event_leaves_alone_too() {
    let rig = Rig::new();
    let event = |n: usize| format!("data: {{\"id\":\"a\",\"choices\":[],\"n\":{n}}}\n\n");
    let mut pieces: Vec<Piece> = (0..5).map(|n| Piece::new(150, event(n))).collect();
    pieces.push(Piece::new(150, "data: [DONE]\n\n"));
    rig.provider.script(Matcher::any(), Script::stream(pieces, Then::End));
    let body = json!({"model": "gpt-4o", "stream": true, "messages": []});
    let mut stream = rig.open(&rig.a, "POST", "/chat/completions", &Body::json(&body));
    for n in 0..5 {
        let part = stream.next_chunk().unwrap().unwrap();
        assert_eq!(String::from_utf8(part).unwrap(), event(n));
    }
    assert_eq!(stream.collect().unwrap().text(), "data: [DONE]\n\n");
}
