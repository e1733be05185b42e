use super::*;
use crate::cli::fake::{Fake, Route};

/// 2026-01-08 12:00.
const NOW: i64 = 1_767_873_600;

const ROUTES: &[Route] = &[
    (
        "GET /v1/organization/costs?start_time=1767312000&limit=180&group_by=line_item",
        200,
        r#"{"data":[{"start_time":1767312000,"results":[
            {"line_item":"gpt, new, input","amount_nanos":1500000000,"estimated_nanos":0,"num_unpriced_requests":0},
            {"line_item":"gpt, new, cached input","amount_nanos":25,"estimated_nanos":0,"num_unpriced_requests":0},
            {"line_item":"gpt, new, output","amount_nanos":2000000000,"estimated_nanos":1000000000,"num_unpriced_requests":0}]}],
            "has_more":true,"next_page":"page_2"}"#,
    ),
    (
        "GET /v1/organization/costs?start_time=1767312000&limit=180&group_by=line_item&page=page_2",
        200,
        r#"{"data":[{"start_time":1767398400,"results":[
            {"line_item":"gpt, new, input","amount_nanos":500000000,"estimated_nanos":0,"num_unpriced_requests":0},
            {"line_item":"whisper, other","amount_nanos":6000000,"estimated_nanos":0,"num_unpriced_requests":0},
            {"line_item":"mystery, input","amount_nanos":0,"estimated_nanos":0,"num_unpriced_requests":7}]}],
            "has_more":false,"next_page":null}"#,
    ),
];

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

fn args(line: &[&str]) -> Args {
    let line = std::iter::once(&"costs").chain(line);
    <Line as clap::Parser>::try_parse_from(line).unwrap().args
}

#[tokio::test]
async fn a_week_by_model_is_the_default_and_shares_are_told() {
    let fake = Fake::start(ROUTES).await;
    let said = run(args(&[]), &fake.api, NOW).await.unwrap().into_parts();
    assert_eq!(
        said.0,
        "MODEL     INPUT       CACHED  OUTPUT  OTHER        TOTAL  ESTIMATED  UNPRICED\n\
         gpt, new      2  0.000000025       2      0  4.000000025          1         0\n\
         whisper       0            0       0  0.006        0.006          0         0\n\
         mystery       0            0       0      0            0          0         7\n\
         total         2  0.000000025       2  0.006  4.006000025          1         7\n"
    );
    assert_eq!(
        said.1,
        "US dollars, from 2026-01-02 00:00 to 2026-01-08 12:00 UTC.\n\
         1 of it is estimated: the provider gave no usage, the counts are ours.\n\
         7 requests had no price and are not in these sums.\n"
    );
}

#[tokio::test]
async fn days_are_lines_of_their_own() {
    let fake = Fake::start(ROUTES).await;
    let csv = run(args(&["--daily", "--csv"]), &fake.api, NOW).await.unwrap().into_parts();
    let lines: Vec<&str> = csv.0.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "start_time,end_time,model,input_usd,cached_input_usd,output_usd,other_usd,total_usd,\
             estimated_usd,num_unpriced_requests",
            "1767312000,1767398400,\"gpt, new\",1.5,0.000000025,2,0,3.500000025,1,0",
            "1767398400,1767484800,\"gpt, new\",0.5,0,0,0,0.5,0,0",
        ]
    );
    assert_eq!((lines.len(), csv.1.as_str()), (5, ""));
    let table = run(args(&["--daily"]), &fake.api, NOW).await.unwrap().into_parts();
    assert!(table.0.lines().nth(1).unwrap().starts_with("2026-01-02  gpt, new    1.5"));
}

#[tokio::test]
async fn json_is_one_page_of_all_days() {
    let fake = Fake::start(ROUTES).await;
    let said = run(args(&["--json"]), &fake.api, NOW).await.unwrap().into_parts();
    let page: serde_json::Value = serde_json::from_str(&said.0).unwrap();
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn groups_and_filters_are_asked_of_the_server() {
    let route = "GET /v1/organization/costs?start_time=1767225600&end_time=1767312000&limit=180\
                 &group_by=line_item&group_by=project_id&group_by=api_key_id&project_ids=proj_1\
                 &api_key_ids=key_1";
    let fake = Fake::start(vec![(route, 200, r#"{"data":[],"next_page":null}"#)].leak()).await;
    let line = ["--since", "2026-01-01", "--until", "2026-01-01", "--group-by", "project,key"];
    let line = [&line[..], &["--project", "proj_1", "--key", "key_1"]].concat();
    let said = run(args(&line), &fake.api, NOW).await.unwrap().into_parts();
    assert_eq!(said.0, "");
    assert!(said.1.starts_with("No costs from 2026-01-01 00:00"), "{}", said.1);
    let failure = run(args(&["--from", "1767225601"]), &fake.api, NOW).await.err().unwrap();
    assert!(failure.render(false).contains("by the day"));
}
