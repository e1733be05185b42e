//! `/tollgate/v1/organization`: its time zone.

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
    let name = fields.text("time_zone")?.ok_or_else(|| missing("time_zone"))?;
    fields.finish()?;
    let zone = known_zone(&name, "time_zone")?;
    json(&shape(&call.control.set_zone(&call.author, zone).await?))
}

fn shape(state: &OrganizationState) -> Organization<'_> {
    Organization::new(&state.organization, &state.zone, state.of_file)
}
