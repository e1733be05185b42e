//! What control asks of the way out: where calls would go, and how upstreams answer.

use super::{BadField, BoxFuture};
use crate::route::{MaxPrice, Pass, Reasons, When};
use crate::{ProjectId, RouteId, Secret, Upstream, UpstreamId};

/// How the calls of a model would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explained {
    /// The project may not use the model.
    pub denied: bool,
    /// The route that decides, if any does.
    pub route: Option<RouteId>,
    /// In the order of their steps and weights.
    pub places: Vec<Considered>,
}

/// One place of an [`Explained`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    pub upstream: String,
    /// What its provider would be sent.
    pub model: String,
    pub step: u32,
    pub weight: u32,
    pub on: Reasons,
    /// For which calls it is there.
    pub when: Option<When>,
    /// Percent of answered calls that it gets a copy of, where it gets nothing else.
    pub shadow: Option<u32>,
    /// What the model that is billed there usually costs.
    pub price: Option<MaxPrice>,
    pub passed: Option<Pass>,
}

/// How an upstream answered when it was asked for its models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    /// The HTTP status; `None` when nobody answered.
    pub status: Option<u16>,
    /// How many models it listed.
    pub models: Option<usize>,
    /// What is wrong, in a sentence without secrets.
    pub problem: Option<String>,
    pub took_ms: u64,
}

/// A provider that upstreams may be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderFacts {
    pub name: &'static str,
    /// Empty where every account has its own.
    pub base_url: &'static str,
    /// It may be called without a credential.
    pub keyless: bool,
}

/// What calls go out to: whether it may be, how calls would go, whether it answers.
pub trait Outbound: Send + Sync {
    /// Completes what may be left out of an upstream, such as its provider's base URL, and says
    /// everything that is wrong with it.
    fn complete(&self, upstream: &mut Upstream) -> Vec<BadField>;
    /// Whether a credential can be sent.
    fn may_sign(&self, credential: &Secret) -> bool;
    /// Without a project: as for one that has no routes of its own.
    fn explain(&self, project: Option<&ProjectId>, model: &str) -> Explained;
    fn probe(&self, upstream: UpstreamId) -> BoxFuture<'_, Probed>;
    /// The same with a credential that is not among its own.
    fn try_credential(&self, upstream: UpstreamId, credential: Secret) -> BoxFuture<'_, Probed>;
    /// Whether no call is under way any more that began before the upstream's last change.
    fn is_drained(&self, upstream: &UpstreamId) -> bool;
    /// What upstreams may be made of, in the order of the catalogue.
    fn providers(&self) -> Vec<ProviderFacts>;
    /// The upstreams that calls avoid right now, because the last ones failed there.
    fn avoided(&self) -> Vec<UpstreamId>;
}
