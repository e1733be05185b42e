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
}

impl TypedCache {
    pub(super) fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            enabled: text("cache_enabled"),
            ttl: text("cache_ttl"),
            stale: text("cache_stale"),
            replay: text("cache_replay"),
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
        })
    }
}
