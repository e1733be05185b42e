//! How a route's targets and an upstream's headers lie in columns: JSON, the same in every
//! database.

use domain::ports::StoreError;
use domain::route::{MaxPrice, Reasons, Share, ShareBy, Target, When};
use domain::{Replay, RouteCache};
use serde_json::{Value, json};

use crate::columns::unreadable;

pub(crate) fn targets(targets: &[Target]) -> String {
    let one = |target: &Target| {
        let mut row = json!({
            "upstream": target.upstream,
            "model": target.model.as_deref(),
            "weight": target.weight,
            "step": target.step,
            "on": target.on.names().collect::<Vec<_>>(),
            "max_price": target.max_price.map(|most| json!([most.input, most.output])),
        });
        // Only where there is one: a version that knows no conditions must not lose any.
        if let Some(when) = &target.when {
            row["when"] = json!({
                "min_input_tokens": when.min_input_tokens,
                "max_input_tokens": when.max_input_tokens,
                "tools": when.tools,
                "images": when.images,
                "share": when.share.map(|share| json!([share.percent, share.by.as_str()])),
                "near_limit": when.near_limit,
            });
        }
        if let Some(shadow) = target.shadow {
            row["shadow"] = shadow.into();
        }
        row
    };
    Value::Array(targets.iter().map(one).collect()).to_string()
}

pub(crate) fn parse_targets(text: &str) -> Result<Vec<Target>, StoreError> {
    let all: Vec<Value> = serde_json::from_str(text).map_err(|_| unreadable("route"))?;
    all.iter().map(|one| target(one).ok_or_else(|| unreadable("route's target"))).collect()
}

fn target(value: &Value) -> Option<Target> {
    let text = |name| value.get(name).and_then(Value::as_str);
    let number = |name| u32::try_from(value.get(name)?.as_u64()?).ok();
    let reason = |name: &Value| Reasons::parse(name.as_str()?);
    let reasons = value.get("on")?.as_array()?.iter().map(reason);
    let most = value.get("max_price").and_then(Value::as_array);
    Some(Target {
        upstream: text("upstream")?.to_owned(),
        model: text("model").map(Into::into),
        weight: number("weight")?,
        step: number("step")?,
        on: reasons.collect::<Option<Vec<_>>>()?.into_iter().fold(Reasons::NONE, |a, b| a | b),
        max_price: match most.map(Vec::as_slice) {
            Some([input, output]) => {
                Some(MaxPrice { input: input.as_u64(), output: output.as_u64() })
            }
            Some(_) => return None,
            None => None,
        },
        when: match value.get("when") {
            Some(conditions) => Some(Box::new(when(conditions)?)),
            None => None,
        },
        shadow: match value.get("shadow") {
            Some(_) => Some(number("shadow")?),
            None => None,
        },
    })
}

/// `None` where it says nothing.
pub(crate) fn cache(cache: &RouteCache) -> Option<String> {
    let said = json!({
        "enabled": cache.enabled,
        "ttl_seconds": cache.ttl_seconds,
        "stale_seconds": cache.stale_seconds,
        "replay": cache.replay.map(Replay::as_str),
        "near_model": cache.near_model.as_deref(),
        "near_threshold": cache.near_threshold,
        "near_observe": cache.near_observe,
    });
    (!cache.is_empty()).then(|| said.to_string())
}

pub(crate) fn parse_cache(text: &str) -> Result<RouteCache, StoreError> {
    let bad = || unreadable("route's cache");
    let said: Value = serde_json::from_str(text).map_err(|_| bad())?;
    let number = |name| match &said[name] {
        Value::Null => Ok(None),
        number => number.as_u64().and_then(|n| u32::try_from(n).ok()).map(Some).ok_or_else(bad),
    };
    Ok(RouteCache {
        enabled: said["enabled"].as_bool(),
        ttl_seconds: number("ttl_seconds")?,
        stale_seconds: number("stale_seconds")?,
        replay: said["replay"].as_str().and_then(Replay::parse),
        near_model: said["near_model"].as_str().map(Into::into),
        near_threshold: number("near_threshold")?.and_then(|at| u16::try_from(at).ok()),
        near_observe: said["near_observe"].as_bool(),
    })
}

/// `None` where one of the conditions cannot be read: without it the target would be for more calls.
fn when(value: &Value) -> Option<When> {
    fn read<T>(value: &Value, of: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
        if value.is_null() { Some(None) } else { of(value).map(Some) }
    }
    let percent = |value: &Value| u32::try_from(value.as_u64()?).ok();
    let share = |value: &Value| {
        let by = ShareBy::parse(value.get(1)?.as_str()?)?;
        Some(Share { percent: percent(value.get(0)?)?, by })
    };
    Some(When {
        min_input_tokens: read(value.get("min_input_tokens")?, Value::as_u64)?,
        max_input_tokens: read(value.get("max_input_tokens")?, Value::as_u64)?,
        tools: read(value.get("tools")?, Value::as_bool)?,
        images: read(value.get("images")?, Value::as_bool)?,
        share: read(value.get("share")?, share)?,
        near_limit: read(value.get("near_limit")?, percent)?,
    })
}

pub(crate) fn pairs(pairs: &[(String, String)]) -> String {
    Value::Array(pairs.iter().map(|(name, value)| json!([name, value])).collect()).to_string()
}

pub(crate) fn parse_pairs(text: &str) -> Result<Vec<(String, String)>, StoreError> {
    serde_json::from_str(text).map_err(|_| unreadable("header"))
}
