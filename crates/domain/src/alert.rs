//! Spend alerts: who is told when a scope's spending reaches an amount. They refuse nothing.

use crate::{AlertId, Nanos, Period, PeriodKind, ScopeId, Timestamp};

/// Tells people and programs, once in each period, that a scope has spent so much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendAlert {
    pub id: AlertId,
    pub scope: ScopeId,
    pub period: PeriodKind,
    /// Nano-dollars; 0 tells of the first spending.
    pub threshold: Nanos,
    /// E-mail addresses.
    pub recipients: Vec<String>,
    /// What the subject of an e-mail begins with.
    pub subject_prefix: Option<String>,
    pub webhook: Option<Webhook>,
    pub created_at: Timestamp,
    /// The beginning, in Unix seconds, of the latest period that the alert fired in.
    pub fired_start: Option<i64>,
}

/// Where a signed message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub url: String,
    /// The signing secret, sealed for the alert's id.
    pub sealed_secret: Vec<u8>,
}

/// What a scope has spent in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    pub period: Period,
    /// What calls were posted for, within what was held for them.
    pub posted: Nanos,
    /// Set aside for calls in flight.
    pub held: Nanos,
    /// What providers reported above the holds; not part of `posted`.
    pub overage: Nanos,
    /// How much of the overage an operator has taken note of.
    pub acknowledged: Nanos,
    /// Whether the scope's limit refused the last call that asked, and has not changed since.
    pub refusing: bool,
}

impl Balance {
    /// A period in which nothing has happened.
    #[must_use]
    pub fn empty(period: Period) -> Self {
        let none = Nanos(0);
        Self {
            period,
            posted: none,
            held: none,
            overage: none,
            acknowledged: none,
            refusing: false,
        }
    }

    /// All that providers can bill so far.
    #[must_use]
    pub fn spent(&self) -> Nanos {
        Nanos(self.posted.0.saturating_add(self.overage.0))
    }

    /// Whether there is overage that nobody has taken note of (case 33).
    #[must_use]
    pub fn is_flagged(&self) -> bool {
        self.overage > self.acknowledged
    }

    /// What a limit leaves, never below 0.
    #[must_use]
    pub fn left(&self, limit: Nanos) -> Nanos {
        let taken = self.spent().0.saturating_add(self.held.0);
        Nanos(limit.0.saturating_sub(taken).max(0))
    }

    /// Whether a limit of this amount refuses calls now.
    #[must_use]
    pub fn is_at(&self, limit: Nanos) -> bool {
        self.refusing || self.left(limit).0 == 0
    }
}

/// The alerts of a scope that have to fire, each with the balance that it has reached: spending at
/// or above its threshold, in a period later than the last one it fired in.
#[must_use]
pub fn due<'a>(
    alerts: &'a [SpendAlert],
    balances: &'a [Balance],
) -> Vec<(&'a SpendAlert, &'a Balance)> {
    let reached = |alert: &SpendAlert| {
        let balance =
            balances.iter().find(|b| b.period.kind == alert.period && !b.period.is_own())?;
        let spent = balance.spent();
        let fresh = alert.fired_start.is_none_or(|fired| fired < balance.period.start);
        (fresh && spent.0 > 0 && spent >= alert.threshold).then_some(balance)
    };
    alerts.iter().filter_map(|alert| Some((alert, reached(alert)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ScopeKind;

    const MAY: i64 = 1_777_593_600;

    fn alert(threshold: i64, fired_start: Option<i64>) -> SpendAlert {
        SpendAlert {
            id: "alert_1".into(),
            scope: ScopeId { kind: ScopeKind::Organization, id: "org-1".into() },
            period: PeriodKind::Month,
            threshold: Nanos(threshold),
            recipients: vec![],
            subject_prefix: None,
            webhook: None,
            created_at: Timestamp(0),
            fired_start,
        }
    }

    fn spent(posted: i64, overage: i64) -> Balance {
        let period = PeriodKind::Month.around(Timestamp::from_seconds(MAY + 5));
        let empty = Balance::empty(period);
        Balance { posted: Nanos(posted), held: Nanos(7), overage: Nanos(overage), ..empty }
    }

    fn fires(threshold: i64, fired_start: Option<i64>, balance: Balance) -> bool {
        !due(&[alert(threshold, fired_start)], &[balance]).is_empty()
    }

    #[test]
    fn an_alert_fires_at_its_threshold_and_counts_what_was_spent() {
        assert!(!fires(100, None, spent(99, 0)));
        assert!(fires(100, None, spent(100, 0)));
        assert!(fires(100, None, spent(90, 10)));
        assert!(fires(100, None, spent(i64::MAX, i64::MAX)));
    }

    #[test]
    fn a_threshold_of_nothing_waits_for_the_first_spending() {
        assert!(!fires(0, None, spent(0, 0)));
        assert!(fires(0, None, spent(1, 0)));
    }

    #[test]
    fn an_alert_fires_once_a_period_and_again_in_the_next() {
        assert!(!fires(1, Some(MAY), spent(5, 0)));
        assert!(fires(1, Some(MAY - 1), spent(5, 0)));
        // A clock that went back does not fire an old period again.
        assert!(!fires(1, Some(MAY + 86_400 * 31), spent(5, 0)));
    }

    #[test]
    fn only_the_balance_of_its_own_kind_of_period_counts() {
        let day = Balance {
            period: PeriodKind::Day.around(Timestamp::from_seconds(MAY)),
            ..spent(500, 0)
        };
        assert!(!fires(100, None, day));
    }

    #[test]
    fn a_limit_leaves_what_is_neither_spent_nor_held() {
        assert_eq!(spent(10, 3).left(Nanos(25)), Nanos(5));
        assert_eq!(spent(10, 30).left(Nanos(25)), Nanos(0));
        assert!(spent(10, 8).is_at(Nanos(25)) && !spent(10, 7).is_at(Nanos(25)));
        assert!(Balance { refusing: true, ..spent(1, 0) }.is_at(Nanos(1000)));
    }
}
