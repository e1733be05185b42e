//! `/v1/organization/projects/{project_id}/api_keys`. Creation is ours; OpenAI has none for a
//! person's key.

use control::{KeyDraft, KeyPatch, OwnedKey, OwnerRecord};
use openai::admin::{Deleted, List, Owner, ProjectApiKey};

use crate::call::AdminCall;
use crate::key_body;
use crate::reply::{Answer, json, secret_json};
use crate::reveal::reveal;

/// What OpenAI calls a key that nobody named.
const UNNAMED: &str = "Secret key";

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let access = call.query.word("owner_project_access", &["active", "inactive", "any"])?;
    let page = call.control.list_keys(&call.project(), call.page()?).await?;
    // Owners keep their access as long as their keys live, so nothing is ever inactive.
    if access == Some("inactive") {
        return json(&List::of(Vec::<ProjectApiKey<'_>>::new(), false));
    }
    json(&List::of(page.rows.iter().map(shape).collect(), page.has_more))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = KeyDraft {
        name: fields.name("name")?.unwrap_or_else(|| UNNAMED.to_owned()),
        policy: key_body::policy(&mut fields)?,
        expiry: key_body::expiry(&mut fields)?,
    };
    fields.finish()?;
    let made = call.control.create_key(&call.author, &call.project(), draft).await?;
    secret_json(&reveal(shape(&made.owned), &made))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&shape(&call.control.key(&call.project(), &call.key()).await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let any_model = fields.take_null("models").then_some(None);
    let anywhere = fields.take_null("networks").then_some(None);
    let patch = KeyPatch {
        name: fields.name("name")?,
        permission: key_body::permission(&mut fields)?,
        models: any_model.or(key_body::models(&mut fields)?.map(Some)),
        networks: anywhere.or(key_body::networks(&mut fields)?.map(Some)),
        expiry: key_body::changed_expiry(&mut fields)?,
    };
    fields.finish()?;
    let key = call.control.update_key(&call.author, &call.project(), &call.key(), patch).await?;
    json(&shape(&key))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    let id = call.key();
    call.control.delete_key(&call.author, &call.project(), &id).await?;
    json(&Deleted::new("organization.project.api_key.deleted", id.as_str()))
}

fn shape(owned: &OwnedKey) -> ProjectApiKey<'_> {
    ProjectApiKey::new(&owned.key, owner(owned))
}

/// Whom a key belongs to, in the words of the shapes.
pub(super) fn owner(owned: &OwnedKey) -> Owner<'_> {
    match &owned.owner {
        OwnerRecord::User(user) => Owner::User(user),
        OwnerRecord::ServiceAccount(account) => Owner::ServiceAccount(account),
    }
}
