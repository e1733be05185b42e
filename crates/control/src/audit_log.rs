//! The audit log, in pages, and its chain.

use domain::{AuditHash, AuditLine, AuditQuery, AuditVerdict, Fault, Paged};

use crate::Control;
use crate::transact::store_fault;

const WHAT: &str = "the audit log";

impl Control {
    /// Lines of the audit log, newest first.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_audit(&self, query: AuditQuery) -> Result<Paged<AuditLine>, Fault> {
        self.records.audit_lines(query).await.map_err(|error| store_fault(error, WHAT))
    }

    /// Reads every line and holds it against the chain. `known`: a newest line's hash as an
    /// earlier look told it.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn verify_audit(&self, known: Option<AuditHash>) -> Result<AuditVerdict, Fault> {
        self.records.verify_audit(known).await.map_err(|error| store_fault(error, WHAT))
    }
}
