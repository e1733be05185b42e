//! Lines of log: one for a call, with the id that its client saw.

use serde_json::{Value, json};

use crate::support::{CHAT, Stage, hello, passed, refused, until};

fn lines(stage: &Stage) -> Vec<Value> {
    let output = stage.gateway.output();
    let found = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    found.filter(|line| line["target"] == "tollgate::access").collect()
}

#[test]
fn a_call_has_a_line_with_the_id_that_its_client_saw() {
    let stage = Stage::new();
    let answer = stage.chat(&hello());
    passed(&answer);
    let denied = stage.gateway.request("POST", CHAT, &[], hello().to_string());
    refused(&denied, 401, "missing_api_key");
    let bad = stage.chat(&json!("no object"));
    refused(&bad, 400, "invalid_json");
    until("their lines", || lines(&stage).len() == 3);
    let lines = lines(&stage);
    let of = |answer: &testkit::Answer| {
        let id = answer.header("x-request-id").unwrap();
        lines.iter().find(|line| line["request_id"] == id).unwrap_or_else(|| panic!("{lines:?}"))
    };
    let call = of(&answer);
    for (name, value) in [
        ("level", json!("INFO")),
        ("msg", json!("call")),
        ("project_id", json!(stage.key.project)),
        ("key_id", json!(stage.key.id)),
        ("http.request.method", json!("POST")),
        ("url.path", json!(CHAT)),
        ("http.response.status_code", json!(200)),
        ("gen_ai.request.model", json!("gpt-4o-mini")),
        ("upstream", json!("openai")),
        ("outcome", json!("completed")),
        ("attempt", json!(1)),
        ("stream", json!(false)),
    ] {
        assert_eq!(call[name], value, "{name}: {call}");
    }
    let bill = &stage.provider.bill()[0].tokens;
    assert_eq!(call["gen_ai.usage.output_tokens"], json!(bill.output));
    assert_eq!(call["cost_usd"].as_str(), answer.header("x-tollgate-cost"));
    let ts = call["ts"].as_str().unwrap();
    assert!(ts.len() >= 20 && ts.ends_with('Z') && &ts[10..11] == "T", "{ts}");
    for name in ["duration_s", "overhead_s"] {
        assert!(call[name].as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{name}: {call}");
    }
    let stranger = of(&denied);
    assert_eq!(
        (&stranger["msg"], &stranger["error.code"]),
        (&json!("refused"), &json!("missing_api_key"))
    );
    assert!(stranger.get("key_id").is_none() && stranger.get("url.path").is_none(), "{stranger}");
    assert_eq!(of(&bad)["key_id"], json!(stage.key.id));
}

#[test]
fn lines_can_be_turned_off_and_text_is_text() {
    let stage = Stage::with(|builder| builder.env("TOLLGATE_ACCESS_LOG", "off"));
    passed(&stage.chat(&hello()));
    stage.gateway.wait_records(1);
    let stage_of_text = Stage::with(|builder| builder.env("TOLLGATE_LOG_FORMAT", "text"));
    passed(&stage_of_text.chat(&hello()));
    until("its line", || stage_of_text.gateway.output().contains("tollgate::access: call"));
    assert!(stage_of_text.gateway.output().contains("http.response.status_code=200"));
    assert!(lines(&stage).is_empty());
}
