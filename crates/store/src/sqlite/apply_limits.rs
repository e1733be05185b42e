//! Changes of limits, alerts and the outbox.

use domain::{Change, Delivery, Message, PeriodKind, SpendAlert, SpendLimit, Timestamp, Zone};
use rusqlite::{Connection, params};

use super::apply::{conflict, run, touch};
use super::failure::Failure;
use super::ledger::periods;
use super::limits;
use crate::columns::list;
use crate::sql;

type Done = Result<(), Failure>;

const WEBHOOK: &str = "webhook";
pub(crate) const EMAIL: &str = "email";

pub(crate) fn apply(db: &Connection, change: &Change) -> Done {
    match change {
        Change::PutSpendLimit(limit) => put_limit(db, limit),
        Change::SetTimeZone { zone, at } => set_zone(db, zone, *at),
        Change::RemoveSpendLimit { scope, period } => {
            let key = params![scope.kind.as_str(), scope.id, period.as_str()];
            touch(db, sql::REMOVE_SPEND_LIMIT, key)
        }
        Change::AcknowledgeOverage(scope) => {
            run(db, sql::ACKNOWLEDGE_OVERAGE, params![scope.kind.as_str(), scope.id])
        }
        Change::PutSpendAlert(alert) => put_alert(db, alert),
        Change::RemoveSpendAlert(id) => touch(db, sql::REMOVE_SPEND_ALERT, params![id.as_str()]),
        Change::FireAlert { id, period_start, deliveries } => {
            let mark = params![period_start, id.as_str()];
            match db.prepare_cached(sql::FIRE_SPEND_ALERT)?.execute(mark)? {
                0 => Ok(()),
                _ => deliveries.iter().try_for_each(|delivery| put_delivery(db, delivery)),
            }
        }
        Change::RetryDelivery { id, attempts, next_at } => {
            touch(db, sql::RETRY_DELIVERY, params![attempts, next_at.0, id.as_str()])
        }
        Change::EndDelivery(id) => touch(db, sql::END_DELIVERY, params![id.as_str()]),
        other => conflict(&format!("no change of a limit: {other:?}")),
    }
}

fn put_limit(db: &Connection, limit: &SpendLimit) -> Done {
    let row = params![
        limit.scope.kind.as_str(),
        limit.scope.id,
        limit.period.as_str(),
        limit.amount.0,
        limit.rules.clamp_output,
        limit.rules.allow_unbounded,
        limit.rules.default_max_output.map(u64::cast_signed),
        limit.updated_at.0,
        limit.calendar.zone.as_ref().map(Zone::name),
        limit.calendar.anchor_day,
        limit.rules.elastic,
    ];
    let before = limits::spend_limits(db, Some(&limit.scope))?;
    let before = before.into_iter().find(|before| before.period == limit.period);
    // The period that runs is not touched by another calendar.
    if let Some(before) = before.as_ref().filter(|before| before.calendar != limit.calendar) {
        periods::keep(db, before, limit.updated_at)?;
    }
    run(db, sql::PUT_SPEND_LIMIT, row)?;
    match before {
        Some(_) => Ok(()),
        None => periods::begin(db, limit, limit.updated_at),
    }
}

/// The organization has another zone. Limits that name none of their own follow it once the period
/// that they are in has ended.
fn set_zone(db: &Connection, zone: &Zone, at: Timestamp) -> Done {
    if periods::zone(db)? == *zone {
        return Ok(());
    }
    for limit in limits::spend_limits(db, None)? {
        if limit.calendar.zone.is_none() && limit.period != PeriodKind::Total {
            periods::keep(db, &limit, at)?;
        }
    }
    run(db, sql::PUT_META, params![periods::TIME_ZONE, zone.name().as_bytes()])
}

fn put_alert(db: &Connection, alert: &SpendAlert) -> Done {
    let row = params![
        alert.id.as_str(),
        alert.scope.kind.as_str(),
        alert.scope.id,
        alert.period.as_str(),
        alert.threshold.0,
        list(alert.recipients.iter().cloned()),
        alert.subject_prefix,
        alert.webhook.as_ref().map(|webhook| &webhook.url),
        alert.webhook.as_ref().map(|webhook| &webhook.sealed_secret),
        alert.created_at.0,
        alert.fired_start,
    ];
    run(db, sql::PUT_SPEND_ALERT, row)
}

pub(crate) fn put_delivery(db: &Connection, delivery: &Delivery) -> Done {
    let (channel, target, subject, body, secret) = match &delivery.message {
        Message::Webhook { url, sealed_secret, body } => {
            (WEBHOOK, url, "", body, Some(sealed_secret))
        }
        Message::Email { to, subject, text, sealed_link } => {
            (EMAIL, to, subject.as_str(), text, sealed_link.as_ref())
        }
    };
    let id = delivery.id.as_str();
    let row = params![id, channel, target, subject, body, secret, delivery.created_at.0];
    run(db, sql::PUT_DELIVERY, row)
}
