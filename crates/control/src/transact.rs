//! The one way to write: changes and audit lines in a transaction, then the caches are told.

use domain::fault::catalogue;
use domain::ports::StoreError;
use domain::{AuditEntry, AuditId, Change, Fault, ProjectId, ScopeId, SecretHash};
use serde_json::Value;

use crate::{Author, Control};

/// A store that is away is asked again soon: most outages here are a failover or a full disk.
const RETRY_MS: u64 = 1000;

/// What a write makes stale: cached views of keys, limits in use.
pub(crate) enum Stale {
    Nothing,
    Secrets(Vec<SecretHash>),
    /// The spend limits of these scopes.
    Limits(Vec<ScopeId>),
    /// A whole project or service account: every view is dropped rather than listing its keys.
    Everything,
}

/// A write on its way to the store.
pub(crate) struct Write {
    pub(crate) changes: Vec<Change>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) stale: Stale,
}

impl Control {
    pub(crate) fn audit(
        &self,
        author: &Author,
        event: &'static str,
        project: Option<&ProjectId>,
        payload: &Value,
    ) -> AuditEntry {
        AuditEntry {
            id: AuditId::mint(vault::random()),
            at: self.clock.now(),
            event,
            actor: author.actor.clone(),
            project: project.cloned(),
            payload: payload.to_string(),
            resource: payload["id"].as_str().map(str::to_owned),
            request: author.request.clone(),
            address: author.address.map(|address| address.to_string()),
        }
    }

    /// Commits, then invalidates; `what` names the thing that a change might not find.
    pub(crate) async fn commit(&self, what: &str, write: Write) -> Result<(), Fault> {
        let applied = self.records.apply(write.changes, write.audit).await;
        // After a failure as well: a store that went away may have written all the same.
        match write.stale {
            Stale::Nothing => {}
            Stale::Secrets(hashes) => self.invalidate.keys_changed(&hashes),
            Stale::Limits(scopes) => self.invalidate.limits_changed(&scopes),
            Stale::Everything => self.invalidate.keys_changed(&[]),
        }
        applied.map_err(|error| store_fault(error, what))
    }

    /// What is to be ended, looked up. Where it has ended already, the caches are told again:
    /// whoever asks twice may do so because the first time seemed to have no effect.
    pub(crate) fn or_ended<T>(&self, found: Result<T, Fault>) -> Result<T, Fault> {
        found.inspect_err(|_| self.invalidate.keys_changed(&[]))
    }
}

/// `what` is the thing's id, or the words for it: `proj_1`, `the admin key`.
pub(crate) fn store_fault(error: StoreError, what: &str) -> Fault {
    match error {
        StoreError::NotFound => not_found(what),
        StoreError::Conflict(why) => {
            Fault::because(&catalogue::CONFLICT, format!("Cannot change '{what}': {why}."))
        }
        // The store's own words may name files and hosts; they are for the log, not for callers.
        StoreError::Unavailable(_) => {
            Fault::new(&catalogue::LEDGER_UNAVAILABLE).retry_after_ms(RETRY_MS)
        }
    }
}

/// The same words for an id that never was and one of another project (case 13).
pub(crate) fn not_found(what: &str) -> Fault {
    Fault::because(&catalogue::NOT_FOUND, format!("'{what}' was not found."))
}

pub(crate) fn invalid(param: &'static str, message: String) -> Fault {
    Fault::because(&catalogue::INVALID_VALUE, message).param(param)
}
