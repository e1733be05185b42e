//! Reads of roles, groups, and what they come to.

use domain::{
    AccessRole, Grant, Group, GroupId, PageQuery, Paged, Principal, ProjectGroup, ProjectId,
    RoleId, RoleKind, User, UserId,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::apply_people::place;
use super::failure::Failure;
use super::people::read_ordered;
use super::query::{all, id, one, optional_time, text, time};
use super::records::read_user;
use crate::columns::{parse_list, unreadable};
use crate::sql::access as sql;

type Read<T> = Result<T, Failure>;

fn value(text: &str) -> Value {
    Value::from(text.to_owned())
}

pub(crate) fn roles(
    db: &Connection,
    project: Option<&ProjectId>,
    page: &PageQuery,
) -> Read<Paged<AccessRole>> {
    let of = vec![value(RoleKind::of(project).as_str()), value(place(project))];
    read_ordered(db, &sql::roles(page), of, page, read_role)
}

pub(crate) fn role(
    db: &Connection,
    project: Option<&ProjectId>,
    id: &RoleId,
) -> Read<Option<AccessRole>> {
    let of = params![RoleKind::of(project).as_str(), place(project), id.as_str()];
    one(db, &sql::role(), of, read_role)
}

pub(crate) fn assigned(
    db: &Connection,
    to: &Principal,
    project: Option<&ProjectId>,
    page: &PageQuery,
) -> Read<Paged<AccessRole>> {
    let of = vec![value(to.id()), value(place(project))];
    read_ordered(db, &sql::assigned(page), of, page, read_role)
}

pub(crate) fn assigned_role(
    db: &Connection,
    to: &Principal,
    project: Option<&ProjectId>,
    role: &RoleId,
) -> Read<Option<AccessRole>> {
    let of = params![to.id(), place(project), role.as_str()];
    one(db, &sql::assigned_role(), of, read_role)
}

pub(crate) fn grants(db: &Connection, of: &Principal) -> Read<Vec<Grant>> {
    let query = match of {
        Principal::User(_) => sql::GRANTS_OF_USER,
        Principal::Group(_) => sql::GRANTS_OF_GROUP,
    };
    all(db, query, params![of.id()], |row| {
        Ok(Grant {
            project: read_place(row, 0)?,
            role: id(row, 1)?,
            permissions: parse_list(text(row, 2)?)?,
        })
    })
}

pub(crate) fn groups(db: &Connection, page: &PageQuery) -> Read<Paged<Group>> {
    read_ordered(db, &sql::groups(page), vec![], page, read_group)
}

pub(crate) fn group(db: &Connection, id: &GroupId) -> Read<Option<Group>> {
    one(db, sql::GROUP, params![id.as_str()], read_group)
}

pub(crate) fn group_users(db: &Connection, group: &GroupId, page: &PageQuery) -> Read<Paged<User>> {
    read_ordered(db, &sql::group_users(page), vec![value(group.as_str())], page, read_user)
}

pub(crate) fn group_user(db: &Connection, group: &GroupId, user: &UserId) -> Read<Option<User>> {
    one(db, &sql::group_user(), params![group.as_str(), user.as_str()], read_user)
}

pub(crate) fn project_groups(
    db: &Connection,
    project: &ProjectId,
    page: &PageQuery,
) -> Read<Paged<ProjectGroup>> {
    let of = vec![value(project.as_str())];
    read_ordered(db, &sql::project_groups(page), of, page, read_project_group)
}

pub(crate) fn project_group(
    db: &Connection,
    project: &ProjectId,
    group: &GroupId,
) -> Read<Option<ProjectGroup>> {
    let of = params![project.as_str(), group.as_str()];
    one(db, &sql::project_group(), of, read_project_group)
}

fn read_place(row: &Row<'_>, column: usize) -> Read<Option<ProjectId>> {
    let place = text(row, column)?;
    Ok((!place.is_empty()).then(|| place.into()))
}

fn read_role(row: &Row<'_>) -> Read<AccessRole> {
    let rank: Option<i64> = row.get(6)?;
    Ok(AccessRole {
        id: id(row, 0)?,
        kind: RoleKind::parse(text(row, 1)?).ok_or_else(|| unreadable("role"))?,
        project: read_place(row, 2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        permissions: parse_list(text(row, 5)?)?,
        built_in: rank.is_some(),
        created_at: optional_time(row, 7)?,
        updated_at: optional_time(row, 8)?,
        created_by: row.get(9)?,
    })
}

fn read_group(row: &Row<'_>) -> Read<Group> {
    Ok(Group { id: id(row, 0)?, name: row.get(1)?, created_at: time(row, 2)? })
}

fn read_project_group(row: &Row<'_>) -> Read<ProjectGroup> {
    Ok(ProjectGroup { group: read_group(row)?, added_at: time(row, 3)? })
}
