//! Parameters of queries, and pages.

use serde_json::Value;
use testkit::spec::{Field, Operation, Shape};

use crate::calls::Run;
use crate::derive::alternatives;
use crate::name;

/// Each parameter with values that fit, 200, and with others, 400 that names it; one that nobody knows
/// is ignored.
pub fn parameters(run: &mut Run<'_>, operation: &Operation) {
    let base = run.world.target(operation);
    if operation.method == "GET" {
        let target = with(&base, "conformance", "conformance=1");
        let answer = run.call("GET", &target, &Value::Null);
        run.must_succeed(operation, &target, &answer);
        run.count(operation, "query");
    }
    for field in &operation.query {
        if field.required {
            let bare = base.split('?').next().unwrap_or_default();
            refuse(run, operation, bare, &field.name);
        }
        let plain = field.name.strip_suffix("[]").unwrap_or(&field.name);
        let (good, bad) = values(run, field);
        for (pair, param) in bad {
            refuse(run, operation, &with(&base, plain, &pair), &param);
        }
        for pair in good {
            let target = with(&base, plain, &pair);
            let answer = run.call("GET", &target, &Value::Null);
            run.must_succeed(operation, &target, &answer);
            run.count(operation, "query");
        }
    }
}

fn refuse(run: &mut Run<'_>, operation: &Operation, target: &str, param: &str) {
    let answer = run.call("GET", target, &Value::Null);
    run.must_refuse(&format!("GET {target}"), &answer, 400, Some(param));
    run.count(operation, "query");
}

/// The target with one more pair, instead of the one of that name that it may have.
fn with(base: &str, name: &str, pair: &str) -> String {
    let (path, query) = base.split_once('?').unwrap_or((base, ""));
    let other = |it: &&str| !it.is_empty() && it.split('=').next() != Some(name);
    let pairs: Vec<&str> = query.split('&').filter(other).chain([pair]).collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Pairs that fit; pairs that do not, with the name by which they are refused.
fn values(run: &Run<'_>, field: &Field) -> (Vec<String>, Vec<(String, String)>) {
    let plain = field.name.strip_suffix("[]").unwrap_or(&field.name).to_owned();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let mut refused = |pair: String, name: &str| bad.push((pair, name.to_owned()));
    let shapes = alternatives(run.spec, &field.shape);
    match shapes.first().expect("a shape") {
        Shape::Number { least, most, .. } => {
            for text in ["conformance", "1.5", "-1", "99999999999999999999"] {
                refused(format!("{plain}={text}"), &plain);
            }
            for beyond in [least.map(|least| least - 1), most.map(|most| most + 1)] {
                beyond.iter().for_each(|it| refused(format!("{plain}={it}"), &plain));
            }
            if plain == "limit" {
                refused("limit=1000001".into(), "limit");
                good.extend([format!("limit={}", most.unwrap_or(1)), "limit=1".into()]);
                good.extend(least.map(|least| format!("limit={least}")));
            }
        }
        Shape::Boolean => {
            refused(format!("{plain}=conformance"), &plain);
            good.extend(["true", "false"].map(|word| format!("{plain}={word}")));
        }
        Shape::Literal(_) => {
            refused(format!("{plain}=conformance"), &plain);
            good.extend(words(&shapes).map(|word| format!("{plain}={word}")));
        }
        Shape::List(item) => {
            let shapes = alternatives(run.spec, item);
            let mut list = words(&shapes).peekable();
            let spellings = [format!("{plain}[]"), format!("{plain}%5B%5D"), plain.clone()];
            if list.peek().is_none() {
                good.extend(spellings.map(|name| format!("{name}=a&{name}=b")));
            } else {
                spellings.iter().for_each(|it| refused(format!("{it}=conformance"), &plain));
                good.extend(list.map(|word| format!("{plain}[]={word}")));
            }
        }
        Shape::Object(fields, _) => {
            for part in fields {
                let name = format!("{plain}[{}]", part.name);
                refused(format!("{name}=conformance"), &name);
                good.push(format!("{name}=1767225600"));
            }
        }
        // A page's token is ours to read; the cursors of lists have their own checks.
        Shape::Text if plain == "page" => refused("page=conformance".into(), "page"),
        _ => {}
    }
    (good, bad)
}

fn words<'a>(shapes: &'a [&'a Shape]) -> impl Iterator<Item = &'a str> {
    shapes.iter().filter_map(|shape| match shape {
        Shape::Literal(word) => word.as_str(),
        _ => None,
    })
}

/// Cursors leave out the row that they name and all on its other side; one of nobody has nothing
/// behind it; the orders are each other's reverse.
pub fn pages(run: &mut Run<'_>, operation: &Operation) {
    let takes = |name: &str| operation.query.iter().any(|field| field.name == name);
    if !takes("after") {
        return;
    }
    let base = run.world.target(operation);
    // OpenAI names no largest page for rate limits; there is one for each model.
    let most = if operation.path.ends_with("rate_limits") { 1000 } else { 100 };
    let read = |run: &mut Run<'_>, pair: &str| {
        let limit =
            if pair.starts_with("limit") { String::new() } else { format!("&limit={most}") };
        let target = format!("{base}?{pair}{limit}");
        let answer = run.call("GET", &target, &Value::Null);
        let page = run.must_succeed(operation, &target, &answer);
        run.count(operation, "list");
        (ids(&page), page["has_more"] == true)
    };
    let (rows, more) = read(run, &format!("limit={most}"));
    let [first, .., last] = rows.as_slice() else {
        return run.wrong.push(format!("{}: too few rows: {rows:?}", name(operation)));
    };
    if more {
        return run.wrong.push(format!("{}: more than a page of {most}", name(operation)));
    }
    let expect = |run: &mut Run<'_>, pair: String, wanted: (&[String], bool)| {
        let (found, more) = read(run, &pair);
        if (found.as_slice(), more) != wanted {
            let what = format!("{}?{pair}", operation.path);
            run.wrong.push(format!("{what}: {found:?}, {more}; expected {wanted:?} of {rows:?}"));
        }
    };
    expect(run, "limit=1".into(), (&rows[..1], true));
    expect(run, format!("after={first}"), (&rows[1..], false));
    expect(run, format!("after={last}"), (&[], false));
    expect(run, "after=conformance-unknown".into(), (&[], false));
    if takes("before") {
        expect(run, "before=conformance-unknown".into(), (&[], false));
        expect(run, format!("before={last}"), (&rows[..rows.len() - 1], false));
        expect(run, format!("before={first}"), (&[], false));
        // The page is the one that ends at the cursor.
        let end = rows.len() - 1;
        expect(run, format!("limit=1&before={last}"), (&rows[end - 1..end], end > 1));
    }
    if takes("order") {
        let (up, _) = read(run, "order=asc");
        let (mut down, _) = read(run, "order=desc");
        down.reverse();
        if up != down {
            run.wrong.push(format!("{}: asc {up:?}, desc reversed {down:?}", name(operation)));
        }
    }
}

fn ids(page: &Value) -> Vec<String> {
    let rows = page["data"].as_array().into_iter().flatten();
    let id = |row: &Value| row["id"].as_str().or(row["group_id"].as_str()).map(str::to_owned);
    rows.filter_map(id).collect()
}
