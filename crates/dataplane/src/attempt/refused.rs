//! A provider's refusal: the caller's mistake passes through as it is; ours never does.

use bytes::Bytes;
use domain::{Fault, Outcome, fault::catalogue};
use egress::Answer;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use memchr::memmem;
use openai::answer::Scan;
use serde_json::Value;

use super::answer::read_whole;
use crate::body::reply::ReplyBody;
use crate::headers::X_ERROR;
use crate::reply::{answer_headers, assemble};
use crate::tab::{Count, End, Tab};

/// Error bodies are short; a longer one is replaced.
const MOST: usize = 256 * 1024;

pub(super) async fn receive(tab: Tab, answer: Answer) -> Result<Response<ReplyBody>, Fault> {
    let status = answer.status();
    let mut map = answer_headers(&tab, answer.headers());
    let gap = tab.worker.shared.settings.gap;
    let reading = tokio::time::timeout(gap, read_whole(answer.into_body(), MOST));
    let body = reading.await.ok().flatten().unwrap_or_default();
    let code = error_code(&body);
    let ours = match status {
        StatusCode::UNAUTHORIZED => Some(&catalogue::UPSTREAM_AUTH_FAILED),
        StatusCode::FORBIDDEN if code.as_deref() != Some("model_not_found") => {
            Some(&catalogue::UPSTREAM_AUTH_FAILED)
        }
        // What is not an envelope (a proxy's page, nothing at all) tells a client nothing.
        status if status.is_server_error() && !is_envelope(&body) => {
            Some(&catalogue::UPSTREAM_ERROR)
        }
        _ => None,
    };
    if let Some(entry) = ours {
        tracing::warn!(upstream = %tab.upstream.id, request = %tab.call.request, %status,
                       code = code.as_deref().unwrap_or(""), "an upstream refused a call");
        let fault = Fault::new(entry);
        settle(tab, status, Some(fault.entry.code), 0);
        return Err(fault);
    }
    let body = without_our_names(&tab, body);
    let label = match status {
        StatusCode::TOO_MANY_REQUESTS => Some(catalogue::UPSTREAM_RATE_LIMITED.code),
        status if status.is_server_error() => Some(catalogue::UPSTREAM_ERROR.code),
        _ => None,
    };
    if let Some(code) = label {
        map.insert(X_ERROR, HeaderValue::from_static(code));
    }
    map.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    settle(tab, status, label, body.len());
    Ok(assemble(status, map, ReplyBody::whole(body)))
}

fn settle(tab: Tab, status: StatusCode, error: Option<&'static str>, bytes: usize) {
    let count = Count { bytes_out: bytes as u64, ..Count::default() };
    tab.settle(End { outcome: Outcome::Refused, status: status.as_u16(), error, count });
}

fn error_code(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    value.pointer("/error/code")?.as_str().map(str::to_owned)
}

fn is_envelope(body: &[u8]) -> bool {
    Scan::whole(body).error && serde_json::from_slice::<&serde_json::value::RawValue>(body).is_ok()
}

/// An error text may name our account, or echo our credential (case 89). The account's names are
/// blanked; a body with the credential is replaced whole.
fn without_our_names(tab: &Tab, body: Bytes) -> Bytes {
    if tab.upstream.signature.is_in(&body) {
        tracing::warn!(upstream = %tab.upstream.id, "an upstream echoed our credential");
        return openai::envelope::body(&Fault::because(
            &catalogue::INVALID_VALUE,
            "The provider refused the call. Its message is withheld.",
        ));
    }
    let host = tab.upstream.origin.address().0.as_bytes();
    let prefixes: [&[u8]; 3] = [b"org-", b"proj_", host];
    let names_us = prefixes.iter().any(|p| memmem::find(&body, p).is_some());
    if !names_us {
        return body;
    }
    let mut out = body.to_vec();
    for prefix in prefixes {
        let mut from = 0;
        while let Some(at) = memmem::find(&out[from..], prefix).map(|at| from + at) {
            let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            let length = out[at + prefix.len()..].iter().take_while(|b| word(b)).count();
            // A lone "org-" in prose is no name.
            let end = at + prefix.len() + length;
            if length >= 6 || prefix == host {
                let with = b"[redacted]";
                out.splice(at..end, with.iter().copied());
                from = at + with.len();
            } else {
                from = end;
            }
        }
    }
    out.into()
}
