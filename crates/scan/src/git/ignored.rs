//! What git thinks of files: whether it ignores them, whether it keeps them.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::{Repository, Variables};

/// What git does with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// There is no repository, or no git.
    NoRepository,
    /// It is in the repository, or will be with the next commit.
    Tracked,
    Ignored,
    /// It would go into a commit with `git add -A`.
    Open,
}

/// What git does with the file of a name in a folder.
#[must_use]
pub fn keeping(folder: &Path, name: &str, variables: &Variables) -> Keeping {
    let Ok(repository) = Repository::open(folder, variables) else {
        return Keeping::NoRepository;
    };
    let tracked = repository.bytes(&["ls-files", "-z", "--", &format!(":(literal){name}")]);
    if tracked.is_ok_and(|said| !said.is_empty()) {
        return Keeping::Tracked;
    }
    let one = HashSet::from([name.to_owned()]);
    match among(folder, variables, &one).is_empty() {
        true => Keeping::Open,
        false => Keeping::Ignored,
    }
}

/// Those of `paths`, which are relative to `root`, that git ignores. Where there is no repository
/// or no git, none.
pub(crate) fn among(
    root: &Path,
    variables: &Variables,
    paths: &HashSet<String>,
) -> HashSet<String> {
    ask(root, variables, paths).unwrap_or_default()
}

fn ask(root: &Path, variables: &Variables, paths: &HashSet<String>) -> Option<HashSet<String>> {
    let repository = Repository::open(root, variables).ok()?;
    let mut child = repository
        .command(&["check-ignore", "-z", "--stdin"])
        .stdin(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let asked: Vec<u8> = paths.iter().flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
    // Answers wait in the other pipe meanwhile; a writer of its own keeps both moving.
    let writer = std::thread::spawn(move || stdin.write_all(&asked));
    let output = child.wait_with_output().ok()?;
    let _ = writer.join();
    let said = output.stdout.split(|byte| *byte == 0).filter(|path| !path.is_empty());
    Some(said.map(|path| String::from_utf8_lossy(path).into_owned()).collect())
}
