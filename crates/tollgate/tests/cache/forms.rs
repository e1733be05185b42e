//! A stream's answer serves a plain call, and the other way round.

use serde_json::{Value, json};
use testkit::{Answer, Matcher, Piece, Script, Then, Tokens};

use crate::support::{CHAT, Stage, chat, events, text_of, used, with};

fn streamed(stage: &Stage, path: &str, body: &Value, more: Value) -> Answer {
    let body = with(with(body.clone(), json!({ "stream": true })), more);
    stage.post(&stage.key, path, &body, &[])
}

#[test]
fn a_streams_answer_serves_a_plain_call() {
    let stage = Stage::new();
    let tools = json!([{ "type": "function", "function": { "name": "f", "parameters": {
        "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"] } } }]);
    for (number, more) in [
        json!({}),
        json!({ "n": 3 }),
        json!({ "logprobs": true, "top_logprobs": 2 }),
        json!({ "tools": tools }),
    ]
    .into_iter()
    .enumerate()
    {
        let body = with(chat(&format!("use the tool {number}")), more);
        // What the provider says plainly, to another key of the cache.
        let told = stage.post(&stage.key, CHAT, &with(body.clone(), json!({ "seed": 1 })), &[]);
        let stream = streamed(&stage, CHAT, &body, json!({}));
        assert_eq!(used(&stream), "miss");
        let plain = stage.post(&stage.key, CHAT, &body, &[]);
        assert_eq!(used(&plain), "hit", "{body}");
        let mut plain = plain.json();
        let mut told = told.json();
        assert_eq!(plain["id"], events(&stream.text())[0]["id"]);
        for answer in [&mut plain, &mut told] {
            answer["id"] = json!("");
            answer["created"] = json!(0);
            for choice in answer["choices"].as_array_mut().unwrap() {
                for call in choice["message"]["tool_calls"].as_array_mut().into_iter().flatten() {
                    call["id"] = json!("");
                }
            }
        }
        assert_eq!(plain, told, "{body}");
    }
}

#[test]
fn a_plain_answer_serves_a_stream() {
    let stage = Stage::new();
    let body = chat("[[words=12]]");
    let plain = stage.post(&stage.key, CHAT, &body, &[]).json();
    let bare = streamed(&stage, CHAT, &body, json!({}));
    assert_eq!(used(&bare), "hit");
    assert_eq!(bare.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(bare.header("content-length"), None, "as a stream comes");
    assert_eq!(text_of(&bare.text()), plain["choices"][0]["message"]["content"].as_str().unwrap());
    assert!(!bare.text().contains("usage"));
    let asked = json!({ "stream_options": { "include_usage": true } });
    let told = events(&streamed(&stage, CHAT, &body, asked).text());
    let [.., usage, done] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&usage["usage"], &usage["choices"]), (&plain["usage"], &json!([])));
    assert_eq!(done, "[DONE]");
    assert!(told.iter().take(told.len() - 1).all(|chunk| chunk["id"] == plain["id"]));
}

#[test]
fn a_stored_stream_is_told_as_each_wants_it() {
    let stage = Stage::new();
    let body = chat("[[words=12]]");
    // We ask for the usage; its client did not.
    let first = streamed(&stage, CHAT, &body, json!({}));
    assert!(!events(&first.text()).iter().any(|event| event["usage"].is_object()));
    let again = streamed(&stage, CHAT, &body, json!({}));
    assert_eq!((used(&again), again.body == first.body), ("hit", true), "byte for byte");
    let asked = json!({ "stream_options": { "include_usage": true } });
    let told = streamed(&stage, CHAT, &body, asked);
    assert_eq!(used(&told), "hit");
    assert!(events(&told.text()).iter().any(|event| event["usage"].is_object()));
    let bare = json!({ "stream_options": { "include_obfuscation": false } });
    assert!(first.text().contains("obfuscation"));
    assert!(!streamed(&stage, CHAT, &body, bare).text().contains("obfuscation"));
}

#[test]
fn responses_and_completions_change_their_form_too() {
    let stage = Stage::new();
    let response = json!({ "model": "gpt-4o-mini", "input": "[[words=9]]", "store": false });
    let plain = stage.post(&stage.key, "/v1/responses", &response, &[]).json();
    let stream = streamed(&stage, "/v1/responses", &response, json!({}));
    assert_eq!(used(&stream), "hit");
    let told = events(&stream.text());
    assert_eq!(told.last().unwrap()["response"], plain);
    let delta = |event: &Value| event["delta"].as_str().map(str::to_owned);
    let text: String = told.iter().filter_map(delta).collect();
    assert_eq!(text, plain["output"][0]["content"][0]["text"].as_str().unwrap());

    let other = with(response, json!({ "input": "[[words=8]]" }));
    let stream = events(&streamed(&stage, "/v1/responses", &other, json!({})).text());
    let plain = stage.post(&stage.key, "/v1/responses", &other, &[]);
    assert_eq!((used(&plain), &plain.json()), ("hit", &stream.last().unwrap()["response"]));

    let completion = json!({ "model": "gpt-3.5-turbo-instruct", "prompt": "[[words=7]]", "n": 2 });
    let stream = streamed(&stage, "/v1/completions", &completion, json!({}));
    assert_eq!(used(&stream), "miss");
    let plain = stage.post(&stage.key, "/v1/completions", &completion, &[]);
    assert_eq!(used(&plain), "hit");
    let words = plain.json()["choices"][1]["text"].as_str().unwrap().split(' ').count();
    assert_eq!((plain.json()["choices"].as_array().unwrap().len(), words), (2, 7));
}

#[test]
fn a_paced_replay_takes_its_time() {
    let stage = Stage::new();
    stage.set(&stage.key, json!({ "replay": "paced" }));
    let body = with(chat("[[words=10]] [[gap_ms=50]]"), json!({ "stream": true }));
    let first = stage.ask(&body);
    let began = std::time::Instant::now();
    let mut replay = stage.open(&body);
    replay.read_until("word2");
    let midway = began.elapsed();
    let rest = replay.collect().unwrap();
    assert!(first.text().ends_with(&rest.text()));
    assert!(began.elapsed() > std::time::Duration::from_millis(300), "{:?}", began.elapsed());
    assert!(midway < began.elapsed());
    stage.set(&stage.key, json!({ "replay": "at_once" }));
    assert_eq!(stage.ask(&body).body, first.body);
}

/// The property "what is given is what the provider sent", over answers and streams with odd but
/// legal bytes.
#[test]
fn what_is_given_is_what_the_provider_sent() {
    let stage = Stage::new();
    let (mut hits, mut number) = (0, 0);
    let plain = testkit::corpus::json_answers().into_iter().map(|(name, body)| (name, body, false));
    let streams = testkit::corpus::streams().into_iter().map(|(name, body)| (name, body, true));
    for (name, bytes, stream) in plain.chain(streams) {
        number += 1;
        let body = with(chat(&format!("case {number} {name}")), json!({ "stream": stream }));
        let script = || match stream {
            false => Script::json(200, bytes.clone()),
            true => Script::stream(vec![Piece::new(0, bytes.clone())], Then::End),
        };
        let mark = format!("case {number} ");
        let tokens = Tokens::text(1, 1);
        stage
            .provider
            .script(Matcher::any().containing(&mark), script().bill(tokens).misreported().always());
        let [first, second] = [0, 1].map(|_| stage.post(&stage.key, CHAT, &body, &[]));
        assert_eq!((first.status, first.body == second.body), (200, true), "{name}");
        hits += usize::from(second.header("x-tollgate-cache") == Some("hit"));
    }
    assert!(hits > 0, "none of {number} was kept");
}
