//! `/tollgate/v1/honeytokens`: keys that never work, and alarm when they are used.

use control::HoneytokenDraft;
use domain::{KeyId, KeyKind};
use openai::admin::{Deleted, Honeytoken, List};

use crate::call::AdminCall;
use crate::reply::{Answer, json, secret_json};
use crate::reveal::reveal_honeytoken;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let all = call.control.list_honeytokens().await?;
    json(&List::of(all.iter().map(Honeytoken::from).collect(), false))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let kinds = ["project", "service_account", "admin"];
    let draft = HoneytokenDraft {
        name: fields.required_name("name")?,
        project: fields.name("project_id")?.map(|id| id.as_str().into()),
        kind: fields.word("kind", &kinds)?.and_then(KeyKind::parse).unwrap_or(KeyKind::Project),
    };
    fields.finish()?;
    let made = call.control.create_honeytoken(&call.author, draft).await?;
    secret_json(&reveal_honeytoken(Honeytoken::from(&made.honeytoken), &made))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id: KeyId = call.last();
    call.control.remove_honeytoken(&call.author, &id).await?;
    json(&Deleted::new("tollgate.honeytoken.deleted", id.as_str()))
}
