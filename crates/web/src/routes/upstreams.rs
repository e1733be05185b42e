//! `/tollgate/v1/upstreams`: our accounts with providers.

use control::UpstreamState;
use domain::CredentialId;
use openai::admin::{Deleted, List, Upstream, UpstreamRotated, UpstreamTest};

use crate::call::AdminCall;
use crate::place_body;
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let upstreams = call.control.upstream_states().await?;
    json(&List::of(upstreams.iter().map(shape).collect(), false))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = place_body::upstream(&mut fields)?;
    fields.finish()?;
    json(&shape(&call.control.create_upstream(&call.author, draft).await?))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&shape(&call.control.upstream(call.upstream_or_route()).await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let patch = place_body::upstream_patch(&mut fields)?;
    fields.finish()?;
    json(&shape(
        &call.control.update_upstream(&call.author, call.upstream_or_route(), patch).await?,
    ))
}

pub(super) async fn delete(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id = call.control.remove_upstream(&call.author, call.upstream_or_route()).await?;
    json(&Deleted::new("tollgate.upstream.deleted", id.as_str()))
}

pub(super) async fn add_credential(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = place_body::credential(&mut fields)?;
    fields.finish()?;
    json(&shape(&call.control.add_credential(&call.author, call.upstream_or_route(), draft).await?))
}

pub(super) async fn delete_credential(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let id = CredentialId::from(call.last_id());
    json(&shape(
        &call.control.remove_credential(&call.author, call.upstream_or_route(), &id).await?,
    ))
}

/// The new credential is tried first, and takes over while calls run.
pub(super) async fn rotate(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = place_body::credential(&mut fields)?;
    fields.finish()?;
    let id = call.upstream_or_route();
    let rotated = call.control.rotate_credentials(&call.author, id, draft).await?;
    json(&UpstreamRotated { upstream: shape(&rotated.state), drained: rotated.is_drained })
}

/// One question to the provider, by each credential.
pub(super) async fn test(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    json(&UpstreamTest::from(&call.control.test_upstream(call.upstream_or_route()).await?))
}

fn shape(state: &UpstreamState) -> Upstream<'_> {
    Upstream::new(&state.upstream, state.is_named)
}
