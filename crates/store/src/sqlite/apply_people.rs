//! Changes of people, their roles and invitations.

use domain::ports::StoreError;
use domain::{Invite, InviteId, PeopleChange, ProjectId, Role, Timestamp, User, UserId};
use rusqlite::{Connection, OptionalExtension, params};

use super::apply::{conflict, live_project, run, touch};
use super::apply_access;
use super::apply_limits::put_delivery;
use super::failure::Failure;
use super::people::read_invite;
use super::query::{one, text};
use super::sign_in::{end_sessions, void_proofs};
use crate::sql::people as sql;

type Done = Result<(), Failure>;

const ORGANIZATION: &str = "api.organization";
const PROJECT: &str = "api.project";

pub(crate) fn apply(db: &Connection, change: &PeopleChange) -> Done {
    match change {
        PeopleChange::UpdateUser { id, technical_level, developer_persona } => {
            live_user(db, id)?;
            if let Some(level) = technical_level {
                run(db, sql::UPDATE_TECHNICAL_LEVEL, params![level, id.as_str()])?;
            }
            if let Some(persona) = developer_persona {
                run(db, sql::UPDATE_PERSONA, params![persona, id.as_str()])?;
            }
            Ok(())
        }
        PeopleChange::DeleteUser { id, at } => {
            delete_user(db, id, *at)?;
            end_sessions(db, id)
        }
        PeopleChange::PutRole { user, project, role, at } => {
            live_user(db, user)?;
            if let Some(project) = project {
                live_project(db, project)?;
            }
            put_role(db, user, project.as_ref(), role.as_str(), *at)?;
            void_proofs(db, user)
        }
        PeopleChange::RemoveMember { project, user, at } => {
            remove_member(db, project, user, *at)?;
            void_proofs(db, user)
        }
        PeopleChange::CreateInvite { invite, mail } => {
            create_invite(db, invite)?;
            mail.as_ref().map_or(Ok(()), |mail| put_delivery(db, mail))
        }
        PeopleChange::DeleteInvite(id) => delete_invite(db, id),
        PeopleChange::AcceptInvite { id, user, at } => accept_invite(db, id, user, *at),
        of_access => apply_access::apply(db, of_access),
    }
}

pub(crate) fn create_user(db: &Connection, user: &User) -> Done {
    let (id, role) = (user.id.as_str(), user.role.as_str());
    let row = params![id, user.name, user.email, role, user.created_at.0];
    run(db, crate::sql::CREATE_USER, row)?;
    match built_in(db, ORGANIZATION, user.role)? {
        Some(role) => assign_to_user(db, &user.id, None, &role, user.created_at),
        None => Ok(()),
    }
}

/// The user must be there and not deleted.
pub(crate) fn live_user(db: &Connection, id: &UserId) -> Done {
    let live = one(db, crate::sql::USER, params![id.as_str()], |_| Ok(()))?;
    Ok(live.ok_or(StoreError::NotFound)?)
}

fn built_in(db: &Connection, resource: &str, role: Role) -> Result<Option<String>, Failure> {
    one(
        db,
        sql::BUILT_IN_ROLE,
        params![resource, role.as_str()],
        |row| Ok(text(row, 0)?.to_owned()),
    )
}

/// The project's part of a key in `role_assignments`.
pub(crate) fn place(project: Option<&ProjectId>) -> &str {
    project.map_or("", ProjectId::as_str)
}

fn assign_to_user(
    db: &Connection,
    user: &UserId,
    project: Option<&ProjectId>,
    role: &str,
    at: Timestamp,
) -> Done {
    run(db, sql::ASSIGN, params!["user", user.as_str(), place(project), role, at.0])
}

/// In place of the other built-in roles of this place.
fn put_role(
    db: &Connection,
    user: &UserId,
    project: Option<&ProjectId>,
    role: &str,
    at: Timestamp,
) -> Done {
    let (id, place) = (user.as_str(), place(project));
    let rank = one(db, sql::ROLE_FOR, params![role, place], |row| Ok(row.get(0)?))?;
    let rank: Option<i64> = rank.ok_or(StoreError::NotFound)?;
    if rank.is_some() {
        run(db, sql::UNASSIGN_LATER_BUILT_IN, params![id, place])?;
        run(db, sql::CHANGE_BUILT_IN, params![role, id, place])?;
    }
    assign_to_user(db, user, project, role, at)?;
    follow(db, user)
}

/// What holds after every change of the organization's roles.
pub(crate) fn follow(db: &Connection, user: &UserId) -> Done {
    run(db, sql::FOLLOW_ROLE, params![user.as_str()])?;
    check_owners(db)
}

/// An owner is left, and whoever owns an admin API key is one.
pub(crate) fn check_owners(db: &Connection) -> Done {
    let is = |text: &str| -> Result<bool, Failure> {
        Ok(db.prepare_cached(text)?.query_row([], |_| Ok(())).optional()?.is_some())
    };
    if is(sql::NO_OWNER)? {
        return conflict("the organization would have no owner left");
    }
    if is(sql::ADMIN_KEY_WITHOUT_OWNER)? {
        return conflict(
            "they own admin API keys, which only an owner of the organization can; delete these \
             keys first",
        );
    }
    Ok(())
}

fn delete_user(db: &Connection, id: &UserId, at: Timestamp) -> Done {
    live_user(db, id)?;
    if one(db, sql::ADMIN_KEY_OF, params![id.as_str()], |_| Ok(()))?.is_some() {
        return conflict("they own admin API keys; delete these keys first");
    }
    run(db, sql::UNASSIGN_ALL, params![id.as_str()])?;
    run(db, crate::sql::access::LEAVE_GROUPS, params![id.as_str()])?;
    run(db, sql::REVOKE_KEYS_OF_USER, params![at.0, id.as_str()])?;
    touch(db, sql::DELETE_USER, params![at.0, id.as_str()])?;
    check_owners(db)
}

fn remove_member(db: &Connection, project: &ProjectId, user: &UserId, at: Timestamp) -> Done {
    live_project(db, project)?;
    touch(db, sql::UNASSIGN_IN_PROJECT, params![user.as_str(), project.as_str()])?;
    end_keys_of_outsider(db, project, user, at)
}

/// Ends the keys that somebody has in a project which they have no role in.
pub(crate) fn end_keys_of_outsider(
    db: &Connection,
    project: &ProjectId,
    user: &UserId,
    at: Timestamp,
) -> Done {
    let role =
        one(db, crate::sql::USER, params![user.as_str()], |row| Ok(Role::parse(text(row, 3)?)))?;
    // An owner of the organization stays in every project.
    if role == Some(Some(Role::Owner)) {
        return Ok(());
    }
    run(db, sql::REVOKE_KEYS_OF_MEMBER, params![at.0, user.as_str(), project.as_str()])
}

fn create_invite(db: &Connection, invite: &Invite) -> Done {
    for (project, _) in &invite.projects {
        live_project(db, project)?;
    }
    let projects: Vec<_> =
        invite.projects.iter().map(|(project, role)| [project.as_str(), role.as_str()]).collect();
    let projects = serde_json::json!(projects).to_string();
    let (created, expires) = (invite.created_at.0, invite.expires_at.0);
    let (id, role) = (invite.id.as_str(), invite.role.as_str());
    let row = params![id, invite.email, role, projects, created, expires];
    match db.prepare_cached(sql::CREATE_INVITE)?.execute(row)? {
        0 => conflict("somebody with this email is in the organization already"),
        _ => Ok(()),
    }
}

fn invited(db: &Connection, id: &InviteId) -> Result<Invite, Failure> {
    Ok(one(db, sql::INVITE, params![id.as_str()], read_invite)?.ok_or(StoreError::NotFound)?)
}

fn delete_invite(db: &Connection, id: &InviteId) -> Done {
    invited(db, id)?;
    match db.prepare_cached(sql::DELETE_INVITE)?.execute(params![id.as_str()])? {
        0 => conflict("it was accepted"),
        _ => Ok(()),
    }
}

fn accept_invite(db: &Connection, id: &InviteId, user: &User, at: Timestamp) -> Done {
    let invite = invited(db, id)?;
    if db.prepare_cached(sql::ACCEPT_INVITE)?.execute(params![at.0, id.as_str()])? == 0 {
        return conflict("it was accepted before, or has expired");
    }
    // Two invitations may have gone to one address.
    if one(db, sql::USER_BY_EMAIL, params![user.email], |_| Ok(()))?.is_some() {
        return conflict("somebody with this email is in the organization already");
    }
    create_user(db, user)?;
    for (project, role) in &invite.projects {
        if live_project(db, project).is_err() {
            continue;
        }
        let role = built_in(db, PROJECT, *role)?.ok_or(StoreError::NotFound)?;
        put_role(db, &user.id, Some(project), &role, at)?;
    }
    Ok(())
}
