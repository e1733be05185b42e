//! `GET /tollgate/v1/openapi.json` and `GET /tollgate/v1/docs`: the same for everybody, so without
//! a key.

use bytes::Bytes;
use domain::ports::BoxFuture;
use http::{HeaderValue, StatusCode, header};

use crate::ApiReply;
use crate::document;
use crate::reply::Answer;

pub(super) fn openapi() -> BoxFuture<'static, Answer> {
    answer("application/json", document::openapi())
}

pub(super) fn page() -> BoxFuture<'static, Answer> {
    answer("text/html; charset=utf-8", document::html())
}

/// A page of ours runs nothing and loads nothing; the header has the browser see to it.
fn answer(kind: &'static str, body: Bytes) -> BoxFuture<'static, Answer> {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    let headers = vec![
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Box::pin(std::future::ready(Ok(ApiReply {
        status: StatusCode::OK,
        headers,
        body,
        pieces: None,
    })))
}
