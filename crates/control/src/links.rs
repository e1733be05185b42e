//! One-time links: looked at as often as anybody likes, used once.

use domain::fault::catalogue;
use domain::{Fault, Link, LinkPurpose, Secret};

use crate::Control;
use crate::secrets::token_hash;
use crate::transact::store_fault;

impl Control {
    /// What a link leads to, as long as it works. Looking does not use it (case 137).
    ///
    /// # Errors
    /// 400 `link_invalid`, the same for one that was used, has ended, is for something else or
    /// never was; 503 when the store is away.
    pub async fn look_at_link(&self, purpose: LinkPurpose, secret: &Secret) -> Result<Link, Fault> {
        let found = self.accounts.link(token_hash(&self.vault, secret)).await;
        let found = found.map_err(|error| store_fault(error, "the link"))?;
        let now = self.clock.now();
        let works = |link: &Link| link.purpose == purpose && now < link.ends_at;
        found.filter(works).ok_or_else(|| Fault::new(&catalogue::LINK_INVALID))
    }
}

/// A change that did not find its link any more: somebody else was quicker.
pub(crate) fn or_used(fault: Fault) -> Fault {
    match fault.entry.code == catalogue::NOT_FOUND.code {
        true => Fault::new(&catalogue::LINK_INVALID),
        false => fault,
    }
}
