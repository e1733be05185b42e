//! The surface table against OpenAI's own list of operations, which `cargo xtask spec` writes.

use std::collections::BTreeMap;

use openai::surface::OPERATIONS;

const SPEC: &str = include_str!("spec/operations.txt");

/// A path with its parameters unnamed: only their places matter.
fn unnamed(path: &str) -> String {
    let segments = path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s });
    segments.collect::<Vec<_>>().join("/")
}

fn counted(operations: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    operations.fold(BTreeMap::new(), |mut count, operation| {
        *count.entry(operation).or_default() += 1;
        count
    })
}

#[test]
fn every_operation_of_openais_has_exactly_one_row_and_no_row_is_invented() {
    let spec = counted(SPEC.lines().map(unnamed));
    let rows = counted(OPERATIONS.iter().map(|o| unnamed(&format!("{} {}", o.method, o.path))));
    let doubled: Vec<_> = rows.iter().filter(|(_, count)| **count > 1).collect();
    let missing: Vec<_> = spec.keys().filter(|line| !rows.contains_key(*line)).collect();
    let invented: Vec<_> = rows.keys().filter(|line| !spec.contains_key(*line)).collect();
    assert!(doubled.is_empty(), "more than one row: {doubled:#?}");
    assert!(missing.is_empty(), "no row in surface/table.rs: {missing:#?}");
    assert!(invented.is_empty(), "not in OpenAI's document: {invented:#?}");
}
