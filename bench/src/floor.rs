//! The floor: the least that a streaming reverse proxy costs with the same library and runtime.
//!
//! It keeps upstream connections alive in a pool of its own, passes bodies through frame by
//! frame in both directions, drops hop-by-hop headers, names the upstream in `host`, switches
//! Nagle off on both sides, and does nothing else: no routing, no reading of bodies, no log.
//! An upstream failure closes the client's connection. Every figure of Tollgate is a ratio to it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{Result, listen};

static HOP_BY_HOP: [HeaderName; 6] =
    [CONNECTION, HeaderName::from_static("keep-alive"), TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

pub(crate) async fn serve(at: SocketAddr, upstream: SocketAddr) -> Result<()> {
    let host = HeaderValue::from_str(&upstream.to_string())?;
    let pool = Arc::new(Pool { upstream, host, idle: Mutex::default() });
    let listener = listen::bind(at).await?;
    loop {
        let stream = listen::accept(&listener).await?;
        let pool = pool.clone();
        let service = service_fn(move |request| forward(pool.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn forward(pool: Arc<Pool>, mut request: Request<Incoming>) -> Result<Response<Relay>> {
    strip_hop_by_hop(request.headers_mut());
    request.headers_mut().insert(HOST, pool.host.clone());
    let mut sender = pool.lease().await?;
    let mut response = sender.send_request(request).await?;
    strip_hop_by_hop(response.headers_mut());
    Ok(response.map(|body| Relay { body, ended: false, sender: Some(sender), pool }))
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Upstream connections that carry no request now, the warmest on top.
struct Pool {
    upstream: SocketAddr,
    host: HeaderValue,
    idle: Mutex<Vec<SendRequest<Incoming>>>,
}

impl Pool {
    async fn lease(&self) -> Result<SendRequest<Incoming>> {
        loop {
            let Some(mut sender) = self.idle().pop() else { return self.connect().await };
            // Its task may still be closing the former exchange; an error is a dead connection.
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Incoming>> {
        let stream = TcpStream::connect(self.upstream).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SendRequest<Incoming>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The upstream's body on its way to the client; gives the connection back when it has ended.
/// Dropped before its end (the client went), it drops the connection too, which stops the stream.
struct Relay {
    body: Incoming,
    ended: bool,
    sender: Option<SendRequest<Incoming>>,
    pool: Arc<Pool>,
}

impl Body for Relay {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.ended = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if (self.ended || self.body.is_end_stream())
            && let Some(sender) = self.sender.take()
        {
            self.pool.idle().push(sender);
        }
    }
}
