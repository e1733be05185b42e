//! One attempt at one upstream: encode, sign, send, and take the answer in.

use std::sync::Arc;

use domain::{Fault, fault::catalogue};
use egress::{Answer, Outgoing, SendError, Stage};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use openai::multipart;

use crate::body::reply::ReplyBody;
use crate::body::upload::BrokenOff;
use crate::headers;
use crate::plan::Plan;
use crate::reply::id_value;
use crate::shared::Worker;
use crate::tab::{Call, End, Tab};

mod answer;
mod refused;

pub(crate) use answer::{is_coded, read_whole, receive};

/// A request ready to be sent, all of it owned: it may outlive its client.
pub(crate) struct Ready {
    pub(crate) method: Method,
    /// As behind `/v1`, with the query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Outgoing,
    /// Why a flowing body was broken off, should it be.
    pub(crate) broken: BrokenOff,
}

/// Sends, and brings the answer back as a reply.
pub(crate) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Ready,
) -> Result<Response<ReplyBody>, Fault> {
    let broken = ready.broken.clone();
    let (tab, answer) = send(&worker, &call, &plan, ready).await?;
    if let Some(fault) = broken.take() {
        tab.settle(End::failed(&fault));
        return Err(fault);
    }
    answer::receive(tab, answer).await
}

/// Sends and waits for the head. A failure is settled here.
pub(crate) async fn send(
    worker: &Arc<Worker>,
    call: &Arc<Call>,
    plan: &Plan,
    ready: Ready,
) -> Result<(Tab, Answer), Fault> {
    let broken = ready.broken.clone();
    let mut tab = Tab::open(Arc::clone(worker), Arc::clone(call), &plan.first)?;
    let request = match encode(&tab, ready) {
        Ok(request) => request,
        Err(fault) => {
            tab.settle(End::failed(&fault));
            return Err(fault);
        }
    };
    if let Err(fault) = tab.sending() {
        tab.settle(End::failed(&fault));
        return Err(fault);
    }
    let upstream = &plan.first.upstream;
    let way = worker.shared.way(upstream, &call.project, &call.key.id);
    let sending = worker.pool.send(&upstream.origin, &way, request);
    let sending = tokio::time::timeout(worker.shared.settings.first_byte, sending);
    let fault = match worker.shared.tasks.unless_cut(sending).await {
        Some(Ok(Ok(answer))) => {
            tab.answered(answer.status(), headers::provider_request_id(answer.headers()));
            return Ok((tab, answer));
        }
        Some(Ok(Err(error))) => {
            if error.stage != Stage::Unknown {
                tab.not_billed();
            }
            broken.take().unwrap_or_else(|| failure(&tab, &error))
        }
        Some(Err(_)) => Fault::new(&catalogue::UPSTREAM_TIMEOUT),
        None => Fault::new(&catalogue::SHUTTING_DOWN),
    };
    tab.settle(End::failed(&fault));
    Err(fault)
}

fn failure(tab: &Tab, error: &SendError) -> Fault {
    tracing::warn!(upstream = %tab.upstream.id, request = %tab.call.request, stage = ?error.stage,
                   cause = error.cause.reason(), %error, "a call could not be placed");
    if error.cause.is_egress() {
        return Fault::new(&catalogue::EGRESS_UNAVAILABLE);
    }
    match error.stage {
        Stage::AddressNotAllowed => Fault::new(&catalogue::UPSTREAM_ADDRESS_NOT_ALLOWED),
        Stage::ConnectTimeout => {
            Fault::because(&catalogue::UPSTREAM_TIMEOUT, "Connecting to the provider timed out.")
        }
        Stage::NotSent => Fault::because(
            &catalogue::UPSTREAM_ERROR,
            "The provider could not be reached; the call was not sent.",
        ),
        Stage::Unknown => Fault::because(
            &catalogue::UPSTREAM_ERROR,
            "The connection to the provider broke before an answer came.",
        ),
    }
}

fn encode(tab: &Tab, ready: Ready) -> Result<Request<Outgoing>, Fault> {
    let path = tab.upstream.origin.path(&ready.target);
    let uri = Uri::try_from(path).map_err(|_| Fault::new(&catalogue::BAD_REQUEST_TARGET))?;
    let mut request = Request::new(ready.body);
    *request.method_mut() = ready.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = ready.headers;
    let map = request.headers_mut();
    if !map.contains_key(headers::X_CLIENT_REQUEST_ID) {
        map.insert(headers::X_CLIENT_REQUEST_ID, id_value(&tab.call.request));
    }
    tab.upstream.sign(tab.credential, map);
    Ok(request)
}

/// The headers of a client's request that go on.
pub(crate) fn forwarded(from: &HeaderMap) -> Result<HeaderMap, Fault> {
    let own = headers::client_request_id(from).map_err(|()| {
        Fault::because(
            &catalogue::INVALID_VALUE,
            "X-Client-Request-Id must be at most 512 ASCII characters.",
        )
        .param("X-Client-Request-Id")
    })?;
    // With room for those that signing and sending will add.
    let mut map = HeaderMap::with_capacity(from.len() + 2);
    for (name, value) in from {
        if headers::may_go_up(name) {
            map.append(name, value.clone());
        } else if headers::chooses_host(name) {
            let why = format!("`{name}` is not allowed: a caller may not choose the host.");
            return Err(Fault::because(&catalogue::FIELD_NOT_ALLOWED, why));
        }
    }
    canonical_form(&mut map);
    if let Some(own) = own {
        map.insert(headers::X_CLIENT_REQUEST_ID, own.clone());
    }
    Ok(map)
}

/// Sends a form's boundary in the one spelling that all readers understand alike.
fn canonical_form(map: &mut HeaderMap) {
    let given = map.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(boundary) = given.and_then(multipart::boundary) else { return };
    if let Ok(value) = HeaderValue::from_str(&multipart::content_type(boundary)) {
        map.insert(CONTENT_TYPE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forms_boundary_is_sent_in_one_spelling() {
        for (given, sent) in [
            ("Multipart/Form-Data;x=y;  BOUNDARY=\"a-b\"", "multipart/form-data; boundary=a-b"),
            ("multipart/form-data; boundary=a=b", "multipart/form-data; boundary=\"a=b\""),
            ("application/json; charset=utf-8", "application/json; charset=utf-8"),
        ] {
            let mut from = HeaderMap::new();
            from.insert(CONTENT_TYPE, HeaderValue::from_static(given));
            assert_eq!(forwarded(&from).unwrap()[CONTENT_TYPE], sent);
        }
    }
}
