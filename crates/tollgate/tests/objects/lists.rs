//! A project's list reads as if the account held nothing else.

use domain::ObjectKind;
use serde_json::{Value, json};
use testkit::Key;

use crate::make::make;
use crate::rig::Rig;

/// Walks a list as the SDKs do: by `last_id`, until `has_more` is false.
fn walk(rig: &Rig, key: &Key, path: &str, limit: Option<usize>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let mut after = String::new();
    loop {
        let join = if path.contains('?') { '&' } else { '?' };
        let limit_text = limit.map_or(String::new(), |n| format!("&limit={n}"));
        let answer = rig.get(key, &format!("{path}{join}x=1{limit_text}{after}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        let rows: Vec<&str> =
            page["data"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect();
        assert!(rows.len() <= limit.unwrap_or(20), "{} rows", rows.len());
        assert_eq!(page["first_id"], rows.first().map_or(Value::Null, |id| json!(id)));
        assert_eq!(page["last_id"], rows.last().map_or(Value::Null, |id| json!(id)));
        ids.extend(rows.iter().map(|id| (*id).to_owned()));
        if page["has_more"] != json!(true) {
            assert_eq!(page["has_more"], json!(false));
            return ids;
        }
        assert_eq!(rows.len(), limit.unwrap_or(20), "a page is full where more follow");
        after = format!("&after={}", rows.last().unwrap());
    }
}

#[test]
fn p14_pages_over_250_objects_of_three_projects() {
    let rig = Rig::new();
    let keys = [rig.a.clone(), rig.b.clone(), rig.d.clone()];
    let mut own: [Vec<String>; 3] = Default::default();
    for number in 0..250 {
        // Runs of different lengths, so that whole provider pages hold nothing of a project.
        let whose = match number {
            60..190 if number % 31 == 0 => 0,
            60..190 => 1 + number % 2,
            _ => number % 3,
        };
        let id = rig.made(&keys[whose], "/vector_stores", json!({"name": number.to_string()}));
        own[whose].push(id);
    }
    for (key, oldest) in keys.iter().zip(&own) {
        let newest: Vec<String> = oldest.iter().rev().cloned().collect();
        for limit in [None, Some(1), Some(7), Some(100), Some(oldest.len())] {
            assert_eq!(walk(&rig, key, "/vector_stores", limit), newest, "limit {limit:?}");
        }
        assert_eq!(&walk(&rig, key, "/vector_stores?order=asc", Some(9)), oldest);
    }
    let foreign = format!("/vector_stores?after={}", own[0][0]);
    let answer = rig.get(&rig.b, &foreign);
    assert_eq!(answer.status, 404, "a cursor is an object too: {}", answer.text());
}

#[test]
fn an_empty_list_is_empty_and_filters_pass() {
    let rig = Rig::new();
    make(&rig, ObjectKind::File, &rig.b);
    let empty = rig.get(&rig.a, "/files?purpose=batch&limit=5").json();
    assert_eq!((&empty["data"], &empty["has_more"]), (&json!([]), &json!(false)));
    let mine = rig.file(&rig.a, "assistants", b"x");
    rig.file(&rig.a, "batch", b"x");
    assert_eq!(walk(&rig, &rig.a, "/files?purpose=assistants", Some(1)), [mine]);
}

#[test]
fn listed_objects_keep_their_bytes() {
    let rig = Rig::new();
    let id = make(&rig, ObjectKind::VectorStore, &rig.a);
    let odd = format!(r#"{{ "id" :"{id}", "n":1e400,"big":123456789012345678901234567890 }}"#);
    let foreign = r#"{"id":"vs_foreign"}"#;
    let page = format!(
        "{{\"extra\": [1.0], \"data\":[{foreign} , {odd}],\"has_more\" : false,\"last_id\":\"{id}\"}}\n"
    );
    rig.provider.script(
        testkit::Matcher::new("GET", "/vector_stores"),
        testkit::Script::json(200, page.clone()),
    );
    let seen = rig.get(&rig.a, "/vector_stores").text();
    assert_eq!(seen, page.replace(&format!("{foreign} , "), ""));
}
