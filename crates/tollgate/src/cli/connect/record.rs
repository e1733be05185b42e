//! What was changed, so that it can be put back: the old text, and a mark of the new one.

use std::fmt::Display;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Change, folder};
use crate::cli::Env;
use crate::cli::failure::Failure;

#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    path: PathBuf,
    /// `None` where there was no file.
    before: Option<String>,
    /// SHA-256 of what we made of it.
    after: String,
}

impl Record {
    /// A second change keeps the way back to before the first, as long as nobody else came between.
    pub(super) fn write(env: &Env, client: &str, change: &Change) -> Result<(), Failure> {
        let current = change.before.as_deref().map(mark);
        let ours = Self::read(env, client)?.filter(|known| {
            known.path == change.path && Some(known.after.as_str()) == current.as_deref()
        });
        let record = Self {
            path: change.path.clone(),
            before: ours.map_or_else(|| change.before.clone(), |known| known.before),
            after: mark(&change.after),
        };
        let at = place(env, client)?;
        fs::create_dir_all(folder(env)?).map_err(|error| failed(&at, &error))?;
        let text = serde_json::to_string_pretty(&record).map_err(|error| failed(&at, &error))?;
        replace(&at, &text).map_err(|error| failed(&at, &error))
    }

    pub(super) fn read(env: &Env, client: &str) -> Result<Option<Self>, Failure> {
        let at = place(env, client)?;
        match fs::read_to_string(&at) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| failed(&at, &error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&at, &error)),
        }
    }

    pub(super) fn forget(env: &Env, client: &str) -> Result<(), Failure> {
        let at = place(env, client)?;
        fs::remove_file(&at).map_err(|error| failed(&at, &error))
    }

    /// Only over what we made.
    pub(super) fn put_back(&self) -> Result<&Path, Failure> {
        let now = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            // Somebody took it away, and it was not there before either.
            Err(error) if error.kind() == ErrorKind::NotFound && self.before.is_none() => {
                return Ok(&self.path);
            }
            Err(error) => return Err(failed(&self.path, &error)),
        };
        if mark(&now) != self.after {
            return Err(failed(&self.path, &"it was changed since, and is left as it is")
                .next("Take our part out by hand; a --dry-run shows what it was."));
        }
        match &self.before {
            Some(text) => replace(&self.path, text),
            None => fs::remove_file(&self.path),
        }
        .map_err(|error| failed(&self.path, &error))?;
        Ok(&self.path)
    }
}

fn place(env: &Env, client: &str) -> Result<PathBuf, Failure> {
    Ok(folder(env)?.join(format!("{client}.json")))
}

fn failed(path: &Path, why: &dyn Display) -> Failure {
    Failure::new(format!("{}: {why}", path.display()))
}

fn mark(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All at once or not at all, under the mode that the file had; a new one is private.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mode = fs::metadata(path).map_or(0o600, |about| about.permissions().mode() & 0o777);
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".new-{}", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            file.set_permissions(fs::Permissions::from_mode(mode))
        })
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
