//! Keys together with whom they belong to, as lists show them.

use std::collections::HashMap;

use domain::{Actor, Fault, Key, KeyId, Owner, Role, ServiceAccount, User, UserId};

use crate::transact::{not_found, store_fault};
use crate::{Author, Control};

#[derive(Clone, Debug)]
pub enum OwnerRecord {
    User(User),
    ServiceAccount(ServiceAccount),
}

#[derive(Clone, Debug)]
pub struct OwnedKey {
    pub key: Key,
    pub owner: OwnerRecord,
}

impl Control {
    /// Whose the keys are that somebody makes: a person's are their own, so that their limit stands
    /// over them and they end with them; an admin key's are its owner's; the process's are the
    /// built-in owner's.
    pub(crate) async fn maker(&self, author: &Author) -> Result<User, Fault> {
        let id = match &author.actor {
            Actor::User(id) => Some(id.clone()),
            Actor::AdminKey(key) => self.owner_of_key(key.clone()).await?,
            Actor::System => None,
        };
        let Some(id) = id else { return self.built_in_owner().await };
        let found = self.records.user(id.clone()).await;
        let found = found.map_err(|error| store_fault(error, id.as_str()))?;
        found.ok_or_else(|| not_found(id.as_str()))
    }

    async fn owner_of_key(&self, id: KeyId) -> Result<Option<UserId>, Fault> {
        let found = self.records.key(id.clone()).await;
        let found = found.map_err(|error| store_fault(error, id.as_str()))?;
        Ok(found.and_then(|key| match key.owner {
            Owner::User(user) => Some(user),
            Owner::ServiceAccount(_) => None,
        }))
    }

    pub(crate) async fn with_owner(&self, key: Key) -> Result<OwnedKey, Fault> {
        let owner = self.owner_of(&key).await?;
        Ok(OwnedKey { key, owner })
    }

    /// A page's keys share few owners: each is read once.
    pub(crate) async fn with_owners(&self, keys: Vec<Key>) -> Result<Vec<OwnedKey>, Fault> {
        let mut seen: HashMap<String, OwnerRecord> = HashMap::new();
        let mut owned = Vec::with_capacity(keys.len());
        for key in keys {
            let owner = match seen.get(key.owner.as_str()) {
                Some(owner) => owner.clone(),
                None => self.owner_of(&key).await?,
            };
            seen.entry(key.owner.as_str().to_owned()).or_insert_with(|| owner.clone());
            owned.push(OwnedKey { key, owner });
        }
        Ok(owned)
    }

    /// An owner who is gone still has an id: the shapes need a person, so one without a name.
    async fn owner_of(&self, key: &Key) -> Result<OwnerRecord, Fault> {
        let fault = |error| store_fault(error, key.owner.as_str());
        match &key.owner {
            Owner::User(id) => {
                let user = self.records.user(id.clone()).await.map_err(fault)?;
                Ok(OwnerRecord::User(user.unwrap_or_else(|| User {
                    id: id.clone(),
                    name: String::new(),
                    email: String::new(),
                    role: Role::Reader,
                    created_at: key.created_at,
                    technical_level: None,
                    developer_persona: None,
                })))
            }
            Owner::ServiceAccount(id) => {
                let account = self.records.service_account(id.clone()).await.map_err(fault)?;
                let project = key.project.clone().unwrap_or_else(|| "".into());
                Ok(OwnerRecord::ServiceAccount(account.unwrap_or_else(|| ServiceAccount {
                    id: id.clone(),
                    project,
                    name: String::new(),
                    role: Role::None,
                    created_at: key.created_at,
                })))
            }
        }
    }
}
