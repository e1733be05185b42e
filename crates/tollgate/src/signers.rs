//! The public keys of those who report leaked keys, fetched from where they are published.

use std::sync::Arc;

use bytes::Bytes;
use control::LeakReports;
use domain::SignerKeys;
use domain::ports::BoxFuture;
use egress::{Ask, Authorization, Fetcher, Tls};
use http::Method;
use serde::Deserialize;

use crate::config::Leaks;

struct PublishedKeys {
    fetcher: Fetcher,
    url: String,
}

/// Whose reports of leaked keys are believed, as the config file says.
#[must_use]
pub fn leak_reports(tls: &Tls, leaks: Option<&Leaks>) -> Option<LeakReports> {
    let Leaks { keys_url, pinned } = leaks?.clone();
    let published = |url| Arc::new(PublishedKeys::new(tls.clone(), url)) as Arc<dyn SignerKeys>;
    Some(LeakReports { pinned, source: keys_url.map(published) })
}

#[derive(Deserialize)]
struct Published {
    public_keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    key_identifier: String,
    /// PEM. One that is current no more signs nothing new; what it signed is good.
    key: String,
}

impl PublishedKeys {
    fn new(tls: Tls, url: String) -> Self {
        Self { fetcher: Fetcher::new(tls), url }
    }

    async fn fetch(&self) -> Result<Vec<(String, String)>, String> {
        let (method, url) = (Method::GET, self.url.as_str());
        let ask = Ask {
            method,
            url,
            authorization: Authorization::None,
            headers: &[],
            body: Bytes::new(),
        };
        let fetched = self.fetcher.fetch(ask).await;
        let (status, body) = fetched.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("it answered {status}"));
        }
        let keys: Published = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        Ok(keys.public_keys.into_iter().map(|key| (key.key_identifier, key.key)).collect())
    }
}

impl SignerKeys for PublishedKeys {
    fn place(&self) -> &str {
        &self.url
    }

    fn published(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>> {
        Box::pin(async move {
            let fetched = self.fetch().await;
            fetched.inspect_err(|why| {
                tracing::error!(why, "the keys that sign reports of leaks cannot be fetched");
            })
        })
    }
}
