//! Nothing crosses projects (P14): every operation that names or lists an object, every kind.

use domain::ObjectKind;
use http::Method;
use openai::surface::{BodyKind, OPERATIONS, Operation};
use serde_json::json;
use testkit::{Answer, Key};

use crate::make::{made_by, make, owner};
use crate::rig::{Body, Rig, refused_by_us};

/// As long as the fake's ids, and nobody's.
const MISSING: &str = "missing_0000000000000000";

fn naming(kind: ObjectKind) -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().filter(move |operation| operation.names == Some(kind))
}

/// The path with the object in its first parameter; what stands behind it need not exist.
pub fn path(operation: &Operation, id: &str) -> String {
    let mut names = [id].into_iter().chain(std::iter::repeat("child_1"));
    let segments = operation.path.split('/').map(|segment| match segment.starts_with('{') {
        true => names.next().unwrap_or_default(),
        false => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

pub fn body(operation: &Operation) -> Body {
    match operation.body {
        BodyKind::None => Body::none(),
        BodyKind::Json | BodyKind::SpooledFormOrJson => Body::json(&json!({})),
        BodyKind::Form | BodyKind::SpooledForm => Body::form(&[], &[("data", "d", b"x")]),
        BodyKind::SdpOrForm => Body::sdp(),
    }
}

fn send(rig: &Rig, operation: &Operation, key: &Key, id: &str) -> Answer {
    rig.send(key, operation.method.as_str(), &path(operation, id), &body(operation))
}

/// A stranger is told what it would be told of an id that does not exist, and nothing is sent.
fn hidden(rig: &Rig, operation: &Operation, stranger: &Key, id: &str) {
    rig.provider.clear();
    let answer = send(rig, operation, stranger, id);
    let missing = send(rig, operation, &rig.b, MISSING);
    let name = operation.id;
    assert_eq!(answer.status, 404, "{name}: {}", answer.text());
    assert_eq!(answer.text().replace(id, MISSING), missing.text(), "{name}");
    let heads = |answer: &Answer| -> Vec<(String, String)> {
        let fixed = |(n, _): &&(String, String)| {
            !["x-request-id", "content-length", "date"].contains(&n.as_str())
        };
        answer.headers.iter().filter(fixed).cloned().collect()
    };
    assert_eq!(heads(&answer), heads(&missing), "{name}");
    assert_eq!(rig.provider.seen_count(), 0, "{name} was sent");
}

/// The owner's call reaches the provider, and the provider answers it.
fn used(rig: &Rig, operation: &Operation, id: &str, key: &Key) -> u16 {
    rig.provider.clear();
    let answer = send(rig, operation, key, id);
    let name = operation.id;
    assert!(!refused_by_us(&answer), "{name}: {} {}", answer.status, answer.text());
    assert_eq!(rig.provider.seen_count(), 1, "{name} was not sent");
    assert_eq!(rig.provider.seen()[0].target, format!("/v1{}", path(operation, id)), "{name}");
    let retrieves = operation.method == Method::GET && operation.path.ends_with('}');
    if operation.deletes || retrieves && operation.path.matches('{').count() == 1 {
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    }
    answer.status
}

fn strangers<'a>(rig: &'a Rig, owner: &Key) -> Vec<&'a Key> {
    [&rig.a, &rig.b, &rig.d].into_iter().filter(|key| key.project != owner.project).collect()
}

#[test]
fn p14_every_verb_on_every_kind_is_its_owners_alone() {
    let mut rig = Rig::new();
    let mut ids = Vec::new();
    for kind in ObjectKind::ALL {
        let key = owner(&rig, kind).clone();
        let id = make(&rig, kind, &key);
        for operation in naming(kind) {
            strangers(&rig, &key).iter().for_each(|s| hidden(&rig, operation, s, &id));
        }
        let (last, first): (Vec<_>, Vec<_>) = naming(kind).partition(|o| o.deletes);
        for operation in first {
            used(&rig, operation, &id, &key);
        }
        ids.push((kind, key, id, last));
    }
    rig.gateway.restart();
    for (kind, key, id, deleting) in &ids {
        for operation in naming(*kind).filter(|o| o.method == Method::GET) {
            strangers(&rig, key).iter().for_each(|s| hidden(&rig, operation, s, id));
            used(&rig, operation, id, key);
        }
        for operation in deleting {
            used(&rig, operation, id, key);
            // Deleting forgets: from now on it is nobody's, for its maker too.
            for operation in naming(*kind) {
                let again = send(&rig, operation, key, id);
                assert_eq!(again.status, 404, "{}: {}", operation.id, again.text());
                hidden(&rig, operation, &rig.b, id);
            }
        }
    }
}

#[test]
fn p14_every_making_operation_makes_it_its_callers() {
    let rig = Rig::new();
    for operation in OPERATIONS.iter().filter(|o| o.makes.is_some()) {
        let id = made_by(&rig, operation, &rig.a);
        let (kind, _) = operation.makes.unwrap();
        let Some(reading) = naming(kind).find(|o| o.method == Method::GET).or(naming(kind).next())
        else {
            continue;
        };
        hidden(&rig, reading, &rig.b, &id);
        hidden(&rig, reading, &rig.d, &id);
        used(&rig, reading, &id, &rig.a);
    }
}

#[test]
fn p14_every_list_shows_a_project_its_own() {
    let rig = Rig::new();
    for operation in OPERATIONS {
        let Some(kind) = operation.lists else { continue };
        let key = owner(&rig, kind).clone();
        let id = make(&rig, kind, &key);
        let name = operation.id;
        let ids = |key: &Key| -> Vec<String> {
            let page = rig.get(key, operation.path);
            assert_eq!(page.status, 200, "{name}: {}", page.text());
            let page = page.json();
            let rows = page["data"].as_array().unwrap();
            rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
        };
        assert!(ids(&key).contains(&id), "{name} lacks what the project made");
        for stranger in strangers(&rig, &key) {
            assert_eq!(ids(stranger), [""; 0], "{name} shows what is another's");
        }
    }
}

#[test]
fn a_projects_keys_share_its_objects() {
    let rig = Rig::new();
    let second = rig.gateway.create_key_in(&rig.a.project, &json!({"name": "second"}));
    for kind in [ObjectKind::File, ObjectKind::Response, ObjectKind::Thread] {
        let id = make(&rig, kind, &rig.a);
        for operation in naming(kind) {
            used(&rig, operation, &id, &second);
            if operation.deletes {
                break;
            }
        }
    }
}

#[test]
fn every_operation_on_one_object_says_which() {
    // A path with a parameter that names no kind would be open to every project.
    for operation in OPERATIONS.iter().filter(|o| o.path.contains('{')) {
        assert!(operation.names.is_some() || operation.local, "{}", operation.id);
    }
}
