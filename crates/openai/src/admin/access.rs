//! Roles, groups, and who has them.

use domain::{AccessRole, Timestamp};
use serde::Serialize;

use super::person::User;

/// `{object: "list", data, has_more, next}`: `next` is what the next page is asked for with.
#[derive(Serialize)]
pub struct NextList<T> {
    object: &'static str,
    data: Vec<T>,
    has_more: bool,
    next: Option<String>,
}

impl<T> NextList<T> {
    /// `last`: the id of the last row.
    #[must_use]
    pub fn of(data: Vec<T>, has_more: bool, last: Option<&str>) -> Self {
        let next = last.filter(|_| has_more).map(str::to_owned);
        Self { object: "list", data, has_more, next }
    }
}

#[derive(Serialize)]
pub struct Role<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    permissions: &'a [String],
    resource_type: &'static str,
    predefined_role: bool,
}

impl<'a> From<&'a AccessRole> for Role<'a> {
    fn from(role: &'a AccessRole) -> Self {
        Self {
            object: "role",
            id: role.id.as_str(),
            name: &role.name,
            description: role.description.as_deref(),
            permissions: &role.permissions,
            resource_type: role.kind.as_str(),
            predefined_role: role.built_in,
        }
    }
}

/// A role as somebody has it.
#[derive(Serialize)]
pub struct AssignedRole<'a> {
    id: &'a str,
    name: &'a str,
    permissions: &'a [String],
    resource_type: &'static str,
    predefined_role: bool,
    description: Option<&'a str>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    created_by: Option<&'a str>,
    created_by_user_obj: Option<NoMembers>,
    metadata: NoMembers,
    /// Lists show what was given to somebody themselves; nothing in them is inherited.
    assignment_sources: Option<Vec<NoMembers>>,
}

/// `{}`.
#[derive(Serialize)]
struct NoMembers {}

impl<'a> From<&'a AccessRole> for AssignedRole<'a> {
    fn from(role: &'a AccessRole) -> Self {
        Self {
            id: role.id.as_str(),
            name: &role.name,
            permissions: &role.permissions,
            resource_type: role.kind.as_str(),
            predefined_role: role.built_in,
            description: role.description.as_deref(),
            created_at: role.created_at.map(Timestamp::seconds),
            updated_at: role.updated_at.map(Timestamp::seconds),
            created_by: role.created_by.as_deref(),
            created_by_user_obj: None,
            metadata: NoMembers {},
            assignment_sources: None,
        }
    }
}

/// The answer when a user was given a role.
#[derive(Serialize)]
pub struct UserRole<'a> {
    object: &'static str,
    user: User<'a>,
    role: Role<'a>,
}

impl<'a> UserRole<'a> {
    #[must_use]
    pub fn new(user: &'a domain::User, role: &'a AccessRole) -> Self {
        Self { object: "user.role", user: user.into(), role: role.into() }
    }
}

/// The answer when a group was given a role.
#[derive(Serialize)]
pub struct GroupRole<'a> {
    object: &'static str,
    group: GroupInRole<'a>,
    role: Role<'a>,
}

#[derive(Serialize)]
struct GroupInRole<'a> {
    object: &'static str,
    id: &'a str,
    name: &'a str,
    created_at: i64,
    scim_managed: bool,
}

impl<'a> GroupRole<'a> {
    #[must_use]
    pub fn new(group: &'a domain::Group, role: &'a AccessRole) -> Self {
        let group = GroupInRole {
            object: "group",
            id: group.id.as_str(),
            name: &group.name,
            created_at: group.created_at.seconds(),
            scim_managed: false,
        };
        Self { object: "group.role", group, role: role.into() }
    }
}

/// A deletion whose answer names no id.
#[derive(Serialize)]
pub struct DeletedOf {
    object: &'static str,
    deleted: bool,
}

impl DeletedOf {
    #[must_use]
    pub fn new(object: &'static str) -> Self {
        Self { object, deleted: true }
    }
}
