//! Groups of people, and their place in projects.

use domain::{
    Fault, Group, GroupId, PageQuery, Paged, PeopleChange, Principal, ProjectGroup, ProjectId,
    RoleId, User, UserId,
};
use serde_json::json;

use crate::transact::{not_found, store_fault};
use crate::{Author, Control};

impl Control {
    /// # Errors
    /// 503 when the store is away, as every method here.
    pub async fn list_groups(&self, page: PageQuery) -> Result<Paged<Group>, Fault> {
        let listed = self.people.groups(page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an id that is not there.
    pub async fn group(&self, id: &GroupId) -> Result<Group, Fault> {
        let found = self.people.group(id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// # Errors
    /// 503 when the store is away.
    pub async fn create_group(&self, author: &Author, name: String) -> Result<Group, Fault> {
        let group =
            Group { id: GroupId::mint(vault::random()), name, created_at: self.clock.now() };
        let payload = json!({ "id": group.id.as_str(), "data": { "group_name": group.name } });
        let change = PeopleChange::CreateGroup(group.clone());
        self.write(author, "group.created", None, &payload, (group.id.as_str(), change)).await?;
        Ok(group)
    }

    /// # Errors
    /// 404 for an unknown group.
    pub async fn rename_group(
        &self,
        author: &Author,
        id: &GroupId,
        name: String,
    ) -> Result<Group, Fault> {
        let payload = json!({ "id": id.as_str(), "changes_requested": { "group_name": name } });
        let change = PeopleChange::RenameGroup { id: id.clone(), name };
        self.write(author, "group.updated", None, &payload, (id.as_str(), change)).await?;
        self.group(id).await
    }

    /// Its people stay in the organization, without what the group gave them.
    ///
    /// # Errors
    /// 404 for an unknown group.
    pub async fn delete_group(&self, author: &Author, id: &GroupId) -> Result<(), Fault> {
        let payload = json!({ "id": id.as_str() });
        let change = PeopleChange::DeleteGroup(id.clone());
        self.write(author, "group.deleted", None, &payload, (id.as_str(), change)).await
    }

    /// # Errors
    /// 404 for an unknown group.
    pub async fn list_group_users(
        &self,
        id: &GroupId,
        page: PageQuery,
    ) -> Result<Paged<User>, Fault> {
        let group = self.group(id).await?;
        let listed = self.people.group_users(group.id, page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an unknown group, and for somebody who is not in it.
    pub async fn group_user(&self, id: &GroupId, user: &UserId) -> Result<User, Fault> {
        let group = self.group(id).await?;
        let found = self.people.group_user(group.id, user.clone()).await;
        found
            .map_err(|error| store_fault(error, user.as_str()))?
            .ok_or_else(|| not_found(user.as_str()))
    }

    /// Again changes nothing.
    ///
    /// # Errors
    /// 404 for an unknown group or user; 403 where the group has more than the author.
    pub async fn add_to_group(
        &self,
        author: &Author,
        id: &GroupId,
        user: &UserId,
    ) -> Result<(), Fault> {
        self.group(id).await?;
        self.user(user).await?;
        self.group_to_give(author, id).await?;
        let payload = json!({
            "id": id.as_str(),
            "changes_requested": { "users_added": [user.as_str()] },
        });
        let change = PeopleChange::AddToGroup {
            group: id.clone(),
            user: user.clone(),
            at: self.clock.now(),
        };
        self.write(author, "group.updated", None, &payload, (user.as_str(), change)).await
    }

    /// # Errors
    /// 404 for an unknown group, and for somebody who is not in it.
    pub async fn remove_from_group(
        &self,
        author: &Author,
        id: &GroupId,
        user: &UserId,
    ) -> Result<(), Fault> {
        let payload = json!({
            "id": id.as_str(),
            "changes_requested": { "users_removed": [user.as_str()] },
        });
        let change = PeopleChange::RemoveFromGroup { group: id.clone(), user: user.clone() };
        self.write(author, "group.updated", None, &payload, (user.as_str(), change)).await
    }

    /// The groups that have a role of the project.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn list_project_groups(
        &self,
        project: &ProjectId,
        page: PageQuery,
    ) -> Result<Paged<ProjectGroup>, Fault> {
        let project = self.project(project).await?;
        let listed = self.people.project_groups(project.id, page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an unknown project, and for a group without a role of it.
    pub async fn project_group(
        &self,
        project: &ProjectId,
        group: &GroupId,
    ) -> Result<ProjectGroup, Fault> {
        let project = self.project(project).await?;
        let found = self.people.project_group(project.id, group.clone()).await;
        found
            .map_err(|error| store_fault(error, group.as_str()))?
            .ok_or_else(|| not_found(group.as_str()))
    }

    /// # Errors
    /// As [`Control::assign_role`].
    pub async fn add_project_group(
        &self,
        author: &Author,
        project: &ProjectId,
        group: &GroupId,
        role: &RoleId,
    ) -> Result<ProjectGroup, Fault> {
        let to = Principal::Group(group.clone());
        self.assign_role(author, &to, Some(project), role).await?;
        self.project_group(project, group).await
    }

    /// Takes all of the group's roles in the project.
    ///
    /// # Errors
    /// 404 as [`Control::project_group`], 400 for an archived project.
    pub async fn remove_project_group(
        &self,
        author: &Author,
        project: &ProjectId,
        group: &GroupId,
    ) -> Result<(), Fault> {
        self.active_project(project).await?;
        self.project_group(project, group).await?;
        let payload = json!({
            "id": group.as_str(),
            "principal_id": group.as_str(),
            "principal_type": "group",
            "resource_id": project.as_str(),
            "resource_type": "api.project",
        });
        let change =
            PeopleChange::RemoveProjectGroup { project: project.clone(), group: group.clone() };
        let event = "role.assignment.deleted";
        self.write(author, event, Some(project), &payload, (group.as_str(), change)).await
    }
}
