//! The first start, and the admin key that the operator sets.

use domain::fault::catalogue;
use domain::{
    Change, Fault, Key, KeyId, KeyKind, KeyPolicy, Organization, OrganizationId, Owner, Project,
    ProjectId, Role, Secret, User, UserId,
};
use serde_json::json;

use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control, KeyDraft, secrets};

const DEFAULT_PROJECT: &str = "Default project";
const OWNER_EMAIL: &str = "owner@localhost";
const FIRST_ADMIN_KEY: &str = "admin.key";
const REGISTERED_ADMIN_KEY: &str = "TOLLGATE_ADMIN_KEY";

impl Control {
    /// Makes the organization, its owner and the default project, all in one transaction; with
    /// `make_admin_key` also an admin key, whose secret is returned to be written to `admin.key`.
    /// Later starts change nothing and return nothing.
    ///
    /// # Errors
    /// 503 when the store is away; 409 when another process makes its first start right now.
    pub async fn first_start(&self, make_admin_key: bool) -> Result<Option<Secret>, Fault> {
        let what = "the organization";
        let organization = self.records.organization().await;
        if organization.map_err(|error| store_fault(error, what))?.is_some() {
            return Ok(None);
        }
        let author = Author::system();
        let now = self.clock.now();
        let user = User {
            id: UserId::mint(vault::random()),
            name: "Owner".to_owned(),
            email: OWNER_EMAIL.to_owned(),
            role: Role::Owner,
            created_at: now,
            technical_level: None,
            developer_persona: None,
        };
        let owner = Owner::User(user.id.clone());
        let mut write = self.founding(&author, user);
        let mut secret = None;
        if make_admin_key {
            let (name, policy) = (FIRST_ADMIN_KEY.to_owned(), KeyPolicy::default());
            let draft = KeyDraft { name, policy, expiry: None };
            let new = self.new_key(KeyKind::Admin, None, owner, draft)?;
            self.push_key(&author, &new, &mut write);
            secret = Some(new.secret);
        }
        self.commit(what, write).await?;
        Ok(secret)
    }

    fn founding(&self, author: &Author, user: User) -> Write {
        let now = self.clock.now();
        let organization = Organization {
            id: OrganizationId::mint(vault::random()),
            name: "Tollgate".to_owned(),
            created_at: now,
        };
        let project = Project {
            id: ProjectId::mint(vault::random()),
            name: DEFAULT_PROJECT.to_owned(),
            created_at: now,
            archived_at: None,
            external_key_id: None,
            residency: None,
        };
        let payload = json!({
            "id": project.id.as_str(),
            "data": { "name": project.name, "title": project.name },
        });
        Write {
            audit: vec![self.audit(author, "project.created", Some(&project.id), &payload)],
            changes: vec![
                Change::CreateOrganization(organization),
                Change::CreateUser(user),
                Change::CreateProject(project),
            ],
            stale: Stale::Nothing,
        }
    }

    /// Lets in whoever holds this key. The same key again, at the next start, changes nothing.
    ///
    /// # Errors
    /// 400 for a text that is short or not printable; 409 for one that is a project's key or was
    /// revoked.
    pub async fn register_admin_key(&self, secret: Secret) -> Result<(), Fault> {
        let now = self.clock.now();
        let kept = secrets::adopt(&self.vault, &secret, now)?;
        let hash = kept.hash;
        let what = "the admin key";
        let known = self.directory.find_secret(hash).await;
        match known.map_err(|error| store_fault(error, what))? {
            Some(view) if view.kind != KeyKind::Admin => {
                return Err(conflict("TOLLGATE_ADMIN_KEY is a project's key; choose another."));
            }
            Some(view) if view.revoked => {
                return Err(conflict("TOLLGATE_ADMIN_KEY was deleted; choose another."));
            }
            Some(_) => {}
            None => {
                let key = Key {
                    id: KeyId::mint(vault::random()),
                    kind: KeyKind::Admin,
                    project: None,
                    owner: Owner::User(self.built_in_owner().await?.id),
                    name: REGISTERED_ADMIN_KEY.to_owned(),
                    policy: KeyPolicy::default(),
                    created_at: now,
                    expires_at: None,
                    revoked_at: None,
                    suspended: None,
                    resumed_at: None,
                    secrets: vec![kept],
                };
                let payload = json!({ "id": key.id.as_str(), "data": { "scopes": [] } });
                let author = Author::system();
                let write = Write {
                    audit: vec![self.audit(&author, "api_key.created", None, &payload)],
                    changes: vec![Change::RegisterAdminKey(key)],
                    stale: Stale::Secrets(vec![hash]),
                };
                self.commit(what, write).await?;
            }
        }
        if let Ok(mut registered) = self.registered.write() {
            registered.insert(hash);
        }
        Ok(())
    }
}

fn conflict(message: &'static str) -> Fault {
    Fault::because(&catalogue::CONFLICT, message)
}
