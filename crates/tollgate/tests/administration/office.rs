//! A gateway as an administrator works with it.

use std::path::Path;

use serde_json::{Value, json};
use testkit::{Answer, FakeProvider, TestGateway};

pub const USERS: &str = "/v1/organization/users";
pub const INVITES: &str = "/v1/organization/invites";
pub const PROJECTS: &str = "/v1/organization/projects";

pub struct Office {
    pub gateway: TestGateway,
    /// Kept, since the gateway calls it.
    _provider: FakeProvider,
    /// The first project.
    pub project: String,
    /// The built-in owner.
    pub owner: String,
}

impl Office {
    pub fn open() -> Self {
        Self::configured("")
    }

    /// With more of a config file.
    pub fn configured(toml: &str) -> Self {
        let provider = FakeProvider::start();
        let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
        let gateway = TestGateway::builder(bin).provider(&provider).config(toml).start();
        let project = gateway.default_project();
        let users = gateway.admin("GET", USERS, &Value::Null);
        let owner = text(&users["data"][0], "id");
        Self { gateway, _provider: provider, project, owner }
    }

    pub fn get(&self, path: &str) -> Value {
        self.gateway.admin("GET", path, &Value::Null)
    }

    pub fn post(&self, path: &str, body: Value) -> Value {
        self.gateway.admin("POST", path, &body)
    }

    pub fn delete(&self, path: &str) -> Value {
        self.gateway.admin("DELETE", path, &Value::Null)
    }

    pub fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.gateway.json(self.gateway.admin_key(), method, path, &body)
    }

    /// The status, our code and the field of a call that must be refused.
    pub fn refusal(&self, method: &str, path: &str, body: Value) -> (u16, String, String) {
        refusal(&self.call(method, path, body))
    }

    /// The ids of a list.
    pub fn ids(&self, path: &str) -> Vec<String> {
        let list = self.get(path);
        list["data"].as_array().unwrap().iter().map(|row| text(row, "id")).collect()
    }

    /// Invites somebody, with no project, and has them accept.
    pub fn person(&self, email: &str, role: &str) -> String {
        let invite = self.post(INVITES, json!({"email": email, "role": role, "projects": []}));
        let accept = format!("/tollgate/v1/invites/{}/accept", text(&invite, "id"));
        text(&self.post(&accept, json!({})), "id")
    }
}

pub fn refusal(answer: &Answer) -> (u16, String, String) {
    assert!(answer.status >= 400, "{} {}", answer.status, answer.text());
    let code = answer.header("x-tollgate-error").unwrap_or_default().to_owned();
    let param = answer.json()["error"]["param"].as_str().unwrap_or_default().to_owned();
    (answer.status, code, param)
}

/// The refusal that is expected, in the same form.
pub fn refused(status: u16, code: &str, param: &str) -> (u16, String, String) {
    (status, code.to_owned(), param.to_owned())
}

pub fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}
