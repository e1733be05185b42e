//! A history to scan: Debian's packages bring none, so it is made of the files of a tree, each in
//! many versions, by many commits.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// As the kernel's repository has them: most files small, each changed now and then.
const FILES: usize = 6_000;
const VERSIONS: usize = 20;
const COMMITS: usize = 30_000;

/// A repository of 30,000 commits, each of which changes four files.
pub(super) fn make(home: &Path, tree: &Path) -> Result<PathBuf> {
    let git_dir = home.join("long-history.git");
    if git_dir.join("made").exists() {
        return Ok(git_dir);
    }
    let _ = fs::remove_dir_all(&git_dir);
    Command::new("git").args(["init", "-q", "--bare", "-b", "main"]).arg(&git_dir).status()?;
    let mut importer = Command::new("git");
    importer.arg("--git-dir").arg(&git_dir).args(["fast-import", "--quiet", "--depth=10"]);
    let mut child = importer.stdin(Stdio::piped()).spawn()?;
    {
        let mut out = BufWriter::new(child.stdin.take().ok_or("git takes no stream")?);
        let mut files = Vec::new();
        sources(tree, &mut files)?;
        files.truncate(FILES);
        blobs(&mut out, &files)?;
        commits(&mut out, tree, &files)?;
        out.flush()?;
    }
    if !child.wait()?.success() {
        return Err("git fast-import failed".into());
    }
    fs::write(git_dir.join("made"), "")?;
    Ok(git_dir)
}

/// Files of C, in the order of their names.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort();
    for path in entries {
        if into.len() >= FILES {
            return Ok(());
        }
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            sources(&path, into)?;
        } else if path.extension().is_some_and(|ending| ending == "c") {
            into.push(path);
        }
    }
    Ok(())
}

fn mark(file: usize, version: usize) -> usize {
    file * VERSIONS + version + 1
}

/// All versions of a file one after another, so that git keeps them as differences.
fn blobs(out: &mut impl Write, files: &[PathBuf]) -> Result<()> {
    for (number, path) in files.iter().enumerate() {
        let mut text = fs::read(path)?;
        for version in 0..VERSIONS {
            let at = text.len() * (version + 1) / (VERSIONS + 2);
            let line = format!("/* change {version} of file {number} */\n");
            text.splice(at..at, line.into_bytes());
            write!(out, "blob\nmark :{}\ndata {}\n", mark(number, version), text.len())?;
            out.write_all(&text)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// Each file comes up again when all others had their turn.
fn commits(out: &mut impl Write, tree: &Path, files: &[PathBuf]) -> Result<()> {
    let each = files.len() * VERSIONS / COMMITS;
    let mut changes =
        (0..VERSIONS).flat_map(|version| (0..files.len()).map(move |file| (file, version)));
    for number in 0..COMMITS {
        let time = 1_500_000_000 + number * 600;
        let message = format!("change {number}");
        write!(out, "commit refs/heads/main\ncommitter A <a@example.com> {time} +0000\n")?;
        write!(out, "data {}\n{message}\n", message.len())?;
        for (file, version) in changes.by_ref().take(each) {
            let name = files[file].strip_prefix(tree)?.display();
            writeln!(out, "M 100644 :{} {name}", mark(file, version))?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}
