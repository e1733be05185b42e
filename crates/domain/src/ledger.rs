//! The ledger: money is set aside before a call is sent, and posted or given back when it ends.
//!
//! A pure state machine in three parts, the same in the running process and in the simulation:
//!
//! - [`Row`]: an account as the store keeps it. `posted + leased ≤ limit` after every grant.
//! - [`Book`]: a node's own view. `held + settled ≤ granted` for every limited account, where
//!   `granted` is the node's share of the row's `leased`.
//! - [`Attempt`]: one attempt's life: held, sent, settled or void; each step once.
//!
//! Together they give the promise: what providers can bill for attempts that were admitted is at
//! most `held + settled + posted`, and so at most the limit, whatever stops working in between.
//! Time, storage and messages are the callers' affair.

mod attempt;
mod book;
mod correction;
#[cfg(test)]
mod model;
mod posting;
mod report;
mod row;
#[cfg(test)]
mod simulation;

pub use attempt::{Attempt, Breach, Phase, Recovered};
pub use book::{Book, Missing, Seat, Settlement};
pub use correction::{BALANCES_MADE, Correction, Remedy, Trust, Uncorrectable};
pub use posting::{Ask, Batch, Covered, Holder, Payer, Posting, Reason, place};
pub use report::{
    AccountFilter, AccountQuery, AccountState, Entry, EntryKind, EntryPage, EntryQuery, Imbalance,
    Note, Posted, Sum, Verdict,
};
pub use row::{Declined, Row};

use crate::{Period, ScopeId};

/// What an account is of: a scope in one period. Every scope has one in every day and month of UTC
/// and one for all time, limited or not, so that a limit set in the middle of a month counts what
/// was spent before. A limit with a calendar of its own has accounts of its own beside them, which
/// begin with what was spent in their period before they were opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId {
    pub scope: ScopeId,
    pub period: Period,
}
