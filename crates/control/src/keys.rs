//! API keys of projects. A key is a name with a policy; its secrets come and go under it
//! (see `rotation.rs`).

use domain::fault::catalogue;
use domain::{
    Change, Fault, Key, KeyId, KeyKind, KeyPolicy, ModelPattern, Owner, PageQuery, Paged,
    Permission, ProjectId, Secret, Timestamp,
};
use serde_json::{Map, Value, json};

use crate::authority::may_give_calls;
use crate::transact::{Stale, Write, invalid, not_found, store_fault};
use crate::{Author, Control, Network, OwnedKey, OwnerRecord, secrets};

const PROJECT_KINDS: [KeyKind; 2] = [KeyKind::Project, KeyKind::ServiceAccount];

/// When a key ends by itself.
#[derive(Clone, Copy, Debug)]
pub enum Expiry {
    At(Timestamp),
    InSeconds(i64),
}

/// What a new key is made of.
#[derive(Clone, Debug)]
pub struct KeyDraft {
    pub name: String,
    pub policy: KeyPolicy,
    pub expiry: Option<Expiry>,
}

/// `None` leaves a field as it is; `Some(None)` lifts the restriction.
#[derive(Clone, Debug, Default)]
pub struct KeyPatch {
    pub name: Option<String>,
    pub permission: Option<Permission>,
    pub models: Option<Option<Vec<ModelPattern>>>,
    pub networks: Option<Option<Vec<Network>>>,
    pub expiry: Option<Option<Expiry>>,
}

/// A key with a secret that was made just now and cannot be had again.
pub struct MadeKey {
    pub owned: OwnedKey,
    pub secret: Secret,
}

/// A key before it is stored.
pub(crate) struct NewKey {
    pub(crate) key: Key,
    pub(crate) secret: Secret,
}

impl NewKey {
    pub(crate) fn made_by(self, owner: OwnerRecord) -> MadeKey {
        MadeKey { owned: OwnedKey { key: self.key, owner }, secret: self.secret }
    }
}

impl Control {
    /// A key of the author's own in a project.
    ///
    /// # Errors
    /// 404 for an unknown project, 400 for an archived one or an expiry in the past; 403 for a key
    /// that may do what its author may not.
    pub async fn create_key(
        &self,
        author: &Author,
        project: &ProjectId,
        draft: KeyDraft,
    ) -> Result<MadeKey, Fault> {
        may_give_calls(author, project, &draft.policy.permission)?;
        self.make_key(author, project, draft).await
    }

    /// The same for a key that nobody is given: a page makes its calls with it.
    pub(crate) async fn make_key(
        &self,
        author: &Author,
        project: &ProjectId,
        draft: KeyDraft,
    ) -> Result<MadeKey, Fault> {
        let project = self.active_project(project).await?;
        let user = self.maker(author).await?;
        let owner = Owner::User(user.id.clone());
        let new = self.new_key(KeyKind::Project, Some(project.id), owner, draft)?;
        self.store_key(author, new, OwnerRecord::User(user)).await
    }

    /// # Errors
    /// 404 for an unknown project.
    pub async fn list_keys(
        &self,
        project: &ProjectId,
        page: PageQuery,
    ) -> Result<Paged<OwnedKey>, Fault> {
        let project = self.project(project).await?;
        let listed = self.records.keys(Some(project.id), PROJECT_KINDS.to_vec(), page).await;
        let page = listed.map_err(|error| store_fault(error, "the page's start"))?;
        Ok(Paged { rows: self.with_owners(page.rows).await?, has_more: page.has_more })
    }

    /// A live key of this project.
    ///
    /// # Errors
    /// 404 for an unknown project, a key of another one, and a revoked key.
    pub async fn key(&self, project: &ProjectId, id: &KeyId) -> Result<OwnedKey, Fault> {
        let project = self.project(project).await?;
        let found = self.records.key(id.clone()).await;
        let key = found
            .map_err(|error| store_fault(error, id.as_str()))?
            .filter(|key| key.project.as_ref() == Some(&project.id) && key.revoked_at.is_none())
            .ok_or_else(|| not_found(id.as_str()))?;
        self.with_owner(key).await
    }

    /// # Errors
    /// 404 as [`Control::key`]; 400 for an archived project or an expiry in the past; 403 as
    /// [`Control::create_key`].
    pub async fn update_key(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &KeyId,
        patch: KeyPatch,
    ) -> Result<OwnedKey, Fault> {
        self.active_project(project).await?;
        let mut owned = self.key(project, id).await?;
        let wider = |permission: &&Permission| **permission != owned.key.policy.permission;
        if let Some(permission) = patch.permission.as_ref().filter(wider) {
            may_give_calls(author, project, permission)?;
        }
        let requested = requested(&patch);
        if requested.is_empty() {
            return Ok(owned);
        }
        let before = before(&owned.key, &requested);
        let key = &mut owned.key;
        let expires_at = match patch.expiry {
            None => None,
            Some(expiry) => Some(self.instant_of(expiry)?),
        };
        let policy = changed_policy(&key.policy, &patch);
        let change = Change::UpdateKey {
            id: id.clone(),
            name: patch.name.clone(),
            policy: policy.clone(),
            expires_at,
        };
        key.name = patch.name.unwrap_or_else(|| std::mem::take(&mut key.name));
        key.policy = policy.unwrap_or_else(|| std::mem::take(&mut key.policy));
        key.expires_at = expires_at.unwrap_or(key.expires_at);
        let payload =
            json!({ "id": id.as_str(), "changes_requested": requested, "before": before });
        let write = Write {
            audit: vec![self.audit(author, "api_key.updated", Some(project), &payload)],
            changes: vec![change],
            stale: stale(key),
        };
        self.commit(id.as_str(), write).await?;
        Ok(owned)
    }

    /// Revokes a key. A service account's keys end with the account, as at OpenAI.
    ///
    /// # Errors
    /// 404 as [`Control::key`]; 400 for a service account's key.
    pub async fn delete_key(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &KeyId,
    ) -> Result<(), Fault> {
        let owned = self.or_ended(self.key(project, id).await)?;
        if let Owner::ServiceAccount(account) = &owned.key.owner {
            let message = format!(
                "API key '{id}' belongs to the service account '{account}'. Delete the service \
                 account instead, or rotate the key and end its old secrets."
            );
            return Err(invalid("api_key_id", message));
        }
        self.revoke(author, &owned.key).await
    }

    pub(crate) async fn revoke(&self, author: &Author, key: &Key) -> Result<(), Fault> {
        let payload = json!({ "id": key.id.as_str() });
        let write = Write {
            audit: vec![self.audit(author, "api_key.deleted", key.project.as_ref(), &payload)],
            changes: vec![Change::RevokeKey { id: key.id.clone(), at: self.clock.now() }],
            stale: stale(key),
        };
        self.commit(key.id.as_str(), write).await
    }

    pub(crate) fn new_key(
        &self,
        kind: KeyKind,
        project: Option<ProjectId>,
        owner: Owner,
        draft: KeyDraft,
    ) -> Result<NewKey, Fault> {
        let now = self.clock.now();
        let expires_at = self.instant_of(draft.expiry)?;
        let (secret, kept) = secrets::mint(&self.vault, kind, now);
        let key = Key {
            id: KeyId::mint(vault::random()),
            kind,
            project,
            owner,
            name: draft.name,
            policy: draft.policy,
            created_at: now,
            expires_at,
            revoked_at: None,
            suspended: None,
            resumed_at: None,
            secrets: vec![kept],
        };
        Ok(NewKey { key, secret })
    }

    /// Adds a key and its audit line to a write.
    pub(crate) fn push_key(&self, author: &Author, new: &NewKey, write: &mut Write) {
        let key = &new.key;
        let scopes = match &key.policy.permission {
            Permission::Restricted(scopes) => scopes.as_slice(),
            Permission::All | Permission::ReadOnly => &[],
        };
        let payload = json!({ "id": key.id.as_str(), "data": { "scopes": scopes } });
        write.audit.push(self.audit(author, "api_key.created", key.project.as_ref(), &payload));
        write.changes.push(Change::CreateKey(key.clone()));
        write.stale = stale(key);
    }

    pub(crate) async fn store_key(
        &self,
        author: &Author,
        new: NewKey,
        owner: OwnerRecord,
    ) -> Result<MadeKey, Fault> {
        let mut write = Write { changes: vec![], audit: vec![], stale: Stale::Nothing };
        self.push_key(author, &new, &mut write);
        self.commit(new.key.id.as_str(), write).await?;
        Ok(new.made_by(owner))
    }

    pub(crate) async fn built_in_owner(&self) -> Result<domain::User, Fault> {
        let found = self.records.owner().await;
        found.map_err(|error| store_fault(error, "the owner"))?.ok_or_else(|| {
            Fault::because(&catalogue::INTERNAL_ERROR, "There is no owner before the first start.")
        })
    }

    fn instant_of(&self, expiry: Option<Expiry>) -> Result<Option<Timestamp>, Fault> {
        let now = self.clock.now();
        match expiry {
            None => Ok(None),
            Some(Expiry::InSeconds(seconds)) => Ok(Some(now.plus_seconds(seconds))),
            Some(Expiry::At(at)) if at > now => Ok(Some(at)),
            Some(Expiry::At(at)) => Err(invalid(
                "expires_at",
                format!(
                    "Invalid 'expires_at': expected a time in the future, but got {}, and now is \
                     {}.",
                    at.seconds(),
                    now.seconds()
                ),
            )),
        }
    }
}

/// The views of a key's every secret, the new one's negative entry included.
pub(crate) fn stale(key: &Key) -> Stale {
    Stale::Secrets(key.secrets.iter().map(|secret| secret.hash).collect())
}

fn changed_policy(policy: &KeyPolicy, patch: &KeyPatch) -> Option<KeyPolicy> {
    let changed = KeyPolicy {
        permission: patch.permission.clone().unwrap_or_else(|| policy.permission.clone()),
        models: patch.models.clone().unwrap_or_else(|| policy.models.clone()),
        networks: patch.networks.clone().unwrap_or_else(|| policy.networks.clone()),
    };
    (changed != *policy).then_some(changed)
}

/// What the audit line says was asked for.
/// What a key says now of the things that are asked to change.
fn before(key: &Key, requested: &Map<String, Value>) -> Map<String, Value> {
    let all = KeyPatch {
        name: Some(key.name.clone()),
        permission: Some(key.policy.permission.clone()),
        models: Some(key.policy.models.clone()),
        networks: Some(key.policy.networks.clone()),
        expiry: Some(key.expires_at.map(Expiry::At)),
    };
    let of = |name: &String| match name.as_str() {
        "scopes" | "permission" => ["scopes", "permission"].as_slice(),
        "expires_at" | "expires_in_seconds" => &["expires_at"],
        "name" => &["name"],
        "models" => &["models"],
        _ => &["networks"],
    };
    let wanted: Vec<&str> = requested.keys().flat_map(of).copied().collect();
    self::requested(&all).into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect()
}

fn requested(patch: &KeyPatch) -> Map<String, Value> {
    let mut requested = Map::new();
    let mut note = |name: &str, value: Value| requested.insert(name.to_owned(), value);
    if let Some(name) = &patch.name {
        note("name", json!(name));
    }
    match &patch.permission {
        None => {}
        Some(Permission::All) => _ = note("scopes", json!([])),
        Some(Permission::ReadOnly) => _ = note("permission", json!("read_only")),
        Some(Permission::Restricted(scopes)) => _ = note("scopes", json!(scopes)),
    }
    if let Some(models) = &patch.models {
        let names = models.as_ref().map(|list| list.iter().map(|p| p.0.as_str()).collect());
        note("models", json!(names as Option<Vec<_>>));
    }
    if let Some(networks) = &patch.networks {
        let texts = networks.as_ref().map(|list| list.iter().map(ToString::to_string).collect());
        note("networks", json!(texts as Option<Vec<String>>));
    }
    match patch.expiry {
        None => {}
        Some(None) => _ = note("expires_at", Value::Null),
        Some(Some(Expiry::At(at))) => _ = note("expires_at", json!(at.seconds())),
        Some(Some(Expiry::InSeconds(seconds))) => _ = note("expires_in_seconds", json!(seconds)),
    }
    requested
}
