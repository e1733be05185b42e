//! New secrets on their way to a key's handler: a command, a file, a secret of a cluster.
//!
//! The new secret works from the moment it is made, and is kept sealed until the handler has it; the
//! old ones end only then, after a grace. A handler that fails is asked again with the same secret,
//! over restarts as well, so that nothing stands still for it.

use domain::fault::catalogue;
use domain::{
    CareChange, Change, Fault, Handover, Key, KeyId, ProjectId, RotationRule, Secret,
    SecretHandlers, handover_pause,
};
use serde_json::json;

use super::notice::Notice;
use super::report::quietly;
use crate::keys::stale;
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control, OwnedKey, secrets};

/// Characters of a handler's complaint that are kept.
const LONGEST: usize = 512;

impl Control {
    /// Rotates a key by its handler, now. The new secret is on its way when this returns.
    ///
    /// # Errors
    /// 404 as [`Control::key`]; 400 for a key that nobody takes the secrets of, and in an archived
    /// project.
    pub async fn rotate_by_handler(
        &self,
        author: &Author,
        project: &ProjectId,
        id: &KeyId,
    ) -> Result<OwnedKey, Fault> {
        self.active_project(project).await?;
        let key = self.key(project, id).await?.key;
        if self.handler_rule(id).is_none() {
            let why = format!(
                "Nobody takes new secrets of '{id}': name a handler in [[rotations]] of the config \
                 file."
            );
            return Err(Fault::because(&catalogue::INVALID_VALUE, why).param("api_key_id"));
        }
        self.begin_handover(author, &key).await?;
        self.key(project, id).await
    }

    pub(super) fn handler_rule(&self, id: &KeyId) -> Option<RotationRule> {
        self.care.handlers.as_ref()?.rule(id)
    }

    /// Whether a new secret of this key waits for its handler.
    pub(super) async fn is_handed_over(&self, id: &KeyId) -> Result<bool, Fault> {
        Ok(!self.waiting_handovers().await?.iter().any(|it| it.key == *id))
    }

    /// One that waits already is the new secret.
    pub(super) async fn begin_handover(&self, author: &Author, key: &Key) -> Result<(), Fault> {
        if !self.is_handed_over(&key.id).await? {
            return Ok(());
        }
        let (change, stale) = self.new_handover(key);
        let payload = json!({ "id": key.id.as_str(), "data": { "handed_over": true } });
        let write = Write {
            audit: vec![self.audit(author, "api_key.rotated", key.project.as_ref(), &payload)],
            changes: vec![change],
            stale,
        };
        self.commit(key.id.as_str(), write).await
    }

    pub(super) fn new_handover(&self, key: &Key) -> (Change, Stale) {
        let now = self.clock.now();
        let (secret, kept) = secrets::mint(&self.vault, key.kind, now);
        let mut changed = stale(key);
        if let Stale::Secrets(hashes) = &mut changed {
            hashes.push(kept.hash);
        }
        let handover = Handover {
            key: key.id.clone(),
            sealed: self.vault.seal(&sealed_for(&key.id), &secret),
            begun_at: now,
            attempts: 0,
            next_at: now,
            last_error: None,
        };
        (Change::Care(CareChange::BeginHandover { handover, secret: kept }), changed)
    }

    async fn waiting_handovers(&self) -> Result<Vec<Handover>, Fault> {
        let found = self.care.store.handovers().await;
        found.map_err(|error| store_fault(error, "the secrets on their way"))
    }

    /// Asks the handlers of all secrets that are due. How many were handed over.
    ///
    /// # Errors
    /// 503 when the store is away: a handler may be asked again with what it has.
    pub async fn hand_over_due(&self) -> Result<usize, Fault> {
        let Some(handlers) = self.care.handlers.clone() else { return Ok(0) };
        let now = self.clock.now();
        let mut done = 0;
        for handover in self.waiting_handovers().await? {
            if handover.next_at <= now {
                done += usize::from(self.hand_over(handlers.as_ref(), &handover).await?);
            }
        }
        Ok(done)
    }

    async fn hand_over(
        &self,
        handlers: &dyn SecretHandlers,
        handover: &Handover,
    ) -> Result<bool, Fault> {
        let id = &handover.key;
        let found = self.records.key(id.clone()).await;
        let key = found.map_err(|error| store_fault(error, id.as_str()))?;
        let Some(key) = key.filter(|key| key.revoked_at.is_none()) else {
            // Nobody needs it any more.
            self.end_handover(handover, 0, None).await?;
            return Ok(false);
        };
        let handed = match (handlers.rule(id), self.opened_handover(handover)) {
            (Some(rule), Some(secret)) => {
                handlers.hand_over(id, &secret).await.map(|()| rule.grace_seconds)
            }
            (None, _) => Err("no [[rotations]] of the config file names it any more".to_owned()),
            (_, None) => Err("the new secret does not open; rotate the key by hand".to_owned()),
        };
        match handed {
            Ok(grace) => {
                self.end_handover(handover, grace, Some(&key)).await?;
                Ok(true)
            }
            Err(why) => self.put_off_handover(handover, &key, &why).await.map(|()| false),
        }
    }

    fn opened_handover(&self, handover: &Handover) -> Option<Secret> {
        self.vault.open(&sealed_for(&handover.key), &handover.sealed).ok()
    }

    /// `key`: whose handler has it now; without, there is no such key any more.
    async fn end_handover(
        &self,
        handover: &Handover,
        grace_seconds: i64,
        key: Option<&Key>,
    ) -> Result<(), Fault> {
        let id = &handover.key;
        let old_end_at = self.clock.now().plus_seconds(grace_seconds);
        let change = CareChange::EndHandover { key: id.clone(), old_end_at };
        let payload = json!({ "id": id.as_str(), "data": { "grace_seconds": grace_seconds } });
        let author = Author::system();
        let line =
            |key: &Key| self.audit(&author, "api_key.handed_over", key.project.as_ref(), &payload);
        let write = Write {
            audit: key.iter().map(|key| line(key)).collect(),
            changes: vec![Change::Care(change)],
            stale: key.map_or(Stale::Nothing, stale),
        };
        self.commit(id.as_str(), write).await
    }

    /// The old secret works on; its owners are told the first time.
    async fn put_off_handover(
        &self,
        handover: &Handover,
        key: &Key,
        why: &str,
    ) -> Result<(), Fault> {
        let (at, attempts) = (self.clock.now(), handover.attempts.saturating_add(1));
        let error: String = why.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let data = json!({ "api_key_id": key.id.as_str(), "error": error });
        let notice = Notice {
            kind: "api_key.handover_failed",
            subject: format!("API key {} ({}): its new secret found no taker", key.id, key.name),
            text: format!(
                "API key {} ({}) has a new secret, but its handler failed: {error}\n\nThe old \
                 secret works on, and the handler is asked again until it takes the new one.\n",
                key.id, key.name
            ),
            data,
            project: key.project.as_ref(),
            key: Some(key),
        };
        let deliveries = self.messages(notice).await?;
        let mark = format!("handover {} {}", key.id, handover.begun_at.0);
        let next_at = at.plus_seconds(handover_pause(attempts));
        let change = CareChange::PutOffHandover { key: key.id.clone(), attempts, next_at, error };
        let mut write = quietly(Change::Care(change));
        write.changes.push(Change::Care(CareChange::TellOnce { mark, at, deliveries }));
        self.commit(key.id.as_str(), write).await
    }
}

fn sealed_for(key: &KeyId) -> String {
    format!("handover of {key}")
}
