//! `tollgate.egress`: the proxies through which calls leave. Credentials have no field here.

use domain::{Egress as Ways, EgressUser, ProxyFigures, ProxyTest};
use serde::Serialize;

use super::Listed;

/// An egress as operators see it.
#[derive(Serialize)]
pub struct Egress<'a> {
    object: &'static str,
    /// Its name.
    id: &'a str,
    /// `file` or `api`.
    source: &'static str,
    proxies: Vec<ProxyShape<'a>>,
    choice: &'static str,
    session: &'static str,
    allow_direct: bool,
    default: bool,
    proxy_resolves: &'a [String],
    health_url: Option<&'a str>,
    used_by: UsedBy<'a>,
}

#[derive(Serialize)]
struct ProxyShape<'a> {
    url: String,
    has_credential: bool,
    /// `up`, or `ejected` after failures; of this process, since its start, as the figures are.
    state: &'static str,
    attempts: u64,
    failures: Vec<FailureShape<'a>>,
    open_connections: u64,
    calls_in_flight: u64,
    /// The mean time to open a tunnel; `null` before the first.
    opening_ms: Option<u64>,
}

#[derive(Serialize)]
struct FailureShape<'a> {
    reason: &'a str,
    count: u64,
}

/// Upstreams of the config file by name, others and projects by id.
#[derive(Default, Serialize)]
struct UsedBy<'a> {
    upstreams: Vec<&'a str>,
    projects: Vec<&'a str>,
}

impl<'a> Egress<'a> {
    #[must_use]
    pub fn new(ways: &'a Ways<()>, figures: &'a [ProxyFigures], users: &'a [EgressUser]) -> Self {
        let mut used_by = UsedBy::default();
        for user in users {
            match user {
                EgressUser::UpstreamNamed(name) => used_by.upstreams.push(name),
                EgressUser::Upstream(id) => used_by.upstreams.push(id.as_str()),
                EgressUser::Project(id) => used_by.projects.push(id.as_str()),
            }
        }
        let proxies = ways.proxies.iter().map(|proxy| {
            let url = proxy.address.to_string();
            let known = figures.iter().find(|figures| figures.proxy == url);
            ProxyShape::new(url, proxy.credential.is_some(), known)
        });
        Self {
            object: "tollgate.egress",
            id: &ways.name,
            source: ways.source.as_str(),
            proxies: proxies.collect(),
            choice: ways.choice.as_str(),
            session: ways.session.as_str(),
            allow_direct: ways.allow_direct,
            default: ways.default,
            proxy_resolves: &ways.proxy_resolves,
            health_url: ways.health_url.as_deref(),
            used_by,
        }
    }
}

impl<'a> ProxyShape<'a> {
    fn new(url: String, has_credential: bool, figures: Option<&'a ProxyFigures>) -> Self {
        let count = |read: fn(&ProxyFigures) -> u64| figures.map_or(0, read);
        let failures = figures.map_or(&[][..], |figures| &figures.failures);
        let opened = count(|figures| figures.opened);
        Self {
            url,
            has_credential,
            state: if figures.is_some_and(|f| f.ejected) { "ejected" } else { "up" },
            attempts: count(|figures| figures.attempts),
            failures: failures
                .iter()
                .map(|(reason, count)| FailureShape { reason, count: *count })
                .collect(),
            open_connections: count(|figures| figures.open),
            calls_in_flight: count(|figures| figures.busy),
            opening_ms: (count(|figures| figures.opening_micros) / 1000).checked_div(opened),
        }
    }
}

impl Listed for Egress<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// What a test of an egress showed, proxy by proxy.
#[derive(Serialize)]
pub struct EgressTest<'a> {
    object: &'static str,
    id: &'a str,
    /// Whether every proxy had an answer.
    ok: bool,
    proxies: Vec<TestShape<'a>>,
}

#[derive(Serialize)]
struct TestShape<'a> {
    url: &'a str,
    ok: bool,
    latency_ms: u64,
    /// The URL's own status.
    status: Option<u16>,
    /// The address that the URL's server saw, where its answer tells one.
    exit_address: Option<&'a str>,
    /// A word for programs, such as `proxy_login`.
    reason: Option<&'a str>,
    error: Option<&'a str>,
}

impl<'a> EgressTest<'a> {
    #[must_use]
    pub fn new(name: &'a str, tests: &'a [ProxyTest]) -> Self {
        let proxies = tests.iter().map(|test| {
            let (answer, failure) = (test.result.as_ref().ok(), test.result.as_ref().err());
            TestShape {
                url: &test.proxy,
                ok: answer.is_some(),
                latency_ms: test.latency_ms,
                status: answer.map(|answer| answer.status),
                exit_address: answer.and_then(|answer| answer.exit_address.as_deref()),
                reason: failure.map(|failure| failure.reason),
                error: failure.map(|failure| failure.why.as_str()),
            }
        });
        let ok = tests.iter().all(|test| test.result.is_ok());
        Self { object: "tollgate.egress_test", id: name, ok, proxies: proxies.collect() }
    }
}

/// Which egress somebody's calls take.
#[derive(Serialize)]
pub struct EgressUse<'a> {
    pub object: &'static str,
    /// The upstream's or project's.
    pub id: &'a str,
    /// An egress's name, or `direct`; `null` where none was named.
    pub egress: Option<&'a str>,
}
