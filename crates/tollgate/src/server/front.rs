//! The first look at a request: which part of Tollgate answers it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use control::Attempt;
use dataplane::{Dataplane, Peer, Place, ReplyBody, Worker, fault_reply, request_id};
use domain::{Clock, Entry, Fault, RequestId, Secret, fault::catalogue, pinned};
use http::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue,
};
use http::request::Parts;
use http::uri::Authority;
use http::{Method, Response, StatusCode, Version};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tokio::sync::oneshot;
use web::{Api, ApiReply, ApiRequest, Dashboard};

use super::Stop;
use super::forwarded::Trusted;
use crate::app::App;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::telemetry::{Format, Gatherer};

/// Bytes of an Administration API body.
const ADMIN_BODY: usize = 1 << 20;
/// Where whole price files go, and how long one may be.
const PRICE_IMPORT: &str = "/tollgate/v1/prices/import";
const PRICE_FILE: usize = 16 << 20;
/// For such a body to arrive.
const ADMIN_TIME: std::time::Duration = std::time::Duration::from_secs(30);

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers every request of the listener.
pub struct Front {
    dataplane: Arc<Dataplane>,
    api: Arc<Api>,
    dashboard: Arc<Dashboard>,
    control: Arc<control::Control>,
    metrics_token: Option<Secret>,
    gatherer: Arc<Gatherer>,
    draining: Stop,
    trusted: Trusted,
}

impl Front {
    #[must_use]
    pub fn new(app: &App, config: &Config, draining: Stop) -> Arc<Self> {
        Arc::new(Self {
            dataplane: Arc::clone(&app.dataplane),
            api: Arc::clone(&app.api),
            dashboard: Arc::clone(&app.dashboard),
            control: Arc::clone(&app.control),
            metrics_token: config.metrics_token.clone(),
            gatherer: Gatherer::new(app),
            draining,
            trusted: Trusted::new(&config.trusted_proxies),
        })
    }

    #[must_use]
    pub fn dataplane(&self) -> &Dataplane {
        &self.dataplane
    }

    pub async fn answer(
        &self,
        worker: &Arc<Worker>,
        (head, body): (Box<Parts>, Incoming),
        mut peer: Peer,
    ) -> Response<ReplyBody> {
        let at = SystemClock.now();
        let id = request_id(at);
        let client = match misleading(&head) {
            Some(entry) => Err(Fault::new(entry)),
            None => self.trusted.client(peer.address, &head.headers),
        };
        peer.address = match client {
            Ok(address) => address,
            Err(fault) => return self.turn_away(worker, &fault, &id),
        };
        let path = head.uri.path();
        if path.starts_with("/v1/") && !Api::serves(path) {
            return dataplane::serve(worker, (head, body), peer, (id, at)).await;
        }
        let place = place(path);
        let mut response = match place {
            Place::Administration => {
                pinned(|| self.administer(*head, body, peer.address, &id)).await
            }
            Place::Other if Dashboard::serves(path, &head.headers) => {
                pinned(|| self.show(*head, body, peer.address, &id)).await
            }
            _ => pinned(|| self.other(&head, peer.address, &id)).await,
        };
        worker.answered(place, response.status().as_u16());
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
        response
    }

    /// The end of a request of which not even the first is clear.
    fn turn_away(&self, worker: &Worker, fault: &Fault, id: &RequestId) -> Response<ReplyBody> {
        self.dataplane.metrics.refusal(fault.entry.code);
        worker.answered(Place::Other, fault.entry.status);
        fault_reply(fault, id)
    }

    async fn administer(
        &self,
        head: Parts,
        body: Incoming,
        address: IpAddr,
        id: &RequestId,
    ) -> Response<ReplyBody> {
        // Whoever is not let in has no body kept for them.
        if !body.is_end_stream()
            && let Err(refused) = self.api.admit(&asked(&head, Bytes::new(), address, id)).await
        {
            return unread(answered(refused), head.version);
        }
        let most = if head.uri.path() == PRICE_IMPORT { PRICE_FILE } else { ADMIN_BODY };
        match read(&head, body, most).await {
            Ok(body) => self.handled(Face::Api, head, body, address, id).await,
            Err(fault) => fault_reply(&fault, id),
        }
    }

    /// A page for a person.
    async fn show(
        &self,
        head: Parts,
        body: Incoming,
        address: IpAddr,
        id: &RequestId,
    ) -> Response<ReplyBody> {
        if let Err(refused) = self.dashboard.admit(&asked(&head, Bytes::new(), address, id)) {
            return unread(answered(refused), head.version);
        }
        match read(&head, body, ADMIN_BODY).await {
            Ok(body) => self.handled(Face::Dashboard, head, body, address, id).await,
            Err(fault) => fault_reply(&fault, id),
        }
    }

    /// Goes to its end in a task of its own: a client that hangs up ends our waiting, never a
    /// change between its commit and what must follow it (a revoked key leaving the caches).
    async fn handled(
        &self,
        face: Face,
        head: Parts,
        body: Bytes,
        address: IpAddr,
        id: &RequestId,
    ) -> Response<ReplyBody> {
        let (tell, told) = oneshot::channel();
        let (api, dashboard) = (Arc::clone(&self.api), Arc::clone(&self.dashboard));
        let own = id.clone();
        self.dataplane.tasks.spawn(async move {
            let asked = asked(&head, body, address, &own);
            let reply = match face {
                Face::Api => api.handle(asked).await,
                Face::Dashboard => dashboard.handle(asked).await,
            };
            // Nobody may be there to hear it any more.
            drop(tell.send(reply));
        });
        match told.await {
            Ok(reply) => answered(reply),
            Err(_) => fault_reply(&Fault::new(&catalogue::INTERNAL_ERROR), id),
        }
    }

    /// Health, figures, and what is nobody's path.
    async fn other(&self, head: &Parts, address: IpAddr, id: &RequestId) -> Response<ReplyBody> {
        let reading = matches!(head.method, Method::GET | Method::HEAD);
        match head.uri.path() {
            "/healthz" if reading => text(StatusCode::OK, "ok\n"),
            "/readyz" if reading => self.ready(head, address, id).await,
            "/metrics" if reading => self.metrics(head, address, id).await,
            "/" if reading => text(StatusCode::OK, WELCOME),
            path => {
                let message = format!("Invalid URL ({} {path}){}", head.method, advice(path));
                fault_reply(&Fault::because(&catalogue::NOT_FOUND, message), id)
            }
        }
    }

    /// Whether this node can serve: not while it stops, nor while it must refuse every call, nor
    /// while more comes than may be in flight. More than a word is said to those alone who may see
    /// figures.
    async fn ready(&self, head: &Parts, address: IpAddr, id: &RequestId) -> Response<ReplyBody> {
        let refusing = match self.draining.is_called() {
            true => Some("stopping"),
            false if self.dataplane.load().1 > 0 => Some("overloaded"),
            false => self.gatherer.refuses_everything(),
        };
        let (status, word) = match refusing {
            Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why),
            None => (StatusCode::OK, "ok"),
        };
        let verbose = head.uri.query() == Some("verbose");
        if !verbose || self.may_watch(head, address, id).await.is_err() {
            return text(status, format!("{word}\n"));
        }
        text(status, format!("{word}\n{}", self.gatherer.parts().await))
    }

    /// Figures are for this machine, for a holder of the token, or of an admin key.
    async fn may_watch(&self, head: &Parts, address: IpAddr, id: &RequestId) -> Result<(), Fault> {
        let presented = head.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
        let presented = presented.and_then(|v| v.strip_prefix("Bearer "));
        let by_token = match (&self.metrics_token, presented) {
            (Some(token), Some(presented)) => crate::reveal::is_token(presented, token),
            _ => false,
        };
        if by_token || is_from_here(head, address) {
            return Ok(());
        }
        let scope = domain::Scope::read("management");
        let (method, path) = (head.method.as_str(), head.uri.path());
        let attempt = Attempt { method, path, request: id, address };
        self.control.authenticate_admin(presented, scope, None, attempt).await.map(drop)
    }

    async fn metrics(&self, head: &Parts, address: IpAddr, id: &RequestId) -> Response<ReplyBody> {
        if let Err(fault) = self.may_watch(head, address, id).await {
            return fault_reply(&fault, id);
        }
        let accept = head.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let format = Format::asked(accept);
        let mut response = text(StatusCode::OK, self.gatherer.page(format).await);
        let kind = HeaderValue::from_static(format.content_type());
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

/// Whether a request comes from this machine itself: not through a proxy on it, nor from a page that
/// has pointed a name of its own at the loopback address.
fn is_from_here(head: &Parts, address: IpAddr) -> bool {
    const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| head.uri.authority().map(Authority::as_str)).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    // Names of one word, and those that the public's servers do not give out, are nobody else's.
    let own = [".localhost", ".local", ".internal", ".lan", ".home.arpa"];
    let is_own = name.parse::<IpAddr>().is_ok()
        || !name.contains('.')
        || own.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    let forwarded = FORWARDED.iter().any(|name| head.headers.contains_key(*name));
    address.is_loopback() && is_own && !forwarded
}

/// Who answers what is read whole.
enum Face {
    Api,
    Dashboard,
}

async fn read(head: &Parts, body: Incoming, most: usize) -> Result<Bytes, Fault> {
    let declared = head.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: usize| length > most) {
        return Err(Fault::new(&catalogue::REQUEST_TOO_LARGE));
    }
    let reading = Limited::new(body, most).collect();
    match tokio::time::timeout(ADMIN_TIME, reading).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(Fault::new(&catalogue::REQUEST_TOO_LARGE)),
        Err(_) => Err(Fault::new(&catalogue::BODY_TIMEOUT)),
    }
}

fn place(path: &str) -> Place {
    match path {
        "/healthz" => Place::Health,
        "/readyz" => Place::Readiness,
        "/metrics" => Place::Metrics,
        path if Api::serves(path) => Place::Administration,
        _ => Place::Other,
    }
}

fn asked<'a>(head: &'a Parts, body: Bytes, address: IpAddr, id: &RequestId) -> ApiRequest<'a> {
    ApiRequest {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
        authority: head.uri.authority().map(|authority| authority.as_str()),
        body,
        address,
        request_id: id.clone(),
    }
}

fn answered(reply: ApiReply) -> Response<ReplyBody> {
    let ApiReply { status, headers, body, pieces } = reply;
    let mut response = Response::new(match pieces {
        Some(pieces) => ReplyBody::pieces(pieces),
        None => ReplyBody::whole(body),
    });
    *response.status_mut() = status;
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response
}

/// The answer to a request whose body stays unread: over HTTP/1.1 the connection ends with it.
fn unread(mut response: Response<ReplyBody>, version: Version) -> Response<ReplyBody> {
    if version < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What two readers could understand differently, on every path alike (case 10): another host in
/// the target (HTTP/2 always carries one beside the path), or a Host header that is none.
fn misleading(head: &Parts) -> Option<&'static Entry> {
    let absolute = head.uri.scheme().is_some() && head.version < Version::HTTP_2;
    let mut hosts = head.headers.get_all(HOST).iter();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(b);
    let sound = hosts.next().is_none_or(|host| host.as_bytes().iter().all(plain));
    (absolute || !sound || hosts.next().is_some()).then_some(&catalogue::BAD_REQUEST_TARGET)
}

const WELCOME: &str =
    "Tollgate is running. Point an OpenAI SDK at this address with /v1 behind it.\n";

/// The most common slip: a base URL without `/v1`.
fn advice(path: &str) -> &'static str {
    let known =
        ["/chat/", "/responses", "/models", "/embeddings", "/completions", "/files", "/images/"];
    if known.iter().any(|start| path.starts_with(start)) {
        ". Add /v1 to the base URL."
    } else {
        ""
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_here(address: &str, pairs: &[(&str, &str)]) -> bool {
        let mut request = http::Request::builder().uri("/metrics");
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        is_from_here(&request.body(()).unwrap().into_parts().0, address.parse().unwrap())
    }

    #[test]
    fn only_what_comes_from_this_machine_itself_needs_no_key() {
        for host in
            ["127.0.0.1:8655", "[::1]:8655", "localhost", "box:1", "box.local", "a.internal"]
        {
            assert!(is_here("127.0.0.1", &[("host", host)]), "{host}");
            assert!(!is_here("192.0.2.1", &[("host", host)]), "{host}");
        }
        // A name that leads here since a moment ago, for the sake of a browser's rules.
        assert!(!is_here("127.0.0.1", &[("host", "rebound.evil.example:8655")]));
        for name in ["forwarded", "x-forwarded-for", "x-real-ip", "via"] {
            assert!(!is_here("127.0.0.1", &[("host", "127.0.0.1"), (name, "x")]), "{name}");
        }
    }
}
