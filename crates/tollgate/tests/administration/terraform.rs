//! The requests of OpenAI's Terraform provider, replayed from a table in its order.

use std::collections::BTreeMap;

use serde_json::Value;
use testkit::Authority;

use crate::office::{Office, text};

const LIFE: &str = include_str!("terraform.txt");

/// What was called by a name.
struct Names(BTreeMap<String, String>);

impl Names {
    fn fill(&self, text: &str) -> String {
        let put =
            |text: String, (name, id): (&String, &String)| text.replace(&format!("{{{name}}}"), id);
        self.0.iter().fold(text.to_owned(), put)
    }

    fn json(&self, text: &str) -> Value {
        let filled = self.fill(text);
        serde_json::from_str(&filled).unwrap_or_else(|error| panic!("{error} in {filled}"))
    }
}

/// What `part` names, `whole` has with the same value; a `null` may as well be left out.
fn has(whole: &Value, part: &Value) -> bool {
    match part {
        Value::Object(members) => members.iter().all(|(name, value)| has(&whole[name], value)),
        other => whole == other,
    }
}

fn call(office: &Office, names: &Names, line: &str) -> Value {
    let mut words = line.splitn(4, ' ');
    let (Some(status), Some(method), Some(path)) = (words.next(), words.next(), words.next())
    else {
        panic!("{line}");
    };
    let body = words.next().map_or(Value::Null, |body| names.json(body));
    let path = format!("/v1{}", names.fill(path));
    let answer = office.call(method, &path, body);
    assert_eq!(answer.status.to_string(), status, "{method} {path}: {}", answer.text());
    let answer = answer.json();
    if answer["data"].is_array() {
        assert!(answer["has_more"].is_boolean(), "{path}: {answer}");
    }
    answer
}

#[test]
fn the_providers_requests_are_answered_as_it_needs_them() {
    let office = Office::open();
    let mut names = Names(BTreeMap::new());
    names.0.insert("user".to_owned(), office.person("person@example.com", "reader"));
    // As it stands in a string of JSON.
    names.0.insert("pem".to_owned(), Authority::new("tf").pem().replace(['\r', '\n'], "\\n"));
    let (mut phase, mut count, mut answer) = ("", 0, Value::Null);
    for line in LIFE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("phase ") {
            phase = name;
        } else if let Some(name) = line.strip_prefix("  = ") {
            names.0.insert(name.to_owned(), text(&answer, "id"));
        } else if let Some(part) = line.strip_prefix("  shows ") {
            let part = names.json(part);
            assert!(has(&answer, &part), "{phase}: {part} is not in {answer}");
        } else if let Some(part) = line.strip_prefix("  finds ") {
            let part = names.json(part);
            let mut rows = answer["data"].as_array().into_iter().flatten();
            assert!(rows.any(|row| has(row, &part)), "{phase}: {part} is not in {answer}");
        } else {
            answer = call(&office, &names, line);
            count += 1;
        }
    }
    assert!(count > 100, "{count} requests were replayed");
}
