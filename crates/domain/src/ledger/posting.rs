//! What goes from a node to the store: settled attempts in numbered batches, and wishes for more.

use std::sync::Arc;

use super::{AccountId, Settlement};
use crate::zone::QUARTER;
use crate::{Nanos, Period, PeriodKind, ScopeId, ScopeKind, Timestamp};

/// Whose lease it is: a node by its name, or the jobs that outlive every node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holder(pub String);

/// The scopes of a call, one of each kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Payer {
    pub api_key: Arc<str>,
    /// The user or service account that owns the key.
    pub user: Arc<str>,
    pub project: Arc<str>,
    pub organization: Arc<str>,
}

/// Which of a call's accounts its hold stands in, by their places ([`place`]). Where it
/// does not (no limit stood there when the call was admitted) the cost is posted and no share ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Covered(u32);

/// Why an amount is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// As the provider's usage says, or in full where nobody said.
    Settled,
    /// Its process died between sending and settling: in full.
    Orphan,
    /// A lease that nobody could account for.
    Forfeit,
    /// An operator put something right.
    Correction,
    /// What was spent before an account of a limit's own calendar was opened.
    Carried,
}

/// One attempt to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    pub payer: Payer,
    /// When the call was admitted: decides the periods, whenever it ends (case 63).
    pub admitted: Timestamp,
    pub hold: Nanos,
    pub covered: Covered,
    pub cost: Nanos,
    pub reason: Reason,
    pub request: String,
}

/// Settlements that are posted together or not at all.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whose numbers these are.
    pub holder: Holder,
    /// Whose shares cover the postings.
    pub lessee: Holder,
    /// One more than the holder's last; a batch that is not newer is passed over.
    pub number: u64,
    pub at: Timestamp,
    pub postings: Vec<Posting>,
}

/// A wish for a share of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub account: AccountId,
    /// Nano-dollars needed now.
    pub least: Nanos,
    /// The holder's open holds in the account.
    pub open: Nanos,
}

impl Covered {
    /// A hold in every account.
    pub const ALL: Self = Self(u32::MAX);

    #[must_use]
    pub fn with(self, place: usize) -> Self {
        Self(self.0 | 1 << place)
    }

    #[must_use]
    pub fn has(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }

    /// What a settlement is in the account of this place: a cost alone where no hold stood.
    #[must_use]
    pub fn divides(self, place: usize, settlement: Settlement) -> Settlement {
        match self.has(place) {
            true => settlement,
            false => Settlement { cost: settlement.cost, ..Settlement::default() },
        }
    }
}

/// The place of an account among a call's: first those that every scope has, in the order of
/// [`Payer::accounts`], then those of the limits' own calendars.
#[must_use]
pub fn place(kind: ScopeKind, period: &Period) -> usize {
    let scope = ScopeKind::ALL.iter().position(|one| *one == kind).unwrap_or(0);
    let dated = PeriodKind::ALL.iter().position(|one| *one == period.kind).unwrap_or(0);
    let plain = PeriodKind::ALL.len();
    match period.is_own() {
        false => scope * plain + dated,
        // A total has no calendar.
        true => ScopeKind::ALL.len() * plain + scope * (plain - 1) + dated,
    }
}

impl Posting {
    /// The quarter of an hour in which the call was admitted, in Unix seconds: no period of any
    /// calendar begins within one.
    #[must_use]
    pub fn quarter(&self) -> i64 {
        self.admitted.seconds().div_euclid(QUARTER) * QUARTER
    }

    /// The part of the cost that the hold had not covered (case 33).
    #[must_use]
    pub fn over(&self) -> Nanos {
        match self.covered {
            Covered(0) => Nanos(0),
            _ => Settlement::of(self.hold, self.cost).over,
        }
    }
}

impl Reason {
    pub const ALL: [Self; 5] =
        [Self::Settled, Self::Orphan, Self::Forfeit, Self::Correction, Self::Carried];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Orphan => "orphan",
            Self::Forfeit => "forfeit",
            Self::Correction => "correction",
            Self::Carried => "carried",
        }
    }
}

impl Payer {
    #[must_use]
    pub fn id(&self, kind: ScopeKind) -> &str {
        match kind {
            ScopeKind::ApiKey => &self.api_key,
            ScopeKind::User => &self.user,
            ScopeKind::Project => &self.project,
            ScopeKind::Organization => &self.organization,
        }
    }

    /// The accounts that a call has which was admitted at `at`: each scope in each plain period.
    /// Limits' own calendars add theirs, which the store knows.
    pub fn accounts(&self, at: Timestamp) -> impl Iterator<Item = AccountId> + '_ {
        ScopeKind::ALL.into_iter().flat_map(move |kind| {
            PeriodKind::ALL.into_iter().map(move |period| AccountId {
                scope: ScopeId { kind, id: self.id(kind).to_owned() },
                period: period.around(at),
            })
        })
    }
}
