//! White space, and nobody's own folders.

use super::tree::{File, Tree};

/// Bytes that are what they are: inputs for parsers, and what tools write.
const AS_THEY_ARE: [&str; 2] = ["fuzz/seeds/", "Cargo.lock"];

/// In two pieces each, or this file would be the first to hold them.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

pub(crate) fn check(tree: &Tree) -> Vec<String> {
    tree.files.iter().filter(|file| !file.under(&AS_THEY_ARE)).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<String> {
    let path = &file.path;
    let mut problems = Vec::new();
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        problems.push(format!("{path}: add a line break at the end"));
    }
    for (at, line) in file.text.lines().enumerate() {
        let number = at + 1;
        if line.ends_with([' ', '\t', '\r']) {
            problems.push(format!("{path}:{number}: remove the white space at the end"));
        }
        if file.source.is_some() && line.contains('\t') {
            problems.push(format!("{path}:{number}: a tab; indent with spaces, write \\t in text"));
        }
        if let Some(found) = MACHINE_PATHS.into_iter().find(|place| begins_path(line, place)) {
            problems
                .push(format!("{path}:{number}: `{found}` is one machine's; use a relative path"));
        }
    }
    problems
}

/// Whether an absolute path begins with `place`; the middle of a path or a URL is another thing.
fn begins_path(line: &str, place: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '~');
    line.match_indices(place).any(|(at, _)| !line[..at].ends_with(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_machine_paths_are_told() {
        let text = format!("a \n\tb\ncd {}x\nhttp://h{}x\nend", MACHINE_PATHS[0], MACHINE_PATHS[0]);
        let problems = check(&Tree::of(&[("crates/a/src/b.rs", &text), ("fuzz/seeds/x", "a ")]));
        assert_eq!(problems.len(), 4, "{problems:?}");
    }
}
