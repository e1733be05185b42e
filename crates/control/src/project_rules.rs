//! What a project may use, and how much is kept of its calls.

use domain::{
    Change, Fault, HostedTool, HostedTools, ModelPermissions, ProjectId, ProjectRule, ProjectRules,
    Retention,
};
use serde_json::{Map, Value, json};

use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control};

impl Control {
    /// What is set of a project.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn project_rules(&self, project: &ProjectId) -> Result<ProjectRules, Fault> {
        self.project(project).await?;
        self.stored_rules(Some(project)).await
    }

    /// The organization's word on retention.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn organization_retention(&self) -> Result<Retention, Fault> {
        Ok(self.stored_rules(None).await?.retention.unwrap_or(Retention::DEFAULT))
    }

    /// Sets one of a project's rules. It holds from the next call on.
    ///
    /// # Errors
    /// 404 for an unknown project, 400 for an archived one.
    pub async fn set_project_rule(
        &self,
        author: &Author,
        project: &ProjectId,
        rule: ProjectRule,
    ) -> Result<ProjectRules, Fault> {
        self.active_project(project).await?;
        let before = self.stored_rules(Some(project)).await?;
        let payload = json!({
            "id": project.as_str(),
            "changes_requested": asked(&rule),
            "before": shown(&before, &rule),
        });
        let write = Write {
            audit: vec![self.audit(author, "project.updated", Some(project), &payload)],
            changes: vec![Change::SetProjectRule { project: Some(project.clone()), rule }],
            stale: Stale::Everything,
        };
        self.commit(project.as_str(), write).await?;
        // Another writer's tools, set meanwhile, are shown too.
        self.stored_rules(Some(project)).await
    }

    /// # Errors
    /// 503 when the store is away.
    pub async fn set_organization_retention(
        &self,
        author: &Author,
        retention: Retention,
    ) -> Result<Retention, Fault> {
        let organization = self.organization_scope().await?.id;
        let before = self.organization_retention().await?;
        let payload = json!({
            "id": organization,
            "changes_requested": { "data_retention": retention.as_str() },
            "before": { "data_retention": before.as_str() },
        });
        let rule = ProjectRule::Retention(Some(retention));
        let write = Write {
            audit: vec![self.audit(author, "organization.updated", None, &payload)],
            changes: vec![Change::SetProjectRule { project: None, rule }],
            stale: Stale::Everything,
        };
        self.commit(&organization, write).await?;
        Ok(retention)
    }

    async fn stored_rules(&self, project: Option<&ProjectId>) -> Result<ProjectRules, Fault> {
        let found = self.records.project_rules(project.cloned()).await;
        found.map_err(|error| store_fault(error, "the project's rules"))
    }
}

/// What is asked for, as the audit log has it.
fn asked(rule: &ProjectRule) -> Value {
    match rule {
        ProjectRule::Models(models) => json!({ "model_permissions": list(models.as_ref()) }),
        ProjectRule::Tools { allow, deny } => json!({
            "hosted_tools": tools(HostedTools(allow.0 | deny.0), *deny),
        }),
        ProjectRule::Retention(retention) => {
            json!({ "data_retention": retention.map(Retention::as_str) })
        }
    }
}

/// The same of what was there before.
fn shown(rules: &ProjectRules, of: &ProjectRule) -> Value {
    asked(&match of {
        ProjectRule::Models(_) => ProjectRule::Models(rules.models.clone()),
        ProjectRule::Tools { allow, deny } => {
            let named = allow.0 | deny.0;
            let denied = rules.denied_tools.0 & named;
            ProjectRule::Tools { allow: HostedTools(named & !denied), deny: HostedTools(denied) }
        }
        ProjectRule::Retention(_) => ProjectRule::Retention(rules.retention),
    })
}

fn list(models: Option<&ModelPermissions>) -> Value {
    models.map_or(Value::Null, |it| {
        let names: Vec<&str> = it.models.iter().map(|model| model.0.as_str()).collect();
        json!({ "mode": it.mode.as_str(), "model_ids": names })
    })
}

fn tools(named: HostedTools, denied: HostedTools) -> Map<String, Value> {
    let all = HostedTool::ALL.into_iter().filter(|tool| named.has(*tool));
    all.map(|tool| (tool.as_str().to_owned(), json!({ "enabled": !denied.has(tool) }))).collect()
}
