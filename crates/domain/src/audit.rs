//! The audit log as it is read: lines, the questions to it, and what holds its chain together.

use crate::{AuditId, KeyId, Owner, ProjectId, RequestId, Timestamp};

/// A SHA-256 over a line and the hash of the line before it.
pub type AuditHash = [u8; 32];

/// A stored line, with what its ids stand for today.
#[derive(Clone, Debug)]
pub struct AuditLine {
    pub id: AuditId,
    pub at: Timestamp,
    /// The event as it was written; a name that this version does not know is possible.
    pub event: String,
    /// Who acted; `None` is the process itself.
    pub actor: Option<AuditActor>,
    /// The project and its name.
    pub project: Option<(ProjectId, Option<String>)>,
    /// A JSON object.
    pub payload: String,
    pub request: Option<RequestId>,
    pub address: Option<String>,
    /// `None` on a line from before the chain that no other line has followed yet.
    pub hash: Option<AuditHash>,
}

/// Somebody who acted: through an admin key, or signed in. Whose key it is or who it was, and the
/// email of a person.
#[derive(Clone, Debug)]
pub struct AuditActor {
    pub key: Option<KeyId>,
    pub owner: Option<Owner>,
    pub email: Option<String>,
}

/// Which events a page shows.
#[derive(Clone, Debug, Default)]
pub struct AuditEvents {
    pub named: Vec<String>,
    /// And all that are none of these; empty adds nothing.
    pub but: Vec<&'static str>,
}

/// Where a page begins: at the newest line, or next to one that the caller has seen. With both
/// neighbours, the page lies between them.
#[derive(Clone, Debug, Default)]
pub struct AuditPlace {
    /// Older than this line.
    pub after: Option<String>,
    /// Newer than this line.
    pub before: Option<String>,
}

/// A question to the audit log. An empty list asks for nothing in particular.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    pub events: Option<AuditEvents>,
    pub projects: Vec<String>,
    /// Ids of keys, users or service accounts.
    pub actors: Vec<String>,
    pub emails: Vec<String>,
    pub resources: Vec<String>,
    pub place: AuditPlace,
    pub limit: u32,
}

/// What a look at the whole chain came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditVerdict {
    pub lines: u64,
    /// The newest line's hash: whoever keeps it elsewhere can tell later that nothing before it
    /// was changed.
    pub head: Option<AuditHash>,
    /// Whether the hash that the caller knew is in the chain; `None` where none was named.
    pub knows: Option<bool>,
    /// The first line that does not fit, and why.
    pub broken: Option<(AuditId, &'static str)>,
}
