//! The request log, in pages.

use domain::{AttemptPage, AttemptQuery, Fault, LoggedAttempt, RequestId};

use crate::Control;
use crate::transact::{not_found, store_fault};

impl Control {
    /// Logged attempts, newest first. A page may hold fewer than asked for although more follow.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_attempts(&self, query: AttemptQuery) -> Result<AttemptPage, Fault> {
        self.usage.attempts(query).await.map_err(|error| store_fault(error, "the request log"))
    }

    /// All attempts of a call, first to last.
    ///
    /// # Errors
    /// 404 for a call that is not in the log, 503 when the store is away.
    pub async fn attempts_of(&self, request: RequestId) -> Result<Vec<LoggedAttempt>, Fault> {
        let found = self.usage.attempts_of(request.clone()).await;
        let found = found.map_err(|error| store_fault(error, request.as_str()))?;
        if found.is_empty() {
            return Err(not_found(request.as_str()));
        }
        Ok(found)
    }
}
