//! `/tollgate/v1/projects/{project_id}/api_keys/{api_key_id}`: a key's secrets and their rotation.

use control::OwnedKey;
use openai::admin::KeyDetail;

use super::project_api_keys::owner;
use crate::call::AdminCall;
use crate::reply::{Answer, json, secret_json};
use crate::reveal::reveal;

/// A day: long enough to bring the new secret to every place that has the old one.
const DEFAULT_GRACE: i64 = 86_400;
const LONGEST_GRACE: i64 = 31_536_000;

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&shape(&call.control.key(&call.project(), &call.key()).await?))
}

pub(super) async fn rotate(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let grace = fields.integer("grace_seconds", 0..=LONGEST_GRACE)?.unwrap_or(DEFAULT_GRACE);
    fields.finish()?;
    let made = call.control.rotate_key(&call.author, &call.project(), &call.key(), grace).await?;
    secret_json(&reveal(shape(&made.owned), &made))
}

pub(super) async fn end_old(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    json(&shape(&call.control.end_old_secrets(&call.author, &call.project(), &call.key()).await?))
}

pub(super) async fn hand_over(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let (project, key) = (call.project(), call.key());
    json(&shape(&call.control.rotate_by_handler(&call.author, &project, &key).await?))
}

pub(super) async fn resume(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let even_leaked = fields.flag("even_leaked")?.unwrap_or(false);
    fields.finish()?;
    let (project, key) = (call.project(), call.key());
    json(&shape(&call.control.resume_key(&call.author, &project, &key, even_leaked).await?))
}

fn shape(owned: &OwnedKey) -> KeyDetail<'_> {
    KeyDetail::new(&owned.key, owner(owned))
}
