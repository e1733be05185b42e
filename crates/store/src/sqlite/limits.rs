//! Reads of limits, alerts and the outbox.

use domain::{
    AlertId, Calendar, Delivery, LadderQuery, LimitRules, Message, Nanos, PeriodKind, ScopeId,
    ScopeKind, SpendAlert, SpendLimit, Timestamp, Waiting, Webhook, Zone,
};
use rusqlite::{Connection, Row, params};

use super::apply_limits::EMAIL;
use super::failure::Failure;
use super::query::{all, id, one, optional_text, text, time};
use crate::columns::{parse_list, unreadable};
use crate::sql;

pub(crate) fn spend_limits(
    db: &Connection,
    scope: Option<&ScopeId>,
) -> Result<Vec<SpendLimit>, Failure> {
    match scope {
        Some(scope) => {
            all(db, sql::SPEND_LIMITS_OF, params![scope.kind.as_str(), scope.id], read_limit)
        }
        None => all(db, sql::SPEND_LIMITS, [], read_limit),
    }
}

pub(crate) fn ladder(db: &Connection, query: &LadderQuery) -> Result<Vec<SpendLimit>, Failure> {
    let mut found = Vec::new();
    for kind in ScopeKind::ALL.into_iter().rev() {
        let last = query.after.as_ref();
        let left = i64::from(query.limit) - i64::try_from(found.len()).unwrap_or(i64::MAX);
        // What is above the last part's end was in it or in one before.
        if left <= 0 || last.is_some_and(|(scope, _)| kind > scope.kind) {
            continue;
        }
        let of_kind = last.filter(|(scope, _)| scope.kind == kind);
        let (id, period) = of_kind.map_or(("", ""), |(scope, it)| (&*scope.id, it.as_str()));
        let name = kind.as_str();
        found.extend(match (&query.project, kind) {
            (Some(_), ScopeKind::User) => Vec::new(),
            (Some(project), ScopeKind::Project) => {
                let from = params![name, project.as_str(), period, left];
                let mut own = all(db, sql::LADDER, from, read_limit)?;
                own.retain(|limit| limit.scope.id == project.as_str());
                own
            }
            (Some(project), ScopeKind::ApiKey) => {
                let from = params![name, id, period, project.as_str(), left];
                all(db, sql::LADDER_OF_KEYS, from, read_limit)?
            }
            _ => all(db, sql::LADDER, params![name, id, period, left], read_limit)?,
        });
    }
    Ok(found)
}

pub(crate) fn spend_alert(db: &Connection, id: &AlertId) -> Result<Option<SpendAlert>, Failure> {
    one(db, sql::SPEND_ALERT, params![id.as_str()], read_alert)
}

pub(crate) fn waiting(
    db: &Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Waiting>, Failure> {
    all(db, sql::WAITING_DELIVERIES, params![now.0, limit], read_waiting)
}

fn read_scope(row: &Row<'_>, column: usize) -> Result<ScopeId, Failure> {
    let kind = ScopeKind::parse(text(row, column)?).ok_or_else(|| unreadable("scope"))?;
    Ok(ScopeId { kind, id: row.get(column + 1)? })
}

fn read_period(row: &Row<'_>, column: usize) -> Result<PeriodKind, Failure> {
    Ok(PeriodKind::parse(text(row, column)?).ok_or_else(|| unreadable("period"))?)
}

fn read_limit(row: &Row<'_>) -> Result<SpendLimit, Failure> {
    let tokens: Option<i64> = row.get(6)?;
    Ok(SpendLimit {
        scope: read_scope(row, 0)?,
        period: read_period(row, 2)?,
        amount: Nanos(row.get(3)?),
        rules: LimitRules {
            clamp_output: row.get(4)?,
            allow_unbounded: row.get(5)?,
            default_max_output: tokens.map(i64::cast_unsigned),
            elastic: row.get(10)?,
        },
        calendar: read_calendar(row, 8)?,
        updated_at: time(row, 7)?,
    })
}

fn read_calendar(row: &Row<'_>, column: usize) -> Result<Calendar, Failure> {
    let zone = optional_text(row, column)?;
    let zone = zone.map(|name| Zone::named(name).ok_or_else(|| unreadable("time zone")));
    Ok(Calendar { zone: zone.transpose()?, anchor_day: row.get(column + 1)? })
}

pub(crate) fn read_alert(row: &Row<'_>) -> Result<SpendAlert, Failure> {
    let url: Option<String> = row.get(7)?;
    let sealed_secret: Option<Vec<u8>> = row.get(8)?;
    Ok(SpendAlert {
        id: id(row, 0)?,
        scope: read_scope(row, 1)?,
        period: read_period(row, 3)?,
        threshold: Nanos(row.get(4)?),
        recipients: parse_list(text(row, 5)?)?,
        subject_prefix: row.get(6)?,
        webhook: url.zip(sealed_secret).map(|(url, sealed_secret)| Webhook { url, sealed_secret }),
        created_at: time(row, 9)?,
        fired_start: row.get(10)?,
    })
}

fn read_waiting(row: &Row<'_>) -> Result<Waiting, Failure> {
    let (target, body) = (row.get(2)?, row.get(4)?);
    let message = match text(row, 1)? {
        EMAIL => {
            let (subject, sealed_link) = (row.get(3)?, row.get(5)?);
            Message::Email { to: target, subject, text: body, sealed_link }
        }
        _ => Message::Webhook { url: target, sealed_secret: row.get(5)?, body },
    };
    let delivery = Delivery { id: id(row, 0)?, message, created_at: time(row, 6)? };
    Ok(Waiting { delivery, attempts: row.get(7)? })
}
