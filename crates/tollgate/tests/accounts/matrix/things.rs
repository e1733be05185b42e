//! What pages are about, made anew for each request that may change it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::FakeProvider;

use crate::house::House;

const NOTHING: Value = Value::Null;

/// Makes things by the API, with an admin key.
pub struct Things<'a> {
    pub house: &'a House,
    pub provider: &'a FakeProvider,
    pub project: String,
    /// A call that was made in the project.
    pub request: String,
    /// A secret of a key of the project.
    pub secret: String,
    made: std::cell::Cell<u32>,
}

/// A row's braces, and what stands in them.
pub type Filled = BTreeMap<String, String>;

impl<'a> Things<'a> {
    pub fn new(house: &'a House, provider: &'a FakeProvider, project: &str) -> Self {
        let key = house.gateway.create_key_in(project, &json!({ "name": "caller" }));
        let hello = json!({
            "model": "gpt-4o-mini",
            "messages": [{ "role": "user", "content": "Hello" }],
        });
        let answer = house.gateway.json(&key.value, "POST", "/v1/chat/completions", &hello);
        assert_eq!(answer.status, 200, "{}", answer.text());
        house.gateway.wait_records(1);
        let request = answer.header("x-request-id").unwrap().to_owned();
        let (project, made) = (project.to_owned(), std::cell::Cell::default());
        Self { house, provider, project, request, secret: key.value, made }
    }

    fn fresh(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("thing-{}", self.made.get())
    }

    fn admin(&self, method: &str, path: &str, body: Value) -> Value {
        self.house.gateway.admin(method, path, &body)
    }

    fn id(&self, path: &str, body: Value) -> String {
        self.admin("POST", path, body)["id"].as_str().unwrap().to_owned()
    }

    /// What stands in the braces of a path and of what is sent there. `own` is a session of whoever
    /// asks.
    pub fn fill(&self, path: &str, sent: &str, own: &str) -> Filled {
        let mut filled = Filled::from([
            ("project".to_owned(), self.project.clone()),
            ("request_id".to_owned(), self.request.clone()),
            ("secret".to_owned(), self.secret.clone()),
            ("session_id".to_owned(), own.to_owned()),
            ("provider".to_owned(), "nobody".to_owned()),
            ("provider_url".to_owned(), format!("{}/v1", self.provider.base_url())),
            ("credential".to_owned(), self.provider.credential().to_owned()),
        ]);
        let in_project = path.starts_with("/projects/{project}/");
        let segments: Vec<_> = path.split('/').collect();
        for (at, segment) in segments.iter().enumerate() {
            if let Some(name) = segment.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                let kind = if name == "id" { segments[at - 1] } else { name };
                self.make(kind, name, in_project, &mut filled);
            }
        }
        for piece in sent.split('{').skip(1) {
            let name = piece.split('}').next().unwrap();
            self.make(name, name, in_project, &mut filled);
        }
        filled
    }

    fn make(&self, kind: &str, name: &str, in_project: bool, filled: &mut Filled) {
        if filled.contains_key(name) {
            return;
        }
        let (fresh, project) = (self.fresh(), self.project.as_str());
        let of_project = format!("/v1/organization/projects/{project}");
        let place = if in_project { of_project.clone() } else { "/v1/organization".to_owned() };
        let own = json!({ "name": fresh });
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let id = match kind {
            "fresh" => fresh.clone(),
            "place" => text(&self.admin("GET", &of_project, NOTHING), "name"),
            "key_id" | "key" => self.id(&format!("{of_project}/api_keys"), own),
            "limited" => self.limited(own),
            "service-accounts" => self.id(&format!("{of_project}/service_accounts"), own),
            "invites" => self.invite(&fresh),
            "members" => self.member(&fresh, in_project, filled),
            "outsider" => format!("{}@example.com", self.user(&fresh).1),
            "groups" | "group" | "placed" => self.group(&fresh, kind == "placed", filled),
            "role" | "roles" => self.role(&fresh, in_project),
            "alerts" => self.id(&format!("{place}/spend_alerts"), alert()),
            "admin-keys" => self.id("/v1/organization/admin_api_keys", own),
            "upstream_id" => self.upstream(&fresh, filled),
            "run_id" => {
                let order = json!({ "upstreams": [filled["name"]], "paid": false });
                self.id("/tollgate/v1/doctor", order)
            }
            "egress_name" => {
                let proxies = json!([{ "url": "http://one.example.com:3128" }]);
                let body = json!({ "name": fresh, "proxies": proxies });
                self.id("/tollgate/v1/egress", body)
            }
            "held" => self.held(&fresh),
            "priced" => {
                let price = json!({ "model": fresh, "free": true });
                self.id("/tollgate/v1/prices", price)
            }
            "route_id" => {
                let targets = json!([{ "upstream": "openai", "model": "gpt-4o-mini" }]);
                self.id("/tollgate/v1/routes", json!({ "model": fresh, "targets": targets }))
            }
            other => panic!("nobody knows how to make {other}"),
        };
        filled.insert(name.to_owned(), id);
        let named = name == "id" || name.ends_with("_id") || name == "egress_name";
        if named && kind != "run_id" {
            filled.entry("name".to_owned()).or_insert(fresh);
        }
    }

    /// A price file that waits, since it makes a model a hundred times dearer.
    fn held(&self, model: &str) -> String {
        for (cost, state) in [(1e-6, "in_use"), (1e-4, "held")] {
            let price = json!({ "litellm_provider": "openai", "mode": "chat",
                                "input_cost_per_token": cost, "output_cost_per_token": cost });
            let made = self.admin("POST", "/tollgate/v1/prices/import", json!({ model: price }));
            assert_eq!(made["status"], state, "{made}");
        }
        model.to_owned()
    }

    /// A key with a limit of a day.
    fn limited(&self, own: Value) -> String {
        let id = self.id(&format!("/v1/organization/projects/{}/api_keys", self.project), own);
        let scope = json!({ "type": "api_key", "id": id });
        let limit = json!({ "scope": scope, "period": "day", "amount_nanos": 1_000_000_000 });
        self.admin("PUT", "/tollgate/v1/limits", limit);
        id
    }

    fn invite(&self, name: &str) -> String {
        let invite = json!({ "email": format!("{name}@example.com"), "role": "reader",
                             "projects": [] });
        self.id("/v1/organization/invites", invite)
    }

    /// Somebody of the organization: id and name.
    fn user(&self, name: &str) -> (String, String) {
        let accept = format!("/tollgate/v1/invites/{}/accept", self.invite(name));
        (self.id(&accept, json!({ "name": name })), name.to_owned())
    }

    fn role(&self, name: &str, in_project: bool) -> String {
        let path = match in_project {
            true => format!("/v1/projects/{}/roles", self.project),
            false => "/v1/organization/roles".to_owned(),
        };
        self.id(&path, json!({ "role_name": name, "permissions": ["api.usage.read"] }))
    }

    /// Somebody of the place, with a role that was made there.
    fn member(&self, name: &str, in_project: bool, filled: &mut Filled) -> String {
        let (user, _) = self.user(name);
        let place = match in_project {
            true => format!("/v1/projects/{}", self.project),
            false => "/v1/organization".to_owned(),
        };
        if in_project {
            let path = format!("/v1/organization/projects/{}/users", self.project);
            self.admin("POST", &path, json!({ "user_id": user, "role": "member" }));
        }
        let role = self.role(&self.fresh(), in_project);
        let path = format!("{place}/users/{user}/roles");
        self.admin("POST", &path, json!({ "role_id": role }));
        filled.insert("given".to_owned(), role);
        user
    }

    /// A group with somebody in it and a role, and in the project with another one.
    fn group(&self, name: &str, placed: bool, filled: &mut Filled) -> String {
        let group = self.id("/v1/organization/groups", json!({ "name": name }));
        let (user, _) = self.user(&self.fresh());
        let path = format!("/v1/organization/groups/{group}");
        self.admin("POST", &format!("{path}/users"), json!({ "user_id": user }));
        let role = self.role(&self.fresh(), false);
        self.admin("POST", &format!("{path}/roles"), json!({ "role_id": role }));
        if placed {
            let path = format!("/v1/organization/projects/{}/groups", self.project);
            let role = "role-api-project-viewer";
            self.admin("POST", &path, json!({ "group_id": group, "role": role }));
        }
        filled.insert("inside".to_owned(), user);
        filled.insert("given".to_owned(), role);
        group
    }

    /// An upstream with two credentials.
    fn upstream(&self, name: &str, filled: &mut Filled) -> String {
        let secrets =
            ["one", "two"].map(|it| json!({ "credential": format!("sk-{name}-{it}-0123") }));
        let body = json!({ "name": name, "provider": "openai", "credentials": secrets,
                           "base_url": filled["provider_url"] });
        let made = self.admin("POST", "/tollgate/v1/upstreams", body);
        let credential = made["credentials"][0]["id"].as_str().unwrap().to_owned();
        filled.insert("credential_id".to_owned(), credential);
        made["id"].as_str().unwrap().to_owned()
    }
}

fn alert() -> Value {
    json!({
        "threshold_amount": 5000, "currency": "USD", "interval": "month",
        "notification_channel": { "type": "email", "recipients": ["books@example.com"] },
    })
}

/// With what stands in its braces.
pub fn fill(text: &str, filled: &Filled) -> String {
    filled.iter().fold(text.to_owned(), |text, (name, it)| text.replace(&format!("{{{name}}}"), it))
}

pub fn fields(sent: &str, filled: &Filled) -> Vec<(String, String)> {
    let pairs = sent.split('&').filter(|pair| !pair.is_empty());
    let field = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), fill(value, filled))
    };
    pairs.map(field).collect()
}
