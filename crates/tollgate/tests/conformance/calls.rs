//! Calls, how many there were of each kind, and what was wrong with their answers.

use std::collections::BTreeMap;

use serde_json::Value;
use testkit::Answer;
use testkit::spec::{Operation, Spec};

use crate::name;
use crate::world::World;

/// How often an operation was asked in each way.
#[derive(Default)]
pub struct Asked(BTreeMap<&'static str, usize>);

impl Asked {
    pub fn of(&self, kind: &str) -> usize {
        self.0.get(kind).copied().unwrap_or(0)
    }
}

pub struct Run<'a> {
    pub spec: &'a Spec,
    pub world: &'a World,
    /// By the operation's name.
    pub asked: BTreeMap<String, Asked>,
    /// All deviations, so that one run shows every one.
    pub wrong: Vec<String>,
}

impl<'a> Run<'a> {
    pub fn new(spec: &'a Spec, world: &'a World) -> Self {
        Self { spec, world, asked: BTreeMap::new(), wrong: Vec::new() }
    }

    pub fn count(&mut self, operation: &Operation, kind: &'static str) {
        *self.asked.entry(name(operation)).or_default().0.entry(kind).or_default() += 1;
    }

    /// Calls as an administrator.
    pub fn call(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.world.send(Some(self.world.gateway.admin_key()), method, target, body)
    }

    /// Whether there is a route at all.
    pub fn is_served(&self, operation: &Operation) -> bool {
        // A body that is none is refused before anything can be changed by it; nothing is deleted
        // by an id that nobody has.
        let path = match operation.method.as_str() {
            "DELETE" => nobodys(&operation.path),
            _ => self.world.path(operation),
        };
        let answer = self.call(&operation.method, &path, &Value::from(0));
        let text = answer.text();
        answer.status != 405 && !(answer.status == 404 && text.contains("Invalid URL"))
    }

    /// A refusal is expected: its status, the envelope, and the field that it names.
    pub fn must_refuse(&mut self, what: &str, answer: &Answer, status: u16, param: Option<&str>) {
        if answer.status != status {
            let got = (answer.status, answer.text());
            return self.wrong.push(format!("{what}: expected {status}, got {} {}", got.0, got.1));
        }
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let error = &json["error"];
        let text = |name: &str| error[name].as_str().is_some_and(|text| !text.is_empty());
        let members = ["message", "type", "param", "code"];
        let whole = members.iter().all(|name| error.get(name).is_some());
        if !whole || !text("message") || !text("type") {
            self.wrong.push(format!("{what}: not OpenAI's envelope: {json}"));
        }
        let named = error["param"].as_str().unwrap_or_default().replace("[0]", "");
        // A fault inside a field may name the place in it.
        let names = |param: &str| named == param || named.starts_with(&format!("{param}."));
        if param.is_some_and(|param| !names(param)) {
            self.wrong.push(format!("{what}: names {named:?}: {json}"));
        }
    }

    /// A success with the document's shape is expected.
    pub fn must_succeed(&mut self, operation: &Operation, what: &str, answer: &Answer) -> Value {
        if answer.status != 200 {
            self.wrong.push(format!("{what}: {} {}", answer.status, answer.text()));
            return Value::Null;
        }
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(shape) = &operation.answer {
            let differences = self.spec.differences(shape, &json);
            self.wrong.extend(differences.into_iter().map(|text| format!("{what}: {text}")));
        }
        json
    }

    /// What a change of this operation would change: the nearest thing that can be read, and the
    /// newest line of the audit log.
    pub fn snapshot(&self, operation: &Operation) -> Value {
        let mut template = operation.path.as_str();
        while self.spec.find("GET", template).is_none_or(|it| it.path != template) {
            template = template.rsplit_once('/').expect("something to read").0;
        }
        let mut read = self.call("GET", &self.world.fill(template), &Value::Null).json();
        without_use(&mut read);
        let audit = self.call("GET", "/v1/organization/audit_logs?limit=1", &Value::Null).json();
        serde_json::json!([read, audit["data"]])
    }
}

/// A path whose ids are of nothing.
fn nobodys(template: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "none".into() } else { part.to_owned() };
    let parts: Vec<String> = template.split('/').map(part).collect();
    format!("/v1{}", parts.join("/"))
}

/// Reading marks the key that reads as used.
fn without_use(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_use),
        Value::Object(members) => {
            members.retain(|name, _| !name.ends_with("last_used_at"));
            members.values_mut().for_each(without_use);
        }
        _ => {}
    }
}
