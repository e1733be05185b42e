//! Who there is: the organization, its people, its projects and their machine identities.

use crate::{OrganizationId, ProjectId, ServiceAccountId, Timestamp, UserId};

#[derive(Clone, Debug)]
pub struct Organization {
    pub id: OrganizationId,
    pub name: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Owner,
    Member,
    Reader,
    /// Of a project: looks, and uses nothing.
    Viewer,
    /// A service account that was made without a place in its project, and a person without any
    /// built-in role.
    None,
}

impl Role {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Reader => "reader",
            Self::Viewer => "viewer",
            Self::None => "none",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "owner" => Self::Owner,
            "member" => Self::Member,
            "reader" => Self::Reader,
            "viewer" => Self::Viewer,
            "none" => Self::None,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: String,
    /// The highest of the organization's built-in roles that they have themselves.
    pub role: Role,
    pub created_at: Timestamp,
    /// OpenAI's free words about a person, kept as given.
    pub technical_level: Option<String>,
    pub developer_persona: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    pub created_at: Timestamp,
    /// An archived project's keys are refused; it can no longer be changed.
    pub archived_at: Option<Timestamp>,
    pub external_key_id: Option<String>,
    /// OpenAI's residency word, kept as given.
    pub residency: Option<String>,
}

#[derive(Clone, Debug)]
pub struct ServiceAccount {
    pub id: ServiceAccountId,
    pub project: ProjectId,
    pub name: String,
    pub role: Role,
    pub created_at: Timestamp,
}
