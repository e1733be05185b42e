use crate::pin::{Pin, pinned};
use bytes::Bytes;

use super::*;

fn view(body: &str) -> View {
    View::of(body.as_bytes()).unwrap()
}

fn references(body: &str) -> Vec<(ObjectKind, String)> {
    let view = view(body);
    view.references
        .iter()
        .map(|(kind, raw)| (*kind, unescape(&body.as_bytes()[raw.clone()]).unwrap().into_owned()))
        .collect()
}

#[test]
fn the_model_is_read_through_escapes_in_key_and_value() {
    let body = r#"{"mod\u0065l":"gpt-4\u006f"}"#;
    assert_eq!(view(body).model(body.as_bytes()).as_deref(), Some("gpt-4o"));
}

#[test]
fn case_90_a_deciding_key_may_stand_only_once() {
    let twice = |body: &str| View::of(body.as_bytes()).err();
    assert_eq!(twice(r#"{"model":"a","model":"b"}"#), Some(BadBody::Duplicate("model")));
    assert_eq!(twice(r#"{"model":"a","mod\u0065l":"b"}"#), Some(BadBody::Duplicate("model")));
    assert_eq!(twice(r#"{"seed":1,"seed":2}"#), None);
    let body = r#"{"stream_options":{"include_usage":true,"include_usage":false}}"#;
    assert_eq!(twice(body), Some(BadBody::Duplicate("stream_options.include_usage")));
}

#[test]
fn case_104_a_caller_cannot_choose_the_host() {
    let body = br#"{"model":"a","api_base":"http://evil"}"#;
    assert_eq!(View::of(body).err(), Some(BadBody::Forbidden("api_base")));
    // Deeper, the word belongs to somebody else (a tool's own parameters).
    assert!(View::of(br#"{"tools":[{"base_url":"x"}]}"#).is_ok());
}

#[test]
fn only_objects_are_bodies() {
    assert_eq!(View::of(b"[]").err(), Some(BadBody::NotAnObject));
    assert_eq!(View::of(b"1").err(), Some(BadBody::NotAnObject));
    assert!(matches!(View::of(b"").err(), Some(BadBody::Invalid(_))));
}

#[test]
fn usage_is_asked_by_splicing_and_nothing_else_changes() {
    let cases = [
        (r#"{"stream":true}"#, r#"{"stream_options":{"include_usage":true},"stream":true}"#),
        (
            r#" { "stream" : true }"#,
            r#" {"stream_options":{"include_usage":true}, "stream" : true }"#,
        ),
        (
            r#"{"stream":true,"stream_options":null}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{ }}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true }}"#,
        ),
        (
            r#"{"stream":true,"stream_options":{"include_obfuscation":false},"n":1e0}"#,
            r#"{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"n":1e0}"#,
        ),
        (
            r#"{"stream_options":{"include_usage":false},"stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"stream":true}"#,
        ),
        (
            r#"{"stream_options":{"include_usage": null},"stream":true}"#,
            r#"{"stream_options":{"include_usage": true},"stream":true}"#,
        ),
    ];
    for (before, after) in cases {
        let view = view(before);
        assert!(view.stream && !view.asks_usage(), "{before}");
        assert_eq!(pinned(&Bytes::from(before), &view, &[Pin::AskUsage]), after, "{before}");
    }
    let asked = r#"{"stream":true,"stream_options":{"include_usage":true}}"#;
    assert!(view(asked).asks_usage());
    assert_eq!(pinned(&Bytes::from(asked), &view(asked), &[Pin::AskUsage]), asked);
}

#[test]
fn references_are_found_where_the_api_has_them() {
    use ObjectKind as K;
    let found = references(
        r#"{"previous_response_id":"resp_1","conversation":{"id":"conv_1"},
            "input":[{"type":"item_reference","id":"msg_1"},{"id":"msg_2","type":"item_reference"},
                     {"type":"message","id":"msg_3","content":[{"type":"input_file","file_id":"file-1"}]}],
            "tools":[{"type":"file_search","vector_store_ids":["vs_1","vs_2"]},
                     {"type":"code_interpreter","container":"cntr_1"},
                     {"type":"code_interpreter","container":{"type":"auto","file_ids":["file-2"]}}],
            "model":"ft:gpt-4o:acme::1"}"#,
    );
    let expected = [
        (K::Response, "resp_1"),
        (K::Conversation, "conv_1"),
        (K::Item, "msg_1"),
        (K::Item, "msg_2"),
        (K::File, "file-1"),
        (K::VectorStore, "vs_1"),
        (K::VectorStore, "vs_2"),
        (K::Container, "cntr_1"),
        (K::File, "file-2"),
        (K::FineTunedModel, "ft:gpt-4o:acme::1"),
    ];
    assert_eq!(found, expected.map(|(k, id)| (k, id.to_owned())));
    assert_eq!(
        references(r#"{"conversation":"conv_2"}"#),
        [(K::Conversation, "conv_2".to_owned())]
    );
}

#[test]
fn an_item_is_referred_to_in_any_spelling() {
    for body in [
        r#"{"input":[{"id":"msg_1","type":"item\u005freference"}]}"#,
        r#"{"input":[{"id":"msg_1"}]}"#,
        r#"{"input":[{"type":null,"id":"msg_1"}]}"#,
        r#"{"items":[{"id":"msg_1"}]}"#,
    ] {
        assert_eq!(references(body), [(ObjectKind::Item, "msg_1".to_owned())], "{body}");
    }
    for body in [
        r#"{"input":[{"id":"msg_1","role":"user","content":"x"}]}"#,
        r#"{"input":[{"id":"rs_1","type":"reasoning","summary":[]}]}"#,
        r#"{"messages":[{"id":"x"}]}"#,
    ] {
        assert_eq!(references(body), [], "{body}");
    }
    let body =
        r#"{"input":[{"id":"rs_1","type":"reasoning"},{"role":"user","content":[{"id":"x"}]}]}"#;
    let replayed: Vec<_> = view(body).replayed.into_iter().map(|raw| &body[raw]).collect();
    assert_eq!(replayed, ["rs_1"]);
    assert_eq!(references(r#"{"input":"x","previous_response_id":""}"#), []);
}

#[test]
fn the_users_own_data_is_not_read() {
    for body in [
        r#"{"metadata":{"file_id":"file-1"}}"#,
        r#"{"tools":[{"function":{"parameters":{"properties":{"file_id":"x"},"model":"y"}}}]}"#,
        r#"{"voice":"alloy"}"#,
        r#"{"messages":[{"content":"file_id"}]}"#,
    ] {
        assert_eq!(references(body), [], "{body}");
        assert!(view(body).other_models.is_empty());
    }
    let after = references(r#"{"metadata":{"a":{"b":1}},"file_id":"file-9"}"#);
    assert_eq!(after, [(ObjectKind::File, "file-9".to_owned())]);
}

#[test]
fn labels_and_flags() {
    let body = r#"{"user":"u","safety_identifier":"s","store":false,"background":true,"tools":[{"model":"m"}]}"#;
    let view = view(body);
    assert_eq!(&body[view.user_label.unwrap()], "s");
    assert_eq!(view.store, Some(false));
    assert!(view.background);
    assert_eq!(view.other_models.len(), 1);
}

#[test]
fn a_key_that_is_another_for_some_readers_is_refused() {
    let bad = |body: &str| View::of(body.as_bytes()).err();
    for (key, name) in [
        ("Model", "model"),
        ("MODEL", "model"),
        ("\\u004dodel", "model"),
        ("\u{17f}tream", "stream"),
        ("bac\u{212a}ground", "background"),
        ("Previous_Response_Id", "previous_response_id"),
        ("conversatioN", "conversation"),
    ] {
        let body = format!(r#"{{"model":"a","{key}":"b"}}"#);
        assert_eq!(bad(&body), Some(BadBody::Ambiguous(name)), "{key}");
    }
    assert_eq!(bad(r#"{"model":"a","Modell":"b","tools":[{"Model":"c"}]}"#), None);
}

#[test]
fn a_list_of_models_counts() {
    let body =
        r#"{"model":"a","models":["b",["ft:c"],{"model":"d","x":"e"}],"x":{"models":["f"]}}"#;
    let view = view(body);
    let others: Vec<_> = view.other_models.into_iter().map(|raw| &body[raw]).collect();
    assert_eq!(others, ["b", "ft:c", "d"]);
    assert_eq!(references(body), [(ObjectKind::FineTunedModel, "ft:c".to_owned())]);
}

#[test]
fn what_names_an_object_names_it_once() {
    let bad = |body: &str| View::of(body.as_bytes()).err();
    for (body, key) in [
        (r#"{"input":[{"id":"msg_1","id":"msg_2"}]}"#, "id"),
        (r#"{"input":[{"id":"msg_1","role":"user","\u0069d":"msg_2"}]}"#, "id"),
        (r#"{"input":[{"id":"msg_1","id":null,"type":"message"}]}"#, "id"),
        (r#"{"input":[{"id":"msg_1","type":"message","type":"item_reference"}]}"#, "type"),
        (r#"{"x":{"id":"msg_1","type":"item_reference","type":"message"}}"#, "type"),
        (r#"{"conversation":{"id":"conv_1","id":"conv_2"}}"#, "id"),
        (r#"{"messages":[{"audio":{"id":"audio_1","id":"audio_2"}}]}"#, "id"),
        (r#"{"data_source":{"source":{"type":"stored_completions","type":"file_id"}}}"#, "type"),
    ] {
        assert_eq!(bad(body), Some(BadBody::Duplicate(key)), "{body}");
    }
    assert_eq!(bad(r#"{"x":{"id":"a","id":"b","type":1,"type":2}}"#), None);
    // Keys that are references themselves: both are checked.
    let found =
        references(r#"{"file_id":"file-1","file_id":"file-2","container":"a","container":"b"}"#);
    let ids: Vec<_> = found.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(ids, ["file-1", "file-2", "a", "b"]);
}

#[test]
fn an_earlier_voice_is_known_by_its_id() {
    let body = r#"{"audio":{"id":"x"},"messages":[{"role":"assistant","audio":{"id":"audio_1"},"content":[{"audio":{"id":"y"}}]}]}"#;
    let replayed: Vec<_> = view(body).replayed.into_iter().map(|raw| &body[raw]).collect();
    assert_eq!(replayed, ["audio_1"]);
}

#[test]
fn sources_of_the_whole_account_are_noted() {
    let noted = |body: &str| view(body).account_wide.map(|wide| (wide.field, wide.kind));
    let source = "data_source.source.type";
    let config = "data_source_config.type";
    for (body, field, kind) in [
        (
            r#"{"data_source":{"source":{"type":"stored_completions"}}}"#,
            source,
            "stored_completions",
        ),
        (r#"{"data_source":{"source":{"type":"r\u0065sponses"}}}"#, source, "responses"),
        (r#"{"data_source":{"source":{"type":"file_id"},"source":{"type":"new"}}}"#, source, "new"),
        (r#"{"data_source":{"source":[{"type":"responses"}]}}"#, source, "responses"),
        (r#"{"data_source":[{"source":{"type":"responses"}}]}"#, source, "responses"),
        (r#"{"data_source":{"source":{"model":"m"}}}"#, source, ""),
        (r#"{"data_source":{"source":{"type":7}}}"#, source, ""),
        (r#"{"data_source_config":{"type":"logs"}}"#, config, "logs"),
        (r#"{"data_source_config":{"type":"stored_completions"}}"#, config, "stored_completions"),
    ] {
        assert_eq!(noted(body), Some((field, kind.to_owned())), "{body}");
    }
    for body in [
        r#"{"data_source":{"type":"jsonl","source":{"type":"file_id","id":"file-1"}}}"#,
        r#"{"data_source":{"source":{"type":"file_content","content":[{"item":{"source":{"type":"x"}}}]}}}"#,
        r#"{"data_source":{"type":"completions","input_messages":{"type":"template"}}}"#,
        r#"{"data_source_config":{"type":"custom","item_schema":{"source":{"type":"string"}}}}"#,
        r#"{"source":{"type":"base64"},"metadata":{"data_source_config":{"type":"logs"}}}"#,
    ] {
        assert_eq!(noted(body), None, "{body}");
    }
}
