use serde_json::json;

use super::*;
use crate::cli::fake::{Fake, Route};

/// 2026-01-08 12:00.
const NOW: i64 = 1_767_873_600;
/// 2026-01-02 and the day after.
const WEEK: &str = "GET /v1/organization/usage/completions?start_time=1767312000&bucket_width=1d\
                    &limit=31&group_by=model";
const WEEK_2: &str = "GET /v1/organization/usage/completions?start_time=1767312000&bucket_width=1d\
                      &limit=31&group_by=model&page=page_2";

const ROUTES: &[Route] = &[
    (
        WEEK,
        200,
        r#"{"data":[{"start_time":1767312000,"end_time":1767398400,"results":[
            {"input_tokens":10,"input_cached_tokens":4,"output_tokens":5,"num_model_requests":1,"model":"small"},
            {"input_tokens":20,"output_tokens":0,"num_model_requests":2,"model":"large, new"}]}],
            "has_more":true,"next_page":"page_2"}"#,
    ),
    (
        WEEK_2,
        200,
        r#"{"data":[{"start_time":1767398400,"end_time":1767484800,"results":[
            {"input_tokens":90,"output_tokens":5,"num_model_requests":1,"model":"small"},
            {"input_tokens":1,"output_tokens":0,"num_model_requests":1,"model":null}]}],
            "has_more":false,"next_page":null}"#,
    ),
];

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn args(line: &[&str]) -> Args {
    let line = std::iter::once(&"usage").chain(line);
    <Line as clap::Parser>::try_parse_from(line).unwrap().args
}

#[tokio::test]
async fn a_week_by_model_is_the_default_and_pages_are_followed() {
    let fake = Fake::start(ROUTES).await;
    let said = run(args(&[]), &fake.api, NOW).await.unwrap().into_parts();
    assert_eq!(
        said.0,
        "MODEL       INPUT  CACHED  OUTPUT  REQUESTS\n\
         small         100       4      10         2\n\
         large, new     20       0       0         2\n\
         -               1       0       0         1\n\
         total         121       4      10         5\n"
    );
    assert_eq!(said.1, "From 2026-01-02 00:00 to 2026-01-08 12:00 UTC.\n");
}

#[tokio::test]
async fn buckets_are_lines_of_their_own() {
    let fake = Fake::start(ROUTES).await;
    let said = run(args(&["--bucket", "1d"]), &fake.api, NOW).await.unwrap().into_parts();
    let lines: Vec<&str> = said.0.lines().collect();
    assert_eq!(lines[1], "2026-01-02  large, new     20       0       0         2");
    assert_eq!(lines[3], "2026-01-03  small          90       0       5         1");
    assert_eq!(lines[5], "total                     121       4      10         5");
    let csv = run(args(&["--bucket", "1d", "--csv"]), &fake.api, NOW).await.unwrap().into_parts();
    let lines: Vec<&str> = csv.0.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "start_time,end_time,model,input_tokens,input_cached_tokens,output_tokens,num_model_requests",
            "1767312000,1767398400,\"large, new\",20,0,0,2"
        ]
    );
    assert_eq!((lines.len(), csv.1.as_str()), (5, ""));
}

#[tokio::test]
async fn json_is_one_page_of_all_buckets() {
    let fake = Fake::start(ROUTES).await;
    let said = run(args(&["--json"]), &fake.api, NOW).await.unwrap().into_parts();
    let page: serde_json::Value = serde_json::from_str(&said.0).unwrap();
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    assert_eq!((&page["has_more"], &page["next_page"]), (&json!(false), &json!(null)));
}

#[tokio::test]
async fn filters_and_ends_are_asked_of_the_server() {
    let route = "GET /v1/organization/usage/completions?start_time=1767225600&end_time=1767315600\
                 &bucket_width=1h&limit=168&group_by=project_id&group_by=api_key_id\
                 &project_ids=proj_1&models=a%2Fb";
    let routes = vec![(route, 200, r#"{"data":[],"next_page":null}"#)];
    let fake = Fake::start(routes.leak()).await;
    let line = ["--from", "2026-01-01", "--to", "1767315600", "--by", "project,key"];
    let line = [&line[..], &["--project", "proj_1", "--model", "a/b"]].concat();
    let said = run(args(&line), &fake.api, NOW).await.unwrap().into_parts();
    assert_eq!(said.0, "");
    assert!(said.1.starts_with("No calls from 2026-01-01 00:00"), "{}", said.1);
    let failure = run(args(&["--from", "2026-02-01"]), &fake.api, NOW).await.err().unwrap();
    assert!(failure.render(false).contains("the range is empty"));
}

#[test]
fn the_width_fits_the_ends() {
    let fitting = |line: &[&str]| Width::fitting(&args(line).range.between(NOW).unwrap());
    assert_eq!(fitting(&["--from", "2026-01-01"]), Width::Day);
    assert_eq!(fitting(&["--from", "2026-01-01", "--to", "1767315600"]), Width::Hour);
    assert_eq!(fitting(&["--since", "2026-01-01", "--until", "1767315661"]), Width::Minute);
}
