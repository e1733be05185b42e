//! Every paid call has one record, and it says what the provider will bill.

use serde_json::{Value, json};
use testkit::Bill;

use crate::rig::{Body, Rig};

const MARKS: &str = "one two [[cached=40]] [[cache_write=8]] [[reasoning=5]] [[audio_in=7]] \
                     [[image_in=11]] [[audio_out=3]] three";

fn chat(more: Value) -> Body {
    let mut body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": MARKS}]});
    merge(&mut body, more);
    Body::json(&body)
}

fn merge(body: &mut Value, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
}

fn tools() -> Value {
    json!({"messages": [{"role": "user", "content": "use the tool"}], "tools": [{"type": "function",
        "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}]})
}

fn with(mut body: Value, more: Value) -> Value {
    merge(&mut body, more);
    body
}

fn sound(fields: &[(&str, &str)]) -> Body {
    Body::form(fields, &[("file", "a.wav", &[7; 50_000])])
}

/// Every way of paying for something: the path, the operation, the body.
fn calls() -> Vec<(&'static str, &'static str, Body)> {
    let stream = json!({"stream": true});
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let input = json!({"model": "gpt-4o", "input": MARKS});
    let legacy = json!({"model": "gpt-3.5-turbo-instruct", "prompt": ["a b", "c"], "n": 2});
    let image = json!({"model": "gpt-image-1", "prompt": "a cat [[image_in=5]]", "n": 2});
    let speech =
        json!({"model": "gpt-4o-mini-tts", "input": "five words are héré now", "voice": "alloy"});
    let many = json!({"n": 3});
    let chat_path = "/chat/completions";
    let mut all = Vec::new();
    for more in [
        json!({}),
        stream.clone(),
        asked.clone(),
        many.clone(),
        tools(),
        with(many, stream.clone()),
        with(tools(), stream.clone()),
        with(tools(), asked.clone()),
    ] {
        all.push((chat_path, "createChatCompletion", chat(more)));
    }
    for more in [json!({}), stream.clone(), asked] {
        all.push(("/completions", "createCompletion", Body::json(&with(legacy.clone(), more))));
    }
    for more in [
        json!({}),
        stream.clone(),
        json!({"max_output_tokens": 2}),
        json!({"max_output_tokens": 2, "stream": true}),
        json!({"store": false}),
    ] {
        all.push(("/responses", "createResponse", Body::json(&with(input.clone(), more))));
    }
    all.push(("/responses/compact", "Compactconversation", Body::json(&input)));
    for input in [json!("a b c"), json!(["a b", "c"]), json!([1, 2, 3, 4]), json!([[1, 2], [3]])] {
        let body =
            json!({"model": "text-embedding-3-small", "input": input, "encoding_format": "base64"});
        all.push(("/embeddings", "createEmbedding", Body::json(&body)));
    }
    // The fake streams one picture, whatever `n` is.
    let one = json!({"stream": true, "n": 1});
    for more in [json!({}), one.clone(), with(one, json!({"partial_images": 2}))] {
        all.push(("/images/generations", "createImage", Body::json(&with(image.clone(), more))));
    }
    let form =
        Body::form(&[("prompt", "x y"), ("model", "gpt-image-1")], &[("image", "a.png", b"png")]);
    all.push(("/images/edits", "createImageEdit", form));
    all.push(("/audio/speech", "createSpeech", Body::json(&speech)));
    let events = with(speech, json!({"stream_format": "sse"}));
    all.push(("/audio/speech", "createSpeech", Body::json(&events)));
    for format in ["json", "verbose_json", "text", "srt", "vtt"] {
        for model in ["gpt-4o-transcribe", "whisper-1"] {
            let form = sound(&[("model", model), ("response_format", format)]);
            all.push(("/audio/transcriptions", "createTranscription", form));
        }
    }
    let form = sound(&[("model", "gpt-4o-transcribe"), ("stream", "true")]);
    all.push(("/audio/transcriptions", "createTranscription", form));
    all.push(("/audio/translations", "createTranslation", sound(&[("model", "whisper-1")])));
    let thread = json!({"assistant_id": "", "thread": {"messages": [{"role": "user", "content": "a b"}]}, "stream": true});
    all.push(("/threads/runs", "createThreadAndRun", Body::json(&thread)));
    all
}

fn agrees(record: &Value, bill: &Bill, what: &str) {
    let count = |name: &str| record[name].as_u64().unwrap();
    // A run may leave the model to its assistant; then the answer names it.
    let model = if record["model_asked"].is_null() { "model_served" } else { "model_asked" };
    assert_eq!(record[model], json!(bill.model), "{what}");
    assert_eq!(record["outcome"], "completed", "{what}: {record:#}");
    assert_eq!((count("status"), count("attempt")), (200, 1), "{what}");
    if bill.usage_reported {
        let t = &bill.tokens;
        let recorded = [
            "input_tokens",
            "input_cached_tokens",
            "input_cache_write_tokens",
            "output_tokens",
            "output_reasoning_tokens",
            "input_audio_tokens",
            "output_audio_tokens",
            "input_image_tokens",
            "output_image_tokens",
        ]
        .map(count);
        let billed = [
            t.input,
            t.cached,
            t.cache_write,
            t.output,
            t.reasoning,
            t.audio_in,
            t.audio_out,
            t.image_in,
            t.image_out,
        ];
        assert_eq!((recorded, count("estimated")), (billed, 0), "{what}");
    }
    assert_eq!(count("images"), bill.images, "{what}");
    assert_eq!(count("characters"), bill.characters, "{what}");
    // Formats without a duration do not tell it.
    let told = count("audio_ms") / 1000;
    assert!(told == bill.seconds || told == 0, "{what}: {told} s of {}", bill.seconds);
}

#[test]
fn every_paid_call_has_one_true_record() {
    let rig = Rig::new();
    for (path, operation, body) in calls() {
        let text = String::from_utf8_lossy(&body.bytes[..body.bytes.len().min(200)]).into_owned();
        let what = format!("{path} {text}");
        let had = rig.gateway.records().len();
        let billed = rig.provider.bill().len();
        let answer = rig.send(&rig.a, "POST", path, &body);
        assert_eq!(answer.status, 200, "{what}: {}", answer.text());
        let records = rig.gateway.wait_records(had + 1);
        let bills = rig.provider.bill();
        assert_eq!((records.len(), bills.len()), (had + 1, billed + 1), "{what}");
        let (record, bill) = (records.last().unwrap(), bills.last().unwrap());
        let id = answer.header("x-tollgate-upstream-request-id").unwrap();
        assert_eq!(record["upstream_request_id"], json!(id), "{what}");
        assert_eq!(bill.request_id, id, "{what}");
        assert_eq!(record["request_id"], json!(answer.header("x-request-id").unwrap()));
        assert_eq!(record["operation"], json!(operation), "{what}");
        assert_eq!(record["key_id"], json!(rig.a.id), "{what}");
        assert_eq!(record["project_id"], json!(rig.a.project), "{what}");
        assert_eq!(record["bytes_in"], json!(body.bytes.len()), "{what}");
        agrees(record, bill, &what);
    }
}

#[test]
fn a_look_at_what_was_paid_for_costs_nothing() {
    let rig = Rig::new();
    let response = rig.made(&rig.a, "/responses", json!({"model": "gpt-4o", "input": "a b"}));
    let chat =
        json!({"model": "gpt-4o", "store": true, "messages": [{"role": "user", "content": "a"}]});
    let chat = rig.made(&rig.a, "/chat/completions", chat);
    for path in [
        format!("/responses/{response}"),
        format!("/responses/{response}?stream=true"),
        format!("/chat/completions/{chat}"),
        "/chat/completions".to_owned(),
    ] {
        assert_eq!(rig.get(&rig.a, &path).status, 200);
    }
    // Two workers write to one log: records of one moment stand in any order.
    let records = rig.gateway.wait_records(6);
    let made = |r: &Value| r["operation"].as_str().is_some_and(|o| o.starts_with("create"));
    let looks: Vec<_> = records.iter().filter(|r| !made(r)).collect();
    assert_eq!(looks.len(), 4, "{records:#?}");
    for record in looks {
        assert_eq!((&record["input_tokens"], &record["output_tokens"]), (&json!(0), &json!(0)));
        assert_eq!((&record["family"], &record["estimated"]), (&json!("other"), &json!(0)));
        assert_eq!(
            (&record["outcome"], &record["cost_nanos"]),
            (&json!("completed"), &Value::Null)
        );
    }
    assert_eq!(rig.provider.bill().len(), 2);
}

#[test]
fn moderations_are_free_and_on_record() {
    let rig = Rig::new();
    let answer = rig.post(&rig.a, "/moderations", json!({"input": "all is well"}));
    assert_eq!(answer.status, 200);
    let record = rig.gateway.wait_records(1).remove(0);
    assert_eq!(record["family"], "moderations");
    assert_eq!(record["output_tokens"], 0);
    assert_eq!(record["cost_nanos"], 0, "known to cost nothing, which is not unpriced");
    let prices = rig.gateway.admin("GET", "/tollgate/v1/prices", &Value::Null);
    assert_eq!(prices["unpriced"], json!([]));
}

#[test]
fn labels_tiers_and_the_model_that_served_are_on_record() {
    let rig = Rig::new();
    let whole = |model: &str, tier: &str| {
        json!({"id": "c", "object": "chat.completion", "model": model, "service_tier": tier,
            "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
    };
    let json = testkit::Script::json(200, whole("gpt-4o-2024-08-06", "priority").to_string());
    let events = format!("data: {}\n\ndata: [DONE]\n\n", whole("gpt-4o-2024-08-06", "priority"));
    let sse = testkit::Script::stream(vec![testkit::Piece::new(0, events)], testkit::Then::End);
    for (script, stream) in [(json, false), (sse, true)] {
        rig.provider.script(testkit::Matcher::any(), script);
        let body = json!({"model": "gpt-4o", "messages": [], "user": "ann", "service_tier": "fast", "stream": stream});
        assert_eq!(rig.post(&rig.a, "/chat/completions", body).status, 200);
    }
    let body = json!({"model": "gpt-4o", "input": "x", "user": "ann", "safety_identifier": "hash", "stream": true});
    assert_eq!(rig.post(&rig.a, "/responses", body).status, 200);
    let mut records = rig.gateway.wait_records(3);
    // Two workers write to one log: records of one instant stand in any order.
    records.sort_by_key(|r| (r["user_label"] == "hash", r["stream"].as_i64()));
    for record in &records[..2] {
        assert_eq!(record["model_asked"], "gpt-4o");
        assert_eq!(record["model_served"], "gpt-4o-2024-08-06");
        assert_eq!(record["service_tier"], "priority");
        assert_eq!(record["user_label"], "ann");
    }
    assert_eq!(records[2]["user_label"], "hash");
    assert_eq!(records[2]["model_served"], "gpt-4o");
    assert_eq!(records[2]["service_tier"], "default");
    assert_eq!(
        [&records[0], &records[1], &records[2]].map(|r| r["stream"].as_i64().unwrap()),
        [0, 1, 1]
    );
}

#[test]
fn fees_of_tools_are_part_of_the_cost() {
    let rig = Rig::new();
    let search = json!({"type": "web_search_call", "action": {"type": "search"}});
    let run = json!({"type": "code_interpreter_call", "container_id": "cntr_1"});
    let done = json!({"id": "resp_1", "object": "response", "model": "gpt-5", "status": "completed",
        "output": [&search, &run, &search, &run],
        "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}});
    let json = testkit::Script::json(200, done.to_string());
    let item = json!({"type": "response.output_item.done", "item": search});
    let end = json!({"type": "response.completed", "response": done});
    let events = format!("data: {item}\n\ndata: {end}\n\n");
    let sse = testkit::Script::stream(vec![testkit::Piece::new(0, events)], testkit::Then::End);
    for (script, stream) in [(json, false), (sse, true)] {
        rig.provider.script(testkit::Matcher::any(), script);
        let body = json!({"model": "gpt-5", "input": "x", "stream": stream});
        assert_eq!(rig.post(&rig.a, "/responses", body).status, 200);
    }
    // A chat model that is there for searching makes one with every call.
    let whole = json!({"id": "c", "object": "chat.completion", "model": "gpt-5-search-api",
        "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10}});
    rig.provider.script(testkit::Matcher::any(), testkit::Script::json(200, whole.to_string()));
    let body = json!({"model": "gpt-5-search-api", "messages": []});
    assert_eq!(rig.post(&rig.a, "/chat/completions", body).status, 200);
    for record in rig.gateway.wait_records(3) {
        // 100 × 1,250 + 10 × 10,000, two searches for a cent each, a container for three; or one
        // search.
        let searched = record["model_asked"] == "gpt-5-search-api";
        let nanos = if searched { 10_225_000 } else { 50_225_000 };
        assert_eq!(record["cost_nanos"], nanos, "{record}");
    }
}
