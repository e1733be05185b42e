//! What a batch comes to in each account.

use std::collections::BTreeMap;

use domain::PeriodKind;
use domain::ledger::{AccountId, Batch, Settlement};

/// Summed up by payer, day and what the hold stood in first: calls that share them are of the same
/// accounts, which are then named once and not for each of the calls.
pub(super) fn of(batch: &Batch) -> BTreeMap<AccountId, Settlement> {
    let mut groups = BTreeMap::new();
    for posting in &batch.postings {
        let day = PeriodKind::Day.around(posting.admitted).start;
        let (_, group) = groups
            .entry((&posting.payer, day, posting.covered))
            .or_insert((posting.admitted, Settlement::default()));
        group.add(&Settlement::of(posting.hold, posting.cost));
    }
    let mut sums: BTreeMap<AccountId, Settlement> = BTreeMap::new();
    for ((payer, _, covered), (admitted, group)) in groups {
        for (place, id) in payer.accounts(admitted).enumerate() {
            sums.entry(id).or_default().add(&covered.divides(place, group));
        }
    }
    sums
}
