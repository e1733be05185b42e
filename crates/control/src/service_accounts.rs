//! Service accounts: a project's machine identities.

use domain::{
    Change, Fault, KeyKind, KeyPolicy, Owner, PageQuery, Paged, ProjectId, Role, ServiceAccount,
    ServiceAccountId,
};
use serde_json::{Map, Value, json};

use crate::authority::may_give_calls;
use crate::keys::NewKey;
use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control, Expiry, KeyDraft, MadeKey, OwnerRecord};

/// The name of the key that comes with a new service account.
const FIRST_KEY: &str = "Secret Key";

/// What a new service account is made of.
#[derive(Clone, Debug)]
pub struct ServiceAccountDraft {
    pub name: String,
    /// Whether it gets a role in the project and a first key.
    pub with_key: bool,
    /// Of the first key.
    pub expiry: Option<Expiry>,
}

/// `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ServiceAccountPatch {
    pub name: Option<String>,
    pub role: Option<Role>,
}

impl Control {
    /// # Errors
    /// 404 for an unknown project.
    pub async fn list_service_accounts(
        &self,
        project: &ProjectId,
        page: PageQuery,
    ) -> Result<Paged<ServiceAccount>, Fault> {
        let project = self.project(project).await?;
        if project.archived_at.is_some() {
            return Ok(Paged { rows: Vec::new(), has_more: false });
        }
        let listed = self.records.service_accounts(project.id, page).await;
        listed.map_err(|error| store_fault(error, "the page's start"))
    }

    /// # Errors
    /// 404 for an unknown project, or an account of another one.
    pub async fn service_account(
        &self,
        project: &ProjectId,
        id: &ServiceAccountId,
    ) -> Result<ServiceAccount, Fault> {
        let project = self.project(project).await?;
        let found = self.records.service_account(id.clone()).await;
        found
            .map_err(|error| store_fault(error, id.as_str()))?
            .filter(|account| account.project == project.id)
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// # Errors
    /// 404 for an unknown project, 400 for an archived one or an expiry in the past.
    pub async fn create_service_account(
        &self,
        author: &Author,
        project: &ProjectId,
        draft: ServiceAccountDraft,
    ) -> Result<(ServiceAccount, Option<MadeKey>), Fault> {
        let project = self.active_project(project).await?.id;
        if draft.with_key {
            may_give_calls(author, &project, &KeyPolicy::default().permission)?;
        }
        let account = ServiceAccount {
            id: ServiceAccountId::mint(vault::random()),
            project: project.clone(),
            name: draft.name,
            role: if draft.with_key { Role::Member } else { Role::None },
            created_at: self.clock.now(),
        };
        let payload = json!({
            "id": account.id.as_str(),
            "data": { "role": account.role.as_str() },
        });
        let event = "service_account.created";
        let mut write = Write {
            audit: vec![self.audit(author, event, Some(&project), &payload)],
            changes: vec![Change::CreateServiceAccount(account.clone())],
            stale: Stale::Nothing,
        };
        let mut made = None;
        if draft.with_key {
            let name = FIRST_KEY.to_owned();
            let key = KeyDraft { name, policy: KeyPolicy::default(), expiry: draft.expiry };
            let new = self.new_account_key(&account, key)?;
            self.push_key(author, &new, &mut write);
            made = Some(new.made_by(OwnerRecord::ServiceAccount(account.clone())));
        }
        self.commit(account.id.as_str(), write).await?;
        Ok((account, made))
    }

    /// # Errors
    /// 404 for an unknown project or account, 400 for an archived project.
    pub async fn update_service_account(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &ServiceAccountId,
        patch: ServiceAccountPatch,
    ) -> Result<ServiceAccount, Fault> {
        self.active_project(project).await?;
        let mut account = self.service_account(project, id).await?;
        let (mut requested, mut before) = (Map::new(), Map::new());
        if let Some(name) = &patch.name {
            let old = std::mem::replace(&mut account.name, name.clone());
            before.insert("name".into(), Value::from(old));
            requested.insert("name".into(), Value::from(name.as_str()));
        }
        if let Some(role) = patch.role {
            before.insert("role".into(), Value::from(account.role.as_str()));
            account.role = role;
            requested.insert("role".into(), Value::from(role.as_str()));
        }
        if requested.is_empty() {
            return Ok(account);
        }
        let payload =
            json!({ "id": id.as_str(), "changes_requested": requested, "before": before });
        let write = Write {
            audit: vec![self.audit(author, "service_account.updated", Some(project), &payload)],
            changes: vec![Change::UpdateServiceAccount {
                id: id.clone(),
                name: patch.name,
                role: patch.role,
            }],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await?;
        Ok(account)
    }

    /// Ends the account's keys as well.
    ///
    /// # Errors
    /// 404 for an unknown project or account.
    pub async fn delete_service_account(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &ServiceAccountId,
    ) -> Result<(), Fault> {
        self.or_ended(self.service_account(project, id).await)?;
        let payload = json!({ "id": id.as_str() });
        let write = Write {
            audit: vec![self.audit(author, "service_account.deleted", Some(project), &payload)],
            changes: vec![Change::DeleteServiceAccount { id: id.clone(), at: self.clock.now() }],
            stale: Stale::Everything,
        };
        self.commit(id.as_str(), write).await
    }

    /// One more key for an account.
    ///
    /// # Errors
    /// 404 for an unknown project or account, 400 for an archived project.
    pub async fn create_service_account_key(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &ServiceAccountId,
        draft: KeyDraft,
    ) -> Result<MadeKey, Fault> {
        self.active_project(project).await?;
        may_give_calls(author, project, &draft.policy.permission)?;
        let account = self.service_account(project, id).await?;
        let new = self.new_account_key(&account, draft)?;
        self.store_key(author, new, OwnerRecord::ServiceAccount(account)).await
    }

    fn new_account_key(&self, account: &ServiceAccount, draft: KeyDraft) -> Result<NewKey, Fault> {
        let owner = Owner::ServiceAccount(account.id.clone());
        self.new_key(KeyKind::ServiceAccount, Some(account.project.clone()), owner, draft)
    }
}
