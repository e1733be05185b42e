//! Roles of the organization and of projects, and who has them. `None` for a project is the
//! organization.

use domain::{
    AccessRole, Actor, Change, Fault, OWNER_ROLE, PageQuery, Paged, PeopleChange, Principal,
    ProjectId, RoleId, RoleKind,
};
use serde_json::{Map, Value, json};

use crate::authority::{may_give_permissions, may_take_from};
use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control};

#[derive(Clone, Debug)]
pub struct RoleDraft {
    pub name: String,
    pub description: Option<String>,
    pub permissions: Vec<String>,
}

/// `None` leaves a field as it is; `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct RolePatch {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub permissions: Option<Vec<String>>,
}

type Place<'a> = Option<&'a ProjectId>;

impl Control {
    /// # Errors
    /// 404 for an unknown project, as every method here.
    pub async fn list_roles(
        &self,
        project: Place<'_>,
        page: PageQuery,
    ) -> Result<Paged<AccessRole>, Fault> {
        self.known_place(project).await?;
        let listed = self.people.roles(project.cloned(), page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for a role that cannot be given here.
    pub async fn role(&self, project: Place<'_>, id: &RoleId) -> Result<AccessRole, Fault> {
        self.known_place(project).await?;
        let found = self.people.role(project.cloned(), id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// # Errors
    /// 409 for a name that is taken; 403 for a permission that the author does not have.
    pub async fn create_role(
        &self,
        author: &Author,
        project: Place<'_>,
        draft: RoleDraft,
    ) -> Result<AccessRole, Fault> {
        self.open_place(project).await?;
        may_give_permissions(author, project, &draft.permissions)?;
        let now = self.clock.now();
        let created_by = match &author.actor {
            Actor::AdminKey(id) => Some(id.as_str().to_owned()),
            Actor::User(id) => Some(id.as_str().to_owned()),
            Actor::System => None,
        };
        let role = AccessRole {
            id: RoleId::mint(vault::random()),
            kind: RoleKind::of(project),
            project: project.cloned(),
            name: draft.name,
            description: draft.description,
            permissions: draft.permissions,
            built_in: false,
            created_at: Some(now),
            updated_at: Some(now),
            created_by,
        };
        let payload = json!({
            "id": role.id.as_str(),
            "role_name": role.name,
            "permissions": role.permissions,
            "resource_type": role.kind.as_str(),
            "resource_id": project.map(ProjectId::as_str),
        });
        let change = PeopleChange::CreateRole(role.clone());
        self.write(author, "role.created", project, &payload, (role.id.as_str(), change)).await?;
        Ok(role)
    }

    /// # Errors
    /// 400 for a built-in role; 409 for a name that is taken; 403 for a permission that the author
    /// does not have.
    pub async fn update_role(
        &self,
        author: &Author,
        project: Place<'_>,
        id: &RoleId,
        patch: RolePatch,
    ) -> Result<AccessRole, Fault> {
        self.open_place(project).await?;
        let role = self.own_role(project, id).await?;
        let mut requested = Map::new();
        if let Some(name) = &patch.name {
            requested.insert("role_name".into(), json!(name));
        }
        if let Some(description) = &patch.description {
            requested.insert("description".into(), json!(description));
        }
        if let Some(permissions) = &patch.permissions {
            may_give_permissions(author, project, permissions)?;
            let gone = |one: &&String| !permissions.contains(one);
            let added: Vec<_> =
                permissions.iter().filter(|one| !role.permissions.contains(one)).collect();
            let removed: Vec<_> = role.permissions.iter().filter(gone).collect();
            requested.insert("permissions_added".into(), json!(added));
            requested.insert("permissions_removed".into(), json!(removed));
        }
        if requested.is_empty() {
            return Ok(role);
        }
        let payload = json!({ "id": id.as_str(), "changes_requested": Value::Object(requested) });
        let RolePatch { name, description, permissions } = patch;
        let (id_, at) = (id.clone(), self.clock.now());
        let change = PeopleChange::UpdateRole { id: id_, name, description, permissions, at };
        self.write(author, "role.updated", project, &payload, (id.as_str(), change)).await?;
        self.role(project, id).await
    }

    /// # Errors
    /// 400 for a built-in role; 409 for one that somebody has.
    pub async fn delete_role(
        &self,
        author: &Author,
        project: Place<'_>,
        id: &RoleId,
    ) -> Result<(), Fault> {
        self.open_place(project).await?;
        self.own_role(project, id).await?;
        let payload = json!({ "id": id.as_str() });
        let change = PeopleChange::DeleteRole(id.clone());
        self.write(author, "role.deleted", project, &payload, (id.as_str(), change)).await
    }

    /// The roles that somebody was given themselves.
    ///
    /// # Errors
    /// 404 for an unknown user or group.
    pub async fn assigned_roles(
        &self,
        to: &Principal,
        project: Place<'_>,
        page: PageQuery,
    ) -> Result<Paged<AccessRole>, Fault> {
        self.known_place(project).await?;
        self.known_principal(to).await?;
        let listed = self.people.assigned(to.clone(), project.cloned(), page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for a role that they do not have here.
    pub async fn assigned_role(
        &self,
        to: &Principal,
        project: Place<'_>,
        role: &RoleId,
    ) -> Result<AccessRole, Fault> {
        self.known_place(project).await?;
        self.known_principal(to).await?;
        let found = self.people.assigned_role(to.clone(), project.cloned(), role.clone()).await;
        found
            .map_err(|error| store_fault(error, role.as_str()))?
            .ok_or_else(|| not_found(role.as_str()))
    }

    /// Again changes nothing.
    ///
    /// # Errors
    /// 404 for an unknown role, user or group; 403 for a role that is more than the author's.
    pub async fn assign_role(
        &self,
        author: &Author,
        to: &Principal,
        project: Place<'_>,
        role: &RoleId,
    ) -> Result<AccessRole, Fault> {
        self.open_place(project).await?;
        self.known_principal(to).await?;
        let given = self.role_to_give(author, project, role).await?;
        let change = PeopleChange::Assign {
            to: to.clone(),
            project: project.cloned(),
            role: role.clone(),
            at: self.clock.now(),
        };
        let payload = assignment(to, project, role);
        let event = "role.assignment.created";
        self.write(author, event, project, &payload, (to.id(), change)).await?;
        Ok(given)
    }

    /// # Errors
    /// 404 for a role that they do not have; 409 for what would leave the organization without an
    /// owner, or an admin API key with one who is none.
    pub async fn unassign_role(
        &self,
        author: &Author,
        from: &Principal,
        project: Place<'_>,
        role: &RoleId,
    ) -> Result<(), Fault> {
        self.open_place(project).await?;
        self.or_ended(self.assigned_role(from, project, role).await)?;
        if role.as_str() == OWNER_ROLE
            && let Principal::User(user) = from
        {
            may_take_from(author, &self.user(user).await?)?;
        }
        let change = PeopleChange::Unassign {
            from: from.clone(),
            project: project.cloned(),
            role: role.clone(),
            at: self.clock.now(),
        };
        let payload = assignment(from, project, role);
        let write = Write {
            audit: vec![self.audit(author, "role.assignment.deleted", project, &payload)],
            changes: vec![Change::People(change)],
            stale: Stale::Everything,
        };
        self.commit(from.id(), write).await
    }

    /// One change that no cache knows of.
    pub(crate) async fn write(
        &self,
        author: &Author,
        event: &'static str,
        project: Place<'_>,
        payload: &Value,
        (what, change): (&str, PeopleChange),
    ) -> Result<(), Fault> {
        let write = Write {
            audit: vec![self.audit(author, event, project, payload)],
            changes: vec![Change::People(change)],
            stale: Stale::Nothing,
        };
        self.commit(what, write).await
    }

    async fn own_role(&self, project: Place<'_>, id: &RoleId) -> Result<AccessRole, Fault> {
        let role = self.role(project, id).await?;
        if role.built_in {
            let message = format!("The role '{id}' is built in and cannot be changed or deleted.");
            return Err(invalid("role_id", message));
        }
        Ok(role)
    }

    async fn known_place(&self, project: Place<'_>) -> Result<(), Fault> {
        match project {
            Some(project) => self.project(project).await.map(drop),
            None => Ok(()),
        }
    }

    async fn open_place(&self, project: Place<'_>) -> Result<(), Fault> {
        match project {
            Some(project) => self.active_project(project).await.map(drop),
            None => Ok(()),
        }
    }

    async fn known_principal(&self, who: &Principal) -> Result<(), Fault> {
        match who {
            Principal::User(id) => self.user(id).await.map(drop),
            Principal::Group(id) => self.group(id).await.map(drop),
        }
    }
}

fn assignment(who: &Principal, project: Place<'_>, role: &RoleId) -> Value {
    json!({
        "id": role.as_str(),
        "principal_id": who.id(),
        "principal_type": who.kind(),
        "resource_id": project.map(ProjectId::as_str),
        "resource_type": RoleKind::of(project).as_str(),
    })
}
