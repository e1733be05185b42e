//! Money that is set aside for one attempt.

use std::sync::Arc;

use domain::Nanos;
use domain::ledger::{Covered, Settlement};

use super::{Budgets, Over};

/// A hold. Dropped before its attempt was sent, it goes back; from then on only
/// [`Held::settle`] ends it.
#[must_use = "a hold must be settled"]
pub struct Held {
    budgets: Arc<Budgets>,
    over: Arc<Over>,
    amount: Nanos,
    settlement: Option<Settlement>,
}

impl Held {
    pub(super) fn new(budgets: &Arc<Budgets>, over: &Arc<Over>, amount: Nanos) -> Self {
        let (budgets, over) = (Arc::clone(budgets), Arc::clone(over));
        Self { budgets, over, amount, settlement: None }
    }

    /// Nano-dollars.
    pub(crate) fn amount(&self) -> Nanos {
        self.amount
    }

    /// The accounts that it stands in.
    pub(crate) fn covered(&self) -> Covered {
        self.over.covered
    }

    /// Ends the hold with what the attempt cost. The rest may be held by others at once; the cost
    /// stays covered until [`Held::posted`].
    pub(crate) fn settle(&mut self, cost: Nanos) {
        if self.settlement.is_none() {
            self.settlement = Some(self.budgets.settle(&self.over.seats, self.amount, cost));
        }
    }

    /// The hold is a job's from now on, in the store as well.
    pub(crate) fn moved_away(mut self) {
        self.budgets.moved_away(&self.over.seats, self.amount);
        self.settlement = Some(Settlement::default());
    }

    /// The store has posted the cost.
    pub(crate) fn posted(self) {
        if let Some(settlement) = &self.settlement {
            self.budgets.imported(&self.over.seats, settlement);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.settlement.is_none() {
            let void = self.budgets.settle(&self.over.seats, self.amount, Nanos(0));
            self.budgets.imported(&self.over.seats, &void);
        }
    }
}
