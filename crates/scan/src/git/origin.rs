//! Who brought an object into the history, and under which path.

use std::collections::{HashMap, HashSet};
use std::process::Stdio;

use super::{Repository, not_started, piped, run};
use crate::Problem;
use crate::find::Commit;

/// Objects that are asked for in one walk of the history.
const AT_ONCE: usize = 1000;

/// By the object's id.
pub(super) type Origins = HashMap<String, Origin>;

pub(super) struct Origin {
    /// `None` where it is no file.
    pub(super) path: Option<String>,
    pub(super) commit: Option<Commit>,
}

/// Looks up what some ref reaches. One walk, however many objects there are; merges only for
/// those that no ordinary commit brought.
pub(super) fn origins(repository: &Repository, objects: &[&str]) -> Result<Origins, Problem> {
    let mut origins = Origins::new();
    let mut wanted: HashSet<&str> = objects.iter().copied().collect();
    if wanted.is_empty() {
        return Ok(origins);
    }
    let said = repository.text(&["rev-list", "--all"])?;
    let commits: HashMap<&str, usize> = said.lines().zip(0..).collect();
    messages(repository, &mut wanted, &commits, &mut origins)?;
    for merges in [false, true] {
        let list: Vec<&str> = wanted.iter().copied().collect();
        for part in list.chunks(AT_ONCE) {
            let found = introduced(repository, part, merges)?;
            for (object, (commit, path)) in found {
                wanted.remove(object.as_str());
                let newer = commits.get(commit.as_str()).copied().unwrap_or(0);
                let commit = commit_of(repository, &commit, newer)?;
                origins.insert(object, Origin { path: Some(path), commit });
            }
        }
    }
    Ok(origins)
}

/// Finds in commits and tags themselves.
fn messages(
    repository: &Repository,
    wanted: &mut HashSet<&str>,
    commits: &HashMap<&str, usize>,
    origins: &mut Origins,
) -> Result<(), Problem> {
    let tags = repository.text(&["for-each-ref", "--format=%(objectname)", "refs/tags"])?;
    let tags: HashSet<&str> = tags.lines().collect();
    let whole: Vec<&str> =
        wanted.iter().copied().filter(|id| commits.contains_key(id) || tags.contains(id)).collect();
    for id in whole {
        wanted.remove(id);
        // A tag on a blob is a file without a name.
        let commit = match commits.get(id) {
            Some(newer) => commit_of(repository, id, *newer)?,
            None => None,
        };
        origins.insert(id.to_owned(), Origin { path: None, commit });
    }
    Ok(())
}

/// The oldest commit and the path of each object. The list is newest first, so the last one said
/// stays.
fn introduced(
    repository: &Repository,
    objects: &[&str],
    merges: bool,
) -> Result<HashMap<String, (String, String)>, Problem> {
    let which = if merges { "--merges" } else { "--no-merges" };
    let mut list = repository
        .command(&["rev-list", "--all", which])
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| not_started(&error))?;
    let mut arguments: Vec<String> = [
        "diff-tree",
        "--stdin",
        "-r",
        "--root",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
    ]
    .map(str::to_owned)
    .to_vec();
    if merges {
        arguments.push("-m".to_owned());
    }
    arguments.extend(objects.iter().map(|id| format!("--find-object={id}")));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut diff = repository.command(&arguments);
    diff.stdin(Stdio::from(piped(list.stdout.take())?));
    let said = run(diff)?;
    let _ = list.wait();
    Ok(parse(&said, objects))
}

/// `COMMIT\0` and then `:MODE MODE ID ID STATUS\0PATH\0` for each file.
fn parse(said: &[u8], objects: &[&str]) -> HashMap<String, (String, String)> {
    let objects: HashSet<&str> = objects.iter().copied().collect();
    let mut found = HashMap::new();
    let mut commit = String::new();
    let mut parts = said.split(|byte| *byte == 0);
    while let Some(part) = parts.next() {
        let text = String::from_utf8_lossy(part);
        let Some(about) = text.strip_prefix(':') else {
            text.trim().clone_into(&mut commit);
            continue;
        };
        let path = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let after = about.split(' ').nth(3).unwrap_or_default();
        // Where it is what goes, it came before.
        if objects.contains(after) {
            found.insert(after.to_owned(), (commit.clone(), path));
        }
    }
    found
}

fn commit_of(repository: &Repository, id: &str, newer: usize) -> Result<Option<Commit>, Problem> {
    let text = repository.bytes(&["cat-file", "commit", id])?;
    let text = String::from_utf8_lossy(&text);
    let author = text.lines().take_while(|line| !line.is_empty());
    let Some(author) = author.into_iter().find_map(|line| line.strip_prefix("author ")) else {
        return Ok(None);
    };
    // `Name <address> SECONDS ZONE`
    let (name, rest) = author.rsplit_once('>').unwrap_or((author, ""));
    let seconds = rest.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok(Some(Commit { id: id.to_owned(), author: format!("{name}>"), seconds, newer }))
}
