//! Asking an upstream for its models, as `tollgate upstreams test` does: over the path of calls,
//! with each of its credentials.

use std::sync::Arc;
use std::time::Duration;

use domain::ports::Probed;
use domain::{KeyId, ProjectId, Secret, UpstreamId};
use egress::{Answer, Outgoing, Pool, SendError, Stage, Tls};
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use openai::list::Page;
use providers::sign::Signature;
use tokio::time::{Instant, timeout};

use crate::attempt::{is_coded, read_whole};
use crate::shared::Dataplane;
use crate::upstreams::LiveUpstream;

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of a list of models.
const MOST: usize = 16 << 20;

/// These are our own questions, no client's.
const AGENT: &str = concat!("tollgate/", env!("CARGO_PKG_VERSION"));

/// Asks over connections of its own.
pub struct Prober {
    shared: Arc<Dataplane>,
    tls: Tls,
}

impl Prober {
    #[must_use]
    pub fn new(shared: Arc<Dataplane>, tls: Tls) -> Self {
        Self { shared, tls }
    }

    /// Asks with each credential until one does not do.
    pub async fn probe(&self, id: &UpstreamId) -> Probed {
        let upstreams = self.shared.upstreams();
        let began = Instant::now();
        let mut probed = Probed { status: None, models: None, problem: None, took_ms: 0 };
        let Some(upstream) = upstreams.iter().find(|upstream| upstream.id == *id) else {
            probed.problem = Some("It is not in use.".to_owned());
            return probed;
        };
        let pool = Pool::new(self.tls.clone(), self.shared.settings.connect);
        for credential in 0..upstream.credentials.len() {
            let sign = |headers: &mut HeaderMap| upstream.sign(credential, headers);
            probed = self.ask(&pool, upstream, sign).await;
            if let (Some(problem), true) = (&mut probed.problem, upstream.credentials.len() > 1) {
                let nth = credential + 1;
                problem.push_str(&format!(" This was its credential number {nth}."));
            }
            if probed.problem.is_some() {
                break;
            }
        }
        probed.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        probed
    }

    /// Asks once with a credential that the upstream does not have yet.
    pub async fn try_credential(&self, id: &UpstreamId, secret: &Secret) -> Probed {
        let upstreams = self.shared.upstreams();
        let began = Instant::now();
        let mut probed = Probed { status: None, models: None, problem: None, took_ms: 0 };
        let Some(upstream) = upstreams.iter().find(|upstream| upstream.id == *id) else {
            probed.problem = Some("It is not in use.".to_owned());
            return probed;
        };
        let Ok(signature) = Signature::new(upstream.provider.auth, Some(secret)) else {
            probed.problem = Some("The credential cannot stand in a header.".to_owned());
            return probed;
        };
        let pool = Pool::new(self.tls.clone(), self.shared.settings.connect);
        let sign = |headers: &mut HeaderMap| {
            // The headers that go along with every call, and the new credential over the old one.
            upstream.sign(0, headers);
            signature.apply(headers);
        };
        probed = self.ask(&pool, upstream, sign).await;
        probed.took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        probed
    }

    async fn ask(
        &self,
        pool: &Arc<Pool>,
        upstream: &LiveUpstream,
        sign: impl Fn(&mut HeaderMap),
    ) -> Probed {
        let mut probed = Probed { status: None, models: None, problem: None, took_ms: 0 };
        let mut request = Request::new(Outgoing::Empty);
        match Uri::try_from(upstream.path("/models", None)) {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => probed.problem = Some("Its base URL's path cannot be asked for.".to_owned()),
        }
        if probed.problem.is_some() {
            return probed;
        }
        let map = request.headers_mut();
        map.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        sign(map);
        // Of no project and no key: as the upstream itself leaves the house.
        let way = self.shared.way(upstream, &ProjectId::from(""), &KeyId::from(""));
        let answer = match timeout(PATIENCE, pool.send(&upstream.origin, &way, request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Probed { problem: Some(unsent(&error)), ..probed },
            Err(_) => {
                let why = "It did not answer in time.".to_owned();
                return Probed { problem: Some(why), ..probed };
            }
        };
        probed.status = Some(answer.status().as_u16());
        match answer.status() {
            StatusCode::OK => match self.count(answer).await {
                Some(models) => probed.models = Some(models),
                None => {
                    let why = "It answered, but not with a list of models: check the base URL.";
                    probed.problem = Some(why.to_owned());
                }
            },
            // There, and it lets us in: its catalogue row says whether it lists models at all.
            StatusCode::NOT_FOUND if !upstream.provider.offers("/models") => {}
            status => probed.problem = Some(refused(status)),
        }
        probed
    }

    async fn count(&self, answer: Answer) -> Option<usize> {
        if is_coded(answer.headers()) {
            return None;
        }
        let body = read_whole(&self.shared, answer.into_body(), MOST).await.ok()?;
        Page::parse(&body).map(|page| page.elements.len())
    }
}

fn unsent(error: &SendError) -> String {
    match error.stage {
        Stage::AddressNotAllowed => {
            "Its name leads to an address that is not public; see private_hosts.".to_owned()
        }
        Stage::ConnectTimeout => "Connecting to it timed out.".to_owned(),
        Stage::NotSent => format!("It cannot be reached: {error}."),
        Stage::Unknown => format!("The connection broke before an answer came: {error}."),
    }
}

fn refused(status: StatusCode) -> String {
    match status.as_u16() {
        401 => "It refused the credential (401): rotate it.".to_owned(),
        403 => "It refused us (403): the credential may lack a right, or the region is not \
                served."
            .to_owned(),
        404 => "It knows no list of models there (404): check the base URL.".to_owned(),
        429 => "It answered 429: the account is out of credit, or asked too much.".to_owned(),
        300..=399 => format!("It redirected us ({status}): set the address that it means."),
        _ => format!("It answered {status}."),
    }
}
