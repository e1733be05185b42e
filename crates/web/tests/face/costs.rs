//! `GET /v1/organization/costs`.

use crate::gateway::Gateway;
use domain::{Cost, GroupBy, Nanos, Tokens, UsageRow};
use serde_json::{Value, json};

const COSTS: &str = "/v1/organization/costs";
const DAY: i64 = 86_400;
/// The midnight before now.
const TODAY: i64 = crate::world::NOON - DAY / 2;

fn row() -> UsageRow {
    let [input, input_cached, output, other] = [1_000_000_000, 25, 300_000, 0].map(Nanos);
    UsageRow {
        project: Some("proj_1".to_owned()),
        key: Some("key_1".to_owned()),
        model: Some("gpt-4o".to_owned()),
        requests: 5,
        unpriced: 2,
        tokens: Tokens { input: 10, input_cached: 4, output: 3, ..Tokens::default() },
        cost: Cost { input, input_cached, output, other },
        estimated_cost: Cost { output: Nanos(100), ..Cost::default() },
        ..UsageRow::default()
    }
}

fn results(gateway: &Gateway, query: &str) -> Vec<Value> {
    let target = format!("{COSTS}?start_time={TODAY}{query}");
    let reply = gateway.ok("GET", &target, "");
    reply.body["data"][0]["results"].as_array().unwrap().clone()
}

#[test]
fn a_day_is_one_exact_number_of_dollars() {
    let gateway = Gateway::start();
    let row = UsageRow { project: None, key: None, model: None, ..row() };
    gateway.world.state().usage.insert(TODAY, row);
    let expected = json!({
        "object": "organization.costs.result",
        "amount": {"value": 1.000_300_025, "currency": "usd"},
        "line_item": null, "project_id": null, "api_key_id": null,
        "quantity": null, "quantity_unit": null,
        "amount_nanos": 1_000_300_025, "estimated_nanos": 100, "num_unpriced_requests": 2,
    });
    assert_eq!(results(&gateway, ""), [expected]);
    let asked = gateway.world.state().questions.pop().unwrap();
    assert!(asked.families.is_empty(), "every family costs");
    assert_eq!(asked.group, GroupBy::default());
}

#[test]
fn line_items_are_models_and_parts_and_sum_to_the_whole() {
    let gateway = Gateway::start();
    gateway.world.state().usage.insert(TODAY, row());
    let group = "&group_by[]=line_item&group_by[]=project_id&group_by[]=api_key_id";
    let found = results(&gateway, group);
    let lines: Vec<_> = found
        .iter()
        .map(|r| (r["line_item"].as_str().unwrap(), &r["amount"]["value"], &r["quantity"]))
        .collect();
    assert_eq!(
        lines,
        [
            ("gpt-4o, input", &json!(1), &json!(6)),
            ("gpt-4o, cached input", &json!(0.000_000_025), &json!(4)),
            ("gpt-4o, output", &json!(0.0003), &json!(3)),
        ]
    );
    let sum = |field: &str| found.iter().map(|r| r[field].as_i64().unwrap()).sum::<i64>();
    assert_eq!(sum("amount_nanos"), row().cost.total().0);
    assert_eq!((sum("estimated_nanos"), sum("num_unpriced_requests")), (100, 2));
    assert!(found.iter().all(|r| r["project_id"] == "proj_1" && r["api_key_id"] == "key_1"));
    let asked = gateway.world.state().questions.pop().unwrap();
    let wanted = GroupBy { project: true, key: true, model: true, ..GroupBy::default() };
    assert_eq!(asked.group, wanted);
}

#[test]
fn a_day_of_free_calls_has_no_result() {
    let gateway = Gateway::start();
    gateway.world.state().usage.insert(TODAY, UsageRow { requests: 9, ..UsageRow::default() });
    assert!(results(&gateway, "").is_empty());
    assert!(results(&gateway, "&group_by=line_item").is_empty());
}

#[test]
fn filters_arrive_in_every_spelling() {
    let gateway = Gateway::start();
    for query in [
        "&project_ids[]=a&project_ids[]=b&api_key_ids[]=k",
        "&project_ids%5B%5D=a&project_ids%5B%5D=b&api_key_ids%5B%5D=k",
        "&project_ids=a&project_ids=b&api_key_ids=k",
    ] {
        results(&gateway, query);
        let asked = gateway.world.state().questions.pop().unwrap();
        assert_eq!(asked.filter.projects, ["a", "b"]);
        assert_eq!(asked.filter.keys, ["k"]);
    }
}

#[test]
fn a_week_is_the_default_and_half_a_year_the_most() {
    let gateway = Gateway::start();
    let days = |query: &str| {
        let start = TODAY - 299 * DAY;
        let reply = gateway.ok("GET", &format!("{COSTS}?start_time={start}{query}"), "");
        (reply.body["data"].as_array().unwrap().len(), reply.text("/next_page"))
    };
    assert_eq!(days("").0, 7);
    let (count, next) = days("&limit=180");
    assert_eq!(count, 180);
    assert_eq!(days(&format!("&limit=180&page={next}")), (120, String::new()));
}

#[test]
fn case_14_what_is_not_understood_is_named() {
    let gateway = Gateway::start();
    let terms = "&project_ids=p".repeat(10_000);
    for (query, code, param) in [
        ("", "missing_required_parameter", "start_time"),
        ("start_time=-1", "invalid_value", "start_time"),
        ("start_time=0&bucket_width=1h", "invalid_value", "bucket_width"),
        ("start_time=0&group_by=model", "invalid_value", "group_by"),
        ("start_time=0&group_by=%25%25%25", "invalid_value", "group_by"),
        ("start_time=0&limit=181", "invalid_value", "limit"),
        ("start_time=0&limit=0", "invalid_value", "limit"),
        ("start_time=0&page=page_15180", "invalid_value", "page"),
        (&format!("start_time=0{terms}"), "invalid_value", "project_ids"),
    ] {
        let reply = gateway.get(&format!("{COSTS}?{query}"));
        assert_eq!(reply.refusal(), (400, code, param), "{:.60}", query);
    }
    assert!(gateway.world.state().questions.is_empty());
}
