//! Groups, their people, and their place in projects.

use domain::ProjectId;
use serde::Serialize;

#[derive(Serialize)]
pub struct Group<'a> {
    id: &'a str,
    name: &'a str,
    created_at: i64,
    is_scim_managed: bool,
    group_type: &'static str,
}

impl<'a> From<&'a domain::Group> for Group<'a> {
    fn from(group: &'a domain::Group) -> Self {
        Self {
            id: group.id.as_str(),
            name: &group.name,
            created_at: group.created_at.seconds(),
            is_scim_managed: false,
            group_type: "group",
        }
    }
}

/// Somebody in the list of a group.
#[derive(Serialize)]
pub struct GroupUser<'a> {
    id: &'a str,
    name: &'a str,
    email: &'a str,
}

impl<'a> From<&'a domain::User> for GroupUser<'a> {
    fn from(user: &'a domain::User) -> Self {
        Self { id: user.id.as_str(), name: &user.name, email: &user.email }
    }
}

/// Somebody of a group, asked for alone.
#[derive(Serialize)]
pub struct GroupMember<'a> {
    #[serde(flatten)]
    user: GroupUser<'a>,
    picture: Option<&'a str>,
    is_service_account: bool,
    user_type: &'static str,
}

impl<'a> From<&'a domain::User> for GroupMember<'a> {
    fn from(user: &'a domain::User) -> Self {
        Self { user: user.into(), picture: None, is_service_account: false, user_type: "user" }
    }
}

/// The answer when somebody came into a group.
#[derive(Serialize)]
pub struct GroupUserAdded<'a> {
    object: &'static str,
    user_id: &'a str,
    group_id: &'a str,
}

impl<'a> GroupUserAdded<'a> {
    #[must_use]
    pub fn new(user_id: &'a str, group_id: &'a str) -> Self {
        Self { object: "group.user", user_id, group_id }
    }
}

#[derive(Serialize)]
pub struct ProjectGroup<'a> {
    object: &'static str,
    project_id: &'a str,
    group_id: &'a str,
    group_name: &'a str,
    group_type: &'static str,
    created_at: i64,
}

impl<'a> ProjectGroup<'a> {
    #[must_use]
    pub fn new(project: &'a ProjectId, group: &'a domain::ProjectGroup) -> Self {
        Self {
            object: "project.group",
            project_id: project.as_str(),
            group_id: group.group.id.as_str(),
            group_name: &group.group.name,
            group_type: "group",
            created_at: group.added_at.seconds(),
        }
    }
}
