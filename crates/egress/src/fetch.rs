//! One request to a place that the operator named, and its whole answer: published keys, the API of
//! the cluster that we run in.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::Secret;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};

use crate::{Cause, Origin, Outgoing, Pool, SendError, Stage, Tls, Way};

const CONNECT: Duration = Duration::from_secs(5);
/// For all of it.
const WHOLE: Duration = Duration::from_secs(15);
/// Bytes of an answer.
const MOST: usize = 1 << 20;

/// By what a place knows us.
#[derive(Clone, Copy)]
pub enum Authorization<'a> {
    None,
    Bearer(&'a Secret),
    /// A user's name and their password.
    Basic(&'a str, &'a Secret),
}

/// What to ask for.
pub struct Ask<'a> {
    pub method: Method,
    /// May be at a private address: it is the operator's word.
    pub url: &'a str,
    pub authorization: Authorization<'a>,
    /// Beside those that every request has.
    pub headers: &'a [(HeaderName, &'static str)],
    pub body: Bytes,
}

/// Asks, each time over a connection of its own. Follows no redirect.
pub struct Fetcher {
    tls: Tls,
}

impl Fetcher {
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        Self { tls }
    }

    /// The status and the body, whatever they are.
    ///
    /// # Errors
    /// [`SendError`] when there is no whole answer in time.
    pub async fn fetch(&self, ask: Ask<'_>) -> Result<(StatusCode, Bytes), SendError> {
        let (origin, target) = Origin::of_url(ask.url, true).map_err(|bad| not_sent(bad.0))?;
        let request = request(ask, target)?;
        let pool = Pool::new(self.tls.clone(), CONNECT);
        let whole = async {
            let answer = pool.send(&Arc::new(origin), &Way::direct(), request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MOST).collect().await;
            let body = body.map_err(|error| SendError::new(Stage::Unknown, error.to_string()))?;
            Ok((status, body.to_bytes()))
        };
        match tokio::time::timeout(WHOLE, whole).await {
            Ok(fetched) => fetched,
            Err(_) => Err(SendError::new(Stage::Unknown, "no answer in time".to_owned())),
        }
    }
}

fn request(ask: Ask<'_>, target: String) -> Result<Request<Outgoing>, SendError> {
    let body = if ask.body.is_empty() { Outgoing::Empty } else { Outgoing::Whole(ask.body) };
    let mut request = Request::builder()
        .method(ask.method)
        .uri(target)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("tollgate/", env!("CARGO_PKG_VERSION")))
        .body(body)
        .map_err(|error| not_sent(&error.to_string()))?;
    for (name, value) in ask.headers {
        request.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
    }
    let words = match ask.authorization {
        Authorization::None => None,
        Authorization::Bearer(token) => Some(format!("Bearer {}", token.expose())),
        Authorization::Basic(user, password) => {
            let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
            Some(format!("Basic {pair}"))
        }
    };
    if let Some(words) = words {
        let value = HeaderValue::from_str(&words);
        let mut value = value.map_err(|_| not_sent("a token that no header can hold"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}

fn not_sent(why: &str) -> SendError {
    SendError::before(Cause::Request, why)
}
