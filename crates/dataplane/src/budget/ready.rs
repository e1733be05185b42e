//! From a request to its hold: what it can cost, what must be told to the provider to make that
//! true, and the money set aside for it.

use std::sync::Arc;

use domain::bound::{self, Bound, Demand, Limits, Metered, NoBound};
use domain::{Fault, Timestamp};

use super::{Budgets, Held, Limited, refuse};
use crate::permit::Permit;
use crate::prices::Prices;

/// What a call under limits goes with.
pub(crate) struct Spending {
    pub(crate) held: Held,
    /// What the bound was computed from, for the pins.
    pub(crate) metered: Option<Metered>,
    /// The maximum output that is held, in tokens an answer.
    pub(crate) output: Option<u64>,
    /// It is less than the call wanted.
    pub(crate) clamped: bool,
}

/// Holds what the call can cost. `None` where no limit applies, or where all that apply let pass
/// what cannot be bounded. `demand` is only asked where a limit applies.
pub(crate) async fn ready(
    budgets: &Arc<Budgets>,
    prices: &Prices,
    permit: &Permit,
    at: Timestamp,
    model: Option<&str>,
    demand: impl FnOnce() -> Result<Demand, openai::demand::Bad>,
) -> Result<Option<Spending>, Fault> {
    let limited = budgets.of(permit, at).await?;
    if limited.is_empty() {
        return Ok(None);
    }
    let mut demand = demand().map_err(|bad| refuse::bad(&bad))?;
    if demand == Demand::Free {
        return Ok(None);
    }
    demand.default_output(default_output(&limited));
    let bound = match bounded(prices, &demand, model, at) {
        Ok(bound) => bound,
        Err(_) if limited.iter().all(|one| one.limit.rules.allow_unbounded) => return Ok(None),
        Err(no) => return Err(refuse::unbounded(&no)),
    };
    let (held, output) = budgets.hold(&limited, &bound).await?;
    let metered = match demand {
        Demand::Metered(metered) => Some(metered),
        _ => None,
    };
    let clamped = output < bound.max_output;
    Ok(Some(Spending { held, metered, output, clamped }))
}

fn bounded(
    prices: &Prices,
    demand: &Demand,
    model: Option<&str>,
    at: Timestamp,
) -> Result<Bound, NoBound> {
    let name = model.unwrap_or("");
    let facts = Limits::of(name, providers::models::find(name));
    match prices.book().for_answer(model, None, at) {
        Some(price) => bound::bound(demand, &*price, &facts),
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
