//! How the doctor looks at an upstream: by a request of its own, and by one real call through the
//! pipeline. That call is made with a key like any other's, so that it is held, sent and posted
//! like any other; only where it goes, and what the provider refused it with, is minded here.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::diagnosis::{BodyForm, CredentialShape, RefusalFacts};
use domain::{KeyId, ProjectId};
use egress::{InProcess, Origin, Outgoing, Way};
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::arrival::Peer;
use crate::names::{self, Shown};
use crate::pipeline;
use crate::plan::Plan;
use crate::proof::Proof;
use crate::reply::request_id;
use crate::shared::{Dataplane, Worker};
use crate::upstreams::{LiveCredential, LiveUpstream};

/// Characters of a text that is no JSON which are looked through.
const TEXT: usize = 2_000;

/// The keys whose calls are the doctor's.
#[derive(Default)]
pub(crate) struct Examined {
    /// How many there are; mostly none, and then nothing else is looked at.
    count: AtomicUsize,
    keys: Mutex<HashMap<KeyId, Watch>>,
}

struct Watch {
    upstream: Arc<LiveUpstream>,
    refused: Option<RefusalFacts>,
}

impl Examined {
    /// Where the call of such a key goes.
    pub(crate) fn plan(&self, key: &KeyId) -> Option<Plan> {
        self.watched(key, |watch| Plan::only(&watch.upstream))
    }

    pub(crate) fn is_watched(&self, key: &KeyId) -> bool {
        self.watched(key, |_| ()).is_some()
    }

    /// Keeps what a provider refused the call of such a key with.
    pub(crate) fn note(&self, key: &KeyId, status: u16, headers: &HeaderMap, body: &[u8]) {
        self.watched(key, |watch| {
            watch.refused = Some(refusal(&watch.upstream, status, headers, body));
        });
    }

    fn watched<T>(&self, key: &KeyId, act: impl FnOnce(&mut Watch) -> T) -> Option<T> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.lock().get_mut(key).map(act)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<KeyId, Watch>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upstream as the doctor sees it.
#[derive(Clone)]
pub struct Subject(Arc<LiveUpstream>);

impl Subject {
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name.to_str().unwrap_or("")
    }

    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    /// How many credentials it has; one at least.
    #[must_use]
    pub fn credentials(&self) -> usize {
        self.0.credentials.len()
    }

    /// What one of its credentials looks like, before anybody has judged it.
    #[must_use]
    pub fn shape(&self, credential: usize) -> CredentialShape {
        let official = self.0.provider.base_url.contains(self.0.origin.address().0);
        let found = self.0.credentials.get(credential);
        let shape = |it: &LiveCredential| it.signature.shape(self.0.provider, official);
        found.map_or(CredentialShape::Absent, shape)
    }

    /// How the calls of a project leave for it.
    #[must_use]
    pub fn way(&self, shared: &Dataplane, project: &ProjectId, key: &KeyId) -> Way {
        shared.way(&self.0, project, key)
    }

    /// A signed request for the upstream's models: free, and refused to a wrong credential.
    #[must_use]
    pub fn models_request(&self, credential: usize) -> Request<Outgoing> {
        let mut request = Request::new(Outgoing::Empty);
        // A base URL was parsed as one, so what it begins is a path.
        *request.uri_mut() = self.0.path("/models", None).parse().unwrap_or_default();
        let agent = HeaderValue::from_static(concat!("tollgate/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.0.sign(credential, request.headers_mut());
        request
    }

    /// What an answer of this upstream says, its own names and our credential left out.
    #[must_use]
    pub fn refusal(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> RefusalFacts {
        refusal(&self.0, status, headers, body)
    }
}

/// While it is there, calls of a key go to one upstream.
pub struct Watched {
    shared: Arc<Dataplane>,
    key: KeyId,
}

impl Watched {
    /// What the provider refused the key's last call with.
    #[must_use]
    pub fn refused(&self) -> Option<RefusalFacts> {
        self.shared.examined.watched(&self.key, |watch| watch.refused.take()).flatten()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.shared.examined.lock().remove(&self.key).is_some() {
            self.shared.examined.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Dataplane {
    /// The upstreams in use, in their order.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        self.upstreams().iter().map(|upstream| Subject(Arc::clone(upstream))).collect()
    }

    /// Sends the calls of a key to one upstream, whatever they name, and watches them.
    #[must_use]
    pub fn watch(self: &Arc<Self>, key: KeyId, subject: &Subject) -> Watched {
        let watch = Watch { upstream: Arc::clone(&subject.0), refused: None };
        if self.examined.lock().insert(key.clone(), watch).is_none() {
            self.examined.count.fetch_add(1, Ordering::Relaxed);
        }
        Watched { shared: Arc::clone(self), key }
    }
}

/// The data plane as a client inside this process reaches it: the same path, without the listener.
#[must_use]
pub fn serve_within(worker: &Arc<Worker>) -> InProcess {
    let worker = Arc::clone(worker);
    Arc::new(move || {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (own, tasks) = (Arc::clone(&worker), worker.shared.tasks.clone());
        tasks.spawn(async move {
            let service = service_fn(move |request| {
                let worker = Arc::clone(&own);
                let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
                let peer = Peer { address, proof: Proof::Within };
                let at = worker.shared.clock.now();
                let call = (request_id(at), at);
                Box::pin(async move {
                    let (head, body) = request.into_parts();
                    let request = (Box::new(head), body);
                    Ok::<_, Infallible>(pipeline::serve(&worker, request, peer, call).await)
                })
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a call of the doctor ended early");
            }
        });
        ours
    })
}

fn refusal(upstream: &LiveUpstream, status: u16, headers: &HeaderMap, body: &[u8]) -> RefusalFacts {
    let blanked;
    let body = match names::look(upstream, body) {
        Shown::Nothing => body,
        Shown::Names(text) => {
            blanked = text;
            &blanked
        }
        Shown::Credential => &[],
    };
    let retry_after = headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let is_html = kind.starts_with("text/html") || body.trim_ascii_start().starts_with(b"<");
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let text = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|p| parsed.as_ref()?.pointer(p)?.as_str());
        found.map(str::to_owned)
    };
    // Other providers leave out the envelope, or one of its names.
    let message = text(&["/error/message", "/message", "/detail", "/error"]);
    let form = match (&parsed, &message) {
        (Some(_), Some(_)) => BodyForm::Envelope,
        (Some(_), None) => BodyForm::Json,
        (None, _) if is_html => BodyForm::Html,
        (None, _) => BodyForm::Other,
    };
    let plain = || {
        let text: String = String::from_utf8_lossy(body).chars().take(TEXT).collect();
        (!text.trim().is_empty()).then_some(text)
    };
    RefusalFacts {
        status,
        form,
        code: text(&["/error/code", "/code"]),
        kind: text(&["/error/type", "/type"]),
        message: message.or_else(plain),
        retry_after,
    }
}
