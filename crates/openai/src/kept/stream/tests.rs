use serde_json::json;

use super::*;

fn parsed(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

fn chat(choices: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "m",
        "service_tier": "default", "system_fingerprint": "fp", "choices": choices,
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7,
            "completion_tokens_details": {"reasoning_tokens": 1}},
    })
}

fn message(more: &Value) -> Value {
    let mut message =
        json!({"role": "assistant", "content": null, "refusal": null, "annotations": []});
    for (key, value) in more.as_object().unwrap() {
        message[key] = value.clone();
    }
    message
}

fn choice(index: u64, more: &Value, logprobs: &Value, finish: &str) -> Value {
    json!({"index": index, "message": message(more), "logprobs": logprobs, "finish_reason": finish})
}

/// Chat answers of every form.
fn chats() -> Vec<Value> {
    let token = |text: &str| json!({"token": text, "logprob": -0.25, "bytes": text.as_bytes(), "top_logprobs": []});
    let told = json!({"content": [token("Hi"), token(" é"), token("!\n")], "refusal": null});
    let odd = json!({"content": [token("other")], "refusal": null});
    let call = |id: &str, text: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": text}});
    let custom = json!({"id": "c", "type": "custom", "custom": {"name": "g", "input": "a b c"}});
    let calls =
        json!({"tool_calls": [call("1", "{\"a\": 1, \"b\": [2, 3]}"), call("2", ""), custom]});
    let no = Value::Null;
    [
        json!([choice(0, &json!({"content": "Hello  there, you \u{1f600}\n"}), &no, "stop")]),
        json!([choice(0, &json!({"content": ""}), &no, "stop")]),
        json!([choice(0, &json!({"content": "Hi é!\n"}), &told, "stop")]),
        json!([choice(0, &json!({"content": "Hi é!\n"}), &odd, "length")]),
        json!([choice(0, &json!({"refusal": "I will not do this."}), &no, "stop")]),
        json!([choice(0, &calls, &no, "tool_calls")]),
        json!([choice(
            0,
            &json!({"reasoning_content": "let me see", "content": "ok"}),
            &no,
            "stop"
        )]),
        json!([
            choice(0, &json!({"content": "one"}), &no, "stop"),
            choice(1, &json!({"content": "two words"}), &no, "stop"),
            choice(2, &calls, &no, "tool_calls"),
        ]),
    ]
    .iter()
    .map(chat)
    .collect()
}

#[test]
fn a_chat_survives_the_way_to_a_stream_and_back() {
    for plain in chats() {
        let text = plain.to_string();
        let events = to_events(Meter::Chat, text.as_bytes(), true).unwrap();
        let back = to_plain(Meter::Chat, &events).unwrap();
        assert_eq!(parsed(&back), plain, "{}", String::from_utf8_lossy(&events));
        assert!(events.ends_with(b"\n\ndata: [DONE]\n\n"));
        let silent = to_events(Meter::Chat, text.as_bytes(), false).unwrap();
        assert!(memmem::find(&silent, b"usage").is_none(), "nobody asked for it");
        let told = retold(Meter::Chat, &events, false, true);
        assert!(!tells_usage(&told) && tells_usage(&events));
    }
}

#[test]
fn a_completion_survives_the_way_to_a_stream_and_back() {
    let logprobs = json!({"tokens": ["a", " b"], "token_logprobs": [-1.5, null],
        "top_logprobs": null, "text_offset": [0, 1]});
    for logprobs in [Value::Null, logprobs] {
        let choice = |index: u64| json!({"index": index, "text": "a b", "logprobs": logprobs, "finish_reason": "stop"});
        let plain = json!({
            "id": "cmpl-1", "object": "text_completion", "created": 7, "model": "m",
            "choices": [choice(0), choice(1)],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
        });
        let events = to_events(Meter::Completion, plain.to_string().as_bytes(), true).unwrap();
        assert_eq!(parsed(&to_plain(Meter::Completion, &events).unwrap()), plain);
    }
}

#[test]
fn a_response_survives_the_way_to_a_stream_and_back() {
    let text = json!({"type": "output_text", "text": "Hello you", "logprobs": [],
        "annotations": [{"type": "url_citation", "url": "https://a.example"}]});
    let plain = json!({
        "id": "resp_1", "object": "response", "created_at": 7, "status": "completed",
        "error": null, "incomplete_details": null, "model": "m", "store": false,
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "so so"}]},
            {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
                "content": [text, {"type": "refusal", "refusal": "not that"}]},
            {"id": "fc_1", "type": "function_call", "call_id": "c", "name": "f",
                "arguments": "{\"a\": 1}", "status": "completed"},
            {"id": "ct_1", "type": "custom_tool_call", "call_id": "d", "name": "g", "input": "x y"},
        ],
        "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    });
    let events = to_events(Meter::Responses, plain.to_string().as_bytes(), false).unwrap();
    assert_eq!(parsed(&to_plain(Meter::Responses, &events).unwrap()), plain);
    let mut deltas = String::new();
    for (number, span) in sse::events(&events).enumerate() {
        let event = parsed(&sse::data(&events[span]));
        assert_eq!(event["sequence_number"], json!(number));
        if event["type"] == "response.output_text.delta" {
            deltas.push_str(event["delta"].as_str().unwrap());
        }
    }
    assert_eq!(deltas, "Hello you");
}

#[test]
fn a_stream_that_is_not_whole_is_no_answer() {
    let chunk =
        "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let error = "data: {\"error\":{\"message\":\"x\"}}\n\n";
    for stream in ["", chunk, "data: [DONE]\n\n", &format!("{chunk}{error}data: [DONE]\n\n")] {
        assert_eq!(to_plain(Meter::Chat, stream.as_bytes()), None, "{stream}");
    }
    assert!(to_plain(Meter::Chat, format!("{chunk}data: [DONE]\n\n").as_bytes()).is_some());
    for last in ["response.failed", "response.incomplete", "error"] {
        let stream = format!("data: {{\"type\":\"{last}\",\"response\":{{}}}}\n\n");
        assert_eq!(to_plain(Meter::Responses, stream.as_bytes()), None, "{last}");
    }
}

#[test]
fn padding_is_there_only_for_those_who_left_it_on() {
    let stream = b"event: x\ndata: {\"type\":\"x\",\"delta\":\"a\",\"obfuscation\":\"zz\"}\n\ndata: [DONE]\n\n";
    assert_eq!(retold(Meter::Responses, stream, false, true), stream.as_slice());
    let bare = retold(Meter::Responses, stream, false, false);
    assert_eq!(&*bare, b"event: x\ndata: {\"delta\":\"a\",\"type\":\"x\"}\n\ndata: [DONE]\n\n");
}

#[test]
fn usage_that_nobody_told_is_not_made_up() {
    let stream = b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let wanted = |usage| Form::Events { usage, padded: true };
    assert!(fit(Meter::Chat, true, stream, wanted(true)).is_none());
    assert!(fit(Meter::Chat, true, stream, wanted(false)).is_some());
    let plain = br#"{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}"#;
    assert!(fit(Meter::Chat, false, plain, wanted(true)).is_none());
    assert!(fit(Meter::Chat, false, plain, wanted(false)).is_some());
}
