//! Kept-alive connections to upstreams. One pool a worker: its lock is never contended, and a
//! connection is driven by the runtime that made it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use domain::pinned;
use http::{Request, Response, Version, header};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use crate::connect::{Dialled, connect};
use crate::failure::{Cause, SendError, Stage};
use crate::names::Names;
use crate::{Origin, Outgoing, Tls, Way};

mod answer;
mod kept;
#[cfg(test)]
mod tests;
mod through;

pub use answer::AnswerBody;
use kept::{Kept, Place};

/// An upstream's status, headers and body; the body gives its connection back at its end.
pub type Answer = Response<AnswerBody>;

type H1 = http1::SendRequest<Outgoing>;
type H2 = http2::SendRequest<Outgoing>;

/// Connections of one worker.
pub struct Pool {
    tls: Tls,
    /// For proxies that speak TLS; most processes have none.
    proxy_tls: OnceLock<Tls>,
    names: Names,
    connect_timeout: Duration,
    kept: Mutex<Kept>,
}

impl Pool {
    #[must_use]
    pub fn new(tls: Tls, connect_timeout: Duration) -> Arc<Self> {
        Self::with_names(tls, connect_timeout, Names::default())
    }

    pub(crate) fn with_names(tls: Tls, connect_timeout: Duration, names: Names) -> Arc<Self> {
        let (proxy_tls, kept) = (OnceLock::new(), Mutex::default());
        Arc::new(Self { tls, proxy_tls, names, connect_timeout, kept })
    }

    /// Sends one request and waits for the answer's head. The path is the whole path, prefix
    /// included; the Host header is ours to set. No connection of another way is used.
    ///
    /// # Errors
    /// [`SendError`]; its stage says whether the request may have been seen.
    pub async fn send(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        way: &Way,
        mut request: Request<Outgoing>,
    ) -> Result<Answer, SendError> {
        request.headers_mut().insert(header::HOST, origin.host_header.clone());
        let mut request = Some(request);
        match way.egress() {
            Some(egress) if origin.in_process.is_none() => {
                pinned(|| self.send_through(origin, egress, way.subject(), &mut request)).await
            }
            _ => self.send_direct(origin, &mut request).await,
        }
    }

    async fn send_direct(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        request: &mut Unsent,
    ) -> Result<Answer, SendError> {
        let place = Place::direct(origin);
        if let Some(answer) = self.send_kept(origin, place, request).await? {
            return Ok(answer);
        }
        pinned(|| self.send_new(origin, place, request)).await
    }

    /// Over a connection that is opened for it.
    async fn send_new(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        place: Place,
        request: &mut Unsent,
    ) -> Result<Answer, SendError> {
        let opened = self.open(origin).await?;
        self.send_on(opened, origin, place, request).await?.ok_or_else(closed_at_once)
    }

    /// Over the connections that are open already. One may have been closed by the other side just
    /// now: as long as the request comes back whole, no byte of it has left, and the next may try.
    async fn send_kept(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        place: Place,
        request: &mut Unsent,
    ) -> Result<Option<Answer>, SendError> {
        while let Some(sender) = self.take_h1(place) {
            if let Some(answer) = self.send_h1(place, sender, request).await? {
                return Ok(Some(answer));
            }
        }
        // What is rarer than a kept connection is boxed, to keep an ordinary call's future small.
        let sender = self.lock().h2(place);
        match sender {
            Some(sender) => pinned(|| self.send_h2(origin, place, sender, request)).await,
            None => Ok(None),
        }
    }

    async fn send_on(
        self: &Arc<Self>,
        opened: Opened,
        origin: &Arc<Origin>,
        place: Place,
        request: &mut Unsent,
    ) -> Result<Option<Answer>, SendError> {
        match opened {
            Opened::H1(sender) => self.send_h1(place, sender, request).await,
            Opened::H2(sender) => pinned(|| self.send_h2(origin, place, sender, request)).await,
        }
    }

    async fn send_h1(
        self: &Arc<Self>,
        place: Place,
        mut sender: H1,
        unsent: &mut Unsent,
    ) -> Result<Option<Answer>, SendError> {
        if sender.ready().await.is_err() {
            return Ok(None);
        }
        let Some(request) = unsent.take() else { return Ok(None) };
        match sender.try_send_request(request).await {
            Ok(response) => {
                let home = (Arc::clone(self), place, sender);
                Ok(Some(response.map(|body| AnswerBody::h1(body, home))))
            }
            Err(mut error) => {
                *unsent = error.take_message();
                if unsent.is_none() { Err(unknown(&error.into_error())) } else { Ok(None) }
            }
        }
    }

    async fn send_h2(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        place: Place,
        mut sender: H2,
        unsent: &mut Unsent,
    ) -> Result<Option<Answer>, SendError> {
        if sender.ready().await.is_err() {
            self.lock().forget_h2(place);
            return Ok(None);
        }
        let Some(mut request) = unsent.take() else { return Ok(None) };
        let host = request.headers_mut().remove(header::HOST);
        let target = std::mem::take(request.uri_mut());
        let mut parts = target.clone().into_parts();
        parts.scheme = Some(http::uri::Scheme::HTTPS);
        parts.authority = Some(origin.authority.clone());
        *request.uri_mut() = http::Uri::from_parts(parts)
            .map_err(|error| SendError::before(Cause::Request, error))?;
        *request.version_mut() = Version::HTTP_2;
        match sender.try_send_request(request).await {
            Ok(response) => Ok(Some(response.map(AnswerBody::h2))),
            Err(mut error) => match error.take_message() {
                Some(mut request) => {
                    *request.uri_mut() = target;
                    *request.version_mut() = Version::HTTP_11;
                    request.headers_mut().extend(host.map(|h| (header::HOST, h)));
                    *unsent = Some(request);
                    Ok(None)
                }
                None => Err(unknown(&error.into_error())),
            },
        }
    }

    async fn open(self: &Arc<Self>, origin: &Arc<Origin>) -> Result<Opened, SendError> {
        let connecting = connect(origin, &self.names, &self.tls);
        match tokio::time::timeout(self.connect_timeout, connecting).await {
            Ok(dialled) => self.speak(dialled?, Place::direct(origin)).await,
            Err(_) => Err(SendError::before(Cause::Timeout, "connecting timed out")),
        }
    }

    /// Begins HTTP on a new connection.
    async fn speak(&self, dialled: Dialled, place: Place) -> Result<Opened, SendError> {
        let failed = |error: hyper::Error| SendError::before(Cause::Closed, error);
        if dialled.is_h2() {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(Duration::from_secs(20))
                .keep_alive_timeout(Duration::from_secs(20))
                .max_header_list_size(64 * 1024)
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(16 << 20)
                .handshake(TokioIo::new(dialled))
                .await
                .map_err(failed)?;
            tokio::spawn(connection);
            self.lock().keep_h2(place, sender.clone());
            return Ok(Opened::H2(sender));
        }
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(256 * 1024)
            .handshake(TokioIo::new(dialled))
            .await
            .map_err(failed)?;
        tokio::spawn(connection);
        Ok(Opened::H1(sender))
    }

    fn take_h1(&self, place: Place) -> Option<H1> {
        self.lock().take_h1(place)
    }

    fn give_back(&self, place: Place, sender: H1) {
        self.lock().give_back(place, sender);
    }

    /// Closes the idle connections of origins that are no longer used, and stale ones.
    pub fn sweep(&self, live: &[Arc<Origin>]) {
        self.lock().sweep(live);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request until it is sent. It is lent from stage to stage: handed over, each would move it. What
/// comes back whole after a try, no byte of it sent, lies here again.
type Unsent = Option<Request<Outgoing>>;

enum Opened {
    H1(H1),
    H2(H2),
}

fn closed_at_once() -> SendError {
    SendError::new(Stage::NotSent, "the connection closed at once".to_owned())
}

fn unknown(error: &hyper::Error) -> SendError {
    SendError::new(Stage::Unknown, error.to_string())
}
