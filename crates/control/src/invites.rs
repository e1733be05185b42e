//! Invitations into the organization.

use domain::{
    Change, Fault, Invite, InviteId, LinkPurpose, PageQuery, Paged, PeopleChange, ProjectId, Role,
    Timestamp, User, UserId,
};
use serde_json::json;

use crate::letters::{Leads, Letter};
use crate::people::built_in;
use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control};

/// How long an invitation waits for an answer: a week.
const LIVES_SECONDS: i64 = 604_800;

#[derive(Clone, Debug)]
pub struct InviteDraft {
    pub email: String,
    pub role: Role,
    /// `None`: the default project, as a member.
    pub projects: Option<Vec<(ProjectId, Role)>>,
}

impl Control {
    /// Now, for what is shown with its state.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// # Errors
    /// 503 when the store is away, as every method here.
    pub async fn list_invites(&self, page: PageQuery) -> Result<Paged<Invite>, Fault> {
        let listed = self.people.invites(page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an id that is not there.
    pub async fn invite(&self, id: &InviteId) -> Result<Invite, Fault> {
        let found = self.people.invite(id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// # Errors
    /// 404 for an unknown project, 400 for an archived one; 409 for the address of somebody who is
    /// in the organization.
    pub async fn create_invite(
        &self,
        author: &Author,
        draft: InviteDraft,
    ) -> Result<Invite, Fault> {
        let projects = match draft.projects {
            Some(projects) => projects,
            None => self.first_active_project().await?.into_iter().collect(),
        };
        self.role_to_give(author, None, &built_in(None, draft.role)).await?;
        for (place, (project, role)) in projects.iter().enumerate() {
            self.active_project(project).await?;
            self.role_to_give(author, Some(project), &built_in(Some(project), *role)).await?;
            if projects.iter().take(place).any(|(before, _)| before == project) {
                let message = format!("Invalid 'projects': '{project}' is there twice.");
                return Err(invalid("projects", message));
            }
        }
        let now = self.clock.now();
        let invite = Invite {
            id: InviteId::mint(vault::random()),
            email: draft.email,
            role: draft.role,
            projects,
            created_at: now,
            expires_at: now.plus_seconds(LIVES_SECONDS),
            accepted_at: None,
        };
        let payload = json!({
            "id": invite.id.as_str(),
            "data": { "email": invite.email, "role": invite.role.as_str() },
        });
        let create = PeopleChange::CreateInvite { invite: invite.clone(), mail: None };
        let mut changes = vec![Change::People(create)];
        // Where people reach us by no address, whoever invited hands the link on.
        if !self.base_url().is_empty() {
            let leads = Leads {
                purpose: LinkPurpose::Invite,
                user: None,
                subject: Some(invite.id.as_str().to_owned()),
                seconds: LIVES_SECONDS,
            };
            changes.extend(self.send(letter(&invite), Some(leads)));
        }
        let write = Write {
            audit: vec![self.audit(author, "invite.sent", None, &payload)],
            changes,
            stale: Stale::Nothing,
        };
        self.commit(&invite.email, write).await?;
        Ok(invite)
    }

    /// # Errors
    /// 404 for an unknown invitation, 409 for one that was accepted.
    pub async fn delete_invite(&self, author: &Author, id: &InviteId) -> Result<(), Fault> {
        let payload = json!({ "id": id.as_str() });
        let write = Write {
            audit: vec![self.audit(author, "invite.deleted", None, &payload)],
            changes: vec![Change::People(PeopleChange::DeleteInvite(id.clone()))],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await
    }

    /// Makes the user who was invited. The caller has made sure of who they are.
    ///
    /// # Errors
    /// 404 for an unknown invitation; 403 for a role that is more than the author's; 409 for one
    /// that was accepted before or has expired.
    pub async fn accept_invite(
        &self,
        author: &Author,
        id: &InviteId,
        name: String,
    ) -> Result<User, Fault> {
        let invite = self.invite(id).await?;
        self.may_give_invite(author, &invite).await?;
        let at = self.clock.now();
        let user = User {
            id: UserId::mint(vault::random()),
            name,
            email: invite.email,
            role: invite.role,
            created_at: at,
            technical_level: None,
            developer_persona: None,
        };
        let added = json!({ "id": user.id.as_str(), "data": { "role": user.role.as_str() } });
        let accepted = json!({ "id": id.as_str() });
        let accept = PeopleChange::AcceptInvite { id: id.clone(), user: user.clone(), at };
        let write = Write {
            audit: vec![
                self.audit(author, "invite.accepted", None, &accepted),
                self.audit(author, "user.added", None, &added),
            ],
            changes: vec![Change::People(accept)],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await?;
        Ok(user)
    }

    /// Whether the author may give all that an invitation gives.
    pub(crate) async fn may_give_invite(
        &self,
        author: &Author,
        invite: &Invite,
    ) -> Result<(), Fault> {
        self.role_to_give(author, None, &built_in(None, invite.role)).await?;
        for (project, role) in &invite.projects {
            self.role_to_give(author, Some(project), &built_in(Some(project), *role)).await?;
        }
        Ok(())
    }

    async fn first_active_project(&self) -> Result<Option<(ProjectId, Role)>, Fault> {
        let project = self.default_project().await?;
        Ok(project.archived_at.is_none().then_some((project.id, Role::Member)))
    }
}

fn letter(invite: &Invite) -> Letter<'_> {
    Letter {
        to: &invite.email,
        subject: "You are invited to Tollgate",
        text: format!(
            "You are invited to join an organization on Tollgate, with the role '{}'. Make your \
             account here:\n\n  {{link}}\n\nThe invitation waits for seven days.\n",
            invite.role.as_str(),
        ),
    }
}
