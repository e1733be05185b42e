//! `/v1/organization/admin_api_keys`.

use control::{AdminKeyDraft, OwnedKey, OwnerRecord};
use domain::Fault;
use domain::fault::catalogue;
use openai::admin::{AdminApiKey, Deleted, List};

use crate::call::AdminCall;
use crate::key_body::{expires_in, permission};
use crate::reply::{Answer, json, secret_json};
use crate::reveal::reveal;

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let page = call.control.list_admin_keys(call.ordered_page()?).await?;
    let rows = page.rows.iter().map(shape).collect::<Result<_, _>>()?;
    json(&List::of(rows, page.has_more))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = AdminKeyDraft {
        name: fields.required_name("name")?,
        permission: permission(&mut fields)?.unwrap_or_default(),
        expiry: expires_in(&mut fields)?,
    };
    fields.finish()?;
    let made = call.control.create_admin_key(&call.author, draft).await?;
    secret_json(&reveal(shape(&made.owned)?, &made))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&shape(&call.control.admin_key(&call.admin_key()).await?)?)
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    let id = call.admin_key();
    call.control.delete_admin_key(&call.author, &id).await?;
    json(&Deleted::new("organization.admin_api_key.deleted", id.as_str()))
}

/// Admin keys belong to people; the store has no way to make another.
fn shape(owned: &OwnedKey) -> Result<AdminApiKey<'_>, Fault> {
    match &owned.owner {
        OwnerRecord::User(user) => Ok(AdminApiKey::new(&owned.key, user)),
        OwnerRecord::ServiceAccount(_) => Err(Fault::new(&catalogue::INTERNAL_ERROR)),
    }
}
