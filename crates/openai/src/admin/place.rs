//! Upstreams and routes as operators see them. No credential has a field here.

use std::collections::BTreeMap;

use domain::SealedCredential;
use domain::ports::{Considered, Explained, Probed};
use domain::route::{MaxPrice, Target};
use serde::Serialize;

use super::Listed;

/// An upstream, with what tells its credentials apart.
#[derive(Serialize)]
pub struct Upstream<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    provider: &'a str,
    base_url: String,
    source: &'static str,
    enabled: bool,
    /// Whether calls may go there: it is enabled, and whoever made it names it still.
    in_use: bool,
    api_version: Option<&'a str>,
    headers: BTreeMap<&'a str, &'a str>,
    credentials: Vec<Credential<'a>>,
    unowned_project: Option<&'a str>,
    created_at: i64,
}

#[derive(Serialize)]
struct Credential<'a> {
    id: &'a str,
    last_four: &'a str,
    weight: u32,
    created_at: i64,
}

impl<'a> Upstream<'a> {
    /// `is_named`: the environment or file that made it names it still.
    #[must_use]
    pub fn new(upstream: &'a domain::Upstream, is_named: bool) -> Self {
        Self {
            object: "tollgate.upstream",
            id: upstream.id.as_str(),
            name: &upstream.name,
            provider: &upstream.provider,
            base_url: without_secrets(&upstream.base_url),
            source: upstream.source.as_str(),
            enabled: upstream.enabled,
            in_use: upstream.enabled && is_named,
            api_version: upstream.api_version.as_deref(),
            headers: upstream.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect(),
            credentials: upstream.credentials.iter().map(Credential::from).collect(),
            unowned_project: upstream.unowned_project.as_ref().map(domain::ProjectId::as_str),
            created_at: upstream.created_at.seconds(),
        }
    }
}

impl<'a> From<&'a SealedCredential> for Credential<'a> {
    fn from(credential: &'a SealedCredential) -> Self {
        Self {
            id: credential.id.as_str(),
            last_four: &credential.last_four,
            weight: credential.weight,
            created_at: credential.created_at.seconds(),
        }
    }
}

impl Listed for Upstream<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// A URL without its user name, password, query and fragment: people put keys into them.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{host}{path}")
}

/// An upstream whose credential was rotated.
#[derive(Serialize)]
pub struct UpstreamRotated<'a> {
    #[serde(flatten)]
    pub upstream: Upstream<'a>,
    /// No call uses an old credential any more.
    pub drained: bool,
}

/// How an upstream answered when it was asked for its models.
#[derive(Serialize)]
pub struct UpstreamTest<'a> {
    object: &'static str,
    ok: bool,
    status: Option<u16>,
    models: Option<usize>,
    problem: Option<&'a str>,
    took_ms: u64,
}

impl<'a> From<&'a Probed> for UpstreamTest<'a> {
    fn from(probed: &'a Probed) -> Self {
        Self {
            object: "tollgate.upstream_test",
            ok: probed.problem.is_none(),
            status: probed.status,
            models: probed.models,
            problem: probed.problem.as_deref(),
            took_ms: probed.took_ms,
        }
    }
}

/// What a public model name stands for.
#[derive(Serialize)]
pub struct Route<'a> {
    object: &'static str,
    id: &'a str,
    project_id: Option<&'a str>,
    model: &'a str,
    aliases: &'a [String],
    targets: Vec<TargetShape<'a>>,
    deny: bool,
    deny_upstreams: &'a [String],
    cache: RouteCache<'a>,
    source: &'static str,
    created_at: i64,
}

/// What a route says of the answer cache; `null`: its project's.
#[derive(Serialize)]
pub struct RouteCache<'a> {
    enabled: Option<bool>,
    ttl_seconds: Option<u32>,
    stale_seconds: Option<u32>,
    replay: Option<&'static str>,
    near_model: Option<&'a str>,
    near_threshold: Option<u16>,
    near_observe: Option<bool>,
}

impl<'a> RouteCache<'a> {
    #[must_use]
    pub fn of(cache: &'a domain::RouteCache) -> Self {
        Self {
            enabled: cache.enabled,
            ttl_seconds: cache.ttl_seconds,
            stale_seconds: cache.stale_seconds,
            replay: cache.replay.map(domain::Replay::as_str),
            near_model: cache.near_model.as_deref(),
            near_threshold: cache.near_threshold,
            near_observe: cache.near_observe,
        }
    }
}

#[derive(Serialize)]
struct TargetShape<'a> {
    upstream: &'a str,
    model: Option<&'a str>,
    weight: u32,
    step: u32,
    on: Vec<&'static str>,
    max_input_price: Option<String>,
    max_output_price: Option<String>,
    min_input_tokens: Option<u64>,
    max_input_tokens: Option<u64>,
    tools: Option<bool>,
    images: Option<bool>,
    share: Option<u32>,
    share_by: Option<&'static str>,
    near_limit: Option<u32>,
    shadow: Option<u32>,
    /// No upstream of that name is in use.
    broken: bool,
}

impl<'a> Route<'a> {
    /// `missing`: the upstreams that are not in use.
    #[must_use]
    pub fn new(route: &'a domain::route::Route, missing: &[String]) -> Self {
        let target = |target: &'a Target| {
            let most = target.max_price.unwrap_or_default();
            let when = target.when.as_deref().copied().unwrap_or_default();
            TargetShape {
                upstream: &target.upstream,
                model: target.model.as_deref(),
                weight: target.weight,
                step: target.step,
                on: target.on.names().collect(),
                max_input_price: most.input.map(MaxPrice::show),
                max_output_price: most.output.map(MaxPrice::show),
                min_input_tokens: when.min_input_tokens,
                max_input_tokens: when.max_input_tokens,
                tools: when.tools,
                images: when.images,
                share: when.share.map(|share| share.percent),
                share_by: when.share.map(|share| share.by.as_str()),
                near_limit: when.near_limit,
                shadow: target.shadow,
                broken: missing.contains(&target.upstream),
            }
        };
        Self {
            object: "tollgate.route",
            id: route.id.as_str(),
            project_id: route.project.as_ref().map(domain::ProjectId::as_str),
            model: &route.model,
            aliases: &route.aliases,
            targets: route.targets.iter().map(target).collect(),
            deny: route.deny,
            deny_upstreams: &route.deny_upstreams,
            cache: RouteCache::of(&route.cache),
            source: route.source.as_str(),
            created_at: route.created_at.seconds(),
        }
    }
}

impl Listed for Route<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

/// How a model's calls would go.
#[derive(Serialize)]
pub struct RouteTest<'a> {
    object: &'static str,
    model: &'a str,
    denied: bool,
    route_id: Option<&'a str>,
    /// In the order of their steps; within a step, by weight.
    places: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    upstream: &'a str,
    model: &'a str,
    step: u32,
    weight: u32,
    on: Vec<&'static str>,
    /// For which calls it is there; `null` where for all.
    when: Option<String>,
    shadow: Option<u32>,
    /// The usual price of the model that is billed there, in US dollars a million tokens.
    input_price: Option<String>,
    output_price: Option<String>,
    /// Why it is passed over; `null` where it is not.
    passed_over: Option<String>,
}

impl<'a> RouteTest<'a> {
    #[must_use]
    pub fn new(model: &'a str, explained: &'a Explained) -> Self {
        let place = |place: &'a Considered| Place {
            upstream: &place.upstream,
            model: &place.model,
            step: place.step,
            weight: place.weight,
            on: place.on.names().collect(),
            when: place.when.map(|when| when.to_string()),
            shadow: place.shadow,
            input_price: place.price.and_then(|price| price.input).map(MaxPrice::show),
            output_price: place.price.and_then(|price| price.output).map(MaxPrice::show),
            passed_over: place.passed.map(|pass| pass.to_string()),
        };
        Self {
            object: "tollgate.route_test",
            model,
            denied: explained.denied,
            route_id: explained.route.as_ref().map(domain::RouteId::as_str),
            places: explained.places.iter().map(place).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_shown_without_what_could_be_a_key() {
        for (url, shown) in [
            ("https://api.openai.com/v1", "https://api.openai.com/v1"),
            ("https://me:pw@host:8443/v1?key=abc#x", "https://host:8443/v1"),
            ("http://a@b@host", "http://host"),
            ("https://host/path@2/v1", "https://host/path@2/v1"),
            ("demo", "demo"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }
}
