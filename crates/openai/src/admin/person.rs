//! `organization.user`, `organization.project.user`, `organization.invite`.

use domain::{Member, Role, Timestamp};
use serde::Serialize;

use super::Listed;

#[derive(Serialize)]
pub struct User<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    email: &'a str,
    /// `null` for somebody without a built-in role.
    role: Option<&'static str>,
    added_at: i64,
    is_service_account: bool,
    is_scim_managed: bool,
    technical_level: Option<&'a str>,
    developer_persona: Option<&'a str>,
}

impl<'a> From<&'a domain::User> for User<'a> {
    fn from(user: &'a domain::User) -> Self {
        Self {
            object: "organization.user",
            id: user.id.as_str(),
            name: &user.name,
            email: &user.email,
            role: (user.role != Role::None).then(|| user.role.as_str()),
            added_at: user.created_at.seconds(),
            is_service_account: false,
            is_scim_managed: false,
            technical_level: user.technical_level.as_deref(),
            developer_persona: user.developer_persona.as_deref(),
        }
    }
}

impl Listed for User<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

#[derive(Serialize)]
pub struct ProjectUser<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    email: &'a str,
    role: &'static str,
    added_at: i64,
}

impl<'a> From<&'a Member> for ProjectUser<'a> {
    fn from(member: &'a Member) -> Self {
        Self {
            object: "organization.project.user",
            id: member.user.id.as_str(),
            name: &member.user.name,
            email: &member.user.email,
            role: member.role.as_str(),
            added_at: member.added_at.seconds(),
        }
    }
}

impl Listed for ProjectUser<'_> {
    fn id(&self) -> &str {
        self.id
    }
}

#[derive(Serialize)]
pub struct Invite<'a> {
    object: &'static str,
    id: &'a str,
    email: &'a str,
    role: &'static str,
    status: &'static str,
    created_at: i64,
    expires_at: i64,
    accepted_at: Option<i64>,
    projects: Vec<InviteProject<'a>>,
}

#[derive(Serialize)]
struct InviteProject<'a> {
    id: &'a str,
    role: &'static str,
}

impl<'a> Invite<'a> {
    /// As it stands at `now`.
    #[must_use]
    pub fn new(invite: &'a domain::Invite, now: Timestamp) -> Self {
        let project = |(id, role): &'a (domain::ProjectId, Role)| InviteProject {
            id: id.as_str(),
            role: role.as_str(),
        };
        Self {
            object: "organization.invite",
            id: invite.id.as_str(),
            email: &invite.email,
            role: invite.role.as_str(),
            status: invite.status(now).as_str(),
            created_at: invite.created_at.seconds(),
            expires_at: invite.expires_at.seconds(),
            accepted_at: invite.accepted_at.map(Timestamp::seconds),
            projects: invite.projects.iter().map(project).collect(),
        }
    }
}

impl Listed for Invite<'_> {
    fn id(&self) -> &str {
        self.id
    }
}
