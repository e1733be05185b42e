//! Calls that pages of the dashboard make: through the data plane of this very process, without a
//! socket.

use std::sync::Arc;
use std::time::Duration;

use control::Control;
use dataplane::{Worker, serve_within};
use domain::fault::catalogue;
use domain::ports::BoxFuture;
use domain::{Fault, Secret};
use egress::{Answer, Origin, Outgoing, Pool, Tls, Way};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use web::{CallKey, Called, Caller, PageCall};

use crate::reveal;

/// For the way within the process to open.
const WAIT: Duration = Duration::from_secs(60);
/// Pieces of an answer that wait for a slow reader.
const PIECES: usize = 16;

/// Makes them; each in a task that goes on to the end of the bill, whoever looks.
pub struct PageCalls {
    tools: Arc<Tools>,
    runtime: Handle,
}

struct Tools {
    control: Arc<Control>,
    worker: Arc<Worker>,
    tls: Tls,
}

impl PageCalls {
    /// To be made on the runtime that lives as long as the process. `None` without a worker.
    #[must_use]
    pub fn new(control: &Arc<Control>, workers: &[Arc<Worker>], tls: Tls) -> Option<Arc<Self>> {
        let worker = Arc::clone(workers.first()?);
        let tools = Tools { control: Arc::clone(control), worker, tls };
        Some(Arc::new(Self { tools: Arc::new(tools), runtime: Handle::current() }))
    }
}

impl Caller for PageCalls {
    fn call(&self, call: PageCall) -> BoxFuture<'_, Result<Called, Fault>> {
        let (tell, told) = oneshot::channel();
        let tools = Arc::clone(&self.tools);
        self.runtime.spawn(async move {
            let secret = match &call.key {
                CallKey::Of(secret) => secret,
                CallKey::Lent(_, key) => &key.secret,
            };
            match tools.send(secret, call.path, call.body).await {
                Ok(answer) => relay(answer, tell).await,
                // Nobody may be there to hear it any more.
                Err(fault) => drop(tell.send(Err(fault))),
            }
            if let CallKey::Lent(author, key) = call.key
                && let Err(fault) = tools.control.end_checkup_key(&author, key).await
            {
                tracing::warn!(why = %fault.message, "a page's key ends by its expiry");
            }
        });
        Box::pin(async move {
            told.await.unwrap_or_else(|_| Err(Fault::new(&catalogue::INTERNAL_ERROR)))
        })
    }
}

async fn relay(answer: Answer, tell: oneshot::Sender<Result<Called, Fault>>) {
    let (head, mut body) = answer.into_parts();
    let (put, take) = mpsc::channel(PIECES);
    let called = Called { status: head.status.as_u16(), headers: head.headers, body: take };
    if tell.send(Ok(called)).is_err() {
        return;
    }
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(bytes) = frame.into_data() else { continue };
        if put.send(bytes).await.is_err() {
            return;
        }
    }
}

impl Tools {
    async fn send(
        &self,
        secret: &Secret,
        path: &'static str,
        body: Option<bytes::Bytes>,
    ) -> Result<Answer, Fault> {
        let failed = |why: String| Fault::because(&catalogue::INTERNAL_ERROR, why);
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::new(body.map_or(Outgoing::Empty, Outgoing::Whole));
        *request.method_mut() = method;
        *request.uri_mut() = http::Uri::from_static(path);
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut bearer = HeaderValue::from_str(&reveal::bearer(secret))
            .map_err(|_| Fault::new(&catalogue::INVALID_API_KEY))?;
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        let dial = serve_within(&self.worker);
        let origin = Origin::parse("http://tollgate.invalid", true).map(|o| o.in_process(dial));
        let origin = Arc::new(origin.map_err(|bad| failed(bad.to_string()))?);
        let sent = Pool::new(self.tls.clone(), WAIT).send(&origin, &Way::direct(), request).await;
        sent.map_err(|error| failed(format!("The call could not be sent: {error}.")))
    }
}
