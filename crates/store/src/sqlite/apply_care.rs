//! Changes of the care of keys.

use domain::{CareChange, Delivery, Handover, KeyId, KeyRules, KeySecret, Leak, ProjectId};
use rusqlite::{Connection, params};

use super::apply::{live_project, refuse_archived, run, touch};
use super::apply_keys::{add_secret, live_key};
use super::apply_limits::put_delivery;
use super::care::ORGANIZATION;
use super::failure::Failure;
use crate::columns::list;
use crate::sql;
use crate::sql::care;

type Done = Result<(), Failure>;

/// Milliseconds that a mark of what was told is kept: longer than anything is told once in.
const TOLD_MS: i64 = 400 * 86_400_000;

pub(crate) fn apply(db: &Connection, change: &CareChange) -> Done {
    match change {
        CareChange::PutRules { project, rules } => put_rules(db, project.as_ref(), rules),
        CareChange::RecordLeak(leak) => record_leak(db, leak),
        CareChange::CreateHoneytoken(it) => {
            if let Some(project) = &it.project {
                live_project(db, project)?;
            }
            let project = it.project.as_ref().map(ProjectId::as_str);
            let (id, at) = (it.id.as_str(), it.created_at.0);
            let row = params![id, it.secret.0, it.display, it.name, project, at];
            run(db, care::CREATE_HONEYTOKEN, row)
        }
        CareChange::RemoveHoneytoken(id) => {
            touch(db, care::REMOVE_HONEYTOKEN, params![id.as_str()])
        }
        CareChange::TouchHoneytoken { id, at } => {
            run(db, care::TOUCH_HONEYTOKEN, params![at.0, id.as_str()])
        }
        CareChange::Suspend { id, why, at, note } => {
            run(db, care::SUSPEND_KEY, params![why.as_str(), at.0, note, id.as_str()])
        }
        CareChange::Resume { id, at, even_leaked } => {
            refuse_archived(live_key(db, id)?)?;
            if *even_leaked {
                run(db, care::UNEND_LEAKED, params![id.as_str()])?;
            }
            run(db, care::RESUME_KEY, params![at.0, id.as_str()])
        }
        CareChange::TellOnce { mark, at, deliveries } => {
            run(db, care::FORGET_TOLD, params![at.0.saturating_sub(TOLD_MS)])?;
            match db.prepare_cached(care::TELL_ONCE)?.execute(params![mark, at.0])? {
                0 => Ok(()),
                _ => send(db, deliveries),
            }
        }
        CareChange::BeginHandover { handover, secret } => begin_handover(db, handover, secret),
        CareChange::PutOffHandover { key, attempts, next_at, error } => {
            touch(db, care::PUT_OFF_HANDOVER, params![attempts, next_at.0, error, key.as_str()])
        }
        CareChange::EndHandover { key, old_end_at } => {
            touch(db, care::END_HANDOVER, params![key.as_str()])?;
            run(db, sql::END_OLD_SECRETS, params![old_end_at.0, key.as_str()])
        }
        CareChange::AddTraits(traits) => traits.iter().try_for_each(|it| {
            let row = params![it.key.as_str(), it.kind.as_str(), it.value, it.first_at.0];
            run(db, care::ADD_TRAIT, row)
        }),
    }
}

fn put_rules(db: &Connection, project: Option<&ProjectId>, rules: &KeyRules) -> Done {
    if let Some(project) = project {
        live_project(db, project)?;
    }
    let of = project.map_or(ORGANIZATION, ProjectId::as_str);
    run(db, care::REMOVE_KEY_RULES, params![of])?;
    let row = params![
        of,
        rules.leak_response.map(domain::LeakResponse::as_str),
        rules.max_age_days,
        rules.idle_days,
        rules.remind_days,
        rules.unusual_network.map(domain::UnusualResponse::as_str),
        rules.unusual_model.map(domain::UnusualResponse::as_str),
        rules.unusual_spend.map(domain::UnusualResponse::as_str),
        rules.unusual_requests.map(domain::UnusualResponse::as_str),
        list(rules.recipients.iter().cloned()),
        rules.webhook.as_ref().map(|webhook| &webhook.url),
        rules.webhook.as_ref().map(|webhook| &webhook.sealed_secret),
    ];
    run(db, &care::put_key_rules(), row)
}

/// Once for each secret, reporter and place: a report that comes again ends nothing that was let
/// work again since.
fn record_leak(db: &Connection, leak: &Leak) -> Done {
    let row = params![
        leak.id.as_str(),
        leak.at.0,
        leak.secret.0,
        leak.key.as_str(),
        leak.project.as_ref().map(ProjectId::as_str),
        leak.display,
        leak.reporter.as_str(),
        leak.source,
        leak.url,
        leak.action.as_str(),
    ];
    let new = db.prepare_cached(care::RECORD_LEAK)?.execute(row)? > 0;
    // Whoever may and asks for it ends it, however often.
    if leak.action.ends_secret() && (new || leak.action == domain::LeakAction::Revoked) {
        run(db, care::END_LEAKED, params![leak.at.0, leak.secret.0])?;
    }
    Ok(())
}

fn begin_handover(db: &Connection, handover: &Handover, secret: &KeySecret) -> Done {
    let key: &KeyId = &handover.key;
    refuse_archived(live_key(db, key)?)?;
    let row = params![
        key.as_str(),
        handover.sealed,
        handover.begun_at.0,
        handover.attempts,
        handover.next_at.0,
        handover.last_error,
    ];
    run(db, care::BEGIN_HANDOVER, row)?;
    add_secret(db, key, secret)
}

fn send(db: &Connection, deliveries: &[Delivery]) -> Done {
    deliveries.iter().try_for_each(|delivery| put_delivery(db, delivery))
}
