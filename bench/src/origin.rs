//! An OpenAI-like upstream that costs next to nothing, so that the proxy before it is what is
//! measured. Answers are prepared once; a request body is searched, not parsed, unless it asks
//! for a stream.
//!
//! A request sets the shape of its stream in its own body, since a proxy may strip headers it
//! does not know: `"metadata": {"bench_chunks": "100", "bench_gap_us": "1000",
//! "bench_hold_s": "60"}`. By hand the headers `x-bench-chunks`, `x-bench-gap-us`, `x-bench-hold`
//! and `x-bench-hold-seconds` do the same.

mod answers;
mod knobs;
mod sse;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::{Result, listen};
use answers::Answers;
use knobs::Knobs;
use sse::Sse;

type Reply = Response<Either<Full<Bytes>, Sse>>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ID: HeaderValue = HeaderValue::from_static("req_bench00000000000000000000000000");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) async fn serve(at: SocketAddr) -> Result<()> {
    let answers = Arc::new(Answers::new());
    let listener = listen::bind(at).await?;
    loop {
        let stream = listen::accept(&listener).await?;
        let answers = answers.clone();
        let service = service_fn(move |request| answer(answers.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(answers: Arc<Answers>, request: Request<Incoming>) -> Result<Reply> {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/v1/chat/completions") => chat(&answers, request).await,
        (&Method::GET, "/v1/models") => Ok(json(StatusCode::OK, answers.models.clone())),
        _ => Ok(json(StatusCode::NOT_FOUND, answers.not_found.clone())),
    }
}

async fn chat(answers: &Answers, request: Request<Incoming>) -> Result<Reply> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    if !knobs::asks_for_stream(&body) {
        return Ok(json(StatusCode::OK, answers.completion.clone()));
    }
    Ok(stream(answers, &head.headers, &body))
}

fn stream(answers: &Answers, headers: &HeaderMap, body: &[u8]) -> Reply {
    let knobs = Knobs::read(headers, body);
    let mut reply = Response::new(Either::Right(Sse::new(answers.events(&knobs), &knobs)));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(REQUEST_ID, ID);
    reply
}

fn json(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, JSON);
    reply.headers_mut().insert(REQUEST_ID, ID);
    reply
}
