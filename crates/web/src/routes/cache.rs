//! `/tollgate/v1/projects/{project_id}/cache` and `/tollgate/v1/cache`.

use control::CacheState;
use domain::{CacheKey, CachePatch, CachePurge, CacheRules, Joiners, Replay, RouteId};
use openai::admin::{CachePurged, CacheSum, ProjectCache};

use crate::body::invalid;
use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let state = call.control.cache(&call.project()).await?;
    shown(call, &state)
}

/// What is not named stays as it is.
pub(super) async fn set(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let seconds = |number: Option<i64>| number.and_then(|n| u32::try_from(n).ok());
    let most = i64::from(CacheRules::LONGEST);
    let patch = CachePatch {
        enabled: fields.flag("enabled")?,
        by_header: fields.flag("by_header")?,
        ttl_seconds: seconds(fields.integer("ttl_seconds", 1..=most)?),
        stale_seconds: seconds(fields.integer("stale_seconds", 0..=most)?),
        replay: fields.word("replay", &Replay::ALL.map(Replay::as_str))?.and_then(Replay::parse),
        joiners: fields
            .word("joiners", &Joiners::ALL.map(Joiners::as_str))?
            .and_then(Joiners::parse),
        purged_at: None,
    };
    fields.finish()?;
    let state = call.control.set_cache(&call.author, &call.project(), patch).await?;
    shown(call, &state)
}

pub(super) async fn purge(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let (model, key) = (fields.text("model")?, fields.text("key")?);
    let route: Option<RouteId> = fields.name("route")?.map(Into::into);
    fields.finish()?;
    let what = match (model, key, route) {
        (None, None, None) => CachePurge::All,
        (Some(model), None, None) => CachePurge::Models(vec![model]),
        (None, Some(key), None) => CachePurge::Entry(
            CacheKey::parse(&key)
                .ok_or_else(|| invalid("key", "expected 64 hexadecimal digits"))?,
        ),
        (None, None, Some(route)) => call.control.route_models(&call.project(), &route).await?,
        _ => return Err(invalid("key", "give a model, a key or a route, only one of them")),
    };
    let purged = call.control.purge_cache(&call.author, &call.project(), what).await?;
    json(&CachePurged::new(purged))
}

pub(super) async fn sum(call: &AdminCall<'_>) -> Answer {
    json(&CacheSum::new(&call.control.cache_figures().await, call.control.now()))
}

fn shown(call: &AdminCall<'_>, state: &CacheState) -> Answer {
    let (project, now) = (call.project(), call.control.now());
    let rules = (&state.rules, state.may_keep);
    json(&ProjectCache::new(project.as_str(), rules, &state.figures, now))
}
