//! One client connection: TLS where it is set, HTTP/1.1 or HTTP/2, bounded in every direction.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use dataplane::{Peer, Proof, ReplyBody, Worker};
use domain::pinned;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::activity::{Activity, Counted};
use super::front::Front;
use super::heads::Heads;
use super::stall::Stall;
use super::stop::{Stop, Until};

/// For a request's head, and for the pause before it (case 75).
const HEAD: Duration = Duration::from_secs(30);
/// For the TLS handshake, and for the first bytes of a connection.
const GREETING: Duration = Duration::from_secs(10);
/// For an HTTP/2 client to take our leave, when its connection is no longer used.
const LEAVE: Duration = Duration::from_secs(5);
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 * 1024;
/// The most that is read at once: most bodies then come in one piece, which nothing copies.
const READ_BYTES: usize = 256 * 1024;

/// Whom a connection belongs to, and what serves it.
pub(super) struct Client {
    pub(super) peer: SocketAddr,
    pub(super) proof: Proof,
    pub(super) front: Arc<Front>,
    pub(super) worker: Arc<Worker>,
    pub(super) stop: Stop,
}

impl Client {
    async fn answer(&self, request: Request<Incoming>) -> Response<ReplyBody> {
        let peer = Peer { address: self.peer.ip().to_canonical(), proof: self.proof.clone() };
        let (head, body) = request.into_parts();
        // Boxed, since each stage that takes it would move it.
        self.front.answer(&self.worker, (Box::new(head), body), peer).await
    }
}

/// A connection in whatever it speaks. Boxed: a task is as large as the largest thing that it may
/// come to drive, for as long as it lives, and most connections are not that.
type Driven = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;

pub(super) async fn serve(stream: TcpStream, client: Client, tls: Option<TlsAcceptor>) {
    // Each event of a stream must leave at once.
    let _ = stream.set_nodelay(true);
    let driven = match tls {
        Some(tls) => pinned(|| greet_tls(stream, client, tls)).await,
        None => pinned(|| greet(stream, client)).await,
    };
    let Some(driven) = driven else { return };
    if let Err(error) = driven.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn greet(stream: TcpStream, client: Client) -> Option<Driven> {
    let h2 = tokio::time::timeout(GREETING, speaks_h2(&stream)).await.ok()?;
    Some(drive(stream, h2, client))
}

async fn greet_tls(stream: TcpStream, mut client: Client, tls: TlsAcceptor) -> Option<Driven> {
    match tokio::time::timeout(GREETING, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let session = stream.get_ref().1;
            let h2 = session.alpn_protocol() == Some(b"h2");
            client.proof = Proof::of_tls(session.peer_certificates().unwrap_or_default());
            return Some(drive(stream, h2, client));
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
    None
}

/// Whether a plain connection begins as HTTP/2 does (RFC 9113, section 3.4). Three bytes tell:
/// no method of HTTP/1.1 begins with `PRI`.
async fn speaks_h2(stream: &TcpStream) -> bool {
    let mut seen = [0; 3];
    // What was peeked at stays readable, so that only a clock can tell when to look again.
    let mut pause = Duration::from_millis(2);
    loop {
        match stream.peek(&mut seen).await {
            Ok(n) if n == 0 || !b"PRI".starts_with(&seen[..n]) => return false,
            Ok(3) => return true,
            Ok(_) => tokio::time::sleep(pause).await,
            Err(_) => return false,
        }
        pause = (pause * 2).min(Duration::from_millis(250));
    }
}

fn drive<S>(stream: S, h2: bool, client: Client) -> Driven
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, stop) = (TokioIo::new(Stall::new(stream)), client.stop.clone());
    let client = Arc::new(client);
    if h2 { Box::pin(drive_h2(stream, client, stop)) } else { drive_h1(stream, client, stop) }
}

fn drive_h1<S>(stream: TokioIo<Stall<S>>, client: Arc<Client>, stop: Stop) -> Driven
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let client = Arc::clone(&client);
        // Boxed for the call: the connection would keep the room for as long as it lives.
        pinned(|| async move { Ok::<_, Infallible>(client.answer(request).await) })
    });
    let connection = http1::Builder::new()
        .timer(Heads::default())
        .header_read_timeout(HEAD)
        .max_buf_size(READ_BYTES)
        .max_header_size(HEAD_BYTES)
        .max_headers(100)
        .serve_connection(stream, service);
    Box::pin(Until::new(connection, |c| c.graceful_shutdown(), stop))
}

async fn drive_h2<S>(
    stream: TokioIo<Stall<S>>,
    client: Arc<Client>,
    stop: Stop,
) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::begin();
    let counting = activity.clone();
    let service = service_fn(move |request| {
        let (client, open) = (Arc::clone(&client), counting.request());
        async move {
            let response = client.answer(request).await;
            Ok::<_, Infallible>(response.map(|body| Counted::new(body, open)))
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(64 * 1024)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .max_send_buf_size(256 * 1024)
        .serve_connection(stream, service);
    used(Until::new(connection, |c| c.graceful_shutdown(), stop), &activity).await
}

/// Drives an HTTP/2 connection for as long as it is used. Pings alone keep none open: a client that
/// answers them and asks for nothing holds a descriptor and our memory.
async fn used<C, E>(mut connection: Until<C>, activity: &Activity) -> Result<(), E>
where
    C: Future<Output = Result<(), E>>,
{
    tokio::select! {
        biased;
        ended = &mut connection => return ended,
        () = activity.ceased() => connection.close_soon(),
    }
    loop {
        // A request that was on its way is served to its end.
        match tokio::time::timeout(LEAVE, &mut connection).await {
            Ok(ended) => return ended,
            Err(_) if activity.is_open() => {}
            Err(_) => return Ok(()),
        }
    }
}
