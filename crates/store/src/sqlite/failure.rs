//! What a job can fail with, so that `?` takes database errors and answers of the ports alike.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::ports::StoreError;
use rusqlite::{Error, ErrorCode, ffi};

#[derive(Debug)]
pub(crate) struct Failure(pub(crate) StoreError);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(match &error {
            Error::SqliteFailure(code, text) if code.code == ErrorCode::ConstraintViolation => {
                match code.extended_code {
                    // The project or key that the new row names is not there.
                    ffi::SQLITE_CONSTRAINT_FOREIGNKEY => StoreError::NotFound,
                    // SQLite names the columns, never the values.
                    _ => StoreError::Conflict(text.clone().unwrap_or_else(|| code.to_string())),
                }
            }
            Error::QueryReturnedNoRows => StoreError::NotFound,
            _ => StoreError::Unavailable(error.to_string()),
        })
    }
}

/// The answer when a thread ended before it replied.
pub(crate) fn gone() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// Runs a job so that a defect in one fails that one and not the thread which serves all.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|failure| failure.0),
        Err(_) => Err(StoreError::Unavailable("a defect in the store stopped this".to_owned())),
    }
}
