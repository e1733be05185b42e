//! The ledger as operators look at it: its accounts, its entries, and where its sums do not agree.

use super::{AccountId, Holder, Payer, Reason, Row};
use crate::{Nanos, Period, PeriodKind, ScopeId, ScopeKind, Timestamp};

/// An account as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    pub id: AccountId,
    pub row: Row,
    /// Who holds which part of `row.leased`.
    pub holds: Vec<(Holder, Nanos)>,
    /// How many attempts were posted in full because their process died, and for how much.
    pub orphans: u64,
    pub orphaned: Nanos,
    /// Leases that nobody could account for.
    pub forfeited: Nanos,
    /// What operators put right; below zero where they took something back.
    pub corrected: Nanos,
}

/// Which accounts are asked for. Absent: all.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    pub scope: Option<ScopeId>,
    pub period: Option<PeriodKind>,
    /// Only those whose period holds this instant.
    pub at: Option<Timestamp>,
}

/// A page of accounts, in the order of their ids.
#[derive(Clone, Debug)]
pub struct AccountQuery {
    pub filter: AccountFilter,
    pub after: Option<AccountId>,
    pub limit: u32,
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts up; later lines have larger ones.
    pub place: i64,
    pub at: Timestamp,
    pub reason: Reason,
    /// Ordinary settlements of one payer share a line.
    pub attempts: u64,
    pub cost: Nanos,
    /// The part of `cost` that no hold had covered.
    pub overage: Nanos,
    pub of: Posted,
    pub request: Option<String>,
    pub correction: Option<Note>,
    /// The entry that corrects this one.
    pub corrected_by: Option<i64>,
}

/// Which accounts an entry counts in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// All of a call: each scope, in order of [`ScopeKind::ALL`], in each plain period that holds the
    /// day, and in those of limits' own calendars that hold the quarter of an hour; both in Unix
    /// seconds.
    Call { scopes: [String; 4], day: i64, quarter: i64 },
    /// One alone.
    Account(AccountId),
}

/// What stands beside a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The place of the entry that it corrects.
    pub corrects: Option<i64>,
    pub why: String,
    /// The admin key's id; `system` for the process itself.
    pub author: String,
}

/// Which entries are asked for, by what is out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    Reason(Reason),
    /// The provider reported more than was held (case 33).
    Overage,
}

/// A page of entries, newest first.
#[derive(Clone, Debug, Default)]
pub struct EntryQuery {
    pub scope: Option<ScopeId>,
    /// Only what counts in the scope's account of this period.
    pub period: Option<Period>,
    pub kind: Option<EntryKind>,
    /// Only those of places before this one.
    pub before: Option<i64>,
    pub limit: u32,
}

#[derive(Clone, Debug)]
pub struct EntryPage {
    pub rows: Vec<Entry>,
    /// What the next page asks for as `before`; `None` at the end.
    pub next: Option<i64>,
}

/// Which sum does not agree with its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sum {
    /// Σ entries ≠ posted.
    Entries,
    /// Σ leases ≠ leased.
    Leases,
}

/// An account whose sums do not agree. Nothing that the ledger does makes one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Imbalance {
    pub account: AccountId,
    pub sum: Sum,
    /// What stands in the account.
    pub kept: Nanos,
    /// What the entries or the leases come to.
    pub summed: Nanos,
}

/// What a look at all sums found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Later looks have larger ones, so that an earlier one that ends late is passed over.
    pub number: u64,
    pub breaches: Vec<Imbalance>,
}

/// Of the year 9999.
const LAST_SECOND: i64 = 253_402_300_799;

impl AccountId {
    /// As operators name it: `project:proj_1:month:1698796800`, the last its first second. One of a
    /// limit's own calendar has its end as well: `…:1698793200-1701385200`.
    #[must_use]
    pub fn name(&self) -> String {
        let (kind, period) = (self.scope.kind.as_str(), self.period.kind.as_str());
        let name = format!("{kind}:{}:{period}:{}", self.scope.id, self.period.start);
        match self.period.end.filter(|_| self.period.is_own()) {
            Some(end) => format!("{name}-{end}"),
            None => name,
        }
    }

    /// The account that [`AccountId::name`] names.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (scope, rest) = name.split_once(':')?;
        let (rest, start) = rest.rsplit_once(':')?;
        let (id, period) = rest.rsplit_once(':')?;
        let second = |text: &str| {
            text.parse::<i64>().ok().filter(|second| (0..=LAST_SECOND).contains(second))
        };
        let (start, end) = start.split_once('-').map_or((start, None), |(s, e)| (s, Some(e)));
        let start = second(start)?;
        let kind = PeriodKind::parse(period)?;
        let period = match end {
            None => kind.around(Timestamp::from_seconds(start)),
            Some(_) if kind == PeriodKind::Total => return None,
            Some(end) => Period { kind, start, end: Some(second(end).filter(|end| *end > start)?) },
        };
        let scope = ScopeId { kind: ScopeKind::parse(scope)?, id: id.to_owned() };
        let account = Self { scope, period };
        // One spelling each, and no period that begins in another's middle.
        (period.start == start && account.name() == name).then_some(account)
    }
}

/// What the ids of entries begin with; the rest is their place.
const ENTRY: &str = "entry_";

impl Entry {
    /// The id of the entry at a place.
    #[must_use]
    pub fn name_of(place: i64) -> String {
        format!("{ENTRY}{place}")
    }

    /// The place of the entry that an id names.
    #[must_use]
    pub fn place_of(name: &str) -> Option<i64> {
        let place = name.strip_prefix(ENTRY)?.parse().ok()?;
        (place > 0 && Self::name_of(place) == name).then_some(place)
    }
}

impl Posted {
    /// Every account that the entry counts in, but for those of limits' own calendars.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountId> {
        match self {
            Self::Account(account) => vec![account.clone()],
            Self::Call { scopes: [api_key, user, project, organization], day, .. } => {
                let payer = Payer {
                    api_key: api_key.as_str().into(),
                    user: user.as_str().into(),
                    project: project.as_str().into(),
                    organization: organization.as_str().into(),
                };
                payer.accounts(Timestamp::from_seconds(*day)).collect()
            }
        }
    }
}

impl EntryKind {
    pub const ALL: [Self; 6] = [
        Self::Reason(Reason::Settled),
        Self::Reason(Reason::Orphan),
        Self::Reason(Reason::Forfeit),
        Self::Reason(Reason::Correction),
        Self::Reason(Reason::Carried),
        Self::Overage,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reason(reason) => reason.as_str(),
            Self::Overage => "overage",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Sum {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Leases => "leases",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entrys_place_has_one_name() {
        assert_eq!(Entry::place_of(&Entry::name_of(17)), Some(17));
        for name in ["", "17", "entry_", "entry_0", "entry_-1", "entry_+1", "entry_01"] {
            assert_eq!(Entry::place_of(name), None, "{name}");
        }
    }

    #[test]
    fn an_account_comes_back_from_its_name() {
        for period in PeriodKind::ALL {
            for id in ["proj_1", "user:of:a:directory"] {
                let scope = ScopeId { kind: ScopeKind::User, id: id.into() };
                let period = period.around(Timestamp::from_seconds(1_700_000_000));
                let account = AccountId { scope, period };
                assert_eq!(AccountId::parse(&account.name()), Some(account));
            }
        }
        let own =
            Period { kind: PeriodKind::Month, start: 1_698_793_200, end: Some(1_701_385_200) };
        let scope = ScopeId { kind: ScopeKind::Project, id: "p".into() };
        let account = AccountId { scope, period: own };
        assert_eq!(account.name(), "project:p:month:1698793200-1701385200");
        assert_eq!(AccountId::parse(&account.name()), Some(account));
        for name in [
            "",
            "project",
            "project:p:month",
            "project:p:month:1698796801",
            "project:p:month:+1698796800",
            "project:p:week:1698796800",
            "team:p:month:1698796800",
            "project:p:total:1",
            "project:p:total:0-5",
            "project:p:month:1698796800-1701388800",
            "project:p:month:1698793200-1698793200",
            "project:p:month:1698793200-",
            "project:p:day:-86400",
            "project:p:day:9223372036854774784",
        ] {
            assert_eq!(AccountId::parse(name), None, "{name}");
        }
    }
}
