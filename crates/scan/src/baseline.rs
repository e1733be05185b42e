//! What was found before and is accepted: marks of secrets, never the secrets.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Find, Problem};

/// Read when it is there and no other is named.
pub const DEFAULT_BASELINE: &str = ".tollgate-baseline.json";

/// What fingerprints are made under where there is no baseline: the same secret then has the same
/// mark everywhere, so that reports of two runs can be compared.
const NO_BASELINE: &[u8] = b"tollgate-scan";

/// Accepted finds. Each baseline has a salt of its own, so that two of them tell nothing together.
pub struct Baseline {
    salt: String,
    known: HashSet<String>,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    salt: String,
    finds: Vec<Row>,
}

/// Kind, path and line are for people; the fingerprint alone counts, so that moved lines stay
/// accepted.
#[derive(Serialize, Deserialize)]
struct Row {
    fingerprint: String,
    kind: String,
    path: String,
    line: u64,
}

impl Baseline {
    /// One that accepts nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let salt = vault::random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { salt, known: HashSet::new() }
    }

    /// # Errors
    /// When the file cannot be read or is something else.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let name = path.display();
        let text = fs::read_to_string(path)
            .map_err(|error| Problem(format!("cannot read the baseline {name}: {error}")))?;
        let file: File = serde_json::from_str(&text)
            .map_err(|error| Problem(format!("{name} is not a baseline: {error}")))?;
        if file.version != 1 {
            return Err(Problem(format!("{name} is of version {}, not 1", file.version)));
        }
        let known = file.finds.into_iter().map(|row| row.fingerprint).collect();
        Ok(Self { salt: file.salt, known })
    }

    /// As [`Baseline::read`], where a missing file is none.
    ///
    /// # Errors
    /// As there.
    pub fn read_if_there(path: &Path) -> Result<Option<Self>, Problem> {
        match fs::symlink_metadata(path) {
            // A file has nothing beneath it.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            _ => Self::read(path).map(Some),
        }
    }

    /// What fingerprints are to be made under.
    #[must_use]
    pub fn salt(this: Option<&Self>) -> &[u8] {
        this.map_or(NO_BASELINE, |baseline| baseline.salt.as_bytes())
    }

    pub(crate) fn knows(&self, find: &Find) -> bool {
        self.known.contains(&find.fingerprint)
    }

    /// Writes a baseline that accepts `finds`, all at once or not at all. They must have been found
    /// under this one's salt.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, finds: &[Find], path: &Path) -> Result<(), Problem> {
        let row = |find: &Find| Row {
            fingerprint: find.fingerprint.clone(),
            kind: find.kind.id.to_owned(),
            path: find.place.path.clone(),
            line: find.place.line,
        };
        let file =
            File { version: 1, salt: self.salt.clone(), finds: finds.iter().map(row).collect() };
        let failed = |error: &dyn std::fmt::Display| {
            Problem(format!("cannot write {}: {error}", path.display()))
        };
        let mut text = serde_json::to_string_pretty(&file).map_err(|error| failed(&error))?;
        text.push('\n');
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, path))
            .map_err(|error| failed(&error))
    }
}

impl Default for Baseline {
    fn default() -> Self {
        Self::new()
    }
}
