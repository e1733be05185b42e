//! One real call to an upstream: a short stream, with a key that lives for it alone.
//!
//! It goes through the data plane like any client's, so that limits hold for it and what it costs
//! is on the bill: of the default project, under a key named `doctor`.

use std::sync::Arc;
use std::time::Duration;

use control::CheckupKey;
use dataplane::{Watched, serve_within};
use domain::RequestId;
use domain::diagnosis::call::CallEnd;
use domain::diagnosis::{BodyForm, CallFacts, RefusalFacts, Told, call, causes};
use domain::fault::catalogue;
use egress::{Answer, Cause, Origin, Outgoing, Pool, SendError, Stage, Way};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use serde_json::json;
use tokio::time::Instant;

use super::walk::Walk;
use super::{model, stream};
use crate::reveal;

/// Tokens that may be answered: enough to see a stream run.
const TOKENS: u32 = 16;
/// For the head, and between two pieces.
const WAIT: Duration = Duration::from_secs(60);
/// For the call to be in the log.
const LOGGED: Duration = Duration::from_millis(1_500);

/// Calls a model, and tells of quota, model, stream and first token.
pub(super) async fn call_model(walk: &Walk<'_>, name: &str) -> Vec<Told> {
    let control = &walk.tools.control;
    let key = match control.make_checkup_key(walk.author, name).await {
        Ok(key) => key,
        Err(fault) => {
            let told = format!("No key could be made for the call: {}", fault.message);
            return vec![Told::failed(&causes::HERE_REFUSED, told)];
        }
    };
    let watched = walk.tools.dataplane.watch(key.id.clone(), walk.subject);
    let (end, id) = exchange(walk, &key, &watched, name).await;
    drop(watched);
    if let Err(fault) = control.end_checkup_key(walk.author, key).await {
        tracing::warn!(why = %fault.message, "the doctor's key ends by its expiry");
    }
    let cost = match id {
        Some(id) => cost_of(walk, id).await,
        None => None,
    };
    call::told(&CallFacts { model: name.to_owned(), end, cost }, walk.subject.shape(0))
}

async fn exchange(
    walk: &Walk<'_>,
    key: &CheckupKey,
    watched: &Watched,
    name: &str,
) -> (CallEnd, Option<RequestId>) {
    let begun = Instant::now();
    let answer = match tokio::time::timeout(WAIT, send(walk, key, name)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => return (CallEnd::Broken, None),
        Err(_) => return (CallEnd::Silent, None),
    };
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let id = header("x-request-id").map(RequestId::from);
    let kind = header("content-type").unwrap_or("").to_owned();
    if !answer.status().is_success() {
        let code = header("x-tollgate-error").unwrap_or("").to_owned();
        return (refused(watched, answer.status().as_u16(), &code), id);
    }
    if !kind.starts_with("text/event-stream") {
        return (CallEnd::NoStream { html: kind.starts_with("text/html") }, id);
    }
    (stream::read(answer.into_body(), begun, WAIT).await, id)
}

/// What stands behind our refusal: the provider's own, as it was seen on the way, or none.
fn refused(watched: &Watched, status: u16, code: &str) -> CallEnd {
    if let Some(facts) = watched.refused() {
        return CallEnd::Refused(facts);
    }
    let redirect = RefusalFacts {
        status: 307,
        form: BodyForm::Other,
        code: None,
        kind: None,
        message: None,
        retry_after: None,
    };
    match code {
        _ if code == catalogue::UPSTREAM_TIMEOUT.code => CallEnd::Silent,
        _ if code == catalogue::UPSTREAM_ERROR.code => CallEnd::Broken,
        _ if code == catalogue::UPSTREAM_REDIRECT.code => CallEnd::Refused(redirect),
        "" => CallEnd::RefusedHere(status.to_string()),
        code => CallEnd::RefusedHere(code.to_owned()),
    }
}

async fn send(walk: &Walk<'_>, key: &CheckupKey, name: &str) -> Result<Answer, SendError> {
    let maximum = if model::thinks(name) { "max_completion_tokens" } else { "max_tokens" };
    let mut body = json!({
        "model": name,
        "messages": [{"role": "user", "content": "Count from one to ten in words."}],
        "stream": true,
    });
    body[maximum] = TOKENS.into();
    let mut request = Request::new(Outgoing::Whole(body.to_string().into()));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static("/v1/chat/completions");
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A refusal is what is looked for: it is neither waited out nor tried again.
    headers.insert("x-stainless-retry-count", HeaderValue::from_static("0"));
    headers.insert("x-tollgate-max-wait", HeaderValue::from_static("0"));
    if let Ok(mut value) = HeaderValue::from_str(&reveal::bearer(&key.secret)) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let failed = |why: String| SendError { stage: Stage::NotSent, cause: Cause::Request, why };
    let worker = walk.tools.workers.first().ok_or_else(|| failed("no worker".to_owned()))?;
    let dial = serve_within(worker);
    let origin = Origin::parse("http://tollgate.invalid", true).map(|o| o.in_process(dial));
    let origin = Arc::new(origin.map_err(|bad| failed(bad.to_string()))?);
    Pool::new(walk.tools.tls.clone(), WAIT).send(&origin, &Way::direct(), request).await
}

/// US dollars of a call, once it is in the log.
async fn cost_of(walk: &Walk<'_>, id: RequestId) -> Option<String> {
    let late = Instant::now() + LOGGED;
    while Instant::now() < late {
        if let Ok(attempts) = walk.tools.control.attempts_of(id.clone()).await {
            let costs = attempts.iter().map(|attempt| attempt.cost);
            let costs: Option<Vec<_>> = costs.collect();
            let sum = costs?.iter().fold(0_i64, |sum, cost| sum.saturating_add(cost.total().0));
            return Some(domain::Nanos(sum).to_string());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}
