//! Where a call goes: where the objects are that it names, else where a route leads, else to the
//! first upstream.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use domain::price::{Tier, TokenKind};
use domain::route::{self, CallFacts, Found, MaxPrice, Pass, Reasons, Seen, Target};
use domain::{Fault, KeyView, ProjectId, RouteCache, Timestamp, fault::catalogue, pinned};
use http::HeaderValue;
use openai::surface::Operation;

use crate::pipeline::Taken;
use crate::places::Places;
use crate::refusal;
use crate::shared::Dataplane;
use crate::upstreams::LiveUpstream;

mod explain;
mod rules;

/// One place a call may go.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub(crate) upstream: Arc<LiveUpstream>,
    /// Which of the upstream's credentials: an index into [`LiveUpstream::credentials`].
    pub(crate) credential: usize,
    /// What the provider calls the model; `None`: as the caller wrote it.
    pub(crate) model: Option<Arc<str>>,
    /// For which reasons a call may come here after another place failed it.
    pub(crate) on: Reasons,
    /// The conditions that brought the call here, where there were some.
    pub(crate) rule: Option<HeaderValue>,
}

/// The places a call may go, in the order to be tried.
pub(crate) struct Plan {
    pub(crate) first: Candidate,
    pub(crate) others: Vec<Candidate>,
    /// Where a copy of the call goes once it is answered.
    pub(crate) shadow: Option<Box<Candidate>>,
    /// What the route says of the answer cache, where it says something.
    pub(crate) cache: Option<Box<RouteCache>>,
}

/// What decides where a call goes.
pub(crate) struct Wish<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) project: &'a ProjectId,
    /// Decoded.
    pub(crate) model: Option<&'a str>,
    /// An id that the path or body names.
    pub(crate) object: Option<&'a str>,
    pub(crate) at: Timestamp,
    pub(crate) key: &'a KeyView,
    pub(crate) taken: &'a Taken,
}

/// Chooses.
pub(crate) async fn choose(shared: &Dataplane, wish: &Wish<'_>) -> Result<Plan, Fault> {
    let places = shared.places();
    if let Some(object) = wish.object {
        let upstream = pinned(|| holder(shared, &places, wish.project, object)).await?;
        return at_holder(&places, wish, &upstream);
    }
    let route = wish.model.filter(|model| !model.is_empty() && !places.routes.is_empty());
    match route.and_then(|model| Some((model, places.routes.find(wish.project, model)?))) {
        Some((model, found)) => {
            let call = match rules::are_in(&found) {
                true => pinned(|| rules::facts(shared, wish, &found)).await?,
                false => CallFacts::default(),
            };
            routed(shared, &places, (wish, model, &call), &found)
        }
        None => default(&places, wish),
    }
}

/// The upstream that holds an object: nothing else knows its id.
async fn holder(
    shared: &Dataplane,
    places: &Places,
    project: &ProjectId,
    object: &str,
) -> Result<Arc<LiveUpstream>, Fault> {
    let upstreams = &places.upstreams;
    let first = upstreams.first().ok_or_else(|| Fault::new(&catalogue::NO_UPSTREAM_AVAILABLE))?;
    if upstreams.len() == 1 {
        return Ok(Arc::clone(first));
    }
    let asked = [object.to_owned()];
    for upstream in upstreams.iter() {
        let owners = shared.claims.owners(&upstream.id, &asked).await;
        let owner = owners.map_err(|e| refusal::store(&e))?.pop().flatten();
        if owner.as_ref() == Some(project) {
            return Ok(Arc::clone(upstream));
        }
    }
    // Without a record it can only be on an upstream whose old objects are this project's.
    let old = upstreams.iter().find(|u| u.unowned_project.as_ref() == Some(project));
    Ok(Arc::clone(old.unwrap_or(first)))
}

/// The one upstream that holds what the call names, by any of its credentials.
fn at_holder(
    places: &Places,
    wish: &Wish<'_>,
    upstream: &Arc<LiveUpstream>,
) -> Result<Plan, Fault> {
    let model = wish.model.unwrap_or("");
    if !upstream.enabled || places.routes.denies_upstream(wish.project, model, upstream.name()) {
        let why = "The upstream that holds what the call names is not in use for this project.";
        return Err(Fault::because(&catalogue::NO_UPSTREAM_AVAILABLE, why));
    }
    let found = places.routes.find(wish.project, model);
    let there = |target: &&Target| target.upstream == upstream.name();
    let named = found.and_then(|f| f.model_at(f.route.targets.iter().find(there)?));
    let sent = named.as_deref().unwrap_or(model);
    if named.is_some() && places.routes.denies(wish.project, sent) {
        return Err(refusal::model_not_allowed(sent, wish.project.as_str()));
    }
    let mut plan = Plan::of(upstream, named, Reasons::ALL)?;
    plan.check_offers(wish.operation)?;
    plan.others.shrink_to_fit();
    Ok(plan)
}

/// The first upstream that the project may use.
fn default(places: &Places, wish: &Wish<'_>) -> Result<Plan, Fault> {
    let model = wish.model.unwrap_or("");
    let denied = |u: &LiveUpstream| places.routes.denies_upstream(wish.project, model, u.name());
    let usable = places.upstreams.iter().find(|u| u.enabled && !denied(u));
    let first = usable.ok_or_else(|| Fault::new(&catalogue::NO_UPSTREAM_AVAILABLE))?;
    let plan = Plan::of(first, None, Reasons::ALL)?;
    plan.check_offers(wish.operation)?;
    Ok(plan)
}

/// Where the route leads: its targets in order, each by all of its credentials.
fn routed(
    shared: &Dataplane,
    places: &Places,
    (wish, model, call): (&Wish<'_>, &str, &CallFacts),
    found: &Found<'_>,
) -> Result<Plan, Fault> {
    let targets = &found.route.targets;
    let mut plan: Option<Plan> = None;
    let mut shadow = None;
    let mut passed = Vec::new();
    for at in route::order(targets, coin()) {
        let Some(target) = targets.get(at) else { continue };
        let upstream = places.named(&target.upstream);
        let offers =
            |u: &LiveUpstream| wish.operation.local || u.provider.offers(wish.operation.path);
        let seen = upstream.map(|u| Seen { enabled: u.enabled, offers: offers(u) });
        let price = |sent: &str| upstream.and_then(|u| usual_price(shared, u, sent, wish.at));
        let who = (wish.project, model);
        let unfit = target.is_not_for(call);
        let pass = unfit.filter(|pass| *pass != Pass::Shadow);
        let pass = pass.or_else(|| places.routes.passes(who, found, target, seen, price));
        match (pass, upstream) {
            (None, Some(upstream)) => {
                let sent = found.model_at(target).filter(|sent| **sent != *model);
                let mut next = Plan::of(upstream, sent, target.on)?;
                if unfit.is_some() {
                    if route::percent(coin()) < target.shadow.unwrap_or(0) {
                        shadow = Some(Box::new(next.first));
                    }
                    continue;
                }
                next.ruled(target);
                match &mut plan {
                    None => plan = Some(next),
                    Some(plan) => {
                        plan.others.push(next.first);
                        plan.others.extend(next.others);
                    }
                }
            }
            (pass, _) => passed.push((target.upstream.as_str(), pass.unwrap_or(Pass::Missing))),
        }
    }
    let cache = &found.route.cache;
    let cache = (!cache.is_empty()).then(|| Box::new(cache.clone()));
    plan.map(|plan| Plan { shadow, cache, ..plan }).ok_or_else(|| nowhere(model, &passed))
}

impl Plan {
    /// One place alone.
    pub(crate) fn only(upstream: &Arc<LiveUpstream>) -> Self {
        let upstream = Arc::clone(upstream);
        let (on, model, rule) = (Reasons::ALL, None, None);
        let first = Candidate { upstream, credential: 0, model, on, rule };
        Self { first, others: Vec::new(), shadow: None, cache: None }
    }

    /// Notes the conditions under which a target is the call's.
    fn ruled(&mut self, target: &Target) {
        let Some(when) = &target.when else { return };
        let Ok(rule) = HeaderValue::from_str(&when.to_string()) else { return };
        for place in self.others.iter_mut().chain([&mut self.first]) {
            place.rule = Some(rule.clone());
        }
    }

    /// An upstream by all of its credentials: one drawn by weight, then the others.
    fn of(
        upstream: &Arc<LiveUpstream>,
        model: Option<Arc<str>>,
        on: Reasons,
    ) -> Result<Self, Fault> {
        let one = |credential, model, on| Candidate {
            upstream: Arc::clone(upstream),
            credential,
            model,
            on,
            rule: None,
        };
        if upstream.credentials.len() == 1 {
            return Ok(Self {
                first: one(0, model, on),
                others: Vec::new(),
                shadow: None,
                cache: None,
            });
        }
        let weights: Vec<u32> = upstream.credentials.iter().map(|c| c.weight).collect();
        let mut drawn = route::draw(&weights, coin()).into_iter();
        let first = drawn.next().ok_or_else(|| Fault::new(&catalogue::NO_UPSTREAM_AVAILABLE))?;
        // A credential helps against its own limits and its own end, against nothing else.
        let others = drawn.map(|at| one(at, model.clone(), Target::ON)).collect();
        Ok(Self { first: one(first, model.clone(), on), others, shadow: None, cache: None })
    }

    fn check_offers(&self, operation: &Operation) -> Result<(), Fault> {
        let provider = self.first.upstream.provider;
        if operation.local || provider.offers(operation.path) {
            return Ok(());
        }
        let why = format!("{} does not offer `{}`.", provider.name, operation.path);
        Err(Fault::because(&catalogue::OPERATION_NOT_OFFERED, why))
    }
}

/// What a model usually costs there a token, in pico-dollars.
fn usual_price(
    shared: &Dataplane,
    upstream: &LiveUpstream,
    model: &str,
    at: Timestamp,
) -> Option<MaxPrice> {
    let price = shared.prices().lookup(&upstream.priced(model), at)?;
    let cell = |kind| {
        let usual = |c: &domain::price::Cell| c.tier == Some(Tier::Default) && c.above == 0;
        let found = price.cells().filter(usual).find(|cell| cell.kind == kind);
        found.map_or(price.free.then_some(0), |cell| Some(cell.picos))
    };
    Some(MaxPrice { input: cell(TokenKind::Input), output: cell(TokenKind::Output) })
}

fn nowhere(model: &str, passed: &[(&str, Pass)]) -> Fault {
    let model: String = model.chars().take(128).collect();
    let whys: Vec<String> = passed.iter().map(|(name, pass)| format!("{name}: {pass}")).collect();
    let why = format!("The route for `{model}` leads nowhere ({}).", whys.join("; "));
    let all = |wanted| passed.iter().all(|(_, pass)| *pass == wanted) && !passed.is_empty();
    let entry = match () {
        () if all(Pass::NotOffered) => &catalogue::OPERATION_NOT_OFFERED,
        () if all(Pass::ModelDenied) => &catalogue::MODEL_NOT_ALLOWED,
        () => &catalogue::NO_UPSTREAM_AVAILABLE,
    };
    Fault::because(entry, why)
}

/// A number of which every bit is a coin, once [`route::draw`] has mixed it. No secret hangs on it.
fn coin() -> u64 {
    static START: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let start = *START.get_or_init(|| u64::from_ne_bytes(vault::random()));
    start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
