//! Whether a call goes by the cache, and under which key.

use domain::{CACHE_POLICY, CacheKey, CacheRules, Directives, NearRules};
use http::HeaderMap;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use openai::kept::Asked;
use openai::surface::Operation;
use sha2::{Digest, Sha256};

use super::spelling::Request;
use crate::headers;
use crate::permit::Permit;
use crate::pipeline::Taken;
use crate::plan::{Candidate, Plan};
use crate::shared::Worker;

/// What a call that goes by the cache asks of it.
pub(crate) struct Wish {
    pub(super) key: CacheKey,
    pub(super) asked: Asked,
    pub(super) directives: Directives,
    pub(super) rules: CacheRules,
    pub(super) near: Option<NearRules>,
}

impl Wish {
    /// Whether an answer to nearly the same question will do.
    pub(crate) fn may_be_near(&self) -> bool {
        self.near.is_some() && !self.directives.no_cache
    }

    /// Whether an answer that is so near may be given.
    pub(super) fn takes_near(&self, similarity: u16) -> bool {
        let near = self.near.as_ref().filter(|near| !near.observe);
        near.is_some_and(|near| similarity >= near.threshold)
    }
}

/// `None`: as if there were no cache. Most projects have none, which is the first thing looked at.
pub(crate) fn wish(
    worker: &Worker,
    permit: &Permit,
    head: &Parts,
    (operation, taken): (&Operation, &Taken),
    plan: &Plan,
) -> Option<Box<Wish>> {
    let shared = &worker.shared;
    let rules = match &plan.cache {
        Some(route) => route.on(permit.key.cache),
        None => permit.key.cache?,
    };
    // The doctor asks how the provider is, and of some projects nothing may be kept.
    let barred = permit.key.keeps_nothing() || shared.examined.is_watched(&permit.key.id);
    if barred || !rules.applies(asked(&head.headers)) {
        return None;
    }
    let said = head.headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = said.fold(Directives::default(), Directives::and);
    if directives.no_store {
        return None;
    }
    let (asked, request) = worker.spellings.read(operation, taken)?;
    let key = key(permit, head, (operation, taken), &plan.first, &request);
    let near = plan.cache.as_ref().and_then(|route| route.near());
    Some(Box::new(Wish { key, asked, directives, rules, near }))
}

/// What the call itself says, by the header that its answer will carry.
fn asked(headers: &HeaderMap) -> Option<bool> {
    let word = headers.get(headers::X_CACHE)?.to_str().ok()?;
    if word.eq_ignore_ascii_case("on") {
        return Some(true);
    }
    word.eq_ignore_ascii_case("off").then_some(false)
}

/// Everything that the answer hangs on. Lengths stand before what they count, so that no two
/// different calls have one key.
pub(super) fn key(
    permit: &Permit,
    head: &Parts,
    (operation, taken): (&Operation, &Taken),
    place: &Candidate,
    request: &Request,
) -> CacheKey {
    let written = taken.decoded_model();
    let model = place.model.as_deref().or(written.as_deref()).unwrap_or("");
    let upstream = &place.upstream;
    let (host, port) = upstream.address();
    let beta = head.headers.get("openai-beta").map_or(&b""[..], |value| value.as_bytes());
    let mut hash = Sha256::new();
    hash.update(CACHE_POLICY.to_le_bytes());
    hash.update(port.to_le_bytes());
    for part in [
        permit.project.as_str().as_bytes(),
        operation.id.as_bytes(),
        head.uri.query().unwrap_or("").as_bytes(),
        beta,
        upstream.id.as_str().as_bytes(),
        upstream.provider.name.as_bytes(),
        host.as_bytes(),
        model.as_bytes(),
        request,
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    CacheKey(hash.finalize().into())
}
