//! What every operation must refuse.

use serde_json::{Value, json};
use testkit::spec::Operation;

use crate::calls::Run;
use crate::{bodies, derive, name};

/// No key, and a project's key: 401, whether the route exists or not.
pub fn keys(run: &mut Run<'_>, operation: &Operation) {
    let body = bodies::valid(operation, run.world);
    let target = run.world.target(operation);
    for (who, key) in [("no key", None), ("a project's key", Some(run.world.key.value.clone()))] {
        let answer = run.world.send(key.as_deref(), &operation.method, &target, &body);
        run.must_refuse(&format!("{}: {who}", name(operation)), &answer, 401, None);
        run.count(operation, "key");
    }
}

/// Bodies with one thing wrong: 400 that names it, and nothing is changed.
pub fn bodies(run: &mut Run<'_>, operation: &Operation) {
    let Some(shape) = &operation.body else { return };
    let good = bodies::valid(operation, run.world);
    let target = run.world.target(operation);
    let differences = run.spec.differences(shape, &good);
    assert_eq!(differences, Vec::<String>::new(), "the valid body of {}", name(operation));
    let (spec, before) = (run.spec, run.snapshot(operation));
    let mut refuse = |kind: &'static str, param: Option<&str>, body: &Value| {
        let answer = run.call(&operation.method, &target, body);
        run.must_refuse(&format!("{} {body}", name(operation)), &answer, 400, param);
        run.count(operation, kind);
    };
    for bad in derive::missing(spec, shape, &good) {
        refuse("missing", Some(&bad.field), &bad.body);
    }
    for bad in derive::mistyped(spec, shape, &good) {
        refuse("type", Some(&bad.field), &bad.body);
    }
    let mut unknown = good.clone();
    unknown["conformance"] = json!(1);
    refuse("field", Some("conformance"), &unknown);
    for body in [json!([good]), json!("conformance"), json!(1)] {
        refuse("field", None, &body);
    }
    let after = run.snapshot(operation);
    if before != after {
        run.wrong.push(format!("{}: changed {before} to {after}", name(operation)));
    }
}

/// Ids of nothing, and of what belongs to another project: 404.
pub fn ids(run: &mut Run<'_>, operation: &Operation) {
    let body = bodies::valid(operation, run.world);
    let places = operation.path.split('/').filter(|part| part.starts_with('{'));
    for place in places {
        let mut strangers = vec!["conformance-unknown".to_owned()];
        // The same ids of rate limits are in every project.
        let more = !operation.path.ends_with("{project_id}")
            && operation.path.ends_with('}')
            && !operation.path.ends_with("{rate_limit_id}");
        if place == "{project_id}" && more {
            strangers.push(run.world.elsewhere.clone());
        }
        for stranger in strangers {
            let target = run.world.fill(&operation.path.replace(place, &stranger));
            let what = format!("{} {target}", operation.method);
            let answer = run.call(&operation.method, &target, &body);
            run.must_refuse(&what, &answer, 404, None);
            run.count(operation, "id");
        }
    }
}
