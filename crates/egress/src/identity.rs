//! Small answers from providers of identities: one request, one bounded body, no redirect.

use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use domain::ports::{BoxFuture, IdentityWire};
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};

use crate::{Origin, Outgoing, Pool, Tls, Way};

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
/// Keys and discovery are some kilobytes; nobody makes us keep more (case 138).
const LONGEST: usize = 256 * 1024;

/// Asks providers of identities, each time over a connection of its own.
pub struct IdentityFetcher {
    tls: Tls,
}

impl IdentityFetcher {
    #[must_use]
    pub fn new(tls: Tls) -> Self {
        Self { tls }
    }

    async fn fetch(&self, near: &str, url: &str, form: Option<Secret>) -> Result<Vec<u8>, String> {
        // The operator named the issuer; what its discovery names is a stranger's word.
        let own = host_of(near).is_some() && host_of(near) == host_of(url);
        let plain = url.starts_with("http://") && !(own && near.starts_with("http://"));
        if plain {
            return Err("it is not at an https:// address".to_owned());
        }
        let (origin, target) = Origin::of_url(url, own).map_err(|bad| bad.0.to_owned())?;
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, concat!("tollgate/", env!("CARGO_PKG_VERSION")));
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = form.map_or(Outgoing::Empty, |form| {
            Outgoing::Whole(form.expose().to_owned().into_bytes().into())
        });
        let request = request.body(body).map_err(|error| error.to_string())?;
        let pool = Pool::new(self.tls.clone(), CONNECT);
        let exchange = async {
            let sent = pool.send(&Arc::new(origin), &Way::direct(), request).await;
            let answer = sent.map_err(|error| error.to_string())?;
            let (status, body) = (answer.status(), answer.into_body());
            let body = Limited::new(body, LONGEST).collect().await;
            let body = body.map_err(|_| "its answer is too long or broke off".to_owned())?;
            Ok((status, body.to_bytes().to_vec()))
        };
        let done: Result<(StatusCode, Vec<u8>), String> =
            tokio::time::timeout(WHOLE, exchange).await.map_err(|_| "no answer in time")?;
        match done? {
            (StatusCode::OK, body) => Ok(body),
            (status, _) => Err(format!("it answered {status}")),
        }
    }
}

/// Host and port, in lower case.
fn host_of(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    uri.authority().map(|authority| authority.as_str().to_ascii_lowercase())
}

impl IdentityWire for IdentityFetcher {
    fn get<'a>(&'a self, near: &'a str, url: &'a str) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(self.fetch(near, url, None))
    }

    fn post_form<'a>(
        &'a self,
        near: &'a str,
        url: &'a str,
        form: Secret,
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(self.fetch(near, url, Some(form)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn case_138_discovery_leads_to_no_private_address_and_no_plain_one() {
        let fetcher = IdentityFetcher::new(Tls::new(None).unwrap());
        for (near, url) in [
            ("https://id.example", "http://id.example/keys"),
            ("https://id.example", "http://169.254.169.254/keys"),
            ("http://127.0.0.1:9", "http://127.0.0.1:8/keys"),
            ("https://id.example", "https://127.0.0.1/keys"),
            ("https://id.example", "file:///etc/passwd"),
        ] {
            assert!(fetcher.get(near, url).await.is_err(), "{url}");
        }
    }
}
