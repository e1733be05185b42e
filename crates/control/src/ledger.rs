//! The ledger for operators: what stands in it, whether it adds up, and putting it right.

use std::collections::HashSet;
use std::sync::PoisonError;

use domain::fault::catalogue;
use domain::ledger::{
    AccountFilter, AccountId, AccountQuery, AccountState, BALANCES_MADE, Correction, Entry,
    EntryPage, EntryQuery, Imbalance, Remedy, Sum, Trust,
};
use domain::{Actor, Change, Fault, Nanos, Paged, PeriodKind, ProjectId, ScopeId, ScopeKind};
use serde_json::{Value, json};

use crate::limits::named;
use crate::transact::{Stale, Write, not_found, store_fault};
use crate::{Author, Control};

/// Which accounts are asked for.
#[derive(Clone, Debug)]
pub struct AccountQuestion {
    pub scope: Option<ScopeId>,
    pub period: Option<PeriodKind>,
    /// Those of periods that have ended too.
    pub all: bool,
    pub after: Option<AccountId>,
    pub limit: u32,
}

/// An account, and whether admission under its scope has stopped.
#[derive(Clone, Debug)]
pub struct LedgerAccount {
    pub state: AccountState,
    /// Sums of the scope, in this period or another, do not agree.
    pub frozen: bool,
    /// What does not agree in this very account.
    pub breaches: Vec<Imbalance>,
}

/// A correction as it is asked for.
#[derive(Clone, Debug)]
pub enum CorrectionDraft {
    /// All of an entry, or so much of it; below zero.
    Entry { place: i64, amount: Option<Nanos> },
    /// What one account alone counts.
    Account { account: AccountId, amount: Nanos },
    /// The side to believe where an account's sums do not agree.
    Balance { account: AccountId, trust: Trust },
}

/// A correction that was made.
#[derive(Clone, Debug)]
pub struct MadeCorrection {
    /// Of its line in the audit log.
    pub id: String,
    pub correction: Correction,
    /// The scopes that are closed still.
    pub breaches: Vec<Imbalance>,
}

impl Control {
    /// Accounts in the order of their ids. A scope need not be alive to be asked for.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn ledger_accounts(
        &self,
        asked: AccountQuestion,
    ) -> Result<Paged<LedgerAccount>, Fault> {
        let AccountQuestion { scope, period, all, after, limit } = asked;
        let at = if all { None } else { Some(self.clock.now()) };
        let query = AccountQuery { filter: AccountFilter { scope, period, at }, after, limit };
        let page = self.ledger.account_page(query).await.map_err(away)?;
        let breaches = self.breaches();
        let frozen: HashSet<&ScopeId> = breaches.iter().map(|b| &b.account.scope).collect();
        let rows = page.rows.into_iter().map(|state| LedgerAccount {
            frozen: frozen.contains(&state.id.scope),
            breaches: breaches.iter().filter(|b| b.account == state.id).cloned().collect(),
            state,
        });
        Ok(Paged { rows: rows.collect(), has_more: page.has_more })
    }

    /// Entries, newest first. A page may hold fewer than asked for although more follow.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn ledger_entries(&self, query: EntryQuery) -> Result<EntryPage, Fault> {
        self.ledger.entries(query).await.map_err(away)
    }

    /// Looks at all sums, and tells the data plane which scopes to stop. `whole` reads every entry;
    /// so does every look while something is wrong, since that may have been put right by hand.
    ///
    /// # Errors
    /// 503 when the store is away; what was stopped stays so.
    pub async fn verify_ledger(&self, whole: bool) -> Result<Vec<Imbalance>, Fault> {
        let whole = whole || !self.breaches().is_empty();
        let found = self.ledger.verify(whole).await.map_err(away)?;
        let mut last = self.verdict.write().unwrap_or_else(PoisonError::into_inner);
        // Two may look at once; the later look counts, whichever ends first.
        if found.number > last.number {
            *last = found;
            self.invalidate.ledger_verified(&last.breaches);
        }
        Ok(last.breaches.clone())
    }

    /// Puts something right, and looks at all sums again, so that admission goes on at once.
    ///
    /// # Errors
    /// 404 for an entry or account that is not there, 409 for what cannot be corrected so.
    pub async fn correct_ledger(
        &self,
        author: &Author,
        draft: CorrectionDraft,
        why: String,
    ) -> Result<MadeCorrection, Fault> {
        let (what, remedy) = self.remedy(draft).await?;
        let actor = match &author.actor {
            Actor::AdminKey(id) => id.to_string(),
            Actor::User(id) => id.to_string(),
            Actor::System => "system".to_owned(),
        };
        let correction = Correction { at: self.clock.now(), remedy, why, author: actor };
        let project = project(&correction.remedy);
        let payload = payload(&what, &correction);
        let line = self.audit(author, "ledger.corrected", project.as_ref(), &payload);
        let id = line.id.to_string();
        let write = Write {
            changes: vec![Change::CorrectLedger(correction.clone())],
            audit: vec![line],
            // What is in hand may be more than is left now.
            stale: Stale::Limits(Vec::new()),
        };
        self.commit(&what, write).await?;
        // It is made, whether the look at what came of it succeeds or not.
        let looked = self.verify_ledger(false).await;
        let breaches = looked.unwrap_or_else(|_| self.breaches());
        Ok(MadeCorrection { id, correction, breaches })
    }

    /// Takes note of a scope's overage: it is not flagged any more until there is more of it
    /// (case 33). A scope need not be alive. The id of the line in the audit log.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn acknowledge_overage(
        &self,
        author: &Author,
        scope: &ScopeId,
    ) -> Result<String, Fault> {
        let project = Some(scope).filter(|scope| scope.kind == ScopeKind::Project);
        let project = project.map(|scope| ProjectId::from(scope.id.as_str()));
        let payload = json!({ "id": scope.id, "scope": named(scope) });
        let line = self.audit(author, "ledger.overage_acknowledged", project.as_ref(), &payload);
        let id = line.id.to_string();
        let write = Write {
            changes: vec![Change::AcknowledgeOverage(scope.clone())],
            audit: vec![line],
            stale: Stale::Nothing,
        };
        self.commit(&scope.id, write).await.map(|()| id)
    }

    /// What was asked for, with the amounts that it leaves open.
    async fn remedy(&self, draft: CorrectionDraft) -> Result<(String, Remedy), Fault> {
        Ok(match draft {
            CorrectionDraft::Account { account, amount } => {
                (account.name(), Remedy::Account { account, amount })
            }
            CorrectionDraft::Entry { place, amount } => {
                let what = Entry::name_of(place);
                let before = place.checked_add(1);
                let query = EntryQuery { before, limit: 1, ..EntryQuery::default() };
                let page = self.ledger_entries(query).await?;
                let entry = page.rows.first().filter(|entry| entry.place == place);
                let cost = entry.ok_or_else(|| not_found(&what))?.cost;
                let all = Nanos(cost.0.saturating_neg());
                let amount = amount.unwrap_or(all);
                if amount.0 >= 0 || amount < all {
                    let why = format!(
                        "'{what}' cost ${cost}: what is taken back of it is an amount below zero, \
                         at most all of it ({all})."
                    );
                    return Err(Fault::because(&catalogue::CONFLICT, why));
                }
                (what, Remedy::Entry { place, amount })
            }
            CorrectionDraft::Balance { account, trust } => {
                let what = account.name();
                let sum = if trust == Trust::Leases { Sum::Leases } else { Sum::Entries };
                let after = self.balances_made().await?;
                let found = self.verify_ledger(true).await?;
                let breach = found.iter().find(|b| b.account == account && b.sum == sum);
                let breach = breach.ok_or_else(|| {
                    let why = format!("The {} of '{what}' agree with it.", sum.as_str());
                    Fault::because(&catalogue::CONFLICT, why)
                })?;
                let difference = Nanos(breach.kept.0.saturating_sub(breach.summed.0));
                (what, Remedy::Balance { account, difference, trust, after })
            }
        })
    }

    async fn balances_made(&self) -> Result<u64, Fault> {
        let made = self.records.meta(BALANCES_MADE).await.map_err(away)?;
        Ok(made.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes))
    }

    fn breaches(&self) -> Vec<Imbalance> {
        self.verdict.read().unwrap_or_else(PoisonError::into_inner).breaches.clone()
    }
}

/// The project, where it is the one that is corrected.
fn project(remedy: &Remedy) -> Option<ProjectId> {
    let (Remedy::Account { account, .. } | Remedy::Balance { account, .. }) = remedy else {
        return None;
    };
    let scope = Some(&account.scope).filter(|scope| scope.kind == ScopeKind::Project);
    scope.map(|scope| scope.id.as_str().into())
}

/// What the audit log keeps.
fn payload(what: &str, correction: &Correction) -> Value {
    let (amount, trust) = match &correction.remedy {
        Remedy::Entry { amount, .. } | Remedy::Account { amount, .. } => (*amount, None),
        Remedy::Balance { difference, trust, .. } => (*difference, Some(trust.as_str())),
    };
    json!({
        "id": what,
        "data": { "amount_nanos": amount.0, "trust": trust, "reason": correction.why },
    })
}

fn away(error: domain::ports::StoreError) -> Fault {
    store_fault(error, "the ledger")
}
