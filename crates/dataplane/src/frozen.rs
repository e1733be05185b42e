//! Scopes whose ledger does not add up: nothing is let through under them.
//!
//! What they have spent is not known, so no limit of theirs can be kept. The control plane says
//! which they are after each look at the ledger; a call under no frozen scope pays one load.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use domain::ledger::Imbalance;
use domain::{Fault, ScopeId, ScopeKind, fault::catalogue};
use openai::surface::{Meter, Operation};

use crate::permit::Permit;

/// The ledger is looked at this often, in milliseconds: no sooner is there anything new.
const NEXT_LOOK_MS: u64 = 60_000;

#[derive(Default)]
pub(crate) struct Frozen {
    any: AtomicBool,
    scopes: RwLock<HashSet<ScopeId>>,
    /// What the last look found, so that each breach is told once.
    told: Mutex<Vec<Imbalance>>,
}

impl Frozen {
    /// Replaces the frozen scopes.
    pub(crate) fn set(&self, scopes: HashSet<ScopeId>) {
        let any = !scopes.is_empty();
        *self.scopes.write().unwrap_or_else(PoisonError::into_inner) = scopes;
        self.any.store(any, Ordering::SeqCst);
    }

    pub(crate) fn holds_organization(&self, id: &str) -> bool {
        let scope = ScopeId { kind: ScopeKind::Organization, id: id.to_owned() };
        self.any.load(Ordering::SeqCst)
            && self.scopes.read().unwrap_or_else(PoisonError::into_inner).contains(&scope)
    }

    pub(crate) fn count(&self) -> usize {
        self.scopes.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Says in the log what a look at the ledger has found that was not there before.
    pub(crate) fn tell(&self, breaches: &[Imbalance]) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |found: &&Imbalance, known: &[Imbalance]| {
            !known.iter().any(|old| (&old.account, old.sum) == (&found.account, found.sum))
        };
        for breach in breaches.iter().filter(|breach| named(breach, &told)) {
            let (account, sum) = (breach.account.name(), breach.sum.as_str());
            let (kept, summed) = (breach.kept.to_string(), breach.summed.to_string());
            tracing::error!(
                account,
                sum,
                kept,
                summed,
                "the ledger does not add up; nothing is let through under this scope"
            );
        }
        for old in told.iter().filter(|old| named(old, breaches)) {
            let (account, sum) = (old.account.name(), old.sum.as_str());
            tracing::info!(account, sum, "the ledger adds up again here");
        }
        *told = breaches.to_vec();
    }

    /// Whether a call may be let through: what costs nothing may.
    pub(crate) fn admits(&self, permit: &Permit, operation: &Operation) -> Result<(), Fault> {
        if !self.any.load(Ordering::Relaxed) || operation.meter == Meter::Free {
            return Ok(());
        }
        let key = &permit.key;
        let pays = [
            (ScopeKind::ApiKey, key.id.as_str()),
            (ScopeKind::User, key.owner.as_str()),
            (ScopeKind::Project, permit.project.as_str()),
        ];
        self.admits_scopes(&pays.map(|(kind, id)| ScopeId { kind, id: id.to_owned() }))
    }

    fn admits_scopes(&self, scopes: &[ScopeId]) -> Result<(), Fault> {
        let frozen = self.scopes.read().unwrap_or_else(PoisonError::into_inner);
        // There is one organization, and every call is under it.
        let of_call = |scope: &&ScopeId| {
            scope.kind == ScopeKind::Organization || scopes.iter().any(|own| own == *scope)
        };
        match frozen.iter().find(of_call) {
            None => Ok(()),
            Some(ScopeId { kind, id }) => {
                let why = format!(
                    "The ledger of {} '{id}' does not add up, so nothing is let through under it. \
                     Whoever runs this Tollgate can see why with `tollgate ledger verify`.",
                    kind.as_str()
                );
                let fault = Fault::because(&catalogue::LEDGER_UNAVAILABLE, why);
                Err(fault.retry_after_ms(NEXT_LOOK_MS))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(kind: ScopeKind, id: &str) -> ScopeId {
        ScopeId { kind, id: id.to_owned() }
    }

    fn frozen(scopes: &[ScopeId]) -> Frozen {
        let frozen = Frozen::default();
        frozen.set(scopes.iter().cloned().collect());
        frozen
    }

    fn call() -> [ScopeId; 3] {
        [
            scope(ScopeKind::ApiKey, "key_1"),
            scope(ScopeKind::User, "user-1"),
            scope(ScopeKind::Project, "proj_1"),
        ]
    }

    #[test]
    fn a_call_is_refused_under_any_frozen_scope_of_its_own() {
        for own in call() {
            let fault = frozen(std::slice::from_ref(&own)).admits_scopes(&call()).unwrap_err();
            assert_eq!(fault.entry.code, "ledger_unavailable");
            assert!(fault.message.contains(&own.id), "{}", fault.message);
        }
        let others = [scope(ScopeKind::ApiKey, "key_2"), scope(ScopeKind::Project, "key_1")];
        assert!(frozen(&others).admits_scopes(&call()).is_ok());
    }

    #[test]
    fn a_frozen_organization_stops_every_call() {
        let organization = scope(ScopeKind::Organization, "org-1");
        assert!(frozen(&[organization]).admits_scopes(&[]).is_err());
    }

    #[test]
    fn a_later_look_frees_what_is_in_order_again() {
        let frozen = frozen(&call());
        assert!(frozen.any.load(Ordering::SeqCst));
        frozen.set(HashSet::new());
        assert!(!frozen.any.load(Ordering::SeqCst));
        assert!(frozen.admits_scopes(&call()).is_ok());
    }
}
