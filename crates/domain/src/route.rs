//! Where a model's calls may go: routes, their targets in order, and the reasons to go on to the
//! next one.
//!
//! A route is for one public model name, or for all that begin alike. Of several, the project's
//! own count before the organization's, then the whole name before a beginning, then the longer
//! beginning. What is denied is denied by every route that fits, whichever decides.

use std::fmt;
use std::ops::BitOr;
use std::sync::Arc;

use crate::{Nanos, ProjectId, RouteCache, RouteId, Timestamp, UpstreamSource};

mod order;
mod pass;
mod table;
mod when;

pub use order::{draw, order, percent};
pub use pass::{Pass, Seen};
pub use table::{Found, Routes};
pub use when::{CallFacts, Share, ShareBy, Unmet, When, spent_percent};

/// What one public model name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    pub id: RouteId,
    /// For the calls of this project only.
    pub project: Option<ProjectId>,
    /// A public name, or a beginning with a `*` behind it.
    pub model: String,
    /// Further public names; only of a route for a whole name.
    pub aliases: Vec<String>,
    /// Empty where the route only denies.
    pub targets: Vec<Target>,
    /// The model may not be used, here or as what another name stands for.
    pub deny: bool,
    /// Upstreams, by name, that these models may not go to.
    pub deny_upstreams: Vec<String>,
    /// What it says of the answer cache.
    pub cache: RouteCache,
    pub source: UpstreamSource,
    pub created_at: Timestamp,
}

/// One place that a route may lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// An upstream's name. It need not be there: then the target is passed over.
    pub upstream: String,
    /// What the provider calls the model. A `*` at its end stands for what the route's own `*`
    /// stood for. `None`: the route's name, or what the caller wrote where that is a beginning.
    pub model: Option<Arc<str>>,
    /// Its share of the calls within its step. One of 0 is only for when the others fail.
    pub weight: u32,
    /// The lowest step comes first.
    pub step: u32,
    /// For which failures of an earlier place a call may come here.
    pub on: Reasons,
    /// Passed over where the model costs more.
    pub max_price: Option<MaxPrice>,
    /// For which calls it is there.
    pub when: Option<Box<When>>,
    /// It is no place of the call's: so many of a hundred answered calls are made here as well, for a
    /// person to compare.
    pub shadow: Option<u32>,
}

impl Target {
    pub const WEIGHT: u32 = 1;
    /// A place for any call, by the caller's name of the model.
    #[must_use]
    pub fn at(upstream: &str) -> Self {
        Self {
            upstream: upstream.to_owned(),
            model: None,
            weight: Self::WEIGHT,
            step: 0,
            on: Self::ON,
            max_price: None,
            when: None,
            shadow: None,
        }
    }

    /// A cheaper or a larger model is another answer: only whoever wrote the route may want it.
    pub const ON: Reasons = Reasons(Reasons::THROTTLED.0 | Reasons::FAILING.0);
}

/// The most that a model's usual prices may be, in pico-dollars a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaxPrice {
    pub input: Option<u64>,
    pub output: Option<u64>,
}

impl MaxPrice {
    /// Pico-dollars a token, of US dollars a million tokens such as `2.50`.
    #[must_use]
    pub fn parse(text: &str) -> Option<u64> {
        Some(Nanos::from_dollars(text)?.0.cast_unsigned() / 1_000)
    }

    /// US dollars a million tokens, of pico-dollars a token.
    #[must_use]
    pub fn show(picos: u64) -> String {
        Nanos(i64::try_from(picos.saturating_mul(1_000)).unwrap_or(i64::MAX)).to_string()
    }
}

/// For which failures of an earlier place a call may come to a place: a small set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Reasons(u8);

impl Reasons {
    pub const NONE: Self = Self(0);
    /// It answered 429, or its limits are known to be used up.
    pub const THROTTLED: Self = Self(1);
    /// It cannot be reached, does not answer, answers 5xx, or refuses our credential.
    pub const FAILING: Self = Self(2);
    /// The request is longer than its model can read.
    pub const CONTEXT: Self = Self(4);
    /// It is dearer than is allowed, or than is left to spend.
    pub const PRICE: Self = Self(8);
    pub const ALL: Self = Self(15);

    /// Each with its name in configs and on the wire.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("throttled", Self::THROTTLED),
        ("failing", Self::FAILING),
        ("context", Self::CONTEXT),
        ("price", Self::PRICE),
    ];

    /// Whether all of `other` are in it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The one reason of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|&(_, reason)| reason)
    }

    /// The names of those in it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.into_iter().filter(move |&(_, r)| self.contains(r)).map(|(name, _)| name)
    }
}

impl BitOr for Reasons {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_a_set_with_names() {
        let both = Reasons::THROTTLED | Reasons::PRICE;
        assert!(both.contains(Reasons::PRICE) && !both.contains(Reasons::FAILING));
        assert_eq!(both.names().collect::<Vec<_>>(), ["throttled", "price"]);
        assert!(Reasons::ALL.names().all(|name| Reasons::parse(name).is_some()));
        assert_eq!(Reasons::parse("bored"), None);
        assert!(Reasons::NONE.is_empty() && !both.is_empty());
    }
}
