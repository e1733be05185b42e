//! Whether the author of a change may give what it gives (case 11).

use domain::fault::catalogue;
use domain::{AccessRole, Fault, GroupId, Permission, Principal, ProjectId, RoleId};

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
    if author.authority.covers_key(permission) {
        return Ok(());
    }
    Err(escalation("a key that may do more than yours").param("scopes"))
}

fn escalation(what: &str) -> Fault {
    let message = format!("You cannot give {what}: you do not have it yourself.");
    Fault::because(&catalogue::PRIVILEGE_ESCALATION, message)
}
