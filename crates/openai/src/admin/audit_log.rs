//! A line of the audit log, in OpenAI's shape.

use domain::{AuditActor, AuditHash, AuditLine, AuditVerdict, Owner};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::audit_events::DENIED;
use super::{Listed, document_type};

/// A line. What OpenAI has no place for stands under `tollgate`: our own name of the event, its
/// details in full, where it came from, and the hash that chains it.
pub struct AuditLog<'a>(&'a AuditLine);

impl<'a> From<&'a AuditLine> for AuditLog<'a> {
    fn from(line: &'a AuditLine) -> Self {
        Self(line)
    }
}

impl Serialize for AuditLog<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = self.0;
        let kind = document_type(&line.event);
        // A payload is an object that we wrote; one that was damaged is shown as empty, and the
        // chain tells of it.
        let payload: Map<String, Value> = serde_json::from_str(&line.payload).unwrap_or_default();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("object", "organization.audit_log")?;
        map.serialize_entry("id", line.id.as_str())?;
        map.serialize_entry("type", kind)?;
        map.serialize_entry("effective_at", &line.at.seconds())?;
        if let Some((id, name)) = &line.project {
            let name = name.as_deref().unwrap_or_default();
            map.serialize_entry("project", &json!({ "id": id.as_str(), "name": name }))?;
        }
        map.serialize_entry("actor", &actor(line))?;
        if kind == line.event {
            map.serialize_entry(kind, &without_nulls(&payload))?;
        } else if line.event == DENIED {
            let (code, message) = (payload.get("error_code"), payload.get("error_message"));
            map.serialize_entry(kind, &json!({ "error_code": code, "error_message": message }))?;
        } else {
            map.serialize_entry(kind, &json!({ "id": payload.get("id").unwrap_or(&json!("")) }))?;
        }
        let ours = json!({
            "event": line.event,
            "details": payload,
            "request_id": line.request.as_ref().map(|id| id.as_str()),
            "ip_address": line.address,
            "hash": line.hash.as_ref().map(hex),
        });
        map.serialize_entry("tollgate", &ours)?;
        map.end()
    }
}

/// OpenAI leaves out what has no value, where a payload of ours says `null`.
fn without_nulls(payload: &Map<String, Value>) -> Map<String, Value> {
    let told = payload.iter().filter(|(_, value)| !value.is_null());
    let plain = told.map(|(name, value)| {
        let value = match value {
            Value::Object(inner) => Value::Object(without_nulls(inner)),
            other => other.clone(),
        };
        (name.clone(), value)
    });
    plain.collect()
}

/// `null` is the process itself: its first start, its environment, its config file.
fn actor(line: &AuditLine) -> Value {
    let Some(actor) = &line.actor else { return Value::Null };
    let Some(key) = &actor.key else { return session(line, actor) };
    let mut key = json!({ "id": key.as_str() });
    match &actor.owner {
        Some(Owner::User(id)) => {
            key["type"] = json!("user");
            key["user"] = json!({ "id": id.as_str() });
            if let Some(email) = &actor.email {
                key["user"]["email"] = json!(email);
            }
        }
        Some(Owner::ServiceAccount(id)) => {
            key["type"] = json!("service_account");
            key["service_account"] = json!({ "id": id.as_str() });
        }
        None => {}
    }
    json!({ "type": "api_key", "api_key": key })
}

/// A person who was signed in.
fn session(line: &AuditLine, actor: &AuditActor) -> Value {
    let mut session = json!({ "ip_address": line.address.as_deref().unwrap_or_default() });
    if let Some(Owner::User(id)) = &actor.owner {
        session["user"] = json!({ "id": id.as_str() });
    }
    if let Some(email) = &actor.email {
        session["user"]["email"] = json!(email);
    }
    json!({ "type": "session", "session": session })
}

impl Listed for AuditLog<'_> {
    fn id(&self) -> &str {
        self.0.id.as_str()
    }
}

/// What a look at the whole chain came to.
#[derive(Serialize)]
pub struct AuditVerification {
    object: &'static str,
    intact: bool,
    num_lines: u64,
    /// The newest line's hash. Keep it elsewhere, and name it at the next look.
    head: Option<String>,
    /// Whether the named head is in the chain; `null` where none was named.
    known_head_found: Option<bool>,
    broken_at: Option<String>,
    reason: Option<&'static str>,
}

impl From<&AuditVerdict> for AuditVerification {
    fn from(verdict: &AuditVerdict) -> Self {
        let lost = verdict.knows == Some(false);
        let reason = verdict.broken.as_ref().map(|(_, why)| *why);
        Self {
            object: "tollgate.audit_verification",
            intact: verdict.broken.is_none() && !lost,
            num_lines: verdict.lines,
            head: verdict.head.as_ref().map(hex),
            known_head_found: verdict.knows,
            broken_at: verdict.broken.as_ref().map(|(id, _)| id.to_string()),
            reason: reason.or(lost.then_some("the head that was named is not in the chain")),
        }
    }
}

fn hex(hash: &AuditHash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
