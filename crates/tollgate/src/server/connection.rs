//! One client connection: TLS where it is set, HTTP/1.1 or HTTP/2, bounded in every direction.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dataplane::{Peer, Worker};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::activity::{Activity, Counted};
use super::front::Front;
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

pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    front: Arc<Front>,
    worker: Arc<Worker>,
    tls: Option<TlsAcceptor>,
    stop: Stop,
) {
    // Each event of a stream must leave at once.
    let _ = stream.set_nodelay(true);
    let who = Peer { address: peer.ip().to_canonical() };
    let Some(tls) = tls else {
        let Ok(h2) = tokio::time::timeout(GREETING, speaks_h2(&stream)).await else { return };
        return drive(Stall::new(stream), h2, who, front, worker, stop).await;
    };
    match tokio::time::timeout(GREETING, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            drive(Stall::new(stream), h2, who, front, worker, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
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

async fn drive<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    h2: bool,
    peer: Peer,
    front: Arc<Front>,
    worker: Arc<Worker>,
    stop: Stop,
) {
    let ended = if h2 {
        let activity = Activity::begin();
        let counting = activity.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (front, worker) = (Arc::clone(&front), Arc::clone(&worker));
            let open = counting.request();
            async move {
                let response = front.answer(&worker, request, peer).await;
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
            .serve_connection(TokioIo::new(stream), service);
        used(Until::new(connection, |c| c.graceful_shutdown(), stop), &activity).await
    } else {
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let (front, worker) = (Arc::clone(&front), Arc::clone(&worker));
            async move { Ok::<_, Infallible>(front.answer(&worker, request, peer).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .max_header_size(HEAD_BYTES)
            .max_headers(100)
            .serve_connection(TokioIo::new(stream), service);
        Until::new(connection, |c| c.graceful_shutdown(), stop).await
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
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
