//! Which limits a call counts against.

use std::collections::HashMap;

use domain::ledger::{AccountId, Payer};
use domain::{PeriodKind, ScopeId, ScopeKind, SpendLimit, Timestamp};

/// One limit that a call counts against.
#[derive(Clone, Debug)]
pub(crate) struct Limited {
    pub(crate) account: AccountId,
    /// The account's place among the call's.
    pub(super) place: usize,
    pub(crate) limit: SpendLimit,
}

/// Every limit that stands, by its scope.
#[derive(Default)]
pub(crate) struct LimitSet {
    by_kind: [HashMap<String, Vec<SpendLimit>>; ScopeKind::ALL.len()],
}

impl LimitSet {
    pub(super) fn of(all: Vec<SpendLimit>) -> Self {
        let mut set = Self::default();
        for limit in all {
            let place = ScopeKind::ALL.iter().position(|kind| *kind == limit.scope.kind);
            if let Some(place) = place {
                let of_kind = &mut set.by_kind[place];
                of_kind.entry(limit.scope.id.clone()).or_default().push(limit);
            }
        }
        set
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_kind.iter().all(HashMap::is_empty)
    }

    /// The limits of a payer's scopes, in the order of [`Payer::accounts`]: always the same, so
    /// that two calls cannot wait for each other (case 59).
    pub(super) fn over(&self, payer: &Payer, at: Timestamp) -> Vec<Limited> {
        let mut found = Vec::new();
        for (kind_place, kind) in ScopeKind::ALL.into_iter().enumerate() {
            let Some(of_scope) = self.by_kind[kind_place].get(payer.id(kind)) else { continue };
            for (period_place, period) in PeriodKind::ALL.into_iter().enumerate() {
                let Some(limit) = of_scope.iter().find(|l| l.period == period) else { continue };
                let scope = ScopeId { kind, id: payer.id(kind).to_owned() };
                found.push(Limited {
                    account: AccountId { scope, period: period.around(at) },
                    place: kind_place * PeriodKind::ALL.len() + period_place,
                    limit: limit.clone(),
                });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{LimitRules, Nanos};

    use super::*;

    #[test]
    fn a_limits_place_is_its_accounts() {
        let limit = |kind, id: &str, period| SpendLimit {
            scope: ScopeId { kind, id: id.into() },
            period,
            amount: Nanos(1),
            rules: LimitRules::default(),
            updated_at: Timestamp(0),
        };
        let name = |kind: ScopeKind| Arc::<str>::from(format!("{}-1", kind.as_str()));
        let payer = Payer {
            api_key: name(ScopeKind::ApiKey),
            user: name(ScopeKind::User),
            project: name(ScopeKind::Project),
            organization: name(ScopeKind::Organization),
        };
        let every = ScopeKind::ALL.into_iter().flat_map(|kind| {
            PeriodKind::ALL.into_iter().map(move |period| limit(kind, &name(kind), period))
        });
        let others = ScopeKind::ALL.map(|kind| limit(kind, "other", PeriodKind::Day));
        let at = Timestamp(1_700_000_000_000);
        let found = LimitSet::of(every.chain(others).collect()).over(&payer, at);
        let accounts: Vec<_> = payer.accounts(at).collect();
        assert_eq!(found.len(), accounts.len());
        for one in &found {
            assert_eq!(one.account, accounts[one.place]);
        }
    }
}
