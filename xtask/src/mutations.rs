//! `cargo xtask mutations`: takes away one guard of the hard limit after another, in a copy of
//! the tree, and expects a named test to fail each time.

mod list;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::tidy::tree::{Tree, paths};
use crate::{Result, root, run, target_dir};
use list::{Mutation, Test};

pub(crate) const HELP: &str = "\
cargo xtask mutations [WORDS]

Copies the tree to target/mutations and takes away one guard of the hard limit after another (all of
them, those whose name has WORDS in it, or those that a test of the package WORDS misses). For each,
a named test must fail; without any, all must pass. The list is xtask/src/mutations/list.rs. Takes minutes; the first time builds everything.";

/// The same project in another place, with a target directory of its own.
struct Copy {
    root: PathBuf,
    target: PathBuf,
}

pub(crate) fn run(words: &[String]) -> Result<()> {
    let wanted = words.join(" ");
    let chosen: Vec<_> = list::all()
        .filter(|one| one.guard.contains(&wanted) || one.test.package == wanted)
        .collect();
    if chosen.is_empty() {
        return Err(
            format!("no guard has `{wanted}` in its name, and no package is called so").into()
        );
    }
    let stale = stale(&Tree::read()?);
    if !stale.is_empty() {
        return Err(stale.join("\n").into());
    }
    let copy = Copy::make()?;
    println!("==> all tests pass with every guard in place");
    copy.all_pass(&chosen)?;
    let mut unseen = 0;
    for (at, mutation) in chosen.iter().enumerate() {
        let begun = Instant::now();
        let verdict = copy.without(mutation)?;
        unseen += usize::from(verdict != "seen");
        let seconds = begun.elapsed().as_secs_f64();
        let (number, of) = (at + 1, chosen.len());
        println!("{number:>2}/{of} {verdict:<14} {:<52} {seconds:>5.1} s", mutation.guard);
    }
    match unseen {
        0 => {
            println!("{} guards taken away, each noticed by its test", chosen.len());
            Ok(())
        }
        _ => Err(format!("{unseen} of {} guards were not missed", chosen.len()).into()),
    }
}

/// Rows of the list that no longer fit the tree.
pub(crate) fn stale(tree: &Tree) -> Vec<String> {
    const REMEDY: &str = "correct its row in xtask/src/mutations/list.rs";
    let mut problems = Vec::new();
    for Mutation { guard, file, from, to, test } in list::all() {
        let text = tree.files.iter().find(|f| f.path == *file).map_or("", |f| f.text.as_str());
        let count = text.matches(from).count();
        if count != 1 || from == to {
            problems
                .push(format!("{file}: the text of `{guard}` is there {count} times; {REMEDY}"));
        }
        let name = test.name.rsplit("::").next().unwrap_or_default();
        let function = format!("fn {name}(");
        let folder = format!("crates/{}/", test.package);
        let of_package = |path: &str| path.starts_with(&folder);
        if !tree.files.iter().any(|f| of_package(&f.path) && f.text.contains(&function)) {
            problems.push(format!("{folder}: `{guard}` names `{name}`, which is gone; {REMEDY}"));
        }
    }
    problems
}

impl Copy {
    /// Writes only what differs, so that Cargo builds only that.
    fn make() -> Result<Self> {
        let folder = target_dir().join("mutations");
        let copy = Self { root: folder.join("tree"), target: folder.join("target") };
        for path in paths()? {
            let Ok(bytes) = fs::read(root().join(&path)) else { continue };
            let to = copy.root.join(&path);
            if fs::read(&to).is_ok_and(|there| there == bytes) {
                continue;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(to, bytes)?;
        }
        Ok(copy)
    }

    fn all_pass(&self, chosen: &[&Mutation]) -> Result<()> {
        let mut by_suite: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
        for Mutation { test, .. } in chosen {
            by_suite.entry((test.package, test.suite)).or_default().insert(test.name);
        }
        for ((package, suite), names) in by_suite {
            let names: Vec<_> = names.into_iter().collect();
            let output = self.cargo(package, suite, &names).output()?;
            let text = String::from_utf8_lossy(&output.stdout);
            // A name that no test has would pass as well.
            if !text.contains(&format!("test result: ok. {} passed", names.len())) {
                let errors = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{package}: not all pass: {names:?}\n{text}{errors}").into());
            }
        }
        Ok(())
    }

    fn without(&self, mutation: &Mutation) -> Result<&'static str> {
        let path = self.root.join(mutation.file);
        let whole = fs::read_to_string(&path)?;
        fs::write(&path, whole.replacen(mutation.from, mutation.to, 1))?;
        let verdict = self.verdict(&mutation.test);
        fs::write(&path, whole)?;
        verdict
    }

    fn verdict(&self, test: &Test) -> Result<&'static str> {
        let output = self.cargo(test.package, test.suite, &[test.name]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(match () {
            () if text.contains("test result: FAILED. 0 passed; 1 failed") => "seen",
            () if text.contains("test result: ok.") => "NOT SEEN",
            () => "DOES NOT BUILD",
        })
    }

    fn cargo(&self, package: &str, suite: &str, names: &[&str]) -> Command {
        let mut command = run::cargo(&["test", "--quiet", "--locked", "--package", package]);
        match suite {
            "" => command.arg("--lib"),
            suite => command.args(["--test", suite]),
        };
        command.args(["--", "--exact"]).args(names);
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        // What a proptest found in a mutant is no regression of ours.
        command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true");
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_no_longer_fits_is_told() {
        assert_eq!(stale(&Tree::of(&[])).len(), 2 * list::all().count());
    }

    #[test]
    fn guards_have_names_of_their_own() {
        let names: BTreeSet<_> = list::all().map(|one| one.guard).collect();
        assert_eq!(names.len(), list::all().count());
    }
}
