//! One object of every kind, made as a client makes it.

use domain::ObjectKind;
use openai::surface::{OPERATIONS, Operation};
use serde_json::{Value, json};
use testkit::{Answer, Key, Matcher, Script};

use crate::rig::{Body, Rig};

/// The fine-tuned model that the fake's account has.
pub const TUNED: &str = "ft:gpt-4o-mini-2024-07-18:fake-org::abc123";

pub fn operation(id: &str) -> &'static Operation {
    let found = OPERATIONS.iter().find(|operation| operation.id == id);
    found.unwrap_or_else(|| panic!("no operation {id}"))
}

/// Makes an object and gives its id. A new kind does not compile until it has an arm here.
pub fn make(rig: &Rig, kind: ObjectKind, key: &Key) -> String {
    use ObjectKind as K;
    let id = match kind {
        K::Assistant => "createAssistant",
        K::Batch => "createBatch",
        K::ChatCompletion => "createChatCompletion",
        K::ChatkitSession => "CreateChatSessionMethod",
        K::Container => "CreateContainer",
        K::Conversation => "createConversation",
        K::Eval => "createEval",
        K::File => "createFile",
        K::FineTuningJob => "createFineTuningJob",
        K::RealtimeCall => "create-realtime-call",
        K::Response => "createResponse",
        K::Skill => "CreateSkill",
        K::Thread => "createThread",
        K::Upload => "createUpload",
        K::VectorStore => "createVectorStore",
        K::Video => "createVideo",
        K::VideoCharacter => "CreateVideoCharacter",
        K::Voice => "createVoice",
        K::VoiceConsent => "createVoiceConsent",
        K::ChatkitThread => return chatkit_thread(rig),
        K::FineTunedModel => return tuned_model(rig, key),
        K::Item => return item(rig, key),
    };
    made_by(rig, operation(id), key)
}

/// Whose an object made by [`make`] is: nobody makes a ChatKit thread through the gateway.
pub fn owner(rig: &Rig, kind: ObjectKind) -> &Key {
    if kind == ObjectKind::ChatkitThread { &rig.d } else { &rig.a }
}

/// Runs a making operation and reads the id at the place that the table names.
pub fn made_by(rig: &Rig, operation: &Operation, key: &Key) -> String {
    let (_, place) = operation.makes.expect("a making operation");
    let (path, body) = request(rig, operation.id, key);
    let answer = rig.send(key, operation.method.as_str(), &path, &body);
    assert!(answer.status < 300, "{}: {} {}", operation.id, answer.status, answer.text());
    id_at(&answer, place)
}

fn id_at(answer: &Answer, place: &str) -> String {
    if place == "Location" {
        let location = answer.header("location").expect("a location");
        return location.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let pointer = format!("/{}", place.replace('.', "/"));
    let whole = answer.json();
    let id = whole.pointer(&pointer).and_then(Value::as_str);
    id.unwrap_or_else(|| panic!("no {place} in {whole}")).to_owned()
}

/// A request for every operation that makes an object. A new one has none, and the test fails.
pub fn request(rig: &Rig, id: &str, key: &Key) -> (String, Body) {
    let own = |kind| make(rig, kind, key);
    let json = |path: &str, body: Value| (path.to_owned(), Body::json(&body));
    let sound: &[(&str, &str, &[u8])] = &[("audio_sample", "a.wav", b"RIFF")];
    let film: &[(&str, &str, &[u8])] = &[("video", "a.mp4", b"ftyp")];
    match id {
        "createChatCompletion" => json(
            "/chat/completions",
            json!({"model": "gpt-4o", "store": true, "messages": [{"role": "user", "content": "x"}]}),
        ),
        "createResponse" => json("/responses", json!({"model": "gpt-4o", "input": "x"})),
        "createConversation" => json("/conversations", json!({})),
        "createVoiceConsent" => (
            "/audio/voice_consents".into(),
            Body::form(&[("name", "n"), ("language", "en")], &[("recording", "a.wav", b"RIFF")]),
        ),
        "createVoice" => {
            let consent = own(ObjectKind::VoiceConsent);
            let form = Body::form(&[("name", "n"), ("consent", &consent)], sound);
            ("/audio/voices".into(), form)
        }
        "createVideo" => json("/videos", json!({"model": "sora-2", "prompt": "x"})),
        "CreateVideoCharacter" => ("/videos/characters".into(), Body::form(&[("name", "n")], film)),
        "CreateVideoEdit" => {
            json("/videos/edits", json!({"prompt": "x", "video": {"id": own(ObjectKind::Video)}}))
        }
        "CreateVideoExtend" => (
            "/videos/extensions".into(),
            Body::form(&[("prompt", "x"), ("video[id]", &own(ObjectKind::Video))], &[]),
        ),
        "CreateVideoRemix" => {
            json(&format!("/videos/{}/remix", own(ObjectKind::Video)), json!({"prompt": "x"}))
        }
        "createFile" => {
            let form = Body::form(&[("purpose", "batch")], &[("file", "a.jsonl", b"{}\n")]);
            ("/files".into(), form)
        }
        "createUpload" => json(
            "/uploads",
            json!({"bytes": 0, "filename": "f", "purpose": "assistants", "mime_type": "text/plain"}),
        ),
        "completeUpload" => {
            let path = format!("/uploads/{}/complete", own(ObjectKind::Upload));
            json(&path, json!({"part_ids": []}))
        }
        "createBatch" => json(
            "/batches",
            json!({"input_file_id": own(ObjectKind::File), "endpoint": "/v1/embeddings", "completion_window": "24h"}),
        ),
        "createVectorStore" => json("/vector_stores", json!({"name": "n"})),
        "createFineTuningJob" => json(
            "/fine_tuning/jobs",
            json!({"model": "gpt-4o-mini-2024-07-18", "training_file": own(ObjectKind::File)}),
        ),
        "createEval" => json("/evals", json!({"name": "n"})),
        "CreateContainer" => json("/containers", json!({"name": "n"})),
        "CreateSkill" => ("/skills".into(), Body::form(&[], &[("files[]", "a.zip", b"PK")])),
        "create-realtime-call" => ("/realtime/calls".into(), Body::sdp()),
        "createAssistant" => json("/assistants", json!({"model": "gpt-4o"})),
        "createThread" => json("/threads", json!({})),
        "createThreadAndRun" => {
            let body = json!({"assistant_id": own(ObjectKind::Assistant), "thread": {}});
            json("/threads/runs", body)
        }
        "CreateChatSessionMethod" => {
            json("/chatkit/sessions", json!({"workflow": {"id": "wf_1"}, "user": "u"}))
        }
        other => panic!("{other} makes an object: give it a request here"),
    }
}

/// A thread that a client began with a session's secret, past the gateway.
fn chatkit_thread(rig: &Rig) -> String {
    let session = json!({"workflow": {"id": "wf_1"}, "user": "u"});
    rig.provider.call("POST", "/v1/chatkit/sessions", &session);
    let threads = rig.provider.call("GET", "/v1/chatkit/threads", &Value::Null).json();
    threads["data"][0]["id"].as_str().expect("a thread").to_owned()
}

/// The model of a finished job, which the project learns of by looking.
fn tuned_model(rig: &Rig, key: &Key) -> String {
    let job = make(rig, ObjectKind::FineTuningJob, key);
    let path = format!("/fine_tuning/jobs/{job}");
    let done = json!({"id": job, "object": "fine_tuning.job", "status": "succeeded",
                      "fine_tuned_model": TUNED, "result_files": []});
    rig.provider.script(Matcher::new("GET", &path), Script::json(200, done.to_string()));
    assert_eq!(rig.get(key, &path).status, 200);
    TUNED.to_owned()
}

/// The message of a response.
fn item(rig: &Rig, key: &Key) -> String {
    let answer = rig.post(key, "/responses", json!({"model": "gpt-4o", "input": "x"})).json();
    answer["output"][0]["id"].as_str().expect("an item").to_owned()
}
