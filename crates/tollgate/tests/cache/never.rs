//! What is never kept, and what is never given.

use serde_json::{Value, json};
use testkit::{Matcher, Piece, Script, Then, Tokens};

use crate::support::{CHAT, Stage, chat, used, with};

/// Asks twice; both went to the provider, and the cache had no part in it.
fn bypassed(stage: &Stage, path: &str, body: &Value) {
    let before = stage.asked();
    for _ in 0..2 {
        let answer = stage.post(&stage.key, path, body, &[]);
        assert_eq!(answer.header("x-tollgate-cache"), Some("bypass"), "{body}");
    }
    assert_eq!(stage.asked(), before + 2, "{body}");
}

#[test]
fn what_is_stored_or_acts_or_names_something_goes_by_the_cache() {
    let stage = Stage::new();
    for more in [
        json!({ "store": true }),
        json!({ "web_search_options": {} }),
        json!({ "model": "gpt-4o-search-preview" }),
    ] {
        bypassed(&stage, CHAT, &with(chat("hello"), more));
    }
    let response = json!({ "model": "gpt-4o-mini", "input": "hello" });
    for more in [
        json!({}),
        json!({ "store": true }),
        json!({ "store": false, "background": true }),
        json!({ "store": false, "tools": [{ "type": "web_search" }] }),
    ] {
        bypassed(&stage, "/v1/responses", &with(response.clone(), more));
    }
}

#[test]
fn a_project_that_keeps_nothing_keeps_no_answers() {
    let stage = Stage::new();
    assert_eq!(used(&stage.ask(&chat("hello"))), "miss");
    let path = format!("/v1/organization/projects/{}/data_retention", stage.key.project);
    let zero = json!({ "retention_type": "zero_data_retention" });
    stage.gateway.admin("POST", &path, &zero);
    for _ in 0..2 {
        assert_eq!(used(&stage.ask(&chat("hello"))), "bypass", "nothing is given either");
    }
    assert_eq!(stage.shown(&stage.key)["active"], false);
}

fn chunk(delta: &str, finish: &str) -> Piece {
    let text = format!(
        "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
    );
    Piece::new(0, text)
}

#[test]
fn an_answer_that_was_cut_or_filtered_is_not_kept() {
    let stage = Stage::new();
    let answer = |finish: &str| {
        json!({
            "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": "a" },
                "finish_reason": finish }],
            "usage": { "prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3 },
        })
    };
    for finish in ["content_filter", "length"] {
        let script = Script::json(200, answer(finish).to_string()).bill(Tokens::text(2, 1));
        stage.provider.script(Matcher::new("POST", CHAT), script.times(2));
        let body = chat(finish);
        let uses = [0, 1].map(|_| used(&stage.ask(&body)).to_owned());
        assert_eq!(uses, ["miss", "miss"], "{finish}");
    }
    // At a maximum of the caller's own it is what was asked for.
    let own = with(chat("[[words=50]]"), json!({ "max_tokens": 3 }));
    assert_eq!([0, 1].map(|_| used(&stage.ask(&own)).to_owned()), ["miss", "hit"]);
    assert_eq!(stage.figures(&stage.key)["unkept"], 4);
}

#[test]
fn a_refusal_is_not_kept() {
    let stage = Stage::new();
    for status in [400, 429, 500] {
        let script = Script::error(status, "server_error", None, "no");
        stage.provider.script(Matcher::any().containing("refuse me"), script.times(1));
        let first =
            stage.post(&stage.key, CHAT, &chat("refuse me"), &[("x-stainless-retry-count", "0")]);
        assert_eq!(first.status, status);
        let second = stage.ask(&chat("refuse me"));
        assert_eq!(used(&second), "miss", "{status}");
        stage.purge(&stage.key, json!({ "model": "gpt-4o-mini" }));
    }
}

#[test]
fn a_stream_without_its_end_is_not_kept() {
    let stage = Stage::new();
    let body = with(chat("cut me"), json!({ "stream": true }));
    let cut = Script::stream(vec![chunk("{\"content\":\"a\"}", "null")], Then::Cut);
    stage.provider.script(Matcher::any().containing("cut me"), cut.bill(Tokens::text(2, 1)));
    let first = stage.open(&body).collect().unwrap();
    assert!(first.text().contains("closed the stream before its end"), "{}", first.text());
    let second = stage.ask(&body);
    assert_eq!(used(&second), "miss");
    assert_eq!(used(&stage.ask(&body)), "hit");
}

#[test]
fn what_a_limit_of_ours_cut_is_not_kept() {
    let stage = Stage::new();
    // Enough for some of the answer only: the maximum is clamped.
    let limit = json!({
        "scope": { "type": "api_key", "id": stage.key.id }, "period": "month",
        "amount_usd": "0.0015",
    });
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    let body = with(chat("[[words=5]]"), json!({ "max_tokens": 4000 }));
    let answer = stage.ask(&body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.header("x-tollgate-clamped").is_some(), "{:?}", answer.headers);
    assert_eq!(used(&answer), "miss");
    let only = stage.post(&stage.key, CHAT, &body, &[("Cache-Control", "only-if-cached")]);
    assert_eq!(only.status, 504);
}
