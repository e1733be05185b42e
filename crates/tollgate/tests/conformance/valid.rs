//! Valid calls of every operation, in an order in which each can succeed.

use testkit::spec::Operation;

use crate::calls::Run;
use crate::{bodies, name};

/// Reports of what the world did: their results must be there, or their shape says nothing.
const SPENT: [&str; 6] = [
    "/costs",
    "usage/audio_speeches",
    "usage/completions",
    "usage/embeddings",
    "usage/images",
    "usage/moderations",
];

pub fn all(run: &mut Run<'_>, operations: &[Operation]) {
    let mut ordered: Vec<&Operation> = operations.iter().collect();
    // What is inside goes before what it is in; a project's end is last.
    ordered.sort_by_key(|operation| {
        let depth = operation.path.split('/').count();
        match operation.method.as_str() {
            "GET" => (0, 0),
            "POST" if operation.path.ends_with("/archive") => (3, 0),
            "POST" => (1, depth),
            _ => (2, usize::MAX - depth),
        }
    });
    for operation in ordered {
        let target = run.world.target(operation);
        let body = bodies::valid(operation, run.world);
        let what = format!("{} {body}", name(operation));
        let answer = run.call(&operation.method, &target, &body);
        let answer = run.must_succeed(operation, &what, &answer);
        if SPENT.iter().any(|report| operation.path.ends_with(report)) {
            let buckets = answer["data"].as_array().into_iter().flatten();
            let results = buckets.map(|bucket| bucket["results"].as_array().map_or(0, Vec::len));
            if results.sum::<usize>() == 0 {
                run.wrong.push(format!("{what}: no results to look at: {answer}"));
            }
        }
        run.count(operation, "valid");
        if operation.method == "DELETE" && operation.path.ends_with('}') {
            let again = run.call("GET", &target, &serde_json::Value::Null);
            run.must_refuse(&format!("GET {target} once it is deleted"), &again, 404, None);
        }
    }
}
