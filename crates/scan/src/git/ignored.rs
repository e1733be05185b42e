//! Which files git ignores.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::{Repository, Variables};

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
