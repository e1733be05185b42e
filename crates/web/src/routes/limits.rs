//! `/tollgate/v1/limits`: spend limits of every scope and kind of period.

use control::LimitState;
use domain::{Fault, PeriodKind, ScopeId, ScopeKind};
use openai::admin::{Limit, List, SpendLimitDeleted};

use crate::body::{Fields, missing};
use crate::call::AdminCall;
use crate::limit_body::{self, PERIODS, SCOPES};
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let scope = asked_scope(call).await?;
    let page = call.control.list_limits(scope, call.ordered_page()?).await?;
    json(&List::of(page.rows.iter().map(shape).collect(), page.has_more))
}

pub(super) async fn put(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let (kind, id) = fields.within("scope", named_scope)?.ok_or_else(|| missing("scope"))?;
    let asked = limit_body::read(&mut fields)?;
    fields.finish()?;
    let scope = full_scope(call, kind, id, "scope.id").await?;
    let Some(draft) = asked.draft(&scope) else {
        // An explicit null is "no limit".
        call.control.clear_limit(&call.author, &scope, asked.period).await?;
        return json(&SpendLimitDeleted::ours());
    };
    json(&shape(&call.control.put_limit(&call.author, draft).await?))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let scope = asked_scope(call).await?.ok_or_else(|| missing("scope_type"))?;
    let period = call.query.word("period", &PERIODS)?.and_then(PeriodKind::parse);
    let period = period.ok_or_else(|| missing("period"))?;
    call.control.remove_limit(&call.author, &scope, period).await?;
    json(&SpendLimitDeleted::ours())
}

/// A limit as it is shown.
pub(super) fn shape(state: &LimitState) -> Limit<'_> {
    Limit::new(state.id(), &state.limit, &state.balance, state.of_file)
}

/// The scope that a body names.
pub(super) fn named_scope(fields: &mut Fields) -> Result<(ScopeKind, Option<String>), Fault> {
    let kind = fields.word("type", &SCOPES)?.and_then(ScopeKind::parse);
    Ok((kind.ok_or_else(|| missing("type"))?, fields.name("id")?))
}

/// The scope that the query names by `scope_type` and `scope_id`.
pub(super) async fn asked_scope(call: &AdminCall<'_>) -> Result<Option<ScopeId>, Fault> {
    let kind = call.query.word("scope_type", &SCOPES)?.and_then(ScopeKind::parse);
    let id = call.query.one("scope_id")?.map(str::to_owned);
    match (kind, id) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(missing("scope_type")),
        (Some(kind), id) => full_scope(call, kind, id, "scope_id").await.map(Some),
    }
}

/// There is one organization: it need not be named.
pub(super) async fn full_scope(
    call: &AdminCall<'_>,
    kind: ScopeKind,
    id: Option<String>,
    param: &'static str,
) -> Result<ScopeId, Fault> {
    match (kind, id) {
        (kind, Some(id)) => Ok(ScopeId { kind, id }),
        (ScopeKind::Organization, None) => call.control.organization_scope().await,
        (_, None) => Err(missing(param)),
    }
}
