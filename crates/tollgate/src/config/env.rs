//! The environment, read once, with a `.env` file beneath it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::Secret;

use super::{Variables, dotenv};

/// The variables of the process, and of `.env` where the process has none of the name.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Variables,
    /// Of them, those that only `.env` has.
    of_file: BTreeSet<String>,
    /// What a person should hear of it: names, never values.
    pub notes: Vec<String>,
}

impl Environment {
    /// Reads the process's environment and the working directory's `.env`.
    #[must_use]
    pub fn read() -> Self {
        let mut this = Self::of_process();
        this.add_file(Path::new(".env"));
        this
    }

    /// The process's environment alone, where the working directory is not to be trusted.
    #[must_use]
    pub fn of_process() -> Self {
        Self { variables: std::env::vars().collect(), ..Self::default() }
    }

    #[cfg(test)]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let variables = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { variables, ..Self::default() }
    }

    fn add_file(&mut self, path: &Path) {
        let Ok(text) = fs::read_to_string(path) else { return };
        let (found, bad) = dotenv::parse(&text);
        for line in bad {
            self.notes.push(format!("{}: line {line} is not NAME=value; ignored", path.display()));
        }
        let readable = fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o044 != 0);
        if readable && found.keys().any(|name| name.ends_with("_KEY")) {
            self.notes.push(format!(
                "{0} holds a key and can be read by others. Run: chmod 600 {0}",
                path.display()
            ));
        }
        let count = found.len();
        for (name, value) in found {
            if !self.variables.contains_key(&name) {
                self.of_file.insert(name.clone());
                self.variables.insert(name, value);
            }
        }
        self.notes.push(format!("read {count} names from {}", path.display()));
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.variables.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// Whether a variable is set, be it to nothing.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Whether it is the working directory's `.env` alone that sets a variable.
    #[must_use]
    pub fn is_of_file(&self, name: &str) -> bool {
        self.of_file.contains(name)
    }

    /// A variable of the process, whatever `.env` says.
    #[must_use]
    pub fn own(&self, name: &str) -> Option<String> {
        self.get(name).filter(|_| !self.is_of_file(name))
    }

    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// A secret from `NAME`, or from the file that `NAME_FILE` names.
    pub fn secret(&self, name: &str, mistakes: &mut Vec<String>) -> Option<Secret> {
        if let Some(path) = self.path(&format!("{name}_FILE")) {
            return match secret_file(&path) {
                Ok(secret) => Some(secret),
                Err(why) => {
                    mistakes.push(format!("{name}_FILE: {why}"));
                    None
                }
            };
        }
        // An empty master key is a mistake, not an absence (case 16).
        if name == "TOLLGATE_MASTER_KEY" && self.has(name) {
            return self.variables.get(name).map(|value| Secret::from(value.as_str()));
        }
        self.get(name).map(Secret::new)
    }
}

/// The text of a secret's file, without the line break at its end.
pub fn secret_file(path: &Path) -> Result<Secret, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    Ok(Secret::from(text))
}
