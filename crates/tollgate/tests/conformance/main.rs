//! OpenAI's Administration API, operation by operation, on the real binary: what is asked is
//! derived from the document itself; only the bodies of valid calls are written by hand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests fail by panicking, print what they covered, and run on the real clock"
)]

mod bodies;
mod calls;
mod derive;
mod lists;
mod refusals;
mod valid;
mod world;

use std::collections::BTreeMap;

use testkit::spec::{Operation, Spec};

use calls::{Asked, Run};
use world::World;

/// What is counted for each operation.
const KINDS: [&str; 8] = ["key", "missing", "type", "field", "id", "query", "list", "valid"];

#[test]
fn every_operation_of_the_document_conforms() {
    let spec = Spec::administration();
    let world = World::build();
    let mut run = Run::new(&spec, &world);
    let absent: Vec<String> =
        spec.operations.iter().filter(|operation| !run.is_served(operation)).map(name).collect();
    assert_eq!(absent, [""; 0], "operations that are not served");
    for operation in &spec.operations {
        refusals::keys(&mut run, operation);
    }
    for operation in &spec.operations {
        refusals::bodies(&mut run, operation);
        refusals::ids(&mut run, operation);
        lists::parameters(&mut run, operation);
        lists::pages(&mut run, operation);
    }
    valid::all(&mut run, &spec.operations);
    print(&spec, &run);
    let wrong = &run.wrong;
    assert!(wrong.is_empty(), "{} deviations:\n{}", wrong.len(), wrong.join("\n"));
    // What was asked is not nothing: each operation was called in the ways that it has.
    for operation in &spec.operations {
        let asked = run.asked.get(&name(operation)).expect("asked");
        assert!(asked.of("key") == 2 && asked.of("valid") > 0, "{}", name(operation));
        assert!(operation.body.is_none() || asked.of("type") > 0, "{}", name(operation));
        assert!(!operation.path.contains('{') || asked.of("id") > 0, "{}", name(operation));
    }
}

pub fn name(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

fn print(spec: &Spec, run: &Run<'_>) {
    let nothing = Asked::default();
    println!("{:<106}{}", "operation", KINDS.map(|kind| format!("{kind:>8}")).concat());
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for operation in &spec.operations {
        let name = name(operation);
        let asked = run.asked.get(&name).unwrap_or(&nothing);
        KINDS.iter().for_each(|kind| *sums.entry(kind).or_default() += asked.of(kind));
        println!("{name:<106}{}", KINDS.map(|kind| format!("{:>8}", asked.of(kind))).concat());
    }
    let all = spec.operations.len();
    let sums = KINDS.map(|kind| format!("{:>8}", sums.get(kind).unwrap_or(&0)));
    println!("{:<106}{}", format!("all {all}"), sums.concat());
}
