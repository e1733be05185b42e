//! An installation with an admin key, spoken to in requests and JSON.

use std::sync::Arc;

use bytes::Bytes;
use control::Control;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use web::{Api, ApiReply, ApiRequest};

use crate::world::{World, block_on};

pub(crate) struct Gateway {
    pub(crate) world: Arc<World>,
    pub(crate) control: Arc<Control>,
    pub(crate) api: Api,
    pub(crate) admin: String,
    /// The default project's id.
    pub(crate) project: String,
}

/// A reply as a test looks at it.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Our code, the status and the parameter of a refusal.
    pub(crate) fn refusal(&self) -> (u16, &str, &str) {
        let error = self.body["error"].as_object().expect("an envelope");
        let mut keys: Vec<&str> = error.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["code", "message", "param", "type"]);
        let param = self.body["error"]["param"].as_str().unwrap_or("");
        (self.status, self.header("x-tollgate-error"), param)
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let (world, control) = World::new();
        let admin = block_on(control.first_start(true)).unwrap().unwrap();
        let admin = admin.expose().to_owned();
        let project = world.state().projects[0].id.as_str().to_owned();
        Self { api: Api::new(control.clone()), world, control, admin, project }
    }

    pub(crate) fn send(
        &self,
        method: &str,
        target: &str,
        headers: &HeaderMap,
        body: &str,
    ) -> Reply {
        let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
        let request = ApiRequest {
            method: &method.parse::<Method>().unwrap(),
            path,
            query,
            headers,
            authority: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
            address: [127, 0, 0, 1].into(),
            request_id: "req_1".into(),
        };
        let ApiReply { status, headers, body, .. } = block_on(self.api.handle(request));
        Reply {
            status: status.as_u16(),
            headers: headers.into_iter().collect(),
            body: serde_json::from_slice(&body).expect("every reply is JSON"),
        }
    }

    pub(crate) fn call_as(&self, key: &str, method: &str, target: &str, body: &str) -> Reply {
        let mut headers = HeaderMap::new();
        if !key.is_empty() {
            let value = HeaderValue::from_str(&format!("Bearer {key}")).unwrap();
            headers.insert("authorization", value);
        }
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        self.send(method, target, &headers, body)
    }

    /// As the administrator.
    pub(crate) fn call(&self, method: &str, target: &str, body: &str) -> Reply {
        self.call_as(&self.admin, method, target, body)
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.call("GET", target, "")
    }

    /// A call that must succeed.
    pub(crate) fn ok(&self, method: &str, target: &str, body: &str) -> Reply {
        let reply = self.call(method, target, body);
        assert_eq!(reply.status, 200, "{method} {target}: {}", reply.body);
        reply
    }

    /// The keys' path of the default project.
    pub(crate) fn keys(&self) -> String {
        format!("/v1/organization/projects/{}/api_keys", self.project)
    }

    pub(crate) fn accounts(&self) -> String {
        format!("/v1/organization/projects/{}/service_accounts", self.project)
    }

    /// A new key of the default project: id and secret.
    pub(crate) fn new_key(&self, body: &str) -> (String, String) {
        let reply = self.ok("POST", &self.keys(), body);
        (reply.text("/id"), reply.text("/value"))
    }
}
