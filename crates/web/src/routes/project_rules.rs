//! `/v1/organization/projects/{project_id}/model_permissions`, `…/hosted_tool_permissions`,
//! `…/data_retention`, and `/v1/organization/data_retention`.

use domain::{
    HostedTool, HostedTools, ModelMode, ModelPattern, ModelPermissions, ProjectRule, Retention,
};
use openai::admin::{
    DataRetention, ModelPermissionsDeleted, ProjectHostedTools, ProjectModelPermissions,
};

use crate::body::missing;
use crate::call::AdminCall;
use crate::reply::{Answer, json};

/// What an organization may say. `none` is a project's alone, as is the word for following.
const OF_ORGANIZATION: [&str; 4] = [
    "zero_data_retention",
    "modified_abuse_monitoring",
    "enhanced_zero_data_retention",
    "enhanced_modified_abuse_monitoring",
];
const OF_PROJECT: [&str; 6] = [
    DataRetention::OF_ORGANIZATION,
    "none",
    "zero_data_retention",
    "modified_abuse_monitoring",
    "enhanced_zero_data_retention",
    "enhanced_modified_abuse_monitoring",
];

pub(super) async fn models(call: &AdminCall<'_>) -> Answer {
    let rules = call.control.project_rules(&call.project()).await?;
    json(&ProjectModelPermissions::from(rules.models.as_ref()))
}

pub(super) async fn set_models(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let mode = fields.word("mode", &ModelMode::ALL.map(ModelMode::as_str))?;
    let mode = mode.and_then(ModelMode::parse).ok_or_else(|| missing("mode"))?;
    let names = fields.texts("model_ids")?.ok_or_else(|| missing("model_ids"))?;
    fields.finish()?;
    let models = names.into_iter().map(ModelPattern).collect();
    let rule = ProjectRule::Models(Some(ModelPermissions { mode, models }));
    let rules = call.control.set_project_rule(&call.author, &call.project(), rule).await?;
    json(&ProjectModelPermissions::from(rules.models.as_ref()))
}

/// Again is no error: clients retry.
pub(super) async fn delete_models(call: &AdminCall<'_>) -> Answer {
    call.no_fields()?;
    let rule = ProjectRule::Models(None);
    call.control.set_project_rule(&call.author, &call.project(), rule).await?;
    json(&ModelPermissionsDeleted::default())
}

pub(super) async fn tools(call: &AdminCall<'_>) -> Answer {
    let denied = call.control.project_rules(&call.project()).await?.denied_tools;
    json(&ProjectHostedTools { denied })
}

pub(super) async fn set_tools(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let (mut allow, mut deny) = (HostedTools::default(), HostedTools::default());
    for tool in HostedTool::ALL {
        let enabled = fields.within(tool.as_str(), |fields| {
            fields.flag("enabled")?.ok_or_else(|| missing("enabled"))
        })?;
        match enabled {
            Some(true) => allow = allow.with(tool),
            Some(false) => deny = deny.with(tool),
            None => {}
        }
    }
    fields.finish()?;
    let project = call.project();
    if allow.is_empty() && deny.is_empty() {
        return tools(call).await;
    }
    let rule = ProjectRule::Tools { allow, deny };
    let denied = call.control.set_project_rule(&call.author, &project, rule).await?.denied_tools;
    json(&ProjectHostedTools { denied })
}

pub(super) async fn retention(call: &AdminCall<'_>) -> Answer {
    let rules = call.control.project_rules(&call.project()).await?;
    json(&DataRetention::project(rules.retention))
}

pub(super) async fn set_retention(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let word = fields.word("retention_type", &OF_PROJECT)?;
    let word = word.ok_or_else(|| missing("retention_type"))?;
    fields.finish()?;
    let rule = ProjectRule::Retention(Retention::parse(word));
    let rules = call.control.set_project_rule(&call.author, &call.project(), rule).await?;
    json(&DataRetention::project(rules.retention))
}

pub(super) async fn organization_retention(call: &AdminCall<'_>) -> Answer {
    json(&DataRetention::organization(call.control.organization_retention().await?))
}

pub(super) async fn set_organization_retention(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let word = fields.word("retention_type", &OF_ORGANIZATION)?.and_then(Retention::parse);
    let retention = word.ok_or_else(|| missing("retention_type"))?;
    fields.finish()?;
    let set = call.control.set_organization_retention(&call.author, retention).await?;
    json(&DataRetention::organization(set))
}
