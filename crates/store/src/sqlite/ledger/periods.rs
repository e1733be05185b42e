//! The periods that limits are in. `domain` says which; what has begun is kept as instants, and an
//! account of a limit's own calendar begins with what its scope has spent since its first second.

use std::collections::HashMap;

use domain::ledger::{AccountId, Payer, place};
use domain::{
    Nanos, Period, PeriodKind, ScopeId, ScopeKind, SpendLimit, StandingLimit, Timestamp, Zone,
    standing,
};
use rusqlite::{Connection, params};

use super::{entries, load, save};
use crate::columns::unreadable;
use crate::sql::{self, ledger as ledger_sql};
use crate::sqlite::failure::Failure;
use crate::sqlite::limits;
use crate::sqlite::query::{all, one, text};

/// Seconds: longer than any period lasts that a limit may be in after another's end.
const LONGEST: i64 = 50 * 86_400;
const DAY: i64 = 86_400;

/// The small value that names the organization's zone.
pub(crate) const TIME_ZONE: &str = "time_zone";

/// What accounts and leases call a period.
pub(super) fn name(period: &Period) -> &'static str {
    match (period.kind, period.is_own()) {
        (kind, false) => kind.as_str(),
        (PeriodKind::Day, true) => "day_own",
        (_, true) => "month_own",
    }
}

/// The period that accounts and leases call so.
pub(super) fn period(name: &str, start: i64, end: Option<i64>) -> Result<Period, Failure> {
    let kind = name.strip_suffix("_own").unwrap_or(name);
    let kind = PeriodKind::parse(kind).ok_or_else(|| unreadable("period"))?;
    Ok(Period { kind, start, end })
}

/// What has begun, as far as it says where the next may begin.
pub(crate) struct Begun {
    zone: Zone,
    of: HashMap<(ScopeId, PeriodKind), Vec<Period>>,
}

/// A limit's period at an instant.
pub(crate) enum Standing {
    /// The plain one, and after it the next plain one.
    Plain,
    Begun(Period),
    /// It has not begun: [`open`] it.
    New(Period),
}

impl Begun {
    pub(crate) fn read(db: &Connection, at: Timestamp) -> Result<Self, Failure> {
        let mut of: HashMap<_, Vec<_>> = HashMap::new();
        let since = at.seconds().saturating_sub(LONGEST);
        all(db, ledger_sql::PERIODS_SINCE, params![since], |row| {
            let kind = ScopeKind::parse(text(row, 0)?).ok_or_else(|| unreadable("scope"))?;
            let scope = ScopeId { kind, id: row.get(1)? };
            let period = period(text(row, 2)?, row.get(3)?, row.get(4)?)?;
            of.entry((scope, period.kind)).or_default().push(period);
            Ok(())
        })?;
        Ok(Self { zone: zone(db)?, of })
    }

    fn of(&self, limit: &SpendLimit) -> &[Period] {
        self.of.get(&(limit.scope.clone(), limit.period)).map_or(&[], Vec::as_slice)
    }

    /// The last that ended when this one began, or before.
    fn before(&self, limit: &SpendLimit, period: &Period) -> Option<Period> {
        let ended = self.of(limit).iter().filter(|one| one.end <= Some(period.start));
        ended.max_by_key(|one| one.start).copied()
    }

    pub(crate) fn standing(&self, limit: &SpendLimit, at: Timestamp) -> Standing {
        let begun = self.of(limit);
        let calendar = limit.calendar.or_zone(&self.zone);
        let period = standing(&calendar, limit.period, begun, at);
        if begun.contains(&period) {
            Standing::Begun(period)
        } else if period.end.is_none() || calendar.is_plain() && !period.is_own() {
            Standing::Plain
        } else {
            Standing::New(period)
        }
    }
}

/// A limit as calls meet it in a period.
fn standing_limit(begun: &Begun, limit: SpendLimit, period: Option<Period>) -> StandingLimit {
    let before = period.and_then(|period| begun.before(&limit, &period));
    StandingLimit { limit, period, before }
}

/// The organization's zone.
pub(crate) fn zone(db: &Connection) -> Result<Zone, Failure> {
    let name = one(db, sql::META, params![TIME_ZONE], |row| Ok(row.get::<_, Vec<u8>>(0)?))?;
    let zone = name.map(|name| {
        let name = String::from_utf8(name).map_err(|_| unreadable("time zone"))?;
        Zone::named(&name).ok_or_else(|| unreadable("time zone"))
    });
    Ok(zone.transpose()?.unwrap_or_else(Zone::utc))
}

/// All limits with their periods; `None` where one has to be opened first.
pub(super) fn known(db: &Connection, at: Timestamp) -> Result<Option<Vec<StandingLimit>>, Failure> {
    let begun = Begun::read(db, at)?;
    let limits = limits::spend_limits(db, None)?.into_iter();
    let known = |limit: SpendLimit| match begun.standing(&limit, at) {
        Standing::Plain => Some(standing_limit(&begun, limit, None)),
        Standing::Begun(period) => Some(standing_limit(&begun, limit, Some(period))),
        Standing::New(_) => None,
    };
    Ok(limits.map(known).collect())
}

/// All limits with their periods, in the writer's transaction.
pub(super) fn opened(db: &Connection, at: Timestamp) -> Result<Vec<StandingLimit>, Failure> {
    let begun = Begun::read(db, at)?;
    let mut found = Vec::new();
    for limit in limits::spend_limits(db, None)? {
        let period = match begun.standing(&limit, at) {
            Standing::Plain => None,
            Standing::Begun(period) => Some(period),
            Standing::New(period) => {
                open(db, &limit.scope, period, at)?;
                Some(period)
            }
        };
        found.push(standing_limit(&begun, limit, period));
    }
    Ok(found)
}

/// Keeps the edges of the period that a limit is in, before its calendar is changed.
pub(crate) fn keep(db: &Connection, limit: &SpendLimit, at: Timestamp) -> Result<(), Failure> {
    match Begun::read(db, at)?.standing(limit, at) {
        Standing::Begun(_) => Ok(()),
        Standing::New(period) => open(db, &limit.scope, period, at),
        Standing::Plain => open(db, &limit.scope, limit.period.around(at), at),
    }
}

/// Opens the period that a new limit is in.
pub(crate) fn begin(db: &Connection, limit: &SpendLimit, at: Timestamp) -> Result<(), Failure> {
    match Begun::read(db, at)?.standing(limit, at) {
        Standing::New(period) => open(db, &limit.scope, period, at),
        Standing::Plain | Standing::Begun(_) => Ok(()),
    }
}

fn open(db: &Connection, scope: &ScopeId, period: Period, at: Timestamp) -> Result<(), Failure> {
    let Some(end) = period.end else { return Ok(()) };
    let mut opened = None;
    if period.is_own() {
        let account = AccountId { scope: scope.clone(), period };
        let spent = carried(db, scope, &period)?;
        let mut row = load(db, &account)?;
        row.post(spent, Nanos(0), Nanos(0));
        save(db, &account, &row)?;
        opened = Some(entries::carry(db, &account, spent, at)?);
    }
    let (kind, id) = (scope.kind.as_str(), &scope.id);
    let row = params![kind, id, period.kind.as_str(), period.start, end, opened];
    db.prepare_cached(ledger_sql::OPEN_PERIOD)?.execute(row)?;
    Ok(())
}

/// What a scope has spent since a period's beginning: to the quarter of an hour on its first day,
/// and all of each later day of UTC, the one it ends in as well. Never too little.
fn carried(db: &Connection, scope: &ScopeId, period: &Period) -> Result<Nanos, Failure> {
    let midnight = (period.start + DAY - 1).div_euclid(DAY) * DAY;
    let first = params![period.start, midnight, scope.id];
    let first = one(db, ledger_sql::spent_between(scope.kind), first, |row| Ok(row.get(0)?))?;
    let end = period.end.unwrap_or(i64::MAX);
    let days = params![scope.kind.as_str(), scope.id, midnight, end];
    let days = one(db, ledger_sql::SPENT_ON_DAYS, days, |row| Ok(row.get(0)?))?;
    let sums: [i64; 2] = [first.unwrap_or(0), days.unwrap_or(0)];
    let calls = sums[0].max(0).saturating_add(sums[1].max(0));
    Ok(Nanos(calls.saturating_add(unaccounted(db, scope, period, midnight)?)))
}

/// What was posted to one account alone, because nobody knows what a lease had let through: the
/// most of any of the scope's other accounts that shares time with the period. It counts whole.
fn unaccounted(
    db: &Connection,
    scope: &ScopeId,
    new: &Period,
    midnight: i64,
) -> Result<i64, Failure> {
    let mut sums: HashMap<&'static str, i64> = HashMap::new();
    all(db, ledger_sql::alone(scope.kind), params![scope.id], |row| {
        let (cost, day, month): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (until, at): (Option<i64>, i64) = (row.get(3)?, row.get(4)?);
        let of = entries::alone(day, month, until);
        // Days after the first are summed up with all that is in them.
        if !of.is_own() && of.kind == PeriodKind::Day && of.start >= midnight {
            return Ok(());
        }
        let shares = match of.end {
            Some(end) => end > new.start && Some(of.start) < new.end,
            None => at.div_euclid(1_000) >= new.start,
        };
        if shares {
            let sum = sums.entry(name(&of)).or_default();
            *sum = sum.saturating_add(cost);
        }
        Ok(())
    })?;
    Ok(sums.into_values().max().unwrap_or(0).max(0))
}

/// The accounts of limits' own calendars that hold an instant, of these scopes in the order of
/// [`ScopeKind::ALL`], with their places among a call's.
pub(super) fn own(
    db: &Connection,
    scopes: [&str; 4],
    at: Timestamp,
) -> Result<Vec<(usize, AccountId)>, Failure> {
    let mut found = Vec::new();
    if one(db, ledger_sql::ANY_PERIOD, [], |_| Ok(()))?.is_none() {
        return Ok(found);
    }
    for (kind, id) in ScopeKind::ALL.into_iter().zip(scopes) {
        for dated in [PeriodKind::Day, PeriodKind::Month] {
            let latest = params![kind.as_str(), id, dated.as_str(), at.seconds()];
            let latest = one(db, ledger_sql::LATEST_PERIOD, latest, |row| {
                Ok(Period { kind: dated, start: row.get(0)?, end: row.get(1)? })
            })?;
            if let Some(period) = latest.filter(|period| period.is_own() && period.holds(at)) {
                let scope = ScopeId { kind, id: id.to_owned() };
                found.push((place(kind, &period), AccountId { scope, period }));
            }
        }
    }
    Ok(found)
}

/// Every account of a call that was admitted at `at`, with its place.
pub(crate) fn of_call(
    db: &Connection,
    payer: &Payer,
    at: Timestamp,
) -> Result<Vec<(usize, AccountId)>, Failure> {
    let mut accounts: Vec<_> = payer.accounts(at).enumerate().collect();
    accounts.extend(own(db, ScopeKind::ALL.map(|kind| payer.id(kind)), at)?);
    Ok(accounts)
}
