//! What a batch comes to in each account.

use std::collections::BTreeMap;

use domain::ledger::{AccountId, Batch, Settlement};
use rusqlite::Connection;

use super::periods;
use crate::sqlite::failure::Failure;

/// Summed up by payer, quarter of an hour and what the hold stood in first: calls that share them are of the same
/// accounts, which are then named once and not for each of the calls.
pub(super) fn of(
    db: &Connection,
    batch: &Batch,
) -> Result<BTreeMap<AccountId, Settlement>, Failure> {
    let mut groups = BTreeMap::new();
    for posting in &batch.postings {
        let (_, group) = groups
            .entry((&posting.payer, posting.quarter(), posting.covered))
            .or_insert((posting.admitted, Settlement::default()));
        group.add(&Settlement::of(posting.hold, posting.cost));
    }
    let mut sums: BTreeMap<AccountId, Settlement> = BTreeMap::new();
    for ((payer, _, covered), (admitted, group)) in groups {
        for (place, id) in periods::of_call(db, payer, admitted)? {
            sums.entry(id).or_default().add(&covered.divides(place, group));
        }
    }
    Ok(sums)
}
