//! Changes of roles, groups and who has them.

use domain::ports::StoreError;
use domain::{
    AccessRole, GroupId, PeopleChange, Principal, ProjectId, RoleId, RoleKind, Timestamp,
};
use rusqlite::{Connection, params};

use super::apply::{conflict, live_project, run, touch};
use super::apply_people::{end_keys_of_outsider, follow, live_user, place};
use super::failure::Failure;
use super::query::{one, text};
use super::sign_in::void_proofs;
use crate::columns::list;
use crate::sql::access as sql;
use crate::sql::people::{ASSIGN, ROLE_FOR, UNASSIGN_ALL, UNASSIGN_IN_PROJECT};

type Done = Result<(), Failure>;

pub(crate) fn apply(db: &Connection, change: &PeopleChange) -> Done {
    match change {
        PeopleChange::CreateRole(role) => create_role(db, role),
        PeopleChange::UpdateRole { id, name, description, permissions, at } => {
            let (kind, project) = own_role(db, id)?;
            if let Some(name) = name {
                refuse_taken(db, &kind, &project, name, id)?;
                run(db, sql::NAME_ROLE, params![name, id.as_str()])?;
            }
            if let Some(description) = description {
                run(db, sql::DESCRIBE_ROLE, params![description, id.as_str()])?;
            }
            if let Some(permissions) = permissions {
                let permissions = list(permissions.iter().cloned());
                run(db, sql::SET_PERMISSIONS, params![permissions, id.as_str()])?;
            }
            run(db, sql::TOUCH_ROLE, params![at.0, id.as_str()])
        }
        PeopleChange::DeleteRole(id) => {
            own_role(db, id)?;
            if one(db, sql::ROLE_IN_USE, params![id.as_str()], |_| Ok(()))?.is_some() {
                return conflict("people or groups have this role; take it from them first");
            }
            touch(db, sql::DELETE_ROLE, params![id.as_str()])
        }
        PeopleChange::CreateGroup(group) => {
            let row = params![group.id.as_str(), group.name, group.created_at.0];
            run(db, sql::CREATE_GROUP, row)
        }
        PeopleChange::RenameGroup { id, name } => {
            touch(db, sql::NAME_GROUP, params![name, id.as_str()])
        }
        PeopleChange::DeleteGroup(id) => {
            run(db, UNASSIGN_ALL, params![id.as_str()])?;
            run(db, sql::EMPTY_GROUP, params![id.as_str()])?;
            touch(db, sql::DELETE_GROUP, params![id.as_str()])
        }
        PeopleChange::AddToGroup { group, user, at } => {
            live_group(db, group)?;
            live_user(db, user)?;
            run(db, sql::ADD_TO_GROUP, params![group.as_str(), user.as_str(), at.0])
        }
        PeopleChange::RemoveFromGroup { group, user } => {
            touch(db, sql::REMOVE_FROM_GROUP, params![group.as_str(), user.as_str()])
        }
        PeopleChange::Assign { to, project, role, at } => {
            assign(db, to, project.as_ref(), role, *at)?;
            void_proofs_of(db, to)
        }
        PeopleChange::Unassign { from, project, role, at } => {
            unassign(db, from, project.as_ref(), role, *at)?;
            void_proofs_of(db, from)
        }
        PeopleChange::RemoveProjectGroup { project, group } => {
            live_project(db, project)?;
            touch(db, UNASSIGN_IN_PROJECT, params![group.as_str(), project.as_str()])
        }
        other => conflict(&format!("no change of a role or group: {other:?}")),
    }
}

fn void_proofs_of(db: &Connection, whose: &Principal) -> Done {
    match whose {
        Principal::User(user) => void_proofs(db, user),
        // A group's people have what it has now at their next call.
        Principal::Group(_) => Ok(()),
    }
}

fn live_group(db: &Connection, id: &GroupId) -> Done {
    let live = one(db, sql::GROUP, params![id.as_str()], |_| Ok(()))?;
    Ok(live.ok_or(StoreError::NotFound)?)
}

fn create_role(db: &Connection, role: &AccessRole) -> Done {
    if let Some(project) = &role.project {
        live_project(db, project)?;
    }
    let (kind, project) = (role.kind.as_str(), place(role.project.as_ref()));
    refuse_taken(db, kind, project, &role.name, &role.id)?;
    let row = params![
        role.id.as_str(),
        kind,
        project,
        role.name,
        role.description,
        list(role.permissions.iter().cloned()),
        role.created_at.map(|at| at.0),
        role.updated_at.map(|at| at.0),
        role.created_by,
    ];
    run(db, sql::CREATE_ROLE, row)
}

/// The kind and project of a role that somebody made.
fn own_role(db: &Connection, id: &RoleId) -> Result<(String, String), Failure> {
    let found = one(db, sql::ROLE_BY_ID, params![id.as_str()], |row| {
        let rank: Option<i64> = row.get(2)?;
        Ok((text(row, 0)?.to_owned(), text(row, 1)?.to_owned(), rank))
    })?;
    match found.ok_or(StoreError::NotFound)? {
        (kind, project, None) => {
            if kind == RoleKind::Project.as_str() {
                live_project(db, &project.as_str().into())?;
            }
            Ok((kind, project))
        }
        _ => conflict("it is built in"),
    }
}

fn refuse_taken(db: &Connection, kind: &str, project: &str, name: &str, id: &RoleId) -> Done {
    let taken = params![kind, project, name, id.as_str()];
    match one(db, sql::ROLE_BY_NAME, taken, |_| Ok(()))? {
        Some(()) => conflict("another role has this name"),
        None => Ok(()),
    }
}

fn assign(
    db: &Connection,
    to: &Principal,
    project: Option<&ProjectId>,
    role: &RoleId,
    at: Timestamp,
) -> Done {
    if let Some(project) = project {
        live_project(db, project)?;
    }
    let place = place(project);
    one(db, ROLE_FOR, params![role.as_str(), place], |_| Ok(()))?.ok_or(StoreError::NotFound)?;
    let row = params![to.kind(), to.id(), place, role.as_str(), at.0];
    match to {
        Principal::Group(group) => {
            live_group(db, group)?;
            run(db, ASSIGN, row)
        }
        Principal::User(user) => {
            live_user(db, user)?;
            run(db, ASSIGN, row)?;
            follow(db, user)
        }
    }
}

fn unassign(
    db: &Connection,
    from: &Principal,
    project: Option<&ProjectId>,
    role: &RoleId,
    at: Timestamp,
) -> Done {
    let place = place(project);
    touch(db, sql::UNASSIGN, params![from.id(), place, role.as_str()])?;
    let Principal::User(user) = from else { return Ok(()) };
    match project {
        None => follow(db, user),
        Some(project) => {
            let still = params![user.as_str(), place];
            match one(db, sql::HAS_ROLE_IN, still, |_| Ok(()))? {
                Some(()) => Ok(()),
                None => end_keys_of_outsider(db, project, user, at),
            }
        }
    }
}
