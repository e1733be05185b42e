//! Who calls the Administration API.

use std::net::IpAddr;
use std::sync::Arc;

use domain::fault::catalogue;
use domain::{
    Authority, Fault, KeyId, KeyKind, KeyView, Owner, Principal, ProjectId, Refusal, Scope,
};

use crate::secrets::{LONGEST_KEY, masked};
use crate::transact::store_fault;
use crate::{Attempt, Control};

/// What every key of ours begins with.
const OUR_PREFIXES: [&str; 3] = ["sk-tg-", "sk-svcacct-tg-", "sk-admin-tg-"];

/// Proof that the caller holds a live admin key.
#[derive(Clone, Debug)]
pub struct AdminCaller {
    pub key: KeyId,
    pub authority: Arc<Authority>,
}

/// Proof that the caller holds a live key.
#[derive(Clone, Debug)]
pub enum KeyedCaller {
    Admin(AdminCaller),
    /// Of a project's key.
    Holder(Box<KeyView>),
}

impl Control {
    /// Lets holders of an admin key in that may do what is `needed`, on a project or else on the
    /// organization: what their owner may by their roles, within the key's own scopes.
    ///
    /// # Errors
    /// 401 for no key, a wrong, ended or project key, and one without the scope; 503 when the
    /// directory is away.
    pub async fn authenticate_admin(
        &self,
        presented: Option<&str>,
        needed: Scope,
        project: Option<&ProjectId>,
        attempt: Attempt<'_>,
    ) -> Result<AdminCaller, Fault> {
        let view = self.find(presented).await?;
        let key = view.id.clone();
        let admitted = match view.check(self.clock.now(), attempt.address) {
            Ok(()) => self.admit_admin(view, needed, project).await,
            Err(refusal) => Err(refusal.fault()),
        };
        if let Err(fault) = &admitted {
            self.note_denied(&key, project, attempt, fault).await;
        }
        admitted
    }

    async fn admit_admin(
        &self,
        view: KeyView,
        needed: Scope,
        project: Option<&ProjectId>,
    ) -> Result<AdminCaller, Fault> {
        match view.kind {
            KeyKind::Admin => self.admin_caller(view, needed, project).await,
            KeyKind::Project | KeyKind::ServiceAccount => Err(Fault::because(
                &catalogue::PERMISSION_DENIED,
                format!(
                    "You have insufficient permissions for this operation. Missing scopes: \
                     {needed}. Use an admin API key; a project's key cannot have this scope."
                ),
            )),
        }
    }

    async fn admin_caller(
        &self,
        view: KeyView,
        needed: Scope,
        project: Option<&ProjectId>,
    ) -> Result<AdminCaller, Fault> {
        let grants = match view.owner {
            Owner::User(id) => self.people.grants(Principal::User(id)).await,
            // The store has no way to make such a key; it would have no role.
            Owner::ServiceAccount(_) => Ok(Vec::new()),
        };
        let grants = grants.map_err(|error| store_fault(error, "the API key"))?;
        let authority = Authority::new(grants, view.policy.permission);
        if authority.allows(needed, project) {
            return Ok(AdminCaller { key: view.id, authority: Arc::new(authority) });
        }
        Err(Fault::because(
            &catalogue::PERMISSION_DENIED,
            format!(
                "You have insufficient permissions for this operation. Missing scopes: {needed}. \
                 Check that the admin API key has this scope and that its owner has a role with it."
            ),
        ))
    }

    /// Lets holders of a project's key in, to look at themselves.
    ///
    /// # Errors
    /// As [`Control::authenticate_admin`], with the kinds the other way round.
    pub async fn authenticate_holder(
        &self,
        presented: Option<&str>,
        address: IpAddr,
    ) -> Result<KeyView, Fault> {
        let view = self.find(presented).await?;
        view.check(self.clock.now(), address).map_err(Refusal::fault)?;
        match view.kind {
            KeyKind::Project | KeyKind::ServiceAccount => Ok(view),
            KeyKind::Admin => Err(Fault::because(
                &catalogue::PERMISSION_DENIED,
                "You have insufficient permissions for this operation. An admin API key belongs \
                 to no project; use a project's key.",
            )),
        }
    }

    /// Lets holders of an admin key in that may do what is `needed` on the organization, and
    /// holders of a project's key, to speak of that key.
    ///
    /// # Errors
    /// As [`Control::authenticate_admin`].
    pub async fn authenticate_any(
        &self,
        presented: Option<&str>,
        address: IpAddr,
        needed: Scope,
    ) -> Result<KeyedCaller, Fault> {
        let view = self.find(presented).await?;
        view.check(self.clock.now(), address).map_err(Refusal::fault)?;
        match view.kind {
            KeyKind::Admin => self.admin_caller(view, needed, None).await.map(KeyedCaller::Admin),
            KeyKind::Project | KeyKind::ServiceAccount => Ok(KeyedCaller::Holder(Box::new(view))),
        }
    }

    /// The key of a secret, dead or alive.
    async fn find(&self, presented: Option<&str>) -> Result<KeyView, Fault> {
        let presented = presented.ok_or(&catalogue::MISSING_API_KEY)?;
        if presented.len() > LONGEST_KEY {
            return Err(unknown_key(presented));
        }
        let hash = self.vault.hash(presented);
        // A mistyped key of ours costs no look-up (case 2). One that the operator chose may look
        // like ours without being made by us.
        let ours = OUR_PREFIXES.iter().any(|prefix| presented.starts_with(prefix));
        if ours && vault::key::parse(presented).is_none() && !self.is_registered(hash) {
            return Err(unknown_key(presented));
        }
        let found = self.directory.find_secret(hash).await;
        found
            .map_err(|error| store_fault(error, "the API key"))?
            .ok_or_else(|| unknown_key(presented))
    }
}

fn unknown_key(presented: &str) -> Fault {
    Fault::because(
        &catalogue::INVALID_API_KEY,
        format!("Incorrect API key provided: {}.", masked(presented)),
    )
}
