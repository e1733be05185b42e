//! Admin API keys: the keys of the Administration API, good for nothing else.

use domain::fault::catalogue;
use domain::{Fault, KeyId, KeyKind, KeyPolicy, Owner, PageQuery, Paged, Permission};

use crate::authority::may_give_key;
use crate::transact::{not_found, store_fault};
use crate::{Author, Control, Expiry, KeyDraft, MadeKey, OwnedKey, OwnerRecord};

/// What a new admin key is made of.
#[derive(Clone, Debug)]
pub struct AdminKeyDraft {
    pub name: String,
    /// Of what its owner may, what the key may.
    pub permission: Permission,
    pub expiry: Option<Expiry>,
}

impl Control {
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_admin_keys(&self, page: PageQuery) -> Result<Paged<OwnedKey>, Fault> {
        let listed = self.records.keys(None, vec![KeyKind::Admin], page).await;
        let page = listed.map_err(|error| store_fault(error, "the page's start"))?;
        Ok(Paged { rows: self.with_owners(page.rows).await?, has_more: page.has_more })
    }

    /// # Errors
    /// 404 for an unknown or revoked key, and for a project's key.
    pub async fn admin_key(&self, id: &KeyId) -> Result<OwnedKey, Fault> {
        let found = self.records.key(id.clone()).await;
        let key = found
            .map_err(|error| store_fault(error, id.as_str()))?
            .filter(|key| key.kind == KeyKind::Admin && key.revoked_at.is_none())
            .ok_or_else(|| not_found(id.as_str()))?;
        self.with_owner(key).await
    }

    /// # Errors
    /// 403 for a key that may do more than the author's; 503 when the store is away.
    pub async fn create_admin_key(
        &self,
        author: &Author,
        draft: AdminKeyDraft,
    ) -> Result<MadeKey, Fault> {
        may_give_key(author, &draft.permission)?;
        let user = self.maker(author).await?;
        let owner = Owner::User(user.id.clone());
        let policy = KeyPolicy { permission: draft.permission, ..KeyPolicy::default() };
        let draft = KeyDraft { name: draft.name, policy, expiry: draft.expiry };
        let new = self.new_key(KeyKind::Admin, None, owner, draft)?;
        self.store_key(author, new, OwnerRecord::User(user)).await
    }

    /// # Errors
    /// 404 as [`Control::admin_key`]; 409 for the key that this start was given.
    pub async fn delete_admin_key(&self, author: &Author, id: &KeyId) -> Result<(), Fault> {
        let key = self.or_ended(self.admin_key(id).await)?.key;
        if key.secrets.iter().any(|secret| self.is_registered(secret.hash)) {
            let message = format!(
                "Admin API key '{id}' is set by TOLLGATE_ADMIN_KEY. Remove it there and restart; \
                 then it can be deleted here."
            );
            return Err(Fault::because(&catalogue::MANAGED_BY_FILE, message));
        }
        self.revoke(author, &key).await
    }
}
