//! What calls go out to, for the control plane: which upstreams may be, and how they answer.

use std::sync::Arc;

use dataplane::{Dataplane, Prober};
use domain::breaker::Gate;
use domain::ports::{BadField, BoxFuture, Explained, Outbound, Probed, ProviderFacts};
use domain::{Clock, ProjectId, Secret, Upstream, UpstreamId, UpstreamSource};
use egress::{Origin, Tls, check_public};
use providers::{Auth, Paths, Provider, catalogue, paths, sign::Signature};

/// Bytes of a header that is sent along, and how many.
const LONGEST_HEADER: usize = 1_024;
const MOST_HEADERS: usize = 32;

/// Headers that say who we are, what a body is, or how a connection is run: never an operator's.
const OURS: [&str; 16] = [
    "authorization",
    "api-key",
    "x-api-key",
    "x-goog-api-key",
    "proxy-authorization",
    "cookie",
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "idempotency-key",
    "x-client-request-id",
];

pub struct Outside {
    dataplane: Arc<Dataplane>,
    prober: Prober,
    clock: Arc<dyn Clock>,
    private_hosts: Vec<String>,
}

impl Outside {
    #[must_use]
    pub fn new(
        dataplane: &Arc<Dataplane>,
        tls: Tls,
        clock: Arc<dyn Clock>,
        private_hosts: Vec<String>,
    ) -> Self {
        let prober = Prober::new(Arc::clone(dataplane), tls);
        Self { dataplane: Arc::clone(dataplane), prober, clock, private_hosts }
    }
}

impl Outbound for Outside {
    fn complete(&self, upstream: &mut Upstream) -> Vec<BadField> {
        let mut bad = complete(upstream);
        if upstream.source == UpstreamSource::Api
            && bad.iter().all(|bad| bad.field != "base_url")
            && let Err(why) = check_public(&upstream.base_url, &self.private_hosts)
        {
            let why = format!("{why}; the operator may name it in the config file");
            bad.push(BadField { field: "base_url", why, is_address: true });
        }
        bad
    }

    fn may_sign(&self, credential: &Secret) -> bool {
        may_sign(credential)
    }

    fn explain(&self, project: Option<&ProjectId>, model: &str) -> Explained {
        self.dataplane.explain(project, model, self.clock.now())
    }

    fn probe(&self, upstream: UpstreamId) -> BoxFuture<'_, Probed> {
        Box::pin(async move { self.prober.probe(&upstream).await })
    }

    fn try_credential(&self, upstream: UpstreamId, credential: Secret) -> BoxFuture<'_, Probed> {
        Box::pin(async move { self.prober.try_credential(&upstream, &credential).await })
    }

    fn is_drained(&self, upstream: &UpstreamId) -> bool {
        self.dataplane.is_drained(upstream)
    }

    fn providers(&self) -> Vec<ProviderFacts> {
        let offered = catalogue::PROVIDERS.iter().filter(|row| row.name != catalogue::DEMO);
        let facts = |row: &Provider| ProviderFacts {
            name: row.name,
            base_url: row.base_url,
            keyless: row.keyless,
        };
        offered.map(facts).collect()
    }

    fn avoided(&self) -> Vec<UpstreamId> {
        let gates = self.dataplane.breakers();
        let all = self.dataplane.upstream_names().into_iter().zip(gates);
        all.filter(|(_, gate)| matches!(gate, Gate::Open(_))).map(|(name, _)| name.id).collect()
    }
}

/// Whether a credential can stand in a header.
pub fn may_sign(credential: &Secret) -> bool {
    Signature::fits(credential)
}

/// Puts in what an upstream may leave out, and says everything that is wrong with it but where it
/// is.
pub fn complete(upstream: &mut Upstream) -> Vec<BadField> {
    let mut bad = Vec::new();
    let mut wrong = |field, why: String| bad.push(BadField { field, why, is_address: false });
    if !is_name(&upstream.name) {
        let why = "an upstream's name takes letters, digits, - and _, at most 64";
        wrong("name", why.to_owned());
    }
    let row = catalogue::find(&upstream.provider).filter(|row| {
        row.name != catalogue::DEMO || upstream.source == UpstreamSource::Environment
    });
    let Some(row) = row else {
        let known: Vec<&str> =
            catalogue::PROVIDERS.iter().map(|p| p.name).filter(|n| *n != catalogue::DEMO).collect();
        let why = format!("no provider `{}`. Known: {}", upstream.provider, known.join(", "));
        wrong("provider", why);
        return bad;
    };
    if let Some(why) = complete_url(upstream, row) {
        wrong("base_url", why);
    }
    if let Some(version) = &upstream.api_version {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if row.paths != Paths::Azure {
            wrong("api_version", format!("{} has no api-version", row.name));
        } else if version.is_empty() || version.len() > 64 || !version.chars().all(fits) {
            let why = "an api-version is such as `2024-10-21` or `preview`";
            wrong("api_version", why.to_owned());
        }
    }
    if let Some(why) = bad_header(&upstream.headers) {
        wrong("headers", why);
    }
    // Another server in the provider's place may want none.
    let is_theirs = row.base_url.is_empty() || upstream.base_url == row.base_url;
    if upstream.credentials.is_empty() && !row.keyless && is_theirs {
        wrong("credentials", format!("{} wants a credential", row.name));
    }
    if !upstream.credentials.is_empty() && row.auth == Auth::None {
        wrong("credentials", format!("{} wants no credential", row.name));
    }
    bad
}

fn complete_url(upstream: &mut Upstream, row: &Provider) -> Option<String> {
    if upstream.base_url.is_empty() {
        row.base_url.clone_into(&mut upstream.base_url);
    }
    if upstream.base_url.is_empty() {
        return Some(format!("{} needs a base URL: every account has its own", row.name));
    }
    let version = upstream.api_version.as_deref();
    upstream.base_url = match row.paths {
        Paths::Azure => paths::azure_base(&upstream.base_url, version),
        Paths::Plain => upstream.base_url.trim_end_matches('/').to_owned(),
    };
    let origin = match Origin::parse(&upstream.base_url, true) {
        Ok(origin) => origin,
        Err(error) => return Some(error.to_string()),
    };
    if row.paths == Paths::Azure && !origin.prefix().ends_with("/openai/v1") && version.is_none() {
        let why = "a base URL without /openai/v1 needs an api_version such as `2024-10-21`";
        return Some(why.to_owned());
    }
    None
}

fn bad_header(headers: &[(String, String)]) -> Option<String> {
    if headers.len() > MOST_HEADERS {
        return Some(format!("at most {MOST_HEADERS} headers"));
    }
    for (at, (name, value)) in headers.iter().enumerate() {
        let lower = name.to_ascii_lowercase();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let named = !name.is_empty() && name.len() <= 64 && name.bytes().all(token);
        if !named || lower.starts_with("content-") || OURS.contains(&lower.as_str()) {
            return Some(format!("the header `{name}` cannot be set; no secrets go here"));
        }
        let printable = value.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        if value.len() > LONGEST_HEADER || !printable {
            return Some(format!("the header `{name}` has a value that cannot be sent"));
        }
        if headers[..at].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Some(format!("the header `{name}` is there twice"));
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}
