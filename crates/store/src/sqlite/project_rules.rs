//! What projects may use, and what is kept of their calls.

use std::sync::Arc;

use domain::{
    HostedTools, KeyView, ModelMode, ModelPattern, ModelPermissions, ProjectId, ProjectRule,
    ProjectRules, Retention,
};
use rusqlite::{Connection, params};

use super::apply::{live_project, run};
use super::failure::Failure;
use super::query::{one, optional_text, text};
use crate::columns::{list, parse_list, unreadable};
use crate::sql;

/// The organization's row.
const ORGANIZATION: &str = "";

pub(crate) fn set(
    db: &Connection,
    project: Option<&ProjectId>,
    rule: &ProjectRule,
) -> Result<(), Failure> {
    if let Some(project) = project {
        live_project(db, project)?;
    }
    let of = project.map_or(ORGANIZATION, ProjectId::as_str);
    match rule {
        ProjectRule::Models(models) => {
            let mode = models.as_ref().map(|it| it.mode.as_str());
            let names = models.iter().flat_map(|it| &it.models).map(|model| model.0.clone());
            run(db, sql::SET_PROJECT_MODELS, params![of, mode, list(names)])
        }
        // One statement, so that two writers who set different tools both have their way.
        ProjectRule::Tools { allow, deny } => {
            run(db, sql::SET_PROJECT_TOOLS, params![of, deny.0 & !allow.0, deny.0, allow.0])
        }
        ProjectRule::Retention(retention) => {
            run(db, sql::SET_PROJECT_RETENTION, params![of, retention.map(Retention::as_str)])
        }
    }
}

pub(crate) fn read(db: &Connection, project: Option<&ProjectId>) -> Result<ProjectRules, Failure> {
    let of = project.map_or(ORGANIZATION, ProjectId::as_str);
    let found = one(db, sql::PROJECT_RULES, params![of], |row| {
        let models = optional_text(row, 0)?.map(|mode| {
            let mode = ModelMode::parse(mode).ok_or_else(|| unreadable("list of models"))?;
            let names = row.get_ref(1).ok().and_then(|names| names.as_str().ok());
            let models = parse_list(names.unwrap_or_default())?;
            Ok::<_, domain::ports::StoreError>(ModelPermissions {
                mode,
                models: models.into_iter().map(ModelPattern).collect(),
            })
        });
        let retention = optional_text(row, 3)?
            .map(|word| Retention::parse(word).ok_or_else(|| unreadable("retention")));
        text(row, 1)?;
        Ok(ProjectRules {
            models: models.transpose()?,
            denied_tools: HostedTools(row.get(2)?),
            retention: retention.transpose()?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

/// What a key's calls must obey, the organization's word included; `None` where nothing is set.
pub(crate) fn rules(db: &Connection, key: &KeyView) -> Result<Option<Arc<ProjectRules>>, Failure> {
    let Some(project) = &key.project else { return Ok(None) };
    let mut rules = read(db, Some(project))?;
    if rules.retention.is_none() {
        rules.retention = read(db, None)?.retention;
    }
    Ok((rules != ProjectRules::default()).then(|| Arc::new(rules)))
}
