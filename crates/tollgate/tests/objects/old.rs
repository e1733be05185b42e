//! What is older than the gateway belongs to the default project, and what nobody stored to nobody.

use serde_json::{Value, json};
use testkit::{Matcher, Piece, Script, Then};

use crate::rig::Rig;

#[test]
fn p14_objects_older_than_the_gateway_are_the_default_projects() {
    let rig = Rig::new();
    for path in ["/vector_stores", "/assistants", "/conversations", "/containers", "/evals"] {
        let made = rig.provider.call("POST", &format!("/v1{path}"), &json!({"name": "old"})).json();
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        rig.provider.clear();
        for stranger in [&rig.a, &rig.b] {
            assert_eq!(rig.get(stranger, &one).status, 404, "{one}");
            if path != "/conversations" {
                assert_eq!(rig.get(stranger, path).json()["data"], json!([]), "{path}");
            }
        }
        assert_eq!(rig.get(&rig.d, &one).status, 200, "{one}");
        if path != "/conversations" {
            assert_eq!(rig.get(&rig.d, path).json()["data"][0]["id"], made["id"]);
        }
    }
}

#[test]
fn p14_an_answer_does_not_give_away_what_is_old() {
    // Words of the user's own, echoed by the provider, look like ids that the answer brings.
    let rig = Rig::new();
    let old = rig.provider.call("POST", "/v1/vector_stores", &json!({"name": "old"})).json();
    let old = old["id"].as_str().unwrap();
    let echo = |name: &str| {
        json!({"id": format!("resp_{name}"), "object": "response", "model": "gpt-4o",
            "status": "completed", "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
            "output": [{"type": "mcp_list_tools", "id": "mcpl_1", "tools": [
                {"name": "t", name: {"vector_store_ids": [old]}}]}],
            "metadata": {"vector_store_ids": [old]}, "attributes": {"vector_store_ids": [old]}})
    };
    for name in ["input_schema", "annotations", "parameters", "schema", "metadata", "x"] {
        let script = Script::json(200, echo(name).to_string());
        rig.provider.script(Matcher::new("POST", "/responses"), script);
        let answer = rig.post(&rig.a, "/responses", json!({"model": "gpt-4o", "input": "x"}));
        assert_eq!(answer.status, 200);
        assert_eq!(rig.get(&rig.a, &format!("/vector_stores/{old}")).status, 404, "{name}");
    }
    assert_eq!(rig.get(&rig.d, &format!("/vector_stores/{old}")).status, 200);
}

#[test]
fn what_is_not_stored_is_not_remembered() {
    let rig = Rig::new();
    let owned = |id: &str, path: &str| {
        rig.provider.clear();
        let status = rig.get(&rig.a, &format!("{path}/{id}")).status;
        (status, rig.provider.seen_count())
    };
    let message = json!([{"role": "user", "content": "x"}]);
    let input = |store: Value| json!({"model": "gpt-4o", "input": "x", "store": store});
    let chat = |store: Value| json!({"model": "gpt-4o", "messages": message, "store": store});
    for (body, path, kept) in [
        (input(json!(false)), "/responses", false),
        (input(json!(true)), "/responses", true),
        (input(Value::Null), "/responses", true),
        (chat(json!(false)), "/chat/completions", false),
        (chat(Value::Null), "/chat/completions", false),
        (chat(json!(true)), "/chat/completions", true),
    ] {
        for stream in [false, true] {
            let mut body = body.clone();
            body["stream"] = json!(stream);
            let answer = rig.post(&rig.a, path, body.clone());
            let text = answer.text();
            let prefix = if path == "/responses" { "resp_" } else { "chatcmpl-" };
            let at = text.find(prefix).unwrap();
            let id: String = text[at..].chars().take_while(|c| *c != '"').collect();
            let expected = if kept { (200, 1) } else { (404, 0) };
            assert_eq!(owned(&id, path), expected, "{body}");
        }
    }
}

#[test]
fn p14_an_object_is_its_makers_however_the_answer_is_labelled() {
    let rig = Rig::new();
    for (number, headers) in [
        &[][..],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/problem+json")],
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("vs_{number}");
        let piece = Piece::new(0, json!({"id": id, "object": "vector_store"}).to_string());
        let script = Script::raw(200, headers, vec![piece], Then::End);
        rig.provider.script(Matcher::new("POST", "/vector_stores"), script);
        assert_eq!(rig.made(&rig.a, "/vector_stores", json!({})), id);
        assert_eq!(rig.get(&rig.d, &format!("/vector_stores/{id}")).status, 404);
        rig.provider.clear();
        rig.get(&rig.a, &format!("/vector_stores/{id}"));
        assert_eq!(rig.provider.seen_count(), 1);
    }
}

#[test]
fn an_id_that_comes_again_stays_the_first_projects() {
    let rig = Rig::new();
    let same = json!({"id": "vs_same", "object": "vector_store"}).to_string();
    let script = Script::json(200, same).times(2);
    rig.provider.script(Matcher::new("POST", "/vector_stores"), script);
    assert_eq!(rig.made(&rig.a, "/vector_stores", json!({})), "vs_same");
    assert_eq!(rig.made(&rig.b, "/vector_stores", json!({})), "vs_same");
    assert_eq!(rig.get(&rig.b, "/vector_stores/vs_same").status, 404);
    rig.provider.clear();
    rig.get(&rig.a, "/vector_stores/vs_same");
    assert_eq!(rig.provider.seen_count(), 1, "an owner hears it from the provider");
}

#[test]
fn a_refused_or_broken_call_leaves_nothing() {
    let rig = Rig::new();
    let piece = Piece::new(0, r#"{"id":"vs_half","object""#);
    let headers = [("Content-Type", "application/json")];
    let script = Script::raw(200, &headers, vec![piece], Then::Cut);
    rig.provider.script(Matcher::new("POST", "/vector_stores"), script);
    let answer = rig.post(&rig.a, "/vector_stores", json!({}));
    assert_eq!(answer.status, 502, "{}", answer.text());
    let script = Script::json(
        400,
        r#"{"id":"vs_half","error":{"message":"no","type":"invalid_request_error","param":null,"code":null}}"#,
    );
    rig.provider.script(Matcher::new("POST", "/vector_stores"), script);
    assert_eq!(rig.post(&rig.a, "/vector_stores", json!({})).status, 400);
    rig.provider.clear();
    assert_eq!(rig.get(&rig.a, "/vector_stores/vs_half").status, 404);
    assert_eq!(rig.provider.seen_count(), 0);
}
