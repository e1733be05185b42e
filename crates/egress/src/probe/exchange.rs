//! One request over a connection of its own.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::Timestamp;
use domain::diagnosis::HttpFailure;
use http::{HeaderMap, Request, StatusCode, Version, header};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{Link, Probe};
use crate::connect::Dialled;
use crate::{Origin, Outgoing};

/// Bytes of a body that are read.
const MOST: usize = 8 << 20;
/// The first bytes of a TLS alert.
const ALERT: [u8; 2] = [0x15, 0x03];

/// An answer, whole.
pub struct Told {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Empty where it broke off or was too long: the status stands.
    pub body: Bytes,
}

impl Told {
    /// The other side's clock.
    #[must_use]
    pub fn date(&self) -> Option<Timestamp> {
        let text = self.headers.get(header::DATE)?.to_str().ok()?;
        let at = httpdate::parse_http_date(text).ok()?;
        let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Timestamp::from_seconds(i64::try_from(since.as_secs()).ok()?))
    }
}

impl Probe {
    /// Sends one request and reads its answer. The path is the whole one; Host is set here.
    ///
    /// # Errors
    /// [`HttpFailure`].
    pub async fn ask(
        &self,
        origin: &Origin,
        link: Link,
        mut request: Request<Outgoing>,
    ) -> Result<Told, HttpFailure> {
        request.headers_mut().insert(header::HOST, origin.host_header.clone());
        let first = Arc::new(AtomicU32::new(0));
        let h2 = link.0.is_h2();
        let noted = TokioIo::new(Noted { stream: link.0, first: Arc::clone(&first) });
        let exchange = async {
            match h2 {
                true => over_h2(origin, noted, request).await,
                false => over_h1(noted, request).await,
            }
        };
        match tokio::time::timeout(self.answer, exchange).await {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(error)) => Err(failure(&error, first.load(Ordering::Relaxed))),
            Err(_) => Err(HttpFailure::TimedOut),
        }
    }
}

fn failure(error: &hyper::Error, first: u32) -> HttpFailure {
    let [count, one, two, _] = first.to_be_bytes();
    match count {
        2.. if [one, two] == ALERT => HttpFailure::WantsTls,
        _ if error.is_parse() || error.is_parse_status() => HttpFailure::NotHttp,
        _ => HttpFailure::Closed,
    }
}

async fn over_h1(io: TokioIo<Noted>, request: Request<Outgoing>) -> Result<Told, hyper::Error> {
    let (mut sender, connection) = http1::handshake(io).await?;
    driven(connection, async move { whole(sender.send_request(request).await?).await }).await
}

async fn over_h2(
    origin: &Origin,
    io: TokioIo<Noted>,
    mut request: Request<Outgoing>,
) -> Result<Told, hyper::Error> {
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    request.headers_mut().remove(header::HOST);
    let scheme = if origin.tls { "https" } else { "http" };
    let target = http::Uri::builder()
        .scheme(scheme)
        .authority(origin.authority.clone())
        .path_and_query(request.uri().path_and_query().map_or("/", |target| target.as_str()));
    if let Ok(target) = target.build() {
        *request.uri_mut() = target;
    }
    *request.version_mut() = Version::HTTP_2;
    driven(connection, async move { whole(sender.send_request(request).await?).await }).await
}

async fn whole(answer: http::Response<hyper::body::Incoming>) -> Result<Told, hyper::Error> {
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, MOST).collect().await;
    let body = body.map_or_else(|_| Bytes::new(), |body| body.to_bytes());
    Ok(Told { status: head.status, headers: head.headers, body })
}

/// Runs an exchange beside the connection that carries it.
async fn driven<T>(
    connection: impl Future<Output = Result<(), hyper::Error>>,
    exchange: impl Future<Output = Result<T, hyper::Error>>,
) -> Result<T, hyper::Error> {
    let (mut connection, mut exchange) = (pin!(connection), pin!(exchange));
    tokio::select! {
        biased;
        told = &mut exchange => told,
        // What came before the connection's end is still there to be read.
        _ = &mut connection => exchange.await,
    }
}

/// A stream of which the first bytes that came are kept.
struct Noted {
    stream: Dialled,
    /// How many there are, and the first three of them.
    first: Arc<AtomicU32>,
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.first.load(Ordering::Relaxed) == 0 {
            let mut word = [0_u8; 4];
            for (place, byte) in word[1..].iter_mut().zip(&buf.filled()[before..]) {
                *place = *byte;
            }
            word[0] = u8::try_from((buf.filled().len() - before).min(3)).unwrap_or(3);
            self.first.store(u32::from_be_bytes(word), Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
