//! What a body names is held to the same rule as what a path names: another project's object is
//! as if it did not exist, and the call is not sent.

use domain::ObjectKind as K;
use testkit::{Answer, Key};

use crate::make::make;
use crate::rig::{Body, Rig, refused_by_us};

/// Where a JSON body can name an object; `ID` stands for the name.
#[rustfmt::skip]
const JSON: &[(K, &str, &str)] = &[
    (K::Response, "/responses", r#"{"model":"gpt-4o","input":"x","previous_response_id":"ID"}"#),
    (K::Response, "/responses", r#"{"model":"gpt-4o","input":"x","previous_response_\u0069d":"ID"}"#),
    (K::Response, "/responses", r#"{"model":"gpt-4o","input":"x","stream":true,"previous_response_id":"ID"}"#),
    (K::Response, "/responses", r#"{"model":"gpt-4o","input":"x","store":false,"previous_response_id":"ID"}"#),
    (K::Response, "/responses/input_tokens", r#"{"model":"gpt-4o","input":"x","previous_response_id":"ID"}"#),
    (K::Response, "/responses/compact", r#"{"model":"gpt-4o","input":"x","previous_response_id":"ID"}"#),
    (K::Conversation, "/responses", r#"{"model":"gpt-4o","input":"x","conversation":"ID"}"#),
    (K::Conversation, "/responses", r#"{"model":"gpt-4o","input":"x","conversation":{"id":"ID"}}"#),
    (K::Conversation, "/responses/input_tokens", r#"{"model":"gpt-4o","input":"x","conversation":{"x":1,"id":"ID"}}"#),
    (K::Item, "/responses", r#"{"model":"gpt-4o","input":[{"type":"item_reference","id":"ID"}]}"#),
    (K::Item, "/responses", r#"{"model":"gpt-4o","input":[{"id":"ID","type":"item_reference"}]}"#),
    (K::Item, "/responses", r#"{"model":"gpt-4o","input":[{"id":"ID","type":"item\u005freference"}]}"#),
    (K::Item, "/responses", r#"{"model":"gpt-4o","input":[{"id":"ID"}]}"#),
    (K::Item, "/responses", r#"{"model":"gpt-4o","input":[{"type":null,"id":"ID"}]}"#),
    (K::Item, "/conversations", r#"{"items":[{"type":"item_reference","id":"ID"}]}"#),
    (K::File, "/chat/completions", r#"{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"ID"}}]}]}"#),
    (K::File, "/responses", r#"{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_file","file_id":"ID"}]}]}"#),
    (K::File, "/responses", r#"{"model":"gpt-4o","input":[{"role":"user","content":[{"type":"input_image","detail":"auto","file_id":"ID"}]}]}"#),
    (K::File, "/responses", r#"{"model":"gpt-4o","input":"x","tools":[{"type":"code_interpreter","container":{"type":"auto","file_ids":["ID"]}}]}"#),
    (K::File, "/responses", r#"{"model":"gpt-4o","input":"x","tools":[{"type":"image_generation","input_image_mask":{"file_id":"ID"}}]}"#),
    (K::File, "/batches", r#"{"input_file_id":"ID","endpoint":"/v1/embeddings","completion_window":"24h"}"#),
    (K::File, "/fine_tuning/jobs", r#"{"model":"gpt-4o-mini-2024-07-18","training_file":"ID"}"#),
    (K::File, "/fine_tuning/jobs", r#"{"model":"gpt-4o-mini-2024-07-18","validation_file":"ID"}"#),
    (K::File, "/vector_stores", r#"{"file_ids":["ID"]}"#),
    (K::File, "/containers", r#"{"name":"n","file_ids":["ID"]}"#),
    (K::File, "/images/edits", r#"{"model":"gpt-image-1","prompt":"x","images":[{"file_id":"ID"}]}"#),
    (K::File, "/images/edits", r#"{"model":"gpt-image-1","prompt":"x","images":[{"image_url":"u"}],"mask":{"file_id":"ID"}}"#),
    (K::File, "/videos", r#"{"model":"sora-2","prompt":"x","input_reference":{"file_id":"ID"}}"#),
    (K::File, "/threads", r#"{"messages":[{"role":"user","content":"x","attachments":[{"file_id":"ID"}]}]}"#),
    (K::File, "/assistants", r#"{"model":"gpt-4o","tool_resources":{"code_interpreter":{"file_ids":["ID"]}}}"#),
    (K::File, "/assistants", r#"{"model":"gpt-4o","tool_resources":{"file_search":{"vector_stores":[{"file_ids":["ID"]}]}}}"#),
    (K::File, "/evals", r#"{"data_source":{"source":{"type":"file_id","id":"ID"}}}"#),
    (K::VectorStore, "/responses", r#"{"model":"gpt-4o","input":"x","tools":[{"type":"file_search","vector_store_ids":["ID"]}]}"#),
    (K::VectorStore, "/assistants", r#"{"model":"gpt-4o","tool_resources":{"file_search":{"vector_store_ids":["ID"]}}}"#),
    (K::VectorStore, "/threads", r#"{"tool_resources":{"file_search":{"vector_store_ids":["ID"]}}}"#),
    (K::Container, "/responses", r#"{"model":"gpt-4o","input":"x","tools":[{"type":"code_interpreter","container":"ID"}]}"#),
    (K::Container, "/responses", r#"{"model":"gpt-4o","input":"x","tools":[{"type":"shell","environment":{"type":"container_reference","container_id":"ID"}}]}"#),
    (K::Skill, "/containers", r#"{"name":"n","skills":[{"type":"skill_reference","skill_id":"ID"}]}"#),
    (K::Assistant, "/threads/runs", r#"{"assistant_id":"ID"}"#),
    (K::Thread, "/threads/runs", r#"{"thread_id":"ID"}"#),
    (K::Eval, "/evals", r#"{"data_source":{"eval_id":"ID"}}"#),
    (K::Batch, "/evals", r#"{"data_source":{"batch_id":"ID"}}"#),
    (K::Upload, "/vector_stores", r#"{"upload_id":"ID"}"#),
    (K::FineTunedModel, "/chat/completions", r#"{"model":"ID","messages":[{"role":"user","content":"x"}]}"#),
    (K::FineTunedModel, "/chat/completions", r#"{"model":"\u0066t:gpt-4o-mini-2024-07-18:fake-org::abc123","messages":[{"role":"user","content":"x"}]}"#),
    (K::FineTunedModel, "/responses", r#"{"model":"ID","input":"x"}"#),
    (K::FineTunedModel, "/completions", r#"{"model":"ID","prompt":"x"}"#),
    (K::FineTunedModel, "/embeddings", r#"{"model":"ID","input":"x"}"#),
    (K::FineTunedModel, "/assistants", r#"{"model":"ID"}"#),
    (K::FineTunedModel, "/fine_tuning/jobs", r#"{"model":"ID"}"#),
    (K::FineTunedModel, "/fine_tuning/alpha/graders/run", r#"{"grader":{"type":"score_model","model":"ID"}}"#),
    (K::Voice, "/audio/speech", r#"{"model":"gpt-4o-mini-tts","input":"x","voice":{"id":"ID"}}"#),
    (K::Voice, "/chat/completions", r#"{"model":"gpt-4o-audio-preview","audio":{"format":"wav","voice":{"id":"ID"}},"messages":[{"role":"user","content":"x"}]}"#),
    (K::Video, "/videos/edits", r#"{"prompt":"x","video":{"id":"ID"}}"#),
    (K::Video, "/videos/extensions", r#"{"prompt":"x","video":{"id":"ID"},"seconds":"4"}"#),
    (K::Video, "/videos/edits", r#"{"prompt":"x","video_id":"ID"}"#),
    (K::VideoCharacter, "/videos", r#"{"model":"sora-2","prompt":"x","characters":[{"id":"ID"}]}"#),
];

/// The kind, the path, the fields, and the name of a file that the form must have.
type Form = (K, &'static str, &'static [(&'static str, &'static str)], &'static str);

/// Where a form can.
#[rustfmt::skip]
const FORMS: &[Form] = &[
    (K::VoiceConsent, "/audio/voices", &[("name", "n"), ("consent", "ID")], "audio_sample"),
    (K::Video, "/videos/edits", &[("prompt", "x"), ("video[id]", "ID")], ""),
    (K::Video, "/videos/extensions", &[("prompt", "x"), ("video_id", "ID")], ""),
    (K::VideoCharacter, "/videos", &[("prompt", "x"), ("characters[0][id]", "ID")], ""),
    (K::VideoCharacter, "/videos", &[("prompt", "x"), ("characters[][id]", "ID")], ""),
    (K::File, "/videos", &[("prompt", "x"), ("input_reference[file_id]", "ID")], ""),
    (K::FineTunedModel, "/images/edits", &[("prompt", "x"), ("model", "ID")], "image"),
    (K::FineTunedModel, "/audio/transcriptions", &[("model", "ID")], "file"),
];

fn check(rig: &Rig, kind: K, path: &str, id: &str, body: &Body) {
    let what = format!("{kind:?} on {path} in {}", String::from_utf8_lossy(&body.bytes));
    let ask = |key: &Key| -> Answer {
        rig.provider.clear();
        rig.send(key, "POST", path, body)
    };
    // An earlier response that is not there has a status and code of its own at OpenAI.
    let earlier = kind == K::Response && path.starts_with("/responses");
    for stranger in [&rig.b, &rig.d] {
        let answer = ask(stranger);
        assert_eq!(answer.status, if earlier { 400 } else { 404 }, "{what}: {}", answer.text());
        if earlier {
            assert_eq!(answer.json()["error"]["code"], "previous_response_not_found");
            assert_eq!(answer.json()["error"]["param"], "previous_response_id");
        }
        assert!(answer.text().contains(id) && refused_by_us(&answer), "{what}");
        assert_eq!(rig.provider.seen_count(), 0, "{what} was sent");
    }
    let answer = ask(&rig.a);
    assert!(!refused_by_us(&answer), "{what}: {} {}", answer.status, answer.text());
    // A batch's file is read before the batch is made.
    let sent = if path == "/batches" { 2 } else { 1 };
    assert_eq!(rig.provider.seen_count(), sent, "{what} was not sent");
}

#[test]
fn p14_what_a_json_body_names_is_its_owners_alone() {
    let rig = Rig::new();
    for (kind, path, template) in JSON {
        let id = make(&rig, *kind, &rig.a);
        check(&rig, *kind, path, &id, &Body::text(&template.replace("ID", &id)));
    }
}

#[test]
fn p14_what_a_form_names_is_its_owners_alone() {
    let rig = Rig::new();
    for (kind, path, fields, file) in FORMS {
        let id = make(&rig, *kind, &rig.a);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(n, v)| (*n, if *v == "ID" { id.as_str() } else { *v })).collect();
        let files: Vec<(&str, &str, &[u8])> =
            [(*file, "f", &b"x"[..])].into_iter().filter(|f| !f.0.is_empty()).collect();
        check(&rig, *kind, path, &id, &Body::form(&fields, &files));
    }
}

#[test]
fn p14_one_strange_name_among_own_ones_is_enough() {
    let rig = Rig::new();
    let own = make(&rig, K::VectorStore, &rig.b);
    let strange = make(&rig, K::VectorStore, &rig.a);
    rig.provider.clear();
    let body = format!(
        r#"{{"model":"gpt-4o","input":"x","tools":[{{"type":"file_search","vector_store_ids":["{own}","{strange}"]}}]}}"#
    );
    let answer = rig.send(&rig.b, "POST", "/responses", &Body::text(&body));
    assert_eq!((answer.status, rig.provider.seen_count()), (404, 0));
}

#[test]
fn p14_an_item_given_again_is_not_another_projects() {
    let rig = Rig::new();
    let id = make(&rig, K::Item, &rig.a);
    for kind in ["reasoning", "image_generation_call", "message"] {
        let body = format!(r#"{{"model":"gpt-4o","input":[{{"type":"{kind}","id":"{id}"}}]}}"#);
        for stranger in [&rig.b, &rig.d] {
            rig.provider.clear();
            let answer = rig.send(stranger, "POST", "/responses", &Body::text(&body));
            assert_eq!((answer.status, rig.provider.seen_count()), (404, 0), "{kind}");
        }
        assert_eq!(rig.send(&rig.a, "POST", "/responses", &Body::text(&body)).status, 200);
    }
}

#[test]
fn a_users_own_data_names_nothing() {
    let rig = Rig::new();
    let file = make(&rig, K::File, &rig.a);
    for body in [
        format!(r#"{{"model":"gpt-4o","input":"x","metadata":{{"file_id":"{file}"}}}}"#),
        format!(r#"{{"model":"gpt-4o","input":"file_id {file}"}}"#),
        r#"{"model":"gpt-4o","input":[{"type":"reasoning","id":"rs_unstored","summary":[]}]}"#
            .into(),
        r#"{"model":"gpt-4o","input":[{"role":"user","content":"x","id":"msg_unknown"}]}"#.into(),
        r#"{"model":"gpt-4o","input":[{"type":"message","role":"assistant","content":[],"id":"msg_1"}]}"#.into(),
    ] {
        let answer = rig.send(&rig.b, "POST", "/responses", &Body::text(&body));
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    }
}
