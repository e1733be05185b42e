//! Places in the light of how they have fared.

use std::sync::Arc;

use domain::Outcome;
use domain::attempt::Class;
use domain::rate::Moment;
use domain::route::Reasons;

use crate::plan::{Candidate, Plan};
use crate::shared::Dataplane;
use crate::standing::{Entered, Standing};
use crate::tab::End;
use crate::upstreams::LiveUpstream;

impl Candidate {
    /// Whether a breaker says that a call had better go elsewhere.
    pub(crate) fn is_open(&self, now: impl Fn() -> Moment) -> bool {
        self.upstream.standing.is_open(&now) || self.credential().is_some_and(|c| c.is_open(&now))
    }

    fn credential(&self) -> Option<&Standing> {
        standing_of(&self.upstream, self.credential)
    }
}

fn standing_of(upstream: &LiveUpstream, credential: usize) -> Option<&Standing> {
    upstream.credentials.get(credential).map(|credential| &*credential.standing)
}

/// Puts a place that does well in front. The plan's own first place is never lost: it is the last
/// to be asked, and the first where all others do badly as well.
pub(crate) fn healthy_first(shared: &Dataplane, mut plan: Plan) -> Plan {
    let now = || shared.moment();
    if !plan.first.is_open(now) {
        return plan;
    }
    let well = |other: &Candidate| other.on.contains(Reasons::FAILING) && !other.is_open(now);
    if let Some(at) = plan.others.iter().position(well) {
        let first = std::mem::replace(&mut plan.first, plan.others.remove(at));
        plan.others.push(Candidate { on: Reasons::ALL, ..first });
    }
    plan
}

/// That a call has gone to a place.
pub(crate) struct Visit {
    upstream: Arc<LiveUpstream>,
    credential: usize,
    there: Entered,
    with: Option<Entered>,
}

impl Visit {
    /// `again`: the call was there before.
    pub(crate) fn begin(shared: &Dataplane, place: &Candidate, again: bool) -> Self {
        let now = || shared.moment();
        let enter = |standing: &Standing| match again {
            true => standing.enter_again(now()),
            false => standing.enter(now),
        };
        let there = enter(&place.upstream.standing);
        let with = place.credential().map(enter);
        Self { upstream: Arc::clone(&place.upstream), credential: place.credential, there, with }
    }

    /// Tells both breakers how the attempt ended.
    pub(crate) fn end(self, shared: &Dataplane, end: &End) {
        let credential = standing_of(&self.upstream, self.credential).zip(self.with);
        let Some(class) = end.class else {
            self.upstream.standing.went_well(self.there);
            if let Some((standing, entered)) = credential {
                standing.went_well(entered);
            }
            return;
        };
        let now = shared.moment();
        let by_others = class == Class::Caller && end.outcome != Outcome::Refused;
        if class == Class::NoWay || by_others {
            // It never got there, or ended by our own doing or its client's.
            self.upstream.standing.told_nothing(self.there, now);
            if let Some((standing, entered)) = credential {
                standing.told_nothing(entered, now);
            }
            return;
        }
        if class.is_the_upstreams() {
            if self.upstream.standing.failed(self.there, now) {
                shared.metrics.breaker_opened();
                tracing::warn!(alarm = "upstream_failing", upstream = %self.upstream.id,
                               class = class.word(), "an upstream fails call after call");
            }
        } else {
            // It answered.
            self.upstream.standing.went_well(self.there);
        }
        let Some((standing, entered)) = credential else { return };
        if class.is_the_credentials() {
            if standing.failed_for_good(entered, now) {
                self.tell_of_the_credential(shared, class);
            }
        } else if class.is_perhaps_the_credentials() {
            if standing.failed(entered, now) {
                self.tell_of_the_credential(shared, class);
            }
        } else if class.is_the_upstreams() {
            standing.told_nothing(entered, now);
        } else {
            standing.went_well(entered);
        }
    }

    fn tell_of_the_credential(&self, shared: &Dataplane, class: Class) {
        shared.metrics.breaker_opened();
        tracing::error!(alarm = "upstream_credential", upstream = %self.upstream.id,
                        credential = %self.upstream.credentials[self.credential].id,
                        exhausted = class == Class::Exhausted,
                        "an upstream refuses its credential");
    }
}
