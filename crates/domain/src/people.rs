//! People in projects, and people who are invited.

use crate::{Delivery, GroupId, InviteId, ProjectId, Role, RoleId, Timestamp, User, UserId};

/// Somebody who has a built-in role of a project.
#[derive(Clone, Debug)]
pub struct Member {
    pub user: User,
    /// The highest of the project's built-in roles that they have themselves.
    pub role: Role,
    pub added_at: Timestamp,
}

/// What OpenAI calls a role: permissions under a name, to be given to people and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRole {
    pub id: RoleId,
    pub kind: RoleKind,
    /// Where a role that somebody made belongs; absent for the organization's.
    pub project: Option<ProjectId>,
    pub name: String,
    pub description: Option<String>,
    /// Unknown strings are kept and grant nothing.
    pub permissions: Vec<String>,
    pub built_in: bool,
    /// Absent for built-in roles, as the next two.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub created_by: Option<String>,
}

/// What a role can be given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleKind {
    Organization,
    Project,
}

impl RoleKind {
    /// Of the roles of a project, or else of the organization.
    #[must_use]
    pub fn of(project: Option<&ProjectId>) -> Self {
        if project.is_some() { Self::Project } else { Self::Organization }
    }

    /// OpenAI's `resource_type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "api.organization",
            Self::Project => "api.project",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "api.organization" => Some(Self::Organization),
            "api.project" => Some(Self::Project),
            _ => None,
        }
    }
}

/// Who has roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    User(UserId),
    Group(GroupId),
}

impl Principal {
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::Group(id) => id.as_str(),
        }
    }

    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Group(_) => "group",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub created_at: Timestamp,
}

/// A group that has a role of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectGroup {
    pub group: Group,
    pub added_at: Timestamp,
}

/// An invitation. Whoever accepts it becomes a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    pub id: InviteId,
    pub email: String,
    pub role: Role,
    /// Which projects they will be in, and as what.
    pub projects: Vec<(ProjectId, Role)>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteStatus {
    Accepted,
    Expired,
    Pending,
}

impl InviteStatus {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Expired => "expired",
            Self::Pending => "pending",
        }
    }
}

impl Invite {
    /// How it stands at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> InviteStatus {
        match self.accepted_at {
            Some(_) => InviteStatus::Accepted,
            None if self.expires_at <= now => InviteStatus::Expired,
            None => InviteStatus::Pending,
        }
    }
}

/// Changes of people. A store refuses one that would leave the organization without an owner, or an
/// admin API key with an owner who is none.
#[derive(Clone, Debug)]
pub enum PeopleChange {
    /// `None` leaves a field as it is; `Some(None)` clears it.
    UpdateUser {
        id: UserId,
        technical_level: Option<Option<String>>,
        developer_persona: Option<Option<String>>,
    },
    /// Takes every role and ends every key of theirs.
    DeleteUser {
        id: UserId,
        at: Timestamp,
    },
    /// Gives a user one of the built-in roles of the organization or of a project, in place of the
    /// others of it.
    PutRole {
        user: UserId,
        project: Option<ProjectId>,
        role: RoleId,
        at: Timestamp,
    },
    /// Takes all roles in a project, and ends the keys there of whoever is no owner of the
    /// organization. The user must have a role there.
    RemoveMember {
        project: ProjectId,
        user: UserId,
        at: Timestamp,
    },
    /// The invitation with its mail, where mail goes out.
    CreateInvite {
        invite: Invite,
        mail: Option<Delivery>,
    },
    /// One that was accepted stays.
    DeleteInvite(InviteId),
    /// Makes the user that was invited, with their roles. Projects that were archived since are
    /// left out.
    AcceptInvite {
        id: InviteId,
        user: User,
        at: Timestamp,
    },
    /// No two roles of a place have one name.
    CreateRole(AccessRole),
    /// `None` leaves a field as it is; `Some(None)` clears it. Built-in roles stay as they are.
    UpdateRole {
        id: RoleId,
        name: Option<String>,
        description: Option<Option<String>>,
        permissions: Option<Vec<String>>,
        at: Timestamp,
    },
    /// One that nobody has.
    DeleteRole(RoleId),
    CreateGroup(Group),
    RenameGroup {
        id: GroupId,
        name: String,
    },
    /// With its people's membership and its roles.
    DeleteGroup(GroupId),
    /// Again changes nothing.
    AddToGroup {
        group: GroupId,
        user: UserId,
        at: Timestamp,
    },
    RemoveFromGroup {
        group: GroupId,
        user: UserId,
    },
    /// One more role, of the project or else of the organization. Again changes nothing.
    Assign {
        to: Principal,
        project: Option<ProjectId>,
        role: RoleId,
        at: Timestamp,
    },
    /// A user whose last role in a project this was loses the keys there, as with `RemoveMember`.
    Unassign {
        from: Principal,
        project: Option<ProjectId>,
        role: RoleId,
        at: Timestamp,
    },
    /// Takes all of a group's roles in a project; it must have one.
    RemoveProjectGroup {
        project: ProjectId,
        group: GroupId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_ends_at_its_instant_unless_it_was_accepted() {
        let mut invite = Invite {
            id: "invite-1".into(),
            email: "a@example.com".into(),
            role: Role::Reader,
            projects: vec![],
            created_at: Timestamp(0),
            expires_at: Timestamp(10),
            accepted_at: None,
        };
        assert_eq!(invite.status(Timestamp(9)), InviteStatus::Pending);
        assert_eq!(invite.status(Timestamp(10)), InviteStatus::Expired);
        invite.accepted_at = Some(Timestamp(5));
        assert_eq!(invite.status(Timestamp(10)), InviteStatus::Accepted);
    }
}
