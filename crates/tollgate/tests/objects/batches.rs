//! What a job leaves behind is its project's, also before the project has looked.

use serde_json::{Value, json};

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
