//! `/tollgate/v1/organization`: its name and its time zone.

use control::{OrganizationState, known_zone};
use openai::admin::Organization;

use crate::body::missing;
use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&shape(&call.control.organization().await?))
}

pub(super) async fn update(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let (name, zone) = (fields.name("name")?, fields.text("time_zone")?);
    if name.is_none() && zone.is_none() {
        return Err(missing("time_zone"));
    }
    fields.finish()?;
    let zone = zone.map(|zone| known_zone(&zone, "time_zone")).transpose()?;
    if let Some(name) = name {
        call.control.rename_organization(&call.author, name).await?;
    }
    if let Some(zone) = zone {
        call.control.set_zone(&call.author, zone).await?;
    }
    json(&shape(&call.control.organization().await?))
}

fn shape(state: &OrganizationState) -> Organization<'_> {
    Organization::new(&state.organization, &state.zone, state.of_file)
}
