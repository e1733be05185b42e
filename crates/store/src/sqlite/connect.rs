//! Directory, lock and connections: all that lies between a path and a database ready for use.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::ports::StoreError;
use rusqlite::{Connection, OpenFlags};

use super::failure::Failure;
use super::schema::{self, DatabaseFile};
use crate::OpenError;

/// How long a write waits for someone with the file open elsewhere, such as `sqlite3`.
const BUSY: Duration = Duration::from_secs(2);
/// The WAL is cut to this after a checkpoint, so that one burst does not keep its disk space.
const WAL_LIMIT: i64 = 64 << 20;
const STATEMENTS: usize = 96;

/// Makes the directory where it is not, for this user alone, and resolves its path.
pub(crate) fn directory(dir: &Path) -> Result<PathBuf, OpenError> {
    let failed = |source| OpenError::Io { path: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    dir.canonicalize().map_err(failed)
}

/// Holds the directory for this process while the file is open; the system frees it whatever
/// way the process ends.
pub(crate) fn lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join("lock");
    let file = create(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { directory: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
    }
}

fn create(path: &Path) -> Result<File, OpenError> {
    let open = |path| -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
    };
    open(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

/// The one writing connection to a file, made and migrated where needed.
pub(crate) fn writable(directory: &Path, file: &DatabaseFile) -> Result<Connection, OpenError> {
    let path = directory.join(file.name);
    // Made by us, so that its mode is ours; SQLite gives -wal and -shm the mode of their database.
    drop(create(&path)?);
    let failed = |error: rusqlite::Error| database(&path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(&path, flags).map_err(failed)?;
    db.busy_timeout(BUSY).map_err(failed)?;
    // Before anything is written, the journal mode included.
    schema::refuse_newer(&db, file, &path)?;
    db.pragma_update(None, "page_size", file.page_size).map_err(failed)?;
    let mode: String =
        db.pragma_update_and_check(None, "journal_mode", "wal", |r| r.get(0)).map_err(failed)?;
    if mode != "wal" {
        let why = format!("it stays in journal mode {mode}, where readers stop the writer");
        return Err(OpenError::Database { file: path, why });
    }
    db.pragma_update(None, "synchronous", file.synchronous).map_err(failed)?;
    db.pragma_update(None, "journal_size_limit", WAL_LIMIT).map_err(failed)?;
    settle(&db).map_err(failed)?;
    schema::migrate(&mut db, file).map_err(|failure| match failure.0 {
        StoreError::Unavailable(why) | StoreError::Conflict(why) => {
            OpenError::Database { file: path.clone(), why }
        }
        StoreError::NotFound => OpenError::Database { file: path.clone(), why: "empty".into() },
    })?;
    Ok(db)
}

/// A connection that cannot write. The file must have been opened by [`writable`] before.
pub(crate) fn read_only(directory: &Path, file: &DatabaseFile) -> Result<Connection, OpenError> {
    let path = directory.join(file.name);
    let failed = |error: rusqlite::Error| database(&path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&path, flags).map_err(failed)?;
    db.busy_timeout(BUSY).map_err(failed)?;
    settle(&db).map_err(failed)?;
    Ok(db)
}

fn settle(db: &Connection) -> rusqlite::Result<()> {
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    db.pragma_update(None, "foreign_keys", true)?;
    // Sorting must not need a temporary directory, which a hardened container may not have.
    db.pragma_update(None, "temp_store", "memory")
}

fn database(path: &Path, error: &rusqlite::Error) -> OpenError {
    OpenError::Database { file: path.to_owned(), why: error.to_string() }
}

/// Moves the WAL into the database before a clean stop. What fails here is done at the next start.
pub(crate) fn close(db: &Connection) {
    let _ = db.pragma_update_and_check(None, "wal_checkpoint", "truncate", |_| Ok(()));
}

/// SQLite's own check of a whole file.
pub(crate) fn check(db: &Connection, name: &str) -> Result<(), Failure> {
    let found: String = db.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!("{name} is damaged: {found}")).into())
}
