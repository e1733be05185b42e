//! Who calls the Administration API.

use std::net::IpAddr;

use domain::fault::catalogue;
use domain::{Fault, KeyId, KeyKind, KeyView, Refusal, Scope};

use crate::Control;
use crate::secrets::{LONGEST_KEY, masked};
use crate::transact::store_fault;

/// What every key of ours begins with.
const OUR_PREFIXES: [&str; 3] = ["sk-tg-", "sk-svcacct-tg-", "sk-admin-tg-"];

/// Proof that the caller holds a live admin key.
#[derive(Clone, Debug)]
pub struct AdminCaller {
    pub key: KeyId,
}

impl Control {
    /// Lets holders of an admin key in. `needed` is what the refusal of another key names.
    ///
    /// # Errors
    /// 401 for no key, a wrong, ended or project key; 503 when the directory is away.
    pub async fn authenticate_admin(
        &self,
        presented: Option<&str>,
        address: IpAddr,
        needed: Scope,
    ) -> Result<AdminCaller, Fault> {
        let view = self.identify(presented, address).await?;
        match view.kind {
            KeyKind::Admin => Ok(AdminCaller { key: view.id }),
            KeyKind::Project | KeyKind::ServiceAccount => Err(Fault::because(
                &catalogue::PERMISSION_DENIED,
                format!(
                    "You have insufficient permissions for this operation. Missing scopes: \
                     {needed}. Use an admin API key; a project's key cannot have this scope."
                ),
            )),
        }
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
        let view = self.identify(presented, address).await?;
        match view.kind {
            KeyKind::Project | KeyKind::ServiceAccount => Ok(view),
            KeyKind::Admin => Err(Fault::because(
                &catalogue::PERMISSION_DENIED,
                "You have insufficient permissions for this operation. An admin API key belongs \
                 to no project; use a project's key.",
            )),
        }
    }

    async fn identify(&self, presented: Option<&str>, address: IpAddr) -> Result<KeyView, Fault> {
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
        let view = found
            .map_err(|error| store_fault(error, "the API key"))?
            .ok_or_else(|| unknown_key(presented))?;
        view.check(self.clock.now(), address).map_err(refused)?;
        Ok(view)
    }
}

fn unknown_key(presented: &str) -> Fault {
    Fault::because(
        &catalogue::INVALID_API_KEY,
        format!("Incorrect API key provided: {}.", masked(presented)),
    )
}

fn refused(refusal: Refusal) -> Fault {
    Fault::new(match refusal {
        Refusal::Revoked => &catalogue::KEY_REVOKED,
        Refusal::Expired => &catalogue::KEY_EXPIRED,
        Refusal::ProjectArchived => &catalogue::KEY_DISABLED,
        Refusal::AddressNotAllowed => &catalogue::ADDRESS_NOT_ALLOWED,
    })
}
