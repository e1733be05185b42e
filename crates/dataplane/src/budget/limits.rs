//! Which limits a call counts against.

use std::collections::HashMap;

use domain::ledger::{AccountId, Payer, place};
use domain::{PeriodKind, ScopeId, ScopeKind, SpendLimit, StandingLimit, Timestamp};

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
    by_kind: [HashMap<String, Vec<StandingLimit>>; ScopeKind::ALL.len()],
}

/// A limit's period is over, or has not begun: the limits must be read again.
#[derive(Debug)]
pub(super) struct Lapsed;

impl LimitSet {
    pub(super) fn of(all: Vec<StandingLimit>) -> Self {
        let mut set = Self::default();
        for one in all {
            let scope = &one.limit.scope;
            let place = ScopeKind::ALL.iter().position(|kind| *kind == scope.kind);
            if let Some(place) = place {
                let of_kind = &mut set.by_kind[place];
                of_kind.entry(scope.id.clone()).or_default().push(one);
            }
        }
        set
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_kind.iter().all(HashMap::is_empty)
    }

    /// The limits of a payer's scopes, each in its period, in one order: always the same, so
    /// that two calls cannot wait for each other (case 59).
    pub(super) fn over(&self, payer: &Payer, at: Timestamp) -> Result<Vec<Limited>, Lapsed> {
        let mut found = Vec::new();
        for (kind_place, kind) in ScopeKind::ALL.into_iter().enumerate() {
            let Some(of_scope) = self.by_kind[kind_place].get(payer.id(kind)) else { continue };
            for dated in PeriodKind::ALL {
                let Some(one) = of_scope.iter().find(|one| one.limit.period == dated) else {
                    continue;
                };
                let period = one.period_at(at).ok_or(Lapsed)?;
                let scope = ScopeId { kind, id: payer.id(kind).to_owned() };
                found.push(Limited {
                    account: AccountId { scope, period },
                    place: place(kind, &period),
                    limit: one.limit.clone(),
                });
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{Calendar, LimitRules, Nanos, Period};

    use super::*;

    #[test]
    fn a_limits_place_is_its_accounts() {
        let limit = |kind, id: &str, period| StandingLimit {
            limit: SpendLimit {
                scope: ScopeId { kind, id: id.into() },
                period,
                amount: Nanos(1),
                rules: LimitRules::default(),
                calendar: Calendar::default(),
                updated_at: Timestamp(0),
            },
            period: None,
            before: None,
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
        let found = LimitSet::of(every.chain(others).collect()).over(&payer, at).unwrap();
        let accounts: Vec<_> = payer.accounts(at).collect();
        assert_eq!(found.len(), accounts.len());
        for one in &found {
            assert_eq!(one.account, accounts[one.place]);
        }
    }

    #[test]
    fn case_64_a_limit_whose_own_period_is_over_is_read_again() {
        let payer = Payer {
            api_key: "k".into(),
            user: "u".into(),
            project: "p".into(),
            organization: "o".into(),
        };
        let limit = SpendLimit {
            scope: ScopeId { kind: ScopeKind::Project, id: "p".into() },
            period: PeriodKind::Day,
            amount: Nanos(1),
            rules: LimitRules::default(),
            calendar: Calendar::default(),
            updated_at: Timestamp(0),
        };
        // 23 hours of Zurich's day, 2026-03-29.
        let own = Period { kind: PeriodKind::Day, start: 1_774_738_800, end: Some(1_774_821_600) };
        let before = Period { start: own.start - 86_400, end: Some(own.start), ..own };
        let set =
            LimitSet::of(vec![StandingLimit { limit, period: Some(own), before: Some(before) }]);
        let last = Timestamp(1_774_821_599_999);
        let over = set.over(&payer, last).unwrap();
        assert_eq!(over[0].account.period, own);
        assert!(over[0].place >= payer.accounts(last).count(), "not the place of a plain one");
        assert!(set.over(&payer, Timestamp(last.0 + 1)).is_err());
        // A call that came just before its beginning, and took a while to be read.
        let over = set.over(&payer, Timestamp::from_seconds(own.start - 1)).unwrap();
        assert_eq!(over[0].account.period, before);
        assert!(set.over(&payer, Timestamp::from_seconds(before.start - 1)).is_err());
    }
}
