//! Where an upstream is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use http::uri::{Authority, Scheme, Uri};
use tokio::io::DuplexStream;

/// A base URL that cannot be one. The message never holds the URL's user part or query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadUrl(pub &'static str);

impl fmt::Display for BadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for BadUrl {}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Opens a connection to a provider that lives in this process.
pub type InProcess = Arc<dyn Fn() -> DuplexStream + Send + Sync>;

/// A scheme, host and port, the path that stands before every request's own, and how to get there.
pub struct Origin {
    /// Never used twice in a process, so that no pool confuses two origins.
    pub(crate) id: u64,
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) authority: Authority,
    pub(crate) host_header: HeaderValue,
    prefix: String,
    /// The operator named this address (environment, config file): private ranges are meant.
    pub(crate) allow_private: bool,
    pub(crate) in_process: Option<InProcess>,
}

impl Origin {
    /// Reads a base URL such as `https://api.openai.com/v1`.
    ///
    /// # Errors
    /// [`BadUrl`] for another scheme, a user part, a query or no host.
    pub fn parse(url: &str, allow_private: bool) -> Result<Self, BadUrl> {
        let uri: Uri = url.trim().parse().map_err(|_| BadUrl("it is not a URL"))?;
        let tls = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(BadUrl("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or(BadUrl("it has no host"))?.clone();
        if authority.as_str().contains('@') {
            return Err(BadUrl("it must not hold a user name or password"));
        }
        if uri.query().is_some() {
            return Err(BadUrl("it must not have a query"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(BadUrl("it has no host"));
        }
        if host.contains('%') {
            return Err(BadUrl("its host must not name a zone or hold escapes"));
        }
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let host_header =
            HeaderValue::from_str(authority.as_str()).map_err(|_| BadUrl("its host is odd"))?;
        let prefix = uri.path().trim_end_matches('/').to_owned();
        Ok(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            tls,
            host,
            port,
            authority,
            host_header,
            prefix,
            allow_private,
            in_process: None,
        })
    }

    /// Reads any URL: where it is, and what to ask for there.
    ///
    /// # Errors
    /// [`BadUrl`] for another scheme, a user part or no host.
    pub(crate) fn of_url(url: &str, allow_private: bool) -> Result<(Self, String), BadUrl> {
        let uri: Uri = url.trim().parse().map_err(|_| BadUrl("it is not a URL"))?;
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(BadUrl("it has no host"));
        };
        Ok((Self::parse(&format!("{scheme}://{authority}"), allow_private)?, target))
    }

    /// The same, at whatever address, if its host is one of these (in lower case).
    #[must_use]
    pub fn allowing(mut self, hosts: &[String]) -> Self {
        let host = self.host.to_ascii_lowercase();
        self.allow_private |= hosts.contains(&host);
        self
    }

    /// The same, but connections are made by `dial`, inside this process.
    #[must_use]
    pub fn in_process(mut self, dial: InProcess) -> Self {
        self.in_process = Some(dial);
        self
    }

    /// The base URL's path with `path` behind it.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        let mut full = String::with_capacity(self.prefix.len() + path.len());
        full.push_str(&self.prefix);
        full.push_str(path);
        full
    }

    /// The base URL's path, without a slash at its end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Host and port, for messages and for telling whether this is our own listener.
    #[must_use]
    pub fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    #[must_use]
    pub fn is_in_process(&self) -> bool {
        self.in_process.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_used_as_the_sdks_use_them() {
        let origin = Origin::parse("https://api.openai.com/v1/", false).ok().unwrap();
        assert_eq!(origin.path("/files?limit=1"), "/v1/files?limit=1");
        assert_eq!((origin.tls, origin.port), (true, 443));
        let origin = Origin::parse("http://[::1]:8080/a/b", true).ok().unwrap();
        assert_eq!(
            (origin.host.as_str(), origin.port, origin.path("/x")),
            ("::1", 8080, "/a/b/x".into())
        );
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for url in ["", "api.openai.com", "ftp://x", "http://u:p@h/", "http://h/?a=1", "http://"] {
            assert!(Origin::parse(url, false).is_err(), "{url}");
        }
    }
}
