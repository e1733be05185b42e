//! What is staged: the index against the last commit.

use std::collections::HashSet;
use std::io::Cursor;
use std::path::Path;

use super::Repository;
use crate::contents::Contents;
use crate::report::Report;
use crate::settings::Scanner;
use crate::{Baseline, Problem};

struct Change {
    path: String,
    before: Option<String>,
    after: String,
}

impl Scanner {
    /// Scans the files that the next commit changes. A secret that stands in the last commit's
    /// version of the same file is not new, and not told.
    ///
    /// # Errors
    /// When this is no repository, or git cannot be run.
    pub fn staged(&self, path: &Path, baseline: Option<&Baseline>) -> Result<Report, Problem> {
        let repository = Repository::open(path, &self.variables)?;
        let mut contents = Contents::new(self);
        for change in changes(&repository)? {
            let first = contents.finds.len();
            self.object(&repository, &mut contents, &change.path, &change.after)?;
            let Some(before) = change.before.filter(|_| contents.finds.len() > first) else {
                continue;
            };
            let mut old = Contents::new(self);
            self.object(&repository, &mut old, &change.path, &before)?;
            let known: HashSet<String> = old.finds.into_iter().map(|f| f.fingerprint).collect();
            let new = contents.finds.split_off(first);
            contents.finds.extend(new.into_iter().filter(|f| !known.contains(&f.fingerprint)));
        }
        Ok(Report::of(contents.finds, baseline))
    }

    fn object(
        &self,
        repository: &Repository,
        contents: &mut Contents<'_>,
        path: &str,
        id: &str,
    ) -> Result<(), Problem> {
        let bytes = repository.bytes(&["cat-file", "blob", id])?;
        contents
            .object(path, None, &mut Cursor::new(bytes))
            .map_err(|error| Problem(format!("cannot read {path}: {error}")))
    }
}

fn changes(repository: &Repository) -> Result<Vec<Change>, Problem> {
    let head = repository.text(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]);
    // Before the first commit everything is new.
    let against = match head {
        Ok(head) => head,
        Err(_) => repository.text(&["hash-object", "-t", "tree", "--stdin"])?,
    };
    let said = repository.bytes(&[
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=all",
        &against,
        "--",
    ])?;
    let mut parts = said.split(|byte| *byte == 0);
    let mut changes = Vec::new();
    // `:MODE MODE ID ID STATUS`, then the path.
    while let (Some(about), Some(path)) = (parts.next(), parts.next()) {
        let about = String::from_utf8_lossy(about);
        let fields: Vec<&str> = about.trim_start_matches(':').split(' ').collect();
        let [_, mode, before, after, status] = fields[..] else { continue };
        let missing = |id: &str| id.bytes().all(|byte| byte == b'0');
        // Gone, a submodule, or in the middle of a merge: there is nothing to read.
        if missing(after) || mode == "160000" || status.starts_with(['D', 'U']) {
            continue;
        }
        changes.push(Change {
            path: String::from_utf8_lossy(path).into_owned(),
            before: (!missing(before)).then(|| before.to_owned()),
            after: after.to_owned(),
        });
    }
    Ok(changes)
}
