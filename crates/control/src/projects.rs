//! Projects: made, renamed, archived; never deleted.

use domain::fault::catalogue;
use domain::{Change, Fault, PageQuery, Paged, Project, ProjectId};
use serde_json::{Map, Value, json};

use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control};

/// What a new project is made of.
#[derive(Clone, Debug)]
pub struct ProjectDraft {
    pub name: String,
    pub external_key_id: Option<String>,
    pub residency: Option<String>,
}

/// `None` leaves a field as it is; `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct ProjectPatch {
    pub name: Option<String>,
    pub external_key_id: Option<Option<String>>,
}

impl Control {
    /// # Errors
    /// 503 when the store is away, as every method here.
    pub async fn list_projects(
        &self,
        page: PageQuery,
        include_archived: bool,
    ) -> Result<Paged<Project>, Fault> {
        let listed = self.records.projects(page, include_archived).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an id that is not there.
    pub async fn project(&self, id: &ProjectId) -> Result<Project, Fault> {
        let found = self.records.project(id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// The project, when it may still be changed.
    pub(crate) async fn active_project(&self, id: &ProjectId) -> Result<Project, Fault> {
        let project = self.project(id).await?;
        if project.archived_at.is_some() {
            let message = format!("The project '{id}' is archived and can no longer be changed.");
            return Err(invalid("project_id", message));
        }
        Ok(project)
    }

    /// # Errors
    /// 409 when the store refuses it.
    pub async fn create_project(
        &self,
        author: &Author,
        draft: ProjectDraft,
    ) -> Result<Project, Fault> {
        let project = Project {
            id: ProjectId::mint(vault::random()),
            name: draft.name,
            created_at: self.clock.now(),
            archived_at: None,
            external_key_id: draft.external_key_id,
            residency: draft.residency,
        };
        let payload = json!({
            "id": project.id.as_str(),
            "data": { "name": project.name, "title": project.name },
        });
        let write = Write {
            audit: vec![self.audit(author, "project.created", Some(&project.id), &payload)],
            changes: vec![Change::CreateProject(project.clone())],
            stale: Stale::Nothing,
        };
        self.commit(project.id.as_str(), write).await?;
        Ok(project)
    }

    /// # Errors
    /// 404 for an unknown project, 400 for an archived one.
    pub async fn update_project(
        &self,
        author: &Author,
        id: &ProjectId,
        patch: ProjectPatch,
    ) -> Result<Project, Fault> {
        let mut project = self.active_project(id).await?;
        let (mut requested, mut before) = (Map::new(), Map::new());
        if let Some(name) = &patch.name {
            let old = std::mem::replace(&mut project.name, name.clone());
            before.insert("title".into(), Value::from(old));
            requested.insert("title".into(), Value::from(name.as_str()));
        }
        if let Some(external) = &patch.external_key_id {
            let old = std::mem::replace(&mut project.external_key_id, external.clone());
            before.insert("external_key_id".into(), Value::from(old));
            requested.insert("external_key_id".into(), Value::from(external.as_deref()));
        }
        if requested.is_empty() {
            return Ok(project);
        }
        let payload =
            json!({ "id": id.as_str(), "changes_requested": requested, "before": before });
        let write = Write {
            audit: vec![self.audit(author, "project.updated", Some(id), &payload)],
            changes: vec![Change::UpdateProject {
                id: id.clone(),
                name: patch.name,
                external_key_id: patch.external_key_id,
            }],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await?;
        Ok(project)
    }

    /// Archiving again changes nothing and is no error: clients retry.
    ///
    /// # Errors
    /// 404 for an unknown project, 400 for the last one that is not archived.
    pub async fn archive_project(&self, author: &Author, id: &ProjectId) -> Result<Project, Fault> {
        let mut project = self.project(id).await?;
        if project.archived_at.is_some() {
            self.invalidate.keys_changed(&[]);
            return Ok(project);
        }
        self.refuse_last(id).await?;
        let at = self.clock.now();
        project.archived_at = Some(at);
        let payload = json!({ "id": id.as_str() });
        let write = Write {
            audit: vec![self.audit(author, "project.archived", Some(id), &payload)],
            changes: vec![Change::ArchiveProject { id: id.clone(), at }],
            stale: Stale::Everything,
        };
        self.commit(id.as_str(), write).await?;
        Ok(project)
    }

    /// Without a project nobody could call, nor be given a key.
    async fn refuse_last(&self, id: &ProjectId) -> Result<(), Fault> {
        let two = PageQuery { limit: 2, after: None, order: domain::Order::Ascending };
        let active = self.list_projects(two, false).await?;
        if active.rows.iter().any(|project| project.id != *id) {
            return Ok(());
        }
        let message = format!(
            "The project '{id}' is the last one and cannot be archived. Make another one first."
        );
        Err(invalid("project_id", message))
    }

    /// The oldest project: where first starts put things.
    pub(crate) async fn default_project(&self) -> Result<Project, Fault> {
        let first = PageQuery { limit: 1, after: None, order: domain::Order::Ascending };
        let page = self.list_projects(first, true).await?;
        page.rows.into_iter().next().ok_or_else(|| {
            Fault::because(
                &catalogue::INTERNAL_ERROR,
                "There is no project before the first start.",
            )
        })
    }
}
