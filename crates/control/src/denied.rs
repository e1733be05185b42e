//! Attempts at administration that were denied (case 11): each is a line of the audit log. Only of
//! callers who are known, and no more than so many a minute: the log is kept for ever, and a denial
//! costs whoever asks for it nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::fault::catalogue;
use domain::{Actor, AuditEntry, AuditId, Entry, Fault, KeyId, ProjectId, RequestId, Timestamp};
use serde_json::json;

use crate::Control;

/// Lines of one key a minute, and of all keys together.
const OF_ONE: u32 = 10;
const OF_ALL: u32 = 60;
const MINUTE_MS: i64 = 60_000;
/// Bytes of a path, and of the id in it, that a line keeps.
const LONGEST_PATH: usize = 256;
const LONGEST_ID: usize = 64;

/// What somebody asks to do.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub request: &'a RequestId,
    pub address: IpAddr,
}

impl Control {
    /// Writes it down that a known caller was refused, where it was for what they may not do. The
    /// refusal itself does not depend on it.
    pub async fn note_denied(
        &self,
        key: &KeyId,
        project: Option<&ProjectId>,
        attempt: Attempt<'_>,
        fault: &Fault,
    ) {
        if !is_denial(fault.entry) {
            return;
        }
        let now = self.clock.now();
        let Some(left_out) = self.denials.admit(key, now) else { return };
        let path = attempt.path.get(..LONGEST_PATH).unwrap_or(attempt.path);
        let mut payload = json!({
            "error_code": fault.entry.code,
            "error_message": fault.message,
            "method": attempt.method,
            "path": path,
        });
        if left_out > 0 {
            payload["left_out_before"] = left_out.into();
        }
        let line = AuditEntry {
            id: AuditId::mint(vault::random()),
            at: now,
            event: "access.denied",
            actor: Actor::AdminKey(key.clone()),
            project: project.filter(|id| id.as_str().len() <= LONGEST_ID).cloned(),
            payload: payload.to_string(),
            resource: None,
            request: Some(attempt.request.clone()),
            address: Some(attempt.address.to_string()),
        };
        // A store that is away refuses changes too; what was denied is denied either way.
        drop(self.records.apply(Vec::new(), vec![line]).await);
    }
}

fn is_denial(entry: &'static Entry) -> bool {
    let denials = [
        &catalogue::PERMISSION_DENIED,
        &catalogue::PRIVILEGE_ESCALATION,
        &catalogue::ROLE_REQUIRED,
        &catalogue::ADDRESS_NOT_ALLOWED,
    ];
    denials.iter().any(|denial| denial.code == entry.code)
}

/// The lines of this minute.
#[derive(Default)]
pub(crate) struct Denials(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    number: i64,
    all: u32,
    /// Never more keys than lines.
    of: HashMap<KeyId, u32>,
    /// Since the last line that was written.
    left_out: u64,
}

impl Denials {
    /// Whether there is room for one more line; and how many had none since the last.
    fn admit(&self, key: &KeyId, now: Timestamp) -> Option<u64> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.0.div_euclid(MINUTE_MS);
        if minute.number != number {
            *minute = Minute { number, left_out: minute.left_out, ..Minute::default() };
        }
        let own = minute.of.get(key).copied().unwrap_or(0);
        if own >= OF_ONE || minute.all >= OF_ALL {
            minute.left_out += 1;
            return None;
        }
        minute.all += 1;
        minute.of.insert(key.clone(), own + 1);
        Some(std::mem::take(&mut minute.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_11_no_key_and_not_all_of_them_fill_the_log() {
        let denials = Denials::default();
        let admitted = |key: &str, minute: i64| -> Vec<u64> {
            let admit = |n| denials.admit(&key.into(), Timestamp(minute * MINUTE_MS + n));
            (0..1000).filter_map(admit).collect()
        };
        assert_eq!(admitted("a", 0), [0; 10]);
        // What had no room is told by the next line, whosever it is.
        assert_eq!(admitted("b", 0)[..2], [990, 0]);
        let others: usize = (0..1000).map(|n| admitted(&format!("c{n}"), 0).len()).sum();
        assert_eq!(others, 60 - 20);
        assert!(denials.0.lock().unwrap().of.len() <= 60);
        assert_eq!(admitted("a", 1).len(), 10);
    }
}
