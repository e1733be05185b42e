//! The embedded default: two SQLite files in the data directory, one process a directory.
//!
//! `tollgate.db` holds what must not be lost (records, objects, audit, rollups); `requests.db`
//! holds the request log, with its own retention. Five threads own the connections:
//!
//! - `writer`: every write to `tollgate.db`, in groups that share one commit;
//! - `log`: every write to `requests.db`; it has the writer commit the rollups in between;
//! - `lookups`: reads on the way of a paid call;
//! - `reports`: lists and reports, so that a slow one never stands before a call;
//! - `requests`: reads of the request log, which is the largest and the slowest to look through.
//!
//! Queues are bounded; a full one answers `Unavailable("overloaded")` at once.

mod access;
mod answers;
mod apply;
mod apply_access;
mod apply_care;
mod apply_keys;
mod apply_limits;
mod apply_people;
mod attempts;
mod audit;
mod cache_rules;
mod care;
mod certificates;
mod comparisons;
mod connect;
mod directory;
mod egresses;
mod failure;
mod jobs;
mod lane;
mod ledger;
mod limits;
mod log;
mod mounts;
mod objects;
mod people;
mod places;
#[cfg(test)]
mod plans;
mod prices;
mod project_rules;
mod query;
mod rates;
mod records;
mod refused;
mod schema;
mod sign_in;
mod summaries;
#[cfg(test)]
mod tests;
mod usage;
pub(crate) mod worker;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use domain::Clock;
use domain::ports::{StoreError, StoreResult};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{OpenError, sql};
use failure::{Failure, gone, guarded};
use lane::Lane;
use log::Log;
use query::one;
use writer::Writer;

/// The stores of one data directory. Dropping it finishes what is queued, empties the WAL into
/// the databases and frees the directory.
pub struct Store {
    // Dropped in this order: readers first, so that the writers' last checkpoints meet nobody;
    // the log before the writer that it hands its rollups to; the lock when all files are closed.
    lookups: Lane,
    reports: Lane,
    requests: Lane,
    log: Log,
    /// Jobs end one at a time: whoever finds one open must be the only one who does.
    ending: tokio::sync::Mutex<()>,
    writer: Arc<Writer>,
    clock: Arc<dyn Clock>,
    /// What the ledger's entries came to when they were last verified.
    sums: Arc<Mutex<ledger::Sums>>,
    directory: PathBuf,
    _lock: File,
}

impl Store {
    /// Rows that wait for the request log to be written again, and rows that were let go since the
    /// start because too many waited.
    #[must_use]
    pub fn log_backlog(&self) -> (u64, u64) {
        self.log.backlog()
    }

    /// Opens the data directory, and makes or migrates its files.
    ///
    /// # Errors
    /// [`OpenError`] says what to do.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        schema::check_library(rusqlite::version(), rusqlite::version_number())?;
        let directory = connect::directory(dir)?;
        mounts::refuse_network(&directory)?;
        let lock = connect::lock(&directory)?;
        let thread = |source| OpenError::Io { path: directory.clone(), source };

        let records = connect::writable(&directory, &schema::RECORDS)?;
        let requests = connect::writable(&directory, &schema::REQUESTS)?;
        let lookups = connect::read_only(&directory, &schema::RECORDS)?;
        let reports = connect::read_only(&directory, &schema::RECORDS)?;
        let logged = connect::read_only(&directory, &schema::REQUESTS)?;
        let writer = Arc::new(Writer::start(records).map_err(thread)?);
        Ok(Self {
            lookups: Lane::start("store-lookups", lookups).map_err(thread)?,
            reports: Lane::start("store-reports", reports).map_err(thread)?,
            requests: Lane::start("store-requests", logged).map_err(thread)?,
            log: Log::start(requests, Arc::clone(&writer)).map_err(thread)?,
            ending: tokio::sync::Mutex::default(),
            writer,
            clock,
            sums: Arc::default(),
            _lock: lock,
            directory,
        })
    }

    /// How many attempts the request log holds. Counts every row: for tests and support.
    pub fn request_log_rows(&self) -> StoreResult<'_, u64> {
        self.aside(|directory| {
            let db = connect::read_only(directory, &schema::REQUESTS).map_err(refused)?;
            let rows: Option<i64> =
                one(&db, sql::usage::COUNT_REQUESTS, [], |row| Ok(row.get(0)?))?;
            Ok(rows.unwrap_or_default().cast_unsigned())
        })
    }

    /// Reads both files whole and checks them. Takes long on large files; calls go on meanwhile.
    pub fn integrity(&self) -> StoreResult<'_, ()> {
        self.aside(|directory| {
            for file in [&schema::RECORDS, &schema::REQUESTS] {
                let db = connect::read_only(directory, file).map_err(refused)?;
                connect::check(&db, file.name)?;
            }
            Ok(())
        })
    }

    /// Runs long work on a thread and connections of its own.
    fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, Failure> + Send + 'static,
    ) -> StoreResult<'_, T> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let directory = self.directory.clone();
            std::thread::Builder::new()
                .name("store-aside".to_owned())
                .spawn(move || reply.send(guarded(|| work(&directory))))
                .map_err(|e| StoreError::Unavailable(e.to_string()))?;
            answer.await.unwrap_or_else(|_| Err(gone()))
        })
    }
}

fn refused(error: OpenError) -> Failure {
    Failure(StoreError::Unavailable(error.to_string()))
}

/// Runs reads of several statements on one state of the database.
fn snapshot<T>(
    db: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = db.unchecked_transaction()?;
    read(&transaction)
}
