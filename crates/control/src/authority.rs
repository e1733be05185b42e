//! Whether the author of a change may give what it gives (case 11).

use domain::fault::catalogue;
use domain::{
    AccessRole, Actor, Fault, GroupId, Permission, Principal, ProjectId, Role, RoleId, User,
};

use crate::transact::{not_found, store_fault};
use crate::{Author, Control};

impl Control {
    /// A role of this place, where the author may give it.
    pub(crate) async fn role_to_give(
        &self,
        author: &Author,
        project: Option<&ProjectId>,
        id: &RoleId,
    ) -> Result<AccessRole, Fault> {
        let found = self.people.role(project.cloned(), id.clone()).await;
        let role = found
            .map_err(|error| store_fault(error, id.as_str()))?
            .ok_or_else(|| not_found(id.as_str()))?;
        if author.authority.covers_role(id, &role.permissions, project) {
            return Ok(role);
        }
        Err(escalation(&format!("the role '{}'", role.name)))
    }

    /// Whoever comes into a group gets what it has, everywhere.
    pub(crate) async fn group_to_give(&self, author: &Author, id: &GroupId) -> Result<(), Fault> {
        let grants = self.people.grants(Principal::Group(id.clone())).await;
        let grants = grants.map_err(|error| store_fault(error, id.as_str()))?;
        let beyond = |grant: &&domain::Grant| {
            let place = grant.project.as_ref();
            !author.authority.covers_role(&grant.role, &grant.permissions, place)
        };
        match grants.iter().find(beyond) {
            None => Ok(()),
            Some(grant) => Err(escalation(&format!("the role '{}' of this group", grant.role))),
        }
    }
}

pub(crate) fn may_give_permissions(
    author: &Author,
    project: Option<&ProjectId>,
    permissions: &[String],
) -> Result<(), Fault> {
    match permissions.iter().find(|one| !author.authority.covers(one, project)) {
        None => Ok(()),
        Some(beyond) => Err(escalation(&format!("the permission '{beyond}'")).param("permissions")),
    }
}

pub(crate) fn may_give_key(author: &Author, permission: &Permission) -> Result<(), Fault> {
    // It belongs to an owner of the organization, and nobody else can answer for one.
    let person = matches!(author.actor, Actor::User(_));
    if person && !is_owner(author) {
        let why = "Only an owner of the organization can make an admin API key: it belongs to \
                   whoever makes it.";
        return Err(Fault::because(&catalogue::PRIVILEGE_ESCALATION, why).param("scopes"));
    }
    if author.authority.covers_key(permission) {
        return Ok(());
    }
    Err(escalation("a key that may do more than yours").param("scopes"))
}

/// Whether a person may have a project's key that can do this. Admin keys make keys for others.
pub(crate) fn may_give_calls(
    author: &Author,
    project: &ProjectId,
    permission: &Permission,
) -> Result<(), Fault> {
    if !matches!(author.actor, Actor::User(_)) {
        return Ok(());
    }
    let has = |one: &str| author.authority.covers(one, Some(project));
    let lacks = match permission {
        Permission::All => Some(CALLS).filter(|one| !has(one)),
        Permission::ReadOnly => None,
        Permission::Restricted(scopes) => {
            scopes.iter().map(String::as_str).find(|one| !(has(one) || is_call(one) && has(CALLS)))
        }
    };
    match lacks {
        None => Ok(()),
        Some(one) => Err(escalation(&format!("a key with '{one}'")).param("permission")),
    }
}

/// Every request of a model.
const CALLS: &str = "api.model.request";

fn is_call(permission: &str) -> bool {
    permission.ends_with(".request")
}

/// Whether somebody may do all that can be done.
fn is_owner(author: &Author) -> bool {
    author.authority.covers_role(&domain::OWNER_ROLE.into(), &[], None)
}

/// Whether a person may take roles from somebody: an owner's are taken by owners.
pub(crate) fn may_take_from(author: &Author, user: &User) -> Result<(), Fault> {
    let person = matches!(author.actor, Actor::User(_));
    if !person || user.role != Role::Owner || is_owner(author) {
        return Ok(());
    }
    let why = "Only an owner of the organization can take an owner's role.";
    Err(Fault::because(&catalogue::PRIVILEGE_ESCALATION, why))
}

/// What could be made an owner of is only for one.
pub(crate) fn need_owner(author: &Author, what: &str) -> Result<(), Fault> {
    if is_owner(author) {
        return Ok(());
    }
    Err(escalation(what))
}

fn escalation(what: &str) -> Fault {
    let message = format!("You cannot give {what}: you do not have it yourself.");
    Fault::because(&catalogue::PRIVILEGE_ESCALATION, message)
}
