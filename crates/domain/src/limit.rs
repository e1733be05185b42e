//! Spend limits: how much a scope may spend in a period, and what happens near the end of it.

use crate::calendar::{civil, days_of};
use crate::{Calendar, Nanos, ProjectId, Timestamp};

/// Whose money a limit counts. A call counts against one scope of each kind: its key, the user or
/// service account that owns the key, its project, the organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeKind {
    ApiKey,
    User,
    Project,
    Organization,
}

impl ScopeKind {
    pub const ALL: [Self; 4] = [Self::ApiKey, Self::User, Self::Project, Self::Organization];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::User => "user",
            Self::Project => "project",
            Self::Organization => "organization",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A part of all limits, from the organization's down to those of keys; of a project, those that
/// stand over its calls.
#[derive(Clone, Debug)]
pub struct LadderQuery {
    pub project: Option<ProjectId>,
    /// The last limit of the part before.
    pub after: Option<(ScopeId, PeriodKind)>,
    pub limit: u32,
}

/// One scope: a kind and an id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId {
    pub kind: ScopeKind,
    pub id: String,
}

/// What a limit counts over. A period is a row of its own, never a reset: a call belongs to the
/// period in which it was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PeriodKind {
    Day,
    Month,
    /// From the beginning, for ever.
    Total,
}

impl PeriodKind {
    pub const ALL: [Self; 3] = [Self::Day, Self::Month, Self::Total];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Total => "total",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The period that holds `at`: its first and, but for `Total`, its end, in Unix seconds (UTC).
    #[must_use]
    pub fn around(self, at: Timestamp) -> Period {
        let day = at.seconds().div_euclid(DAY);
        let (start, end) = match self {
            Self::Day => (day * DAY, Some((day + 1) * DAY)),
            Self::Month => {
                let (year, month, _) = civil(day);
                let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                let first = |year, month| days_of(year, month, 1) * DAY;
                (first(year, month), Some(first(next_year, next)))
            }
            Self::Total => (0, None),
        };
        Period { kind: self, start, end }
    }
}

/// A stretch of time that a limit counts over: `[start, end)` in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    pub kind: PeriodKind,
    pub start: i64,
    pub end: Option<i64>,
}

impl Period {
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        let second = at.seconds();
        self.start <= second && self.end.is_none_or(|end| second < end)
    }

    /// Whether it is one of a limit's own calendar: not a whole day or month of UTC, which every
    /// scope has an account for.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.kind.around(Timestamp::from_seconds(self.start)) != *self
    }
}

/// What a limit does besides refusing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRules {
    /// Cut a call's maximum output to what is left, rather than refuse it.
    pub clamp_output: bool,
    /// Let through what cannot be bounded in money. Such a call may pass the limit.
    pub allow_unbounded: bool,
    /// The maximum output, in tokens, of a call that names none; else the model's own.
    pub default_max_output: Option<u64>,
    /// Begin streams with a part of their bound held, where the provider stops its meter when it is
    /// cancelled (A6).
    pub elastic: bool,
}

impl Default for LimitRules {
    fn default() -> Self {
        Self {
            clamp_output: true,
            allow_unbounded: false,
            default_max_output: None,
            elastic: false,
        }
    }
}

/// A hard limit on a scope's spending in each period of a kind. At most one for a scope and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendLimit {
    pub scope: ScopeId,
    pub period: PeriodKind,
    /// Nano-dollars; 0 lets nothing pass.
    pub amount: Nanos,
    pub rules: LimitRules,
    pub calendar: Calendar,
    pub updated_at: Timestamp,
}

/// A limit, and the period that it is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingLimit {
    pub limit: SpendLimit,
    /// `None`: the plain one of UTC.
    pub period: Option<Period>,
    /// The one before it, for calls that were admitted just before its end.
    pub before: Option<Period>,
}

impl StandingLimit {
    /// The period of a call that was admitted at `at`; `None` where another has begun since.
    #[must_use]
    pub fn period_at(&self, at: Timestamp) -> Option<Period> {
        match self.period {
            None => Some(self.limit.period.around(at)),
            known => [known, self.before].into_iter().flatten().find(|period| period.holds(at)),
        }
    }
}

const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn month(seconds: i64) -> (i64, i64) {
        let period = PeriodKind::Month.around(Timestamp::from_seconds(seconds));
        (period.start, period.end.unwrap())
    }

    #[test]
    fn months_begin_and_end_at_midnight_utc() {
        // date -u -d 2024-02-01 +%s and so on.
        assert_eq!(month(1_709_164_800), (1_706_745_600, 1_709_251_200)); // 2024-02-29
        assert_eq!(month(1_709_251_199), (1_706_745_600, 1_709_251_200));
        assert_eq!(month(1_709_251_200).0, 1_709_251_200);
        assert_eq!(month(1_735_689_599), (1_733_011_200, 1_735_689_600)); // December
        assert_eq!(month(0), (0, 2_678_400));
    }

    #[test]
    fn every_month_ends_where_the_next_begins() {
        let (mut start, mut end) = month(0);
        for _ in 0..12 * 200 {
            let (next, next_end) = month(end);
            assert_eq!(next, end);
            assert!((28..=31).contains(&((end - start) / DAY)));
            (start, end) = (next, next_end);
        }
        // 2170-01-01
        assert_eq!(start, 6_311_433_600);
    }

    #[test]
    fn days_and_the_total() {
        let day = PeriodKind::Day.around(Timestamp::from_seconds(86_399));
        assert_eq!((day.start, day.end), (0, Some(86_400)));
        assert_eq!(PeriodKind::Total.around(Timestamp::from_seconds(5)).end, None);
    }
}
