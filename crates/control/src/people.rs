//! People of the organization and of its projects.

use domain::fault::catalogue;
use domain::{
    Change, Fault, Member, PageQuery, Paged, PeopleChange, ProjectId, Role, RoleId, User, UserId,
};
use serde_json::{Map, Value, json};

use crate::authority::may_take_from;
use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control};

/// `None` leaves a field as it is; `Some(None)` clears it.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    pub role: Option<Role>,
    /// One more role of the organization, or a built-in one in place of the one they have.
    pub role_id: Option<RoleId>,
    pub technical_level: Option<Option<String>>,
    pub developer_persona: Option<Option<String>>,
}

/// Who is to be added to a project.
#[derive(Clone, Debug)]
pub enum WhichUser {
    Id(UserId),
    Email(String),
}

#[derive(Clone, Debug)]
pub struct MemberDraft {
    pub user: WhichUser,
    pub role: Role,
}

impl Control {
    /// # Errors
    /// 503 when the store is away, as every method here.
    pub async fn list_users(
        &self,
        emails: Vec<String>,
        page: PageQuery,
    ) -> Result<Paged<User>, Fault> {
        let listed = self.people.users(emails, page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an id that is not there.
    pub async fn user(&self, id: &UserId) -> Result<User, Fault> {
        let found = self.records.user(id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// # Errors
    /// 404 for an unknown user or role; 403 for a role that is more than the author's; 409 for
    /// what would leave the organization without an owner, or an admin API key with one who is
    /// none.
    pub async fn update_user(
        &self,
        author: &Author,
        id: &UserId,
        patch: UserPatch,
    ) -> Result<User, Fault> {
        let before = self.user(id).await?;
        let at = self.clock.now();
        let mut requested = Map::new();
        let mut changes = Vec::new();
        let roles = patch.role.map(|role| built_in(None, role)).into_iter().chain(patch.role_id);
        for role in roles {
            may_take_from(author, &before)?;
            self.role_to_give(author, None, &role).await?;
            requested.insert("role".into(), Value::from(role.as_str()));
            let put = PeopleChange::PutRole { user: id.clone(), project: None, role, at };
            changes.push(Change::People(put));
        }
        if let Some(role) = patch.role {
            requested.insert("role".into(), Value::from(role.as_str()));
        }
        let texts = [
            ("technical_level", &patch.technical_level),
            ("developer_persona", &patch.developer_persona),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                requested.insert(name.into(), Value::from(text.as_deref()));
            }
        }
        if requested.is_empty() {
            return self.user(id).await;
        }
        let UserPatch { technical_level, developer_persona, .. } = patch;
        let texts = PeopleChange::UpdateUser { id: id.clone(), technical_level, developer_persona };
        changes.push(Change::People(texts));
        let payload = json!({ "id": id.as_str(), "changes_requested": requested });
        let write = Write {
            audit: vec![self.audit(author, "user.updated", None, &payload)],
            changes,
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await?;
        self.user(id).await
    }

    /// Takes somebody's roles everywhere and ends their keys.
    ///
    /// # Errors
    /// 404 for an unknown user; 409 as [`Control::update_user`].
    pub async fn delete_user(&self, author: &Author, id: &UserId) -> Result<(), Fault> {
        may_take_from(author, &self.or_ended(self.user(id).await)?)?;
        let payload = json!({ "id": id.as_str() });
        let delete = PeopleChange::DeleteUser { id: id.clone(), at: self.clock.now() };
        let write = Write {
            audit: vec![self.audit(author, "user.deleted", None, &payload)],
            changes: vec![Change::People(delete)],
            stale: Stale::Everything,
        };
        self.commit(id.as_str(), write).await
    }

    /// Those who have a built-in role of the project themselves; nobody in an archived one.
    ///
    /// # Errors
    /// 404 for an unknown project.
    pub async fn list_members(
        &self,
        project: &ProjectId,
        page: PageQuery,
    ) -> Result<Paged<Member>, Fault> {
        let project = self.project(project).await?;
        if project.archived_at.is_some() {
            return Ok(Paged { rows: Vec::new(), has_more: false });
        }
        let listed = self.people.members(project.id, page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an unknown project, and for somebody who is not in it.
    pub async fn member(&self, project: &ProjectId, user: &UserId) -> Result<Member, Fault> {
        let project = self.project(project).await?;
        let found = match project.archived_at {
            Some(_) => Ok(None),
            None => self.people.member(project.id, user.clone()).await,
        };
        found
            .map_err(|error| store_fault(error, user.as_str()))?
            .ok_or_else(|| not_found(user.as_str()))
    }

    /// Somebody who is in the project already gets the role in place of theirs: clients retry.
    ///
    /// # Errors
    /// 404 for an unknown project or user, 400 for an archived project.
    pub async fn add_member(
        &self,
        author: &Author,
        project: &ProjectId,
        draft: MemberDraft,
    ) -> Result<Member, Fault> {
        self.active_project(project).await?;
        let user = match draft.user {
            WhichUser::Id(id) => self.user(&id).await?,
            WhichUser::Email(email) => self.user_of(&email).await?,
        };
        self.put_member(author, "user.added", project, &user.id, draft.role).await
    }

    /// # Errors
    /// 404 as [`Control::member`], 400 for an archived project.
    pub async fn update_member(
        &self,
        author: &Author,
        project: &ProjectId,
        user: &UserId,
        role: Option<Role>,
    ) -> Result<Member, Fault> {
        self.active_project(project).await?;
        let member = self.member(project, user).await?;
        match role {
            None => Ok(member),
            Some(role) => self.put_member(author, "user.updated", project, user, role).await,
        }
    }

    async fn put_member(
        &self,
        author: &Author,
        event: &'static str,
        project: &ProjectId,
        user: &UserId,
        role: Role,
    ) -> Result<Member, Fault> {
        self.role_to_give(author, Some(project), &built_in(Some(project), role)).await?;
        let data = json!({ "role": role.as_str() });
        let named = if event == "user.added" { "data" } else { "changes_requested" };
        let put = PeopleChange::PutRole {
            user: user.clone(),
            project: Some(project.clone()),
            role: built_in(Some(project), role),
            at: self.clock.now(),
        };
        let payload = json!({ "id": user.as_str(), named: data });
        let write = Write {
            audit: vec![self.audit(author, event, Some(project), &payload)],
            changes: vec![Change::People(put)],
            stale: Stale::Nothing,
        };
        self.commit(user.as_str(), write).await?;
        self.member(project, user).await
    }

    /// Takes somebody's roles in the project and ends their keys there; an owner of the
    /// organization, who may use every project, keeps the keys.
    ///
    /// # Errors
    /// 404 as [`Control::member`], 400 for an archived project.
    pub async fn remove_member(
        &self,
        author: &Author,
        project: &ProjectId,
        user: &UserId,
    ) -> Result<(), Fault> {
        self.active_project(project).await?;
        self.or_ended(self.member(project, user).await)?;
        let remove = PeopleChange::RemoveMember {
            project: project.clone(),
            user: user.clone(),
            at: self.clock.now(),
        };
        let payload = json!({ "id": user.as_str() });
        let write = Write {
            audit: vec![self.audit(author, "user.deleted", Some(project), &payload)],
            changes: vec![Change::People(remove)],
            stale: Stale::Everything,
        };
        self.commit(user.as_str(), write).await
    }

    async fn user_of(&self, email: &str) -> Result<User, Fault> {
        let first = PageQuery { limit: 1, after: None, order: domain::Order::Ascending };
        let found = self.list_users(vec![email.to_owned()], first).await?;
        found.rows.into_iter().next().ok_or_else(|| {
            let message = format!(
                "Nobody in the organization has the email '{email}'. Invite them first: POST \
                 /v1/organization/invites."
            );
            Fault::because(&catalogue::NOT_FOUND, message).param("email")
        })
    }
}

/// The id of a built-in role, the same in every project.
pub(crate) fn built_in(project: Option<&ProjectId>, role: Role) -> RoleId {
    let place = if project.is_some() { "project" } else { "organization" };
    format!("role-api-{place}-{}", role.as_str()).into()
}
