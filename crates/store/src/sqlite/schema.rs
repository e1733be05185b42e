//! The two files, their migrations, and which versions belong together.
//!
//! Migrations only add (expand); what they replace is removed by a later release (contract), so
//! that going back one release works until then. A text that was released is never edited.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::failure::Failure;
use crate::{OpenError, sql};

pub(crate) struct DatabaseFile {
    pub(crate) name: &'static str,
    /// Bytes; of a file that is made now, others keep theirs.
    pub(crate) page_size: u32,
    pub(crate) synchronous: &'static str,
    /// The n-th brings schema n−1 to n.
    migrations: &'static [&'static str],
}

/// `synchronous=FULL`: an answered change, claim or count survives a power cut.
pub(crate) const RECORDS: DatabaseFile = DatabaseFile {
    name: "tollgate.db",
    page_size: 4_096,
    synchronous: "full",
    migrations: &[
        include_str!("schema/tollgate_1.sql"),
        include_str!("schema/tollgate_2.sql"),
        include_str!("schema/tollgate_3.sql"),
        include_str!("schema/tollgate_4.sql"),
        include_str!("schema/tollgate_5.sql"),
        include_str!("schema/tollgate_6.sql"),
        include_str!("schema/tollgate_7.sql"),
        include_str!("schema/tollgate_8.sql"),
        include_str!("schema/tollgate_9.sql"),
        include_str!("schema/tollgate_10.sql"),
        include_str!("schema/tollgate_11.sql"),
        include_str!("schema/tollgate_12.sql"),
        include_str!("schema/tollgate_13.sql"),
        include_str!("schema/tollgate_14.sql"),
        include_str!("schema/tollgate_15.sql"),
        include_str!("schema/tollgate_16.sql"),
        include_str!("schema/tollgate_17.sql"),
        include_str!("schema/tollgate_18.sql"),
        include_str!("schema/tollgate_19.sql"),
        include_str!("schema/tollgate_20.sql"),
        include_str!("schema/tollgate_21.sql"),
        include_str!("schema/tollgate_22.sql"),
        include_str!("schema/tollgate_23.sql"),
        include_str!("schema/tollgate_24.sql"),
        include_str!("schema/tollgate_25.sql"),
        include_str!("schema/tollgate_26.sql"),
        include_str!("schema/tollgate_27.sql"),
        include_str!("schema/tollgate_28.sql"),
        include_str!("schema/tollgate_29.sql"),
        include_str!("schema/tollgate_30.sql"),
        include_str!("schema/tollgate_31.sql"),
        include_str!("schema/tollgate_32.sql"),
        include_str!("schema/tollgate_33.sql"),
        include_str!("schema/tollgate_34.sql"),
    ],
};

/// `synchronous=NORMAL`: no `fsync` at a commit. The file stays whole, and a killed process loses
/// nothing; a power cut may lose the last rows, which no sum rests on (the rollups are in
/// `tollgate.db`). Rows come only at its end, on a busy day by the hundred: larger pages are fewer
/// writes.
pub(crate) const REQUESTS: DatabaseFile = DatabaseFile {
    name: "requests.db",
    page_size: 8_192,
    synchronous: "normal",
    migrations: &[
        include_str!("schema/requests_1.sql"),
        include_str!("schema/requests_2.sql"),
        include_str!("schema/requests_3.sql"),
        include_str!("schema/requests_4.sql"),
        include_str!("schema/requests_5.sql"),
    ],
};

/// The row of `meta` that holds the schema's version. Not to be written through a port.
pub(crate) const VERSION: &str = "schema_version";

const META_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID";

/// Below 3.51.3, a checkpoint and a write at the same instant can damage a WAL database (P29).
const OLDEST_LIBRARY: i32 = 3_051_003;

pub(crate) fn check_library(name: &str, number: i32) -> Result<(), OpenError> {
    if number < OLDEST_LIBRARY {
        return Err(OpenError::OldLibrary { found: name.to_owned() });
    }
    Ok(())
}

pub(crate) fn refuse_newer(
    db: &Connection,
    file: &DatabaseFile,
    path: &Path,
) -> Result<(), OpenError> {
    let known = file.known();
    let found = version(db)
        .map_err(|error| OpenError::Database { file: path.to_owned(), why: error.to_string() })?;
    if found > known {
        return Err(OpenError::NewerSchema { file: path.to_owned(), found, known });
    }
    Ok(())
}

/// Brings the file to this version's schema, one transaction a step.
pub(crate) fn migrate(db: &mut Connection, file: &DatabaseFile) -> Result<(), Failure> {
    let found = version(db)?;
    for (step, text) in (1..).zip(file.migrations).filter(|(step, _)| *step > found) {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(META_TABLE)?;
        transaction.execute_batch(text)?;
        transaction.execute(sql::PUT_META, params![VERSION, step.to_string().as_bytes()])?;
        transaction.commit()?;
    }
    Ok(())
}

impl DatabaseFile {
    fn known(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    if !db.table_exists(None, "meta")? {
        return Ok(0);
    }
    let read = |row: &rusqlite::Row<'_>| {
        Ok(match row.get_ref(0)? {
            ValueRef::Integer(number) => number,
            // What cannot be read was not written by this version or an older one.
            ValueRef::Text(text) | ValueRef::Blob(text) => std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(i64::MAX),
            ValueRef::Null | ValueRef::Real(_) => i64::MAX,
        })
    };
    Ok(db.query_row(sql::META, params![VERSION], read).optional()?.unwrap_or(0))
}
