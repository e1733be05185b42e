//! What leaves: JSON, and refusals with the headers that their row of the catalogue asks for.

use bytes::Bytes;
use domain::fault::catalogue;
use domain::{Fault, Retry};
use http::{HeaderName, HeaderValue, StatusCode, header};
use openai::envelope;
use serde::Serialize;

use crate::ApiReply;

/// What a handler comes to.
pub(crate) type Answer = Result<ApiReply, Fault>;

/// Node's SDK ignores a longer wait and would call again at once.
const LONGEST_WAIT_MS: u64 = 60_000;

/// 200 with a JSON body.
pub(crate) fn json(shape: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(shape).map_err(|_| &catalogue::INTERNAL_ERROR)?;
    Ok(ApiReply {
        status: StatusCode::OK,
        headers: vec![content_type()],
        body: body.into(),
        pieces: None,
    })
}

/// As [`json`], for a body that holds a secret: no cache may keep it.
pub(crate) fn secret_json(shape: &impl Serialize) -> Answer {
    let mut reply = json(shape)?;
    reply.headers.push((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    Ok(reply)
}

/// A fault in OpenAI's envelope.
pub(crate) fn refusal(fault: &Fault) -> ApiReply {
    let entry = fault.entry;
    let mut headers = vec![
        content_type(),
        (HeaderName::from_static("x-tollgate-error"), HeaderValue::from_static(entry.code)),
    ];
    let wait = fault.retry_after_ms;
    if fault.retry == Retry::Never || wait.is_some_and(|ms| ms > LONGEST_WAIT_MS) {
        let name = HeaderName::from_static("x-should-retry");
        headers.push((name, HeaderValue::from_static("false")));
    }
    if let Some(ms) = wait {
        headers.push((header::RETRY_AFTER, ms.div_ceil(1000).into()));
        headers.push((HeaderName::from_static("retry-after-ms"), ms.into()));
    }
    let status = StatusCode::from_u16(entry.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status == StatusCode::UNAUTHORIZED {
        headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
    }
    let body: Bytes = envelope::body(fault);
    ApiReply { status, headers, body, pieces: None }
}

fn content_type() -> (HeaderName, HeaderValue) {
    (header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
}
