//! A request as the handlers see it: segments of the path, query, fields, files.

use bytes::Bytes;
use serde_json::{Value, json};

use super::multipart::{self, Part};
use super::reply::{Reply, bad_request, error};
use super::wire::Head;
use super::words;
use crate::codec;

/// A call on the data plane.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// The decoded path without `/v1`.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// The JSON body or the fields of a form.
    pub(crate) body: Value,
    pub(crate) files: Vec<Part>,
}

impl Call {
    /// Reads a request, or says what is wrong with it.
    pub(crate) fn read(head: &Head, raw: &Bytes) -> Result<Self, Reply> {
        let path = words::path_of(&head.target);
        let Some(inner) = path.strip_prefix("/v1") else {
            return Err(unknown_url(&head.method, path));
        };
        let query = head.target.split_once('?').map_or("", |(_, q)| q);
        let content_type = head.header("content-type").unwrap_or_default();
        let (body, files) = fields(content_type, raw)?;
        Ok(Self {
            method: head.method.clone(),
            path: codec::percent_decode(inner.trim_end_matches('/')),
            query: query.split('&').filter_map(pair).collect(),
            body,
            files,
        })
    }

    /// A call made by the fake itself, for a line of a batch.
    pub(crate) fn inner(method: &str, url: &str, body: Value) -> Self {
        Self {
            method: method.to_owned(),
            path: url.strip_prefix("/v1").unwrap_or(url).to_owned(),
            query: Vec::new(),
            body,
            files: Vec::new(),
        }
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.body[name].as_str()
    }

    /// A number, also when a form sent it as text.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        let value = &self.body[name];
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// A flag, also when a form sent it as text.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.body[name] == json!(true) || self.body[name] == json!("true")
    }

    pub(crate) fn file(&self, name: &str) -> Option<&Part> {
        self.files.iter().find(|part| part.name.trim_end_matches("[]") == name)
    }
}

fn fields(content_type: &str, raw: &Bytes) -> Result<(Value, Vec<Part>), Reply> {
    if content_type.starts_with("multipart/form-data") {
        return multipart::read(content_type, raw)
            .ok_or_else(|| bad_request(None, "body", "Could not parse multipart form"));
    }
    if !content_type.starts_with("application/json") || raw.is_empty() {
        return Ok((json!({}), Vec::new()));
    }
    let message = "We could not parse the JSON body of your request. (HINT: This likely means you \
                   aren't using your HTTP library correctly.)";
    let wrong = || error(400, "invalid_request_error", None, None, message);
    serde_json::from_slice(raw).map(|body| (body, Vec::new())).map_err(|_| wrong())
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let name = codec::percent_decode(name);
    (!name.is_empty()).then(|| (name, codec::percent_decode(&value.replace('+', " "))))
}

/// 404 for a path that the API does not have.
pub(crate) fn unknown_url(method: &str, path: &str) -> Reply {
    let message = format!("Invalid URL ({method} {path})");
    error(404, "invalid_request_error", None, None, &message)
}
