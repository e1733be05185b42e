//! Rotating an upstream's credential while calls run: the new one is tried, takes over, and the old
//! ones go when nobody uses them any more.

use std::time::Duration;

use domain::fault::catalogue;
use domain::{CredentialId, Fault, SealedCredential};

use crate::transact::not_found;
use crate::upstreams::UpstreamState;
use crate::{Author, Control, CredentialDraft};

/// Looks at whether calls from before still run, and how many. Half a minute in all.
const PAUSE: Duration = Duration::from_millis(20);
const LOOKS: u32 = 1_500;

/// How a rotation ended.
pub struct RotatedUpstream {
    pub state: UpstreamState,
    /// No call runs any more that was begun with an old credential: they may be ended at the
    /// provider now.
    pub is_drained: bool,
}

impl Control {
    /// Puts a credential in the place of all others of an upstream.
    ///
    /// # Errors
    /// As [`Control::add_credential`]; 400 for one that the provider does not take: then nothing
    /// was changed.
    pub async fn rotate_credentials(
        &self,
        author: &Author,
        id: &str,
        draft: CredentialDraft,
    ) -> Result<RotatedUpstream, Fault> {
        let upstream = self.own(id).await?;
        self.check_credentials(std::iter::once(&draft.secret))?;
        let tried = self.outbound.try_credential(upstream.id.clone(), draft.secret.clone()).await;
        if let Some(problem) = tried.problem {
            let why = format!("The new credential does not do, so nothing was changed. {problem}");
            return Err(Fault::because(&catalogue::INVALID_VALUE, why).param("credential"));
        }
        let old = self.shift(author, id, draft).await?;
        let mut looks = 0;
        while !self.outbound.is_drained(&upstream.id) && looks < LOOKS {
            tokio::time::sleep(PAUSE).await;
            looks += 1;
        }
        let state = self.take_away(author, id, &old).await?;
        let is_drained = self.outbound.is_drained(&upstream.id) || looks < LOOKS;
        Ok(RotatedUpstream { state, is_drained })
    }

    /// New calls go by the new one; the old ones stay for those that know them.
    async fn shift(
        &self,
        author: &Author,
        id: &str,
        draft: CredentialDraft,
    ) -> Result<Vec<CredentialId>, Fault> {
        let _writing = self.places.lock().await;
        let mut upstream = self.own(id).await?;
        let old = upstream.credentials.iter().map(|one| one.id.clone()).collect();
        for one in &mut upstream.credentials {
            one.weight = 0;
        }
        let weight = draft.weight.max(1);
        let new = self.sealed(&upstream.id, &draft.secret, weight, self.clock.now());
        upstream.credentials.insert(0, new);
        self.check_upstream(&mut upstream).await?;
        self.put(author, "upstream.credential.created", upstream).await?;
        Ok(old)
    }

    async fn take_away(
        &self,
        author: &Author,
        id: &str,
        old: &[CredentialId],
    ) -> Result<UpstreamState, Fault> {
        let _writing = self.places.lock().await;
        let mut upstream = self.own(id).await?;
        let is_old = |one: &SealedCredential| old.contains(&one.id);
        if upstream.credentials.iter().all(is_old) {
            return Err(not_found("the new credential"));
        }
        upstream.credentials.retain(|one| !is_old(one));
        self.check_upstream(&mut upstream).await?;
        self.put(author, "upstream.credential.deleted", upstream).await
    }
}
