//! What may be a route.

use domain::route::{Route, Target};
use domain::{CacheRules, NearRules};

/// Characters of a model's or an upstream's name.
const LONGEST_NAME: usize = 256;
const MOST_TARGETS: usize = 32;
const MOST_NAMES: usize = 64;
const LARGEST_WEIGHT: u32 = 1_000_000;
const LARGEST_STEP: u32 = 1_000;

/// Everything that is wrong with a route: the field, and why.
pub(crate) fn mistakes(route: &Route) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut wrong = |field, why: String| found.push((field, why));
    let is_beginning = route.model.ends_with('*');
    if !is_name(route.model.strip_suffix('*').unwrap_or(&route.model), !is_beginning) {
        let why =
            "a model is a name of 1 to 256 characters, or its beginning with one * at the end";
        wrong("model", why.to_owned());
    }
    if is_beginning && !route.aliases.is_empty() {
        wrong("aliases", "a route for a beginning has no aliases".to_owned());
    }
    let own = |alias: &&String| **alias == route.model || !is_name(alias, true);
    if route.aliases.len() > MOST_NAMES || route.aliases.iter().any(|alias| own(&alias)) {
        let why = format!("aliases are at most {MOST_NAMES} whole names, other than the model's");
        wrong("aliases", why);
    }
    let denies = route.deny || !route.deny_upstreams.is_empty();
    if route.targets.is_empty() && !denies {
        wrong("targets", "a route needs a target, or says what it denies".to_owned());
    }
    if !route.targets.is_empty() && route.targets.iter().all(|target| target.shadow.is_some()) {
        wrong("targets", "a route with a shadow needs a target that answers".to_owned());
    }
    if route.deny && !route.targets.is_empty() {
        wrong("deny", "a route that denies its model has no targets".to_owned());
    }
    if route.targets.len() > MOST_TARGETS {
        wrong("targets", format!("a route has at most {MOST_TARGETS} targets"));
    }
    if route.deny_upstreams.len() > MOST_NAMES
        || route.deny_upstreams.iter().any(|name| !is_name(name, true))
    {
        wrong("deny_upstreams", format!("at most {MOST_NAMES} names of upstreams"));
    }
    if !route.cache.is_empty() && route.targets.is_empty() {
        wrong("cache", "only a route with a target has calls to cache".to_owned());
    }
    let longest = route.cache.ttl_seconds.max(route.cache.stale_seconds);
    if longest > Some(CacheRules::LONGEST) || route.cache.ttl_seconds == Some(0) {
        let why = format!("seconds are at most {}, a ttl at least 1", CacheRules::LONGEST);
        wrong("cache", why);
    }
    let near = (route.cache.near_threshold.is_some(), route.cache.near_observe.is_some());
    match &route.cache.near_model {
        Some(model) if !is_name(model, true) => {
            wrong("cache", "a near_model is the whole name of a model".to_owned());
        }
        None if near != (false, false) => {
            wrong("cache", "near matches need a near_model, which makes vectors".to_owned());
        }
        _ => {}
    }
    if route.cache.near_threshold.is_some_and(|at| !(NearRules::FLOOR..=1_000).contains(&at)) {
        wrong("cache", "a near_threshold is 700 to 1000 thousandths".to_owned());
    }
    for why in route.targets.iter().filter_map(|target| bad_target(target, is_beginning)) {
        wrong("targets", why);
    }
    found
}

fn bad_target(target: &Target, is_beginning: bool) -> Option<String> {
    if !is_name(&target.upstream, true) {
        return Some("a target needs the name of an upstream".to_owned());
    }
    let at = &target.upstream;
    if let Some(model) = &target.model {
        let whole = model.strip_suffix('*').filter(|_| is_beginning);
        let fits = whole.map_or_else(|| is_name(model, true), |start| is_name(start, false));
        if !fits {
            return Some(format!(
                "the target {at}: its model is a name; a * may end it where one ends the route's"
            ));
        }
    }
    let when = target.when.as_deref().copied().unwrap_or_default();
    if when.min_input_tokens > when.max_input_tokens && when.max_input_tokens.is_some() {
        return Some(format!(
            "the target {at}: its min_input_tokens is above its max_input_tokens"
        ));
    }
    if target.shadow.is_some() && !when.is_empty() {
        return Some(format!("the target {at}: a shadow gets its copies without conditions"));
    }
    if target.weight > LARGEST_WEIGHT || target.step > LARGEST_STEP {
        return Some(format!(
            "the target {at}: a weight is at most {LARGEST_WEIGHT}, a step at most {LARGEST_STEP}"
        ));
    }
    None
}

/// Printable, not too long; an empty one only where it need not be there.
fn is_name(text: &str, needed: bool) -> bool {
    let fits = text.chars().count() <= LONGEST_NAME && !text.contains(['*', '\u{7f}']);
    fits && text.trim() == text && !text.contains(char::is_control) && !(needed && text.is_empty())
}

/// A public name that both routes are for, of the same project or both of the organization.
pub(crate) fn shared_name<'r>(one: &'r Route, other: &Route) -> Option<&'r str> {
    if one.id == other.id || one.project != other.project {
        return None;
    }
    let names = |route: &'r Route| std::iter::once(&route.model).chain(&route.aliases);
    let taken = |name: &&String| **name == other.model || other.aliases.contains(name);
    names(one).find(taken).map(String::as_str)
}
