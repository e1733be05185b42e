//! An account as the store keeps it. Each method is one conditional update of one row.

use super::Uncorrectable;
use crate::Nanos;

/// A row of the store. Amounts are nano-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// `None`: unlimited.
    pub limit: Option<Nanos>,
    /// What was spent, as far as it has been imported.
    pub posted: Nanos,
    /// The nodes' shares, and the holds of jobs.
    pub leased: Nanos,
    /// The part of `posted` that no hold had covered (case 33).
    pub overage: Nanos,
}

/// Why the store said no: what stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declined {
    pub limit: Nanos,
    pub posted: Nanos,
    pub leased: Nanos,
}

impl Row {
    /// What could still be leased.
    #[must_use]
    pub fn remainder(&self) -> Nanos {
        let Some(limit) = self.limit else { return Nanos(i64::MAX) };
        Nanos(limit.0.saturating_sub(self.posted.0).saturating_sub(self.leased.0).max(0))
    }

    /// How much a node should ask for that needs `least` now and has `open` in open holds: four
    /// times both, but at most 1 % of the limit and 5 % of the remainder, so that nobody sits on
    /// the end of a budget; at least the need.
    #[must_use]
    pub fn wish(&self, least: Nanos, open: Nanos) -> Nanos {
        let ample = open.0.saturating_add(least.0).saturating_mul(4);
        let limit = self.limit.unwrap_or(Nanos(i64::MAX));
        let fair = (limit.0 / 100).min(self.remainder().0 / 20);
        Nanos(ample.min(fair).max(least.0))
    }

    /// Leases at least `least` and at most `wish` to a node; all or nothing below `least`.
    ///
    /// # Errors
    /// [`Declined`] when `least` does not fit under the limit; the row is unchanged.
    pub fn grant(&mut self, least: Nanos, wish: Nanos) -> Result<Nanos, Declined> {
        let fits = self.remainder();
        if let Some(limit) = self.limit
            && fits < least
        {
            return Err(Declined { limit, posted: self.posted, leased: self.leased });
        }
        let granted = wish.max(least).min(fits);
        self.leased.0 = self.leased.0.saturating_add(granted.0);
        Ok(granted)
    }

    /// Takes over what a node had already let through when a limit was set on the account. It may
    /// pass the new limit, by what was admitted before it (case 51).
    pub fn adopt(&mut self, open: Nanos) {
        self.leased.0 = self.leased.0.saturating_add(open.0);
    }

    /// Posts what an attempt cost and ends the share that covered it; the share is 0 where the
    /// account had no limit.
    pub fn post(&mut self, cost: Nanos, share: Nanos, over: Nanos) {
        self.posted.0 = self.posted.0.saturating_add(cost.0);
        self.overage.0 = self.overage.0.saturating_add(over.0);
        self.give_back(share);
    }

    /// A node returns a share that it did not use.
    pub fn give_back(&mut self, share: Nanos) {
        self.leased.0 = (self.leased.0 - share.0).max(0);
    }

    /// A node is gone and nobody knows what it let through: its whole share counts as spent.
    pub fn forfeit(&mut self, share: Nanos) {
        self.post(share, share, Nanos(0));
    }

    /// An operator's word: adds `amount`, and `over` to the part that no hold had covered; both may
    /// be below zero. That part is never more than what is left.
    ///
    /// # Errors
    /// [`Uncorrectable::BelowZero`]; the row is unchanged.
    pub fn correct(&mut self, amount: Nanos, over: Nanos) -> Result<(), Uncorrectable> {
        let posted = self.posted.0.saturating_add(amount.0);
        if posted < 0 {
            return Err(Uncorrectable::BelowZero);
        }
        let overage = self.overage.0.saturating_add(over.0).clamp(0, posted);
        (self.posted, self.overage) = (Nanos(posted), Nanos(overage));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(limit: i64) -> Row {
        Row { limit: Some(Nanos(limit)), ..Row::default() }
    }

    #[test]
    fn a_grant_never_passes_the_limit() {
        let mut row = row(100);
        assert_eq!(row.grant(Nanos(10), Nanos(70)), Ok(Nanos(70)));
        assert_eq!(row.grant(Nanos(10), Nanos(70)), Ok(Nanos(30)), "what is left");
        let no = row.grant(Nanos(1), Nanos(1)).unwrap_err();
        assert_eq!(no, Declined { limit: Nanos(100), posted: Nanos(0), leased: Nanos(100) });
        row.post(Nanos(40), Nanos(70), Nanos(0));
        assert_eq!(row.remainder(), Nanos(30));
    }

    #[test]
    fn case_55_a_limit_of_nothing_lets_nothing_pass() {
        assert!(row(0).grant(Nanos(1), Nanos(1)).is_err());
    }

    #[test]
    fn case_51_a_lowered_limit_stands_until_it_is_free_again() {
        let mut row = row(100);
        row.grant(Nanos(50), Nanos(50)).unwrap();
        row.limit = Some(Nanos(20));
        assert!(row.grant(Nanos(1), Nanos(1)).is_err());
        row.post(Nanos(10), Nanos(50), Nanos(0));
        assert_eq!(row.grant(Nanos(10), Nanos(50)), Ok(Nanos(10)));
    }

    #[test]
    fn case_33_overage_closes_the_account_while_it_stands_past_its_limit() {
        let mut row = row(100);
        row.grant(Nanos(90), Nanos(90)).unwrap();
        row.post(Nanos(130), Nanos(90), Nanos(40));
        assert_eq!((row.posted, row.overage, row.leased), (Nanos(130), Nanos(40), Nanos(0)));
        assert!(row.grant(Nanos(1), Nanos(1)).is_err());
        row.limit = Some(Nanos(200));
        assert!(row.grant(Nanos(1), Nanos(1)).is_ok());
    }

    #[test]
    fn a_wish_leaves_the_end_of_a_budget_to_all() {
        let wish = |left: i64, least: i64| {
            let row = Row { limit: Some(Nanos(1_000_000)), ..Row::default() };
            Row { posted: Nanos(1_000_000 - left), ..row }.wish(Nanos(least), Nanos(0)).0
        };
        assert_eq!(wish(1_000_000, 10), 40, "four times the open holds");
        assert_eq!(wish(1_000_000, 9_000), 10_000, "1 % of the limit");
        assert_eq!(wish(1_000_000, 20_000), 20_000, "the need");
        assert_eq!(wish(400, 10), 20, "5 % of the remainder");
        assert_eq!(wish(100, 10), 10, "5 % of the remainder, or the need");
    }
    #[test]
    fn a_correction_stops_at_zero_and_keeps_overage_within_what_is_posted() {
        let mut row = Row { posted: Nanos(130), overage: Nanos(30), ..row(100) };
        assert_eq!(row.correct(Nanos(-131), Nanos(0)), Err(Uncorrectable::BelowZero));
        assert_eq!((row.posted, row.overage), (Nanos(130), Nanos(30)));
        row.correct(Nanos(-110), Nanos(0)).unwrap();
        assert_eq!((row.posted, row.overage), (Nanos(20), Nanos(20)));
        row.correct(Nanos(5), Nanos(-25)).unwrap();
        assert_eq!((row.posted, row.overage), (Nanos(25), Nanos(0)));
    }
}
