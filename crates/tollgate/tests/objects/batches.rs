//! What a job leaves behind is its project's, also before the project has looked.

use domain::ObjectKind;
use serde_json::{Value, json};

use crate::make::make;
use crate::rig::{Body, Rig};

const LINE: &[u8] = br#"{"custom_id":"1","method":"POST","url":"/v1/embeddings","body":{"model":"text-embedding-3-small","input":"hi"}}
"#;

fn listed(rig: &Rig, key: &testkit::Key) -> Vec<String> {
    let page = rig.get(key, "/files?limit=100").json();
    page["data"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap().into()).collect()
}

#[test]
fn p14_a_batchs_output_is_its_projects() {
    let rig = Rig::new();
    let input = rig.file(&rig.a, "batch", LINE);
    let body =
        json!({"input_file_id": input, "endpoint": "/v1/embeddings", "completion_window": "24h"});
    let batch = rig.made(&rig.a, "/batches", body);
    // The provider finishes; nobody has looked through the gateway yet.
    let path = format!("/v1/batches/{batch}");
    let done = rig.provider.call("GET", &path, &Value::Null).json();
    let output = done["output_file_id"].as_str().unwrap().to_owned();
    for key in [&rig.b, &rig.d] {
        assert!(!listed(&rig, key).contains(&output));
    }
    let seen = rig.get(&rig.a, &format!("/batches/{batch}")).json();
    assert_eq!(seen["output_file_id"], json!(output));
    let content = rig.get(&rig.a, &format!("/files/{output}/content"));
    assert!(content.status == 200 && content.text().contains("custom_id"), "{}", content.text());
    assert!(listed(&rig, &rig.a).contains(&output));
    for key in [&rig.b, &rig.d] {
        assert!(!listed(&rig, key).contains(&output));
        for (method, end) in [("GET", ""), ("GET", "/content"), ("DELETE", "")] {
            let answer = rig.send(key, method, &format!("/files/{output}{end}"), &Body::none());
            assert_eq!(answer.status, 404, "{method} {end}: {}", answer.text());
        }
    }
}

/// A batch over a file with this line.
fn batch_of(rig: &Rig, key: &testkit::Key, line: &str) -> testkit::Answer {
    let input = rig.file(key, "batch", format!("{line}\n\nno call\n{line}").as_bytes());
    rig.provider.clear();
    let body =
        json!({"input_file_id": input, "endpoint": "/v1/responses", "completion_window": "24h"});
    rig.post(key, "/batches", body)
}

#[test]
fn p14_a_batchs_lines_name_only_what_is_the_projects() {
    let rig = Rig::new();
    let earlier = make(&rig, ObjectKind::Response, &rig.a);
    let file = make(&rig, ObjectKind::File, &rig.a);
    for names in [
        format!(r#""previous_response_id":"{earlier}""#),
        format!(
            r#""input":[{{"role":"user","content":[{{"type":"input_file","file_id":"{file}"}}]}}]"#
        ),
    ] {
        let line = format!(
            r#"{{"custom_id":"1","method":"POST","url":"/v1/responses","body":{{"model":"gpt-4o",{names}}}}}"#
        );
        for stranger in [&rig.b, &rig.d] {
            let answer = batch_of(&rig, stranger, &line);
            assert_eq!(answer.status, 404, "{line}: {}", answer.text());
            assert!(rig.provider.seen().iter().all(|s| s.method == "GET"), "no batch was made");
        }
        assert_eq!(batch_of(&rig, &rig.a, &line).status, 200);
    }
}

#[test]
fn a_batchs_lines_use_only_what_the_key_may() {
    let rig = Rig::new();
    let line = |model: &str| {
        format!(
            r#"{{"custom_id":"1","method":"POST","url":"/v1/responses","body":{{"mod\u0065l":"{model}","input":"x"}}}}"#
        )
    };
    let narrow = rig.gateway.create_key(&json!({"name": "narrow", "models": ["gpt-4o-mini"]}));
    assert_eq!(batch_of(&rig, &narrow, &line("gpt-4o-mini")).status, 200);
    let refused = batch_of(&rig, &narrow, &line("gpt-4o"));
    assert_eq!(refused.header("x-tollgate-error"), Some("model_not_allowed"));
    let scopes = json!({"name": "scopes", "scopes": ["api.batches.write", "api.files.write"]});
    let unscoped = rig.gateway.create_key(&scopes);
    let refused = batch_of(&rig, &unscoped, &line("gpt-4o"));
    assert_eq!(refused.header("x-tollgate-error"), Some("permission_denied"));
    assert!(refused.text().contains("api.responses.write"), "{}", refused.text());
}

#[test]
fn a_batch_whose_lines_could_be_read_otherwise_is_not_made() {
    let rig = Rig::new();
    let line = |body: &str| {
        format!(r#"{{"custom_id":"1","method":"POST","url":"/v1/responses","body":{body}}}"#)
    };
    let narrow = rig.gateway.create_key(&json!({"name": "narrow", "models": ["gpt-4o-mini"]}));
    for (hidden, status) in [
        (line(r#"{"model":"gpt-4o-mini","input":"\ud800"}"#), 400),
        (format!("\u{feff}{}", line(r#"{"model":"gpt-4o"}"#)), 400),
        (format!("x\r{}", line(r#"{"model":"gpt-4o"}"#)), 400),
        (line(r#"{"model":"gpt-4o-mini"},"body":{"model":"gpt-4o"}"#), 400),
        (line(r#"{"prompt":{"id":"pmpt_1"}}"#), 403),
        (
            line(r#"{"model":"gpt-4o-mini"},"url":"/v1/chat/completions"#)
                .replace("completions}", "completions\"}"),
            400,
        ),
    ] {
        let answer = batch_of(&rig, &narrow, &hidden);
        assert_eq!(answer.status, status, "{hidden}: {}", answer.text());
        assert!(rig.provider.seen().iter().all(|s| s.method == "GET"), "no batch was made");
    }
    // A body of any size is looked at, and one that says a thing twice is none.
    let input = rig.file(&narrow, "batch", line(r#"{"model":"gpt-4o"}"#).as_bytes());
    for (body, status) in [
        (
            format!(
                r#"{{"input_file_id":"{input}",{}"endpoint":"/v1/responses","completion_window":"24h"}}"#,
                " ".repeat(70_000)
            ),
            403,
        ),
        (
            format!(
                r#"{{"input_file_id":"{input}","input_file_id":"{input}","endpoint":"/v1/responses"}}"#
            ),
            400,
        ),
    ] {
        let answer = rig.send(&narrow, "POST", "/batches", &Body::text(&body));
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[test]
fn p14_a_list_of_batches_brings_their_outputs_too() {
    let rig = Rig::new();
    let input = rig.file(&rig.a, "batch", LINE);
    let body =
        json!({"input_file_id": input, "endpoint": "/v1/embeddings", "completion_window": "24h"});
    let batch = rig.made(&rig.a, "/batches", body);
    let path = format!("/v1/batches/{batch}");
    let done = rig.provider.call("GET", &path, &Value::Null).json();
    let output = done["output_file_id"].as_str().unwrap().to_owned();
    assert_eq!(rig.get(&rig.a, "/batches").status, 200);
    assert_eq!(rig.get(&rig.a, &format!("/files/{output}")).status, 200);
    assert_eq!(rig.get(&rig.d, &format!("/files/{output}")).status, 404);
}

#[test]
fn p14_a_container_that_a_tool_opened_is_the_callers_even_unstored() {
    for (number, stream) in [false, true].into_iter().enumerate() {
        let rig = Rig::new();
        let container =
            rig.provider.call("POST", "/v1/containers", &json!({"name": "auto"})).json();
        let container = container["id"].as_str().unwrap().to_owned();
        let whole = json!({"id": format!("resp_{number}"), "object": "response", "model": "gpt-4o",
            "status": "completed", "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
            "output": [{"type": "code_interpreter_call", "id": "ci_1", "container_id": container}]});
        let script = match stream {
            false => testkit::Script::json(200, whole.to_string()),
            true => {
                let event = json!({"type": "response.completed", "response": whole});
                let text = format!("event: response.completed\ndata: {event}\n\n");
                testkit::Script::stream(vec![testkit::Piece::new(0, text)], testkit::Then::End)
            }
        };
        rig.provider.script(testkit::Matcher::new("POST", "/responses"), script);
        let body = json!({"model": "gpt-4o", "input": "x", "store": false, "stream": stream,
            "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]});
        assert_eq!(rig.post(&rig.a, "/responses", body).status, 200);
        let path = format!("/containers/{container}");
        assert_eq!(rig.get(&rig.a, &path).status, 200, "stream {stream}");
        assert_eq!(rig.get(&rig.d, &path).status, 404, "stream {stream}");
        assert_eq!(rig.get(&rig.d, "/containers").json()["data"], json!([]));
    }
}
