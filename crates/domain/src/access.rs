//! Permission of people and of admin keys: the one place where it is decided.
//!
//! Deny by default. A role grants strings; a string that nobody knows is kept and grants nothing.
//! Roles are given in the organization, and then hold in every project, or in one project. An admin
//! key may do what its owner may, within what the key itself is restricted to. Whoever gives a
//! permission has it (case 11).

use crate::{Permission, ProjectId, RoleId, Scope, Verb};

/// Every read or write of the Administration API; `write` includes `read`.
const MANAGEMENT: &str = "management";
/// Whoever has this role may do everything, strings included that no version knows yet.
pub const OWNER_ROLE: &str = "role-api-organization-owner";

/// What one role gives its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// `None`: in the organization and every project of it.
    pub project: Option<ProjectId>,
    pub role: RoleId,
    pub permissions: Vec<String>,
}

/// What a caller may do.
#[derive(Clone, Debug)]
pub struct Authority {
    grants: Vec<Grant>,
    /// What the key allows of it.
    within: Permission,
}

impl Authority {
    #[must_use]
    pub fn new(grants: Vec<Grant>, within: Permission) -> Self {
        Self { grants, within }
    }

    /// An owner's, without a key's restriction: of the process itself.
    #[must_use]
    pub fn everything() -> Self {
        let owner = Grant { project: None, role: OWNER_ROLE.into(), permissions: Vec::new() };
        Self::new(vec![owner], Permission::All)
    }

    /// Whether an operation is allowed: on a project, or on the organization.
    #[must_use]
    pub fn allows(&self, scope: Scope, project: Option<&ProjectId>) -> bool {
        self.covers(&scope.to_string(), project)
    }

    /// Whether a permission may be passed on, in a project or in the organization.
    #[must_use]
    pub fn covers(&self, permission: &str, project: Option<&ProjectId>) -> bool {
        let within = match &self.within {
            Permission::All => true,
            Permission::ReadOnly => permission.ends_with(".read"),
            Permission::Restricted(granted) => granted.iter().any(|g| includes(g, permission)),
        };
        within && (self.is_owner() || self.is_granted(permission, project))
    }

    /// Whether a role may be given, in a project or in the organization.
    #[must_use]
    pub fn covers_role(
        &self,
        role: &RoleId,
        permissions: &[String],
        project: Option<&ProjectId>,
    ) -> bool {
        if role.as_str() == OWNER_ROLE {
            return self.is_everything();
        }
        permissions.iter().all(|permission| self.covers(permission, project))
    }

    /// Whether a key restricted to `other` would have no more than this.
    #[must_use]
    pub fn covers_key(&self, other: &Permission) -> bool {
        match other {
            Permission::All => self.within == Permission::All,
            Permission::ReadOnly => {
                matches!(self.within, Permission::All | Permission::ReadOnly)
            }
            Permission::Restricted(wanted) => wanted.iter().all(|one| self.covers(one, None)),
        }
    }

    fn is_everything(&self) -> bool {
        self.is_owner() && self.within == Permission::All
    }

    fn is_owner(&self) -> bool {
        self.grants.iter().any(|grant| grant.project.is_none() && grant.role.as_str() == OWNER_ROLE)
    }

    fn is_granted(&self, permission: &str, project: Option<&ProjectId>) -> bool {
        let here = |grant: &&Grant| grant.project.is_none() || grant.project.as_ref() == project;
        let mut grants = self.grants.iter().filter(here);
        grants.any(|grant| grant.permissions.iter().any(|given| includes(given, permission)))
    }
}

/// Whether one string includes another: the same thing's `write` its `read`, and the umbrella of
/// the Administration API every read and write in it.
fn includes(given: &str, wanted: &str) -> bool {
    let (Some(given_parts), Some(wanted_parts)) = (parts(given), parts(wanted)) else {
        // Not of the form that means something: nobody may pass on what they do not have.
        return given == wanted;
    };
    let ((given_thing, given_verb), (thing, verb)) = (given_parts, wanted_parts);
    let same = given_thing == thing;
    let umbrella = given_thing == MANAGEMENT || (given_thing == "all" && given_verb == "read");
    let stronger =
        given_verb == verb || (given_verb == Verb::Write.as_str() && verb == Verb::Read.as_str());
    let administrative = verb != Verb::Request.as_str();
    stronger && (same || (umbrella && administrative))
}

fn parts(permission: &str) -> Option<(&str, &str)> {
    let (thing, verb) = permission.strip_prefix("api.")?.rsplit_once('.')?;
    (!thing.is_empty() && matches!(verb, "read" | "write" | "request")).then_some((thing, verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(project: Option<&str>, permissions: &[&str], within: Permission) -> Authority {
        let permissions = permissions.iter().map(|p| (*p).to_owned()).collect();
        let project = project.map(ProjectId::from);
        Authority::new(vec![Grant { project, role: "role_1".into(), permissions }], within)
    }

    #[test]
    fn nothing_is_allowed_without_a_grant_and_strange_words_grant_nothing() {
        let nobody = Authority::new(vec![], Permission::All);
        assert!(!nobody.allows(Scope::read("groups"), None));
        for strange in ["", "api", "api.groups", "groups.read", "api.groups.*", "api..read", "*"] {
            let authority = with(None, &[strange], Permission::All);
            assert!(!authority.allows(Scope::read("groups"), None), "{strange}");
        }
    }

    #[test]
    fn write_includes_read_and_management_everything_but_requests() {
        let groups = with(None, &["api.groups.write"], Permission::All);
        assert!(groups.allows(Scope::read("groups"), None));
        assert!(!groups.allows(Scope::read("roles"), None));
        let reader = with(None, &["api.management.read"], Permission::All);
        assert!(reader.allows(Scope::read("roles"), None));
        assert!(!reader.allows(Scope::write("roles"), None));
        let manager = with(None, &["api.management.write"], Permission::All);
        assert!(manager.allows(Scope::write("organization.users"), None));
        assert!(!manager.covers("api.model.request", None));
    }

    #[test]
    fn a_projects_role_holds_there_and_nowhere_else() {
        let (blue, red) = (ProjectId::from("proj_blue"), ProjectId::from("proj_red"));
        let of_blue = with(Some("proj_blue"), &["api.management.write"], Permission::All);
        assert!(of_blue.allows(Scope::write("roles"), Some(&blue)));
        assert!(!of_blue.allows(Scope::write("roles"), Some(&red)));
        assert!(!of_blue.allows(Scope::write("roles"), None));
        let of_all = with(None, &["api.management.write"], Permission::All);
        assert!(of_all.allows(Scope::write("roles"), Some(&red)));
    }

    #[test]
    fn a_key_takes_away_and_never_adds() {
        let read = with(None, &["api.management.write"], Permission::ReadOnly);
        assert!(read.allows(Scope::read("roles"), None));
        assert!(!read.allows(Scope::write("roles"), None));
        let scopes = vec!["api.roles.write".to_owned(), "api.groups.write".to_owned()];
        let few = with(None, &["api.roles.read"], Permission::Restricted(scopes));
        assert!(few.allows(Scope::read("roles"), None));
        assert!(!few.allows(Scope::write("roles"), None));
        assert!(!few.allows(Scope::read("groups"), None));
    }

    #[test]
    fn case_11_nobody_gives_what_they_do_not_have() {
        let manager = with(None, &["api.management.write"], Permission::All);
        let owner = RoleId::from(OWNER_ROLE);
        assert!(!manager.covers_role(&owner, &["api.management.write".to_owned()], None));
        assert!(Authority::everything().covers_role(&owner, &[], None));
        assert!(Authority::everything().covers("api.made.up", None));
        assert!(!manager.covers("made up", None));
        let restricted = Permission::Restricted(vec!["api.roles.write".to_owned()]);
        let own = Authority::new(Authority::everything().grants, restricted.clone());
        assert!(own.covers_key(&restricted));
        assert!(!own.covers_role(&owner, &[], None));
        for more in [
            Permission::All,
            Permission::ReadOnly,
            Permission::Restricted(vec!["api.groups.read".to_owned()]),
        ] {
            assert!(!own.covers_key(&more), "{more:?}");
        }
    }
}
