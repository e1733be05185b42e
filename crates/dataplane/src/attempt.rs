//! The attempts of a call: each is sent, and its answer taken in or its failure settled; after a
//! failure that nobody has seen yet, `again.rs` makes the next one.

use std::sync::Arc;

use domain::attempt::Effect;
use domain::{Fault, ProjectId, fault::catalogue, pinned};
use egress::{Answer, Outgoing, SendError, Stage};
use http::header::CONTENT_TYPE;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};
use openai::multipart;
use tokio::time::Instant;

use crate::body::reply::ReplyBody;
use crate::body::upload::BrokenOff;
use crate::detach::Gone;
use crate::headers;
use crate::pace::Placed;
use crate::pipeline::Asked;
use crate::plan::{Candidate, Plan};
use crate::reply::attempt_id;
use crate::shared::Worker;
use crate::tab::{Call, End, Leg, Tab};

mod again;
mod answer;
mod failure;
mod hedge;
mod order;
mod refused;
mod tries;

pub(crate) use answer::{is_coded, read_whole, receive};
use failure::class_of_error;
pub(crate) use failure::{Failed, Failure, class_of};
pub(crate) use order::{Visit, healthy_first};

/// A request ready to be sent, all of it owned: it may outlive its client.
pub(crate) struct Ready {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Outgoing,
    /// Why a flowing body was broken off, should it be.
    pub(crate) broken: BrokenOff,
    pub(crate) leg: Leg,
    /// Its place at the upstream's rate limit.
    pub(crate) placed: Placed,
    /// Set when nobody waits for this attempt any more, where the call has another one.
    pub(crate) gone: Option<Gone>,
}

/// What a request asks for, with the query.
pub(crate) enum Target {
    /// As the client wrote it, `/v1` included.
    Asked(PathAndQuery),
    /// Ours, as behind `/v1`.
    Made(String),
}

impl Target {
    /// As behind `/v1`.
    pub(crate) fn behind_v1(&self) -> &str {
        match self {
            Self::Asked(whole) => whole.as_str().strip_prefix("/v1").unwrap_or(whole.as_str()),
            Self::Made(target) => target,
        }
    }
}

/// Makes attempts until one brings an answer, or none can.
pub(crate) async fn run(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Box<Ready>,
    asked: Asked,
) -> Result<Response<ReplyBody>, Fault> {
    // Where another place might answer, nothing is shown of this one until it has.
    let may_change = !plan.others.is_empty();
    let hedges = worker.shared.settings.hedge_after.is_some();
    // What others wait for is asked for once at a time.
    if hedges && may_change && call.effect == Effect::Repeatable && call.keeping.is_none() {
        return pinned(|| hedge::run(worker, call, plan, ready, asked)).await;
    }
    match once(&worker, &call, &plan.first, ready, may_change).await {
        Ok(reply) => Ok(reply),
        Err(failed) => pinned(|| again::run(worker, call, plan, asked, vec![(0, failed)])).await,
    }
}

/// Makes the one attempt of a call that is not made twice.
pub(crate) async fn only(
    worker: Arc<Worker>,
    call: Arc<Call>,
    plan: Plan,
    ready: Box<Ready>,
) -> Result<Response<ReplyBody>, Fault> {
    once(&worker, &call, &plan.first, ready, false).await.or_else(|failed| failed.reply)
}

/// One attempt, from its tab to a reply or a settled failure.
async fn once(
    worker: &Arc<Worker>,
    call: &Arc<Call>,
    place: &Candidate,
    ready: Box<Ready>,
    hold_back: bool,
) -> Result<Response<ReplyBody>, Failed> {
    let broken = ready.broken.clone();
    let (tab, answer) = place_it(worker, call, place, ready).await?;
    if let Some(fault) = broken.take() {
        return Err(settled(tab, Failure::ours(fault)));
    }
    answer::take_in(tab, answer, hold_back).await
}

/// Sends a request of a call that has but one place, and waits for the head. A failure is settled
/// here.
pub(crate) async fn send(
    worker: &Arc<Worker>,
    call: &Arc<Call>,
    plan: &Plan,
    ready: Box<Ready>,
) -> Result<(Box<Tab>, Answer), Fault> {
    place_it(worker, call, &plan.first, ready).await.map_err(|failed| failed.into_fault())
}

/// Sends and waits for the head. A failure is settled here.
async fn place_it(
    worker: &Arc<Worker>,
    call: &Arc<Call>,
    place: &Candidate,
    mut ready: Box<Ready>,
) -> Result<(Box<Tab>, Answer), Failed> {
    let broken = ready.broken.clone();
    let mut placed = std::mem::replace(&mut ready.placed, Placed::free());
    let opened = Tab::open(Arc::clone(worker), Arc::clone(call), place, ready.leg);
    let mut tab = opened.map_err(Failure::ours)?;
    tab.gone.clone_from(&ready.gone);
    if tab.is_late_already() {
        // It would be billed, and given up in the same moment.
        let why = "The call's time was over before it could be sent.";
        return Err(settled(tab, Failure::ours(Fault::because(&catalogue::UPSTREAM_TIMEOUT, why))));
    }
    let encoded = encode(&tab, ready).and_then(|request| tab.sending(place).map(|()| request));
    let request = match encoded {
        Ok(request) => request,
        Err(fault) => return Err(settled(tab, Failure::ours(fault))),
    };
    placed.sending();
    let late = tab.first_byte_due();
    let way = worker.shared.way(&place.upstream, &call.project, &call.key.id);
    let sending = std::pin::pin!(worker.pool.send(&place.upstream.origin, &way, request));
    let sending = std::pin::pin!(tokio::time::timeout_at(late, sending));
    let failed = match worker.shared.tasks.unless_cut(sending).await {
        Some(Ok(Ok(answer))) => {
            let (now, clock) = (Instant::now(), || worker.shared.clock.now());
            placed.answered(answer.status(), answer.headers(), now, clock);
            tab.answered(now, answer.status(), headers::provider_request_id(answer.headers()));
            return Ok((tab, answer));
        }
        Some(Ok(Err(error))) => {
            if error.stage != Stage::Unknown {
                placed.unsent();
                tab.not_billed();
            }
            match broken.take() {
                Some(fault) => Failure::ours(fault),
                None => Failure::of(class_of_error(&error), unplaced(&tab, &error)),
            }
        }
        Some(Err(_)) => Failure::of_answer(Fault::new(&catalogue::UPSTREAM_TIMEOUT)),
        None => Failure::ours(Fault::new(&catalogue::SHUTTING_DOWN)),
    };
    Err(settled(tab, failed))
}

/// Settles an attempt whose failure is a fault of ours to tell.
fn settled(tab: Box<Tab>, failed: Failed) -> Failed {
    if let Err(fault) = &failed.reply {
        tab.settle(End::failed_as(failed.class, fault));
    }
    failed
}

fn unplaced(tab: &Tab, error: &SendError) -> Fault {
    tracing::warn!(upstream = %tab.upstream.id, request = %tab.call.request, stage = ?error.stage,
                   attempt = tab.leg.number, cause = error.cause.reason(), %error, "a call could not be placed");
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

fn encode(tab: &Tab, ready: Box<Ready>) -> Result<Request<Outgoing>, Fault> {
    let ready = *ready;
    let model = tab.model.as_deref().or(tab.call.model.as_deref());
    let uri = match ready.target {
        // Read once, when it came.
        Target::Asked(whole) if tab.upstream.asks_as_clients_do() => Uri::from(whole),
        target => Uri::try_from(tab.upstream.path(target.behind_v1(), model))
            .map_err(|_| Fault::new(&catalogue::BAD_REQUEST_TARGET))?,
    };
    let mut request = Request::new(ready.body);
    *request.method_mut() = ready.method;
    *request.uri_mut() = uri;
    *request.headers_mut() = ready.headers;
    let map = request.headers_mut();
    let own = map.entry(headers::X_CLIENT_REQUEST_ID);
    own.or_insert_with(|| attempt_id(&tab.call.request, tab.leg.number));
    if let Some(trace) = &tab.call.trace {
        trace.tell(tab.leg.number, map);
    }
    tab.upstream.sign(tab.credential, map);
    Ok(request)
}

/// The headers of a client's request that go on.
pub(crate) fn forwarded(from: &HeaderMap, project: &ProjectId) -> Result<HeaderMap, Fault> {
    // With room for those that signing and sending will add.
    let mut map = HeaderMap::with_capacity(from.len() + 2);
    let mut is_form = false;
    for (name, value) in from {
        if *name == headers::IDEMPOTENCY_KEY {
            // Of several the first.
            if let Some(own) = headers::separate_idempotency(value, project) {
                map.entry(name).or_insert(own);
            }
        } else if headers::may_go_up(name) {
            is_form |= *name == CONTENT_TYPE && value != "application/json";
            map.append(name, value.clone());
        } else if *name == headers::X_CLIENT_REQUEST_ID {
            if !headers::is_client_request_id(value) {
                let why = "X-Client-Request-Id must be at most 512 ASCII characters.";
                let fault = Fault::because(&catalogue::INVALID_VALUE, why);
                return Err(fault.param("X-Client-Request-Id"));
            }
            map.entry(name).or_insert_with(|| value.clone());
        } else if headers::chooses_host(name) {
            let why = format!("`{name}` is not allowed: a caller may not choose the host.");
            return Err(Fault::because(&catalogue::FIELD_NOT_ALLOWED, why));
        }
    }
    if is_form {
        canonical_form(&mut map);
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
            assert_eq!(forwarded(&from, &"proj_1".into()).unwrap()[CONTENT_TYPE], sent);
        }
    }
}
