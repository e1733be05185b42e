//! Why a store did not open. Each message says what to do.

use std::fmt;
use std::path::PathBuf;

#[derive(Debug)]
pub enum OpenError {
    /// The directory or a file in it cannot be made or read.
    Io { path: PathBuf, source: std::io::Error },
    /// Another process has the directory (case 123).
    InUse { directory: PathBuf },
    /// WAL needs memory shared between processes, which network file systems do not have.
    NetworkFileSystem { directory: PathBuf, kind: String },
    /// Older libraries can corrupt a WAL database (P29).
    OldLibrary { found: String },
    /// A newer Tollgate has been here (case 124).
    NewerSchema { file: PathBuf, found: i64, known: i64 },
    /// The database says no: damaged, not a database, or not ours.
    Database { file: PathBuf, why: String },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(
                f,
                "cannot use {}: {source}. Make it readable and writable for this user, or name \
                 another directory with --data-dir",
                path.display()
            ),
            Self::InUse { directory } => write!(
                f,
                "another Tollgate is running on {}. Stop it first, or give this one its own \
                 directory with --data-dir",
                directory.display()
            ),
            Self::NetworkFileSystem { directory, kind } => write!(
                f,
                "{} is on a network file system ({kind}), where SQLite loses data. Put the data \
                 directory on a local disk with --data-dir, or use PostgreSQL",
                directory.display()
            ),
            Self::OldLibrary { found } => write!(
                f,
                "SQLite {found} is linked, and versions before 3.51.3 can damage the database. \
                 Build Tollgate with its bundled SQLite"
            ),
            Self::NewerSchema { file, found, known } => write!(
                f,
                "{} was written by a newer Tollgate (schema {found}, this one knows {known}). \
                 Start the newer version, or restore a backup from before the update",
                file.display()
            ),
            Self::Database { file, why } => write!(
                f,
                "cannot open {}: {why}. If the file is damaged, restore a backup; do not delete \
                 its -wal file, which holds the latest writes",
                file.display()
            ),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
