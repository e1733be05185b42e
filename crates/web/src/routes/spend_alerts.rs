//! `spend_alerts` of the organization and of a project.

use control::MadeAlert;
use domain::ScopeKind;
use openai::admin::{Deleted, List, SpendAlert};

use super::spend_limits::scope;
use crate::call::AdminCall;
use crate::limit_body;
use crate::reply::{Answer, json, secret_json};
use crate::reveal::reveal_webhook;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let (order, page) = (call.order()?, call.cursor_page_or_none()?);
    let page = call.control.list_alerts(scope(call).await?, order, page).await?;
    let rows: Vec<SpendAlert<'_>> = page.rows.iter().map(SpendAlert::from).collect();
    json(&List::of(rows, page.has_more))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = limit_body::alert(&mut fields)?;
    fields.finish()?;
    let scope = scope(call).await?;
    show(&call.control.create_alert(&call.author, scope, draft).await?)
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let alert = call.control.alert(&scope(call).await?, &call.alert()).await?;
    json(&SpendAlert::from(&alert))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = limit_body::alert(&mut fields)?;
    fields.finish()?;
    let scope = scope(call).await?;
    show(&call.control.update_alert(&call.author, &scope, &call.alert(), draft).await?)
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let (scope, id) = (scope(call).await?, call.alert());
    call.control.delete_alert(&call.author, &scope, &id).await?;
    let object = match scope.kind {
        ScopeKind::Organization => "organization.spend_alert.deleted",
        _ => "project.spend_alert.deleted",
    };
    json(&Deleted::new(object, id.as_str()))
}

/// With the webhook's secret, if that was made just now.
fn show(made: &MadeAlert) -> Answer {
    let shape = SpendAlert::from(&made.alert);
    match &made.secret {
        Some(secret) => secret_json(&reveal_webhook(shape, secret)),
        None => json(&shape),
    }
}
