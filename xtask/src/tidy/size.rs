//! Lengths of files and functions, and each crate's share of the code.

use std::collections::BTreeMap;

use super::tree::Tree;

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
/// Percent of the lines under crates/. The design aims at a quarter.
const LARGEST_SHARE: usize = 40;

/// Tables: one row after another, nothing to understand.
const TABLES: [&str; 4] = [
    "crates/openai/src/surface/table.rs",
    "crates/providers/src/models/table.rs",
    "crates/providers/src/prices/table.rs",
    "crates/domain/src/fault/catalogue.rs",
];

pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, source) in tree.sources() {
        let lines = source.product().lines().count();
        if lines > FILE_LINES && !file.under(&TABLES) {
            problems.push(format!(
                "{}: {lines} lines without tests, {FILE_LINES} at most; split it by what it knows",
                file.path
            ));
        }
        for function in source.functions() {
            if function.lines > FUNCTION_LINES {
                problems.push(format!(
                    "{}:{}: `{}` has {} lines, {FUNCTION_LINES} at most; name its steps",
                    file.path, function.line, function.name, function.lines
                ));
            }
        }
    }
    for (name, _, share) in shares(tree) {
        if share > LARGEST_SHARE {
            problems.push(format!(
                "crates/{name} holds {share} % of the code, {LARGEST_SHARE} % at most; move what \
                 another crate could own"
            ));
        }
    }
    problems
}

/// Each crate's lines and their share in percent, the largest first.
pub(crate) fn shares(tree: &Tree) -> Vec<(String, usize, usize)> {
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for (file, _) in tree.sources() {
        if let Some((name, _)) = file.path.strip_prefix("crates/").and_then(|p| p.split_once('/')) {
            *lines.entry(name).or_default() += file.text.lines().count();
        }
    }
    let all: usize = lines.values().sum();
    let share = |lines: usize| (lines * 100).checked_div(all).unwrap_or(0);
    let mut found: Vec<_> =
        lines.into_iter().map(|(name, lines)| (name.to_owned(), lines, share(lines))).collect();
    found.sort_by_key(|(_, lines, _)| std::cmp::Reverse(*lines));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_and_functions_are_told() {
        let long = format!("fn long() {{\n{}}}\n{}", "    a();\n".repeat(69), "// x\n".repeat(430));
        let problems = check(&Tree::of(&[
            ("xtask/src/a.rs", &long),
            ("xtask/tests/a.rs", &long),
            ("crates/domain/src/fault/catalogue.rs", &"// x\n".repeat(600)),
        ]));
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[2].contains("100 %"));
    }
}
