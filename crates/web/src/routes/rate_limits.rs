//! `/v1/organization/projects/{project_id}/rate_limits`, and ours over all calls of a project or a
//! key: `/tollgate/v1/projects/{project_id}/rate_limits`, `/tollgate/v1/api_keys/{key_id}/rate_limits`.

use control::{ModelRate, RateChanges, RateOwner};
use domain::Fault;
use domain::rate::Measure;
use openai::admin::{Deleted, List, ProjectRateLimit, ScopeRateLimits};

use crate::body::Fields;
use crate::call::AdminCall;
use crate::reply::{Answer, json};

/// OpenAI's default of this list; it names no largest page.
const PAGE: i64 = 100;
const LARGEST_PAGE: i64 = 1_000;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.cursor_page(PAGE, 1..=LARGEST_PAGE)?;
    let page = call.control.list_model_rates(&call.project(), page).await?;
    json(&List::of(page.rows.into_iter().map(shape).collect(), page.has_more))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let changes = changes(&mut fields, &Measure::OPENAI)?;
    fields.finish()?;
    let id = call.rate_limit();
    json(&shape(call.control.update_model_rate(&call.author, &call.project(), id, changes).await?))
}

pub(super) async fn of_project(call: &AdminCall<'_>) -> Answer {
    show(call, RateOwner::Project(call.project())).await
}

pub(super) async fn put_project(call: &AdminCall<'_>) -> Answer {
    put(call, RateOwner::Project(call.project())).await
}

pub(super) async fn clear_project(call: &AdminCall<'_>) -> Answer {
    clear(call, RateOwner::Project(call.project())).await
}

pub(super) async fn of_key(call: &AdminCall<'_>) -> Answer {
    show(call, RateOwner::Key(call.first_key())).await
}

pub(super) async fn put_key(call: &AdminCall<'_>) -> Answer {
    put(call, RateOwner::Key(call.first_key())).await
}

pub(super) async fn clear_key(call: &AdminCall<'_>) -> Answer {
    clear(call, RateOwner::Key(call.first_key())).await
}

async fn show(call: &AdminCall<'_>, owner: RateOwner) -> Answer {
    let limits = call.control.owner_rates(&owner).await?;
    json(&ScopeRateLimits::new(owner.id(), limits))
}

/// Replaces: what is not named is lifted.
async fn put(call: &AdminCall<'_>, owner: RateOwner) -> Answer {
    let mut fields = call.fields()?;
    let named = changes(&mut fields, &Measure::ALL)?;
    fields.finish()?;
    let all = Measure::ALL.into_iter().map(|measure| {
        let limit = named.iter().find(|(m, _)| *m == measure).and_then(|(_, limit)| *limit);
        (measure, limit)
    });
    let limits = call.control.set_owner_rates(&call.author, &owner, all.collect()).await?;
    json(&ScopeRateLimits::new(owner.id(), limits))
}

async fn clear(call: &AdminCall<'_>, owner: RateOwner) -> Answer {
    call.no_fields()?;
    call.control.clear_owner_rates(&call.author, &owner).await?;
    json(&Deleted::new("tollgate.rate_limits.deleted", owner.id()))
}

/// The limits that a body names. `null` lifts one.
fn changes(fields: &mut Fields, measures: &[Measure]) -> Result<RateChanges, Fault> {
    let mut changes = Vec::new();
    for measure in measures {
        if fields.take_null(measure.field()) {
            changes.push((*measure, None));
        } else if let Some(limit) = fields.integer(measure.field(), 0..=i64::MAX)? {
            changes.push((*measure, Some(limit.unsigned_abs())));
        }
    }
    Ok(changes)
}

fn shape(row: ModelRate) -> ProjectRateLimit {
    ProjectRateLimit::new(row.id(), row.model, row.facts, row.limits)
}
