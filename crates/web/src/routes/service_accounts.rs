//! `/v1/organization/projects/{project_id}/service_accounts`.

use control::{KeyDraft, ServiceAccountDraft, ServiceAccountPatch};
use domain::Role;
use openai::admin::{Deleted, List, ServiceAccount, ServiceAccountApiKey, ServiceAccountCreated};

use crate::call::AdminCall;
use crate::key_body;
use crate::reply::{Answer, json, secret_json};
use crate::reveal::reveal;

/// The name of a key that nobody named, as at OpenAI.
const UNNAMED: &str = "Secret Key";

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.control.list_service_accounts(&call.project(), call.page()?).await?;
    let rows: Vec<ServiceAccount<'_>> = page.rows.iter().map(ServiceAccount::from).collect();
    json(&List::of(rows, page.has_more))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = ServiceAccountDraft {
        name: fields.required_name("name")?,
        with_key: !fields.flag("create_service_account_only")?.unwrap_or(false),
        expiry: key_body::expires_in(&mut fields)?,
    };
    fields.finish()?;
    let made = call.control.create_service_account(&call.author, &call.project(), draft).await?;
    let (account, made) = made;
    let key = made.as_ref().map(|made| reveal(ServiceAccountApiKey::from(&made.owned.key), made));
    secret_json(&ServiceAccountCreated { account: (&account).into(), api_key: key })
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    let account = call.control.service_account(&call.project(), &call.service_account()).await?;
    json(&ServiceAccount::from(&account))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let patch = ServiceAccountPatch {
        name: fields.name("name")?,
        role: fields.word("role", &["member", "owner"])?.and_then(Role::parse),
    };
    fields.finish()?;
    let (project, id) = (call.project(), call.service_account());
    let account = call.control.update_service_account(&call.author, &project, &id, patch).await?;
    json(&ServiceAccount::from(&account))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    let id = call.service_account();
    call.control.delete_service_account(&call.author, &call.project(), &id).await?;
    json(&Deleted::new("organization.project.service_account.deleted", id.as_str()))
}

pub(super) async fn create_key(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = KeyDraft {
        name: fields.name("name")?.unwrap_or_else(|| UNNAMED.to_owned()),
        policy: key_body::policy(&mut fields)?,
        expiry: key_body::expiry(&mut fields)?,
    };
    fields.finish()?;
    let (project, id) = (call.project(), call.service_account());
    let made = call.control.create_service_account_key(&call.author, &project, &id, draft).await?;
    secret_json(&reveal(ServiceAccountApiKey::from(&made.owned.key), &made))
}
