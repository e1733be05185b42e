//! From a request to its hold: what it can cost, what must be told to the provider to make that
//! true, and the money set aside for it.

use std::sync::Arc;

use bytes::Bytes;
use domain::bound::{self, Bound, Demand, Growth, Limits, Metered, NoBound};
use domain::{Fault, KeyView, Nanos, ProjectId, Timestamp};
use openai::pin;
use openai::surface::{Meter, Operation};
use openai::view::View;
use providers::Provider;
use providers::tokens::exact_input;

use super::refuse::{self, Wanted};
use super::{Held, Limited, Over};
use crate::pipeline::Taken;
use crate::plan::Candidate;
use crate::prices::Prices;
use crate::shared::Dataplane;

/// What a call under limits goes with.
pub(crate) struct Spending {
    /// Until the attempt that it is for takes it.
    pub(crate) held: Option<Held>,
    /// What the bound was computed from, for the pins.
    pub(crate) metered: Option<Metered>,
    /// The maximum output that is held, in tokens an answer.
    pub(crate) output: Option<u64>,
    /// It is less than the call wanted.
    pub(crate) clamped: bool,
}

/// Holds what the call can cost. `None` where no limit stands over it, or where all that do let
/// pass what cannot be bounded. `model` is what the provider calls it, where the call goes by
/// another name.
pub(crate) async fn ready(
    shared: &Dataplane,
    (key, project): (&KeyView, &ProjectId),
    at: Timestamp,
    operation: &Operation,
    (taken, place): (&Taken, &Candidate),
) -> Result<Option<Spending>, Fault> {
    let limited = shared.budgets.over(key, project, at).await?;
    if limited.is_empty() {
        return Ok(None);
    }
    let mut demand = taken.demand(operation).map_err(|bad| refuse::bad(&bad))?;
    // A batch is bounded once its lines have been read (`lines.rs`).
    if matches!(demand, Demand::Free | Demand::Lines) {
        return Ok(None);
    }
    demand.default_output(default_output(&limited));
    let written = taken.decoded_model();
    let model = place.model.as_deref().or(written.as_deref());
    let provider = place.upstream.provider;
    let bounded = |demand: &Demand| bounded(&shared.prices, demand, (provider, model), at);
    let bound = match bounded(&demand) {
        Ok(bound) => bound,
        Err(_) if limited.iter().all(|one| one.limit.rules.allow_unbounded) => return Ok(None),
        Err(no) => {
            if no == NoBound::Unpriced {
                let name = provider.priced(model.unwrap_or(""));
                shared.prices.miss(&name, "it was refused under a limit".into(), at);
            }
            let priced = model.map(|model| provider.priced(model));
            return Err(refuse::unbounded(&no, priced.as_deref(), pin::maximum(operation)));
        }
    };
    if limited.iter().all(|one| one.limit.rules.elastic)
        && provider.stops_at_cancel
        && let Some(held) = first_part(shared, &limited, (operation, taken), &demand, &bound).await
    {
        let (Demand::Metered(metered), held) = (demand, Some(held)) else { return Ok(None) };
        let (metered, output) = (Some(metered), bound.max_output);
        return Ok(Some(Spending { held, metered, output, clamped: false }));
    }
    let mut wanted = bound;
    let (held, output) = match shared.budgets.hold_whole(&limited, &bound).await? {
        Ok(held) => (held, bound.max_output),
        Err(reach) => {
            // Only now is it worth while to count, and only if that could be enough.
            if least(&demand, bounded) <= reach
                && provider.openai_models
                && let Some(tokens) = counted(&demand, model, taken.text()).await
            {
                demand.count_input(tokens);
                let refuse = |no| refuse::unbounded(&no, model, pin::maximum(operation));
                wanted = bounded(&demand).map_err(refuse)?;
            }
            let (asked, maximum) = (bound.whole(), pin::maximum(operation));
            let wanted = Wanted { bound: &wanted, asked, maximum };
            shared.budgets.hold(&limited, &wanted).await?
        }
    };
    let metered = match demand {
        Demand::Metered(metered) => Some(metered),
        _ => None,
    };
    let held = Some(held);
    Ok(Some(Spending { held, metered, output, clamped: output < wanted.max_output }))
}

/// The first part of a stream's bound, where its hold may grow. `None`: it is held whole.
async fn first_part(
    shared: &Dataplane,
    limited: &Arc<Over>,
    (operation, taken): (&Operation, &Taken),
    demand: &Demand,
    bound: &Bound,
) -> Option<Held> {
    let Demand::Metered(metered) = demand else { return None };
    let output = &metered.output;
    let is_text = metered.media.is_none() && !output.audio && metered.tools.is_none();
    let is_one = output.choices == 1 && output.beside == 0 && !metered.searches;
    if operation.meter != Meter::Chat || !is_text || !is_one || !taken.shows_what_is_written() {
        return None;
    }
    let growth = Growth::begin(bound)?;
    let held = shared.budgets.extend(limited, growth.hold()).await?;
    Some(held.growing(growth))
}

/// The least that a count of the input could make of the bound.
fn least(demand: &Demand, bounded: impl Fn(&Demand) -> Result<Bound, NoBound>) -> Nanos {
    let mut empty = *demand;
    empty.count_input(0);
    bounded(&empty).map_or(Nanos(i64::MAX), |bound| bound.total(0))
}

/// The exact count of a text's tokens, where that can be had. It takes some milliseconds, off the
/// runtime's threads.
async fn counted(demand: &Demand, model: Option<&str>, text: Option<Bytes>) -> Option<u64> {
    let Demand::Metered(metered) = demand else { return None };
    let (model, text) = (model.filter(|_| metered.input.exact)?.to_owned(), text?);
    let count = move || exact_input(&model, &View::of(&text).ok()?, &text);
    tokio::task::spawn_blocking(count).await.ok()?
}

pub(super) fn bounded(
    prices: &Prices,
    demand: &Demand,
    (provider, model): (&Provider, Option<&str>),
    at: Timestamp,
) -> Result<Bound, NoBound> {
    let name = model.unwrap_or("");
    // The table is of OpenAI's models; another's may only be called like one.
    let known = providers::models::find(name).filter(|_| provider.openai_models);
    let facts = Limits::of(name, known);
    match prices.look(provider, model, at, |price| bound::bound(demand, price, &facts)) {
        Some(bound) => bound,
        // What is unbounded by itself says so; else it is the price that is missing.
        None => match demand {
            Demand::Metered(_) => Err(NoBound::Unpriced),
            other => bound::bound(other, &Unpriced, &facts),
        },
    }
}

/// The smallest default of the limits that have one.
fn default_output(limited: &[Limited]) -> Option<u64> {
    limited.iter().filter_map(|one| one.limit.rules.default_max_output).min()
}

struct Unpriced;

impl domain::price::Priced for Unpriced {
    fn dearest(&self, _: &domain::price::Reach) -> Option<domain::price::Rates> {
        None
    }

    fn unit(&self, _: domain::price::Unit) -> Option<u64> {
        None
    }
}
