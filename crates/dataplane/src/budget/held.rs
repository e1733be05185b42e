//! Money that is set aside for one attempt.

use std::sync::Arc;

use domain::Nanos;
use domain::bound::Growth;
use domain::ledger::{Covered, Settlement};

use super::{Budgets, Over};

/// A hold. Dropped before its attempt was sent, it goes back; from then on only
/// [`Held::settle`] ends it.
#[must_use = "a hold must be settled"]
pub struct Held {
    budgets: Arc<Budgets>,
    over: Arc<Over>,
    amount: Nanos,
    /// Of it, what was held first.
    first: Nanos,
    settlement: Option<Settlement>,
    /// How far it may still grow, with its stream.
    growth: Option<Box<Growth>>,
}

impl Held {
    pub(super) fn new(budgets: &Arc<Budgets>, over: &Arc<Over>, amount: Nanos) -> Self {
        let (budgets, over) = (Arc::clone(budgets), Arc::clone(over));
        Self { budgets, over, amount, first: amount, settlement: None, growth: None }
    }

    /// It is the first part of a bound, and grows with the stream.
    pub(super) fn growing(mut self, growth: Growth) -> Self {
        self.growth = Some(Box::new(growth));
        self
    }

    pub(crate) fn growth(&mut self) -> Option<&mut Growth> {
        self.growth.as_deref_mut()
    }

    /// What may be asked for more of the same accounts.
    pub(crate) fn more(&self) -> More {
        More { budgets: Arc::clone(&self.budgets), over: Arc::clone(&self.over) }
    }

    /// Takes what was set aside beside it in the same accounts.
    pub(crate) fn join(&mut self, mut other: Self) {
        self.amount.0 += other.amount.0;
        other.settlement = Some(Settlement::default());
    }

    /// Nano-dollars.
    pub(crate) fn amount(&self) -> Nanos {
        self.amount
    }

    /// What was held when its attempt was sent.
    pub(crate) fn sent(&self) -> Nanos {
        self.first
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

/// Where a hold grows.
#[derive(Clone)]
pub(crate) struct More {
    budgets: Arc<Budgets>,
    over: Arc<Over>,
}

impl More {
    /// From this process's own share; the store may have to be asked.
    pub(crate) fn at_hand(&self, amount: Nanos) -> Option<Held> {
        self.budgets.extend_at_hand(&self.over, amount)
    }

    /// The same, after asking the store.
    pub(crate) async fn asked(self, amount: Nanos) -> Option<Held> {
        self.budgets.extend(&self.over, amount).await
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
