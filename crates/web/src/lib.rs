//! The only crate that renders for people and serves the Administration API: thin faces over
//! `control`.
//!
//! A call goes through [`Api::handle`]: target → credentials → caller → route → handler → reply.
//! The caller is known before anything about the path is told, so that nobody without a key learns
//! which paths exist.
//!
//! * `routes.rs`: every path on one page; `routes/*.rs`: their handlers, by noun.
//! * `document.rs`: the OpenAPI document of what is ours, made from the routes.
//! * `body.rs`, `query.rs`: what a caller may send, with the field's name in each refusal.
//! * `dashboard.rs`: the pages that people see, by their own order and table.
//! * `reply.rs`: what leaves; `reveal.rs`: the one place where a secret does.

#![forbid(unsafe_code)]

mod body;
mod call;
mod correction_body;
mod credentials;
mod dashboard;
mod dispatch;
mod document;
mod key_body;
mod limit_body;
mod place_body;
mod query;
mod reply;
mod reveal;
mod routes;

pub use dashboard::{CallKey, Called, Caller, Dashboard, DashboardSettings, PageCall};

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use control::{Control, Doctor};
use domain::RequestId;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::sync::mpsc;

/// One call, with its body read (the listener keeps the size limit).
pub struct ApiRequest<'a> {
    pub method: &'a Method,
    /// As it came, percent-encoded.
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub headers: &'a HeaderMap,
    /// The host of an HTTP/2 request, which has it beside the path.
    pub authority: Option<&'a str>,
    pub body: Bytes,
    pub address: IpAddr,
    pub request_id: RequestId,
}

/// What to answer. `x-request-id` is the listener's.
pub struct ApiReply {
    pub status: StatusCode,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
    /// What comes after it, as it comes.
    pub pieces: Option<mpsc::Receiver<Bytes>>,
}

/// The Administration API and our superset of it.
pub struct Api {
    control: Arc<Control>,
    doctor: Option<Arc<dyn Doctor>>,
}

impl Api {
    #[must_use]
    pub fn new(control: Arc<Control>) -> Self {
        Self { control, doctor: None }
    }

    /// With somebody who looks for what is wrong.
    #[must_use]
    pub fn with_doctor(mut self, doctor: Arc<dyn Doctor>) -> Self {
        self.doctor = Some(doctor);
        self
    }

    /// Whether a path is answered here; every other one under `/v1` is the data plane's.
    #[must_use]
    pub fn serves(path: &str) -> bool {
        path == "/v1/organization"
            || path.starts_with("/v1/organization/")
            || path.starts_with("/v1/projects/")
            || path.starts_with("/tollgate/v1/")
    }

    /// Whether the caller may be heard out, by the head alone (the body is still to come): nobody
    /// makes us keep a body by having no key. [`Api::handle`] asks again.
    ///
    /// # Errors
    /// The reply to whoever is not let in.
    pub async fn admit(&self, head: &ApiRequest<'_>) -> Result<(), ApiReply> {
        let admitted = dispatch::admit(&self.control, head).await;
        admitted.map(drop).map_err(|fault| reply::refusal(&fault))
    }

    /// Answers one call. Never fails: a refusal is a reply.
    pub async fn handle(&self, request: ApiRequest<'_>) -> ApiReply {
        dispatch::dispatch(&self.control, self.doctor.as_deref(), &request).await.unwrap_or_else(
            |fault| {
                let mut reply = reply::refusal(&fault);
                // RFC 9110 wants it on each 405.
                if fault.entry.status == http::StatusCode::METHOD_NOT_ALLOWED.as_u16() {
                    reply.headers.extend(dispatch::allow(request.path));
                }
                reply
            },
        )
    }

    /// Method and template of every route that asks for a key, for documentation and tests.
    pub fn routes() -> impl Iterator<Item = (&'static Method, &'static str)> {
        use routes::Serve;
        let is_open = |serve: &Serve| matches!(serve, Serve::Anyone(_) | Serve::Signed(..));
        let keyed = routes::ALL.iter().filter(move |it| !is_open(&it.serve));
        keyed.map(|route| (&route.method, route.template))
    }
}
