//! `GET /v1/organization/audit_logs`, and ours: `POST /tollgate/v1/audit/verify`.

use domain::fault::catalogue;
use domain::{AuditEvents, AuditHash, AuditPlace, AuditQuery, Fault, Timestamp};
use openai::admin::{AuditLog, AuditVerification, List, is_document_type, our_events};

use crate::call::AdminCall;
use crate::query::{Query, invalid};
use crate::reply::{Answer, json};

const DEFAULT_PAGE: i64 = 20;
const LARGEST_PAGE: i64 = 100;
/// The year 9999, so that milliseconds of it fit anywhere.
const LAST_SECOND: i64 = 253_402_300_799;
/// Types of OpenAI's that belong to a tenant, beside all that begin with `tenant.`.
const OF_TENANT: [&str; 2] = ["role.bound_to_resource", "role.unbound_from_resource"];

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let query = &call.query;
    let named = query.array("event_types")?;
    let asked = AuditQuery {
        from: bound(query, "effective_at[gt]", 1)?.max(bound(query, "effective_at[gte]", 0)?),
        until: earlier(bound(query, "effective_at[lt]", 0)?, bound(query, "effective_at[lte]", 1)?),
        events: events(&named)?,
        projects: query.array("project_ids")?,
        actors: query.array("actor_ids")?,
        emails: query.array("actor_emails")?,
        resources: query.array("resource_ids")?,
        place: AuditPlace { after: cursor(query, "after")?, before: cursor(query, "before")? },
        limit: u32::try_from(query.integer("limit", 1..=LARGEST_PAGE)?.unwrap_or(DEFAULT_PAGE))
            .map_err(|_| &catalogue::INVALID_VALUE)?,
    };
    if query.flag("tenant_only")? == Some(true) {
        if named.iter().any(|name| !of_tenant(name)) {
            let why = "with tenant_only, expected event types of a tenant only";
            return Err(invalid("event_types", why));
        }
        // There is no tenant above an installation, so nothing ever happens there.
        return json(&List::<AuditLog<'_>>::of(Vec::new(), false));
    }
    let page = call.control.list_audit(asked).await?;
    json(&List::of(page.rows.iter().map(AuditLog::from).collect(), page.has_more))
}

pub(super) async fn verify(call: &AdminCall<'_>) -> Answer {
    let mut fields = call.fields()?;
    let known = fields.name("head")?;
    fields.finish()?;
    let known = known.as_deref().map(hash).transpose()?;
    json(&AuditVerification::from(&call.control.verify_audit(known).await?))
}

/// The instant of a whole second, or of the one after it.
fn bound(query: &Query, name: &'static str, more: i64) -> Result<Option<Timestamp>, Fault> {
    let second = query.integer(name, 0..=LAST_SECOND)?;
    Ok(second.map(|second| Timestamp((second + more) * 1000)))
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

fn cursor(query: &Query, name: &'static str) -> Result<Option<String>, Fault> {
    Ok(query.one(name)?.filter(|id| !id.is_empty()).map(str::to_owned))
}

fn events(names: &[String]) -> Result<Option<AuditEvents>, Fault> {
    let mut events = AuditEvents::default();
    for name in names {
        let unknown = || invalid("event_types", "expected types of audit events");
        let (named, but) = our_events(name).ok_or_else(unknown)?;
        events.named.extend(named);
        events.but.extend(but);
    }
    Ok((!names.is_empty()).then_some(events))
}

fn of_tenant(name: &str) -> bool {
    is_document_type(name) && (name.starts_with("tenant.") || OF_TENANT.contains(&name))
}

/// 64 hexadecimal digits.
fn hash(text: &str) -> Result<AuditHash, Fault> {
    let wrong = || invalid("head", "expected the 64 digits of an earlier head");
    let mut hash = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        let pair = text.get(index * 2..index * 2 + 2).ok_or_else(wrong)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
    }
    Ok(hash)
}
