//! Limits that will be hit before their period ends, if it goes on as it began.

use super::{Finding, FindingKind};
use crate::calendar::minute;
use crate::{Nanos, Period, ScopeId, Timestamp};

/// A limit, and what was spent under it in the period that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUse {
    pub scope: ScopeId,
    pub period: Period,
    pub limit: Nanos,
    pub spent: Nanos,
}

/// Before so much of a period has passed, its begin says nothing of its end: a twentieth.
const EARLY: i64 = 20;

/// The line through the period's begin and now, drawn on to the limit. `None` where the period has no
/// end, has hardly begun, or ends first.
#[must_use]
pub fn will_be_hit(one: &LimitUse, now: Timestamp) -> Option<Finding> {
    let (start, end) = (one.period.start, one.period.end?);
    let (now, length) = (now.seconds(), end - start);
    let passed = now - start;
    if passed < (length / EARLY).max(1) || one.spent.0 <= 0 || one.spent >= one.limit {
        return None;
    }
    let whole = i128::from(passed) * i128::from(one.limit.0) / i128::from(one.spent.0);
    let hit = i64::try_from(i128::from(start) + whole).ok().filter(|hit| *hit < end)?;
    let scope = format!("{} {}", one.scope.kind.as_str(), one.scope.id);
    let what = format!(
        "the {} limit of {scope} will be hit on {} UTC, if spending goes on as since the period's \
         begin",
        one.period.kind.as_str(),
        minute(hit)
    );
    let arithmetic = format!(
        "a straight line: {} of {} US dollars in {passed} s since {} UTC; {passed} s × {} ÷ {} = \
         {whole} s after the begin; the period ends at {} UTC",
        one.spent,
        one.limit,
        minute(start),
        one.limit,
        one.spent,
        minute(end)
    );
    let at = Some(Timestamp::from_seconds(hit));
    let (cost, otherwise) = (Some(one.spent), Some(one.limit));
    let finding = Finding::new(FindingKind::LimitWillBeHit, what, arithmetic);
    Some(Finding { cost, otherwise, at, ..finding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PeriodKind, ScopeKind};

    fn one(spent: i64) -> LimitUse {
        LimitUse {
            scope: ScopeId { kind: ScopeKind::Project, id: "proj_1".into() },
            // Thirty days.
            period: Period { kind: PeriodKind::Month, start: 0, end: Some(2_592_000) },
            limit: Nanos(100_000_000_000),
            spent: Nanos(spent),
        }
    }

    #[test]
    fn a_hand_worked_line_to_a_limit() {
        // Half of a hundred dollars after ten days of thirty: all of it after twenty.
        let tenth = Timestamp::from_seconds(864_000);
        let found = will_be_hit(&one(50_000_000_000), tenth).unwrap();
        assert_eq!(found.at, Some(Timestamp::from_seconds(1_728_000)));
        assert!(found.what.contains("1970-01-21 00:00"), "{}", found.what);
        let told = "50 of 100 US dollars in 864000 s since 1970-01-01 00:00 UTC; 864000 s × 100 ÷ 50 \
                    = 1728000 s";
        assert!(found.arithmetic.contains(told), "{}", found.arithmetic);
        // A third after a third of the time comes out at the end, and is not told; a dollar more is.
        assert_eq!(will_be_hit(&one(33_333_333_333), tenth), None);
        assert!(will_be_hit(&one(34_333_333_333), tenth).is_some());
        // It was hit, nothing was spent, or the month has hardly begun.
        assert_eq!(will_be_hit(&one(100_000_000_000), tenth), None);
        assert_eq!(will_be_hit(&one(0), tenth), None);
        assert_eq!(will_be_hit(&one(50_000_000_000), Timestamp::from_seconds(129_599)), None);
        assert!(will_be_hit(&one(50_000_000_000), Timestamp::from_seconds(129_600)).is_some());
        let total = Period { end: None, ..one(1).period };
        assert_eq!(will_be_hit(&LimitUse { period: total, ..one(1) }, tenth), None);
    }
}
