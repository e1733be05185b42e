//! One of everything, made through the API, and one more where a list needs two.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testkit::spec::Operation;
use testkit::{Answer, Authority, FakeProvider, Key, TestGateway};

const ORGANIZATION: &str = "/v1/organization";

pub struct World {
    pub gateway: TestGateway,
    /// Kept, since the gateway knows it.
    _provider: FakeProvider,
    /// A key of the first project, which nobody deletes.
    pub key: Key,
    pub project: String,
    /// Another project, without any of this.
    pub elsewhere: String,
    /// In the group and in the project, with every role.
    user: String,
    /// In none.
    pub later_user: String,
    group: String,
    pub later_group: String,
    pub role: String,
    pub project_role: String,
    admin_key: String,
    invite: String,
    project_key: String,
    service_account: String,
    rate_limit: String,
    alert: String,
    project_alert: String,
    pub certificate: String,
    /// What is uploaded, once more.
    pub pem: String,
    /// Before the first call, in seconds.
    since: u64,
}

impl World {
    pub fn build() -> Self {
        let since =
            SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() - 60;
        let provider = FakeProvider::start();
        let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
        let gateway = TestGateway::builder(bin).provider(&provider).start();
        let key = gateway.create_key(&json!({"name": "stays"}));
        let project = gateway.create_project("blue");
        let elsewhere = gateway.create_project("red");
        let make = Maker { gateway: &gateway };
        let users = ["ada", "bob", "eve"].map(|name| make.person(name));
        let groups =
            ["Support", "Sales", "Later"].map(|name| make.one("groups", json!({ "name": name })));
        let here = format!("{ORGANIZATION}/projects/{project}");
        let admin_keys =
            ["one", "two"].map(|name| make.one("admin_api_keys", json!({ "name": name })));
        let invites = ["fay", "gil"].map(|name| make.invite(name));
        let role = |at: &str| make.id(at, json!({"role_name": "Helper", "permissions": []}));
        let roles = [
            role(&format!("{ORGANIZATION}/roles")),
            role(&format!("/v1/projects/{project}/roles")),
        ];
        for n in 0..2 {
            let group = format!("{ORGANIZATION}/groups/{}", groups[0]);
            make.made(&format!("{group}/users"), json!({"user_id": users[n]}));
            let member = json!({"user_id": users[n], "role": "member"});
            make.made(&format!("{here}/users"), member);
            let member = json!({"group_id": groups[n], "role": "role-api-project-member"});
            make.made(&format!("{here}/groups"), member);
        }
        make.roles(&project, &users[0], &groups[0], &roles);
        let keys =
            ["one", "two"].map(|name| gateway.create_key_in(&project, &json!({ "name": name })).id);
        let accounts = ["one", "two"]
            .map(|name| make.id(&format!("{here}/service_accounts"), json!({ "name": name })));
        let pem = Authority::new("made").pem();
        let certificates = ["one", "two"]
            .map(|name| make.one("certificates", json!({"name": name, "certificate": pem})));
        let alerts = make.alerts(ORGANIZATION);
        let project_alerts = make.alerts(&here);
        make.limits(&[ORGANIZATION, &here]);
        spend(&gateway, &key);
        let rates = gateway.admin("GET", &format!("{here}/rate_limits?limit=1"), &Value::Null);
        let [user, _, later_user] = users;
        let [group, _, later_group] = groups;
        let [role, project_role] = roles;
        let first = |ids: [String; 2]| ids.into_iter().next().expect("two");
        Self {
            key,
            elsewhere,
            user,
            later_user,
            group,
            later_group,
            role,
            project_role,
            admin_key: first(admin_keys),
            invite: first(invites),
            project_key: first(keys),
            service_account: first(accounts),
            rate_limit: rates["data"][0]["id"].as_str().expect("a rate limit").to_owned(),
            alert: first(alerts),
            project_alert: first(project_alerts),
            certificate: first(certificates),
            pem,
            since,
            project,
            gateway,
            _provider: provider,
        }
    }

    /// The path of an operation with real ids.
    pub fn path(&self, operation: &Operation) -> String {
        self.fill(&operation.path)
    }

    /// The same with the parameters that must be there: reports begin where the world did.
    pub fn target(&self, operation: &Operation) -> String {
        let path = self.path(operation);
        match operation.query.iter().any(|field| field.required) {
            true => format!("{path}?start_time={}", self.since),
            false => path,
        }
    }

    /// Real ids for the names in braces; what comes without is kept.
    pub fn fill(&self, template: &str) -> String {
        let of_project = template.starts_with("/projects/");
        let in_project = template.contains("/projects/");
        let part = |part: &str| match part {
            "{key_id}" => self.admin_key.clone(),
            "{project_id}" => self.project.clone(),
            "{user_id}" => self.user.clone(),
            "{group_id}" => self.group.clone(),
            "{role_id}" if of_project => self.project_role.clone(),
            "{role_id}" => self.role.clone(),
            "{invite_id}" => self.invite.clone(),
            "{api_key_id}" => self.project_key.clone(),
            "{rate_limit_id}" => self.rate_limit.clone(),
            "{service_account_id}" => self.service_account.clone(),
            "{alert_id}" if in_project => self.project_alert.clone(),
            "{alert_id}" => self.alert.clone(),
            "{certificate_id}" => self.certificate.clone(),
            other => {
                assert!(!other.starts_with('{'), "no {other} in the world");
                other.to_owned()
            }
        };
        let parts: Vec<String> = template.split('/').map(part).collect();
        format!("/v1{}", parts.join("/"))
    }

    /// As the SDKs send it: a JSON content type also where there is no body.
    pub fn send(&self, key: Option<&str>, method: &str, target: &str, body: &Value) -> Answer {
        let bearer = key.map(|key| format!("Bearer {key}"));
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(bearer.iter().map(|bearer| ("Authorization", bearer.as_str())));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.gateway.try_request(method, target, &headers, body);
        answer.unwrap_or_else(|error| panic!("{method} {target}: {error}"))
    }
}

struct Maker<'a> {
    gateway: &'a TestGateway,
}

impl Maker<'_> {
    fn made(&self, path: &str, body: Value) -> Value {
        self.gateway.admin("POST", path, &body)
    }

    fn id(&self, path: &str, body: Value) -> String {
        self.made(path, body)["id"].as_str().expect("an id").to_owned()
    }

    fn one(&self, things: &str, body: Value) -> String {
        self.id(&format!("{ORGANIZATION}/{things}"), body)
    }

    fn invite(&self, name: &str) -> String {
        let email = format!("{name}@example.com");
        self.one("invites", json!({"email": email, "role": "reader", "projects": []}))
    }

    fn person(&self, name: &str) -> String {
        let accept = format!("/tollgate/v1/invites/{}/accept", self.invite(name));
        self.id(&accept, json!({}))
    }

    fn alerts(&self, at: &str) -> [String; 2] {
        [100, 200].map(|cents| {
            let body = json!({"currency": "USD", "interval": "month", "threshold_amount": cents,
                "notification_channel": {"type": "email", "recipients": ["ada@example.com"]}});
            self.id(&format!("{at}/spend_alerts"), body)
        })
    }

    fn limits(&self, places: &[&str]) {
        for at in places {
            let limit = json!({"currency": "USD", "interval": "month", "threshold_amount": 900});
            self.made(&format!("{at}/spend_limit"), limit);
        }
    }

    /// Gives the roles of both places to a user and to a group.
    fn roles(&self, project: &str, user: &str, group: &str, roles: &[String; 2]) {
        for who in [format!("users/{user}"), format!("groups/{group}")] {
            let give = |at: &str, role: &str| {
                self.made(&format!("{at}/{who}/roles"), json!({ "role_id": role }));
            };
            give(ORGANIZATION, &roles[0]);
            give(&format!("/v1/projects/{project}"), &roles[1]);
        }
        // A second one, so that the group's list has two rows.
        let path = format!("{ORGANIZATION}/groups/{group}/roles");
        self.made(&path, json!({"role_id": "role-api-organization-reader"}));
    }
}

/// Calls of several kinds, so that the reports have results.
fn spend(gateway: &TestGateway, key: &Key) {
    let calls = [
        (
            "chat/completions",
            json!({"model": "gpt-4o",
            "messages": [{"role": "user", "content": "hi"}]}),
        ),
        ("embeddings", json!({"model": "text-embedding-3-small", "input": "hi"})),
        ("moderations", json!({"model": "omni-moderation-latest", "input": "hi"})),
        ("images/generations", json!({"model": "gpt-image-1", "prompt": "hi"})),
        ("audio/speech", json!({"model": "gpt-4o-mini-tts", "input": "hi", "voice": "alloy"})),
    ];
    for (path, body) in &calls {
        let answer = gateway.json(&key.value, "POST", &format!("/v1/{path}"), body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    gateway.wait_records(calls.len());
}
