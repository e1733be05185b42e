//! The files that belong to the project.

use std::fs;
use std::path::Path;

use super::source::Source;
use crate::{Result, root, run};

/// Never part of the project, for a tree without Git.
const NOT_OURS: [&str; 5] = ["target", "node_modules", ".git", "tollgate-data", "__pycache__"];

pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
}

pub(crate) struct File {
    /// From the root, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// For a Rust file.
    pub(crate) source: Option<Source>,
}

impl Tree {
    pub(crate) fn read() -> Result<Self> {
        let mut files = Vec::new();
        for path in paths()? {
            // A file may be tracked and gone; one that is not text has nothing to be tidied.
            if let Ok(text) = fs::read_to_string(root().join(&path)) {
                files.push(File::new(path, text));
            }
        }
        Ok(Self { files })
    }

    /// Rust files with their code.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files.iter().filter_map(|file| Some((file, file.source.as_ref()?)))
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File::new((*path).to_owned(), (*text).to_owned());
        Self { files: files.iter().map(file).collect() }
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        let source = path.ends_with(".rs").then(|| Source::of(&path, &text));
        Self { path, text, source }
    }

    /// Whether the path begins with one of these.
    pub(crate) fn under(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.path.starts_with(place))
    }
}

/// What Git tracks or would track; without Git, what lies there.
pub(crate) fn paths() -> Result<Vec<String>> {
    let mut git = run::program("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let mut found = Vec::new();
    match git.output() {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            let list = String::from_utf8_lossy(&output.stdout);
            found.extend(list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned));
        }
        _ => walk(&root(), "", &mut found)?,
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let generated = matches!(path.as_str(), "fuzz/corpus" | "fuzz/artifacts");
        if NOT_OURS.contains(&name.as_str()) || generated {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), found)?;
        } else if kind.is_file() {
            found.push(path);
        }
    }
    Ok(())
}
