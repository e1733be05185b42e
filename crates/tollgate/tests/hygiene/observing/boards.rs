//! The dashboard and the alerts name only metrics and labels that a gateway has.

use std::collections::BTreeSet;

use serde_json::Value;

use super::figures::busy;
use super::page::Page;

const BOARD: &str = include_str!("../../../../../deploy/grafana/tollgate.json");
const RULES: &str = include_str!("../../../../../deploy/prometheus/tollgate.rules.yml");

/// The metrics of an expression, each with the labels that its selector names.
fn selectors(expr: &str) -> Vec<(String, Vec<String>)> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let plain = without_groups(expr);
    let mut rest = plain.as_str();
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '"') {
        if rest[at..].starts_with('"') {
            let close = rest[at + 1..].find('"').expect("a closed string");
            rest = &rest[at + close + 2..];
            continue;
        }
        let name: String = rest[at..].chars().take_while(|c| word(*c)).collect();
        rest = &rest[at + name.len()..];
        if !name.contains('_') || PROMQL.contains(&name.as_str()) {
            continue;
        }
        let inside = rest.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let labels = inside.map_or_else(Vec::new, |(inside, _)| {
            let named = inside.split(',').filter_map(|pair| pair.split(['=', '!']).next());
            named.map(|label| label.trim().to_owned()).collect()
        });
        rest = inside.map_or(rest, |(_, after)| after);
        found.push((name, labels));
    }
    found
}

fn without_groups(expr: &str) -> String {
    let mut parts = expr.split("by (");
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |out, part| out + part.split_once(')').expect("a closed group").1)
}

/// What an expression groups by.
fn grouped(expr: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in expr.match_indices("by (") {
        let list = expr[at + 4..].split(')').next().unwrap();
        found.extend(list.split(',').map(|label| label.trim().to_owned()));
    }
    found
}

const PROMQL: [&str; 4] = ["histogram_quantile", "clamp_min", "label_values", "rate_interval"];
/// What Prometheus itself adds to every series, and a histogram's bound.
const ADDED: [&str; 3] = ["job", "instance", "le"];

#[track_caller]
fn check(page: &Page, expr: &str) {
    let all = selectors(expr);
    assert!(!all.is_empty(), "no metric in {expr}");
    let mut known: BTreeSet<&str> = ADDED.into_iter().collect();
    for (name, labels) in &all {
        let family = page.family(name);
        assert!(page.kinds.contains_key(family), "{name} is no metric: {expr}");
        let table = include_str!("../../../../../docs/metrics.md");
        let row = table.lines().find(|line| line.starts_with(&format!("| `{family}` |"))).unwrap();
        let own: Vec<&str> = row.split('|').nth(3).unwrap().split('`').skip(1).step_by(2).collect();
        for label in labels {
            let is = own.contains(&label.as_str()) || ADDED.contains(&label.as_str());
            assert!(is, "{name} has no label {label}: {expr}");
        }
        known.extend(own);
    }
    for label in grouped(expr) {
        assert!(known.contains(label.as_str()), "no label {label}: {expr}");
    }
}

#[test]
fn selectors_are_found() {
    let expr = "sum by (le) (rate(a_b_bucket{x=~\"c_d\",y!=\"e\"}[$__rate_interval])) / g_h";
    let found = selectors(expr);
    assert_eq!(found[0], ("a_b_bucket".to_owned(), vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(found.last().unwrap().0, "g_h");
    assert_eq!(grouped(expr), ["le"]);
}

#[test]
fn the_dashboard_loads_and_each_of_its_metrics_is_there() {
    let stage = busy();
    let page = Page::of(&stage.gateway);
    let board: Value = serde_json::from_str(BOARD).unwrap();
    assert!(board["schemaVersion"].as_u64().is_some_and(|version| version >= 36));
    assert!(board["title"] == "Tollgate" && board["uid"] == "tollgate" && board["id"].is_null());
    let variables = board["templating"]["list"].as_array().unwrap();
    assert!(variables.iter().any(|v| v["type"] == "datasource" && v["query"] == "prometheus"));
    let names: BTreeSet<&str> = variables.iter().map(|v| v["name"].as_str().unwrap()).collect();
    for variable in variables.iter().filter(|v| v["type"] == "query") {
        let query = variable["query"]["query"].as_str().unwrap();
        check(&page, query.split(',').next().unwrap());
    }
    let panels = board["panels"].as_array().unwrap();
    let (mut ids, mut cells, mut exprs) = (BTreeSet::new(), BTreeSet::new(), 0);
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "an id stands twice");
        assert!(panel["title"].as_str().is_some_and(|title| !title.is_empty()));
        let of = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(of("h") > 0 && of("x") + of("w") <= 24, "{}", panel["title"]);
        for (x, y) in (of("x")..of("x") + of("w"))
            .flat_map(|x| (of("y")..of("y") + of("h")).map(move |y| (x, y)))
        {
            assert!(cells.insert((x, y)), "{} covers another panel", panel["title"]);
        }
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
        let mut refs = BTreeSet::new();
        for target in panel["targets"].as_array().unwrap() {
            assert!(refs.insert(target["refId"].as_str().unwrap()));
            let expr = target["expr"].as_str().unwrap();
            check(&page, expr);
            let variables = expr.split("\"$").skip(1).map(|rest| rest.split('"').next().unwrap());
            variables.for_each(|name| assert!(names.contains(name), "no variable {name}: {expr}"));
            exprs += 1;
        }
    }
    assert!(exprs > 20, "{exprs}");
}

#[test]
fn each_metric_of_the_alerts_is_there() {
    let stage = busy();
    let page = Page::of(&stage.gateway);
    let (mut alerts, mut lines) = (BTreeSet::new(), RULES.lines().peekable());
    let mut exprs = Vec::new();
    while let Some(line) = lines.next() {
        assert!(!line.contains('\t'), "YAML has no tabs: {line}");
        let text = line.trim();
        if let Some(name) = text.strip_prefix("- alert: ") {
            assert!(alerts.insert(name), "{name} stands twice");
        } else if let Some(expr) = text.strip_prefix("expr: ") {
            let mut expr = expr.to_owned();
            if expr == ">-" {
                expr.clear();
                let deep = |line: &&str| line.starts_with(&" ".repeat(10));
                while let Some(more) = lines.next_if(deep) {
                    expr = format!("{expr} {}", more.trim());
                }
            }
            exprs.push(expr);
        } else if let Some((key, value)) = text.split_once(": ") {
            let quoted = value.starts_with('"');
            // What begins with a brace or a backquote, or holds a colon, is no plain text in YAML.
            let plain = !value.starts_with(['{', '`', '%', '@', '*', '&']) && !value.contains(": ");
            assert!(text.starts_with('#') || quoted || plain, "{key}: {value}");
        }
    }
    assert_eq!((alerts.len(), exprs.len()), (15, 15));
    exprs.iter().for_each(|expr| check(&page, expr));
    for at in ["severity:", "summary:", "description:"] {
        assert_eq!(RULES.matches(at).count(), alerts.len(), "{at}");
    }
}
