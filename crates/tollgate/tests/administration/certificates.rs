//! `certificates` of the organization and of projects. What they are for is in the hygiene suite.

use serde_json::{Value, json};
use testkit::{Authority, Certificate, Valid};

use crate::office::{Office, PROJECTS, refused, text};

const CERTIFICATES: &str = "/v1/organization/certificates";

fn upload(office: &Office, name: &str, pem: &str) -> String {
    text(&office.post(CERTIFICATES, json!({"name": name, "certificate": pem})), "id")
}

fn events(office: &Office) -> Vec<Value> {
    let lines = office.get("/v1/organization/audit_logs?limit=100");
    let lines = lines["data"].as_array().unwrap().iter();
    let of_ours = lines.filter(|line| text(line, "type").starts_with("certificate")).cloned();
    let mut found: Vec<Value> = of_ours.collect();
    found.reverse();
    found
}

#[test]
fn a_certificate_is_uploaded_renamed_and_deleted() {
    let office = Office::open();
    let made = Certificate::valid(&["client"], Valid::Year(2031));
    let up = office.post(CERTIFICATES, json!({"certificate": made.pem()}));
    let id = text(&up, "id");
    assert!(id.starts_with("cert_"), "{id}");
    assert_eq!((&up["name"], &up["object"]), (&Value::Null, &json!("certificate")));
    let details = json!({"valid_at": 1_924_992_000, "expires_at": 1_956_528_000});
    assert_eq!(up["certificate_details"], details);
    let one = format!("{CERTIFICATES}/{id}");
    assert_eq!(office.get(&one), up);
    for spelling in ["include[]=content", "include%5B%5D=content", "include=content"] {
        let shown = office.get(&format!("{one}?{spelling}"));
        assert_eq!(shown["certificate_details"]["content"], made.pem());
    }
    assert_eq!(office.post(&one, json!({})), up);
    assert_eq!(office.post(&one, json!({"name": "mine"}))["name"], "mine");
    assert_eq!(office.delete(&one)["object"], "certificate.deleted");
    assert_eq!(office.refusal("GET", &one, Value::Null), refused(404, "not_found", ""));
    let told: Vec<Value> = events(&office)
        .iter()
        .map(|line| json!([line["type"], line[text(line, "type")]]))
        .collect();
    let gone = json!({"id": id, "name": "mine", "certificate": made.pem()});
    assert_eq!(
        told,
        [
            json!(["certificate.created", {"id": id}]),
            json!(["certificate.updated", {"id": id, "name": "mine"}]),
            json!(["certificate.deleted", gone]),
        ]
    );
}

#[test]
fn what_is_no_certificate_is_refused_by_name() {
    let office = Office::open();
    let made = Certificate::make(&["client"]);
    let key = std::fs::read_to_string(made.key_path()).unwrap();
    office.gateway.plant(key.lines().nth(1).unwrap());
    for bad in ["", "made", &key, &format!("{}{}", made.pem(), made.pem())] {
        let refusal = office.refusal("POST", CERTIFICATES, json!({ "certificate": bad }));
        assert_eq!(refusal, refused(400, "invalid_value", "certificate"), "{bad}");
    }
    assert_eq!(office.ids(CERTIFICATES), [""; 0]);
}

#[test]
fn there_are_at_most_fifty() {
    let office = Office::open();
    let made = Certificate::make(&["client"]);
    let mut ids: Vec<String> =
        (0..50).map(|n| upload(&office, &format!("{n}"), made.pem())).collect();
    let one_more = json!({"certificate": made.pem()});
    assert_eq!(office.call("POST", CERTIFICATES, one_more.clone()).status, 400);
    // The newest first, as OpenAI's document says.
    ids.reverse();
    assert_eq!(office.ids(&format!("{CERTIFICATES}?limit=100")), ids);
    office.delete(&format!("{CERTIFICATES}/{}", ids[7]));
    office.post(CERTIFICATES, one_more);
}

#[test]
fn certificates_are_activated_all_or_none_and_again_without_effect() {
    let office = Office::open();
    let ids = ["a", "b"].map(|name| upload(&office, name, &Authority::new(name).pem()));
    let here = format!("{PROJECTS}/{}/certificates", office.project);
    let active = |list: &str| -> Vec<bool> {
        let rows = office.get(&format!("{list}?order=asc"));
        rows["data"].as_array().unwrap().iter().map(|row| row["active"] == true).collect()
    };
    for (at, other, object) in [
        (CERTIFICATES, here.as_str(), "organization.certificate"),
        (here.as_str(), CERTIFICATES, "organization.project.certificate"),
    ] {
        let (on, off) = (format!("{at}/activate"), format!("{at}/deactivate"));
        let strange = json!({"certificate_ids": [ids[0], "cert_none"]});
        assert_eq!(office.refusal("POST", &on, strange), refused(404, "not_found", ""));
        assert_eq!(active(at), [false, false], "{at}");
        let before = events(&office).len();
        // One that is named twice is meant once.
        let made = office.post(&on, json!({"certificate_ids": [ids[1], ids[1]]}));
        assert_eq!(text(&made, "object"), format!("{object}.activation"));
        let row = &made["data"][0];
        assert_eq!((text(row, "object"), row["active"] == true), (object.to_owned(), true));
        assert_eq!(made["data"].as_array().unwrap().len(), 1);
        let both = json!({ "certificate_ids": ids });
        assert_eq!(office.post(&on, both.clone())["data"].as_array().unwrap().len(), 2);
        office.post(&on, both.clone());
        assert_eq!((active(at), active(other)), (vec![true; 2], vec![false; 2]), "{at}");
        let told = events(&office).split_off(before);
        assert_eq!(told.len(), 2, "what changed nothing is told: {told:?}");
        let named = json!({"certificates": [{"id": ids[0], "name": "a"}]});
        assert_eq!(told[1]["certificates.activated"], named);
        assert_eq!(told[1]["project"].is_object(), at == here, "{}", told[1]);
        // An active one stays.
        let one = format!("{CERTIFICATES}/{}", ids[0]);
        let refusal = office.refusal("DELETE", &one, Value::Null);
        assert_eq!(refusal, refused(400, "invalid_value", "certificate_id"));
        let ended = office.post(&off, both.clone());
        assert_eq!(text(&ended, "object"), format!("{object}.deactivation"));
        office.post(&off, both);
        assert_eq!(active(at), [false, false]);
        let last = events(&office).pop().unwrap();
        let named = json!([{"id": ids[0], "name": "a"}, {"id": ids[1], "name": "b"}]);
        assert_eq!(last["certificates.deactivated"]["certificates"], named);
    }
    office.delete(&format!("{CERTIFICATES}/{}", ids[0]));
}

#[test]
fn what_cannot_be_active_is_refused() {
    let office = Office::open();
    let old = Certificate::valid(&["old"], Valid::Year(2020));
    let old = upload(&office, "old", old.pem());
    let on = format!("{CERTIFICATES}/activate");
    let ids = |ids: &[&str]| json!({ "certificate_ids": ids });
    let bad = refused(400, "invalid_value", "certificate_ids");
    assert_eq!(office.refusal("POST", &on, ids(&[&old])), bad);
    assert_eq!(office.refusal("POST", &on, ids(&[])), bad);
    assert_eq!(office.refusal("POST", &on, ids(&["cert_x"; 11])), bad);
    // An archived project has none, and keeps none from being deleted.
    let project = office.gateway.create_project("short");
    let there = format!("{PROJECTS}/{project}/certificates/activate");
    let young = upload(&office, "young", Certificate::make(&["young"]).pem());
    office.post(&there, ids(&[&young]));
    office.post(&format!("{PROJECTS}/{project}/archive"), Value::Null);
    let archived = refused(400, "invalid_value", "project_id");
    assert_eq!(office.refusal("POST", &there, ids(&[&young])), archived);
    office.delete(&format!("{CERTIFICATES}/{young}"));
}

#[test]
fn reading_takes_a_key_that_reads_and_changing_one_that_writes() {
    let office = Office::open();
    let pem = Certificate::make(&["client"]).pem().to_owned();
    let id = upload(&office, "one", &pem);
    let key = |scopes: &[&str]| {
        let body = json!({"name": "k", "scopes": scopes});
        text(&office.post("/v1/organization/admin_api_keys", body), "value")
    };
    let reader = key(&["api.management.read"]);
    let stranger = key(&["api.usage.read"]);
    let calls = [
        ("GET", CERTIFICATES.to_owned(), Value::Null, true),
        ("GET", format!("{CERTIFICATES}/{id}"), Value::Null, true),
        ("GET", format!("{PROJECTS}/{}/certificates", office.project), Value::Null, true),
        ("POST", CERTIFICATES.to_owned(), json!({ "certificate": pem }), false),
        ("POST", format!("{CERTIFICATES}/activate"), json!({"certificate_ids": [id]}), false),
        ("DELETE", format!("{CERTIFICATES}/{id}"), Value::Null, false),
    ];
    for (method, path, body, reads) in calls {
        let status = |key: &str| office.gateway.json(key, method, &path, &body).status;
        assert_eq!(status(&reader), if reads { 200 } else { 401 }, "{method} {path}");
        assert_eq!(status(&stranger), 401, "{method} {path}");
    }
}

#[test]
fn the_last_project_is_not_archived() {
    let office = Office::open();
    let archive = |id: &str| format!("{PROJECTS}/{id}/archive");
    let last = refused(400, "invalid_value", "project_id");
    assert_eq!(office.refusal("POST", &archive(&office.project), Value::Null), last);
    let other = office.gateway.create_project("other");
    office.post(&archive(&office.project), Value::Null);
    // Again is no error, although it is the last by now that stays.
    office.post(&archive(&office.project), Value::Null);
    assert_eq!(office.refusal("POST", &archive(&other), Value::Null), last);
}
