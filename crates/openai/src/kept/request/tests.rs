use super::*;
use crate::surface;

fn of(operation: &str, body: &str) -> Option<(Asked, Canonical)> {
    let operation = surface::by_id(operation).unwrap();
    look(operation, &View::of(body.as_bytes()).unwrap(), body.as_bytes())
}

fn chat(body: &str) -> (Asked, Canonical) {
    of("createChatCompletion", body).expect(body)
}

fn key(body: &str) -> Canonical {
    chat(body).1
}

const PLAIN: &str = r#"{"model":"m","messages":[{"role":"user","content":"h\"i é"}],"n":1}"#;

#[test]
fn spelling_does_not_matter() {
    for same in [
        r#" { "n" : 1 , "messages":[ {"content":"h\u0022i \u00e9","role":"user"}],"model":"m"}"#,
        r#"{"mod\u0065l":"m","messages":[{"role":"user","content":"h\"i é"}],"n":1}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i é"}],"n":1,"stream":true,
            "stream_options":{"include_usage":true},"user":"u","metadata":{"a":"b"},"store":false,
            "safety_identifier":"s","prompt_cache_key":"k"}"#,
    ] {
        assert_eq!(key(same), key(PLAIN), "{same}");
    }
}

#[test]
fn whatever_may_matter_does() {
    for other in [
        r#"{"model":"m2","messages":[{"role":"user","content":"h\"i é"}],"n":1}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i e"}],"n":1}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i é"}],"n":1.0}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i é"}],"n":"1"}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i é"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i é"}],"n":1,"temperature":0}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i é","user":"x"}],"n":1}"#,
        r#"{"model":"m","messages":[[{"role":"user","content":"h\"i é"}]],"n":1}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"h\"i é"}],"n":1,"n":2}"#,
    ] {
        let looked = of("createChatCompletion", other);
        assert!(looked.is_none_or(|(_, text)| text != key(PLAIN)), "{other}");
    }
    // The end of one text and the beginning of the next cannot be told otherwise.
    let two = |a: &str, b: &str| format!(r#"{{"model":"m","stop":["{a}","{b}"]}}"#);
    assert_ne!(key(&two("ab", "c")), key(&two("a", "bc")));
}

#[test]
fn what_is_never_kept_is_not_looked_for() {
    let with = |more: &str| format!(r#"{{"model":"m","messages":[],"input":"x",{more}}}"#);
    for more in [
        r#""store":true"#,
        r#""web_search_options":{}"#,
        r#""modalities":["text","audio"]"#,
        r#""audio":{"voice":"alloy"}"#,
        r#""tools":[{"type":"unheard_of"}]"#,
        r#""x":[{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}]"#,
        r#""x":[{"type":"file","file":{"file_id":"file-1"}}]"#,
    ] {
        assert_eq!(of("createChatCompletion", &with(more)), None, "{more}");
    }
    assert!(of("createChatCompletion", &with(r#""audio":null"#)).is_some());
    let search = r#"{"model":"gpt-4o-search-preview","messages":[]}"#;
    assert_eq!(of("createChatCompletion", search), None);
    for more in [
        r#""temperature":1"#,
        r#""store":true"#,
        r#""store":null"#,
        r#""store":false,"previous_response_id":"resp_1""#,
        r#""store":false,"conversation":"conv_1""#,
        r#""store":false,"background":true"#,
        r#""store":false,"prompt":{"id":"pmpt_1"}"#,
        r#""store":false,"tools":[{"type":"web_search"}]"#,
        r#""store":false,"tools":[{"type":"mcp","server_label":"x"}]"#,
        r#""store":false,"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]"#,
    ] {
        assert_eq!(of("createResponse", &with(more)), None, "{more}");
    }
    assert!(of("createResponse", &with(r#""store":false"#)).is_some());
    for operation in ["createImage", "createSpeech", "createBatch", "Compactconversation"] {
        assert_eq!(of(operation, &with(r#""store":false"#)), None, "{operation}");
    }
}

#[test]
fn a_response_tells_its_labels_again_so_they_matter() {
    let with = |user: &str| format!(r#"{{"model":"m","input":"x","store":false,"user":"{user}"}}"#);
    let [a, b] = ["a", "b"].map(|user| of("createResponse", &with(user)).unwrap().1);
    assert_ne!(a, b);
    let with = |user: &str| format!(r#"{{"model":"m","input":"x","user":"{user}"}}"#);
    let [a, b] = ["a", "b"].map(|user| of("createEmbedding", &with(user)).unwrap().1);
    assert_eq!(a, b);
}

#[test]
fn the_form_that_is_wanted_is_told() {
    assert_eq!(chat(PLAIN).0, Asked { form: Form::Plain, own_maximum: false });
    let events = |usage, padded| Form::Events { usage, padded };
    for (more, form, own_maximum) in [
        (r#""stream":true"#, events(false, true), false),
        (r#""stream":true,"max_tokens":5"#, events(false, true), true),
        (r#""stream":true,"max_tokens":null"#, events(false, true), false),
        (r#""stream":true,"stream_options":{"include_usage":true}"#, events(true, true), false),
        (
            r#""stream":true,"stream_options":{"include_obfuscation":false}"#,
            events(false, false),
            false,
        ),
    ] {
        let body = format!(r#"{{"model":"m","messages":[],{more}}}"#);
        assert_eq!(chat(&body).0, Asked { form, own_maximum }, "{more}");
    }
}
