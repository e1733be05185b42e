//! What an operator puts right in the ledger. Nothing is rewritten: a correction is one more
//! entry, with its reason and its author.
//!
//! Costs go along with the ledger. What a call's entry was corrected by is also a line of its own
//! in the cost reports, on the day of the call; so over any period *posted = costs + forfeits +
//! corrections of one account alone*. Those last two are in no cost report: they say what counts
//! against a limit, not what a provider was paid.

use super::AccountId;
use crate::{Nanos, Timestamp};

/// One correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub at: Timestamp,
    pub remedy: Remedy,
    pub why: String,
    /// The admin key's id.
    pub author: String,
}

/// The installation's small value that counts the balances made: eight bytes, the lowest first.
pub const BALANCES_MADE: &str = "ledger_balances_made";

/// What is put right. Amounts are added to what is posted; none brings it below zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// An entry was too dear: at most all of it is taken back, once, in every account it counts
    /// in. `amount` is below zero.
    Entry { place: i64, amount: Nanos },
    /// One account alone counts too much, or too little.
    Account { account: AccountId, amount: Nanos },
    /// The sums of an account do not agree, by `difference`: what the account says less the sum.
    ///
    /// `after` is how many balances had been made when the sums were read: one that came between
    /// may have put the same difference right.
    Balance { account: AccountId, difference: Nanos, trust: Trust, after: u64 },
}

/// Which side of sums that do not agree is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// What the account says is posted: an entry of the difference is added.
    Posted,
    /// The entries: what is posted becomes their sum.
    Entries,
    /// The leases: what is leased becomes their sum.
    Leases,
}

/// Why a correction cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncorrectable {
    /// Nothing, or of the wrong sign, or more than the entry's cost.
    Amount,
    /// The entry was corrected before.
    Twice,
    /// The entry is a correction itself.
    Correction,
    /// It would bring what is posted, or leased, below zero.
    BelowZero,
}

impl Trust {
    pub const ALL: [Self; 3] = [Self::Posted, Self::Entries, Self::Leases];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Entries => "entries",
            Self::Leases => "leases",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trust| trust.as_str() == text)
    }
}

impl Uncorrectable {
    /// Half a sentence, for the caller.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amount => {
                "an entry is corrected by an amount below zero, at most all of its cost"
            }
            Self::Twice => "it was corrected already",
            Self::Correction => "it is a correction itself",
            Self::BelowZero => "that would bring the account below zero",
        }
    }
}
