//! One attempt's life. The slot file keeps exactly this, so that a killed process can be told
//! what each of its attempts had come to.

use crate::Nanos;

/// Where an attempt stands. The words are stored; a later state replaces an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Money is set aside; nothing has been sent.
    Held,
    /// The request may have reached the provider: from here on only an answer frees the hold.
    Sent,
    /// The cost is known.
    Settled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub hold: Nanos,
    pub phase: Phase,
    /// What is posted; meaningful once settled.
    pub cost: Nanos,
}

/// A step that an attempt cannot take (cases 44, 45). Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A hold below zero, or a cost below zero.
    Negative,
    /// A hold that would be no amount of money.
    TooMuch,
    AlreadySettled,
    /// A void after the request went out, without the provider's word that it is not billed.
    AlreadySent,
}

/// What a start makes of an attempt that it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// Nothing was sent: the hold is given back.
    Void,
    /// Sent and not settled. Nobody will ever tell what it cost: it is posted in full, since
    /// giving it back would let the limit be passed.
    Orphan(Nanos),
    /// To be imported as it stands.
    Settled(Nanos),
}

impl Attempt {
    /// # Errors
    /// [`Breach::Negative`].
    pub fn hold(amount: Nanos) -> Result<Self, Breach> {
        if amount.0 < 0 {
            return Err(Breach::Negative);
        }
        Ok(Self { hold: amount, phase: Phase::Held, cost: Nanos(0) })
    }

    /// More is set aside, in every account of the hold. What it covers may be let through once this
    /// is written where a kill leaves it: a start posts the hold that it finds.
    ///
    /// # Errors
    /// [`Breach::AlreadySettled`], [`Breach::Negative`], [`Breach::TooMuch`].
    pub fn extend(&mut self, more: Nanos) -> Result<(), Breach> {
        if self.phase == Phase::Settled {
            return Err(Breach::AlreadySettled);
        }
        if more.0 < 0 {
            return Err(Breach::Negative);
        }
        self.hold = Nanos(self.hold.0.checked_add(more.0).ok_or(Breach::TooMuch)?);
        Ok(())
    }

    /// The request is about to be given to the connection.
    ///
    /// # Errors
    /// [`Breach::AlreadySettled`].
    pub fn send(&mut self) -> Result<(), Breach> {
        if self.phase == Phase::Settled {
            return Err(Breach::AlreadySettled);
        }
        self.phase = Phase::Sent;
        Ok(())
    }

    /// What it cost, as the provider says or, where nobody says, the hold.
    ///
    /// # Errors
    /// [`Breach::AlreadySettled`] the second time, [`Breach::Negative`].
    pub fn settle(&mut self, cost: Nanos) -> Result<(), Breach> {
        if self.phase == Phase::Settled {
            return Err(Breach::AlreadySettled);
        }
        if cost.0 < 0 {
            return Err(Breach::Negative);
        }
        (self.phase, self.cost) = (Phase::Settled, cost);
        Ok(())
    }

    /// Ends an attempt that was never sent.
    ///
    /// # Errors
    /// [`Breach::AlreadySent`], [`Breach::AlreadySettled`].
    pub fn void(&mut self) -> Result<(), Breach> {
        match self.phase {
            Phase::Held => self.settle(Nanos(0)),
            Phase::Sent => Err(Breach::AlreadySent),
            Phase::Settled => Err(Breach::AlreadySettled),
        }
    }

    #[must_use]
    pub fn recovered(&self) -> Recovered {
        match self.phase {
            Phase::Held => Recovered::Void,
            Phase::Sent => Recovered::Orphan(self.hold),
            Phase::Settled => Recovered::Settled(self.cost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_44_a_second_settlement_changes_nothing() {
        let mut attempt = Attempt::hold(Nanos(10)).unwrap();
        attempt.send().unwrap();
        attempt.settle(Nanos(4)).unwrap();
        let before = attempt;
        assert_eq!(attempt.settle(Nanos(9)), Err(Breach::AlreadySettled));
        assert_eq!(attempt.send(), Err(Breach::AlreadySettled));
        assert_eq!(attempt, before);
    }

    #[test]
    fn case_45_no_void_after_a_post_and_none_after_the_request_went_out() {
        let mut attempt = Attempt::hold(Nanos(10)).unwrap();
        attempt.send().unwrap();
        assert_eq!(attempt.void(), Err(Breach::AlreadySent));
        attempt.settle(Nanos(0)).unwrap();
        assert_eq!(attempt.void(), Err(Breach::AlreadySettled));
        assert_eq!(Attempt::hold(Nanos(-1)), Err(Breach::Negative));
    }

    #[test]
    fn a_hold_grows_until_its_attempt_is_settled() {
        let mut attempt = Attempt::hold(Nanos(10)).unwrap();
        attempt.send().unwrap();
        attempt.extend(Nanos(5)).unwrap();
        assert_eq!(attempt.recovered(), Recovered::Orphan(Nanos(15)));
        assert_eq!(attempt.extend(Nanos(-1)), Err(Breach::Negative));
        assert_eq!(attempt.extend(Nanos(i64::MAX)), Err(Breach::TooMuch));
        attempt.settle(Nanos(12)).unwrap();
        let before = attempt;
        assert_eq!(attempt.extend(Nanos(1)), Err(Breach::AlreadySettled));
        assert_eq!(attempt, before);
    }

    #[test]
    fn case_46_what_a_kill_leaves_is_void_orphan_or_settled() {
        let mut attempt = Attempt::hold(Nanos(10)).unwrap();
        assert_eq!(attempt.recovered(), Recovered::Void);
        attempt.send().unwrap();
        assert_eq!(attempt.recovered(), Recovered::Orphan(Nanos(10)));
        assert_eq!(attempt.settle(Nanos(-3)), Err(Breach::Negative));
        attempt.settle(Nanos(3)).unwrap();
        assert_eq!(attempt.recovered(), Recovered::Settled(Nanos(3)));
    }
}
