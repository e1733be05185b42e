//! Forms reach the provider as they were sent: files flow through, priced forms are read first.

use domain::ObjectKind;
use testkit::Key;

use crate::make::make;
use crate::rig::{Body, Rig};

/// Bytes in which the form's own boundary nearly stands.
fn content(size: usize) -> Vec<u8> {
    let near = format!("\r\n--{}", &crate::rig::BOUNDARY[..crate::rig::BOUNDARY.len() - 1]);
    let mut bytes: Vec<u8> = (0..size).map(|n| (n * 31 % 251) as u8).collect();
    for at in (0..size.saturating_sub(near.len())).step_by(65_000) {
        bytes[at..at + near.len()].copy_from_slice(near.as_bytes());
    }
    bytes
}

fn arrives(rig: &Rig, key: &Key, path: &str, form: &Body) {
    rig.provider.clear();
    let answer = rig.send(key, "POST", path, form);
    assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.text());
    let seen = rig.provider.seen();
    let last = seen.last().unwrap();
    assert!(last.body == form.bytes, "{path}: {} bytes of {}", last.body.len(), form.bytes.len());
    assert_eq!(last.header("content-type"), form.kind.as_deref());
}

#[test]
fn p15_files_flow_through_as_they_were_sent() {
    let rig = Rig::new();
    for size in [0, 1, 1000, 300_000, 20 << 20] {
        let bytes = content(size);
        let form = Body::form(&[("purpose", "assistants")], &[("file", "a b\"c.bin", &bytes)]);
        arrives(&rig, &rig.a, "/files", &form);
    }
    let upload = make(&rig, ObjectKind::Upload, &rig.a);
    let form = Body::form(&[], &[("data", "part", &content(2 << 20))]);
    arrives(&rig, &rig.a, &format!("/uploads/{upload}/parts"), &form);
}

#[test]
fn p15_priced_forms_are_read_first_and_sent_as_they_came() {
    let rig = Rig::new();
    for size in [10, 200_000, 262_144, 3 << 20] {
        let bytes = content(size);
        let form = Body::form(
            &[("prompt", "x"), ("model", "gpt-image-1"), ("user", "someone"), ("n", "1")],
            &[("image[]", "a.png", &bytes), ("mask", "m.png", b"")],
        );
        arrives(&rig, &rig.a, "/images/edits", &form);
        let form = Body::form(
            &[
                ("response_format", "json"),
                ("timestamp_granularities[]", "word"),
                ("model", "gpt-4o-transcribe"),
            ],
            &[("file", "a.wav", &bytes)],
        );
        arrives(&rig, &rig.a, "/audio/transcriptions", &form);
    }
    let records = rig.gateway.wait_records(8);
    let asked = |name: &str| records.iter().filter(|r| r["model_asked"] == name).count();
    assert_eq!((asked("gpt-image-1"), asked("gpt-4o-transcribe")), (4, 4), "{records:#?}");
    assert_eq!(records.iter().filter(|r| r["user_label"] == "someone").count(), 4);
}

#[test]
fn the_model_behind_the_file_is_held_to_the_keys_list() {
    let rig = Rig::new();
    let only = serde_json::json!({"name": "only", "models": ["gpt-image-1"]});
    let key = rig.gateway.create_key_in(&rig.a.project, &only);
    let bytes = content(400_000);
    rig.provider.clear();
    let form = Body::form(&[("model", "gpt-4o-transcribe")], &[("file", "a.wav", &bytes)]);
    let answer = rig.send(&key, "POST", "/audio/transcriptions", &form);
    assert_eq!((answer.status, rig.provider.seen_count()), (403, 0), "{}", answer.text());
    let form =
        Body::form(&[("prompt", "x"), ("model", "gpt-image-1")], &[("image", "a.png", &bytes)]);
    arrives(&rig, &key, "/images/edits", &form);
}
