//! Rotation: a new secret beside the old ones, which end when the grace time is over.

use domain::{CareChange, Change, Fault, KeyId, ProjectId, Suspension};
use serde_json::json;

use crate::authority::may_give_calls;
use crate::keys::stale;
use crate::transact::{Stale, Write};
use crate::{Author, Control, MadeKey, OwnedKey, secrets};

impl Control {
    /// The policy, the name and the id stay; only the secret is new. Zero grace ends the old
    /// secrets at once.
    ///
    /// # Errors
    /// 404 as [`Control::key`], 400 for an archived project, 403 as [`Control::create_key`].
    pub async fn rotate_key(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &KeyId,
        grace_seconds: i64,
    ) -> Result<MadeKey, Fault> {
        self.active_project(project).await?;
        let before = self.key(project, id).await?;
        // Whoever gets a secret can do what it can.
        may_give_calls(author, project, &before.key.policy.permission)?;
        let now = self.clock.now();
        let (secret, kept) = secrets::mint(&self.vault, before.key.kind, now);
        let payload = json!({ "id": id.as_str(), "data": { "grace_seconds": grace_seconds } });
        let mut changed = stale(&before.key);
        if let Stale::Secrets(hashes) = &mut changed {
            hashes.push(kept.hash);
        }
        let old_end_at = now.plus_seconds(grace_seconds);
        let mut changes = vec![Change::RotateKey { id: id.clone(), secret: kept, old_end_at }];
        // A new secret is what a key needed that was out of use for its age.
        let suspended = before.key.suspended.as_ref().map(|it| it.why);
        if matches!(suspended, Some(Suspension::TooOld | Suspension::Idle)) {
            let (id, even_leaked) = (id.clone(), false);
            changes.push(Change::Care(CareChange::Resume { id, at: now, even_leaked }));
        }
        let write = Write {
            audit: vec![self.audit(author, "api_key.rotated", Some(project), &payload)],
            changes,
            stale: changed,
        };
        self.commit(id.as_str(), write).await?;
        Ok(MadeKey { owned: self.key(project, id).await?, secret })
    }

    /// Ends every secret but the newest now, whatever is left of its grace.
    ///
    /// # Errors
    /// 404 as [`Control::key`].
    pub async fn end_old_secrets(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &KeyId,
    ) -> Result<OwnedKey, Fault> {
        let before = self.key(project, id).await?;
        let payload = json!({
            "id": id.as_str(),
            "changes_requested": { "old_secrets": "ended" },
        });
        let write = Write {
            audit: vec![self.audit(author, "api_key.updated", Some(project), &payload)],
            changes: vec![Change::EndOldSecrets { id: id.clone(), at: self.clock.now() }],
            stale: stale(&before.key),
        };
        self.commit(id.as_str(), write).await?;
        self.key(project, id).await
    }
}
