//! A provider's refusal: the caller's mistake passes through as it is; ours never does.

use bytes::Bytes;
use domain::attempt::{Class, MISSING_SCOPES};
use domain::{Fault, Outcome, fault::catalogue};
use egress::Answer;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use openai::answer::Scan;
use serde_json::Value;
use tokio::time::timeout_at;

use super::answer::{is_coded, read_whole};
use super::{Failed, Failure, failure};
use crate::body::reply::ReplyBody;
use crate::headers::X_ERROR;
use crate::names::{self, Shown};
use crate::reply::{answer_headers, assemble};
use crate::tab::{Count, End, Tab};

/// Error bodies are short; a longer one is replaced.
const MOST: usize = 256 * 1024;

pub(super) async fn receive(mut tab: Tab, answer: Answer) -> Failed {
    let status = answer.status();
    let mut map = answer_headers(&tab, answer.headers());
    let (told, in_vain) = (failure::told(answer.headers()), failure::is_in_vain(answer.headers()));
    let coded = is_coded(answer.headers());
    // The status is known; a body that breaks off, hangs or comes by drops is as good as none.
    let reading = read_whole(&tab.worker.shared, answer.into_body(), MOST);
    let body = timeout_at(tab.first_byte_due(), reading).await.ok().and_then(Result::ok);
    let body = body.filter(|_| !coded).unwrap_or_default();
    tab.worker.shared.examined.note(&tab.call.key.id, status.as_u16(), &map, &body);
    let code = error_code(&body);
    let is_envelope = is_envelope(&body);
    let provider = tab.upstream.provider;
    let is_billed = provider.bills_refusal(status.as_u16(), is_envelope, code.as_deref());
    if !is_billed {
        tab.not_billed();
    }
    let class = Class::of_refusal(status.as_u16(), code.as_deref(), is_billed);
    if let Some(keeping) = &tab.call.keeping {
        keeping.refused(class);
    }
    let failed = |reply| {
        let status = Some(status.as_u16());
        Box::new(Failure { class, status, told, in_vain, reply })
    };
    let ours = match status {
        StatusCode::UNAUTHORIZED => Some(&catalogue::UPSTREAM_AUTH_FAILED),
        StatusCode::FORBIDDEN if code.as_deref() != Some("model_not_found") => {
            Some(&catalogue::UPSTREAM_AUTH_FAILED)
        }
        // What is not an envelope (a proxy's page, nothing at all) tells a client nothing.
        status if status.is_server_error() && !is_envelope => Some(&catalogue::UPSTREAM_ERROR),
        _ => None,
    };
    if let Some(entry) = ours {
        tracing::warn!(upstream = %tab.upstream.id, request = %tab.call.request, %status,
                       code = code.as_deref().unwrap_or(""), "an upstream refused a call");
        let fault = Fault::new(entry);
        settle(tab, (status, class), Some(fault.entry.code), 0);
        return failed(Err(fault));
    }
    let body = match names::look(&tab.upstream, &body) {
        _ if coded => withheld(),
        Shown::Nothing => body,
        Shown::Names(blanked) => blanked.into(),
        Shown::Credential => withheld(),
    };
    let label = match status {
        StatusCode::TOO_MANY_REQUESTS => Some(catalogue::UPSTREAM_RATE_LIMITED.code),
        status if status.is_server_error() => Some(catalogue::UPSTREAM_ERROR.code),
        _ => None,
    };
    if let Some(code) = label {
        map.insert(X_ERROR, HeaderValue::from_static(code));
    }
    map.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    settle(tab, (status, class), label, body.len());
    failed(Ok(assemble(status, map, ReplyBody::whole(body))))
}

fn settle(
    tab: Tab,
    (status, class): (StatusCode, Class),
    error: Option<&'static str>,
    bytes: usize,
) {
    let (status, class) = (status.as_u16(), Some(class));
    let count = Count { bytes_out: bytes as u64, ..Count::default() };
    tab.settle(End { outcome: Outcome::Refused, status, error, class, count });
}

fn error_code(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |name| value.pointer(name)?.as_str().map(str::to_owned);
    // OpenAI has no code for this one. Only its words tell it from a credential that is no good.
    if text("/error/message").is_some_and(|message| message.contains("Missing scopes:")) {
        return Some(MISSING_SCOPES.to_owned());
    }
    // Where there is no code, the type may tell as much.
    text("/error/code").or_else(|| text("/error/type"))
}

fn is_envelope(body: &[u8]) -> bool {
    Scan::whole(body).error && serde_json::from_slice::<&serde_json::value::RawValue>(body).is_ok()
}

fn withheld() -> Bytes {
    openai::envelope::body(&Fault::because(
        &catalogue::INVALID_VALUE,
        "The provider refused the call. Its message is withheld.",
    ))
}
