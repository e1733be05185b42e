//! Why a place is passed over.

use std::fmt;

use super::{CallFacts, Found, MaxPrice, Routes, Target, Unmet};
use crate::ProjectId;

/// Why a target is passed over before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// No upstream has its name, or the one that has cannot be used.
    Missing,
    Disabled,
    /// The project may not use the upstream for the model.
    UpstreamDenied,
    /// The project may not use the model that the name stands for.
    ModelDenied,
    /// Its provider has no such operation.
    NotOffered,
    /// Its model costs more than the target allows, or has no price to compare.
    TooDear,
    /// The call is not one that it is for.
    Unmet(Unmet),
    /// It only ever gets copies of calls.
    Shadow,
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unmet(unmet) => return unmet.fmt(f),
            Self::Shadow => "it only gets copies of answered calls (shadow)",
            Self::Missing => "no such upstream is in use",
            Self::Disabled => "the upstream is switched off",
            Self::UpstreamDenied => "a route denies the project this upstream",
            Self::ModelDenied => "a route denies the project this model",
            Self::NotOffered => "its provider does not offer this operation",
            Self::TooDear => "its price is above the target's max_price, or unknown",
        })
    }
}

/// What is known of a target's upstream.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub enabled: bool,
    pub offers: bool,
}

impl Target {
    /// Why a target is none of a call's places, whatever is known of its upstream.
    #[must_use]
    pub fn is_not_for(&self, call: &CallFacts) -> Option<Pass> {
        if self.shadow.is_some() {
            return Some(Pass::Shadow);
        }
        self.when.as_ref().and_then(|when| when.unmet(call)).map(Pass::Unmet)
    }
}

impl Routes {
    /// Whether a target of a found route is passed over. `price` gives the usual prices of a model
    /// there, in pico-dollars a token; it is only asked where the target has a maximum.
    #[must_use]
    pub fn passes(
        &self,
        (project, asked): (&ProjectId, &str),
        found: &Found<'_>,
        target: &Target,
        seen: Option<Seen>,
        price: impl FnOnce(&str) -> Option<MaxPrice>,
    ) -> Option<Pass> {
        let Some(seen) = seen else { return Some(Pass::Missing) };
        if !seen.enabled {
            return Some(Pass::Disabled);
        }
        if self.denies_upstream(project, asked, &target.upstream) {
            return Some(Pass::UpstreamDenied);
        }
        let sent = found.model_at(target);
        let sent = sent.as_deref().unwrap_or(asked);
        if self.denies(project, sent) {
            return Some(Pass::ModelDenied);
        }
        if !seen.offers {
            return Some(Pass::NotOffered);
        }
        let most = target.max_price?;
        let fits =
            |price: MaxPrice| within(price.input, most.input) && within(price.output, most.output);
        (!price(sent).is_some_and(fits)).then_some(Pass::TooDear)
    }
}

fn within(price: Option<u64>, most: Option<u64>) -> bool {
    most.is_none_or(|most| price.is_some_and(|price| price <= most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::{Reasons, Route};
    use crate::{Timestamp, UpstreamSource};

    #[test]
    fn the_first_reason_is_told() {
        let most = MaxPrice { input: Some(10), output: None };
        let target = Target {
            model: Some("sent".into()),
            on: Reasons::NONE,
            max_price: Some(most),
            ..Target::at("a")
        };
        let plain = Route {
            id: "r".into(),
            project: None,
            model: "m".into(),
            aliases: vec![],
            targets: vec![target.clone()],
            deny: false,
            deny_upstreams: vec![],
            cache: crate::RouteCache::default(),
            source: UpstreamSource::Api,
            created_at: Timestamp(0),
        };
        let project = "p".into();
        let judge = |more: Vec<Route>, seen: Option<Seen>, price: Option<MaxPrice>| {
            let routes = Routes::new([vec![plain.clone()], more].concat());
            let found = routes.find(&project, "m").unwrap();
            routes.passes((&project, "m"), &found, &target, seen, |sent| {
                assert_eq!(sent, "sent");
                price
            })
        };
        let seen = Some(Seen { enabled: true, offers: true });
        let price = |input| Some(MaxPrice { input, output: Some(u64::MAX) });
        assert_eq!(judge(vec![], seen, price(Some(10))), None);
        assert_eq!(judge(vec![], seen, price(Some(11))), Some(Pass::TooDear));
        assert_eq!(judge(vec![], seen, price(None)), Some(Pass::TooDear));
        assert_eq!(judge(vec![], seen, None), Some(Pass::TooDear), "nobody knows what it costs");
        assert_eq!(judge(vec![], None, None), Some(Pass::Missing));
        let off = Some(Seen { enabled: false, offers: true });
        assert_eq!(judge(vec![], off, None), Some(Pass::Disabled));
        let other = Some(Seen { enabled: true, offers: false });
        assert_eq!(judge(vec![], other, None), Some(Pass::NotOffered));
        let rule = |model: &str| Route {
            id: "d".into(),
            model: model.into(),
            targets: vec![],
            ..plain.clone()
        };
        let model = Route { deny: true, ..rule("sent") };
        assert_eq!(judge(vec![model], seen, None), Some(Pass::ModelDenied));
        let upstream = Route { deny_upstreams: vec!["a".into()], ..rule("*") };
        assert_eq!(judge(vec![upstream], seen, None), Some(Pass::UpstreamDenied));
    }
}
