//! How a model's calls would go: what [`super::choose`] decides, told.

use domain::ports::{Considered, Explained};
use domain::route::{Pass, Reasons, Seen};
use domain::{ProjectId, Timestamp};

use super::usual_price;
use crate::shared::Dataplane;

/// The operation that is looked at; others may be offered elsewhere.
const CHAT: &str = "/chat/completions";

/// Stands for a project that no route is for.
const NOBODY: &str = "";

impl Dataplane {
    /// How the calls of a model would go now, in the order of steps and weights.
    #[must_use]
    pub fn explain(&self, project: Option<&ProjectId>, model: &str, at: Timestamp) -> Explained {
        let places = self.places();
        let nobody = ProjectId::from(NOBODY);
        let project = project.unwrap_or(&nobody);
        let denied = places.routes.denies(project, model);
        let Some(found) = places.routes.find(project, model) else {
            let denies = |name: &str| places.routes.denies_upstream(project, model, name);
            let all = places.upstreams.iter().map(|upstream| Considered {
                upstream: upstream.name().to_owned(),
                model: model.to_owned(),
                step: 0,
                weight: 1,
                on: Reasons::NONE,
                when: None,
                shadow: None,
                price: usual_price(self, upstream, model, at),
                passed: match () {
                    () if !upstream.enabled => Some(Pass::Disabled),
                    () if denies(upstream.name()) => Some(Pass::UpstreamDenied),
                    () => None,
                },
            });
            let mut all: Vec<Considered> = all.collect();
            // Nothing goes on from the first that is used.
            let used = all.iter().position(|one| one.passed.is_none());
            all.truncate(used.map_or(all.len(), |at| at + 1));
            return Explained { denied, route: None, places: all };
        };
        let considered = found.route.targets.iter().map(|target| {
            let upstream = places.named(&target.upstream);
            let seen =
                upstream.map(|u| Seen { enabled: u.enabled, offers: u.provider.offers(CHAT) });
            let price = |sent: &str| upstream.and_then(|u| usual_price(self, u, sent, at));
            let sent = found.model_at(target);
            let name = sent.as_deref().unwrap_or(model);
            let billed = upstream.and_then(|u| usual_price(self, u, name, at));
            Considered {
                upstream: target.upstream.clone(),
                model: name.to_owned(),
                step: target.step,
                weight: target.weight,
                on: target.on,
                when: target.when.as_deref().copied(),
                shadow: target.shadow,
                price: billed,
                passed: places.routes.passes((project, model), &found, target, seen, price),
            }
        });
        let mut places: Vec<Considered> = considered.collect();
        places.sort_by_key(|one| (one.step, std::cmp::Reverse(one.weight)));
        Explained { denied, route: Some(found.route.id.clone()), places }
    }
}
