//! `GET /v1/organization/usage/completions`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "support/gateway.rs"]
#[allow(dead_code, reason = "shared by several tests")]
mod gateway;
#[path = "../../control/tests/support/world.rs"]
#[allow(dead_code, reason = "shared by several tests")]
mod world;

use domain::{GroupBy, Tokens, UsageRow};
use gateway::Gateway;
use serde_json::json;

const USAGE: &str = "/v1/organization/usage/completions";
const DAY: i64 = 86_400;
/// The midnight before now.
const TODAY: i64 = world::NOON - DAY / 2;

#[test]
fn every_bucket_is_there_and_a_page_goes_on_where_the_last_ended() {
    let gateway = Gateway::start();
    let tokens = Tokens { input: 7, input_cached: 2, output: 5, ..Tokens::default() };
    let row = UsageRow { requests: 3, tokens, ..UsageRow::default() };
    gateway.world.state().usage.insert(TODAY, row);
    let target = format!("{USAGE}?start_time={}", TODAY - 8 * DAY + 5);
    let first = gateway.ok("GET", &target, "");
    assert_eq!(first.text("/object"), "page");
    let buckets = first.body["data"].as_array().unwrap();
    assert_eq!(buckets.len(), 7);
    assert_eq!(
        buckets[0],
        json!({"object":"bucket","start_time":TODAY - 8 * DAY,"end_time":TODAY - 7 * DAY,"results":[]})
    );
    assert_eq!(first.body["has_more"], json!(true));

    let second = gateway.ok("GET", &format!("{target}&page={}", first.text("/next_page")), "");
    let buckets = second.body["data"].as_array().unwrap();
    assert_eq!((buckets.len(), &buckets[0]["start_time"]), (2, &json!(TODAY - DAY)));
    assert_eq!(second.body["has_more"], json!(false));
    assert!(second.body.get("next_page").is_some_and(serde_json::Value::is_null));
    let result = &buckets[1]["results"][0];
    assert_eq!(result["object"], "organization.usage.completions.result");
    assert_eq!(result["input_tokens"], 7);
    assert_eq!(result["input_uncached_tokens"], 5);
    assert_eq!(result["num_model_requests"], 3);
    for dimension in ["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"] {
        assert!(result.get(dimension).is_some_and(serde_json::Value::is_null), "{dimension}");
    }
}

#[test]
fn filters_and_groups_arrive_in_every_spelling() {
    let gateway = Gateway::start();
    for query in [
        "project_ids[]=a&project_ids[]=b&group_by[]=model&group_by[]=batch&batch=true",
        "project_ids%5B%5D=a&project_ids%5B%5D=b&group_by%5B%5D=model&group_by%5B%5D=batch&batch=true",
        "project_ids=a&project_ids=b&group_by=model&group_by=batch&batch=true",
    ] {
        gateway.ok("GET", &format!("{USAGE}?start_time=0&end_time=60&{query}"), "");
        let asked = gateway.world.state().questions.pop().unwrap();
        assert_eq!(asked.filter.projects, ["a", "b"]);
        assert_eq!(asked.filter.batch, Some(true));
        assert_eq!(asked.group, GroupBy { model: true, batch: true, ..GroupBy::default() });
    }
    let query = "user_ids=u&api_key_ids=k&models=m%2F1&bucket_width=1m";
    gateway.ok("GET", &format!("{USAGE}?start_time=61&end_time=121&{query}"), "");
    let asked = gateway.world.state().questions.pop().unwrap();
    assert_eq!((asked.start, asked.end), (60, 180));
    assert_eq!((asked.filter.users, asked.filter.keys), (vec!["u".into()], vec!["k".into()]));
    assert_eq!(asked.filter.models, ["m/1"]);
}

#[test]
fn an_empty_or_reversed_range_is_an_empty_page() {
    let gateway = Gateway::start();
    for range in ["start_time=0&end_time=0", "start_time=9&end_time=3", "start_time=9999999999"] {
        let reply = gateway.ok("GET", &format!("{USAGE}?{range}"), "");
        assert_eq!(
            reply.body,
            json!({"object":"page","data":[],"has_more":false,"next_page":null}),
            "{range}"
        );
    }
}

#[test]
fn each_width_has_its_page_size() {
    let gateway = Gateway::start();
    for (width, default, largest) in [("1d", 7, 31), ("1h", 24, 168), ("1m", 60, 1440)] {
        let count = |limit: &str| {
            let target = format!("{USAGE}?start_time=0&bucket_width={width}{limit}");
            gateway.ok("GET", &target, "").body["data"].as_array().unwrap().len()
        };
        assert_eq!((count(""), count(&format!("&limit={largest}"))), (default, largest));
        let target = format!("{USAGE}?start_time=0&bucket_width={width}&limit={}", largest + 1);
        assert_eq!(gateway.get(&target).refusal(), (400, "invalid_value", "limit"));
    }
}

#[test]
fn case_14_what_is_not_understood_is_named() {
    let gateway = Gateway::start();
    let terms = "&models=m".repeat(10_000);
    for (query, code, param) in [
        ("", "missing_required_parameter", "start_time"),
        ("start_time=now", "invalid_value", "start_time"),
        ("start_time=-1", "invalid_value", "start_time"),
        ("start_time=99999999999999999999", "invalid_value", "start_time"),
        ("start_time=0&end_time=x", "invalid_value", "end_time"),
        ("start_time=0&bucket_width=1w", "invalid_value", "bucket_width"),
        ("start_time=0&group_by=cost", "invalid_value", "group_by"),
        ("start_time=0&limit=0", "invalid_value", "limit"),
        ("start_time=0&batch=perhaps", "invalid_value", "batch"),
        ("start_time=0&page=x", "invalid_value", "page"),
        ("start_time=0&page=page_1", "invalid_value", "page"),
        ("start_time=0&page=page_-15180", "invalid_value", "page"),
        (&format!("start_time=0{terms}"), "invalid_value", "models"),
    ] {
        let reply = gateway.get(&format!("{USAGE}?{query}"));
        assert_eq!(reply.refusal(), (400, code, param), "{:.60}", query);
    }
    assert!(gateway.world.state().questions.is_empty());
}
