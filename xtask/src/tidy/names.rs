//! Names of files and modules, words that must not be merged, and paths that documents name.

use super::source::words;
use super::tree::Tree;
use crate::root;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 5] = ["util", "utils", "common", "helper", "helpers"];

const UNFINISHED: [&str; 3] = ["todo!(", "unimplemented!(", "#[ignore"];

const MAP: &str = "docs/ARCHITECTURE.md";

pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, source) in tree.sources() {
        let path = &file.path;
        let mut parts = path.trim_end_matches(".rs").split('/');
        if path.ends_with("/mod.rs") {
            problems.push(format!("{path}: no mod.rs; use foo.rs beside foo/"));
        }
        if let Some(name) = parts.find(|part| EMPTY_NAMES.contains(part)) {
            problems.push(format!("{path}: `{name}` says nothing; name it after what it knows"));
        }
        for at in words(&source.code, "mod") {
            let name = source.code[at + 3..].trim_start();
            let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
            if EMPTY_NAMES.contains(&name) {
                let line = source.line(at);
                problems.push(format!(
                    "{path}:{line}: module `{name}` says nothing; name it after what it knows"
                ));
            }
        }
        for what in UNFINISHED {
            for (at, _) in source.code.match_indices(what) {
                let line = source.line(at);
                problems
                    .push(format!("{path}:{line}: `{what}` is unfinished; finish or remove it"));
            }
        }
    }
    problems.extend(missing_paths(tree));
    problems
}

/// Paths in the map of the house that lead nowhere.
fn missing_paths(tree: &Tree) -> Vec<String> {
    let Some(map) = tree.files.iter().find(|file| file.path == MAP) else { return Vec::new() };
    let mut problems = Vec::new();
    for (number, line) in map.text.lines().enumerate() {
        for quoted in line.split('`').skip(1).step_by(2) {
            if is_path(quoted) && !root().join(quoted).exists() {
                let number = number + 1;
                problems
                    .push(format!("{MAP}:{number}: `{quoted}` does not exist; correct the map"));
            }
        }
    }
    problems
}

fn is_path(text: &str) -> bool {
    let first = text.split_once('/').map(|(first, _)| first);
    let ours = ["crates", "testkit", "bench", "xtask", "fuzz", "docs", ".ci", ".cargo"];
    // A pattern or a placeholder names no one file.
    first.is_some_and(|first| ours.contains(&first)) && !text.contains([' ', '*', '{', '<', '…'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_unfinished_code_and_dead_paths_are_told() {
        let problems = check(&Tree::of(&[
            ("crates/a/src/util.rs", ""),
            ("crates/a/src/b/mod.rs", "mod helpers;\nfn a() { todo!() }\n"),
            (MAP, "`crates/none/src/x.rs`, `xtask/src/main.rs`, `crates/*/src`, `GET /v1`\n"),
        ]));
        assert_eq!(problems.len(), 5, "{problems:?}");
    }
}
