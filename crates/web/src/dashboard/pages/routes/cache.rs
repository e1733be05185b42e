//! What a person types of a route's answer cache.

use domain::fault::catalogue;
use domain::{Fault, Replay, RouteCache};

use super::super::super::form::Form;

/// The fields as they were typed; empty is the project's.
#[derive(Default)]
pub(super) struct TypedCache {
    pub(super) enabled: String,
    pub(super) ttl: String,
    pub(super) stale: String,
    pub(super) replay: String,
    pub(super) near_model: String,
    pub(super) near_threshold: String,
    pub(super) near_observe: bool,
}

impl TypedCache {
    pub(super) fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            enabled: text("cache_enabled"),
            ttl: text("cache_ttl"),
            stale: text("cache_stale"),
            replay: text("cache_replay"),
            near_model: text("near_model"),
            near_threshold: text("near_threshold"),
            near_observe: form.is_checked("near_observe"),
        }
    }

    pub(super) fn from_route(cache: &RouteCache) -> Self {
        let number = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
        let on = |on: bool| if on { "on" } else { "off" };
        Self {
            enabled: cache.enabled.map(on).unwrap_or_default().to_owned(),
            ttl: number(cache.ttl_seconds),
            stale: number(cache.stale_seconds),
            replay: cache.replay.map(Replay::as_str).unwrap_or_default().to_owned(),
            near_model: cache.near_model.as_deref().unwrap_or_default().to_owned(),
            near_threshold: number(cache.near_threshold.map(u32::from)),
            near_observe: cache.near_observe.unwrap_or(false),
        }
    }

    pub(super) fn read(&self) -> Result<RouteCache, Fault> {
        let seconds = |text: &str, name: &'static str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                let why = "A time is a whole number of seconds.";
                Fault::because(&catalogue::INVALID_VALUE, why).param(name)
            }),
        };
        Ok(RouteCache {
            enabled: match self.enabled.as_str() {
                "on" => Some(true),
                "off" => Some(false),
                _ => None,
            },
            ttl_seconds: seconds(&self.ttl, "cache_ttl")?,
            stale_seconds: seconds(&self.stale, "cache_stale")?,
            replay: Replay::parse(&self.replay),
            near_model: Some(self.near_model.as_str())
                .filter(|model| !model.is_empty())
                .map(Into::into),
            near_threshold: match self.near_threshold.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| {
                    let why = "A threshold is a whole number from 700 to 1000.";
                    Fault::because(&catalogue::INVALID_VALUE, why).param("near_threshold")
                })?),
            },
            near_observe: self.near_observe.then_some(true),
        })
    }
}
