//! Bringing spans to a collector: in batches, with retries, never in the way of a call.

use std::sync::Arc;
use std::time::Duration;

use egress::{Origin, Outgoing, Pool, Tls, Way};
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use tokio::time::Instant;

use super::otlp::Encoding;
use super::spans::{Queue, Span};
use crate::config::Config;
use crate::server::Stop;

/// Connecting to the collector.
const CONNECT: Duration = Duration::from_secs(5);
/// Tries of one batch, and the pause after the first; each further one is twice as long.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause, whatever the collector says.
const LONGEST: Duration = Duration::from_secs(30);
/// For what is left at a stop.
const LAST: Duration = Duration::from_secs(3);

/// Where spans go, and how.
#[derive(Clone)]
pub struct Traces {
    /// The whole URL.
    pub endpoint: String,
    /// Marked as sensitive: they hold a collector's key, often.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub encoding: Encoding,
    /// For one try.
    pub timeout: Duration,
    pub sampler: dataplane::Sampler,
    /// Attributes of the resource.
    pub resource: Vec<(String, String)>,
    /// Spans that may wait, and how many go together.
    pub queue: usize,
    pub batch: usize,
    /// Between two batches that are not full.
    pub every: Duration,
}

/// Takes spans out of the queue for ever.
pub struct Exporter {
    queue: Arc<Queue>,
    to: Traces,
    origin: Arc<Origin>,
    target: String,
    pool: Arc<Pool>,
}

/// How a try ended.
enum Tried {
    Taken,
    Again(Option<Duration>, String),
    Never(String),
}

impl Exporter {
    /// `None` where nothing is traced.
    ///
    /// # Errors
    /// When the extra roots cannot be read, or the endpoint is no URL.
    pub fn new(config: &Config, queue: Option<Arc<Queue>>) -> Result<Option<Self>, String> {
        let (Some(queue), Some(to)) = (queue, config.observe.traces.clone()) else {
            return Ok(None);
        };
        let (origin, target) = place(&to.endpoint)?;
        let pool = Pool::new(Tls::new(config.extra_roots.as_deref())?, CONNECT);
        Ok(Some(Self { queue, to, origin: Arc::new(origin), target, pool }))
    }

    /// Runs until `quit` is called, and then sends what is left, within a bound of time.
    pub async fn run(&self, quit: &Stop) {
        while !quit.is_called() {
            tokio::select! {
                () = tokio::time::sleep(self.to.every) => {}
                () = self.queue.batch_is_full() => {}
                () = quit.called() => break,
            }
            tokio::select! {
                () = self.empty() => {}
                () = quit.called() => {}
            }
        }
    }

    /// Sends what is left, as far as there is time.
    pub async fn last(&self) {
        let late = Instant::now() + LAST;
        loop {
            let batch = self.queue.take();
            if batch.is_empty() {
                return;
            }
            match tokio::time::timeout_at(late, self.post(&batch)).await {
                Ok(Tried::Taken) => self.queue.exported(batch.len()),
                Ok(Tried::Again(_, why) | Tried::Never(why)) => return self.give_up(&batch, &why),
                Err(_) => return self.give_up(&batch, "there was no time left"),
            }
        }
    }

    async fn empty(&self) {
        loop {
            let batch = Unsent { queue: &self.queue, spans: self.queue.take() };
            if batch.spans.is_empty() {
                return;
            }
            self.send(batch).await;
        }
    }

    async fn send(&self, mut batch: Unsent<'_>) {
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            match self.post(&batch.spans).await {
                Tried::Taken => {
                    self.queue.exported(batch.spans.len());
                    batch.spans.clear();
                    return;
                }
                Tried::Again(after, why) if attempt < TRIES => {
                    tracing::debug!(why, "the collector did not take spans; they are sent again");
                    tokio::time::sleep(after.unwrap_or(pause).min(LONGEST)).await;
                    pause *= 2;
                }
                Tried::Again(_, why) | Tried::Never(why) => {
                    let spans = std::mem::take(&mut batch.spans);
                    return self.give_up(&spans, &why);
                }
            }
        }
    }

    fn give_up(&self, spans: &[Span], why: &str) {
        self.queue.dropped(spans.len());
        tracing::warn!(spans = spans.len(), why, "spans were dropped");
    }

    async fn post(&self, spans: &[Span]) -> Tried {
        let body = self.to.encoding.write(&self.to.resource, spans);
        let mut request = Request::new(Outgoing::Whole(body.into()));
        *request.method_mut() = Method::POST;
        match self.target.parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => return Tried::Never("the endpoint is no URL".to_owned()),
        }
        let headers = request.headers_mut();
        let kind = HeaderValue::from_static(self.to.encoding.content_type());
        headers.insert(CONTENT_TYPE, kind);
        let agent = concat!("tollgate/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.extend(self.to.headers.iter().cloned());
        let way = Way::direct();
        let sending = self.pool.send(&self.origin, &way, request);
        match tokio::time::timeout(self.to.timeout, sending).await {
            Ok(Ok(answer)) => judged(answer.status(), answer.headers()),
            Ok(Err(error)) => Tried::Again(None, error.to_string()),
            Err(_) => Tried::Again(None, "no answer in time".to_owned()),
        }
    }
}

/// A batch whose sending a stop may end: what was not taken then waits again.
struct Unsent<'a> {
    queue: &'a Queue,
    spans: Vec<Span>,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        self.queue.put_back(std::mem::take(&mut self.spans));
    }
}

fn judged(status: StatusCode, headers: &HeaderMap) -> Tried {
    let why = format!("the collector answered {status}");
    match status.as_u16() {
        200..=299 => Tried::Taken,
        // What the protocol calls retryable.
        429 | 502..=504 => {
            let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            Tried::Again(after.and_then(|v| v.parse().ok()).map(Duration::from_secs), why)
        }
        _ => Tried::Never(why),
    }
}

/// The operator named the address: it may be a private one.
fn place(endpoint: &str) -> Result<(Origin, String), String> {
    let bad = |why: &str| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {endpoint}: {why}");
    let uri: http::Uri = endpoint.parse().map_err(|_| bad("it is not a URL"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(bad("it needs http:// or https:// and a host"));
    };
    let origin = Origin::parse(&format!("{scheme}://{authority}"), true)
        .map_err(|error| bad(&error.to_string()))?;
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    Ok((origin, target.to_owned()))
}
