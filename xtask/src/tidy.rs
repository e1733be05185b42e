//! `cargo xtask tidy`: the few rules of the house that a compiler does not hold, each with its
//! remedy in the message. Patterns are looked for in code without its comments and strings.

mod names;
mod size;
mod source;
mod text;
pub(crate) mod tree;
mod walls;

use crate::{Result, mutations};
use tree::Tree;

pub(crate) const HELP: &str = "\
cargo xtask tidy

Checks every tracked file: which crate may use which, where secrets are shown and sockets opened,
sizes of files and functions, names, that docs/ARCHITECTURE.md names files that exist, and that the
list of mutations still fits.";

pub(crate) fn run() -> Result<()> {
    let tree = Tree::read()?;
    for (name, lines, share) in size::shares(&tree).into_iter().take(1) {
        println!("largest crate: {name}, {lines} lines, {share} % of crates/");
    }
    let problems = problems(&tree);
    if problems.is_empty() {
        return Ok(());
    }
    for problem in &problems {
        eprintln!("{problem}");
    }
    Err(format!("{} rules broken", problems.len()).into())
}

/// Everything that is wrong, as `path:line: what; remedy`.
fn problems(tree: &Tree) -> Vec<String> {
    let mut all = walls::check(tree);
    all.extend(size::check(tree));
    all.extend(names::check(tree));
    all.extend(text::check(tree));
    all.extend(mutations::stale(tree));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let problems = problems(&Tree::read().unwrap());
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}
