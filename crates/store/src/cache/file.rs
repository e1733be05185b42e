//! The file: opened, made, and made anew. Only the cache's thread has it.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{CacheHolding, CacheKey, CachePurge, ProjectId, Timestamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Result, params};

const SCHEMA: &str = include_str!("cache_1.sql");
/// Of the schema; a file of another version is made anew.
const VERSION: i64 = 1;
/// How many go at once where the budget is passed.
const OUT: i64 = 32;

const GET: &str = "SELECT value, used FROM answers WHERE key = $1";
const USED: &str = "UPDATE answers SET used = $1 WHERE key = $2";
const PUT: &str = "INSERT INTO answers (key, project, model, at, until, used, raw, size, value)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const REMOVE: &str = "DELETE FROM answers WHERE key = $1 RETURNING size";
const OLDEST_OUT: &str = "DELETE FROM answers WHERE key IN
    (SELECT key FROM answers ORDER BY used LIMIT $1) RETURNING size";
const EXPIRED_OUT: &str = "DELETE FROM answers WHERE key IN
    (SELECT key FROM answers WHERE until <= $1 LIMIT $2) RETURNING size";
const PURGE_ALL: &str = "DELETE FROM answers WHERE project = $1 RETURNING size";
const PURGE_MODEL: &str = "DELETE FROM answers WHERE project = $1 AND model = $2 RETURNING size";
const PURGE_MODELS: &str = "DELETE FROM answers
    WHERE project = $1 AND substr(model, 1, length($2)) = $2 RETURNING size";
const PURGE_ONE: &str = "DELETE FROM answers WHERE project = $1 AND key = $2 RETURNING size";
const HOLDING: &str = "SELECT COUNT(*), COALESCE(SUM(size), 0), COALESCE(SUM(raw), 0), MIN(at)
    FROM answers WHERE $1 IS NULL OR project = $1";

/// A row to be written.
pub(super) struct Row<'a> {
    pub(super) key: CacheKey,
    pub(super) project: &'a ProjectId,
    pub(super) model: &'a str,
    pub(super) at: Timestamp,
    pub(super) until: Timestamp,
    pub(super) raw: usize,
    pub(super) value: &'a [u8],
}

pub(super) struct CacheFile {
    db: Connection,
    path: PathBuf,
    /// Which file it is: another one may come to lie in its place.
    inode: u64,
    /// Bytes of all values.
    bytes: i64,
}

impl CacheFile {
    /// Opens the file, or makes it. One that cannot be used is made anew.
    pub(super) fn open(path: &Path) -> Result<Self> {
        Self::try_open(path).or_else(|_| {
            remove(path);
            Self::try_open(path)
        })
    }

    fn try_open(path: &Path) -> Result<Self> {
        let io = |error: std::io::Error| {
            let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
            rusqlite::Error::SqliteFailure(code, Some(error.to_string()))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let inode = options.open(path).and_then(|file| file.metadata()).map_err(io)?.ino();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(Duration::from_millis(100))?;
        db.pragma_update(None, "page_size", 8_192)?;
        db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        // A power cut may break it: then it is made anew.
        db.pragma_update(None, "synchronous", "off")?;
        db.pragma_update(None, "journal_size_limit", 8 << 20)?;
        db.pragma_update(None, "temp_store", "memory")?;
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != VERSION {
            let tables: i64 =
                db.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if version != 0 || tables != 0 {
                return Err(rusqlite::Error::InvalidQuery);
            }
            db.execute_batch(SCHEMA)?;
            db.pragma_update(None, "user_version", VERSION)?;
        }
        let bytes = "SELECT COALESCE(SUM(size), 0) FROM answers";
        let bytes = db.query_row(bytes, [], |row| row.get(0))?;
        Ok(Self { db, path: path.to_owned(), inode, bytes })
    }

    /// Whether the file is still the one that lies at its path.
    pub(super) fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode)
    }

    pub(super) fn get(&self, key: CacheKey) -> Result<Option<(Vec<u8>, Timestamp)>> {
        let mut get = self.db.prepare_cached(GET)?;
        get.query_row(params![key.0], |row| Ok((row.get(0)?, Timestamp(row.get(1)?)))).optional()
    }

    pub(super) fn used(&self, key: CacheKey, now: Timestamp) -> Result<()> {
        self.db.prepare_cached(USED)?.execute(params![now.0, key.0]).map(drop)
    }

    /// Puts a row in the place of what was there, and lets go of the least recently used until it is
    /// within the budget.
    pub(super) fn put(&mut self, row: &Row<'_>, (now, budget): (Timestamp, u64)) -> Result<()> {
        self.out(REMOVE, params![row.key.0])?;
        let size = i64::try_from(row.value.len()).unwrap_or(i64::MAX);
        let raw = i64::try_from(row.raw).unwrap_or(i64::MAX);
        self.db.prepare_cached(PUT)?.execute(params![
            row.key.0,
            row.project.as_str(),
            row.model,
            row.at.0,
            row.until.0,
            now.0,
            raw,
            size,
            row.value,
        ])?;
        self.bytes += size;
        let budget = i64::try_from(budget).unwrap_or(i64::MAX);
        while self.bytes > budget && self.out(OLDEST_OUT, params![OUT])? > 0 {}
        Ok(())
    }

    pub(super) fn remove(&mut self, key: CacheKey) -> Result<u64> {
        self.out(REMOVE, params![key.0])
    }

    /// Lets go of some that are over.
    pub(super) fn expire(&mut self, now: Timestamp) -> Result<u64> {
        self.out(EXPIRED_OUT, params![now.0, OUT])
    }

    pub(super) fn purge(&mut self, project: &ProjectId, what: &CachePurge) -> Result<u64> {
        let project = project.as_str();
        match what {
            CachePurge::All => self.out(PURGE_ALL, params![project]),
            CachePurge::Models(models) => models.iter().try_fold(0, |gone, model| {
                let (text, name) = match model.strip_suffix('*') {
                    Some(start) => (PURGE_MODELS, start),
                    None => (PURGE_MODEL, model.as_str()),
                };
                Ok(gone + self.out(text, params![project, name])?)
            }),
            CachePurge::Entry(key) => self.out(PURGE_ONE, params![project, key.0]),
        }
    }

    pub(super) fn holding(&self, project: Option<&ProjectId>) -> Result<CacheHolding> {
        let number = |n: i64| u64::try_from(n).unwrap_or(0);
        let project = project.map(ProjectId::as_str);
        self.db.prepare_cached(HOLDING)?.query_row(params![project], |row| {
            Ok(CacheHolding {
                entries: number(row.get(0)?),
                bytes: number(row.get(1)?),
                answer_bytes: number(row.get(2)?),
                oldest: row.get::<_, Option<i64>>(3)?.map(Timestamp),
            })
        })
    }

    /// Deletes rows; how many.
    fn out(&mut self, text: &str, params: impl rusqlite::Params) -> Result<u64> {
        let mut statement = self.db.prepare_cached(text)?;
        let mut rows = statement.query(params)?;
        let (mut count, mut bytes) = (0, 0);
        while let Some(row) = rows.next()? {
            count += 1;
            bytes += row.get::<_, i64>(0)?;
        }
        drop(rows);
        drop(statement);
        self.bytes -= bytes;
        Ok(count)
    }

    pub(super) fn close(self) {
        let _ = self.db.pragma_update_and_check(None, "wal_checkpoint", "truncate", |_| Ok(()));
    }
}

/// Takes a file away with what belongs to it.
pub(super) fn remove(path: &Path) {
    let name = path.as_os_str().to_owned();
    for end in ["", "-wal", "-shm"] {
        let mut one = name.clone();
        one.push(end);
        let _ = fs::remove_file(PathBuf::from(one));
    }
}
