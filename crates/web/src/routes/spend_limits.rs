//! `spend_limit` of the organization and of a project.

use control::LimitDraft;
use domain::{Fault, PeriodKind, ScopeId, ScopeKind};
use openai::admin::{SpendLimit, SpendLimitDeleted};

use crate::call::AdminCall;
use crate::limit_body::monthly_cents;
use crate::reply::{Answer, json};

/// OpenAI's limits are monthly; at least a cent.
const PERIOD: PeriodKind = PeriodKind::Month;
const LEAST_CENTS: i64 = 1;

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let state = call.control.limit(&scope(call).await?, PERIOD).await?;
    json(&SpendLimit::new(&state.limit, &state.balance))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let amount = monthly_cents(&mut fields, LEAST_CENTS)?;
    fields.finish()?;
    // OpenAI has no word for the rules: they stay as they were.
    let (rules, calendar) = (None, None);
    let draft = LimitDraft { scope: scope(call).await?, period: PERIOD, amount, rules, calendar };
    let state = call.control.put_limit(&call.author, draft).await?;
    json(&SpendLimit::new(&state.limit, &state.balance))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let scope = scope(call).await?;
    call.control.remove_limit(&call.author, &scope, PERIOD).await?;
    json(&SpendLimitDeleted::of(scope.kind))
}

/// The project of the path, else the organization.
pub(super) async fn scope(call: &AdminCall<'_>) -> Result<ScopeId, Fault> {
    match call.path_project() {
        Some(id) => Ok(ScopeId { kind: ScopeKind::Project, id: id.as_str().to_owned() }),
        None => call.control.organization_scope().await,
    }
}
