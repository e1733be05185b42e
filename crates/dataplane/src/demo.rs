//! Serves the built-in demo provider inside this process, over the same HTTP as any other: the
//! path to it is the path to a real one.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use domain::Clock;
use egress::InProcess;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use providers::demo::{self, Answer};
use tokio::time::{Sleep, sleep};

use crate::tasks::Tasks;

/// The pause between two events, so that a stream looks like one.
const PAUSE: Duration = Duration::from_millis(15);

/// How to reach the demo: each connection is served by a task of the worker that opens it.
#[must_use]
pub fn serve_demo(clock: Arc<dyn Clock>) -> InProcess {
    let tasks = Tasks::default();
    Arc::new(move || {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let clock = Arc::clone(&clock);
        tasks.spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&clock)));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the demo ended");
            }
        });
        ours
    })
}

async fn answer(
    request: Request<Incoming>,
    clock: Arc<dyn Clock>,
) -> Result<Response<DemoBody>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let nonce: String = vault::random::<12>().iter().map(|b| format!("{b:02x}")).collect();
    let path = head.uri.path().strip_prefix("/v1").unwrap_or("").to_owned();
    let method = head.method.to_string();
    let (now, id) = (clock.now().seconds(), format!("req_demo{nonce}"));
    // Counting tokens may load the tokenizer, which blocks.
    let made =
        tokio::task::spawn_blocking(move || demo::answer(&method, &path, &body, &nonce, now));
    let made = made.await.unwrap_or(Answer::Json(500, Bytes::new()));
    let (status, kind, body) = match made {
        Answer::Json(status, body) => (status, "application/json", DemoBody::of(vec![body])),
        Answer::Stream(events) => (200, "text/event-stream", DemoBody::of(events)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let map = response.headers_mut();
    map.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    map.extend(
        HeaderValue::from_str(&id).ok().map(|id| (HeaderName::from_static("x-request-id"), id)),
    );
    Ok(response)
}

/// Events with a pause before each but the first.
struct DemoBody {
    pieces: std::vec::IntoIter<Bytes>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl DemoBody {
    fn of(pieces: Vec<Bytes>) -> Self {
        Self { pieces: pieces.into_iter(), pause: None }
    }
}

impl Body for DemoBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
        }
        let next = self.pieces.next();
        self.pause = (next.is_some() && self.pieces.len() > 0).then(|| Box::pin(sleep(PAUSE)));
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece))))
    }
}
