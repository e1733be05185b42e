//! What goes from a node to the store: settled attempts in numbered batches, and wishes for more.

use std::sync::Arc;

use super::{AccountId, Settlement};
use crate::{Nanos, PeriodKind, ScopeId, ScopeKind, Timestamp};

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

/// Which of a call's accounts its hold stands in, in the order of [`Payer::accounts`]. Where it
/// does not (no limit stood there when the call was admitted) the cost is posted and no share ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Covered(u16);

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
    pub const ALL: Self = Self(u16::MAX);

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

impl Posting {
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
    pub const ALL: [Self; 4] = [Self::Settled, Self::Orphan, Self::Forfeit, Self::Correction];

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

    /// The accounts of a call that was admitted at `at`: each scope in each period.
    pub fn accounts(&self, at: Timestamp) -> impl Iterator<Item = AccountId> + '_ {
        ScopeKind::ALL.into_iter().flat_map(move |kind| {
            PeriodKind::ALL.into_iter().map(move |period| AccountId {
                scope: ScopeId { kind, id: self.id(kind).to_owned() },
                period: period.around(at),
            })
        })
    }
}
