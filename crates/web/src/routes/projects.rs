//! `/v1/organization/projects`.

use control::{ProjectDraft, ProjectPatch};
use openai::admin::{List, Project, RESIDENCIES};

use crate::body::Fields;
use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let archived = call.query.flag("include_archived")?.unwrap_or(false);
    let page = call.control.list_projects(call.page()?, archived).await?;
    let rows: Vec<Project<'_>> = page.rows.iter().map(Project::from).collect();
    json(&List::of(rows, page.has_more))
}

pub(super) async fn create(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let draft = ProjectDraft {
        name: fields.required_name("name")?,
        external_key_id: fields.name("external_key_id")?,
        residency: fields.word("residency", &RESIDENCIES)?.map(str::to_owned),
    };
    geography(&mut fields)?;
    fields.finish()?;
    json(&Project::from(&call.control.create_project(&call.author, draft).await?))
}

pub(super) async fn get(call: &AdminCall<'_>) -> Answer {
    json(&Project::from(&call.control.project(&call.project()).await?))
}

pub(super) async fn modify(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let patch = ProjectPatch {
        name: fields.name("name")?,
        external_key_id: fields.clearable_name("external_key_id")?,
    };
    geography(&mut fields)?;
    fields.finish()?;
    let project = call.control.update_project(&call.author, &call.project(), patch).await?;
    json(&Project::from(&project))
}

pub(super) async fn archive(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    json(&Project::from(&call.control.archive_project(&call.author, &call.project()).await?))
}

/// The word that older SDKs send for `residency`. Taken and not kept, as OpenAI does now.
fn geography(fields: &mut Fields) -> Result<(), domain::Fault> {
    fields.name("geography").map(|_| ())
}
