//! The hold of a batch: what its lines can cost together, at the batch's price.

use std::sync::{Arc, PoisonError};

use domain::bound::{Bound, Demand, IMAGE_TOKENS, NoBound, Unbounded};
use domain::{Fault, Nanos, UsageFamily, fault::catalogue};
use openai::demand::{maximum_of_line, of_batch_line};
use openai::view::View;
use providers::Provider;

use super::refuse::{self, Wanted};
use super::{Over, ready};
use crate::jobs::Lines;
use crate::shared::Dataplane;
use crate::tab::Call;

/// What the lines of a batch add up to, as far as they have been read.
pub(crate) struct Tally {
    shared: Arc<Dataplane>,
    call: Arc<Call>,
    provider: &'static Provider,
    limited: Option<Arc<Over>>,
    /// Nano-dollars; or the first reason why there is no bound.
    bound: Result<i64, Fault>,
    model: Models,
    largest_input: u64,
    container_sessions: u64,
}

enum Models {
    None,
    One(String),
    /// More than one, or lines that are not billed by tokens alone.
    Several,
}

impl Tally {
    /// With the limits that stand over the call.
    pub(crate) async fn of(
        shared: &Arc<Dataplane>,
        call: &Arc<Call>,
        provider: &'static Provider,
    ) -> Result<Self, Fault> {
        let limited = match shared.budgets.may_apply() {
            true => Some(shared.budgets.over(&call.key, &call.project, call.at).await?),
            false => None,
        };
        let limited = limited.filter(|over| !over.is_empty());
        let (bound, model) = (Ok(0), Models::None);
        let (shared, call) = (Arc::clone(shared), Arc::clone(call));
        Ok(Self {
            shared,
            call,
            provider,
            limited,
            bound,
            model,
            largest_input: 0,
            container_sessions: 1,
        })
    }

    /// Whether a limit stands over the batch.
    pub(crate) fn is_limited(&self) -> bool {
        self.limited.is_some()
    }

    /// Takes a line in.
    pub(crate) fn line(&mut self, url: &str, view: &View, body: &[u8], model: Option<&str>) {
        let demand = of_batch_line(url, view, body);
        self.note_model(model, demand.as_ref().ok());
        if self.is_limited()
            && let Ok(sum) = self.bound
        {
            self.bound = demand
                .map_err(|bad| refuse::bad(&bad))
                .and_then(|demand| self.bound_of(&demand, model, url))
                .and_then(|line| sum.checked_add(line.0).ok_or_else(too_much));
        }
    }

    fn bound_of(&self, demand: &Demand, model: Option<&str>, url: &str) -> Result<Nanos, Fault> {
        let bound =
            ready::bounded(&self.shared.prices, demand, (self.provider, model), self.call.at);
        let refuse = |no| refuse::unbounded(&no, model, maximum_of_line(url));
        bound.map(|bound| bound.whole()).map_err(refuse)
    }

    fn note_model(&mut self, model: Option<&str>, demand: Option<&Demand>) {
        if let Some(Demand::Metered(line)) = demand {
            let sessions = line.tools.map_or(1, |tools| tools.sessions);
            self.container_sessions = self.container_sessions.max(sessions);
        }
        let metered = match demand {
            Some(Demand::Metered(m)) if m.media.is_none() && m.tools.is_none() => Some(m),
            _ => None,
        };
        let input = metered.map(|metered| &metered.input).filter(|input| !input.open);
        let most = input.map(|i| i.tokens.saturating_add(i.images.saturating_mul(IMAGE_TOKENS)));
        self.largest_input = self.largest_input.max(most.unwrap_or(u64::MAX));
        // Such a model's searches are not in the counts of a batch, but in those of its lines.
        let model = model.filter(|model| metered.is_some() && !model.contains("-search-"));
        self.model = match (std::mem::replace(&mut self.model, Models::Several), model) {
            (Models::None, Some(model)) => Models::One(model.to_owned()),
            (Models::One(one), Some(model)) if one == model => Models::One(one),
            _ => Models::Several,
        };
    }

    /// Sets aside what all lines can cost, and notes what they are.
    pub(crate) async fn hold(self, family: UsageFamily) -> Result<(), Fault> {
        let Self { shared, call, limited, bound, model, .. } = self;
        let (largest_input, container_sessions) = (self.largest_input, self.container_sessions);
        let model = match model {
            Models::One(model) => Some(model),
            Models::None | Models::Several => None,
        };
        let _ = call.lines.set(Lines { model, largest_input, container_sessions, family });
        let Some(limited) = limited else { return Ok(()) };
        let amount = match bound {
            Ok(amount) => amount,
            Err(_) if limited.iter().all(|one| one.limit.rules.allow_unbounded) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let fixed_picos = u128::try_from(amount).unwrap_or_default() * 1_000;
        let bound = Bound { fixed_picos, per_output_token_picos: 0, max_output: None };
        let wanted = Wanted { bound: &bound, asked: bound.whole(), maximum: None };
        let (held, _) = shared.budgets.hold(&limited, &wanted).await?;
        *call.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(())
    }
}

fn too_much() -> Fault {
    let why = "the most that its lines could cost is no amount of money";
    refuse::unbounded(&NoBound::Unbounded(Unbounded::operation(why)), None, None)
}

/// A line of a limited batch that calls another endpoint than the batch names: which of the two
/// the provider goes by is its own affair.
pub(crate) fn other_endpoint() -> Fault {
    let why = "A spend limit applies, and a line's `url` is not the batch's `endpoint`.";
    Fault::because(&catalogue::INVALID_VALUE, why).param("endpoint")
}
